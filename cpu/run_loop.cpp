// SPDX-License-Identifier: LGPL-2.1-or-later
// Executing: finding and decoding blocks, the loop over them, and where interrupts come in.
#include <Zydis/Zydis.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "cpu/core.h"
#include "cpu/decoder.h"
#include "cpu/interp/handlers.h"
#include "cpu/jit/jit.h"
#include "emulator/base/bits.h"

namespace ice86::cpu {

namespace {

// Longest instruction (SDM vol. 2A section 2.3.11).
constexpr unsigned kMostBytes = 15;
constexpr std::uint32_t kMostBlockInsns = 64;

Flow end_of_block(Core&, const Insn&) {
  return Flow::kBreak;
}

}  // namespace

Core::Core(CpuHost& cpu_host, TraceBus& trace_bus, CpuModel cpu_model, Engine engine)
    : host(cpu_host),
      trace(trace_bus),
      retired(cpu_host.instructions()),
      model(std::move(cpu_model)),
      features(model.asked() & implemented_features()),
      msrs(model, features),
      decoder_(features) {
  reset_state(ResetKind::kPowerOn);  // the host is not complete yet: it is not told
  if (engine == Engine::kInterpreter || !jit::Jit::available()) return;
  jit_ = std::make_unique<jit::Jit>(*this, engine == Engine::kJit ? jit::Jit::kHot : 1);
  if (!jit_->ok()) {
    jit_.reset();
    return;
  }
  cache_.on_drop([this](Block& block) { jit_->retire(block); });
}

Core::~Core() = default;

bool Core::fetch_page(std::uint64_t linear, const TlbEntry*& entry) {
  TlbEntry& e = tlb[static_cast<unsigned>(rights)][linear >> kPageBits & kTlbMask];
  if (e.execute_tag != (linear & ~kPageMask)) {
    Gpa gpa = 0;
    if (!translate_and_fill(linear, Access::kExecute, rights, gpa)) return false;
  }
  entry = &e;
  return true;
}

// How many bytes from RIP on the code segment's limit allows; false: none.
bool Core::fetch_limit(std::uint64_t& bytes) const {
  if (code64) {
    bytes = ~std::uint64_t{0};
    return true;
  }
  const std::uint64_t limit = s.segment[kCs].limit;
  if (limit == 0xffffffff) {
    bytes = ~std::uint64_t{0};  // EIP wraps (SDM vol. 3A section 5.3 leaves that open)
    return true;
  }
  if (s.rip > limit) return false;
  bytes = limit - s.rip + 1;
  return true;
}

Block* Core::find_block() {
  std::uint64_t allowed = 0;
  if (!fetch_limit(allowed)) {
    raise(kGp, 0);
    return nullptr;
  }
  const std::uint64_t linear = (views[kCs].base + s.rip) & linear_mask;
  const std::uint64_t key = block_key(linear);
  RecentBlock& recent = recent_[(linear ^ linear >> 12) & (kRecentBlocks - 1)];
  if (recent.key == key && recent.generation == generation_ && recent.block->bytes <= allowed)
    return recent.block;
  const TlbEntry* entry = nullptr;
  if (!fetch_page(linear, entry)) return nullptr;
  if (entry->execute_host != nullptr) {
    const auto offset = static_cast<std::uint32_t>(linear & kPageMask);
    Block* block = cache_.find(entry->execute_host + offset, code_mode_);
    if (block == nullptr && offset > kPageSize - kMostBytes) {
      if (Block* known = known_crossing(linear, allowed, *entry)) return known;
    }
    if (block == nullptr) block = decode_at(entry->execute_host, entry->execute_flags, offset);
    if (block != nullptr && block->bytes <= allowed) {
      recent = {key, generation_, block};
      note_recent(recent, *entry);
      return block;
    }
  }
  // Across pages, at the end of the segment, or out of registers: one instruction, read byte by
  // byte.
  return decode_across_pages();
}

Block* Core::known_block() {
  std::uint64_t allowed = 0;
  if (!fetch_limit(allowed)) return nullptr;
  const std::uint64_t linear = (views[kCs].base + s.rip) & linear_mask;
  const std::uint64_t key = block_key(linear);
  RecentBlock& recent = recent_[(linear ^ linear >> 12) & (kRecentBlocks - 1)];
  if (recent.key == key && recent.generation == generation_)
    return recent.block->bytes <= allowed ? recent.block : nullptr;
  const TlbEntry& entry = tlb[static_cast<unsigned>(rights)][linear >> kPageBits & kTlbMask];
  if (entry.execute_tag != (linear & ~kPageMask) || entry.execute_host == nullptr) return nullptr;
  Block* block = cache_.find(entry.execute_host + (linear & kPageMask), code_mode_);
  if (block == nullptr || block->bytes > allowed) return nullptr;
  recent = {key, generation_, block};
  note_recent(recent, entry);
  return block;
}

Block* Core::decode_at(const std::uint8_t* host_page, std::uint8_t* flags, std::uint32_t offset) {
  auto block = std::make_unique<Block>();
  block->host = host_page + offset;
  block->mode = static_cast<std::uint16_t>(code_mode_);
  decoded_.clear();
  while (block->count < kMostBlockInsns) {
    const std::uint32_t at = offset + block->bytes;
    const auto available =
        static_cast<unsigned>(std::min<std::uint64_t>(kPageSize - at, kMostBytes));
    Insn insn{};
    bool ends_block = false;
    if (available == 0 || !decode_one(host_page + at, available, block->mode, insn, ends_block))
      break;
    decoded_.push_back(insn);
    if (changed_[changed_place(host_page + at)] == host_page + at)
      note_soft(*block, block->count, block->bytes, ends_block);
    block->bytes = static_cast<std::uint16_t>(block->bytes + insn.length);
    ++block->count;
    if (ends_block) break;
  }
  if (block->count == 0) return nullptr;
  keep_decoded(*block);
  if (cache_.size() >= blocks_limit_) make_room_for_blocks();
  // The first instructions decoded from a page: stores to it must be seen from now on.
  if (flags != nullptr && (*flags & Ram::kCode) == 0) forget_writable(host_page);
  return cache_.insert(std::move(block), host_page, flags);
}

// As a block of a page has it.
bool Core::decode_one(const std::uint8_t* bytes, unsigned available, unsigned mode, Insn& insn,
                      bool& ends_block) const {
  if (!decoder_.decode(bytes, available, mode, insn, ends_block)) return false;
  if (jit_area.compare_map != nullptr) insn.execute = noted_compare(insn.execute);
  return true;
}

void Core::keep_decoded(Block& block) {
  decoded_.emplace_back().execute = end_of_block;
  block.insns = std::make_unique_for_overwrite<Insn[]>(decoded_.size());
  std::copy(decoded_.begin(), decoded_.end(), block.insns.get());
}

// The bytes are those of the first time: when they change the block goes.
void Core::decode_insns(Block& block) {
  decoded_.clear();
  const std::uint8_t* at = block.host;
  for (std::uint32_t i = 0; i < block.count; ++i) {
    const auto left = static_cast<unsigned>(block.host + block.bytes - at);
    Insn insn{};
    bool ends_block = false;
    decode_one(at, std::min(left, kMostBytes), block.mode, insn, ends_block);
    decoded_.push_back(insn);
    at += insn.length;
  }
  keep_decoded(block);
}

// An instruction that has been changed and is decoded again: if it has one immediate operand, and
// that is all it takes from the operand's bytes. Of those that end a block, INT.
void Core::note_soft(Block& block, std::uint32_t number, std::uint32_t start, bool ends_block) {
  const Insn& insn = decoded_.back();
  ZydisDecodedInstruction instruction;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  if (!decoder_.decode_again(block.host + start, insn.length, block.mode, instruction, operands))
    return;
  const auto& immediate = instruction.raw.imm[0];
  if (immediate.size == 0 || immediate.is_relative || instruction.raw.imm[1].size != 0) return;
  if (ends_block && instruction.mnemonic != ZYDIS_MNEMONIC_INT) return;
  const unsigned size = immediate.size / 8;
  std::array<std::uint8_t, kMostBytes> image{};
  std::memcpy(image.data(), block.host + start, insn.length);
  std::array<std::uint8_t, 8> bytes{};
  std::memcpy(bytes.data(), image.data() + immediate.offset, size);
  std::memset(image.data() + immediate.offset, 0xff, size);
  Insn ones{};
  if (!decode_one(image.data(), insn.length, block.mode, ones, ends_block)) return;
  const std::uint64_t mask = ~std::uint64_t{0} >> (64 - immediate.size);
  const SoftImmediate soft{
      static_cast<std::uint16_t>(number), static_cast<std::uint16_t>(start + immediate.offset),
      static_cast<std::uint16_t>(start + immediate.offset + size), ones.imm & ~mask};
  Insn expected = insn;
  expected.imm = soft.extended(mask);
  if (ones != expected || insn.imm != soft.extended(load_le<std::uint64_t>(bytes.data()))) return;
  block.soft.edit().push_back(soft);
}

// Most of what a boot executes it executes a few times only: that goes first.
void Core::make_room_for_blocks() {
  if (jit_ != nullptr) cache_.drop_cold();
  if (cache_.size() >= kMostBlocks) drop_all_code();
  forget_places();
  blocks_limit_ = std::clamp(cache_.size() * 5 / 4, kFirstBlocksLimit, kMostBlocks);
}

// From the first `bytes` of crossing_bytes_; false: they are not a whole instruction.
bool Core::decode_crossing(unsigned bytes) {
  Insn insn{};
  bool ends_block = false;
  if (!decoder_.decode(crossing_bytes_.data(), bytes, code_mode_, insn, ends_block)) return false;
  const std::uint64_t linear = (views[kCs].base + s.rip) & linear_mask;
  auto block = std::make_unique<Block>();
  block->mode = static_cast<std::uint16_t>(code_mode_);
  block->bytes = insn.length;
  block->count = 1;
  decoded_.assign(1, insn);
  keep_decoded(*block);
  crossing_ = block.get();
  crossings_[linear >> kPageBits & (kCrossings - 1)] = {linear, crossing_bytes_, std::move(block)};
  return true;
}

// That which starts at `linear`, in the page `first`: if both pages are in the TLB, and the same
// bytes are there.
Block* Core::known_crossing(std::uint64_t linear, std::uint64_t allowed, const TlbEntry& first) {
  const Crossing& known = crossings_[linear >> kPageBits & (kCrossings - 1)];
  Block* block = known.block.get();
  if (block == nullptr || known.linear != linear || block->mode != code_mode_ ||
      block->bytes > allowed)
    return nullptr;
  if (crossing_stopped_at_ != 0 && crossing_stopped_at_ == retired) return nullptr;
  const std::uint64_t next = ((linear | kPageMask) + 1) & linear_mask;
  const TlbEntry& second = tlb[static_cast<unsigned>(rights)][next >> kPageBits & kTlbMask];
  const auto in_first = static_cast<std::size_t>(next - linear);
  if (second.execute_tag != next || second.execute_host == nullptr || in_first >= block->bytes ||
      std::memcmp(first.execute_host + (linear & kPageMask), known.bytes.data(), in_first) != 0 ||
      std::memcmp(second.execute_host, known.bytes.data() + in_first, block->bytes - in_first) != 0)
    return nullptr;
  crossing_ = block;
  crossing_bytes_ = known.bytes;
  return block;
}

Block* Core::decode_across_pages() {
  if (crossing_stopped_at_ != 0 && crossing_stopped_at_ == retired) return crossing_;
  std::uint64_t allowed = 0;
  if (!fetch_limit(allowed)) {
    raise(kGp, 0);
    return nullptr;
  }
  const std::uint64_t start = views[kCs].base + s.rip;
  crossing_bytes_ = {};
  for (unsigned have = 0; have < crossing_bytes_.size();) {
    if (have >= allowed) {
      raise(kGp, 0);
      return nullptr;
    }
    const std::uint64_t linear = (start + have) & linear_mask;
    const TlbEntry* entry = nullptr;
    if (!fetch_page(linear, entry)) return nullptr;
    if (entry->execute_host != nullptr) {
      crossing_bytes_[have] = entry->execute_host[linear & kPageMask];
    } else {
      Translation to;
      if (!walk(linear, Access::kExecute, rights, to, false)) return nullptr;
      sync_count();
      crossing_bytes_[have] = static_cast<std::uint8_t>(host.memory_read(to.gpa, 1));
    }
    if (decode_crossing(++have)) return crossing_;
  }
  raise(kGp, 0);  // 15 bytes and no end: too long
  return nullptr;
}

void Core::restore_patched() {
  if (patched_ != nullptr) {
    patched_->execute = patched_handler_;
    patched_ = nullptr;
  }
}

void Core::leave_after_current() {
  if (current_ == nullptr) return;
  leave_pending_ = true;
  if (patched_ == current_ + 1) return;
  restore_patched();
  patched_ = current_ + 1;
  patched_handler_ = patched_->execute;
  patched_->execute = end_of_block;
}

void Core::sync_count() {
  x87_host_known = false;
  if (current_ != nullptr) retired = count_base_ + static_cast<std::uint64_t>(current_ - first_);
}

std::uint64_t Core::iterations_left() const {
  if (single_) return 1;
  const std::uint64_t done = count_base_ + static_cast<std::uint64_t>(current_ - first_);
  return std::max<std::uint64_t>(run_limit_ - std::min(run_limit_, done), 1);
}

// Iterations beyond the one that retiring the instruction itself counts.
void Core::count_iterations(std::uint64_t n) {
  count_base_ += n;
}

void Core::execute(Block& block, std::uint64_t most) {
  count_base_ = retired;
  leave_pending_ = false;
  first_ = insns_of(block);
  Insn* insn = first_;
  if (most < block.count) {
    patched_ = first_ + most;
    patched_handler_ = patched_->execute;
    patched_->execute = end_of_block;
  }
  Flow flow;
  std::uint64_t length;
  do {
    current_ = insn;
    length = insn->length;
    s.rip += length;
    flow = insn->execute(*this, *insn);
    ++insn;
  } while (flow == Flow::kNext);

  // `insn` is one past the last that was looked at; that one retired only if it says so.
  const auto looked_at = static_cast<std::uint64_t>(insn - first_);
  if (flow != Flow::kLeave) s.rip -= length;
  if (!code64) s.rip = static_cast<std::uint32_t>(s.rip);
  retired = count_base_ + (flow == Flow::kLeave ? looked_at : looked_at - 1);
  current_ = nullptr;
  restore_patched();
  repeating_ = flow == Flow::kAgain;
  crossing_stopped_at_ = repeating_ && &block == crossing_ ? retired : 0;
  if (flow == Flow::kFault) {
    delivered_ = true;
    pending_debug_ = 0;  // what it hit before the fault is not reported
    deliver_exception(fault);
  }
}

void Core::note_edge(std::uint64_t linear) {
  const std::uint32_t place = jit::edge_place(linear, Cpu::kEdgeMapBits);
  ++jit_area.edge_map[place ^ jit_area.edge_from];
  jit_area.edge_from = place >> 1;
}

void Core::request_stop() {
  if (!running_) return;
  stop_requested_ = true;
  leave_after_current();
}

void Core::set_intr(bool high) {
  intr = high;
  if (high) leave_after_current();
}

// One block, or one instruction where something has to be looked at after each. `held_by_ss`: MOV
// SS came before, which holds debug exceptions off, too.
void Core::run_block(bool shadow, bool held_by_ss) {
  const std::uint64_t before = retired;
  const std::uint64_t linear = (views[kCs].base + s.rip) & linear_mask;
  const std::uint64_t old_flags = s.rflags;
  const bool trap = (old_flags & flag::kTf) != 0;
  const bool resume = (old_flags & flag::kRf) != 0;
  if (code_breakpoints_ && !resume && !held_by_ss && code_breakpoint_hit(linear)) return;
  Block* block = find_block();
  if (block == nullptr) {
    pending_debug_ = 0;
    deliver_exception(fault);
    return;
  }
  bool single = shadow || trap || resume;
  if (code_breakpoints_ && code_breakpoint_in(linear, block->bytes)) single = true;
  if (code_stops_ && code_stop_in(linear, *block)) single = true;
  single_ = single;
  // RF is for one instruction; a new value comes from that instruction itself (IRET).
  s.rflags &= ~std::uint64_t{flag::kRf};
  if (jit_ == nullptr || single || code_breakpoints_ || code_stops_ || block == crossing_ ||
      !jit_->run(*block, run_limit_ - before)) {
    if (jit_area.edge_map != nullptr) note_edge(linear);
    execute(*block, single ? 1 : run_limit_ - before);
  }
  // Between two iterations RF is kept, and set in what a trap pushes there (section 17.3.1.1).
  if (repeating_ && (resume || pending_debug_ != 0 || trap)) s.rflags |= flag::kRf;
  if (delivered_) {
    delivered_ = false;
    return;
  }
  // The trap is for an instruction that began with TF set and retired.
  if (trap && retired != before) pending_debug_ |= 1u << 14;  // DR6.BS
}

StopReason Core::run(std::uint64_t instructions) {
  accept_outside_changes();
  running_ = true;
  x87_host_known = false;
  stop_requested_ = false;
  run_limit_ = retired + instructions;
  StopReason reason = StopReason::kBudget;
  for (;;) {
    cache_.collect();
    if (s.shutdown) {
      reason = StopReason::kShutdown;
      break;
    }
    if (stop_requested_) {
      reason = StopReason::kRequested;
      break;
    }
    const std::uint64_t before = retired;
    if (before >= run_limit_) break;

    const bool held_by_ss = s.mov_ss_shadow;
    if (pending_debug_ != 0 && !held_by_ss) [[unlikely]] {
      raise_debug(pending_debug_);
      continue;
    }
    const bool held_by_sti = s.interrupt_shadow;
    const bool within_repeated = repeating_;
    const bool shadow = (held_by_sti && shadow_matters()) || held_by_ss;
    s.interrupt_shadow = false;
    s.mov_ss_shadow = false;
    if (!shadow) {
      const bool nmi_deliverable = s.nmi_pending && !s.nmi_blocked;
      if (repeating_ && (nmi_deliverable || interrupt_deliverable())) s.rflags |= flag::kRf;
      repeating_ = false;
      if (s.smi_pending && !s.in_smm) {
        enter_smm();
        continue;
      }
      if (s.nmi_pending && !s.nmi_blocked) {
        s.nmi_pending = false;
        s.nmi_blocked = true;
        s.halted = false;
        if (!deliver(kNmi, InterruptSource::kNmi, nullptr)) deliver_exception(fault);
        continue;
      }
      if (interrupt_deliverable()) {
        s.halted = false;
        sync_flags();
        const std::uint8_t vector = host.acknowledge_interrupt();
        if (!deliver(vector, InterruptSource::kExternal, nullptr)) deliver_exception(fault);
        continue;
      }
    }
    if (s.halted) {
      reason = StopReason::kHalted;
      break;
    }

    if (code_stops_ && !within_repeated && code_stop_hit()) [[unlikely]] {
      // As if nobody had looked.
      s.interrupt_shadow = held_by_sti;
      s.mov_ss_shadow = held_by_ss;
      continue;
    }
    run_block(shadow, held_by_ss);
  }
  running_ = false;
  sync_flags();
  return reason;
}

void Core::code_page_written(const std::uint8_t* page) {
  if (!cache_.has(page)) return;
  cache_.drop(page);
  ++generation_;
  leave_after_current();
}

}  // namespace ice86::cpu
