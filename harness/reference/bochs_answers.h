// SPDX-License-Identifier: LGPL-2.1-or-later
// What the Bochs debugger answers, as values. Everything is checked: a Bochs of another version
// gives an empty result, never a wrong one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cpu/state.h"

namespace ice86::harness {

// The answer to "c".
struct BochsStop {
  std::uint64_t ticks = 0;                  // "Next at t="
  std::optional<std::uint64_t> watched;     // a read watch point: its address
  std::optional<std::uint64_t> breakpoint;  // a breakpoint: its number
  bool out_of_time = false;                 // a time breakpoint
};
std::optional<BochsStop> parse_stop(std::string_view answer);

// The instruction at which Bochs gave up: "(0).[ticks] [address] ...", its last output.
std::optional<std::uint64_t> parse_end(std::string_view output);

// The answers to "r" and "sreg", into the general registers, RIP, the flags and the six selectors
// and bases. CR0 keeps PE clear when CS and SS are what they are in real mode (base = selector *
// 16), and gets it otherwise.
bool parse_registers(std::string_view answer, cpu::State& state);

// The answer to "print-stack 4" with a 16-bit stack: the words from SP up.
std::optional<std::array<std::uint16_t, 4>> parse_stack(std::string_view answer);

// The answer to "x /Nbx": N bytes.
std::optional<std::vector<std::uint8_t>> parse_bytes(std::string_view answer, std::size_t count);

}  // namespace ice86::harness
