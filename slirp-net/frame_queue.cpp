// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slirp-net/frame_queue.h"

#include <algorithm>

#include "emulator/bus/packet_port.h"

namespace ice86::slirp_net {

namespace {

// A gigabit wire: preamble, frame check sequence and gap around at least 60 bytes.
Nanoseconds wire_time(std::size_t bytes) {
  return (std::max<std::size_t>(bytes, 60) + 24) * 8;
}

}  // namespace

FrameQueue::FrameQueue(Clock& clock, std::string timer, Receiver receiver)
    : clock_(clock),
      receiver_(std::move(receiver)),
      timer_(clock, std::move(timer), [this](Nanoseconds) { deliver_due(); }) {}

void FrameQueue::push(std::span<const std::uint8_t> frame, Nanoseconds delay) {
  if (frame.size() > kMostFrame || frames_.size() >= kMostFrames) {
    ++dropped_;
    return;
  }
  const Nanoseconds due = clock_.now() + delay;
  const auto after = std::upper_bound(frames_.begin(), frames_.end(), due,
                                      [](Nanoseconds at, const Frame& f) { return at < f.due; });
  const bool first = after == frames_.begin();
  frames_.insert(after, Frame{due, {frame.begin(), frame.end()}});
  if (first) timer_.arm_at(std::max(due, wire_free_));
}

void FrameQueue::deliver_due() {
  if (frames_.empty() || !receiver_.has_room()) return;  // resume() goes on
  if (frames_.front().due > clock_.now()) return timer_.arm_at(frames_.front().due);
  const Frame frame = std::move(frames_.front());
  frames_.pop_front();
  wire_free_ = clock_.now() + wire_time(frame.bytes.size());
  if (!frames_.empty()) timer_.arm_at(std::max(frames_.front().due, wire_free_));
  receiver_.deliver(frame.bytes);
}

void FrameQueue::resume() {
  if (!frames_.empty() && !timer_.armed()) {
    timer_.arm_at(std::max({clock_.now(), frames_.front().due, wire_free_}));
  }
}

void FrameQueue::clear() {
  frames_.clear();
  timer_.cancel();
}

void FrameQueue::Frame::serialize(Archive& archive) {
  archive.io(due);
  archive.io(bytes, kMostFrame);
}

void FrameQueue::serialize(Archive& archive) {
  archive.io(wire_free_);
  archive.io(dropped_);
  auto count = static_cast<std::uint32_t>(frames_.size());
  archive.io(count);
  if (archive.loading()) {
    frames_.clear();
    if (!archive.ok()) return;
    if (count > kMostFrames) return archive.fail("more frames wait than may");
    frames_.resize(count);
  }
  for (Frame& frame : frames_) frame.serialize(archive);
}

}  // namespace ice86::slirp_net
