// SPDX-License-Identifier: LGPL-2.1-or-later
// A few generated instructions with their inputs, and what executing them gave. Shared with a child
// process, so plain data only.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

namespace ice86::cpu::test {

// The data page of a snippet; every access beyond it faults.
constexpr std::uint32_t kDataBytes = 0x1000;
// A batch lies in one code segment (32-bit mode), in one for each 64 KiB (16-bit mode), or in flat
// memory (64-bit mode), each snippet in the middle of its own stretch of INT3, so that near jumps
// land on one.
constexpr std::uint32_t kStride = 512;
constexpr std::uint32_t kSnippetAt = 256;
constexpr std::uint32_t kCodeBytes = 1 << 20;
constexpr std::uint32_t kBatch = kCodeBytes / kStride;
constexpr std::uint32_t kCodeSegment16 = 0x10000;
constexpr unsigned kMostBytes = 64, kMostInstructions = 4;
// Linear addresses of the native run; those of the emulated 64-bit run, too.
constexpr std::uint64_t kCodeLinear = 0x20000000, kDataLinear = 0x21000000;

// The local descriptor table of both runs. Offsets of expand-down segments that are valid lie in
// the data page, too.
struct LdtEntry {
  enum Kind : std::uint8_t { kNone, kData, kReadOnly, kExpandDown, kCode, kExecuteOnly } kind;
  bool is_32bit;
  bool present;
  bool in_pages;        // granularity of the limit
  bool of_code;         // `offset` counts from the code, else from the data page
  std::int32_t offset;  // of the base
  std::uint32_t limit;  // as the descriptor has it
};
constexpr unsigned kCode32Entry = kCodeBytes / kCodeSegment16, kData16Entry = kCode32Entry + 1,
                   kData32Entry = kData16Entry + 1, kLdtEntries = kData32Entry + 10;
constexpr LdtEntry ldt_entry(unsigned number) {
  if (number < kCode32Entry)
    return {LdtEntry::kCode,
            false,
            true,
            false,
            true,
            static_cast<std::int32_t>(number * kCodeSegment16),
            kCodeSegment16 - 1};
  switch (number) {
    case kCode32Entry: return {LdtEntry::kCode, true, true, false, true, 0, kCodeBytes - 1};
    case kData16Entry: return {LdtEntry::kData, false, true, false, false, 0, kDataBytes - 1};
    case kData32Entry: return {LdtEntry::kData, true, true, false, false, 0, kDataBytes - 1};
    case kData32Entry + 1:
      return {LdtEntry::kReadOnly, true, true, false, false, 0, kDataBytes - 1};
    case kData32Entry + 2:
      return {LdtEntry::kExpandDown,
              false,
              true,
              false,
              false,
              static_cast<std::int32_t>(kDataBytes) - 0x10000,
              0xffff - kDataBytes};
    case kData32Entry + 3:
      return {LdtEntry::kExpandDown,        true, true, true, false, kDataBytes,
              0xfffff - kDataBytes / 0x1000};
    case kData32Entry + 4:
      return {LdtEntry::kExecuteOnly, true, true, false, true, 0, kCodeBytes - 1};
    case kData32Entry + 5: return {LdtEntry::kData, true, false, false, false, 0, kDataBytes - 1};
    case kData32Entry + 6: return {LdtEntry::kCode, true, false, false, true, 0, kCodeBytes - 1};
    case kData32Entry + 7: return {LdtEntry::kData, false, true, false, false, 0x100, 0x7e};
    case kData32Entry + 9: return {LdtEntry::kData, true, true, true, false, 0, 0};
    default: return {LdtEntry::kNone, false, false, false, false, 0, 0};
  }
}
constexpr std::uint16_t ldt_selector(unsigned entry) {
  return static_cast<std::uint16_t>(entry * 8 + 7);
}

// The kernel's selectors of 64-bit user code (Linux arch/x86/include/asm/segment.h).
constexpr std::uint16_t kUserCs64 = 0x33, kUserSs64 = 0x2b;
// Segment registers in their encoding's order: ES CS SS DS FS GS.
using Selectors = std::array<std::uint16_t, 6>;

// What memory holds at a place instead of the random fill.
struct Poke {
  std::uint16_t offset;
  std::uint8_t bytes;  // 0: nothing
  std::uint64_t value;
};

// What vendors do in different order when an instruction faults, so that it is not compared.
enum Open : std::uint8_t {
  kOpenMemory = 1 << 0,     // what it stores may be stored before the fault
  kOpenX87 = 1 << 1,        // the x87 unit may be MMX registers before the fault
  kOpenNumeric = 1 << 2,    // an unmasked x87 exception may come first: no store, no fault
  kOpenBoundRange = 1 << 3  // #BR may come first
};

struct Snippet {
  std::uint64_t data_seed;
  std::uint64_t fx_seed;  // 0: x87 and SSE state is neither set nor compared
  std::uint64_t gpr[16];
  Selectors selectors;  // CS follows from mode and place; 64-bit code has no others
  Poke pokes[3];
  std::uint32_t flags;
  std::uint32_t undefined;  // flags not compared after the last instruction
  std::uint32_t undefined_before[kMostInstructions];  // when it stops at one of them
  std::uint8_t starts[kMostInstructions];
  std::uint8_t open[kMostInstructions];  // Open, of a fault at that instruction
  std::uint8_t count;
  std::uint32_t
      place;  // in the batch's code: its index modulo kBatch, so that a replay lies there, too
  std::uint8_t bits;
  std::uint8_t bytes[kMostBytes];
  std::uint8_t length;
  bool partial;                 // after a stack fault the registers are not compared
  std::uint16_t undefined_fsw;  // bits of the x87 status word not compared
  bool either_fault;            // #SS and #GP are as good as each other
  bool any_order;               // the same, but AMD Zen's order is known
  bool any_operand;             // of two memory operands either may fault first

