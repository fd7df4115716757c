// SPDX-License-Identifier: LGPL-2.1-or-later
// The keys of a 101/102-key PS/2 keyboard by position (names as on a US layout), with their scan
// codes. Reference: IBM PS/2 Hardware Interface Technical Reference, keyboard section: scan code
// sets 1, 2 and 3.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ice86::devices {

enum class KeyCode : std::uint8_t {
  kA,
  kB,
  kC,
  kD,
  kE,
  kF,
  kG,
  kH,
  kI,
  kJ,
  kK,
  kL,
  kM,
  kN,
  kO,
  kP,
  kQ,
  kR,
  kS,
  kT,
  kU,
  kV,
  kW,
  kX,
  kY,
  kZ,
  k0,
  k1,
  k2,
  k3,
  k4,
  k5,
  k6,
  k7,
  k8,
  k9,
  kEnter,
  kEscape,
  kBackspace,
  kTab,
  kSpace,
  kMinus,
  kEqual,
  kLeftBracket,
  kRightBracket,
  kBackslash,
  kSemicolon,
  kApostrophe,
  kGrave,
  kComma,
  kPeriod,
  kSlash,
  kCapsLock,
  kF1,
  kF2,
  kF3,
  kF4,
  kF5,
  kF6,
  kF7,
  kF8,
  kF9,
  kF10,
  kF11,
  kF12,
  kPrintScreen,
  kScrollLock,
  kPause,
  kInsert,
  kHome,
  kPageUp,
  kDelete,
  kEnd,
  kPageDown,
  kRight,
  kLeft,
  kDown,
  kUp,
  kNumLock,
  kKeypadSlash,
  kKeypadStar,
  kKeypadMinus,
  kKeypadPlus,
  kKeypadEnter,
  kKeypad1,
  kKeypad2,
  kKeypad3,
  kKeypad4,
  kKeypad5,
  kKeypad6,
  kKeypad7,
  kKeypad8,
  kKeypad9,
  kKeypad0,
  kKeypadPeriod,
  kNonUsBackslash,
  kLeftControl,
  kLeftShift,
  kLeftAlt,
  kLeftMeta,
  kRightControl,
  kRightShift,
  kRightAlt,
  kRightMeta,
  kMenu,
};
constexpr unsigned kKeyCodes = static_cast<unsigned>(KeyCode::kMenu) + 1;

// "a", "enter", "f1", "keypad-plus", "left-shift": for scripts and scenario files.
std::string_view name_of(KeyCode key);
std::optional<KeyCode> key_code(std::string_view name);

// Set 2 code, with 0xE000 added for an E0 prefix. Print Screen and Pause have sequences of their
// own and give their base code here.
std::uint16_t set2_code(KeyCode key);
std::uint8_t set3_code(KeyCode key);
// How an 8042 translates set 2 codes to set 1 (bit 7 apart, which marks a release).
std::uint8_t translate_set2_to_set1(std::uint8_t code);

}  // namespace ice86::devices
