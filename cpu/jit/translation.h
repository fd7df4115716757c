// SPDX-License-Identifier: LGPL-2.1-or-later
// Translated blocks and what translated code and the rest of the CPU share.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace ice86::cpu {
struct Block;
}  // namespace ice86::cpu

namespace ice86::cpu::jit {

struct Translation;

// What code is translated for besides its bytes. Blocks are told apart by mode alone: one block
// may have several translations.
struct Context {
  std::uint64_t cs_base = 0;
  std::uint64_t cs_limit = 0;
  std::uint8_t mode = 0;        // 0: 16-bit code, 1: 32-bit, 2: 64-bit
  bool real = false;            // real mode, and CS was loaded there
  bool watched = false;         // that, and somebody sees its far transfers
  std::uint8_t stack = 0;       // SP, ESP or RSP: 2, 4, 8 bytes
  std::uint8_t rights = 0;      // Rights
  std::uint8_t flat_read = 0;   // a bit for each segment register: base 0, and 4 GiB may be read
  std::uint8_t flat_write = 0;  // or written

  bool operator==(const Context&) const = default;
};

// A way out of a translation to a known place in the same page. Linked, it is
//   sub budget, cost; js cold; jmp body of the target
// and until then the jump goes to `cold`, too. The cost is the target's count, less what was paid
// for instructions of this block that are jumped over.
// Where things stand in the code is counted from the start of the code buffer.
struct Edge {
  Translation* from = nullptr;
  Translation* to = nullptr;
  Edge* next_to = nullptr;   // another one that is linked to `to`
  std::uint64_t target = 0;  // RIP
  std::uint32_t cost_at = 0;
  std::uint32_t jump_at = 0;  // 0: it is never linked
  std::uint32_t cold = 0;
  std::uint16_t refund = 0;
  bool to_scratch = false;  // not linked: the target is in Area::scratch
};
static_assert(sizeof(Edge) == 48);  // there are three for a block

struct Translation {
  std::unique_ptr<Translation> next;  // of the same block
  Block* block = nullptr;
  std::uint64_t rip = 0;  // of its first instruction
  std::uint32_t context = 0;
  std::uint32_t count = 0;              // instructions
  std::uint64_t epoch = 0;              // of the code buffer
  const std::uint8_t* entry = nullptr;  // takes the count off the budget first
  const std::uint8_t* body = nullptr;
  std::uint32_t first_offset = 0;  // in Jit::offsets_: of each instruction
  std::uint32_t first_edge = 0;    // in Jit::edges_
  std::uint32_t end_edge = 0;
  Edge* incoming = nullptr;  // the first that is linked to this one
};

// Where indirect jumps find their target. All zero there is none: generations begin with 1.
struct JumpEntry {
  std::uint64_t rip;
  const std::uint8_t* code;
  std::uint64_t generation;
  std::uint32_t context;
  std::uint32_t padding;
};
static_assert(sizeof(JumpEntry) == 32 && std::is_trivial_v<JumpEntry>);

// To which context a load of CS leads in real mode.
struct FarContext {
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  static constexpr std::uint32_t kMost = 256;
  static constexpr std::uint32_t key_of(std::uint32_t from, std::uint16_t selector) {
    return from << 16 | selector;
  }
  static constexpr std::uint32_t place_of(std::uint16_t selector) {
    return (selector ^ selector >> 8) & (kMost - 1);
  }

  std::uint32_t key = kNone;
  std::uint32_t context = 0;
};

// Where a block's address stands in a map of edges: two places, taken together, make one counter.
constexpr std::uint32_t edge_place(std::uint64_t linear, unsigned bits) {
  return static_cast<std::uint32_t>(linear) * 0x9e3779b1U >> (32 - bits);
}

// The part of Core that only translated code uses.
struct Area {
  JumpEntry* jumps = nullptr;
  // Jumps are known to the current one alone; a new one forgets them all.
  std::uint64_t jump_generation = 1;
  std::uint64_t scratch = 0;
  // A repeated string instruction: where the host has what RSI and RDI point to, and RCX.
  std::uint64_t string_source = 0;
  std::uint64_t string_target = 0;
  std::uint64_t string_counter = 0;
  std::uint64_t budget = 0;
  // What the code that runs was translated for; not up to date while Core::context_changed is set.
  std::uint32_t context = 0;
  // Where the host has what lies at offset 0, if that were in the same page as what a block
  // accesses near each other (emit_near.cpp); 0: that is not known.
  static constexpr unsigned kRanges = 16;
  std::array<std::uint64_t, kRanges> ranges{};
  std::uint64_t range_offset = 0;
  // A far transfer on its way: where it goes, and what has been found there.
  std::uint16_t far_ip = 0;
  std::uint16_t far_selector = 0;
  std::uint32_t far_context = 0;
  std::uint32_t far_flags = 0;
  const std::uint8_t* far_code = nullptr;
  // The same of one that is watched: its target, and of an interrupt the flags and CS on its frame.
  std::uint64_t far_rip = 0;
  std::uint32_t far_old_flags = 0;
  std::uint16_t far_old_selector = 0;
  std::array<FarContext, FarContext::kMost> far_contexts{};
  // The arithmetic flags while translated code runs: OF in bit 0, bits 15:8 as LAHF has them.
  std::uint16_t flags = 0;
  // The host has the guest's MXCSR, all its exceptions are masked, and SSE may be used.
  std::uint8_t sse_ready = 0;  // this one and the next are looked at together
  // The host has the guest's x87 state, all its exceptions are masked, and it may be used.
  std::uint8_t x87_ready = 0;
  std::uint32_t host_mxcsr = 0x1f80;
  // Guesses which TLB entry an access will find (offsets from the first): that of the stack, and
  // those of accesses in loops. An entry says by its tag whether it is the one.
  static constexpr std::size_t kGuesses = 4096;
  std::uint32_t stack_guess = 0;
  std::array<std::uint32_t, kGuesses> guesses{};
  // Cpu::set_edge_map, for both engines.
  std::uint8_t* edge_map = nullptr;
  std::uint8_t* compare_map = nullptr;
  std::uint32_t edge_from = 0;
};

}  // namespace ice86::cpu::jit
