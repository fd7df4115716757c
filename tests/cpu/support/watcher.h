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
  // Every so many events it asks for a stop; 0: never.
  Watcher(FlatHost& host, unsigned stops) : host_(host), stops_(stops) {
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
    seen_.push_back(static_cast<std::uint64_t>(kind));
    note_state();
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
  std::vector<std::uint64_t> seen_;
  unsigned events_ = 0;
};

}  // namespace ice86::cpu::test
