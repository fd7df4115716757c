// SPDX-License-Identifier: LGPL-2.1-or-later
// What is on the screen, apart from any display adapter: pixels, and characters when there are any.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace ice86::devices {

// Row by row from the top left; a pixel is 0x00RRGGBB.
struct Frame {
  unsigned width = 0;
  unsigned height = 0;
  std::vector<std::uint32_t> pixels;
};

// Lines of a frame: from `first` up to but not including `end`.
struct LineRange {
  unsigned first = 0, end = 0;
  bool empty() const { return first >= end; }
  bool operator==(const LineRange&) const = default;
};

struct TextScreen {
  struct Cell {
    std::uint8_t character = 0;  // code page 437
    std::uint8_t attribute =
        0;  // bits 3-0 foreground, 6-4 background, 7 blink or bright background
  };
  struct Cursor {
    unsigned column = 0, row = 0;
  };
  unsigned columns = 0;
  unsigned rows = 0;
  std::vector<Cell> cells;       // row by row
  std::optional<Cursor> cursor;  // none: switched off or outside the screen
};

// A display adapter as a display sees it. No call changes anything the guest can observe.
class DisplaySource {
 public:
  virtual ~DisplaySource() = default;
  // The current picture; blinking follows virtual time.
  virtual Frame frame() const = 0;
  // Brings `frame`, the picture as the last call left it, up to date and returns the lines that
  // changed. Costs little when little has changed. For one display: what it has seen is remembered
  // here. A frame of another size, such as an empty one, is drawn whole.
  virtual LineRange update(Frame& frame) = 0;
  // The characters, when the adapter is in a text mode.
  virtual std::optional<TextScreen> text() const = 0;
  // Differs from its last value when the picture may have changed.
  virtual std::uint64_t generation() const = 0;
};

}  // namespace ice86::devices
