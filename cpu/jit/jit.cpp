// SPDX-License-Identifier: LGPL-2.1-or-later
// Running translated code: entering and leaving it, calls of the interpreter, links between blocks.
#include "cpu/jit/jit.h"

#include <algorithm>
#include <cstring>

#include "cpu/core.h"
#include "cpu/jit/translator.h"
#include "cpu/x87.h"

namespace ice86::cpu::jit {

namespace {

std::uint32_t from_image(std::uint16_t image) {
  return (static_cast<std::uint32_t>(image) >> 8 & 0xd5) | ((image & 1) != 0 ? flag::kOf : 0);
}

std::uint16_t to_image(std::uint32_t flags) {
  return static_cast<std::uint16_t>((flags & 0xd5) << 8 | ((flags & flag::kOf) != 0 ? 1 : 0));
}

std::uintptr_t page_of(const std::uint8_t* host) {
  return reinterpret_cast<std::uintptr_t>(host) & ~std::uintptr_t{kPageMask};
}

Mem register_place(const Core& core, unsigned number) {
  const auto* at = reinterpret_cast<const std::uint8_t*>(&core.s.gpr[number]);
  const auto* start = reinterpret_cast<const std::uint8_t*>(&core);
  return {kCore, kNoHost, 0, static_cast<std::int32_t>(at - start)};
}

// The guest's registers that the host has, to or from State.
void move_registers(Emitter& e, const Core& core, bool load) {
  static constexpr std::uint8_t kHosts[] = {kHostRax, kHostRcx, kHostRdx, kHostRbx, kGuestSp,
                                            kHostRbp, kHostRsi, kHostRdi, kHostR8,  kHostR9};
  for (unsigned i = 0; i < std::size(kHosts); ++i) {
    if (load) {
      e.load(kHosts[i], register_place(core, i));
    } else {
      e.store(register_place(core, i), kHosts[i]);
    }
  }
}

// RSP: /0 ADD, /5 SUB.
void host_stack(Emitter& e, unsigned digit, unsigned bytes) {
  e.op({0x83, 0, 8}, static_cast<std::uint8_t>(digit), std::uint8_t{kHostRsp});
  e.byte(bytes);
}

}  // namespace

bool Jit::available() {
  return true;
}

Jit::Jit(Core& core, std::uint32_t hot)
    : core_(core), hot_(hot), buffer_(kBufferSize), host_flags_(host_flags()) {
  if (!buffer_.ok()) return;
  core_.jit_area.jumps = jumps_.get();
  make_thunks();
}

Jit::~Jit() = default;

void Jit::make_thunks() {
  Emitter e;
  e.begin(buffer_.next());
  const auto offset = [this](const void* member) {
    return static_cast<std::int32_t>(static_cast<const std::uint8_t*>(member) -
                                     reinterpret_cast<const std::uint8_t*>(&core_));
  };
  const auto at = [&](const void* member) { return Mem{kCore, kNoHost, 0, offset(member)}; };
  const auto registers = [&](bool load) { move_registers(e, core_, load); };
  static constexpr std::uint8_t kSaved[] = {kHostRbx, kHostRbp, kHostR12,
                                            kHostR13, kHostR14, kHostR15};
  // Enter: RDI = core, RSI = budget, RDX = code.
  enter_ = reinterpret_cast<Enter>(reinterpret_cast<std::uintptr_t>(e.here()));
  for (const std::uint8_t reg : kSaved) {
    if (reg >= 8) e.byte(0x41);
    e.byte(0x50 | (reg & 7));
  }
  host_stack(e, 5, 8);
  e.mov(kCore, kHostRdi);
  e.mov(kBudget, kHostRsi);
  e.mov(kTemp, kHostRdx);
  registers(true);
  e.op({0xff, 0, 4}, 4, kTemp);  // jmp r11
  // Exit with the guest's registers to be stored; R11 goes to the caller.
  // The host's own units are as the rest of the program expects them.
  const auto host_again = [&] {
    e.op({0x80, 0, 1}, 7, at(&core_.jit_area.sse_ready));
    e.byte(0);
    const std::size_t not_ready = e.jcc(kEqual);
    e.op({0xae, 1}, 3, at(&core_.s.mxcsr));              // stmxcsr
    e.op({0xae, 1}, 2, at(&core_.jit_area.host_mxcsr));  // ldmxcsr
    e.op({0xc6, 0, 1}, 0, at(&core_.jit_area.sse_ready));
    e.byte(0);
    e.bind(not_ready);
  };
  exit_ = e.here();
  host_again();
  registers(false);
  const std::uint8_t* exit_stored = e.here();
  e.store(at(&core_.jit_area.budget), kBudget);
  e.mov(kHostRax, kTemp);
  host_stack(e, 0, 8);
  for (std::size_t i = std::size(kSaved); i-- > 0;) {
    if (kSaved[i] >= 8) e.byte(0x41);
    e.byte(0x58 | (kSaved[i] & 7));
  }
  e.byte(0xc3);
  // Calls the interpreter's handler.
  handler_ = e.here();
  host_again();
  make_call(e, &Jit::call_handler, exit_stored);
  port_ = e.here();
  make_call(e, &Jit::read_port, exit_stored);
  make_timestamp(e);
  make_prepare_sse(e);
  make_beside_code(e);
  std::memcpy(buffer_.writable(buffer_.next()), e.bytes().data(), e.size());
  buffer_.take(e.size());
  thunks_end_ = buffer_.used();
}

// Stores the guest's registers and calls; what it answers is done.
void Jit::make_call(Emitter& e, Answer (*what)(Core*, Translation*, std::uint32_t, std::int64_t),
                    const std::uint8_t* exit_stored) {
  move_registers(e, core_, false);
  e.mov(kHostRdi, kCore);
  e.mov(kHostRsi, kValue);
  e.mov(kHostRdx, kTemp, 4);
  e.mov(kHostRcx, kBudget);
  host_stack(e, 5, 8);
  e.mov_imm(kHostRax, reinterpret_cast<std::uintptr_t>(what));
  e.op({0xff, 0, 4}, 2, kHostRax);
  e.mov(kBudget, kHostRdx);
  e.op({0x85, 0, 4}, kHostRax, kHostRax);
  const std::size_t leave = e.jcc(kNotEqual);
  host_stack(e, 0, 8);
  move_registers(e, core_, true);
  e.byte(0xc3);
  e.bind(leave);
  host_stack(e, 0, 16);
  e.alu_imm(7, std::uint8_t{kHostRax}, 1, 8);
  const std::size_t exit = e.jcc(kEqual);
  e.mov(kTemp, kHostRax);  // to another translation
  move_registers(e, core_, true);
  e.op({0xff, 0, 4}, 4, kTemp);
  e.bind(exit);
  e.op({0x31, 0, 4}, kTemp, kTemp);
  e.jmp_to(exit_stored);
}

// EDX:EAX = the time stamp counter. The callee keeps RBX, RBP and R12 to R15.
void Jit::make_timestamp(Emitter& e) {
  static constexpr unsigned kLost[] = {kRcx, kRsi, kRdi, 8, 9};
  const auto at = [this](unsigned number) { return register_place(core_, number); };
  timestamp_ = e.here();
  for (const unsigned number : kLost) e.store(at(number), static_cast<std::uint8_t>(number));
  e.mov(kHostRdi, kCore);
  e.mov(kHostRsi, kBudget);
  e.mov(kHostRdx, kTemp, 4);
  host_stack(e, 5, 8);
  e.mov_imm(kHostRax, reinterpret_cast<std::uintptr_t>(&Jit::read_timestamp));
  e.op({0xff, 0, 4}, 2, kHostRax);
  host_stack(e, 0, 8);
  e.mov(kHostRdx, kHostRax);
  e.shift_imm(5, kHostRdx, 32, 8);
  e.mov(kHostRax, kHostRax, 4);
  for (const unsigned number : kLost) e.load(static_cast<std::uint8_t>(number), at(number));
  e.byte(0xc3);
}

// The guest's MXCSR into the host's, if SSE is enabled and all its exceptions are masked.
void Jit::make_prepare_sse(Emitter& e) {
  constexpr std::uint32_t kMasks = 0x1f80;
  const auto at = [this](const void* member) {
    return Mem{kCore, kNoHost, 0,
               static_cast<std::int32_t>(static_cast<const std::uint8_t*>(member) -
                                         reinterpret_cast<const std::uint8_t*>(&core_))};
  };
  const auto test = [&](const std::uint64_t* value, std::uint64_t bits) {
    e.op({0xf7, 0, 4}, 0, at(value));
    e.dword(static_cast<std::uint32_t>(bits));
  };
  prepare_sse_ = e.here();
  test(&core_.s.cr0, cr0::kEm | cr0::kTs);
  const std::size_t disabled = e.jcc(kNotEqual);
  test(&core_.s.cr4, cr4::kOsfxsr);
  const std::size_t not_enabled = e.jcc(kEqual);
  e.load(kTemp, at(&core_.s.mxcsr), 4);
  e.alu_imm(4, kTemp, kMasks, 4);
  e.alu_imm(7, kTemp, kMasks, 4);
  const std::size_t unmasked = e.jcc(kNotEqual);
  e.op({0xae, 1}, 2, at(&core_.s.mxcsr));  // ldmxcsr
  e.op({0xc6, 0, 1}, 0, at(&core_.jit_area.sse_ready));
  e.byte(1);
  e.op({0x85, 0, 4}, kTemp, std::uint8_t{kTemp});
  e.byte(0xc3);
  e.bind(disabled);
  e.bind(not_enabled);
  e.bind(unmasked);
  e.op({0x31, 0, 4}, kTemp, std::uint8_t{kTemp});
  e.byte(0xc3);
}

void Jit::make_beside_code(Emitter& e) {
  static_assert(kRightsCount == std::tuple_size_v<decltype(beside_code_)>);
  for (unsigned part = 0; part < kRightsCount; ++part) {
    for (unsigned kind = 0; kind < kStoreSizes.size(); ++kind) {
      beside_code_[part][kind] = e.here();
      make_beside_code(e, part, kStoreSizes[kind]);
    }
  }
}

void Jit::make_beside_code(Emitter& e, unsigned part, unsigned bytes) {
  const auto& entry = core_.tlb[part][0];
  const auto at = [this](const void* member) {
    return Mem{kCore, kTemp, 0,
               static_cast<std::int32_t>(static_cast<const std::uint8_t*>(member) -
                                         reinterpret_cast<const std::uint8_t*>(&core_))};
  };
  static_assert(Core::kHasCode == 1 && sizeof(entry) == 64);
  std::vector<std::size_t> fail;
  const auto test_line = [&e, &fail](std::int32_t delta) {
    e.lea(kValue, {kAddress, kNoHost, 0, delta});
    e.shift_imm(5, kValue, CodeCache::kLineBits, 4);
    e.op({0xa3, 1, 8}, kValue, std::uint8_t{kTemp});  // bt r11, r14
    fail.push_back(e.jcc(kBelow));
  };
  e.alu_imm(1, kValue, Core::kHasCode, 8);
  e.op({0x3b, 0, 8}, kValue, at(&entry.write_tag));
  fail.push_back(e.jcc(kNotEqual));
  e.shift_imm(5, kTemp, 3, 4);
  e.load(kTemp, at(core_.code_lines[part].data()));
  e.load(kTemp, {kTemp, kNoHost, 0, 0});
  test_line(0);
  if (bytes > 1) test_line(static_cast<std::int32_t>(bytes - 1));
  e.mov(kTemp, kAddress, 4);
  e.shift_imm(5, kTemp, kPageBits - 6, 4);
  e.alu_imm(4, kTemp, static_cast<std::int32_t>(Core::kTlbMask << 6), 4);
  e.op({0x03, 0, 8}, kAddress, at(&entry.write_addend));
  e.op({0x31, 0, 4}, kTemp, std::uint8_t{kTemp});
  e.byte(0xc3);
  for (const std::size_t jump : fail) e.bind(jump);
  e.alu_imm(1, kTemp, 1, 4);
  e.byte(0xc3);
}

// Does for one instruction what Core::execute() does.
Jit::Answer Jit::call_handler(Core* core, Translation* from, std::uint32_t index,
                              std::int64_t budget) {
  Core& c = *core;
  Jit& jit = *c.jit_;
  if (c.jit_area.x87_ready != 0) jit.store_x87();
  const bool loads_x87 = (index & kLoadX87) != 0;
  const bool keeps_flags = (index & kKeepsFlags) != 0;
  index &= ~(kLoadX87 | kKeepsFlags);
  Insn* insn = &from->insns[index];
  const auto count = static_cast<std::int64_t>(from->count);
  const std::uint32_t length = insn->length;
  c.first_ = from->insns;
  c.current_ = insn;
  c.count_base_ = jit.limit_ - static_cast<std::uint64_t>(budget + count);
  if (!keeps_flags) c.lf.load(from_image(c.jit_area.flags));
  c.s.rip = from->rip + from->offsets[index] + length;
  const Flow flow = insn->execute(c, *insn);
  if (flow == Flow::kNext && !c.leave_pending_ && jit.stays(*from) &&
      (!loads_x87 || jit.load_x87())) {
    c.current_ = nullptr;
    if (!keeps_flags) c.jit_area.flags = to_image(c.lf.value());
    return {0, static_cast<std::int64_t>(jit.limit_ - c.count_base_) - count};
  }
  if (!keeps_flags) c.jit_area.flags = to_image(c.lf.value());
  // A repeated instruction counts its iterations. As long as they leave enough for the rest of the
  // block, that goes on.
  const auto left = static_cast<std::int64_t>(jit.limit_ - c.count_base_) - count;
  if (flow == Flow::kLeave && (insn->rep || insn->repne) && left >= 0 && !c.leave_pending_ &&
      index + 1 < from->count && jit.stays(*from)) {
    c.current_ = nullptr;
    return {0, left};
  }
  return after_handler(c, *from, index, flow);
}

// A segment register was loaded, or STAC: the rest may have been translated for something else.
bool Jit::stays(const Translation& from) {
  return !core_.context_changed || (current_context() == from.context && from.epoch == epoch_);
}

// Where to go on behind an instruction that ends what has been translated. The flags are in
// Area::flags.
Jit::Answer Jit::after_handler(Core& c, Translation& from, std::uint32_t index, Flow flow) {
  Jit& jit = *c.jit_;
  const std::uint32_t length = from.insns[index].length;
  const bool retires = flow == Flow::kNext || flow == Flow::kLeave;
  if (!retires) c.s.rip -= length;
  if (!c.code64) c.s.rip = static_cast<std::uint32_t>(c.s.rip);
  c.retired = c.count_base_ + index + (retires ? 1 : 0);
  c.current_ = nullptr;
  c.restore_patched();
  c.repeating_ = flow == Flow::kAgain;
  if (retires && !c.leave_pending_ && c.retired < jit.limit_ && c.undisturbed()) {
    c.delivered_ = false;  // INT n: TF, which it would be looked at with, is clear
    jit.note_far(from);
    const JumpEntry& next = jit.jumps_[jump_index(c.s.rip)];
    if (next.rip == c.s.rip && next.generation == c.jit_area.jump_generation &&
        next.context == jit.current_context())
      return {reinterpret_cast<std::uintptr_t>(next.code),
              static_cast<std::int64_t>(jit.limit_ - c.retired)};
    Block* const block = c.known_block();
    Translation* const to =
        block != nullptr ? jit.find(*block, c.s.rip, jit.current_context()) : nullptr;
    if (to != nullptr && to->count <= jit.limit_ - c.retired) {
      jit.note_jump(*to);
      return {reinterpret_cast<std::uintptr_t>(to->entry),
              static_cast<std::int64_t>(jit.limit_ - c.retired)};
    }
  }
  c.lf.load(from_image(c.jit_area.flags));
  if (flow == Flow::kFault) {
    c.delivered_ = true;
    c.pending_debug_ = 0;
    c.deliver_exception(c.fault);
  }
  return {1, 0};
}

Jit::Answer Jit::read_port(Core* core, Translation* from, std::uint32_t index,
                           std::int64_t budget) {
  Core& c = *core;
  Jit& jit = *c.jit_;
  const unsigned size = 1u << (index >> kPortSizeBit);
  index &= (1u << kPortSizeBit) - 1;
  Insn* insn = &from->insns[index];
  const std::uint64_t base = jit.limit_ - static_cast<std::uint64_t>(budget + from->count);
  c.first_ = from->insns;
  c.current_ = insn;
  c.count_base_ = base;
  c.retired = base + index;
  c.s.rip = from->rip + from->offsets[index] + insn->length;
  const auto port = static_cast<std::uint16_t>(insn->code != 0 ? c.s.gpr[kRdx] : insn->imm & 0xff);
  if (!c.check_io(port, size)) return after_handler(c, *from, index, Flow::kFault);
  const std::uint32_t value = c.host.port_read(port, size);
  switch (size) {
    case 1: c.set_reg<std::uint8_t>(0, static_cast<std::uint8_t>(value)); break;
    case 2: c.set_reg<std::uint16_t>(0, static_cast<std::uint16_t>(value)); break;
    default: c.set_reg<std::uint32_t>(0, value); break;
  }
  c.port_accessed(port, size);
  if (c.leave_pending_ || !jit.stays(*from)) return after_handler(c, *from, index, Flow::kNext);
  c.current_ = nullptr;
  return {0, budget};
}

std::uint64_t Jit::read_timestamp(Core* core, std::int64_t budget, std::uint32_t before) {
  Core& c = *core;
  c.retired = c.jit_->limit_ - static_cast<std::uint64_t>(budget) - before;
  return c.host.timestamp_counter() + c.msr.tsc_offset;
}

std::uint32_t Jit::current_context() {
  Core& c = core_;
  if (!c.context_changed) return core_.jit_area.context;
  c.context_changed = false;
  Context now;
  now.cs_base = c.views[kCs].base;
  now.cs_limit = c.code64 ? ~std::uint64_t{0} : c.s.segment[kCs].limit;
  now.mode = static_cast<std::uint8_t>(c.code_mode_);
  now.real = !c.protected_mode() && Core::loaded_in_real_mode(c.s.segment[kCs]);
  now.stack = c.stack_mask_ == 0xffff ? 2 : c.stack_mask_ == 0xffffffff ? 4 : 8;
  now.rights = static_cast<std::uint8_t>(c.rights);
  if (c.code64) {
    constexpr unsigned kFlat = 1u << kEs | 1u << kCs | 1u << kSs | 1u << kDs;
    now.flat_read = now.flat_write = kFlat;
  } else {
    constexpr std::uint64_t kAll = std::uint64_t{1} << 32;
    for (unsigned i = 0; i < 6; ++i) {
      const Core::SegmentView& view = c.views[i];
      const auto bit = static_cast<std::uint8_t>(1u << i);
      if (view.base == 0 && view.readable >= kAll) now.flat_read |= bit;
      if (view.base == 0 && view.writable >= kAll) now.flat_write |= bit;
    }
  }
  if (core_.jit_area.context < contexts_.size() && contexts_[core_.jit_area.context] == now)
    return core_.jit_area.context;
  for (std::uint32_t i = 0; i < contexts_.size(); ++i) {
    if (contexts_[i] == now) return core_.jit_area.context = i;
  }
  if (contexts_.size() >= 512) {
    flush();
    contexts_.clear();
    c.jit_area.far_contexts.fill(FarContext{});
  }
  contexts_.push_back(now);
  return core_.jit_area.context = static_cast<std::uint32_t>(contexts_.size() - 1);
}

// CS was loaded in real mode: that is found again without all that current_context() looks at.
void Jit::note_far(const Translation& from) {
  if (from.epoch != epoch_ || !contexts_[from.context].real) return;
  const std::uint32_t to = current_context();
  const std::uint16_t selector = core_.s.segment[kCs].selector;
  Context expected = contexts_[from.context];
  expected.cs_base = static_cast<std::uint64_t>(selector) << 4;
  if (contexts_[to] == expected)
    core_.jit_area.far_contexts[FarContext::place_of(selector)] = {
        FarContext::key_of(from.context, selector), to};
}

Translation* Jit::find(Block& block, std::uint64_t rip, std::uint32_t context) const {
  for (const auto& t : block.translations) {
    if (t->rip == rip && t->context == context && t->epoch == epoch_) return t.get();
  }
  return nullptr;
}

Translation* Jit::translate(Block& block, std::uint32_t context) {
  std::erase_if(block.translations, [this](const auto& t) { return t->epoch != epoch_; });
  if (block.translations.size() >= kMostTranslations) return nullptr;
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto made = std::make_shared<Translation>();
    made->block = &block;
    made->rip = core_.s.rip;
    made->context = context;
    made->count = block.count;
    made->insns = block.insns.data();
    made->epoch = epoch_;
    Translator translator(*this, core_, block, contexts_[context], *made);
    if (hot_ > 1 && !translator.worthwhile()) {
      block.executions = kNotWorthwhile;
      return nullptr;
    }
    if (translator.translate()) {
      block.translations.push_back(made);
      return made.get();
    }
    flush();
    block.translations.clear();
  }
  return nullptr;
}

