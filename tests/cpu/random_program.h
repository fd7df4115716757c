// SPDX-License-Identifier: LGPL-2.1-or-later
// Random programs that go on for ever: loops, calls, jumps through tables, stores into their own
// code, faults and interrupts that come back. What no compiler writes, but a translator must get
// right.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "tests/cpu/support/flat_host.h"

namespace ice86::cpu::test {

enum class ProgramMode { kReal16, kFlat32, kSmall32, kPaged32, kLong64 };

class RandomProgram {
 public:
  static constexpr std::uint64_t kMemory = 0x100000;

  RandomProgram(std::uint64_t seed, ProgramMode mode);
  // Puts the program into the machine's memory and its CPU before the first instruction.
  void load(FlatHost& host) const;

 private:
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
  bool one_in(std::uint32_t n) { return below(n) == 0; }
  void byte(unsigned value) { code_.push_back(static_cast<std::uint8_t>(value)); }
  void word(unsigned value) { byte(value), byte(value >> 8); }
  void dword(std::uint32_t value) { word(value), word(value >> 16); }
  void address(std::uint32_t value) { mode_ == ProgramMode::kReal16 ? word(value) : dword(value); }
  void absolute(unsigned reg, std::uint32_t at);
  void modrm(bool memory_only = false, bool register_only = false);
  void prefixes(bool sizes = true);
  void immediate(unsigned size);
  void jump(unsigned opcode, std::size_t target);
  void instruction();
  void general();
  void stack();
  void string();
  void sse();
  void x87();
  void segments();
  void system();
  void change_code();
  void straight(unsigned count);
  void chunk();
  std::uint32_t data_address();

  std::mt19937_64 random_;
  const ProgramMode mode_;
  std::vector<std::uint8_t> code_;
  std::vector<std::size_t> chunks_, leaves_;
  std::vector<std::size_t> immediates_;  // offsets of bytes that may be changed
  std::size_t far_leaf_ = 0;
  std::size_t next_ = 0;
  unsigned loops_ = 0;
  unsigned operand_ = 0;  // of the instruction that is written, in bytes
  std::uint64_t state_seed_ = 0;
};

}  // namespace ice86::cpu::test
