// SPDX-License-Identifier: LGPL-2.1-or-later
// From registers and video memory to the picture on the monitor, dot by dot, and to its characters.
// Reference: IBM PS/2 Hardware Interface Technical Reference, Video Subsystem, 'CRT controller',
// 'Attribute controller'.
#include <algorithm>

#include "devices/vga/vga_registers.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

using vga::Crt;

// What the legacy modes can show: four planes of 64 KiB.
constexpr std::uint64_t kLegacyMemory = 256 << 10;

// One scan line's place in the picture: which addresses it shows and which line of a row it is.
struct Line {
  unsigned start;     // address counter of the first column
  unsigned row;       // character rows since the top (or the split)
  unsigned row_scan;  // scan line within the row
  bool after_split;
};

// Steps through the scan lines as the CRT controller does.
class LineCounter {
 public:
  explicit LineCounter(const Vga::State& state, const Crt& crt)
      : crt_(crt), line_{crt.start + (state.crtc[8] >> 5 & 3U), 0, state.crtc[8] & 0x1FU, false} {}

  const Line& line() const { return line_; }

  void next() {
    if (number_++ == crt_.line_compare) {
      line_ = {0, 0, 0, true};
      half_ = false;
      return;
    }
    if (crt_.double_scan) {
      half_ = !half_;
      if (half_) return;
    }
    if (++line_.row_scan < crt_.row_lines) return;
    line_.row_scan = 0;
    line_.start += crt_.pitch;
    ++line_.row;
  }

 private:
  Crt crt_;
  Line line_;
  unsigned number_ = 0;
  bool half_ = false;
};

// The way of a pixel value through attribute controller and DAC.
class Colors {
 public:
  explicit Colors(const Vga::State& s, bool eight_bits) {
    for (unsigned i = 0; i < 256; ++i) {
      std::uint32_t rgb = 0;
      const unsigned entry = (i & s.pel_mask) * 3U;
      for (unsigned c = 0; c < 3; ++c) {
        const unsigned v = s.palette[entry + c];
        rgb = rgb << 8 | (eight_bits ? v : (v << 2 & 0xFC) | (v >> 4 & 3));
      }
      dac_[i] = rgb;
    }
    const unsigned select = s.attribute[vga::kColorSelect];
    for (unsigned i = 0; i < 16; ++i) {
      unsigned index = s.attribute[i & s.attribute[vga::kPlaneEnable]] & 0x3FU;
      if ((s.attribute[vga::kModeControl] & vga::kPaletteSize) != 0)
        index = (index & 0x0F) | (select & 3) << 4;
      index |= (select & 0x0C) << 4;
      attribute_[i] = dac_[index];
    }
    overscan_ = dac_[s.attribute[vga::kOverscan]];
  }

  std::uint32_t dac(unsigned index) const { return dac_[index & 0xFF]; }
  std::uint32_t attribute(unsigned index) const { return attribute_[index & 0x0F]; }
  std::uint32_t overscan() const { return overscan_; }

 private:
  std::array<std::uint32_t, 256> dac_{};
  std::array<std::uint32_t, 16> attribute_{};
  std::uint32_t overscan_ = 0;
};

// The legacy modes: everything the CRT controller scans out.
class Scanner {
 public:
  Scanner(const Vga::State& state, const std::uint8_t* vram, std::uint64_t frame_number)
      : s_(state),
        vram_(vram),
        frame_number_(frame_number),
        crt_(vga::crt_of(state)),
        colors_(state, false) {}

  Frame picture() const;

 private:
  const std::uint8_t* fetch(unsigned counter, unsigned row_scan) const {
    return vram_ + std::uint64_t{vga::crt_offset(s_, counter, row_scan)} * 4;
  }
  void text_line(const Line& line, std::vector<std::uint32_t>& dots) const;
  void graphics_line(const Line& line, std::vector<std::uint32_t>& dots) const;
  unsigned panning(const Line& line) const;

  const Vga::State& s_;
  const std::uint8_t* vram_;
  std::uint64_t frame_number_;
  Crt crt_;
  Colors colors_;
};

