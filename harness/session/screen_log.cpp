// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/session/screen_log.h"

#include "devices/vga/vga.h"
#include "emulator/display/screen.h"

namespace ice86::harness {

namespace {

constexpr Nanoseconds kLook = 50'000'000;

bool same(const devices::TextScreen& a, const devices::TextScreen& b) {
  if (a.columns != b.columns || a.rows != b.rows || a.cells.size() != b.cells.size()) return false;
  for (std::size_t i = 0; i < a.cells.size(); ++i) {
    if (a.cells[i].character != b.cells[i].character ||
        a.cells[i].attribute != b.cells[i].attribute)
      return false;
  }
  return true;
}

}  // namespace

machine::Instant ScreenLog::visit(machine::Pc& pc) {
  look(pc, false);
  return {0, (pc.clock().now() / kLook + 1) * kLook};
}

void ScreenLog::finish(machine::Pc& pc) {
  look(pc, true);
}

void ScreenLog::look(machine::Pc& pc, bool last) {
  const std::uint64_t generation = pc.vga().generation();
  if (!screens_.empty() && generation == generation_ && !last) return;
  generation_ = generation;
  Screen screen;
  screen.time = pc.clock().now();
  screen.text = pc.vga().text();
  if (screen.text) {
    const bool repeated =
        !screens_.empty() && screens_.back().text && same(*screens_.back().text, *screen.text);
    if (repeated || (texts_ >= limits_.texts && !last)) return;
    ++texts_;
  } else {
    if (!last && (screen.time < next_picture_ || pictures_ >= limits_.pictures)) return;
    // Ever rarer, so that a long boot is covered.
    next_picture_ = screen.time + between_pictures_;
    between_pictures_ += between_pictures_ / 4;
    ++pictures_;
    auto png = display::png_of(pc.vga().frame());
    if (!png) return;
    if (!screens_.empty() && screens_.back().png == *png) return;
    screen.png = std::move(*png);
  }
  screens_.push_back(std::move(screen));
}

}  // namespace ice86::harness
