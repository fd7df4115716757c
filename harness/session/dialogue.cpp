// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/session/dialogue.h"

#include <utility>

namespace ice86::harness {

Dialogue::Dialogue(std::vector<Step> steps, Line line, std::function<void()> done)
    : steps_(std::move(steps)), line_(std::move(line)), done_(std::move(done)) {}

void Dialogue::heard(std::uint8_t byte) {
  flush();
  if (done()) return;
  const Step& step = steps_[next_];
  unmatched_ += static_cast<char>(byte);
  if (!unmatched_.ends_with(step.expect)) {
    // A match ends with the newest byte: more than its length never counts.
    if (unmatched_.size() > step.expect.size()) unmatched_.erase(0, 1);
    return;
  }
  unmatched_.clear();
  unsent_.insert(unsent_.end(), step.send.begin(), step.send.end());
  ++next_;
  flush();
  if (done() && done_) done_();
}

void Dialogue::flush() {
  if (unsent_.empty()) return;
  const std::vector<std::uint8_t> bytes(unsent_.begin(), unsent_.end());
  const auto taken = static_cast<std::ptrdiff_t>(line_(bytes));
  unsent_.erase(unsent_.begin(), unsent_.begin() + taken);
}

}  // namespace ice86::harness
