// SPDX-License-Identifier: LGPL-2.1-or-later
// Frames on their way to a network card: each is due at some virtual time, they keep their order,
// the wire carries one at a time, and a card without room makes them wait.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "emulator/base/archive.h"
#include "emulator/bus/clock.h"

namespace ice86::slirp_net {

class FrameQueue final {
 public:
  struct Receiver {
    std::function<bool()> has_room;
    std::function<void(std::span<const std::uint8_t>)> deliver;
  };
  // What may wait. A frame beyond that is dropped, as a switch does it.
  static constexpr std::size_t kMostFrames = 4096;

  FrameQueue(Clock& clock, std::string timer, Receiver receiver);

  void push(std::span<const std::uint8_t> frame, Nanoseconds delay);
  // The receiver has room again.
  void resume();
  void clear();

  std::size_t size() const { return frames_.size(); }
  std::uint64_t dropped() const { return dropped_; }

  void serialize(Archive& archive);

 private:
  struct Frame {
    Nanoseconds due = 0;
    std::vector<std::uint8_t> bytes;
    void serialize(Archive& archive);
  };

  void deliver_due();

  Clock& clock_;
  Receiver receiver_;
  Timer timer_;
  std::deque<Frame> frames_;
  Nanoseconds wire_free_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace ice86::slirp_net
