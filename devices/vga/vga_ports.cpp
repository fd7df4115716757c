// SPDX-License-Identifier: LGPL-2.1-or-later
// The registers at 3B0h-3DFh, and retrace in virtual time.
// Reference: IBM PS/2 Hardware Interface Technical Reference, Video Subsystem, 'Registers'.
#include "devices/vga/vga_registers.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

// Ports, from 3B0h.
constexpr unsigned kMonoCrtcIndex = 0x04, kMonoCrtcData = 0x05, kMonoStatus1 = 0x0A;
constexpr unsigned kAttribute = 0x10, kAttributeRead = 0x11, kMiscWrite = 0x12, kEnablePort = 0x13;
constexpr unsigned kSequencerIndex = 0x14, kSequencerData = 0x15, kPelMask = 0x16, kDacRead = 0x17;
constexpr unsigned kDacWrite = 0x18, kDacData = 0x19, kFeatureRead = 0x1A, kMiscRead = 0x1C;
constexpr unsigned kGraphicsIndex = 0x1E, kGraphicsData = 0x1F;
constexpr unsigned kColorCrtcIndex = 0x24, kColorCrtcData = 0x25, kColorStatus1 = 0x2A;

// Bits that exist.
constexpr std::uint8_t kSequencerMask[8] = {0x03, 0x3D, 0x0F, 0x3F, 0x0E, 0, 0, 0};
constexpr std::uint8_t kGraphicsMask[16] = {0x0F, 0x0F, 0x0F, 0x1F, 0x03, 0x7B, 0x0F, 0x0F, 0xFF};
constexpr std::uint8_t kAttributeMask[32] = {0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F,
                                             0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F,
                                             0x3F, 0x3F, 0xEF, 0xFF, 0x3F, 0x0F, 0x0F};
constexpr unsigned kCrtcRegisters = 0x19;
constexpr std::uint8_t kCrtcMask[kCrtcRegisters] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0x3F, 0x7F, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xEF, 0xFF};
constexpr std::uint8_t kProtect = 0x80;       // CR11
constexpr std::uint8_t kLineCompare8 = 0x10;  // CR07, outside the protection

}  // namespace

