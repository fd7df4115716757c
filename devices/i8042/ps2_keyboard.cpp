// SPDX-License-Identifier: LGPL-2.1-or-later
// PS/2 keyboard: commands, scan code sequences, typematic repeat.
// Reference: IBM PS/2 Hardware Interface Technical Reference, keyboard section.
#include "devices/i8042/ps2_keyboard.h"

#include <fmt/core.h>

#include <utility>

namespace ice86::devices {

namespace {

constexpr std::uint8_t kAck = 0xFA, kResend = 0xFE, kSelfTestPassed = 0xAA, kEcho = 0xEE;
constexpr std::uint8_t kIdLow = 0xAB, kIdHigh = 0x83;

constexpr std::uint8_t kSetIndicators = 0xED, kSelectScanSet = 0xF0, kReadId = 0xF2;
constexpr std::uint8_t kSetTypematic = 0xF3, kEnable = 0xF4, kDefaultDisable = 0xF5;
constexpr std::uint8_t kSetDefault = 0xF6, kAllTypematic = 0xF7, kAllMakeBreak = 0xF8;
constexpr std::uint8_t kAllMake = 0xF9, kAllTypematicMakeBreak = 0xFA, kKeyTypematic = 0xFB;
constexpr std::uint8_t kKeyMakeBreak = 0xFC, kKeyMake = 0xFD, kReset = 0xFF;
constexpr std::uint8_t kFirstCommand = kSetIndicators;

constexpr std::uint8_t kNumLockLed = 0x02;

bool is_cursor_key(KeyCode key) {
  return key >= KeyCode::kInsert && key <= KeyCode::kUp;
}

}  // namespace

Ps2Keyboard::Ps2Keyboard(Clock& clock) : Ps2Keyboard(clock, Config()) {}

Ps2Keyboard::Ps2Keyboard(Clock& clock, Config config)
    : config_(std::move(config)),
      self_test_(clock, config_.name + ".self-test", [this](Nanoseconds) { self_test_done(); }),
      typematic_(clock, config_.name + ".typematic",
                 [this](Nanoseconds deadline) { repeat(deadline); }) {
  set_defaults();
}

// Set 3 has three kinds of keys by default: those that repeat, those whose release counts, and the
// rest.
Ps2Keyboard::KeyType Ps2Keyboard::default_type(KeyCode key) {
  switch (key) {
    case KeyCode::kLeftShift:
    case KeyCode::kRightShift:
    case KeyCode::kLeftControl:
    case KeyCode::kLeftAlt:
    case KeyCode::kCapsLock: return KeyType::kMakeBreak;
    case KeyCode::kEscape: return KeyType::kMake;
    case KeyCode::kDelete:
    case KeyCode::kRight:
    case KeyCode::kLeft:
    case KeyCode::kDown:
    case KeyCode::kUp:
    case KeyCode::kKeypadPlus:
    case KeyCode::kNonUsBackslash: return KeyType::kTypematic;
    default: return key <= KeyCode::kSlash ? KeyType::kTypematic : KeyType::kMake;
  }
}

void Ps2Keyboard::set_defaults() {
  state_.typematic = kDefaultTypematic;
  state_.scan_set = 2;
  state_.keys.clear();
  for (unsigned i = 0; i < kKeyCodes; ++i) state_.types[i] = default_type(static_cast<KeyCode>(i));
  stop_repeat();
}

void Ps2Keyboard::respond(std::initializer_list<std::uint8_t> bytes) {
  for (const std::uint8_t byte : bytes) state_.responses.push(byte);
  output_ready();
}

std::uint8_t Ps2Keyboard::take() {
  if (!has_output()) return state_.last_sent;
  state_.last_sent = state_.responses.size != 0 ? state_.responses.pop() : state_.keys.pop();
  return state_.last_sent;
}

void Ps2Keyboard::receive(std::uint8_t byte) {
  // A command in place of a parameter ends the wait for it. Parameters of the key type commands are
  // set 3 codes, which are all below the commands too.
  if (state_.command != 0 && byte < kFirstCommand) {
    const std::uint8_t waiting = state_.command;
    state_.command = 0;
    parameter(waiting, byte);
  } else {
    state_.command = 0;
    command(byte);
  }
  output_ready();
}

void Ps2Keyboard::command(std::uint8_t byte) {
  if (byte != kResend) state_.responses.clear();
  switch (byte) {
    case kSetIndicators:
    case kSelectScanSet:
    case kSetTypematic:
    case kKeyTypematic:
    case kKeyMakeBreak:
    case kKeyMake:
      state_.command = byte;
      respond({kAck});
      break;
    case kEcho: respond({kEcho}); break;
    case kReadId: respond({kAck, kIdLow, kIdHigh}); break;
    case kEnable:
      state_.keys.clear();
      state_.scanning = true;
      respond({kAck});
      break;
    case kDefaultDisable:
      set_defaults();
      state_.scanning = false;
      respond({kAck});
      break;
    case kSetDefault:
      set_defaults();
      respond({kAck});
      break;
    case kAllTypematic:
    case kAllMakeBreak:
    case kAllMake:
    case kAllTypematicMakeBreak:
      state_.types.fill(static_cast<KeyType>(byte - kAllTypematic));
      state_.keys.clear();
      respond({kAck});
      break;
    case kResend: respond({state_.last_sent}); break;
    case kReset:
      respond({kAck});
      state_.keys.clear();
      state_.self_testing = true;
      state_.leds = 0;
      stop_repeat();
      self_test_.arm_in(config_.self_test_time);
      break;
    default: respond({kResend}); break;
  }
}

void Ps2Keyboard::parameter(std::uint8_t command, std::uint8_t byte) {
  switch (command) {
    case kSetIndicators:
      state_.leds = byte & 0x07;
      respond({kAck});
      break;
    case kSelectScanSet:
      if (byte == 0) {
        respond({kAck, state_.scan_set});
      } else if (byte <= 3) {
        state_.scan_set = byte;
        state_.keys.clear();
        stop_repeat();
        respond({kAck});
      } else {
        respond({kResend});
      }
      break;
    case kSetTypematic:
      state_.typematic = byte & 0x7F;
      respond({kAck});
      break;
    case kKeyTypematic:
    case kKeyMakeBreak:
    case kKeyMake:
      for (unsigned i = 0; i < kKeyCodes; ++i) {
        if (set3_code(static_cast<KeyCode>(i)) == byte) {
          state_.types[i] = static_cast<KeyType>(command - kKeyTypematic);
        }
      }
      // More keys may follow until a command comes.
      state_.command = command;
      respond({kAck});
      break;
    default: break;
  }
}

void Ps2Keyboard::self_test_done() {
  state_.self_testing = false;
  set_defaults();
  state_.scanning = true;
  respond({kSelfTestPassed});
}

// The bytes in set 2. Keys that the 84-key keyboard did not have pretend a shift state in which
// software made for it sees the right code.
std::vector<std::uint8_t> Ps2Keyboard::set2_sequence(KeyCode key, Stroke stroke) const {
  const bool pressed = stroke != Stroke::kBreak;
  const bool left = is_down(KeyCode::kLeftShift), right = is_down(KeyCode::kRightShift);
  const bool shift = left || right;
  const bool control = is_down(KeyCode::kLeftControl) || is_down(KeyCode::kRightControl);
  const bool alt = is_down(KeyCode::kLeftAlt) || is_down(KeyCode::kRightAlt);
  if (key == KeyCode::kPause) {
    // No release code: make and break come together.
    if (!pressed) return {};
    if (control) return {0xE0, 0x7E, 0xE0, 0xF0, 0x7E};
    return {0xE1, 0x14, 0x77, 0xE1, 0xF0, 0x14, 0xF0, 0x77};
  }
  if (key == KeyCode::kPrintScreen) {
    if (alt)
      return pressed ? std::vector<std::uint8_t>{0x84} : std::vector<std::uint8_t>{0xF0, 0x84};
    if (control || shift || stroke == Stroke::kRepeat) {
      return pressed ? std::vector<std::uint8_t>{0xE0, 0x7C}
                     : std::vector<std::uint8_t>{0xE0, 0xF0, 0x7C};
    }
    return pressed ? std::vector<std::uint8_t>{0xE0, 0x12, 0xE0, 0x7C}
                   : std::vector<std::uint8_t>{0xE0, 0xF0, 0x7C, 0xE0, 0xF0, 0x12};
  }
  std::vector<std::uint8_t> bytes;
  const std::uint16_t code = set2_code(key);
  const bool num_lock = (state_.leds & kNumLockLed) != 0;
  // What to pretend before the make and to take back after the break.
  std::vector<std::uint8_t> before, after;
  if ((is_cursor_key(key) && !num_lock && shift) || (key == KeyCode::kKeypadSlash && shift)) {
    if (left)
      before.insert(before.end(), {0xE0, 0xF0, 0x12}), after.insert(after.end(), {0xE0, 0x12});
    if (right)
      before.insert(before.end(), {0xE0, 0xF0, 0x59}), after.insert(after.end(), {0xE0, 0x59});
  } else if (is_cursor_key(key) && num_lock && !shift) {
    before = {0xE0, 0x12};
    after = {0xE0, 0xF0, 0x12};
  }
  if (stroke == Stroke::kMake) bytes = before;
  if (code > 0xFF) bytes.push_back(0xE0);
  if (!pressed) bytes.push_back(0xF0);
  bytes.push_back(static_cast<std::uint8_t>(code));
  if (!pressed) bytes.insert(bytes.end(), after.begin(), after.end());
  return bytes;
}

void Ps2Keyboard::send_key(KeyCode key, Stroke stroke) {
  const bool pressed = stroke != Stroke::kBreak;
  std::vector<std::uint8_t> bytes;
  if (state_.scan_set == 3) {
    const KeyType type = state_.types[static_cast<unsigned>(key)];
    const bool breaks = type == KeyType::kMakeBreak || type == KeyType::kTypematicMakeBreak;
    if (!pressed && !breaks) return;
    if (!pressed) bytes.push_back(0xF0);
    bytes.push_back(set3_code(key));
  } else {
    bytes = set2_sequence(key, stroke);
    if (state_.scan_set == 1) {
      std::vector<std::uint8_t> translated;
      std::uint8_t release = 0;
      for (const std::uint8_t byte : bytes) {
        if (byte == 0xF0) {
          release = 0x80;
        } else {
          translated.push_back(translate_set2_to_set1(byte) | (byte < 0xE0 ? release : 0));
          if (byte < 0xE0) release = 0;
        }
      }
      bytes = std::move(translated);
    }
  }
  if (bytes.empty()) return;
  if (state_.keys.size + bytes.size() > kKeyBuffer) {
    // The overrun code takes the last place; further keys are lost.
    if (state_.keys.size <= kKeyBuffer) {
      const std::uint8_t overrun = state_.scan_set == 1 ? 0xFF : 0x00;
      if (state_.keys.size == 0 || state_.keys.bytes[state_.keys.size - 1U] != overrun) {
        state_.keys.push(overrun);
      }
    }
  } else {
    for (const std::uint8_t byte : bytes) state_.keys.push(byte);
  }
  output_ready();
}

void Ps2Keyboard::key(KeyCode key, bool pressed) {
  bool& down = state_.down.at(static_cast<unsigned>(key));
  if (down == pressed) return;
  down = pressed;
  if (!state_.scanning || state_.self_testing) return;
  send_key(key, pressed ? Stroke::kMake : Stroke::kBreak);
  if (!pressed) {
    if (state_.repeating && state_.repeat_key == key) stop_repeat();
    return;
  }
  stop_repeat();
  if (key == KeyCode::kPause) return;
  if (state_.scan_set == 3) {
    const KeyType type = state_.types[static_cast<unsigned>(key)];
    if (type != KeyType::kTypematic && type != KeyType::kTypematicMakeBreak) return;
  }
  state_.repeating = true;
  state_.repeat_key = key;
  typematic_.arm_in(repeat_delay());
}

void Ps2Keyboard::stop_repeat() {
  state_.repeating = false;
  typematic_.cancel();
}

void Ps2Keyboard::repeat(Nanoseconds deadline) {
  if (!state_.repeating || !state_.scanning) return;
  // A repeat that nobody has fetched is not piled up: the buffer is for keys that were pressed.
  if (state_.keys.size == 0) send_key(state_.repeat_key, Stroke::kRepeat);
  typematic_.arm_at(deadline + repeat_period());
}

Nanoseconds Ps2Keyboard::repeat_delay() const {
  return Nanoseconds{250'000'000} * ((state_.typematic >> 5 & 3U) + 1);
}

// Period in 1/240 s: (8 + A) * 2^B, with A = bits 2-0 and B = bits 4-3.
Nanoseconds Ps2Keyboard::repeat_period() const {
  const Nanoseconds units = Nanoseconds{8U + (state_.typematic & 7U)}
                            << (state_.typematic >> 3 & 3U);
  return units * 1'000'000'000 / 240;
}

void Ps2Keyboard::reset(ResetKind kind) {
  // A keyboard has its own power-on reset and no reset wire. Its power-on self-test is over, and
  // the byte that tells of it lost, before firmware opens the port.
  if (kind != ResetKind::kPowerOn) return;
  self_test_.cancel();
  state_ = {};
  set_defaults();
}

void Ps2Keyboard::serialize(Archive& archive) {
  archive.section(config_.name, 1, [&] {
    archive.io(state_.responses.bytes);
    archive.io(state_.responses.size);
    archive.io(state_.keys.bytes);
    archive.io(state_.keys.size);
    archive.io(state_.down);
    for (KeyType& type : state_.types) archive.io(type, KeyType::kTypematicMakeBreak);
    archive.io(state_.command);
    archive.io(state_.last_sent);
    archive.io(state_.leds);
    archive.io(state_.typematic);
    archive.io(state_.scan_set);
    archive.io(state_.scanning);
    archive.io(state_.self_testing);
    archive.io(state_.repeating);
    archive.io(state_.repeat_key, KeyCode::kMenu);
    if (state_.responses.size > kResponses || state_.keys.size > kKeyBuffer + 1 ||
        state_.scan_set < 1 || state_.scan_set > 3) {
      archive.fail("an impossible queue or scan code set is stored");
      state_ = {};
    }
  });
}

std::string Ps2Keyboard::dump() const {
  std::string text = fmt::format(
      "{}: set {}{}{} leds {:x} typematic {:02x} queued {}+{}, down:", config_.name,
      state_.scan_set, state_.scanning ? "" : " disabled", state_.self_testing ? " self-test" : "",
      state_.leds, state_.typematic, state_.responses.size, state_.keys.size);
  for (unsigned i = 0; i < kKeyCodes; ++i) {
    if (state_.down[i]) text += fmt::format(" {}", name_of(static_cast<KeyCode>(i)));
  }
  return text + "\n";
}

}  // namespace ice86::devices
