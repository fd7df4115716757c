// SPDX-License-Identifier: LGPL-2.1-or-later
// PCI configuration mechanism #1: CONFADD and CONFDATA, eight ports (0CF8h-0CFFh on a PC).
// Reference: PCI Local Bus Specification 2.1, section 3.7.4.1; Intel 82441FX datasheet,
// section 3.1.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "devices/pci/pci_bus.h"
#include "emulator/base/archive.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

// Offsets 0-3 CONFADD, 4-7 CONFDATA; accesses of 1, 2 or 4 bytes (claim it with most_width 4).
class PciConfigMechanism final : public RegisterBlock {
 public:
  explicit PciConfigMechanism(PciBus& bus) : bus_(bus) {}

  // CONFADD answers doublewords only; narrower accesses to its four ports go on to the bus behind.
  // `registers` answers the byte at `offset` (0-3) there: the reset control register, port 0CF9h,
  // is 1. It is accessed at its own offset 0.
  void pass_through(unsigned offset, RegisterBlock& registers);

  void reset(ResetKind kind);
  std::uint64_t read(std::uint64_t offset, unsigned width) override;
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override;
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  struct State {
    std::uint32_t confadd = 0;
  };
  struct Target {
    unsigned device, function, offset;
  };
  // False when CONFADD does not ask for a cycle on bus 0.
  bool target(unsigned data_offset, Target& to) const;

  PciBus& bus_;
  std::array<RegisterBlock*, 4> behind_{};
  State state_;
};

}  // namespace ice86::devices
