// SPDX-License-Identifier: LGPL-2.1-or-later
// The local APIC's registers, its timer, and snapshots.
#include <fmt/core.h>

#include <algorithm>

#include "devices/local_apic/local_apic.h"
#include "devices/local_apic/registers.h"

namespace ice86::devices {

using namespace apic;

// ---- Timer (SDM section 11.5.4) ----

// Divide configuration bits 3, 1 and 0: 2, 4 ... 128, and 1 (figure 11-10).
Nanoseconds LocalApic::tick_time() const {
  const unsigned code = (state_.divide & 3) | (state_.divide >> 1 & 4);
  return code == 7 ? 1 : Nanoseconds{2} << code;
}

std::uint32_t LocalApic::current_count() const {
  if (!state_.timer_running || timer_mode() == kTscDeadline) return 0;
  const std::uint64_t passed = (clock_.now() - state_.timer_start) / tick_time();
  if (passed < state_.start_count) return static_cast<std::uint32_t>(state_.start_count - passed);
  if (timer_mode() == kOneShot) return 0;
  return static_cast<std::uint32_t>(state_.initial_count -
                                    (passed - state_.start_count) % state_.initial_count);
}

// Counting goes on from `count` now: loaded anew, or with another divisor.
void LocalApic::restart_timer(std::uint32_t count) {
  state_.timer_running = count != 0;
  state_.start_count = count;
  state_.timer_start = clock_.now();
  arm_timer();
}

// A masked timer counts, and nobody sees it expire: it needs no event.
void LocalApic::arm_timer() {
  if (timer_mode() == kTscDeadline) {
    if (state_.tsc_deadline == 0) return timer_.cancel();
    return timer_.arm_at(services_.time_of_timestamp(state_.tsc_deadline));
  }
  if (!state_.timer_running || (state_.lvt[kTimer] & kMasked) != 0) return timer_.cancel();
  const Nanoseconds now = clock_.now();
  Nanoseconds deadline = state_.timer_start + state_.start_count * tick_time();
  if (deadline <= now) {
    if (timer_mode() == kOneShot) return timer_.cancel();
    // The first reload after now: periods shorter than an instruction come together.
    const Nanoseconds period = state_.initial_count * tick_time();
    deadline += ((now - deadline) / period + 1) * period;
  }
  timer_.arm_at(deadline);
}

void LocalApic::timer_expired() {
  if (timer_mode() == kTscDeadline) {
    state_.tsc_deadline = 0;
  } else if (timer_mode() == kOneShot) {
    state_.timer_running = false;
  } else {
    arm_timer();
  }
  local_interrupt(kTimer);
}

void LocalApic::set_tsc_deadline(std::uint64_t count) {
  if (timer_mode() != kTscDeadline) return;  // writes are ignored in the other modes
  state_.tsc_deadline = count;
  arm_timer();
}

// ---- Registers ----

std::optional<std::uint32_t> LocalApic::peek_register(unsigned index) const {
  if (index >= kIsr && index < kIsr + 8) return state_.isr[index - kIsr];
  if (index >= kTmr && index < kTmr + 8) return state_.tmr[index - kTmr];
  if (index >= kIrr && index < kIrr + 8) return state_.irr[index - kIrr];
  if (index >= kLvtTimer && index <= kLvtError) return state_.lvt[index - kLvtTimer];
  switch (index) {
    case kId: return x2apic_mode() ? config_.id : config_.id << 24;
    case kVersion: return kVersionValue;
    case kTpr: return state_.tpr;
    case kApr:
    case kPpr: return processor_priority();
    case kEoi:
    case kRrd: return 0;
    case kLdr: return x2apic_mode() ? logical_x2apic_id(config_.id) : state_.ldr;
    case kDfr: return state_.dfr;
    case kSvr: return state_.svr;
    case kEsr: return state_.esr;
    case kIcrLow: return static_cast<std::uint32_t>(state_.icr);
    case kIcrHigh: return static_cast<std::uint32_t>(state_.icr >> 32);
    case kInitialCount: return state_.initial_count;
    case kCurrentCount: return current_count();
    case kDivide: return state_.divide;
    default: return std::nullopt;
  }
}

void LocalApic::write_spurious_vector(std::uint32_t value) {
  const bool was_enabled = enabled();
  state_.svr = value & 0x3ff;  // vector, enable, focus checking
  if (was_enabled && !enabled()) {
    // Software-disabled: every entry is masked (SDM section 11.4.7.2).
    for (std::uint32_t& entry : state_.lvt) entry |= kMasked;
    arm_timer();
  }
  update();
}

void LocalApic::write_local_vector(unsigned entry, std::uint32_t value) {
  std::uint32_t& stored = state_.lvt[entry];
  const unsigned old_mode = timer_mode();
  const std::uint32_t kept = stored & kRemoteIrr;
  stored = (value & kWritable[entry]) | kept;
  if ((stored & kLevelTriggered) == 0) stored &= ~kRemoteIrr;
  if (!enabled()) stored |= kMasked;  // masks can not be taken off while software-disabled
  if (entry == kTimer) {
    if (old_mode != timer_mode() && (old_mode == kTscDeadline || timer_mode() == kTscDeadline)) {
      // Going into or out of deadline mode disarms the timer.
      state_.timer_running = false;
      state_.tsc_deadline = 0;
    } else if (state_.timer_running && timer_mode() == kOneShot && current_count() == 0) {
      state_.timer_running = false;
    }
    arm_timer();
  }
  if (entry == kLint0 || entry == kLint1) lint_level(entry - kLint0);
  update();
}

// False: no such register, or one that can not be written.
bool LocalApic::write_register(unsigned index, std::uint32_t value) {
  if (index >= kLvtTimer && index <= kLvtError) {
    write_local_vector(index - kLvtTimer, value);
    return true;
  }
  switch (index) {
    case kId: return true;  // the number is the CPU's for good, as CPUID and x2APIC show it
    case kTpr: set_task_priority(static_cast<std::uint8_t>(value)); return true;
    case kEoi: end_of_interrupt(); return true;
    case kLdr: state_.ldr = value & 0xff000000; return true;
    case kDfr: state_.dfr = value | 0x0fffffff; return true;
    case kSvr: write_spurious_vector(value); return true;
    case kEsr:
      state_.esr = state_.esr_pending;
      state_.esr_pending = 0;
      return true;
    case kIcrLow:
      write_command((state_.icr & 0xffffffff00000000) | (value & 0x000ccfff));
      return true;
    case kIcrHigh:
      state_.icr = (state_.icr & 0xffffffff) | std::uint64_t{value & 0xff000000} << 32;
      return true;
    case kInitialCount:
      if (timer_mode() == kTscDeadline) return true;  // ignored there
      state_.initial_count = value;
      restart_timer(value);
      return true;
    case kDivide: {
      const std::uint32_t count = current_count();
      state_.divide = value & 0xb;
      if (state_.timer_running) restart_timer(count);
      return true;
    }
    default: return false;
  }
}

std::uint64_t LocalApic::peek(std::uint64_t offset, unsigned width) const {
  // 32 bits at each multiple of 16; between them nothing (SDM section 11.4.1).
  const std::uint32_t value = x2apic_mode() || (offset & 0xc) != 0
                                  ? 0
                                  : peek_register(static_cast<unsigned>(offset >> 4)).value_or(0);
  return (value >> (offset & 3) * 8) & width_mask(width);
}

std::uint64_t LocalApic::read(std::uint64_t offset, unsigned width) {
  if ((offset & 0xf) == 0 && !peek_register(static_cast<unsigned>(offset >> 4)))
    note_error(kIllegalRegister);
  return peek(offset, width);
}

void LocalApic::write(std::uint64_t offset, unsigned width, std::uint64_t value) {
  // Only aligned 32-bit writes are defined; wider ones bring the register's half first.
  if ((offset & 0xf) != 0 || width < 4 || x2apic_mode()) return;
  const auto index = static_cast<unsigned>(offset >> 4);
  if (!write_register(index, static_cast<std::uint32_t>(value)) && !peek_register(index))
    note_error(kIllegalRegister);
}

// ---- x2APIC mode (SDM section 11.12) ----

bool LocalApic::x2apic_read(std::uint32_t msr, std::uint64_t& value) {
  if (!x2apic_mode()) return false;
  const unsigned index = msr - 0x800;
  if (index == kEoi || index == kSelfIpi) return false;  // write only
  if (index == kApr || index == kRrd || index == kDfr || index == kIcrHigh) return false;
  const auto found = peek_register(index);
  if (!found) return false;
  value = index == kIcrLow ? state_.icr : *found;
  return true;
}

bool LocalApic::x2apic_write(std::uint32_t msr, std::uint64_t value) {
  if (!x2apic_mode()) return false;
  const unsigned index = msr - 0x800;
  if (index == kIcrLow) {
    if ((value & 0xfff33000) != 0) return false;
    write_command(value);
    return true;
  }
  if (value >> 32 != 0) return false;
  const auto low = static_cast<std::uint32_t>(value);
  switch (index) {
    case kSelfIpi:
      if (low > 0xff) return false;
      if (low < kFirstVector) {
        note_error(kSentIllegalVector);
      } else if (enabled()) {
        request(static_cast<std::uint8_t>(low), false);
      }
      return true;
    case kTpr:
      if (low > 0xff) return false;
      break;
    case kEoi:
    case kEsr:
      if (low != 0) return false;
      break;
    case kSvr:
      if ((low & ~0x3ffu) != 0) return false;
      break;
    case kDivide:
      if ((low & ~0xbu) != 0) return false;
      break;
    case kInitialCount: break;
    default:
      if (index < kLvtTimer || index > kLvtError) return false;
      // Remote IRR and delivery status are read only; the rest is reserved.
      if ((low & ~(kWritable[index - kLvtTimer] | kRemoteIrr | kDeliveryPending)) != 0)
        return false;
  }
  return write_register(index, low);
}

void LocalApic::serialize(Archive& archive) {
  archive.section("local-apic", 1, [&] {
    State& s = state_;
    archive.io(s.base);
    archive.io(s.tpr);
    for (std::uint32_t* value : {&s.ldr, &s.dfr, &s.svr, &s.esr, &s.esr_pending, &s.divide,
                                 &s.initial_count, &s.start_count}) {
      archive.io(*value);
    }
    for (auto* vectors : {&s.isr, &s.tmr, &s.irr}) archive.io(*vectors);
    archive.io(s.icr);
    archive.io(s.lvt);
    archive.io(s.timer_start);
    archive.io(s.timer_running);
    archive.io(s.tsc_deadline);
    archive.io(s.lint);
    archive.io(s.external);
  });
  if (!archive.loading()) return;
  state_.svr &= 0x3ff;
  state_.divide &= 0xb;
  for (unsigned i = 0; i < kLocalVectors; ++i) state_.lvt[i] &= kWritable[i] | kRemoteIrr;
  if (state_.initial_count == 0 || state_.start_count == 0) state_.timer_running = false;
  state_.timer_start = std::min(state_.timer_start, clock_.now());
  for (auto* vectors : {&state_.isr, &state_.irr, &state_.tmr}) (*vectors)[0] &= 0xffff0000;
  pins_.intr.restore(deliverable().has_value() || external_request());
}

std::string LocalApic::dump() const {
  std::string text = fmt::format(
      "local APIC {}: base {:x}, TPR {:02x}, PPR {:02x}, SVR {:03x}, LDR {:08x}, DFR {:08x}, ESR "
      "{:02x}\n",
      config_.id, state_.base, state_.tpr, processor_priority(), state_.svr, state_.ldr, state_.dfr,
      state_.esr);
  static constexpr const char* kNames[] = {"timer", "thermal", "performance",
                                           "LINT0", "LINT1",   "error"};
  for (unsigned i = 0; i < kLocalVectors; ++i)
    text += fmt::format("  {:<11} {:08x}\n", kNames[i], state_.lvt[i]);
  text += fmt::format("  count {:x} of {:x}, divide {:x}, deadline {:x}\n", current_count(),
                      state_.initial_count, state_.divide, state_.tsc_deadline);
  const auto list = [&](const char* name, const Vectors& vectors) {
    text += fmt::format("  {}", name);
    for (unsigned v = 0; v < 256; ++v) {
      if ((vectors[v / 32] >> v % 32 & 1) != 0) text += fmt::format(" {:02x}", v);
    }
    text += '\n';
  };
  list("IRR", state_.irr);
  list("ISR", state_.isr);
  list("TMR", state_.tmr);
  return text;
}

}  // namespace ice86::devices
