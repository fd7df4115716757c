// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/debugger/monitor/keys.h"

#include <array>
#include <string_view>
#include <utility>

namespace ice86::debugger {

std::optional<devices::KeyCode> key_named(const std::string& name) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 52> kOthers = {{
      {"ret", "enter"},
      {"return", "enter"},
      {"esc", "escape"},
      {"spc", "space"},
      {"ctrl", "left-control"},
      {"ctrl_l", "left-control"},
      {"ctrl_r", "right-control"},
      {"shift", "left-shift"},
      {"shift_l", "left-shift"},
      {"shift_r", "right-shift"},
      {"alt", "left-alt"},
      {"alt_l", "left-alt"},
      {"alt_r", "right-alt"},
      {"altgr", "right-alt"},
      {"meta_l", "left-meta"},
      {"meta_r", "right-meta"},
      {"bracket_left", "left-bracket"},
      {"bracket_right", "right-bracket"},
      {"grave_accent", "grave"},
      {"dot", "period"},
      {"caps_lock", "caps-lock"},
      {"num_lock", "num-lock"},
      {"scroll_lock", "scroll-lock"},
      {"print", "print-screen"},
      {"sysrq", "print-screen"},
      {"pgup", "page-up"},
      {"pgdn", "page-down"},
      {"less", "non-us-backslash"},
      {"kp_divide", "keypad-slash"},
      {"kp_multiply", "keypad-star"},
      {"asterisk", "keypad-star"},
      {"kp_subtract", "keypad-minus"},
      {"kp_add", "keypad-plus"},
      {"kp_enter", "keypad-enter"},
      {"kp_decimal", "keypad-period"},
      {"kp_0", "keypad-0"},
      {"kp_1", "keypad-1"},
      {"kp_2", "keypad-2"},
      {"kp_3", "keypad-3"},
      {"kp_4", "keypad-4"},
      {"kp_5", "keypad-5"},
      {"kp_6", "keypad-6"},
      {"kp_7", "keypad-7"},
      {"kp_8", "keypad-8"},
      {"kp_9", "keypad-9"},
      {"compose", "menu"},
      {"equals", "equal"},
      {"semi_colon", "semicolon"},
      {"dash", "minus"},
      {"quote", "apostrophe"},
      {"del", "delete"},
      {"ins", "insert"},
  }};
  for (const auto& [other, ours] : kOthers) {
    if (name == other) return devices::key_code(std::string(ours));
  }
  return devices::key_code(name);
}

}  // namespace ice86::debugger
