// SPDX-License-Identifier: LGPL-2.1-or-later
// The second engine: blocks that run often become host code (docs/adr/0006-translation.md).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <vector>

#include "cpu/code_cache.h"
#include "cpu/insn.h"
#include "cpu/jit/code_buffer.h"
#include "cpu/jit/host_flags.h"
#include "cpu/jit/translation.h"

namespace ice86::cpu {
class Core;
}

namespace ice86::cpu::jit {

class Emitter;
class Translator;

class Jit {
 public:
  // Whether this build and this host have it.
  static bool available();
  // `hot`: executions before a block is translated.
  Jit(Core& core, std::uint32_t hot);
  static constexpr std::uint32_t kHot = 48;
  ~Jit();
  Jit(const Jit&) = delete;
  Jit& operator=(const Jit&) = delete;

  bool ok() const { return buffer_.ok(); }
  // Runs from the start of `block`, which stands at RIP, and on. False: it is not translated.
  bool run(Block& block, std::uint64_t most);
  // The block is not valid any more.
  void retire(Block& block);
  // Pages that are not global may be others now. False: all jumps must be forgotten.
  bool forget_local();
  // The TLB has another page of code in this slot now (as in Core::filled_).
  void forget_page(std::uint16_t slot);

 private:
  friend class Translator;
  static constexpr std::size_t kJumps = 16384;
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  static std::size_t jump_index(std::uint64_t rip) { return (rip ^ rip >> 12) & (kJumps - 1); }
  static constexpr std::size_t kBufferSize = std::size_t{24} << 20;
  static constexpr std::size_t kMostTranslations = 6;   // of one block
  static constexpr std::uint32_t kNotWorthwhile = ~0U;  // Block::executions: never translated

  // 0: go on behind the instruction, 1: leave translated code; else where to go on.
  struct Answer {
    std::uint64_t where;
    std::int64_t budget;
  };
  void enter(Translation& t, std::uint64_t left);
  void note_jump(const Translation& t);
  // The instruction that executes now, and what the count was when its block began.
  static Insn* begin(Core& core, Translation& from, std::uint32_t index, std::int64_t budget);
  static Answer call_handler(Core* core, Translation* from, std::uint32_t index,
                             std::int64_t budget);
  // The same for IN, which guests that wait do again and again.
  static Answer read_port(Core* core, Translation* from, std::uint32_t index, std::int64_t budget);
  static Answer after_handler(Core& c, Translation& from, std::uint32_t index, Flow flow);
  // A far transfer has been made: the observer sees it. `kind`: FarTransfer, or kInterrupt.
  static Answer show_far(Core* core, Translation* from, std::uint32_t kind, std::int64_t budget);
  static constexpr std::uint32_t kInterrupt = 0x10;
  // RDTSC, `before` instructions before the end of a block that has been paid for.
  static std::uint64_t read_timestamp(Core* core, std::int64_t budget, std::uint32_t before);
  // With the number of an instruction whose handler is called: more of the x87 follow it.
  static constexpr std::uint32_t kLoadX87 = 1u << 31;
  // The same, when it neither reads nor writes the arithmetic flags.
  static constexpr std::uint32_t kKeepsFlags = 1u << 30;
  // With it for read_port(): log2 of the bytes.
  static constexpr unsigned kPortSizeBit = 28;
  // False: it must not be, and the handlers go on.
  bool load_x87();
  void store_x87();
  void make_thunks();
  void make_call(Emitter& e, Answer (*what)(Core*, Translation*, std::uint32_t, std::int64_t),
                 const std::uint8_t* exit_stored);
  void make_timestamp(Emitter& e);
  void make_prepare_sse(Emitter& e);
  void make_beside_code(Emitter& e);
  void make_beside_code(Emitter& e, unsigned part, unsigned bytes);
  std::uint32_t current_context();
  bool stays(const Translation& from);
  void note_far(const Translation& from);
  Translation* find(Block& block, std::uint64_t rip, std::uint32_t context) const;
  Translation* translate(Block& block, std::uint32_t context);
  std::uint64_t rip_of(const Translation& from, std::uint32_t index) const {
    return from.rip + offsets_[from.first_offset + index];
  }
  void link(Edge& edge, Translation& to);
  void unlink(Edge& edge);
  void forget(Translation& translation);
  void flush();
  void write32(std::uint32_t at, std::uint32_t value);

  Core& core_;
  const std::uint32_t hot_;
  CodeBuffer buffer_;
  std::uint64_t epoch_ = 1;
  std::size_t thunks_end_ = 0;
  std::uint64_t limit_ = 0;  // the count at which the budget is used up
  std::vector<Context> contexts_;
  std::unique_ptr<JumpEntry[], Free> jumps_{
      static_cast<JumpEntry*>(std::calloc(kJumps, sizeof(JumpEntry)))};
  // Places in jumps_, of this generation of them.
  struct Places {
    std::uint64_t generation = 0;
    std::vector<std::uint16_t> list;

    std::vector<std::uint16_t>& of(std::uint64_t current) {
      if (generation != current) list.clear();
      generation = current;
      return list;
    }
  };
  // Those of code in pages that are not global.
  static constexpr std::size_t kMostLocal = 1024;
  Places local_jumps_;
  // Those by the slot of the TLB that has their page.
  static constexpr std::size_t kMostOfPage = 4096;
  std::vector<Places> page_jumps_;
  std::uint32_t next_guess_ = 0;
  // What translations have beside their code, until the next flush().
  std::deque<Edge> edges_;
  std::vector<std::uint16_t> offsets_;
  Edge* wanted_ = nullptr;  // the edge that was left last, to be linked
  const HostFlags host_flags_;

  // Thunks.
  using Enter = Edge* (*)(Core*, std::int64_t budget, const std::uint8_t* code);
  Enter enter_ = nullptr;
  const std::uint8_t* exit_ = nullptr;         // R11: the edge
  const std::uint8_t* prepare_sse_ = nullptr;  // ZF: it may not be used; changes R11
  // By rights: from a linear address in R10, its TLB entry in R11 and the page of its last byte in
  // R14 to the host's address in R10. ZF clear: not a store beside code; changes R11 and R14.
  // For stores of up to so many bytes: the stack is often just below the code.
  static constexpr std::array<std::uint8_t, 10> kStoreSizes{1, 2, 4, 6, 8, 12, 16, 24, 32, 64};
  std::array<std::array<const std::uint8_t*, kStoreSizes.size()>, 4> beside_code_{};
  const std::uint8_t* beside_code(unsigned rights, unsigned bytes) const {
    unsigned kind = 0;
    while (kStoreSizes[kind] < bytes) ++kind;
    return beside_code_[rights][kind];
  }
  const std::uint8_t* handler_ = nullptr;    // R14: the translation, R11: the number
  const std::uint8_t* port_ = nullptr;       // the same, when the host's own units are as ever
  const std::uint8_t* far_ = nullptr;        // the same, with show_far()'s kind; does not come back
  const std::uint8_t* timestamp_ = nullptr;  // R11: `before`; changes the flags and XMM registers
};

}  // namespace ice86::cpu::jit
