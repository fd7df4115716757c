// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cpu/jit/host_flags.h"

#include <cstdint>

#include "cpu/state.h"

namespace ice86::cpu::jit {

namespace {

constexpr std::uint64_t kMask = flag::kArithmetic;

// The arithmetic flags after an instruction on RAX = a, RCX = b, with `before` set. The compiler
// may have data within 128 bytes below the stack pointer.
#define ICE86_FLAGS_AFTER(instruction)                                                   \
  [](std::uint64_t a, std::uint64_t b, std::uint64_t before) {                           \
    std::uint64_t after = 0, d = 0;                                                      \
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\tpush %[before]\n\tpopfq\n\t" instruction \
                     "\n\tpushfq\n\tpop %[after]\n\tlea 128(%%rsp), %%rsp"               \
                     : [after] "=&r"(after), "+a"(a), "+d"(d)                            \
                     : [before] "r"(before), "c"(b)                                      \
                     : "cc", "memory");                                                  \
    return after & kMask;                                                                \
  }

HostFlags probe() {
  constexpr std::uint64_t kSzap = flag::kSf | flag::kZf | flag::kAf | flag::kPf;
  constexpr std::uint64_t kCarryOverflow = flag::kCf | flag::kOf;
  const auto multiply = ICE86_FLAGS_AFTER("mull %%ecx");
  const auto multiply_signed = ICE86_FLAGS_AFTER("imull %%ecx, %%eax");
  const auto shift_left = ICE86_FLAGS_AFTER("shll %%cl, %%eax");
  const auto shift_right = ICE86_FLAGS_AFTER("shrl %%cl, %%eax");
  const auto shift_signed = ICE86_FLAGS_AFTER("sarl $3, %%eax");
  const auto rotate = ICE86_FLAGS_AFTER("roll %%cl, %%eax");
  const auto logic = ICE86_FLAGS_AFTER("andl %%ecx, %%eax");
  const auto test_bit = ICE86_FLAGS_AFTER("btl %%ecx, %%eax");
  const auto scan = ICE86_FLAGS_AFTER("bsfl %%ecx, %%eax");
  const auto double_shift = ICE86_FLAGS_AFTER("shldl $3, %%eax, %%edx");
  HostFlags f;
  f.logic = f.shift_sets_aux = f.shift_clears_aux = f.last_step = true;
  f.multiply = f.bit_test = f.bit_scan = true;
  for (const std::uint64_t before : {std::uint64_t{0}, kMask}) {
    f.multiply = f.multiply && (multiply(3, 5, before) & kSzap) == (before & kSzap) &&
                 (multiply_signed(3, 5, before) & kSzap) == (before & kSzap);
    // 40000000 << 2: the bit moved out last is 1, and the result is 0.
    f.last_step = f.last_step &&
                  (shift_left(0x40000000, 2, before) & kCarryOverflow) == kCarryOverflow &&
                  (shift_left(0x10000000, 3, before) & kCarryOverflow) == flag::kOf &&
                  (shift_right(0x80000000, 31, before) & kCarryOverflow) == 0 &&
                  (rotate(0x40000000, 2, before) & kCarryOverflow) == kCarryOverflow;
    for (const std::uint64_t after :
         {shift_left(0x40000000, 2, before), shift_right(0x80000000, 31, before),
          shift_left(1, 1, before), shift_signed(77, 0, before), double_shift(0, 0, before)}) {
      f.shift_sets_aux = f.shift_sets_aux && (after & flag::kAf) != 0;
      f.shift_clears_aux = f.shift_clears_aux && (after & flag::kAf) == 0;
    }
    f.logic = f.logic && (logic(0xff, 0x0f, before) & flag::kAf) == 0;
    f.bit_test =
        f.bit_test && test_bit(2, 1, before) == ((before & ~std::uint64_t{flag::kCf}) | flag::kCf);
    f.bit_scan = f.bit_scan && scan(7, 4, before) == (before & ~std::uint64_t{flag::kZf});
  }
  return f;
}

#undef ICE86_FLAGS_AFTER

}  // namespace

HostFlags host_flags() {
  return probe();
}

}  // namespace ice86::cpu::jit