Vga::Scan Vga::scan() const {
  Scan result;
  const std::uint64_t now = clock_.now();
  if (dispi_enabled()) {
    // The DISPI interface says nothing about timing: 60 pictures a second, 5% of each in retrace.
    constexpr std::uint64_t kFrame = 16'666'667, kVisible = 15'833'333;
    result.frame = now / kFrame;
    result.display_enabled = now % kFrame < kVisible;
    result.vertical_retrace = !result.display_enabled;
    return result;
  }
  const vga::Crt t = vga::crt_of(state_);
  const std::uint8_t clocking = state_.sequencer[vga::kClockingMode];
  const std::uint64_t hertz = (state_.misc_output & 0x0C) == 0x04 ? 28'322'000 : 25'175'000;
  const std::uint64_t dots_a_column =
      ((clocking & vga::kEightDots) != 0 ? 8 : 9) * ((clocking & vga::kHalfDotClock) != 0 ? 2 : 1);
  const std::uint64_t line_dots = t.total_columns * dots_a_column;
  const auto dots =
      static_cast<std::uint64_t>(static_cast<unsigned __int128>(now) * hertz / 1'000'000'000);
  const std::uint64_t line_count = dots / line_dots;
  const std::uint64_t line = line_count % t.total_lines;
  const std::uint64_t column = dots % line_dots / dots_a_column;
  result.frame = line_count / t.total_lines;
  result.vertical_retrace = line >= t.retrace_start && line < t.retrace_start + t.retrace_lines;
  result.display_enabled = line < t.lines && column < t.columns;
  return result;
}

// The sense switches of the monitor connector and the vertical interrupt are not wired.
std::uint8_t Vga::input_status0() const {
  return 0x00;
}

std::uint8_t Vga::input_status1() const {
  const Scan now = scan();
  return static_cast<std::uint8_t>((now.display_enabled ? 0 : 0x01) |
                                   (now.vertical_retrace ? 0x08 : 0));
}

std::uint8_t Vga::peek_port(unsigned offset) const {
  const State& s = state_;
  // Miscellaneous Output bit 0 puts the CRT controller and Input Status 1 at 3Dxh or 3Bxh.
  const bool color = (s.misc_output & vga::kMiscColor) != 0;
  switch (offset) {
    case kMonoCrtcIndex:
    case kColorCrtcIndex: return color == (offset == kColorCrtcIndex) ? s.crtc_index : 0xFF;
    case kMonoCrtcData:
    case kColorCrtcData:
      if (color != (offset == kColorCrtcData)) return 0xFF;
      if (s.crtc_index < kCrtcRegisters) return s.crtc[s.crtc_index];
      // Undocumented but common: the latch that Read Map Select names, and the attribute flip-flop.
      if (s.crtc_index == 0x22) return s.latch[s.graphics[vga::kReadMap]];
      if (s.crtc_index == 0x24) return s.attribute_data ? 0x80 : 0x00;
      return 0;
    case kMonoStatus1:
    case kColorStatus1: return color == (offset == kColorStatus1) ? input_status1() : 0xFF;
    case kAttribute: return s.attribute_index;
    case kAttributeRead: return s.attribute[s.attribute_index & 0x1F];
    case kMiscWrite: return input_status0();
    case kEnablePort: return s.video_subsystem_enable;
    case kSequencerIndex: return s.sequencer_index;
    case kSequencerData: return s.sequencer[s.sequencer_index];
    case kPelMask: return s.pel_mask;
    case kDacRead: return s.dac_reading ? 0x03 : 0x00;
    case kDacWrite: return s.dac_write_index;
    case kDacData: return s.palette[s.dac_read_index * 3U + s.dac_component];
    case kFeatureRead: return s.feature_control;
    case kMiscRead: return s.misc_output;
    case kGraphicsIndex: return s.graphics_index;
    case kGraphicsData: return s.graphics[s.graphics_index];
    default: return 0xFF;
  }
}

void Vga::read_port_effects(unsigned offset) {
  State& s = state_;
  if (offset == kDacData) {
    if (++s.dac_component == 3) {
      s.dac_component = 0;
      ++s.dac_read_index;
    }
  } else if (offset == kMonoStatus1 || offset == kColorStatus1) {
    const bool color = (s.misc_output & vga::kMiscColor) != 0;
    if (color == (offset == kColorStatus1)) s.attribute_data = false;
  }
}

void Vga::write_port(unsigned offset, std::uint8_t value) {
  State& s = state_;
  const bool color = (s.misc_output & vga::kMiscColor) != 0;
  switch (offset) {
    case kMonoCrtcIndex:
    case kColorCrtcIndex:
      if (color == (offset == kColorCrtcIndex)) s.crtc_index = value & 0x3F;
      return;
    case kMonoCrtcData:
    case kColorCrtcData:
      if (color == (offset == kColorCrtcData)) write_crtc(value);
      return;
    case kMonoStatus1:
    case kColorStatus1:
      if (color == (offset == kColorStatus1)) s.feature_control = value & 0x0B;
      return;
    case kAttribute: return write_attribute(value);
    case kMiscWrite: s.misc_output = value & 0xEF; break;
    case kEnablePort: s.video_subsystem_enable = value & 0x01; break;
    case kSequencerIndex: s.sequencer_index = value & 0x07; return;
    case kSequencerData:
      s.sequencer[s.sequencer_index] = value & kSequencerMask[s.sequencer_index];
      break;
    case kPelMask: s.pel_mask = value; break;
    case kDacRead:
      s.dac_read_index = value;
      s.dac_component = 0;
      s.dac_reading = true;
      return;
    case kDacWrite:
      s.dac_write_index = value;
      s.dac_component = 0;
      s.dac_reading = false;
      return;
    case kDacData: return write_dac(value);
    case kGraphicsIndex: s.graphics_index = value & 0x0F; return;
    case kGraphicsData:
      s.graphics[s.graphics_index] = value & kGraphicsMask[s.graphics_index];
      break;
    default: return;
  }
  changed();
}

void Vga::write_crtc(std::uint8_t value) {
  State& s = state_;
  const unsigned index = s.crtc_index;
  if (index >= kCrtcRegisters) return;
  if (index <= 7 && (s.crtc[0x11] & kProtect) != 0) {
    if (index != 7) return;
    value = static_cast<std::uint8_t>((s.crtc[7] & ~kLineCompare8) | (value & kLineCompare8));
  }
  s.crtc[index] = value & kCrtcMask[index];
  changed();
}

void Vga::write_attribute(std::uint8_t value) {
  State& s = state_;
  if (!s.attribute_data) {
    s.attribute_index = value & 0x3F;
  } else {
    const unsigned index = s.attribute_index & 0x1F;
    s.attribute[index] = value & kAttributeMask[index];
  }
  s.attribute_data = !s.attribute_data;
  changed();
}

// A colour changes when its third component arrives.
void Vga::write_dac(std::uint8_t value) {
  State& s = state_;
  const bool wide = dispi_enabled() && (s.dispi[vga::kEnable] & vga::k8BitDac) != 0;
  s.dac_latch[s.dac_component] = wide ? value : value & 0x3F;
  if (++s.dac_component < 3) return;
  s.dac_component = 0;
  for (unsigned i = 0; i < 3; ++i) s.palette[s.dac_write_index * 3U + i] = s.dac_latch[i];
  ++s.dac_write_index;
  changed();
}

std::uint64_t Vga::peek_ports(std::uint64_t offset, unsigned width) const {
  if (width != 1 || offset >= 48) return floating_bus(width);
  return peek_port(static_cast<unsigned>(offset));
}

std::uint64_t Vga::read_ports(std::uint64_t offset, unsigned width) {
  const std::uint64_t value = peek_ports(offset, width);
  if (width == 1 && offset < 48) read_port_effects(static_cast<unsigned>(offset));
  return value;
}

void Vga::write_ports(std::uint64_t offset, unsigned width, std::uint64_t value) {
  if (width == 1 && offset < 48)
    write_port(static_cast<unsigned>(offset), static_cast<std::uint8_t>(value));
}

}  // namespace ice86::devices
