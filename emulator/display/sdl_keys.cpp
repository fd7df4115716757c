// SPDX-License-Identifier: LGPL-2.1-or-later
// SDL's positions are the usages of a USB keyboard.
// Reference: USB HID Usage Tables 1.12, section 10, Keyboard/Keypad page (07h).
#include "emulator/display/sdl_keys.h"

#include <SDL2/SDL_scancode.h>

#include <algorithm>
#include <array>

namespace ice86::display {

namespace {

using devices::KeyCode;

struct Run {
  int first;  // SDL_Scancode
  KeyCode key;
  unsigned count;  // both sides go on in the same order
};

constexpr std::array kRuns = {
    Run{SDL_SCANCODE_A, KeyCode::kA, 26},
    Run{SDL_SCANCODE_1, KeyCode::k1, 9},
    Run{SDL_SCANCODE_0, KeyCode::k0, 1},
    Run{SDL_SCANCODE_RETURN, KeyCode::kEnter, 1},
    Run{SDL_SCANCODE_ESCAPE, KeyCode::kEscape, 1},
    Run{SDL_SCANCODE_BACKSPACE, KeyCode::kBackspace, 1},
    Run{SDL_SCANCODE_TAB, KeyCode::kTab, 1},
    Run{SDL_SCANCODE_SPACE, KeyCode::kSpace, 1},
    Run{SDL_SCANCODE_MINUS, KeyCode::kMinus, 1},
    Run{SDL_SCANCODE_EQUALS, KeyCode::kEqual, 1},
    Run{SDL_SCANCODE_LEFTBRACKET, KeyCode::kLeftBracket, 1},
    Run{SDL_SCANCODE_RIGHTBRACKET, KeyCode::kRightBracket, 1},
    Run{SDL_SCANCODE_BACKSLASH, KeyCode::kBackslash, 1},
    Run{SDL_SCANCODE_NONUSHASH, KeyCode::kBackslash, 1},  // the same key of a 102-key keyboard
    Run{SDL_SCANCODE_SEMICOLON, KeyCode::kSemicolon, 1},
    Run{SDL_SCANCODE_APOSTROPHE, KeyCode::kApostrophe, 1},
    Run{SDL_SCANCODE_GRAVE, KeyCode::kGrave, 1},
    Run{SDL_SCANCODE_COMMA, KeyCode::kComma, 1},
    Run{SDL_SCANCODE_PERIOD, KeyCode::kPeriod, 1},
    Run{SDL_SCANCODE_SLASH, KeyCode::kSlash, 1},
    Run{SDL_SCANCODE_CAPSLOCK, KeyCode::kCapsLock, 1},
    Run{SDL_SCANCODE_F1, KeyCode::kF1, 12},
    Run{SDL_SCANCODE_PRINTSCREEN, KeyCode::kPrintScreen, 1},
    Run{SDL_SCANCODE_SYSREQ, KeyCode::kPrintScreen, 1},
    Run{SDL_SCANCODE_SCROLLLOCK, KeyCode::kScrollLock, 1},
    Run{SDL_SCANCODE_PAUSE, KeyCode::kPause, 1},
    Run{SDL_SCANCODE_INSERT, KeyCode::kInsert, 1},
    Run{SDL_SCANCODE_HOME, KeyCode::kHome, 1},
    Run{SDL_SCANCODE_PAGEUP, KeyCode::kPageUp, 1},
    Run{SDL_SCANCODE_DELETE, KeyCode::kDelete, 1},
    Run{SDL_SCANCODE_END, KeyCode::kEnd, 1},
    Run{SDL_SCANCODE_PAGEDOWN, KeyCode::kPageDown, 1},
    Run{SDL_SCANCODE_RIGHT, KeyCode::kRight, 1},
    Run{SDL_SCANCODE_LEFT, KeyCode::kLeft, 1},
    Run{SDL_SCANCODE_DOWN, KeyCode::kDown, 1},
    Run{SDL_SCANCODE_UP, KeyCode::kUp, 1},
    Run{SDL_SCANCODE_NUMLOCKCLEAR, KeyCode::kNumLock, 1},
    Run{SDL_SCANCODE_KP_DIVIDE, KeyCode::kKeypadSlash, 1},
    Run{SDL_SCANCODE_KP_MULTIPLY, KeyCode::kKeypadStar, 1},
    Run{SDL_SCANCODE_KP_MINUS, KeyCode::kKeypadMinus, 1},
    Run{SDL_SCANCODE_KP_PLUS, KeyCode::kKeypadPlus, 1},
    Run{SDL_SCANCODE_KP_ENTER, KeyCode::kKeypadEnter, 1},
    Run{SDL_SCANCODE_KP_1, KeyCode::kKeypad1, 9},
    Run{SDL_SCANCODE_KP_0, KeyCode::kKeypad0, 1},
    Run{SDL_SCANCODE_KP_PERIOD, KeyCode::kKeypadPeriod, 1},
    Run{SDL_SCANCODE_NONUSBACKSLASH, KeyCode::kNonUsBackslash, 1},
    Run{SDL_SCANCODE_LCTRL, KeyCode::kLeftControl, 1},
    Run{SDL_SCANCODE_LSHIFT, KeyCode::kLeftShift, 1},
    Run{SDL_SCANCODE_LALT, KeyCode::kLeftAlt, 1},
    Run{SDL_SCANCODE_LGUI, KeyCode::kLeftMeta, 1},
    Run{SDL_SCANCODE_RCTRL, KeyCode::kRightControl, 1},
    Run{SDL_SCANCODE_RSHIFT, KeyCode::kRightShift, 1},
    Run{SDL_SCANCODE_RALT, KeyCode::kRightAlt, 1},
    Run{SDL_SCANCODE_RGUI, KeyCode::kRightMeta, 1},
    Run{SDL_SCANCODE_APPLICATION, KeyCode::kMenu, 1},
    Run{SDL_SCANCODE_MENU, KeyCode::kMenu, 1},
};

}  // namespace

std::optional<KeyCode> key_of_sdl(int scancode) {
  const auto run = std::find_if(kRuns.begin(), kRuns.end(), [scancode](const Run& r) {
    return scancode >= r.first && scancode < r.first + static_cast<int>(r.count);
  });
  if (run == kRuns.end()) return std::nullopt;
  return static_cast<KeyCode>(static_cast<int>(run->key) + scancode - run->first);
}

}  // namespace ice86::display
