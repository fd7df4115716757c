// SPDX-License-Identifier: LGPL-2.1-or-later
// 8237A registers and transfers.
// Reference: Intel 8237A datasheet (231466-005), "Register description", "Programming".
#include "devices/i8237/i8237.h"

#include <fmt/core.h>

#include <utility>

#include "emulator/base/assert.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

constexpr unsigned kCommandStatus = 8, kRequest = 9, kSingleMask = 10, kMode = 11;
constexpr unsigned kClearPointer = 12, kMasterClear = 13, kClearMask = 14, kAllMask = 15;

constexpr std::uint8_t kControllerDisable = 0x04, kRotating = 0x10;

constexpr std::uint8_t kAutoInitialize = 0x10, kDecrement = 0x20;
enum class Type : std::uint8_t { kVerify, kWrite, kRead, kIllegal };       // mode bits 3-2
enum class Service : std::uint8_t { kDemand, kSingle, kBlock, kCascade };  // mode bits 7-6

Type type_of(std::uint8_t mode) {
  return static_cast<Type>(mode >> 2 & 3);
}
Service service_of(std::uint8_t mode) {
  return static_cast<Service>(mode >> 6);
}

}  // namespace

I8237::I8237(Clock& clock, std::string name, Bus bus)
    : name_(std::move(name)),
      bus_(std::move(bus)),
      timer_(clock, name_ + ".transfer", [this](Nanoseconds) { transfer(); }) {}

void I8237::connect(unsigned channel, DmaPeripheral& peripheral) {
  peripherals_.at(channel) = &peripheral;
}

void I8237::set_dreq(unsigned channel, bool high) {
  ICE86_ASSERT(channel < 4);
  const auto mask = static_cast<std::uint8_t>(1U << channel);
  state_.dreq = static_cast<std::uint8_t>(high ? state_.dreq | mask : state_.dreq & ~mask);
  schedule();
}

bool I8237::cascades(unsigned channel) const {
  return (state_.command & kControllerDisable) == 0 && !bit(state_.mask, channel) &&
         service_of(state_.channels[channel].mode) == Service::kCascade;
}

std::optional<unsigned> I8237::next_channel() const {
  if ((state_.command & kControllerDisable) != 0) return std::nullopt;
  if (bus_.granted && !bus_.granted()) return std::nullopt;
  if (state_.block != kNobody) return state_.block;
  // Software requests can not be masked.
  const unsigned asking = (state_.dreq & ~state_.mask) | state_.requests;
  for (unsigned i = 1; i <= 4; ++i) {
    const unsigned channel = (state_.lowest + i) % 4;
    if (bit(asking, channel) && service_of(state_.channels[channel].mode) != Service::kCascade) {
      return channel;
    }
  }
  return std::nullopt;
}

void I8237::schedule() {
  if (!next_channel()) {
    timer_.cancel();
  } else if (!timer_.armed()) {
    timer_.arm_in(kTransferTime);
  }
}

void I8237::transfer() {
  const std::optional<unsigned> next = next_channel();
  if (!next) return;
  const unsigned index = *next;
  Channel& channel = state_.channels[index];
  DmaPeripheral* const peripheral = peripherals_[index];
  if (service_of(channel.mode) == Service::kBlock) state_.block = static_cast<std::uint8_t>(index);
  if ((state_.command & kRotating) != 0) state_.lowest = static_cast<std::uint8_t>(index);

  const std::uint16_t address = channel.address;
  channel.address =
      static_cast<std::uint16_t>((channel.mode & kDecrement) != 0 ? address - 1 : address + 1);
  const bool terminal = channel.count == 0;
  --channel.count;
  switch (type_of(channel.mode)) {
    case Type::kWrite: {
      const std::uint16_t unit = peripheral != nullptr ? peripheral->dack_read() : 0xFFFF;
      bus_.write_memory(index, address, unit);
      break;
    }
    case Type::kRead: {
      const std::uint16_t unit = bus_.read_memory(index, address);
      if (peripheral != nullptr) peripheral->dack_write(unit);
      break;
    }
    default: break;  // verify: addresses and counts only
  }
  if (terminal) {
    const auto mask = static_cast<std::uint8_t>(1U << index);
    state_.terminal_counts |= mask;
    state_.requests = static_cast<std::uint8_t>(state_.requests & ~mask);
    state_.block = kNobody;
    if ((channel.mode & kAutoInitialize) != 0) {
      channel.address = channel.base_address;
      channel.count = channel.base_count;
    } else {
      state_.mask |= mask;
    }
    if (peripheral != nullptr) peripheral->terminal_count();
  }
  schedule();
}

