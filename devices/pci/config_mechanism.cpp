// SPDX-License-Identifier: LGPL-2.1-or-later
// CONFADD and CONFDATA.
// Reference: PCI Local Bus Specification 2.1, section 3.7.4.1.
#include "devices/pci/config_mechanism.h"

#include <fmt/core.h>

#include "emulator/base/assert.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {
// Enable, bus, device, function and register number; the rest is reserved and reads as zero.
constexpr std::uint32_t kConfaddBits = 0x80FF'FFFC;
}  // namespace

void PciConfigMechanism::pass_through(unsigned offset, RegisterBlock& registers) {
  ICE86_ASSERT(offset < behind_.size());
  behind_[offset] = &registers;
}

void PciConfigMechanism::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  state_ = {};
}

bool PciConfigMechanism::target(unsigned data_offset, Target& to) const {
  const std::uint32_t address = state_.confadd;
  if (!bit(address, 31)) return false;
  // A cycle to another bus is of type 1, for bridges; there are none on this bus, so nobody claims
  // it.
  if (bits(address, 23, 16) != 0) return false;
  to = {bits(address, 15, 11), bits(address, 10, 8), (address & 0xFC) + data_offset};
  return true;
}

std::uint64_t PciConfigMechanism::read(std::uint64_t offset, unsigned width) {
  if (offset < 4) {
    if (width == 1 && behind_[offset] != nullptr) return behind_[offset]->read(0, 1);
    return peek(offset, width);
  }
  Target to;
  if (offset + width > 8 || !target(static_cast<unsigned>(offset - 4), to)) {
    return floating_bus(width);
  }
  return bus_.read(to.device, to.function, to.offset, width);
}

void PciConfigMechanism::write(std::uint64_t offset, unsigned width, std::uint64_t value) {
  if (offset < 4) {
    if (width == 4 && offset == 0) {
      state_.confadd = static_cast<std::uint32_t>(value) & kConfaddBits;
      return;
    }
    for (unsigned i = 0; i < width && offset + i < 4; ++i) {
      RegisterBlock* const behind = behind_[offset + i];
      if (behind != nullptr) behind->write(0, 1, value >> (i * 8) & 0xFF);
    }
    return;
  }
  Target to;
  if (offset + width > 8 || !target(static_cast<unsigned>(offset - 4), to)) return;
  bus_.write(to.device, to.function, to.offset, width,
             static_cast<std::uint32_t>(value & width_mask(width)));
}

std::uint64_t PciConfigMechanism::peek(std::uint64_t offset, unsigned width) const {
  if (offset < 4) {
    if (width == 4 && offset == 0) return state_.confadd;
    std::uint64_t value = floating_bus(width);
    for (unsigned i = 0; i < width && offset + i < 4; ++i) {
      if (behind_[offset + i] == nullptr) continue;
      value &= ~(std::uint64_t{0xFF} << (i * 8));
      value |= (behind_[offset + i]->peek(0, 1) & 0xFF) << (i * 8);
    }
    return value;
  }
  Target to;
  if (offset + width > 8 || !target(static_cast<unsigned>(offset - 4), to)) {
    return floating_bus(width);
  }
  return bus_.peek(to.device, to.function, to.offset, width);
}

void PciConfigMechanism::serialize(Archive& archive) {
  archive.section("pci-config", 1, [&] { archive.io(state_.confadd); });
  state_.confadd &= kConfaddBits;
}

std::string PciConfigMechanism::dump() const {
  return fmt::format("CONFADD {:08x}: {} bus {} device {} function {} register {:02x}\n",
                     state_.confadd, bit(state_.confadd, 31) ? "enabled," : "disabled,",
                     bits(state_.confadd, 23, 16), bits(state_.confadd, 15, 11),
                     bits(state_.confadd, 10, 8), state_.confadd & 0xFC);
}

}  // namespace ice86::devices
