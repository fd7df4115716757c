// SPDX-License-Identifier: LGPL-2.1-or-later
// What comes into the machine from outside: keys, the mouse, serial lines, and the log that lets a
// run be repeated. Every event has the instant at which it reached the machine, so that what
// happens next does not depend on the host's clock. The file format is in docs/display.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "devices/i8042/key_code.h"
#include "devices/i8042/ps2_mouse.h"
#include "emulator/base/result.h"
#include "emulator/bus/types.h"

namespace ice86::machine {

struct KeyInput {
  devices::KeyCode key{};
  bool pressed = false;
  bool operator==(const KeyInput&) const = default;
};

// Right, up and wheel towards the user are positive.
struct MotionInput {
  int dx = 0, dy = 0, wheel = 0;
  bool operator==(const MotionInput&) const = default;
};

struct ButtonInput {
  devices::Ps2Mouse::Button button{};
  bool pressed = false;
  bool operator==(const ButtonInput&) const = default;
};

// Bytes that arrive on COM1 to COM4 (0 to 3), as many as the line took.
struct SerialInput {
  unsigned port = 0;
  std::vector<std::uint8_t> bytes;
  bool operator==(const SerialInput&) const = default;
};

struct BreakInput {
  unsigned port = 0;
  bool operator==(const BreakInput&) const = default;
};

// A frame from outside reaches a network card.
struct FrameInput {
  unsigned card = 0;
  std::vector<std::uint8_t> bytes;
  // 0: by itself; else while the card made its so many-th call of the network (NetworkGate).
  std::uint64_t call = 0;
  bool operator==(const FrameInput&) const = default;
};

// The reset button.
struct ResetInput {
  bool operator==(const ResetInput&) const = default;
};

// The person leaves, and the run ends. Not something the machine sees.
struct EndInput {
  bool operator==(const EndInput&) const = default;
};

// What the recorder saw of the CPU: not something the machine sees, but what a replay is held to.
struct CheckInput {
  std::string cpu;  // SHA-256 of the CPU's state, in hexadecimal
  bool operator==(const CheckInput&) const = default;
};

using Input = std::variant<KeyInput, MotionInput, ButtonInput, EndInput, SerialInput, BreakInput,
                           FrameInput, ResetInput, CheckInput>;

// A point of a run. Both counts only grow; virtual time also passes while the guest is halted.
struct Instant {
  std::uint64_t instructions = 0;
  Nanoseconds time = 0;
  bool operator==(const Instant&) const = default;
};

struct TimedInput {
  Instant at;
  Input input;
  bool operator==(const TimedInput&) const = default;
};

// What a recording's header adds to that of an input log: all that it takes to make the machine
// again, and to know that it is the same.
struct Recording {
  struct File {
    std::string what;    // "firmware seabios", "disk grub.img"
    std::string sha256;  // in hexadecimal
    bool operator==(const File&) const = default;
  };

  std::string version;             // of ice86
  std::string folder;              // what the options' relative paths begin in
  std::vector<std::string> words;  // the machine's options
  std::vector<File> files;
  bool operator==(const Recording&) const = default;
};

struct InputLog {
  std::optional<Recording> recording;
  std::vector<TimedInput> events;  // in the order of time
  bool cut_off = false;            // a recorder died within its last line, which is left out
};

// The first line of an input log, and the line of an event, without line feeds.
std::string input_log_header(const Recording* recording = nullptr);
std::string input_log_line(const TimedInput& input);

// Errors name the line.
Result<InputLog> parse_input_log(std::string_view text);

}  // namespace ice86::machine