bool Jit::run(Block& first, std::uint64_t most) {
  Core& c = core_;
  const std::uint64_t most_ever = std::uint64_t{1} << 62;
  limit_ = c.retired + std::min(most, most_ever);
  bool ran = false;
  for (Block* block = &first;;) {
    const std::uint32_t context = current_context();
    Translation* t = find(*block, c.s.rip, context);
    if (t == nullptr) {
      if (ran || block->executions == kNotWorthwhile || ++block->executions < hot_) return ran;
      t = translate(*block, context);
      if (t == nullptr) return false;
    }
    if (wanted_ != nullptr) {
      Edge& edge = *wanted_;
      if (edge.to == nullptr && edge.target == t->rip && edge.from->context == context &&
          edge.from->epoch == epoch_ && page_of(edge.from->block->host) == page_of(block->host))
        link(edge, *t);
      wanted_ = nullptr;
    }
    const std::uint64_t left = limit_ - c.retired;
    if (t->count > left) return ran;
    enter(*t, left);
    ran = true;
    // What Core::run() would look at before the next block.
    if (c.delivered_ || c.retired >= limit_ || !c.undisturbed()) return true;
    c.cache_.collect();
    block = c.known_block();
    if (block == nullptr) return true;
  }
}

// Translated code may go to `t` by its address, as long as that means the same page.
void Jit::note_jump(const Translation& t) {
  Core& c = core_;
  const auto part = static_cast<unsigned>(c.rights);
  const std::uint64_t linear = (c.views[kCs].base + t.rip) & c.linear_mask;
  const std::uint64_t index = linear >> kPageBits & Core::kTlbMask;
  const Core::TlbEntry& page = c.tlb[part][index];
  if (page.execute_tag != (linear & ~kPageMask)) return;
  const auto place = static_cast<std::uint16_t>(jump_index(t.rip));
  const std::uint64_t generation = c.jit_area.jump_generation;
  jumps_[place] = {t.rip, t.entry, generation, t.context, 0};
  auto& local = local_jumps_.of(generation);
  if (!page.execute_global && local.size() <= kMostLocal) local.push_back(place);
  if (page_jumps_.empty()) page_jumps_.resize(kRightsCount << Core::kTlbBits);
  auto& places = page_jumps_[index | part << Core::kTlbBits].of(generation);
  if (places.size() >= kMostOfPage) {  // most are there more than once
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
    if (places.size() > kMostOfPage / 2) {
      places.clear();
      ++c.jit_area.jump_generation;
      return note_jump(t);
    }
  }
  places.push_back(place);
}

