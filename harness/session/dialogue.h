// SPDX-License-Identifier: LGPL-2.1-or-later
// Expect and send on a serial line. Both hang on the guest's own output and not on the host's
// clock, so that a scripted session is the same on every run.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ice86::harness {

class Dialogue {
 public:
  struct Step {
    std::string expect;  // text the guest must send; empty: go on at its next byte
    std::string send;    // what it gets then, such as "ls\r"; may be empty
  };
  // Hands bytes to the guest's line and returns how many the line took; the rest is offered again
  // when the guest sends.
  using Line = std::function<std::size_t(std::span<const std::uint8_t>)>;

  // `done` is called once, with the byte that fulfils the last step.
  Dialogue(std::vector<Step> steps, Line line, std::function<void()> done = nullptr);

  // A byte from the guest.
  void heard(std::uint8_t byte);

  bool done() const { return next_ == steps_.size(); }
  // The text that has not come yet; empty when all has.
  std::string_view waiting_for() const {
    return done() ? std::string_view() : steps_[next_].expect;
  }

 private:
  void flush();

  std::vector<Step> steps_;
  Line line_;
  std::function<void()> done_;
  std::size_t next_ = 0;
  std::string unmatched_;  // what came since the last match, as far as it can still count
  std::deque<std::uint8_t> unsent_;
};

}  // namespace ice86::harness
