// SPDX-License-Identifier: LGPL-2.1-or-later
// PCI bus 0: which function is where, and configuration cycles to it.
// Reference: PCI Local Bus Specification 2.1, section 3.7.4.
#pragma once

#include <array>
#include <cstdint>

#include "devices/pci/pci_function.h"
#include "emulator/bus/trace.h"

namespace ice86::devices {

class PciBus {
 public:
  static constexpr unsigned kDevices = 32;
  static constexpr unsigned kFunctions = 8;

  explicit PciBus(TraceBus& trace) : trace_(trace) {}

  // The board's wiring: one function for each place; the function outlives the bus.
  void attach(unsigned device, unsigned function, PciFunction& chip);
  PciFunction* at(unsigned device, unsigned function) const;

  // One configuration cycle inside a doubleword. Nobody there: all ones, the write is lost (master
  // abort).
  std::uint32_t read(unsigned device, unsigned function, unsigned offset, unsigned width);
  void write(unsigned device, unsigned function, unsigned offset, unsigned width,
             std::uint32_t value);
  std::uint32_t peek(unsigned device, unsigned function, unsigned offset, unsigned width) const;

 private:
  TraceBus& trace_;
  std::array<std::array<PciFunction*, kFunctions>, kDevices> functions_{};
};

}  // namespace ice86::devices
