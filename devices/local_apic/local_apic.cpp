// SPDX-License-Identifier: LGPL-2.1-or-later
#include "devices/local_apic/local_apic.h"

#include <fmt/core.h>

#include <bit>

#include "devices/local_apic/registers.h"

namespace ice86::devices {

using namespace apic;

namespace {

std::optional<unsigned> highest(const std::array<std::uint32_t, 8>& vectors) {
  for (unsigned i = 8; i-- > 0;) {
    if (vectors[i] != 0) return i * 32 + 31 - static_cast<unsigned>(std::countl_zero(vectors[i]));
  }
  return std::nullopt;
}
bool test(const std::array<std::uint32_t, 8>& vectors, unsigned vector) {
  return (vectors[vector / 32] >> vector % 32 & 1) != 0;
}
void assign(std::array<std::uint32_t, 8>& vectors, unsigned vector, bool value) {
  const std::uint32_t mask = std::uint32_t{1} << vector % 32;
  std::uint32_t& word = vectors[vector / 32];
  word = value ? word | mask : word & ~mask;
}

ApicDelivery delivery_of(std::uint32_t entry) {
  return static_cast<ApicDelivery>(entry >> 8 & 7);
}

}  // namespace

LocalApic::LocalApic(Clock& clock, Config config, Pins pins, Services services, TraceBus& trace)
    : config_(config),
      pins_(pins),
      services_(std::move(services)),
      clock_(clock),
      trace_(trace),
      timer_(clock, fmt::format("local-apic{}", config.id),
             [this](Nanoseconds) { timer_expired(); }) {}

void LocalApic::set_base(std::uint64_t apic_base) {
  const bool was_on = globally_enabled();
  state_.base = apic_base;
  if (was_on && !globally_enabled()) {
    // Disabling loses all registers; enabling again finds it as after a reset (SDM section 11.4.3).
    reset(ResetKind::kInit);
  }
  update();
}

void LocalApic::reset(ResetKind) {
  const State old = state_;
  state_ = State{};
  // The pins are wires; the mode is the CPU's register, which it tells.
  state_.lint = old.lint;
  state_.base = old.base;
  state_.dfr = 0xffffffff;
  state_.svr = 0xff;
  state_.lvt.fill(kMasked);
  // Hardware masks LINT0, too. Here it finds the 8259s wired through after a reset, as on QEMU's
  // and Bochs' PC: BIOSes for those leave LINT0 alone.
  if (config_.bootstrap) state_.lvt[kLint0] = static_cast<unsigned>(ApicDelivery::kExtInt) << 8;
  timer_.cancel();
  update();
}

// ---- Priorities and acceptance (SDM section 11.8) ----

std::uint8_t LocalApic::processor_priority() const {
  const unsigned in_service = highest(state_.isr).value_or(0);
  if (state_.tpr >> 4 >= in_service >> 4) return state_.tpr;
  return static_cast<std::uint8_t>(in_service & 0xf0);
}

std::optional<std::uint8_t> LocalApic::deliverable() const {
  if (!enabled()) return std::nullopt;
  const auto vector = highest(state_.irr);
  if (!vector || *vector >> 4 <= processor_priority() >> 4) return std::nullopt;
  return static_cast<std::uint8_t>(*vector);
}

bool LocalApic::external_request() const {
  if (!globally_enabled()) return state_.lint[0];
  const std::uint32_t lint0 = state_.lvt[kLint0];
  return state_.external ||
         (state_.lint[0] && (lint0 & kMasked) == 0 && delivery_of(lint0) == ApicDelivery::kExtInt);
}

void LocalApic::update() {
  pins_.intr.set(deliverable().has_value() || external_request());
}

std::uint8_t LocalApic::acknowledge() {
  if (const auto vector = deliverable()) {
    assign(state_.irr, *vector, false);
    assign(state_.isr, *vector, true);
    if (trace_.wants(TraceCategory::kIrq))
      trace_.emit(TraceCategory::kIrq, "apic-acknowledge", {{"vector", *vector}});
    update();
    return *vector;
  }
  if (external_request()) {
    state_.external = false;
    const std::uint8_t vector = services_.external_acknowledge();
    update();
    return vector;
  }
  update();
  return static_cast<std::uint8_t>(state_.svr);
}

void LocalApic::request(std::uint8_t vector, bool level) {
  if (vector < kFirstVector) return note_error(kReceivedIllegalVector);
  assign(state_.irr, vector, true);
  assign(state_.tmr, vector, level);
  update();
}

void LocalApic::end_of_interrupt() {
  const auto vector = highest(state_.isr);
  if (!vector) return;
  assign(state_.isr, *vector, false);
  if (trace_.wants(TraceCategory::kIrq))
    trace_.emit(TraceCategory::kIrq, "apic-eoi", {{"vector", *vector}});
  if (test(state_.tmr, *vector)) {
    // A level-triggered local pin that is still high asks again.
    for (const unsigned pin : {0u, 1u}) {
      std::uint32_t& entry = state_.lvt[kLint0 + pin];
      if ((entry & kRemoteIrr) != 0 && (entry & 0xff) == *vector) {
        entry &= ~kRemoteIrr;
        lint_level(pin);
      }
    }
    services_.end_of_interrupt(static_cast<std::uint8_t>(*vector));
  }
  update();
}

void LocalApic::set_task_priority(std::uint8_t value) {
  state_.tpr = value;
  update();
}

void LocalApic::note_error(std::uint32_t bit) {
  const bool first = (state_.esr_pending & bit) == 0;
  state_.esr_pending |= bit;
  // The error vector's own illegal vector must not ask for itself again.
  if (first) local_interrupt(kError);
}

// ---- Local interrupts (SDM section 11.5) ----

void LocalApic::local_interrupt(unsigned entry) {
  const std::uint32_t value = state_.lvt[entry];
  if (!globally_enabled() || (value & kMasked) != 0) return;
  const auto vector = static_cast<std::uint8_t>(value);
  const bool fixed_only = entry == kTimer || entry == kError;
  switch (fixed_only ? ApicDelivery::kFixed : delivery_of(value)) {
    case ApicDelivery::kFixed:
      if (!enabled()) return;
      if (vector < kFirstVector) {
        if (entry != kError) note_error(kReceivedIllegalVector);
        return;
      }
      return request(vector, false);
    case ApicDelivery::kSmi: return pins_.smi.pulse();
    case ApicDelivery::kNmi: return pins_.nmi.pulse();
    case ApicDelivery::kInit: return pins_.init.pulse();
    default: return;
  }
}

// The level of a pin whose entry is level-triggered and fixed.
void LocalApic::lint_level(unsigned pin) {
  std::uint32_t& entry = state_.lvt[kLint0 + pin];
  if (!enabled() || !state_.lint[pin] || (entry & (kMasked | kRemoteIrr)) != 0) return;
  if ((entry & kLevelTriggered) == 0 || delivery_of(entry) != ApicDelivery::kFixed) return;
  entry |= kRemoteIrr;
  request(static_cast<std::uint8_t>(entry), true);
}

void LocalApic::set_lint(unsigned pin, bool high) {
  if (state_.lint[pin] == high) return;
  state_.lint[pin] = high;
  if (!globally_enabled()) {
    if (pin == 1 && high) pins_.nmi.pulse();
    return update();
  }
  const std::uint32_t entry = state_.lvt[kLint0 + pin];
  const bool level = (entry & kLevelTriggered) != 0 && delivery_of(entry) == ApicDelivery::kFixed;
  if (level) {
    lint_level(pin);
  } else if (high && delivery_of(entry) != ApicDelivery::kExtInt) {
    local_interrupt(kLint0 + pin);
  }
  update();
}

bool LocalApic::may_signal_nmi(unsigned pin) const {
  if (!globally_enabled()) return pin == 1;
  const std::uint32_t entry = state_.lvt[kLint0 + pin];
  return (entry & kMasked) == 0 &&
         (delivery_of(entry) == ApicDelivery::kNmi || delivery_of(entry) == ApicDelivery::kSmi);
}

// ---- Messages (SDM sections 11.6 and 11.11) ----

bool LocalApic::is_destination(const ApicMessage& message) const {
  if (!globally_enabled()) return false;
  const std::uint32_t everyone = message.x2apic ? 0xffffffff : 0xff;
  if (message.destination == everyone) return true;
  if (!message.logical) return message.destination == config_.id;
  if (x2apic_mode()) {
    const std::uint32_t logical = logical_x2apic_id(config_.id);
    return message.destination >> 16 == logical >> 16 &&
           (message.destination & logical & 0xffff) != 0;
  }
  const std::uint32_t set = message.destination & 0xff;
  const std::uint32_t mine = state_.ldr >> 24;
  if (state_.dfr >> 28 == 0xf) return (set & mine) != 0;    // flat model
  return set >> 4 == mine >> 4 && (set & mine & 0xf) != 0;  // cluster model
}

void LocalApic::receive(const ApicMessage& message) {
  switch (message.delivery) {
    case ApicDelivery::kFixed:
    case ApicDelivery::kLowestPriority:
      if (enabled()) request(message.vector, message.level);
      return;
    case ApicDelivery::kSmi: return pins_.smi.pulse();
    case ApicDelivery::kNmi: return pins_.nmi.pulse();
    case ApicDelivery::kInit:
      if (message.assert_level) pins_.init.pulse();
      return;
    case ApicDelivery::kStartup:
      if (services_.startup) services_.startup(message.vector);
      return;
    case ApicDelivery::kExtInt: state_.external = true; return update();
    case ApicDelivery::kReserved: return;
  }
}

void LocalApic::write_command(std::uint64_t value) {
  state_.icr = value & ~std::uint64_t{kDeliveryPending};
  const auto low = static_cast<std::uint32_t>(value);
  ApicMessage message;
  message.vector = static_cast<std::uint8_t>(low);
  message.delivery = delivery_of(low);
  message.logical = (low & kLogicalDestination) != 0;
  message.assert_level = (low & kLevelAssert) != 0;
  message.x2apic = x2apic_mode();
  message.destination = static_cast<std::uint32_t>(value >> 32);
  if (!message.x2apic) message.destination >>= 24;
  const bool vectored =
      message.delivery == ApicDelivery::kFixed || message.delivery == ApicDelivery::kLowestPriority;
  if (trace_.wants(TraceCategory::kIrq)) {
    trace_.emit(TraceCategory::kIrq, "ipi", {{"icr", low}, {"destination", message.destination}});
  }
  if (vectored && message.vector < kFirstVector) return note_error(kSentIllegalVector);
  switch (low >> 18 & 3) {  // destination shorthand
    case 0:
      if (!services_.send(message)) note_error(kSendAccept);
      return;
    case 1:
      // Only fixed interrupts can be sent to oneself by shorthand (SDM table 11-3).
      if (vectored) receive(message);
      return;
    case 2:
      message.destination = message.x2apic ? 0xffffffff : 0xff;
      message.logical = false;
      services_.send(message);
      return;
    case 3:
      message.destination = message.x2apic ? 0xffffffff : 0xff;
      message.logical = false;
      message.all_but = config_.id;
      services_.send(message);
      return;
    default: return;
  }
}

}  // namespace ice86::devices
