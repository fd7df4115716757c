// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes host code of one block.
//
// Host registers in translated code: the guest's RAX to RDI stand in the host's, but RSP in R12;
// R8 and R9 in theirs, R10 to R15 in State. RSP is the host's stack, R13 = Core, R15 = budget
// (what is left after the block that runs); R10, R11 and R14 are free.
//
// An instruction is translated by writing it again with other operands. What is not known, and
// what leaves the fast path (a TLB miss, a fault), calls the interpreter's handler for the whole
// instruction; no part of it has been done by then.
#pragma once

#include <Zydis/Zydis.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "cpu/jit/emitter.h"
#include "cpu/jit/jit.h"
#include "cpu/jit/translation.h"

namespace ice86::cpu {
class Core;
struct Insn;
}  // namespace ice86::cpu

namespace ice86::cpu::jit {

constexpr std::uint8_t kCore = kHostR13, kBudget = kHostR15, kGuestSp = kHostR12;
constexpr std::uint8_t kAddress = kHostR10, kTemp = kHostR11, kValue = kHostR14;
constexpr std::uint32_t kAllFlags = 0x8d5;
constexpr std::uint32_t kCarry = 1;

// How an instruction is translated.
enum class Group : std::uint8_t {
  kHandler,
  kGeneric,  // the same opcode, with other operands
  kLea,
  kMovImmediate,
  kStoreSegment,
  kNop,
  kDirection,  // CLD, STD
  kPush,
  kPushImmediate,
  kPop,
  kPushFlags,
  kPopFlags,
  kCli,
  kSti,
  kLoadSegment,  // MOV and POP, in real mode
  kLeave,
  kJcc,
  kJmp,
  kCall,
  kRet,
  kJmpIndirect,
  kCallIndirect,
  kLoop,       // LOOP and JCXZ
  kInterrupt,  // this and the next four in real mode
  kInterruptReturn,
  kJmpFar,
  kCallFar,
  kRetFar,
  kString,  // MOVS, STOS, LODS without repetition
  kRepeat,  // REP MOVS and STOS
  kPortIn,
  kTimestamp,
  kDivide,
  kSse,
  kX87
};

// An access that is one of a range of them.
struct Near {
  int range = -1;
  bool first = false;           // of the range
  std::int64_t from_start = 0;  // from where the base register pointed at the start of the block
};

struct Item {
  const Insn* insn = nullptr;
  ZydisDecodedInstruction zi;
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> ops;
  std::uint32_t at = 0;  // offset in the block
  Group group = Group::kHandler;
  int memory = -1;       // the operand in memory
  bool stores = false;   // it is written
  bool soft = false;     // its immediate operand changes: Insn has it
  bool exposes = false;  // its handler may be called: that looks at the flags
  bool checks = false;   // SSE, x87: whether the host is ready for it is not known
  Near near_operand, near_stack;
  std::uint32_t reads = 0;    // flags it needs
  std::uint32_t kill = 0;     // flags that are new in any case
  std::uint32_t touch = 0;    // flags that may change
  std::uint32_t differs = 0;  // and that the host leaves otherwise than the interpreter
  std::uint32_t live_after = kAllFlags;
  std::uint32_t live_before = kAllFlags;
};

// Which of the guest's XMM registers the host has at a point of the translation.
struct Vectors {
  std::uint32_t loaded = 0;
  std::uint32_t written = 0;  // and State does not have what they hold now
  bool ready = false;         // Area::sse_ready is set
  bool x87_ready = false;
};

// Which instructions the x87's pointers tell of, when State has not been told yet.
struct Pointers {
  int instruction = -1;
  int segment = -1;  // of the last operand in memory
};

// Code that makes flags again from registers that still hold what they came of.
struct Recipe {
  static constexpr std::size_t kMost = 32;
  std::array<std::uint8_t, kMost> code{};
  std::uint8_t length = 0;  // 0: there is none
  bool soft = false;        // of an immediate operand that a handler may change
  bool from_image = false;  // of CF in Area::flags
  std::uint32_t registers = 0;

  explicit operator bool() const { return length != 0; }
  bool operator==(const Recipe& other) const {
    return length == other.length &&
           std::equal(code.begin(), code.begin() + length, other.code.begin());
  }
  void forget() {
    length = 0;
    soft = from_image = false;
    registers = 0;
  }
  void take(const std::vector<std::uint8_t>& bytes, std::uint32_t from) {
    forget();
    if (bytes.size() > kMost) return;
    std::copy(bytes.begin(), bytes.end(), code.begin());
    length = static_cast<std::uint8_t>(bytes.size());
    registers = from;
  }
};

// Where the arithmetic flags are at a point of the translation.
struct FlagState {
  std::uint32_t host = 0;   // those that the host's flags hold
  bool image = true;        // Area::flags
  bool carry_image = true;  // CF of that, at least
  Recipe recipe;            // makes them all
  Recipe carry;             // makes CF
};

class Translator {
 public:
  Translator(Jit& jit, Core& core, Block& block, const Context& context, Translation& translation);
  // False: the code buffer is full.
  bool translate();
  // False: most of it would be calls of handlers, which the interpreter does with less ado.
  bool worthwhile() const;
  // Not only where something seldom happens.
  bool calls_handlers() const { return calls_handlers_; }

