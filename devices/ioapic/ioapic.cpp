// SPDX-License-Identifier: LGPL-2.1-or-later
#include "devices/ioapic/ioapic.h"

#include <fmt/core.h>

#include "emulator/base/assert.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

// Register numbers (section 3.2).
constexpr std::uint8_t kId = 0x00, kVersion = 0x01, kArbitration = 0x02, kTable = 0x10;
// Version 11h, the last entry is number 23.
constexpr std::uint32_t kVersionValue = (IoApic::kInputs - 1) << 16 | 0x11;

// Redirection table entry (section 3.2.4).
constexpr std::uint64_t kLogical = 1u << 11;
constexpr std::uint64_t kRemoteIrr = 1u << 14;
constexpr std::uint64_t kLevel = 1u << 15;
constexpr std::uint64_t kMasked = 1u << 16;
constexpr std::uint64_t kWritableLow = 0x1afff;
constexpr std::uint64_t kWritable = std::uint64_t{0xff} << 56 | kWritableLow;

ApicDelivery delivery_of(std::uint64_t entry) {
  return static_cast<ApicDelivery>(entry >> 8 & 7);
}

}  // namespace

IoApic::IoApic(Send send, TraceBus& trace) : send_(std::move(send)), trace_(trace) {
  reset(ResetKind::kPowerOn);
}

void IoApic::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  const std::uint32_t inputs = state_.inputs;  // wires stay as their drivers hold them
  state_ = State{};
  state_.inputs = inputs;
  state_.entries.fill(kMasked);
}

void IoApic::send(unsigned input) {
  const std::uint64_t entry = state_.entries[input];
  ApicMessage message;
  message.destination = static_cast<std::uint32_t>(entry >> 56);
  message.logical = (entry & kLogical) != 0;
  message.delivery = delivery_of(entry);
  message.vector = static_cast<std::uint8_t>(entry);
  message.level = (entry & kLevel) != 0;
  if (trace_.wants(TraceCategory::kIrq)) {
    trace_.emit(TraceCategory::kIrq, "ioapic-send",
                {{"input", input}, {"vector", message.vector}, {"level", unsigned{message.level}}});
  }
  send_(message);
}

// One message until the EOI comes back, then another if the input still asks.
void IoApic::service_level(unsigned input) {
  std::uint64_t& entry = state_.entries[input];
  if (!bit(state_.inputs, input) || (entry & (kMasked | kRemoteIrr)) != 0) return;
  // Only messages that end with an EOI wait for it.
  const ApicDelivery delivery = delivery_of(entry);
  if (delivery == ApicDelivery::kFixed || delivery == ApicDelivery::kLowestPriority)
    entry |= kRemoteIrr;
  send(input);
}

void IoApic::set_input(unsigned input, bool asserted) {
  ICE86_ASSERT(input < kInputs);
  const std::uint32_t mask = std::uint32_t{1} << input;
  const bool before = (state_.inputs & mask) != 0;
  state_.inputs = asserted ? state_.inputs | mask : state_.inputs & ~mask;
  if (before || !asserted) return;
  if ((state_.entries[input] & kLevel) != 0) return service_level(input);
  // An edge at a masked input is lost (section 3.2.4, interrupt mask).
  if ((state_.entries[input] & kMasked) == 0) send(input);
}

void IoApic::end_of_interrupt(std::uint8_t vector) {
  for (unsigned i = 0; i < kInputs; ++i) {
    std::uint64_t& entry = state_.entries[i];
    if ((entry & kRemoteIrr) == 0 || (entry & 0xff) != vector) continue;
    entry &= ~kRemoteIrr;
    service_level(i);
  }
}

bool IoApic::may_signal_nmi() const {
  for (const std::uint64_t entry : state_.entries) {
    const ApicDelivery delivery = delivery_of(entry);
    if ((entry & kMasked) == 0 &&
        (delivery == ApicDelivery::kNmi || delivery == ApicDelivery::kSmi)) {
      return true;
    }
  }
  return false;
}

void IoApic::write_entry(unsigned input, bool high, std::uint32_t value) {
  std::uint64_t& entry = state_.entries[input];
  const std::uint64_t wide = high ? std::uint64_t{value} << 32 | (entry & 0xffffffff)
                                  : (entry & ~std::uint64_t{0xffffffff}) | value;
  entry = (wide & kWritable) | (entry & kRemoteIrr);
  // An edge entry has no remote IRR: software without an EOI register goes this way to drop one.
  if ((entry & kLevel) == 0) entry &= ~kRemoteIrr;
  if ((entry & kLevel) != 0) service_level(input);
}

void IoApic::write_register(std::uint32_t value) {
  if (state_.select == kId) {
    state_.id = value & 0x0f000000;
  } else if (state_.select >= kTable && state_.select < kTable + 2 * kInputs) {
    const unsigned index = state_.select - kTable;
    write_entry(index / 2, (index & 1) != 0, value);
  }
}

std::uint32_t IoApic::peek_register() const {
  if (state_.select == kId || state_.select == kArbitration) return state_.id;
  if (state_.select == kVersion) return kVersionValue;
  if (state_.select < kTable || state_.select >= kTable + 2 * kInputs) return 0xffffffff;
  const unsigned index = state_.select - kTable;
  return static_cast<std::uint32_t>(state_.entries[index / 2] >> (index & 1) * 32);
}

std::uint64_t IoApic::peek(std::uint64_t offset, unsigned width) const {
  const std::uint64_t at = offset & 0xfc;
  const std::uint32_t value = at == 0 ? state_.select : at == 0x10 ? peek_register() : 0;
  return (std::uint64_t{value} >> (offset & 3) * 8) & width_mask(width);
}

std::uint64_t IoApic::read(std::uint64_t offset, unsigned width) {
  return peek(offset, width);
}

void IoApic::write(std::uint64_t offset, unsigned width, std::uint64_t value) {
  const std::uint64_t at = offset & 0xff;
  if (at == 0) {
    state_.select = static_cast<std::uint8_t>(value);
  } else if (at == 0x10 && width >= 4) {
    write_register(static_cast<std::uint32_t>(value));
  }
}

void IoApic::serialize(Archive& archive) {
  archive.section("ioapic", 1, [&] {
    archive.io(state_.select);
    archive.io(state_.id);
    archive.io(state_.inputs);
    archive.io(state_.entries);
  });
  if (!archive.loading()) return;
  state_.inputs &= (1u << kInputs) - 1;
  for (std::uint64_t& entry : state_.entries) entry &= kWritable | kRemoteIrr;
}

std::string IoApic::dump() const {
  std::string text = fmt::format("82093AA: id {:08x}, select {:02x}, inputs {:06x}\n", state_.id,
                                 state_.select, state_.inputs);
  for (unsigned i = 0; i < kInputs; ++i) {
    if (state_.entries[i] != kMasked) text += fmt::format("  {:2} {:016x}\n", i, state_.entries[i]);
  }
  return text;
}

}  // namespace ice86::devices
