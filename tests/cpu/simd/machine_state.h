// SPDX-License-Identifier: LGPL-2.1-or-later
// What an instruction works on in these tests, and what it leaves behind: the same for the host's
// CPU and the interpreter.
#pragma once

#include <array>
#include <cstdint>

namespace ice86::cpu::test {

// Bytes of memory around the operand, and where in them the operand begins (plus a misalignment).
constexpr unsigned kOperandArea = 96, kOperandAt = 32;
// Registers as instructions number them; RSP stays the runner's own, RDI points to the operand.
constexpr unsigned kGprs = 16;

struct MachineState {
  std::array<std::uint64_t, kGprs> gpr{};
  std::uint32_t flags = 0;  // the arithmetic ones
  std::uint32_t mxcsr = 0x1f80;
  std::array<std::array<std::uint64_t, 4>, 16> ymm{};
  std::array<std::uint64_t, 8> significand{};  // physical x87 registers
  std::array<std::uint16_t, 8> sign_exponent{};
  std::uint16_t fcw = 0x37f, fsw = 0;
  std::uint8_t x87_empty = 0xff;
  alignas(16) std::array<std::uint8_t, kOperandArea> memory{};
};

struct Outcome {
  MachineState state;
  int exception = -1;  // the vector; -1: none
};

// An instruction whose memory operand, if any, is [rDI].
struct Code {
  std::array<std::uint8_t, 15> bytes{};
  std::uint8_t length = 0;
  unsigned misalignment = 0;  // of RDI
};

}  // namespace ice86::cpu::test
