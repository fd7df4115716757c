// SPDX-License-Identifier: LGPL-2.1-or-later
// 82540EM: interrupt causes and their moderation.
// Reference: the manual, sections 3.2.7, 3.3.5 (delay timers), 13.4.17-13.4.22 (ICR, ITR, ICS, IMS,
// IMC), 13.4.30-13.4.31 (RDTR, RADV), 13.4.44, 13.4.46 (TIDV, TADV).
#include "devices/e1000/e1000.h"
#include "devices/e1000/e1000_registers.h"

namespace ice86::devices {

namespace e = e1000;

namespace {

constexpr Nanoseconds kDelayUnit = 1024, kThrottleUnit = 256;

Nanoseconds delay_of(std::uint32_t value) {
  return (value & 0xFFFF) * kDelayUnit;
}

}  // namespace

void E1000::raise(std::uint32_t causes) {
  state_.icr |= causes & e::cause::kAll;
  update_interrupt();
}

// INTA# follows ICR AND IMS, but rises at most once in each interval that ITR gives.
void E1000::update_interrupt() {
  State& s = state_;
  if ((s.icr & s.ims) == 0) {
    throttle_.cancel();
    s.asserted = false;
    inta_.set(false);
    return;
  }
  if (s.asserted) return;
  const Nanoseconds now = clock_.now();
  if (now < s.throttled_until) {
    throttle_.arm_at(s.throttled_until);
    return;
  }
  s.throttled_until = now + (reg(e::kItr) & 0xFFFF) * kThrottleUnit;
  s.asserted = true;
  inta_.set(true);
}

// A descriptor was written back. With IDE set the interrupt waits for a pause in the traffic
// (TIDV), though not for ever (TADV).
void E1000::transmit_done(bool delayed) {
  const Nanoseconds delay = delay_of(reg(e::kTidv));
  if (!delayed || delay == 0) return flush_transmit_delay();
  transmit_delay_.arm_in(delay);
  if (const Nanoseconds most = delay_of(reg(e::kTadv)); most != 0 && !transmit_absolute_.armed()) {
    transmit_absolute_.arm_in(most);
  }
}

void E1000::flush_transmit_delay() {
  transmit_delay_.cancel();
  transmit_absolute_.cancel();
  raise(e::cause::kTxdw);
}

void E1000::receive_done(std::size_t wire_bytes) {
  const std::uint32_t small = reg(e::kRsrpd) & 0xFFF;
  if (small != 0 && wire_bytes <= small) raise(e::cause::kSrpd);
  const Nanoseconds delay = delay_of(reg(e::kRdtr));
  if (delay == 0) return flush_receive_delay();
  receive_delay_.arm_in(delay);
  if (const Nanoseconds most = delay_of(reg(e::kRadv)); most != 0 && !receive_absolute_.armed()) {
    receive_absolute_.arm_in(most);
  }
}

void E1000::flush_receive_delay() {
  receive_delay_.cancel();
  receive_absolute_.cancel();
  raise(e::cause::kRxt0);
}

}  // namespace ice86::devices
