// SPDX-License-Identifier: LGPL-2.1-or-later
// Configuration cycles on bus 0.
#include "devices/pci/pci_bus.h"

#include "emulator/base/assert.h"

namespace ice86::devices {

void PciBus::attach(unsigned device, unsigned function, PciFunction& chip) {
  ICE86_ASSERT(device < kDevices && function < kFunctions);
  ICE86_ASSERT(functions_[device][function] == nullptr);
  functions_[device][function] = &chip;
}

PciFunction* PciBus::at(unsigned device, unsigned function) const {
  if (device >= kDevices || function >= kFunctions) return nullptr;
  return functions_[device][function];
}

std::uint32_t PciBus::read(unsigned device, unsigned function, unsigned offset, unsigned width) {
  PciFunction* const chip = at(device, function);
  const std::uint32_t value = chip != nullptr ? chip->config_read(offset, width)
                                              : static_cast<std::uint32_t>(floating_bus(width));
  if (trace_.wants(TraceCategory::kPci)) {
    trace_.emit(TraceCategory::kPci, "config-read",
                {{"device", device},
                 {"function", function},
                 {"offset", offset},
                 {"width", width},
                 {"value", value}});
  }
  return value;
}

void PciBus::write(unsigned device, unsigned function, unsigned offset, unsigned width,
                   std::uint32_t value) {
  if (trace_.wants(TraceCategory::kPci)) {
    trace_.emit(TraceCategory::kPci, "config-write",
                {{"device", device},
                 {"function", function},
                 {"offset", offset},
                 {"width", width},
                 {"value", value}});
  }
  PciFunction* const chip = at(device, function);
  if (chip != nullptr) chip->config_write(offset, width, value);
}

std::uint32_t PciBus::peek(unsigned device, unsigned function, unsigned offset,
                           unsigned width) const {
  const PciFunction* const chip = at(device, function);
  return chip != nullptr ? chip->config_peek(offset, width)
                         : static_cast<std::uint32_t>(floating_bus(width));
}

}  // namespace ice86::devices