void Jit::forget_page(std::uint16_t slot) {
  if (page_jumps_.empty()) return;
  auto& places = page_jumps_[slot].of(core_.jit_area.jump_generation);
  for (const std::uint16_t place : places) jumps_[place].rip = ~std::uint64_t{0};
  places.clear();
}

// Runs from a translation on until translated code is left.
void Jit::enter(Translation& t, std::uint64_t left) {
  Core& c = core_;
  const JumpEntry& jump = jumps_[jump_index(t.rip)];
  if (jump.rip != t.rip || jump.code != t.entry || jump.generation != c.jit_area.jump_generation ||
      jump.context != t.context)
    note_jump(t);
  c.leave_pending_ = false;
  c.jit_area.flags = to_image(c.lf.value());
  c.repeating_ = false;
  Edge* const edge = enter_(&c, static_cast<std::int64_t>(left) - t.count, t.body);
  if (c.jit_area.x87_ready != 0) store_x87();
  if (edge == nullptr) return;  // a handler was the last
  c.lf.load(from_image(c.jit_area.flags));
  auto budget = static_cast<std::int64_t>(c.jit_area.budget);
  if (budget < 0) {
    budget += edge->to->count;
  } else if (edge->jump_at != nullptr) {
    wanted_ = edge;
  }
  c.s.rip = edge->to_scratch ? c.jit_area.scratch : edge->target;
  c.retired = limit_ - static_cast<std::uint64_t>(budget);
}