void I8237::master_clear() {
  state_.command = 0;
  state_.requests = 0;
  state_.terminal_counts = 0;
  state_.high_byte = false;
  state_.mask = 0x0F;
  state_.lowest = 3;
  state_.block = kNobody;
}

void I8237::write_word(std::uint16_t& base, std::uint16_t& current, std::uint8_t value) {
  const unsigned shift = state_.high_byte ? 8 : 0;
  base = static_cast<std::uint16_t>((base & ~(0xFF << shift)) | value << shift);
  current = static_cast<std::uint16_t>((current & ~(0xFF << shift)) | value << shift);
  state_.high_byte = !state_.high_byte;
}

void I8237::write(std::uint64_t offset, unsigned, std::uint64_t data) {
  const auto value = static_cast<std::uint8_t>(data);
  const unsigned index = value & 3;
  const auto mask = static_cast<std::uint8_t>(1U << index);
  if (offset < 8) {
    Channel& channel = state_.channels[offset / 2];
    if (offset % 2 == 0) {
      write_word(channel.base_address, channel.address, value);
    } else {
      write_word(channel.base_count, channel.count, value);
    }
    return;
  }
  switch (offset) {
    case kCommandStatus: state_.command = value; break;
    case kRequest:
      state_.requests = static_cast<std::uint8_t>(bit(value, 2) ? state_.requests | mask
                                                                : state_.requests & ~mask);
      break;
    case kSingleMask:
      state_.mask =
          static_cast<std::uint8_t>(bit(value, 2) ? state_.mask | mask : state_.mask & ~mask);
      break;
    case kMode: state_.channels[index].mode = value & 0xFC; break;
    case kClearPointer: state_.high_byte = false; break;
    case kMasterClear: master_clear(); break;
    case kClearMask: state_.mask = 0; break;
    case kAllMask: state_.mask = value & 0x0F; break;
    default: break;
  }
  // A block transfer ends when its channel is no longer in block mode.
  if (state_.block != kNobody &&
      service_of(state_.channels[state_.block].mode) != Service::kBlock) {
    state_.block = kNobody;
  }
  schedule();
}

std::uint64_t I8237::peek(std::uint64_t offset, unsigned width) const {
  if (offset < 8) {
    const Channel& channel = state_.channels[offset / 2];
    const std::uint16_t value = offset % 2 == 0 ? channel.address : channel.count;
    return state_.high_byte ? value >> 8 : value & 0xFF;
  }
  switch (offset) {
    case kCommandStatus: return state_.terminal_counts | (state_.dreq | state_.requests) << 4;
    // The temporary register belongs to memory-to-memory transfers.
    case kMasterClear: return 0;
    case kAllMask: return state_.mask | 0xF0;
    default: return floating_bus(width);
  }
}

std::uint64_t I8237::read(std::uint64_t offset, unsigned width) {
  const std::uint64_t value = peek(offset, width);
  if (offset < 8) state_.high_byte = !state_.high_byte;
  if (offset == kCommandStatus) state_.terminal_counts = 0;
  return value;
}

void I8237::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  const std::uint8_t dreq = state_.dreq;  // wires
  if (kind == ResetKind::kPowerOn) state_ = {};
  master_clear();
  state_.dreq = dreq;
  schedule();
}

void I8237::serialize(Archive& archive) {
  archive.section(name_, 1, [&] {
    for (Channel& channel : state_.channels) {
      archive.io(channel.base_address);
      archive.io(channel.base_count);
      archive.io(channel.address);
      archive.io(channel.count);
      archive.io(channel.mode);
    }
    archive.io(state_.command);
    archive.io(state_.mask);
    archive.io(state_.requests);
    archive.io(state_.dreq);
    archive.io(state_.terminal_counts);
    archive.io(state_.high_byte);
    archive.io(state_.lowest);
    archive.io(state_.block);
    if (state_.lowest > 3 || state_.block > kNobody || state_.mask > 0x0F ||
        state_.requests > 0x0F || state_.dreq > 0x0F || state_.terminal_counts > 0x0F) {
      archive.fail("a channel that does not exist is stored");
      state_ = {};
    }
  });
}

std::string I8237::dump() const {
  std::string text = fmt::format("{}: command {:02x} mask {:x} DREQ {:x} requests {:x} TC {:x}\n",
                                 name_, state_.command, state_.mask, state_.dreq, state_.requests,
                                 state_.terminal_counts);
  for (unsigned i = 0; i < 4; ++i) {
    const Channel& channel = state_.channels[i];
    text += fmt::format(
        "  channel {}: mode {:02x} address {:04x} of {:04x} count {:04x} of {:04x}\n", i,
        channel.mode, channel.address, channel.base_address, channel.count, channel.base_count);
  }
  return text;
}

}  // namespace ice86::devices