 private:
  // An access whose TLB entry was not the one that was guessed, or a store whose address is not in
  // the TLB for plain pages; and where it goes on.
  struct Miss {
    std::size_t jump;
    std::size_t crosses;  // a jump of an access that goes on in the next page; 0: none
    std::size_t found;    // with the offset of the entry in kTemp
    std::size_t resume;   // with the host's address in kAddress
    bool write;
    unsigned size;
    std::int32_t guess;  // where it stands; 0: it was no guess
  };
  // Accesses of a block through one register, from the first to the last instruction that makes
  // them.
  struct Range {
    unsigned segment = 0;
    unsigned base = 0;
    unsigned width = 0;  // of the address
    std::int64_t low = 0, high = 0;
    bool write = false;
    unsigned accesses = 1;
    std::uint32_t first = 0, last = 0;
    int slot = -1;  // in Area::ranges
  };
  // Such an access that was not in the range, or with which no range is known.
  struct NearMiss {
    Near near;
    unsigned size = 0;
    bool write = false;
    std::vector<std::size_t> offset;  // jumps with the offset in kAddress
    std::vector<std::size_t> linear;  // and with the linear address
    std::size_t found = 0;            // as in Miss
    std::size_t resume = 0;
    std::int32_t guess = 0;
  };
  struct Cold {
    std::vector<Miss> misses;
    std::vector<NearMiss> near_misses;
    std::vector<std::size_t> jumps;
    std::uint32_t index;
    FlagState before;
    FlagState after;
    bool returns;
    std::size_t resume;
    Vectors vectors_before, vectors_after;
    Pointers pointers_before;
  };

  // Conditional jumps, when they are taken: the instructions behind them have been paid for.
  struct Side {
    std::size_t jump;
    FlagState state;
    std::uint64_t target;
    std::uint32_t refund;
  };

  // translator.cpp
  void decode();
  void count_edge();
  void classify(Item& item);
  bool encodable(const Item& item) const;
  bool soft_known(const Item& item, Group group) const;
  bool far_known(const Item& item, Group group) const;
  void find_checks();
  void find_live();
  void body();
  void instruction(std::uint32_t index);
  void handler(std::uint32_t index, bool loads_x87 = false);
  void cold_handlers();
  std::int32_t offset(const void* member) const;
  Mem core(const void* member) const { return Mem{kCore, kNoHost, 0, offset(member)}; }
  Mem guest(unsigned number) const;

  // emit_flags.cpp
  void save_flags();
  void load_flags();
  void need_flags(std::uint32_t which);
  bool carry_at_hand() const { return !f_.carry && f_.carry_image; }
  void load_carry(Emitter& e) const;
  void need_image();
  void clobber_flags(std::uint32_t live);
  void registers_written(std::uint32_t hosts, std::uint32_t live);
  void forget_soft();

  // emit_undefined.cpp
  bool note_differences(Item& item) const;
  void as_interpreted(const Item& item, const RegisterOrMem* memory, std::uint32_t wrong);
  static std::uint8_t host_of_operand(const ZydisDecodedOperand& operand);
  void shift_by_count(const Item& item, const RegisterOrMem* memory);
  void double_shift(const Item& item);
  void save_shifted(bool sets_aux);
  void merge_image(std::uint32_t fresh);

  // emit_memory.cpp
  void effective(const Item& item);
  void look_up(unsigned segment, unsigned size, bool write, std::vector<std::size_t>& fail,
               unsigned aligned = 0, const Near& near = Near());
  bool flat(unsigned segment, bool write) const {
    return ((write ? ctx_.flat_write : ctx_.flat_read) >> segment & 1) != 0;
  }
  void look_up_plain(unsigned segment, unsigned size, bool write, std::vector<std::size_t>& fail);
  void to_linear(unsigned segment, unsigned size, bool write, std::vector<std::size_t>& fail);
  void look_up_linear(unsigned size, bool write, std::vector<std::size_t>& fail,
                      std::int32_t guess);
  void entry_place();
  void look_again(const Cold& stub, std::vector<std::size_t>& fail);
  void cold(std::uint32_t index, std::vector<std::size_t> jumps, FlagState before, bool returns);
  void cold(std::uint32_t index, std::vector<std::size_t> jumps, FlagState before, bool returns,
            const Vectors& vectors_before, const Pointers& pointers_before);
  void leave_after(std::uint32_t index);
  Edge& new_edge(std::uint64_t target);

  // emit_near.cpp
  void find_ranges();
  void note_near(Near& near, std::vector<std::size_t>& open, const Range& one);
  Mem slot_of(const Range& range) const;
  void look_up_near(const Near& near, unsigned size, bool write);
  void check_range(const Range& range, const Near& near, std::vector<std::size_t>& fail);
  void first_page(std::int32_t low);
  std::size_t ends_beyond(std::int32_t high);
  void keep_range(const Range& range);
  void look_again_near(const std::vector<NearMiss>& misses, std::vector<std::size_t>& fail);
  void forget_range(const Range& range);
  void forget_ranges(std::uint32_t index);

