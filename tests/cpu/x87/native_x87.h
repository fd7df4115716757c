// SPDX-License-Identifier: LGPL-2.1-or-later
// Executes x87 instructions on the host CPU from a given state: the oracle.
#pragma once

#include <cstdint>
#include <vector>

namespace ice86::cpu::test {

// The 64-bit FXSAVE image.
struct alignas(16) FxImage {
  std::uint16_t control = 0x037f, status = 0;
  std::uint8_t valid = 0, reserved = 0;
  std::uint16_t opcode = 0;
  std::uint64_t instruction_pointer = 0, data_pointer = 0;
  std::uint32_t mxcsr = 0x1f80, mxcsr_mask = 0;
  struct Register {
    std::uint64_t significand = 0;
    std::uint16_t sign_exponent = 0;
    std::uint8_t reserved[6] = {};
  } st[8];  // ST(0) first
  std::uint8_t xmm[16 * 16] = {};
  std::uint8_t rest[96] = {};
};
static_assert(sizeof(FxImage) == 512);

class NativeX87 {
 public:
  NativeX87();
  ~NativeX87();
  NativeX87(const NativeX87&) = delete;
  NativeX87& operator=(const NativeX87&) = delete;

  // Makes the instruction callable; its memory operand is [rsi]. Returns its number.
  unsigned add(const std::vector<std::uint8_t>& instruction);
  struct Result {
    std::uint64_t rax, flags;
  };
  // The state must have no pending exception if the instruction waits.
  Result run(unsigned number, FxImage& state, void* operand, std::uint64_t flags);

 private:
  static constexpr unsigned kSlot = 64, kSlots = 1024;
  std::uint8_t* code_;
  unsigned used_ = 0;
};

}  // namespace ice86::cpu::test
