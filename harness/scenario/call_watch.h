// SPDX-License-Identifier: LGPL-2.1-or-later
// The interrupt recorder, and somebody who waits for one call.
#pragma once

#include <functional>

#include "harness/interrupts/int_recorder.h"
#include "harness/scenario/scenario.h"

namespace ice86::harness {

class CallWatch final : public cpu::InterruptObserver {
 public:
  explicit CallWatch(IntRecorder::View view) : recorder_(std::move(view)) {}

  // `met` is called when such a call is entered; when it has returned, if its carry matters.
  void watch(const ExpectInterrupt& wanted, std::function<void()> met) {
    wanted_ = &wanted;
    met_ = std::move(met);
    first_ = recorder_.events().size();
  }
  void watch_nothing() { wanted_ = nullptr; }

  const IntRecorder& recorder() const { return recorder_; }

  void interrupt_delivered(const cpu::InterruptDelivery& delivery) override {
    const std::size_t before = recorder_.events().size();
    recorder_.interrupt_delivered(delivery);
    if (wanted_ == nullptr || wanted_->carry || recorder_.events().size() == before) return;
    if (wanted_->matches(recorder_.events().back())) met_();
  }
  void far_transfer(cpu::FarTransfer kind) override {
    recorder_.far_transfer(kind);
    if (wanted_ == nullptr || !wanted_->carry) return;
    // Calls begin and return in any order; few that fit are under way.
    const auto& events = recorder_.events();
    while (first_ < events.size() && !wanted_->matches(events[first_])) ++first_;
    for (std::size_t i = first_; i < events.size(); ++i) {
      if (!events[i].out || !wanted_->matches(events[i])) continue;
      if (i == first_) ++first_;
      if (events[i].out->carry() == *wanted_->carry) return met_();
    }
  }

 private:
  IntRecorder recorder_;
  const ExpectInterrupt* wanted_ = nullptr;
  std::function<void()> met_;
  std::size_t first_ = 0;  // of the events that count
};

}  // namespace ice86::harness