namespace {

// What FRSTOR and FNSAVE move in 64-bit mode (SDM vol. 1 figure 8-9).
struct X87Image {
  std::uint32_t control, status, tags;
  std::uint32_t pointers[4];
  std::uint8_t registers[8][10];  // ST(0) first
};
static_assert(sizeof(X87Image) == 108);

}  // namespace

bool Jit::load_x87() {
  State& s = core_.s;
  if ((s.fcw & x87::kExceptions) != x87::kExceptions || (s.fsw & x87::kSummary) != 0 ||
      (s.cr0 & (cr0::kEm | cr0::kTs)) != 0)
    return false;
  X87Image image{};
  image.control = s.fcw;
  image.status = s.fsw;
  for (unsigned i = 0; i < 8; ++i) {
    if (x87::is_empty(s, i)) image.tags |= 3u << (2 * i);
    x87::to_bytes(s.x87[x87::physical(s, i)], image.registers[i]);
  }
  asm volatile("frstor %0" ::"m"(image));
  core_.jit_area.x87_ready = 1;
  return true;
}

void Jit::store_x87() {
  State& s = core_.s;
  X87Image image;
  asm volatile("fnsave %0" : "=m"(image));  // and the host's is as the ABI wants it
  core_.jit_area.x87_ready = 0;
  core_.x87_host_known = false;
  s.fcw = static_cast<std::uint16_t>((image.control & x87::kControlBits) | x87::kControlFixed);
  s.fsw = static_cast<std::uint16_t>(image.status & ~(x87::kSummary | x87::kBusy));
  s.x87_empty = 0;
  for (unsigned i = 0; i < 8; ++i) {
    if ((image.tags >> (2 * i) & 3) == 3) x87::mark_empty(s, i);
    s.x87[x87::physical(s, i)] = x87::from_bytes(image.registers[i]);
  }
}