Frame Scanner::picture() const {
  const std::uint8_t clocking = s_.sequencer[vga::kClockingMode];
  const bool graphics = (s_.graphics[vga::kMiscGraphics] & vga::kGraphics) != 0;
  const unsigned column_dots = graphics || (clocking & vga::kEightDots) != 0 ? 8 : 9;
  const unsigned widen = (clocking & vga::kHalfDotClock) != 0 ? 2 : 1;
  Frame frame;
  frame.width = crt_.columns * column_dots * widen;
  frame.height = crt_.lines;
  frame.pixels.assign(std::size_t{frame.width} * frame.height, colors_.overscan());
  if ((clocking & vga::kScreenOff) != 0 || (s_.attribute_index & vga::kPas) == 0) {
    if ((clocking & vga::kScreenOff) != 0) std::fill(frame.pixels.begin(), frame.pixels.end(), 0U);
    return frame;
  }
  std::vector<std::uint32_t> dots;
  LineCounter counter(s_, crt_);
  for (unsigned y = 0; y < frame.height; ++y, counter.next()) {
    const Line& line = counter.line();
    dots.clear();
    if (graphics) {
      graphics_line(line, dots);
    } else {
      text_line(line, dots);
    }
    const unsigned skip = panning(line);
    std::uint32_t* out = &frame.pixels[std::size_t{y} * frame.width];
    for (unsigned x = 0; x < frame.width; ++x) out[x] = dots[skip + x / widen];
  }
  return frame;
}

// Dots that panning moves the picture to the left (attribute register 13h).
unsigned Scanner::panning(const Line& line) const {
  if (line.after_split && (s_.attribute[vga::kModeControl] & vga::kPanningCompatible) != 0)
    return 0;
  const unsigned value = s_.attribute[vga::kPanning];
  const bool graphics = (s_.graphics[vga::kMiscGraphics] & vga::kGraphics) != 0;
  if (!graphics && (s_.sequencer[vga::kClockingMode] & vga::kEightDots) == 0)
    return value >= 8 ? 0 : value + 1;
  return value & 7;  // in 256-colour modes half pixels make no dots of their own
}

void Scanner::text_line(const Line& line, std::vector<std::uint32_t>& dots) const {
  const std::uint8_t map = s_.sequencer[vga::kCharacterMap];
  const auto font_at = [](unsigned number) {
    return (number & 3) * 0x4000 + (number >> 2) * 0x2000;
  };
  const unsigned font_a = font_at((map >> 2 & 3) | (map >> 5 & 1) << 2);
  const unsigned font_b = font_at((map & 3) | (map >> 4 & 1) << 2);
  const std::uint8_t mode = s_.attribute[vga::kModeControl];
  const bool nine = (s_.sequencer[vga::kClockingMode] & vga::kEightDots) == 0;
  const bool blink_off = (frame_number_ / 16 & 1) != 0;
  const unsigned cursor_at = s_.crtc[0x0E] << 8 | s_.crtc[0x0F];
  const bool cursor_line = (s_.crtc[0x0A] & 0x20) == 0 && (frame_number_ / 8 & 1) == 0 &&
                           line.row_scan >= (s_.crtc[0x0A] & 0x1FU) &&
                           line.row_scan <= (s_.crtc[0x0B] & 0x1FU);
  const bool underline_line = line.row_scan == (s_.crtc[0x14] & 0x1FU);
  for (unsigned column = 0; column <= crt_.columns; ++column) {
    const unsigned counter = (line.start + column) & 0xFFFF;
    // CGA interleave never applies to characters: their address does not take the row scan.
    const std::uint8_t* cell = fetch(counter, 0);
    const std::uint8_t character = cell[0], attribute = cell[1];
    const unsigned font = (attribute & 0x08) != 0 ? font_a : font_b;
    std::uint8_t bits = vram_[(font + character * 32U + line.row_scan) * 4 + 2];
    unsigned foreground = attribute & 0x0F, background = attribute >> 4;
    if ((mode & vga::kBlink) != 0) {
      background &= 7;
      if ((attribute & 0x80) != 0 && blink_off) bits = 0;
    }
    bool ninth = (mode & vga::kLineGraphics) != 0 && character >= 0xC0 && character <= 0xDF &&
                 (bits & 1) != 0;
    if (underline_line && (attribute & 0x77) == 0x01) {
      bits = 0xFF;
      ninth = true;
    }
    if (cursor_line && counter == cursor_at) {
      bits = 0xFF;
      ninth = true;
    }
    const std::uint32_t ink = colors_.attribute(foreground), paper = colors_.attribute(background);
    for (int i = 7; i >= 0; --i) dots.push_back((bits >> i & 1) != 0 ? ink : paper);
    if (nine) dots.push_back(ninth ? ink : paper);
  }
}

