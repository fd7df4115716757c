// SPDX-License-Identifier: LGPL-2.1-or-later
// Notes what the observer of a CPU's interrupts and far transfers is told, and the CPU's state
// then.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/cpu/support/flat_host.h"

namespace ice86::cpu::test {

class Watcher final : public InterruptObserver {
 public:
  // Far transfers of real mode to look at: all; those to half of the places, as the CPU is told;
  // the same of all that the CPU tells of.
  enum class Far { kAll, kHalfTold, kHalf };

  // Every so many events it asks for a stop; 0: never.
  Watcher(FlatHost& host, unsigned stops, Far far = Far::kAll)
      : host_(host), stops_(stops), far_(far) {
    for (std::uint32_t linear = 0; linear < FarTargets::kPlaces; linear += 2) targets_.add(linear);
    host_.cpu().set_interrupt_observer(this);
  }
  ~Watcher() override { host_.cpu().set_interrupt_observer(nullptr); }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  const std::vector<std::uint64_t>& seen() const { return seen_; }

  void interrupt_delivered(const InterruptDelivery& delivery) override {
    seen_.insert(seen_.end(),
                 {delivery.vector, static_cast<std::uint64_t>(delivery.source), delivery.return_cs,
                  delivery.return_ip, delivery.flags, delivery.old_ss, delivery.old_sp});
    note_state();
  }
  void far_transfer(FarTransfer kind) override {
    const State& state = host_.cpu().state();
    const auto linear = static_cast<std::uint32_t>(state.segment[kCs].base + state.rip);
    if (far_ != Far::kAll && state.real_mode() && !targets_.may_have(linear)) return;
    seen_.push_back(static_cast<std::uint64_t>(kind));
    note_state();
  }
  const FarTargets& far_targets() const override {
    return far_ == Far::kHalfTold ? targets_ : FarTargets::all();
  }

 private:
  void note_state() {
    const State& state = host_.cpu().state();
    seen_.insert(seen_.end(), state.gpr.begin(), state.gpr.end());
    for (const Segment& segment : state.segment) {
      seen_.push_back(segment.selector);
      seen_.push_back(segment.base);
    }
    seen_.insert(seen_.end(),
                 {state.rip, state.rflags, state.mxcsr, state.fsw, host_.clock().instructions()});
    if (++events_; stops_ != 0 && events_ % stops_ == 0) host_.cpu().request_stop();
  }

  FlatHost& host_;
  const unsigned stops_;
  const Far far_;
  FarTargets targets_;
  std::vector<std::uint64_t> seen_;
  unsigned events_ = 0;
};

}  // namespace ice86::cpu::test