  // emit_sse.cpp
  static bool is_sse(const Item& item);
  void sse(std::uint32_t index);
  void vector_move(unsigned number, bool load);
  void store_vectors();
  void load_vectors(std::uint32_t which);

  // emit_x87.cpp
  bool is_x87(const Item& item) const;
  void prefer_handlers();
  void x87(std::uint32_t index);
  void store_pointers();
  void clear_c1();

  // emit_general.cpp
  static std::uint8_t host_of(unsigned number);
  std::uint8_t read_register(unsigned number, std::uint8_t temp);
  void generic(std::uint32_t index);
  // A shift may be written in two parts.
  enum class Steps : std::uint8_t { kAll, kAllButLast, kLast };
  void generic_op(const Item& item, const RegisterOrMem* memory, Steps steps = Steps::kAll);
  void finish_recipe(const Item& item, std::size_t from);
  void lea(const Item& item);
  void mov_immediate(const Item& item);
  void load_soft(Emitter& e, const Item& item, std::uint8_t to) const;
  void divide(std::uint32_t index);
  void string(std::uint32_t index);
  void repeat(std::uint32_t index);
  void string_ends(std::uint8_t pointer, unsigned address, unsigned segment, unsigned size,
                   bool write, const std::uint64_t& place, std::vector<std::size_t>& fail);
  void port_in(std::uint32_t index);
  void timestamp(std::uint32_t index);
  std::uint32_t hosts_written(const Item& item) const;

  // emit_far.cpp
  void store_segment(std::uint32_t index);
  void load_segment(std::uint32_t index);
  void pop_flags(std::uint32_t index);
  void sti(std::uint32_t index);
  void interrupt(std::uint32_t index);
  void interrupt_return(std::uint32_t index);
  void far_branch(std::uint32_t index);
  void far_return(std::uint32_t index);
  void fail_if(const void* member, std::vector<std::size_t>& fail);
  void fail_if_interrupted(std::vector<std::size_t>& fail);
  void flags_word();
  void take_flags(std::uint32_t changeable);
  FlagState begin_far();
  void stack_slots(std::int32_t delta, unsigned bytes, std::vector<std::size_t>& fail);
  void find_far(std::vector<std::size_t>& fail);
  void enter_far(std::int32_t stack, std::uint32_t kind);

  // emit_branch.cpp
  void push(std::uint32_t index);
  void pop(std::uint32_t index);
  void pop_memory(std::uint32_t index);
  void push_flags(std::uint32_t index);
  void cli(std::uint32_t index);
  void leave(std::uint32_t index);
  void load_zero_extended(std::uint8_t to, const RegisterOrMem& from, unsigned size);
  void check_limit(std::uint8_t target, unsigned size, std::vector<std::size_t>& fail);
  void stack_address(std::int32_t delta);
  void move_stack(std::int32_t delta);
  void jcc(std::uint32_t index);
  void jmp(std::uint32_t index);
  void call(std::uint32_t index);
  void ret(std::uint32_t index);
  void loop(std::uint32_t index);
  std::uint64_t target_of(const Item& item) const;
  std::uint64_t rip_after(const Item& item) const;
  bool target_ok(std::uint64_t target) const;
  void jump_entry();
  void check_jump_entry(std::vector<std::size_t>& miss);
  void jump_by_table(std::vector<std::size_t>& miss, std::int32_t stack, bool moves_stack);
  void jump_by_entry(std::vector<std::size_t>& miss, std::int32_t stack, bool moves_stack);
  void go_to(std::uint64_t target, std::uint32_t refund = 0);
  void side_exit(const Side& side);
  bool to_loop(std::uint32_t refund);
  void overdrafts();

  Jit& jit_;
  Core& c_;
  Block& block_;
  const Context ctx_;
  const HostFlags host_;
  Translation& t_;
  Emitter e_;
  std::vector<Item> items_;
  FlagState f_;
  Vectors vectors_;
  Pointers pointers_;
  bool calls_handlers_ = false;
  std::vector<Miss> misses_;  // of the instruction that is translated
  std::vector<NearMiss> near_misses_;
  std::vector<Range> ranges_;
  std::vector<Cold> cold_;
  std::vector<Side> sides_;
  // A loop of one block has a second body, for which the flags are where the first leaves them.
  bool loops_ = false;    // a jump goes to its start
  std::size_t loop_ = 0;  // that body; 0: there is none
  FlagState loop_state_;
  // The budget does not do for another round.
  struct Overdraft {
    std::size_t jump;
    FlagState state;
  };
  std::vector<Overdraft> overdrafts_;
  struct ColdEdge {
    Edge* edge;
    std::vector<std::size_t> jumps;
  };
  std::vector<ColdEdge> cold_edges_;
};

}  // namespace ice86::cpu::jit