void Scanner::graphics_line(const Line& line, std::vector<std::uint32_t>& dots) const {
  const std::uint8_t mode = s_.graphics[vga::kGraphicsMode];
  // The address counter steps every, every second or every fourth character clock.
  const unsigned slow = (s_.crtc[0x14] & 0x20) != 0 ? 4 : (s_.crtc[0x17] & 0x08) != 0 ? 2 : 1;
  for (unsigned column = 0; column <= crt_.columns; ++column) {
    const std::uint8_t* planes = fetch((line.start + column / slow) & 0xFFFF, line.row_scan);
    if ((mode & vga::kColor256) != 0) {
      for (unsigned i = 0; i < 4; ++i) dots.insert(dots.end(), 2, colors_.dac(planes[i]));
    } else if ((mode & vga::kInterleave) != 0) {
      for (unsigned i = 0; i < 8; ++i) {
        const unsigned shift = 6 - i % 4 * 2, odd = i / 4;
        const unsigned low = planes[odd] >> shift & 3U, high = planes[2 + odd] >> shift & 3U;
        dots.push_back(colors_.attribute(low | high << 2));
      }
    } else {
      for (int i = 7; i >= 0; --i) {
        const unsigned value = (planes[0] >> i & 1U) | (planes[1] >> i & 1U) << 1 |
                               (planes[2] >> i & 1U) << 2 | (planes[3] >> i & 1U) << 3;
        dots.push_back(colors_.attribute(value));
      }
    }
  }
}

// The DISPI modes: a rectangle of linear video memory.
// The DISPI modes: video memory is the picture.
class LinearPicture {
 public:
  LinearPicture(const Vga::State& s, const std::uint8_t* vram)
      : vram_(vram),
        bpp_(s.dispi[vga::kBpp]),
        bytes_((bpp_ + 7U) / 8U),
        virtual_width_(s.dispi[vga::kVirtualWidth]),
        x_(s.dispi[vga::kXOffset]),
        y_(s.dispi[vga::kYOffset]),
        width_(std::min(s.dispi[vga::kXres], vga::kMostXres)),
        height_(std::min(s.dispi[vga::kYres], vga::kMostYres)),
        colors_(s, (s.dispi[vga::kEnable] & vga::k8BitDac) != 0) {}

  unsigned width() const { return width_; }
  unsigned height() const { return height_; }

  // The bytes of video memory that line `y` shows: where they begin and how many.
  std::pair<std::uint64_t, std::uint64_t> place(unsigned y) const {
    const std::uint64_t row = std::uint64_t{y_} + y;
    if (bpp_ == 4) return {(row * (virtual_width_ / 8) + x_ / 8) * 4, (width_ / 8 + 1) * 4};
    return {(row * virtual_width_ + x_) * bytes_, std::uint64_t{width_} * bytes_};
  }

  void draw(unsigned y, std::uint32_t* out) const {
    const auto [at, size] = place(y);
    if (bpp_ == 4) return draw_planar(at, out);
    // What the offsets push beyond the end of video memory is black.
    const std::uint64_t there = at < Vga::kVramSize ? Vga::kVramSize - at : 0;
    const auto shown = bytes_ == 0 ? 0U : static_cast<unsigned>(std::min(size, there) / bytes_);
    draw_packed(vram_ + (shown == 0 ? 0 : at), shown, out);
    std::fill(out + shown, out + width_, 0U);
  }

 private:
  void draw_planar(std::uint64_t at, std::uint32_t* out) const {
    for (unsigned x = 0; x < width_; ++x) {
      const unsigned dot = x_ % 8 + x;
      const std::uint64_t planes = at + dot / 8 * 4;
      unsigned value = 0;
      if (planes + 4 <= Vga::kVramSize) {
        for (unsigned plane = 0; plane < 4; ++plane)
          value |= (vram_[planes + plane] >> (7 - dot % 8) & 1U) << plane;
      }
      out[x] = colors_.attribute(value);
    }
  }

  void draw_packed(const std::uint8_t* p, unsigned count, std::uint32_t* out) const {
    const auto scale5 = [](unsigned v) { return (v & 31) << 3 | (v & 31) >> 2; };
    const auto scale6 = [](unsigned v) { return (v & 63) << 2 | (v & 63) >> 4; };
    const auto word = [p](unsigned x) -> unsigned { return p[x * 2] | p[x * 2 + 1] << 8; };
    switch (bpp_) {
      case 8:
        for (unsigned x = 0; x < count; ++x) out[x] = colors_.dac(p[x]);
        break;
      case 15:
        for (unsigned x = 0; x < count; ++x) {
          const unsigned v = word(x);
          out[x] = scale5(v >> 10) << 16 | scale5(v >> 5) << 8 | scale5(v);
        }
        break;
      case 16:
        for (unsigned x = 0; x < count; ++x) {
          const unsigned v = word(x);
          out[x] = scale5(v >> 11) << 16 | scale6(v >> 5) << 8 | scale5(v);
        }
        break;
      default:
        for (unsigned x = 0; x < count; ++x, p += bytes_)
          out[x] = static_cast<std::uint32_t>(p[2] << 16 | p[1] << 8 | p[0]);
        break;
    }
  }