void Jit::write32(const std::uint8_t* code, std::uint32_t value) {
  std::memcpy(buffer_.writable(code), &value, 4);
}

void Jit::link(Edge& edge, Translation& to) {
  edge.to = &to;
  to.incoming.push_back(&edge);
  write32(edge.cost_at, to.count - edge.refund);
  write32(edge.jump_at, static_cast<std::uint32_t>(to.body - (edge.jump_at + 4)));
}

void Jit::unlink(Edge& edge) {
  edge.to = nullptr;
  write32(edge.cost_at, 0U - edge.refund);
  write32(edge.jump_at, static_cast<std::uint32_t>(edge.cold - (edge.jump_at + 4)));
}

void Jit::forget(Translation& t) {
  if (t.epoch != epoch_) return;
  for (Edge* edge : t.incoming) unlink(*edge);
  t.incoming.clear();
  for (const auto& edge : t.edges) {
    if (edge->to != nullptr) std::erase(edge->to->incoming, edge.get());
    edge->to = nullptr;
  }
}

void Jit::retire(Block& block) {
  if (block.translations.empty()) return;
  wanted_ = nullptr;
  for (const auto& t : block.translations) {
    JumpEntry& jump = jumps_[jump_index(t->rip)];
    if (jump.code == t->entry) jump.rip = ~std::uint64_t{0};
    forget(*t);
  }
}

bool Jit::forget_local() {
  auto& local = local_jumps_.of(core_.jit_area.jump_generation);
  const bool all_known = local.size() <= kMostLocal;
  if (all_known) {
    for (const std::uint16_t place : local) jumps_[place].rip = ~std::uint64_t{0};
  }
  local.clear();
  return all_known;
}

void Jit::flush() {
  ++epoch_;
  core_.forget_places();
  wanted_ = nullptr;
  buffer_.rewind(thunks_end_);
}

}  // namespace ice86::cpu::jit
