// SPDX-License-Identifier: LGPL-2.1-or-later
#include "devices/e1000/m88e1000_phy.h"

#include <fmt/core.h>

namespace ice86::devices {

namespace {

constexpr unsigned kControl = 0, kStatus = 1, kId1 = 2, kId2 = 3, kAdvertise = 4, kPartner = 5;
constexpr unsigned kExpansion = 6, kNextPage = 7, kGigabitControl = 9, kGigabitStatus = 10;
constexpr unsigned kExtendedStatus = 15, kSpecificControl = 16, kSpecificStatus = 17;
constexpr unsigned kInterruptEnable = 18, kInterruptStatus = 19, kExtendedControl = 20;
constexpr unsigned kErrorCounter = 21;

// Control register (802.3 table 22-7).
constexpr std::uint16_t kReset = 0x8000, kLoopback = 0x4000, kSpeedLow = 0x2000,
                        kNegotiate = 0x1000;
constexpr std::uint16_t kPowerDown = 0x0800, kRestart = 0x0200, kDuplex = 0x0100;
constexpr std::uint16_t kSpeedHigh = 0x0040;
constexpr std::uint16_t kControlWritable = 0x7DC0;

// Status register (table 22-8): 100BASE-X and 10BASE-T both ways, extended status in 15, preamble
// suppression, auto-negotiation able, extended capability.
constexpr std::uint16_t kStatusFixed = 0x7949, kStatusComplete = 0x0020, kStatusLink = 0x0004;

// Advertisement (table 28-2) and 1000BASE-T control (table 40-3).
constexpr std::uint16_t k10Half = 0x0020, k10Full = 0x0040, k100Half = 0x0080, k100Full = 0x0100;
constexpr std::uint16_t k1000Half = 0x0100, k1000Full = 0x0200;
// The partner at the other end can do everything, with symmetric and asymmetric pause.
constexpr std::uint16_t kPartnerAbilities = 0x4DE1, kPartnerAcknowledge = 0x4000;
constexpr std::uint16_t kPartnerGigabit = 0x3C00;

// Causes in registers 18 and 19.
constexpr std::uint16_t kCauseSpeed = 0x4000, kCauseDuplex = 0x2000, kCauseComplete = 0x0800;
constexpr std::uint16_t kCauseLink = 0x0400;

constexpr std::uint16_t kId1Value = 0x0141, kId2Value = 0x0C20;

}  // namespace

M88e1000Phy::M88e1000Phy(Clock& clock, const std::string& name, Nanoseconds negotiation,
                         std::function<void()> link_changed)
    : link_changed_(std::move(link_changed)),
      negotiation_(negotiation),
      timer_(clock, name, [this](Nanoseconds) { resolve(); }) {
  reset();
}

bool M88e1000Phy::negotiates() const {
  return (registers_[kControl] & kNegotiate) != 0;
}
bool M88e1000Phy::powered() const {
  return (registers_[kControl] & kPowerDown) == 0;
}
bool M88e1000Phy::loopback() const {
  return (registers_[kControl] & kLoopback) != 0;
}

void M88e1000Phy::reset() {
  registers_ = {};
  registers_[kControl] = kNegotiate | kDuplex | kSpeedHigh;
  registers_[kAdvertise] = 0x0DE1;
  registers_[kNextPage] = 0x2001;
  registers_[kGigabitControl] = 0x0E00 | k1000Half;
  registers_[kSpecificControl] = 0x0360;
  registers_[kExtendedControl] = 0x0D60;
  interrupt_status_ = 0;
  const bool carrier = state_.carrier;
  const State before = state_;
  state_ = {};
  state_.carrier = carrier;
  if (before.link && link_changed_) link_changed_();
  restart();
}

void M88e1000Phy::set_carrier(bool present) {
  if (state_.carrier == present) return;
  state_.carrier = present;
  restart();
}

// The link goes down while both ends negotiate. A fixed speed takes the same time to come up.
void M88e1000Phy::restart() {
  state_.negotiated = false;
  state_.page_received = false;
  set_link(false, state_.speed, state_.full_duplex);
  if (state_.carrier && powered()) {
    timer_.arm_in(negotiation_);
  } else {
    timer_.cancel();
  }
}

// The highest common ability wins (802.3 annex 28B.3); without auto-negotiation, what was set.
void M88e1000Phy::resolve() {
  if (!negotiates()) {
    const std::uint16_t control = registers_[kControl];
    const Speed speed = (control & kSpeedHigh) != 0  ? Speed::k1000
                        : (control & kSpeedLow) != 0 ? Speed::k100
                                                     : Speed::k10;
    return set_link(true, speed, (control & kDuplex) != 0);
  }
  state_.negotiated = true;
  state_.page_received = true;
  interrupt_status_ |= kCauseComplete;
  struct Ability {
    unsigned index;
    std::uint16_t bit;
    Speed speed;
    bool full_duplex;
  };
  static constexpr Ability kOrder[] = {
      {kGigabitControl, k1000Full, Speed::k1000, true},
      {kGigabitControl, k1000Half, Speed::k1000, false},
      {kAdvertise, k100Full, Speed::k100, true},
      {kAdvertise, k100Half, Speed::k100, false},
      {kAdvertise, k10Full, Speed::k10, true},
      {kAdvertise, k10Half, Speed::k10, false},
  };
  for (const Ability& ability : kOrder) {
    if ((registers_[ability.index] & ability.bit) == 0) continue;
    return set_link(true, ability.speed, ability.full_duplex);
  }
}

void M88e1000Phy::set_link(bool up, Speed speed, bool full_duplex) {
  if (!up) state_.link_latch = false;
  if (up) {
    if (speed != state_.speed) interrupt_status_ |= kCauseSpeed;
    if (full_duplex != state_.full_duplex) interrupt_status_ |= kCauseDuplex;
    state_.speed = speed;
    state_.full_duplex = full_duplex;
  }
  if (state_.link == up) return;
  state_.link = up;
  interrupt_status_ |= kCauseLink;
  if (link_changed_) link_changed_();
}

std::uint16_t M88e1000Phy::peek(unsigned index) const {
  switch (index) {
    case kStatus:
      return static_cast<std::uint16_t>(kStatusFixed | (state_.negotiated ? kStatusComplete : 0) |
                                        (state_.link_latch ? kStatusLink : 0));
    case kId1: return kId1Value;
    case kId2: return kId2Value;
    case kPartner:
      return state_.negotiated ? kPartnerAbilities | kPartnerAcknowledge : std::uint16_t{0};
    case kExpansion:  // partner is able to negotiate; a page came; next pages possible
      return static_cast<std::uint16_t>(0x0004 | (state_.negotiated ? 0x0001 : 0) |
                                        (state_.page_received ? 0x0002 : 0));
    case kGigabitStatus: return state_.negotiated ? kPartnerGigabit : std::uint16_t{0};
    case kExtendedStatus: return 0x3000;
    case kSpecificStatus:
      return static_cast<std::uint16_t>(
          static_cast<unsigned>(state_.speed) << 14 | (state_.full_duplex ? 0x2000 : 0) |
          (state_.page_received ? 0x1000 : 0) | (state_.link || !negotiates() ? 0x0800 : 0) |
          (state_.link ? 0x0400 : 0));
    case kInterruptStatus: return interrupt_status_;
    case kErrorCounter: return 0;
    default: return index < kRegisters ? registers_[index] : std::uint16_t{0xFFFF};
  }
}

std::uint16_t M88e1000Phy::read(unsigned index) {
  const std::uint16_t value = peek(index);
  if (index == kStatus) state_.link_latch = state_.link;
  if (index == kExpansion) state_.page_received = false;
  if (index == kInterruptStatus) interrupt_status_ = 0;
  return value;
}

void M88e1000Phy::write(unsigned index, std::uint16_t value) {
  if (index >= kRegisters) return;
  switch (index) {
    case kControl: {
      if ((value & kReset) != 0) {
        // Only the mode of the port survives a software reset: speed, duplex and negotiation as
        // written.
        reset();
        value &= static_cast<std::uint16_t>(~kReset);
      }
      const std::uint16_t old = registers_[kControl];
      registers_[kControl] = value & kControlWritable;
      const std::uint16_t changed =
          (old ^ value) & (kSpeedLow | kSpeedHigh | kDuplex | kNegotiate | kPowerDown);
      if (changed != 0 || (value & kRestart) != 0) restart();
      break;
    }
    case kAdvertise:
    case kNextPage:
    case kGigabitControl:
    case kSpecificControl:
    case kInterruptEnable:
    case kExtendedControl: registers_[index] = value; break;
    default:
      if (index > kErrorCounter) registers_[index] = value;  // vendor's pages: stored
  }
}

void M88e1000Phy::serialize(Archive& archive) {
  archive.io(registers_);
  archive.io(interrupt_status_);
  archive.io(state_.carrier);
  archive.io(state_.negotiated);
  archive.io(state_.link);
  archive.io(state_.link_latch);
  archive.io(state_.page_received);
  archive.io(state_.speed, Speed::k1000);
  archive.io(state_.full_duplex);
}

std::string M88e1000Phy::dump() const {
  static constexpr unsigned kMegabits[] = {10, 100, 1000};
  std::string text =
      fmt::format("  phy: link {} {} Mb/s {} duplex{}\n   ", state_.link ? "up" : "down",
                  kMegabits[static_cast<unsigned>(state_.speed)],
                  state_.full_duplex ? "full" : "half", state_.carrier ? "" : ", no carrier");
  for (unsigned i = 0; i < kRegisters; ++i) text += fmt::format(" {:04x}", peek(i));
  return text + "\n";
}

}  // namespace ice86::devices
