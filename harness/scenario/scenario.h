// SPDX-License-Identifier: LGPL-2.1-or-later
// A scenario: what is done to a machine, and what it must show, step by step. Files of them are
// described in docs/scenarios.md; tests build the same structure in C++.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "devices/i8042/key_code.h"
#include "emulator/bus/types.h"
#include "emulator/machine/pc.h"
#include "harness/diff/rules.h"
#include "harness/interrupts/call_filter.h"
#include "harness/scenario/packet_filter.h"

namespace ice86::harness {

// ---- What a step does ----

struct SendSerial {
  std::string text;
};
struct PressKeys {
  // Keys of one stroke are held together: control, alt and delete.
  std::vector<std::vector<devices::KeyCode>> strokes;
};
struct Pause {
  Nanoseconds time = 0;
};

// ---- What a step waits for ----

// Text from COM1, behind what earlier steps matched.
struct ExpectSerial {
  std::string text;
};
// Text on the screen, in one line or over several.
struct ExpectScreen {
  std::string text;
};
// A BIOS interrupt call: its entry, or its return with carry clear or set.
struct ExpectInterrupt : CallFilter {
  std::optional<bool> carry;
};
struct ExpectPost {
  std::uint64_t code = 0;
};
struct ExpectPortWrite {
  std::uint16_t port = 0;
  std::optional<std::uint32_t> value;
};
struct ExpectPacket {
  PacketFilter filter;
};
struct ExpectEnd {
  machine::RunEnd end = machine::RunEnd::kPowerOff;
  std::optional<std::uint8_t> value;  // kDebugExit
};

// ---- What must hold at once, or within the step's time ----

struct CheckMemory {
  Gpa address = 0;
  unsigned width = 1;
  std::uint64_t value = 0;
  std::uint64_t mask = ~std::uint64_t{0};
};
struct CheckRegisters {
  std::map<std::string, std::uint64_t> values;  // "ax", "eip", "cs", ...
};
struct ComparePicture {
  std::filesystem::path file;
  unsigned tolerance = 0;  // of each colour channel, 0 to 255
  double pixels = 0;       // share of the pixels that may differ by more
};
struct CheckDisk {
  unsigned drive = 0;  // 0-3: IDE; 4, 5: diskette
  std::string sha256;  // of the whole medium, what the guest wrote included
};
struct CountPackets {
  PacketFilter filter;
  std::uint64_t least = 1;
  std::optional<std::uint64_t> most;
};

using Action = std::variant<SendSerial, PressKeys, Pause, ExpectSerial, ExpectScreen,
                            ExpectInterrupt, ExpectPost, ExpectPortWrite, ExpectPacket, ExpectEnd,
                            CheckMemory, CheckRegisters, ComparePicture, CheckDisk, CountPackets>;

struct Step {
  Action action;
  std::optional<Nanoseconds> within = std::nullopt;  // virtual; none: Limits::step
  std::string where = {};                            // "grub.toml:12"
  std::string text = {};                             // `screen "GNU GRUB"`
};

// A trace of BIOS calls from an earlier build, or from another emulator.
struct GoldenTrace {
  std::filesystem::path file;
  std::vector<std::uint8_t> vectors;  // to compare; empty: all
  DiffRules rules = default_rules();
  std::string where;
};

// Calls of a BIOS service in which nothing may be wrong any more, instead of steps
// (docs/fuzzing-int13.md).
struct FuzzReplay {
  std::string target = "int13";
  std::optional<unsigned> vector;
  std::string drives = "full";
  std::vector<std::uint8_t> input;
};

struct Limits {
  Nanoseconds step = 60'000'000'000;   // virtual, of a step that does not say
  Nanoseconds time = 600'000'000'000;  // virtual, of the whole
  std::optional<std::uint64_t> instructions;
  Nanoseconds wall = 600'000'000'000;  // on the host's clock: a safeguard, not a measure
};

struct Scenario {
  std::string name;
  std::vector<std::string> tags;
  Limits limits;
  std::vector<Step> steps;
  std::optional<GoldenTrace> trace;
  std::optional<FuzzReplay> fuzz;
};

}  // namespace ice86::harness
