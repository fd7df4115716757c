// SPDX-License-Identifier: LGPL-2.1-or-later
// PIIX3 function 0: PCI-to-ISA bridge with interrupt steering, reset control and port 92h;
// 8086:7000. Reference: Intel 82371FB (PIIX) and 82371SB (PIIX3), order number 290550-002 (April
// 1997), sections 2.2, 2.5, 3.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "devices/common/interrupt_steering.h"
#include "devices/pci/pci_function.h"
#include "devices/processor_interface/processor_interface.h"
#include "emulator/bus/lines.h"
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
    LevelLine& a20_gate;  // these four: ProcessorInterface
    LevelLine& ignne;
    EdgeLine& init;
    EdgeLine& system_reset;
  };

  // `trace` gets an "irq" event for each steering change of a level.
  Piix3(Pins pins, TraceBus& trace);

  // An ISA interrupt request line (IRQ0-IRQ15) and a PCI one. PIRQs are shared: `source` (0-31)
  // names the driver, and the level is the OR of all; the board uses the device number.
  void set_isa_irq(unsigned irq, bool high);
  void set_pirq(unsigned pirq, unsigned source, bool asserted);

  // Ports 92h, F0h and CF9h, FERR#.
  ProcessorInterface& processor() { return processor_; }

  // X-Bus chip select register, 4Eh: what the board decodes for BIOS ROM and its write protection.
  bool bios_write_enabled() const { return (config16(0x4E) & 0x0004) != 0; }

  void reset(ResetKind kind);
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  void config_written(unsigned offset, unsigned width, std::uint32_t old) override;
  std::uint16_t levels() const;
  void drive_irqs();

  Pins pins_;
  TraceBus& trace_;
  InterruptSteering<kPirqs> steering_;
  LevelLine irq13_{[this](bool) { drive_irqs(); }};
  ProcessorInterface processor_;
};

}  // namespace ice86::devices
