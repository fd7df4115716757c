// SPDX-License-Identifier: LGPL-2.1-or-later
// PCI Express enhanced configuration access: configuration space as memory, 4 KiB for each function
// (ECAM, MMCONFIG).
// Reference: PCI Express Base Specification 1.1, section 7.2.2.
#pragma once

#include <cstdint>

#include "devices/pci/pci_bus.h"
#include "emulator/bus/register_block.h"

namespace ice86::devices {

// Offsets: bus in bits 27-20, device 19-15, function 14-12, register 11-0. The functions on bus 0
// are conventional ones: of their 4 KiB the first 256 bytes answer.
class PciEnhancedConfig final : public RegisterBlock {
 public:
  explicit PciEnhancedConfig(PciBus& bus) : bus_(bus) {}

  std::uint64_t read(std::uint64_t offset, unsigned width) override;
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override;
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override;

 private:
  PciBus& bus_;
};

}  // namespace ice86::devices