  const std::uint8_t* vram_;
  unsigned bpp_, bytes_;
  unsigned virtual_width_, x_, y_;
  unsigned width_, height_;
  Colors colors_;
};

Frame linear_picture(const Vga::State& s, const std::uint8_t* vram) {
  const LinearPicture picture(s, vram);
  Frame frame;
  frame.width = picture.width();
  frame.height = picture.height();
  frame.pixels.resize(std::size_t{frame.width} * frame.height);
  for (unsigned y = 0; y < frame.height; ++y)
    picture.draw(y, &frame.pixels[std::size_t{y} * frame.width]);
  return frame;
}

}  // namespace

Frame Vga::frame() const {
  if (dispi_enabled()) return linear_picture(state_, vram_->data());
  return Scanner(state_, vram_->data(), scan().frame).picture();
}

// Whether any of these bytes was written since the last update().
bool Vga::written_since_update(std::uint64_t offset, std::uint64_t size) const {
  const std::uint64_t end = std::min(offset + size, kVramSize);
  for (std::uint64_t page = align_down(offset, kPageSize); page < end; page += kPageSize) {
    if ((*vram_->page_flags(page) & Ram::kRepaint) != 0) return true;
  }
  return false;
}

// Registers as they were: only lines whose memory was written.
LineRange Vga::update_lines(Frame& frame) {
  const LinearPicture picture(state_, vram_->data());
  LineRange range{frame.height, 0};
  for (unsigned y = 0; y < frame.height; ++y) {
    const auto [at, size] = picture.place(y);
    if (!written_since_update(at, size)) continue;
    picture.draw(y, &frame.pixels[std::size_t{y} * frame.width]);
    range.first = std::min(range.first, y);
    range.end = y + 1;
  }
  return range.empty() ? LineRange{} : range;
}

LineRange Vga::update_whole(Frame& frame) {
  Frame now = this->frame();
  LineRange range{0, now.height};
  if (now.width == frame.width && now.height == frame.height) {
    const auto same = [&](unsigned y) {
      const std::size_t at = std::size_t{y} * now.width;
      return std::equal(&now.pixels[at], &now.pixels[at] + now.width, &frame.pixels[at]);
    };
    while (range.first < range.end && same(range.first)) ++range.first;
    while (range.first < range.end && same(range.end - 1)) --range.end;
    if (range.empty()) return {};
  }
  frame = std::move(now);
  return range;
}

LineRange Vga::update(Frame& frame) {
  const Drawn now{settings_, dispi_enabled() ? 0 : scan().frame / 8};
  const bool as_before = now == drawn_ && !frame.pixels.empty();
  LineRange range;
  if (!as_before) {
    range = update_whole(frame);
  } else if (dispi_enabled()) {
    range = update_lines(frame);
  } else if (written_since_update(0, kLegacyMemory)) {
    range = update_whole(frame);
  }
  drawn_ = now;
  for (std::uint64_t page = 0; page < kVramSize; page += kPageSize)
    *vram_->page_flags(page) &= static_cast<std::uint8_t>(~Ram::kRepaint);
  return range;
}

std::optional<TextScreen> Vga::text() const {
  if (dispi_enabled() || (state_.graphics[vga::kMiscGraphics] & vga::kGraphics) != 0)
    return std::nullopt;
  const Crt crt = vga::crt_of(state_);
  TextScreen screen;
  screen.columns = crt.columns;
  const unsigned cursor_at = state_.crtc[0x0E] << 8 | state_.crtc[0x0F];
  const bool cursor_on =
      (state_.crtc[0x0A] & 0x20) == 0 && (state_.crtc[0x0A] & 0x1F) <= (state_.crtc[0x0B] & 0x1F);
  LineCounter counter(state_, crt);
  bool fresh = true;  // the first scan line of a row (a split may cut one short)
  for (unsigned y = 0; y < crt.lines; ++y) {
    const Line line = counter.line();
    if (fresh) {
      for (unsigned column = 0; column < crt.columns; ++column) {
        const unsigned at = (line.start + column) & 0xFFFF;
        const std::uint8_t* cell =
            vram_->data() + std::uint64_t{vga::crt_offset(state_, at, 0)} * 4;
        screen.cells.push_back({cell[0], cell[1]});
        if (cursor_on && at == cursor_at) screen.cursor = {column, screen.rows};
      }
      ++screen.rows;
    }
    counter.next();
    fresh = counter.line().row != line.row || counter.line().after_split != line.after_split;
  }
  return screen;
}

}  // namespace ice86::devices
