// SPDX-License-Identifier: LGPL-2.1-or-later
// PIIX3 function 0: PCI-to-ISA bridge with interrupt steering, reset control and port 92h;
// 8086:7000. Reference: Intel 82371FB (PIIX) and 82371SB (PIIX3), order number 290550-002 (April
// 1997), sections 2.2, 2.5, 3.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "devices/pci/pci_function.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/trace.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

class Piix3 final : public PciFunction {
 public:
  static constexpr unsigned kPirqs = 4;
  static constexpr unsigned kIrqs = 16;

  struct Pins {
    // The interrupt controllers' 16 inputs: an ISA request and the PIRQs steered to it, ORed.
    // Numbers 0-7 are the first controller's; number 2 is never driven (the cascade is there).
    std::array<LevelLine, kIrqs>& irq;
    LevelLine& a20_gate;     // port 92h bit 1 (the board ORs it with the keyboard controller's)
    LevelLine& ignne;        // IGNNE#, high when asserted
    EdgeLine& init;          // CPU soft reset: port 92h bit 0, port CF9h
    EdgeLine& system_reset;  // PCIRST#: port CF9h hard reset
  };

  // `trace` gets an "irq" event for each steering change of a level.
  Piix3(Pins pins, TraceBus& trace);

  // An ISA interrupt request line (IRQ0-IRQ15) and a PCI one. PIRQs are shared: `source` (0-31)
  // names the driver, and the level is the OR of all; the board uses the device number.
  void set_isa_irq(unsigned irq, bool high);
  void set_pirq(unsigned pirq, unsigned source, bool asserted);

  // The CPU's FERR#: an x87 exception waits for its handler. Asserts IRQ13, until port F0h is
  // written.
  void set_ferr(bool asserted);

  // Port CF9h (one register at offset 0), port 92h and port F0h (the same).
  RegisterBlock& reset_control() { return reset_control_; }
  RegisterBlock& port92() { return port92_; }
  RegisterBlock& coprocessor_error() { return coprocessor_error_; }

  // X-Bus chip select register, 4Eh: what the board decodes for BIOS ROM and its write protection.
  bool bios_write_enabled() const { return (config16(0x4E) & 0x0004) != 0; }

  void reset(ResetKind kind);
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  struct State {
    std::uint16_t isa_levels = 0;
    std::array<std::uint32_t, kPirqs> pirq_sources{};
    std::uint8_t reset_control = 0;
    std::uint8_t port92 = 0;
    bool ferr = false;
    bool irq13 = false;
    bool ignne = false;
  };

  void config_written(unsigned offset, unsigned width, std::uint32_t old) override;
  std::uint16_t levels() const;
  void drive_irqs();

  std::uint64_t read_reset_control(std::uint64_t offset, unsigned width);
  void write_reset_control(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_reset_control(std::uint64_t offset, unsigned width) const;
  std::uint64_t read_port92(std::uint64_t offset, unsigned width);
  void write_port92(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_port92(std::uint64_t offset, unsigned width) const;
  std::uint64_t read_coprocessor_error(std::uint64_t offset, unsigned width);
  void write_coprocessor_error(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_coprocessor_error(std::uint64_t offset, unsigned width) const;
  void drive_ignne(bool asserted);

  Pins pins_;
  TraceBus& trace_;
  State state_;
  Window<Piix3, &Piix3::read_reset_control, &Piix3::write_reset_control, &Piix3::peek_reset_control>
      reset_control_{*this};
  Window<Piix3, &Piix3::read_port92, &Piix3::write_port92, &Piix3::peek_port92> port92_{*this};
  Window<Piix3, &Piix3::read_coprocessor_error, &Piix3::write_coprocessor_error,
         &Piix3::peek_coprocessor_error>
      coprocessor_error_{*this};
};

}  // namespace ice86::devices
