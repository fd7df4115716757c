// SPDX-License-Identifier: LGPL-2.1-or-later
// One generated instruction with its inputs, and what executing it gave. Shared with a child
// process, so plain data only.
#pragma once

#include <cstdint>

namespace ice86::cpu::test {

// The data segment (DS, ES and SS) of a snippet; every access beyond it faults.
constexpr std::uint32_t kDataBytes = 0x1000;
// A batch lies in one code segment (32-bit mode) or in one for each 64 KiB (16-bit mode), each
// snippet in the middle of its own stretch of INT3, so that near jumps land on one.
constexpr std::uint32_t kStride = 512;
constexpr std::uint32_t kSnippetAt = 256;
constexpr std::uint32_t kCodeBytes = 1 << 20;
constexpr std::uint32_t kBatch = kCodeBytes / kStride;
constexpr std::uint32_t kCodeSegment16 = 0x10000;

struct Snippet {
  std::uint64_t data_seed;
  std::uint32_t gpr[8];
  std::uint32_t flags;
  std::uint32_t undefined;  // flags not compared
  std::uint32_t
      place;  // in the batch's code: its index modulo kBatch, so that a replay lies there, too
  std::uint8_t bytes[16];
  std::uint8_t length;
  bool partial;  // after a stack fault the registers are not compared
};

struct Outcome {
  std::uint32_t gpr[8];
  std::uint32_t eip;
  std::uint32_t flags;
  std::uint32_t vector;
  std::uint32_t error;
  std::uint64_t data_hash;
};

inline std::uint64_t next_random(std::uint64_t& state) {  // xorshift64*
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545f4914f6cdd1dULL;
}

inline void fill_data(std::uint64_t seed, std::uint64_t* words) {
  std::uint64_t state = seed | 1;
  for (std::uint32_t i = 0; i < kDataBytes / 8; ++i) words[i] = next_random(state);
}

inline std::uint64_t hash_data(const std::uint64_t* words) {
  std::uint64_t hash[4] = {1, 2, 3, 4};  // four chains: one would wait for its multiplications
  for (std::uint32_t i = 0; i < kDataBytes / 8; ++i) {
    hash[i & 3] = (hash[i & 3] ^ words[i]) * 0x9e3779b97f4a7c15ULL;
    hash[i & 3] ^= hash[i & 3] >> 29;
  }
  return hash[0] ^ hash[1] * 3 ^ hash[2] * 5 ^ hash[3] * 7;
}

}  // namespace ice86::cpu::test
