// SPDX-License-Identifier: LGPL-2.1-or-later
// What Intel's bridges to ISA and LPC do for the processor: port 92h (fast A20 and INIT), port F0h
// (coprocessor error), port CF9h (reset control), and the FERR# and IGNNE# pins.
// Reference: Intel 82371FB and 82371SB (290550-002), section 2.5; Intel ICH9 (316972), 13.7.
#pragma once

#include <cstdint>
#include <string>

#include "emulator/base/archive.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

class ProcessorInterface final {
 public:
  struct Pins {
    LevelLine& irq13;        // an x87 exception waits for its handler
    LevelLine& a20_gate;     // port 92h bit 1 (the board ORs it with the keyboard controller's)
    LevelLine& ignne;        // IGNNE#, high when asserted
    EdgeLine& init;          // CPU soft reset: port 92h bit 0, port CF9h
    EdgeLine& system_reset;  // PCIRST#: port CF9h hard reset
  };
  struct Config {
    bool full_reset = false;       // port CF9h has FULL_RST (bit 3), which asks for a power cycle
    std::uint8_t port92_ones = 0;  // reserved bits of port 92h that read as one
  };

  ProcessorInterface(Pins pins, Config config) : pins_(pins), config_(config) {}

  // The CPU's FERR#. Asserts IRQ13, until port F0h is written.
  void set_ferr(bool asserted);

  // One register at offset 0 each: ports CF9h, 92h and F0h.
  RegisterBlock& reset_control() { return reset_control_; }
  RegisterBlock& port92() { return port92_; }
  RegisterBlock& coprocessor_error() { return coprocessor_error_; }

  // For the bridge it is a part of; the state has no section of its own.
  void reset(ResetKind kind);
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  struct State {
    std::uint8_t reset_control = 0;
    std::uint8_t port92 = 0;
    bool ferr = false;
    bool irq13 = false;
    bool ignne = false;
  };

  std::uint8_t reset_control_bits() const;
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
  void drive_irq13(bool asserted);

  Pins pins_;
  Config config_;
  State state_;
  Window<ProcessorInterface, &ProcessorInterface::read_reset_control,
         &ProcessorInterface::write_reset_control, &ProcessorInterface::peek_reset_control>
      reset_control_{*this};
  Window<ProcessorInterface, &ProcessorInterface::read_port92, &ProcessorInterface::write_port92,
         &ProcessorInterface::peek_port92>
      port92_{*this};
  Window<ProcessorInterface, &ProcessorInterface::read_coprocessor_error,
         &ProcessorInterface::write_coprocessor_error, &ProcessorInterface::peek_coprocessor_error>
      coprocessor_error_{*this};
};

}  // namespace ice86::devices
