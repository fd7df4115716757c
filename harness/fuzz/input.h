// SPDX-License-Identifier: LGPL-2.1-or-later
// What one execution does, as bytes: up to eight steps of 32 bytes (docs/fuzzing-int13.md has the
// table). Any bytes are a valid input, so that every engine may bend them as it likes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/trace/int_event.h"

namespace ice86::harness {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t kStepBytes = 32;
constexpr std::size_t kMostSteps = 8;

// Where a call's memory is. Linear addresses below 64 KiB of the machine that is being fuzzed.
namespace rig {
constexpr std::uint32_t kCode = 0x7c00;                             // where calls come from
constexpr std::uint32_t kStackTop = 0x7000, kStackSize = 0x400;     // of the caller
constexpr std::uint16_t kPacketSegment = 0x0500;                    // DS, with the packet at SI
constexpr std::uint32_t kBuffers = 0x10000, kBuffersEnd = 0x90000;  // ES is in between
}  // namespace rig

struct CallStep {
  Registers in;
  std::array<std::uint8_t, 16> packet;  // at DS:SI
};

struct EventStep {
  std::optional<std::uint8_t> key;  // its number in input::Key; pressed, and released at the end
  bool interrupts = false;          // IF is set, and time passes to the next interrupt
};

struct DiskStep {
  std::uint8_t drive = 0;  // of those the machine has
  std::uint8_t what = 0;   // index in a table of behaviours
  std::uint64_t sector = 0;
  std::uint8_t count = 0, error = 0;
};

struct FuzzStep {
  enum class Kind { kCall, kEvent, kDisk } kind;
  CallStep call;
  EventStep event;
  DiskStep disk;
};

// One more step, the call: with interrupts on, ES at the first place for buffers.
void append_call(Input& input, const Registers& in, std::span<const std::uint8_t, 16> packet);

std::size_t steps_in(std::span<const std::uint8_t> input);
FuzzStep decode_step(std::span<const std::uint8_t> input, std::size_t index);

}  // namespace ice86::harness
