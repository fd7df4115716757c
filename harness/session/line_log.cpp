// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/session/line_log.h"

namespace ice86::harness {

void LineLog::add(std::uint8_t byte, const Clock& clock) {
  if (bytes_.size() >= most_bytes_) {
    ++dropped_;
    return;
  }
  const char c = static_cast<char>(byte);
  bytes_ += c;
  if (c == '\n') {
    if (!open_) lines_.push_back({clock.now(), clock.instructions(), ""});
    open_ = false;
    return;
  }
  if (c == '\r') return;
  if (!open_) {
    lines_.push_back({clock.now(), clock.instructions(), ""});
    open_ = true;
  }
  lines_.back().text += c;
}

std::vector<LineLog::Line> LineLog::lines() const {
  return lines_;
}

}  // namespace ice86::harness