  // What is open when it ended at `end`; traps end behind their instruction.
  unsigned open_at(std::uint64_t end) const {
    for (unsigned i = 0; i < count; ++i) {
      if (end - rip() == starts[i]) return open[i];
    }
    return 0;
  }

  std::uint32_t at() const { return place * kStride + kSnippetAt; }
  // Flags not compared when it ended at `end` with that vector (a jump may come from any of the
  // instructions).
  std::uint32_t undefined_at(std::uint64_t end, std::uint32_t vector) const {
    const bool trap = vector == 1 || vector == 3 || vector == 4;
    const std::uint64_t from_start = end - rip();
    std::uint32_t all = undefined;
    for (unsigned i = 0; i < count; ++i) {
      if (!trap && from_start == starts[i]) return undefined_before[i];
      all |= undefined_before[i];
    }
    return from_start == length + 1U ? undefined : all;
  }
  std::uint64_t rip() const {
    return bits == 64 ? kCodeLinear + at() : bits == 32 ? at() : at() % kCodeSegment16;
  }
};

// As FXSAVE stores it in 64-bit mode (SDM vol. 2A, FXSAVE).
struct alignas(16) FxImage {
  std::uint16_t fcw, fsw;
  std::uint8_t ftw, reserved1;
  std::uint16_t fop;
  std::uint64_t fip, fdp;
  std::uint32_t mxcsr, mxcsr_mask;
  std::uint64_t st[8][2];
  std::uint64_t xmm[16][2];
  std::uint64_t reserved2[12];
};
static_assert(sizeof(FxImage) == 512);

struct Outcome {
  std::uint64_t gpr[16];
  std::uint64_t rip;
  std::uint64_t cr2;  // of a page fault
  std::uint64_t data_hash;
  Selectors selectors;
  std::uint32_t flags;
  std::uint32_t vector;
  std::uint32_t error;
  FxImage fx;
};

inline std::uint64_t next_random(std::uint64_t& state) {  // xorshift64*
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545f4914f6cdd1dULL;
}

inline void fill_data(const Snippet& snippet, void* page) {
  auto* words = static_cast<std::uint64_t*>(page);
  std::uint64_t state = snippet.data_seed | 1;
  for (std::uint32_t i = 0; i < kDataBytes / 8; ++i) words[i] = next_random(state);
  for (unsigned n = sizeof snippet.pokes / sizeof *snippet.pokes; n-- > 0;) {  // the first wins
    const Poke& poke = snippet.pokes[n];
    for (unsigned i = 0; i < poke.bytes; ++i) {
      static_cast<std::uint8_t*>(page)[(poke.offset + i) % kDataBytes] =
          static_cast<std::uint8_t>(poke.value >> (8 * i));
    }
  }
}

// An 80-bit value of one of the classes of SDM vol. 1 table 4-10, or one that none of them allows.
inline void random_x87(std::uint64_t& state, std::uint64_t* value) {
  constexpr std::uint64_t kInteger = 1ULL << 63;
  std::uint64_t significand = next_random(state) | kInteger;
  const std::uint64_t choice = next_random(state) >> 32;
  std::uint64_t exponent = 0x3fff - 40 + choice % 80;
  switch (choice >> 8 & 31) {
    case 0: exponent = significand = 0; break;
    case 1: exponent = 0, significand &= ~kInteger; break;           // denormal
    case 2: exponent = 0; break;                                     // pseudo-denormal
    case 3: exponent = 0x7fff, significand = kInteger; break;        // infinity
    case 4: exponent = 0x7fff, significand |= 1ULL << 62; break;     // quiet NaN
    case 5: exponent = 0x7fff, significand &= ~(1ULL << 62); break;  // signalling NaN
    case 6: exponent = 0x7fff, significand &= ~kInteger; break;      // pseudo-NaN
    case 7: significand &= ~kInteger; break;                         // unnormal
    case 8: exponent = choice >> 16 & 0x7fff; break;
    case 9: exponent = 1 + (choice >> 16 & 3); break;
    case 10: exponent = 0x7ffe - (choice >> 16 & 3); break;
    case 11:
    case 12:
    case 13:
    case 14:
    case 15:  // small integers
      exponent = 0x3fff + (choice >> 16 & 7), significand &= 0xff00000000000000;
      break;
    case 16: exponent = 0x3fff, significand = kInteger; break;  // 1
    default: break;
  }
  value[0] = significand;
  value[1] = exponent | (choice >> 31 & 1) << 15;
}

// 64 bits of an XMM register: integers, or numbers of single or double precision of any class.
inline std::uint64_t random_lane(std::uint64_t& state) {
  const std::uint64_t value = next_random(state), choice = next_random(state) >> 32;
  const auto single = [](std::uint32_t bits, std::uint64_t kind) -> std::uint64_t {
    const std::uint32_t sign = bits & 0x80000000;
    switch (kind & 15) {
      case 0: return sign;
      case 1: return sign | (bits & 0x7fffff);                 // denormal
      case 2: return sign | 0x7f800000;                        // infinity
      case 3: return bits | 0x7fc00000;                        // quiet NaN
      case 4: return sign | 0x7f800001 | (bits & 0x3fffff);    // signalling NaN
      case 5: return sign | 0x00800000 | (bits & 0x01ffffff);  // small
      case 6: return sign | 0x7e000000 | (bits & 0x017fffff);
      case 7: return sign | 0x3f800000;
      default: return (bits & 0x83ffffff) | 0x3c000000;  // near 1
    }
  };
  const std::uint64_t sign = value & 1ULL << 63;
  switch (choice & 7) {
    case 0: return value;
    case 1:
    case 2:
    case 3:
      return single(static_cast<std::uint32_t>(value), choice >> 8) |
             single(static_cast<std::uint32_t>(value >> 32), choice >> 12) << 32;
    default: break;
  }
  switch (choice >> 8 & 15) {
    case 0: return sign;
    case 1: return value & 0x800fffffffffffff;
    case 2: return sign | 0x7ff0000000000000;
    case 3: return value | 0x7ff8000000000000;
    case 4: return sign | 0x7ff0000000000001 | (value & 0x0007ffffffffffff);
    case 5: return sign | 0x0010000000000000 | (value & 0x003fffffffffffff);
    case 6: return sign | 0x7fc0000000000000 | (value & 0x002fffffffffffff);
    case 7: return sign | 0x3ff0000000000000;
    case 8: return sign | 0x41d0000000000000 | (value & 0x003fffffffffffff);  // about 2^31
    case 9: return sign | 0x43d0000000000000 | (value & 0x003fffffffffffff);  // about 2^63
    default: return (value & 0x807fffffffffffff) | 0x3f80000000000000;
  }
}

inline void fill_fx(std::uint64_t seed, FxImage& image) {
  std::uint64_t state = seed | 1;
  std::memset(static_cast<void*>(&image), 0, sizeof image);
  const std::uint64_t choice = next_random(state) >> 8;
  // Mostly all exceptions masked and none pending; rounding and precision as they come.
  image.fcw = static_cast<std::uint16_t>(0x40 | (choice & 0xf00) |
                                         ((choice >> 12 & 7) == 0 ? choice >> 16 & 0x3f : 0x3f));
  image.fsw = static_cast<std::uint16_t>(choice >> 22 & 0x7f00);
  if ((choice >> 40 & 7) == 0) image.fsw |= static_cast<std::uint16_t>(choice >> 44 & 0x7f);
  // ES and B say that an unmasked exception is pending.
  if ((image.fsw & ~image.fcw & 0x3f) != 0) image.fsw |= 0x8080;
  image.ftw = static_cast<std::uint8_t>((next_random(state) >> 32) | (next_random(state) >> 32) |
                                        (next_random(state) >> 32));
  const std::uint64_t control = next_random(state) >> 8;
  image.mxcsr = static_cast<std::uint32_t>(((control & 7) == 0 ? control >> 8 & 0x1f80 : 0x1f80) |
                                           (control >> 24 & 0x6000) |
                                           ((control >> 40 & 3) == 0 ? control >> 42 & 0x8040 : 0) |
                                           ((control >> 58 & 3) == 0 ? control >> 30 & 0x3f : 0));
  for (auto& value : image.st) random_x87(state, value);
  for (auto& value : image.xmm) {
    for (std::uint64_t& lane : value) lane = random_lane(state);
  }
}

inline std::uint64_t hash_data(const void* page) {
  const auto* words = static_cast<const std::uint64_t*>(page);
  std::uint64_t hash[4] = {1, 2, 3, 4};  // four chains: one would wait for its multiplications
  for (std::uint32_t i = 0; i < kDataBytes / 8; ++i) {
    hash[i & 3] = (hash[i & 3] ^ words[i]) * 0x9e3779b97f4a7c15ULL;
    hash[i & 3] ^= hash[i & 3] >> 29;
  }
  return hash[0] ^ hash[1] * 3 ^ hash[2] * 5 ^ hash[3] * 7;
}

}  // namespace ice86::cpu::test
