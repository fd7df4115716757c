// SPDX-License-Identifier: LGPL-2.1-or-later
// Wires between chips. A level line carries a state and tells of changes; an edge line carries
// moments. They are different types so that one can not be wired where the other is meant.
#pragma once

#include <functional>
#include <utility>

namespace ice86 {

// A wire that is high or low. The driver calls set(); the receiver hears of changes only.
// The level is the driver's output, so the driver's state decides it again after a snapshot is
// loaded: the driver calls restore() with it, which does not tell the receiver.
class LevelLine {
 public:
  using Receiver = std::function<void(bool high)>;

  LevelLine() = default;
  explicit LevelLine(Receiver receiver) : receiver_(std::move(receiver)) {}
  LevelLine(const LevelLine&) = delete;
  LevelLine& operator=(const LevelLine&) = delete;

  void connect(Receiver receiver) { receiver_ = std::move(receiver); }
  bool high() const { return high_; }

  void set(bool high) {
    if (high == high_) return;
    high_ = high;
    if (receiver_) receiver_(high);
  }
  void restore(bool high) { high_ = high; }

 private:
  Receiver receiver_;
  bool high_ = false;
};

// A wire on which only the moment counts (NMI, SMI, INIT, message-signalled interrupts).
class EdgeLine {
 public:
  using Receiver = std::function<void()>;

  EdgeLine() = default;
  explicit EdgeLine(Receiver receiver) : receiver_(std::move(receiver)) {}
  EdgeLine(const EdgeLine&) = delete;
  EdgeLine& operator=(const EdgeLine&) = delete;

  void connect(Receiver receiver) { receiver_ = std::move(receiver); }
  void pulse() {
    if (receiver_) receiver_();
  }

 private:
  Receiver receiver_;
};

}  // namespace ice86
