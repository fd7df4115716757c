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

Insn* Jit::begin(Core& c, Translation& from, std::uint32_t index, std::int64_t budget) {
  c.first_ = c.insns_of(*from.block);
  c.current_ = c.first_ + index;
  c.count_base_ = c.jit_->limit_ - static_cast<std::uint64_t>(budget + from.count);
  return c.current_;
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
  Insn* const insn = begin(c, *from, index, budget);
  const auto count = static_cast<std::int64_t>(from->count);
  const std::uint32_t length = insn->length;
  if (!keeps_flags) c.lf.load(from_image(c.jit_area.flags));
  c.s.rip = jit.rip_of(*from, index) + length;
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
      index + 1 < from->count && jit.stays(*from) && (!loads_x87 || jit.load_x87())) {
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
  const std::uint32_t length = from.block->insns[index].length;  // its caller has used it
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

Jit::Answer Jit::show_far(Core* core, Translation* from, std::uint32_t kind, std::int64_t budget) {
  Core& c = *core;
  Jit& jit = *c.jit_;
  const Area& area = c.jit_area;
  if (area.x87_ready != 0) jit.store_x87();
  const std::uint32_t index = from->count - 1;
  const Insn* const insn = begin(c, *from, index, budget);
  c.lf.load(from_image(area.flags));
  c.s.rip = area.far_rip;
  if (kind == kInterrupt) {
    c.sync_count();
    const std::uint64_t back = jit.rip_of(*from, index) + insn->length;
    const std::uint64_t stack = c.stack_mask_ == 0xffff ? (c.sp() + 6) & 0xffff : c.sp() + 6;
    const InterruptDelivery delivery{static_cast<std::uint8_t>(insn->imm),
                                     InterruptSource::kSoftware,
                                     area.far_old_selector,
                                     back,
                                     area.far_old_flags,
                                     c.s.segment[kSs].selector,
                                     stack};
    ++c.retired;
    c.sync_flags();
    c.observer->interrupt_delivered(delivery);
  } else {
    c.observe(static_cast<FarTransfer>(kind));
  }
  c.retired = c.count_base_ + from->count;
  c.current_ = nullptr;
  c.restore_patched();
  if (c.leave_pending_ || c.context_changed) return {1, 0};
  return {reinterpret_cast<std::uintptr_t>(area.far_code), budget};
}

Jit::Answer Jit::read_port(Core* core, Translation* from, std::uint32_t index,
                           std::int64_t budget) {
  Core& c = *core;
  Jit& jit = *c.jit_;
  const unsigned size = 1u << (index >> kPortSizeBit);
  index &= (1u << kPortSizeBit) - 1;
  const Insn* const insn = begin(c, *from, index, budget);
  c.retired = c.count_base_ + index;
  c.s.rip = jit.rip_of(*from, index) + insn->length;
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
  now.watched = now.real && c.observer != nullptr;
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
  for (Translation* t = block.translations.get(); t != nullptr; t = t->next.get()) {
    if (t->rip == rip && t->context == context && t->epoch == epoch_) return t;
  }
  return nullptr;
}

Translation* Jit::translate(Block& block, std::uint32_t context) {
  std::size_t known = 0;
  for (auto* place = &block.translations; *place != nullptr;) {
    if ((*place)->epoch != epoch_) {
      *place = std::move((*place)->next);
    } else {
      place = &(*place)->next;
      ++known;
    }
  }
  if (known >= kMostTranslations) return nullptr;
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto made = std::make_unique<Translation>();
    made->block = &block;
    made->rip = core_.s.rip;
    made->context = context;
    made->count = block.count;
    made->epoch = epoch_;
    Translator translator(*this, core_, block, contexts_[context], *made);
    if (hot_ > 1 && !translator.worthwhile()) {
      block.executions = kNotWorthwhile;
      return nullptr;
    }
    if (translator.translate()) {
      if (!translator.calls_handlers() && block.soft->empty()) block.insns.reset();
      made->next = std::move(block.translations);
      block.translations = std::move(made);
      return block.translations.get();
    }
    flush();
    block.translations.reset();
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
  for (const std::uint16_t place : places) jumps_[place].generation = 0;
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
  } else if (edge->jump_at != 0) {
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

void Jit::write32(std::uint32_t at, std::uint32_t value) {
  std::memcpy(buffer_.writable(at), &value, 4);
}

void Jit::link(Edge& edge, Translation& to) {
  edge.to = &to;
  edge.next_to = to.incoming;
  to.incoming = &edge;
  write32(edge.cost_at, to.count - edge.refund);
  write32(edge.jump_at, buffer_.offset(to.body) - (edge.jump_at + 4));
}

void Jit::unlink(Edge& edge) {
  edge.to = nullptr;
  write32(edge.cost_at, 0U - edge.refund);
  write32(edge.jump_at, edge.cold - (edge.jump_at + 4));
}

void Jit::forget(Translation& t) {
  if (t.epoch != epoch_) return;
  for (Edge* edge = t.incoming; edge != nullptr; edge = edge->next_to) unlink(*edge);
  t.incoming = nullptr;
  for (std::uint32_t i = t.first_edge; i < t.end_edge; ++i) {
    Edge& edge = edges_[i];
    if (edge.to == nullptr) continue;
    Edge** place = &edge.to->incoming;
    while (*place != &edge) place = &(*place)->next_to;
    *place = edge.next_to;
    edge.to = nullptr;
  }
}

void Jit::retire(Block& block) {
  if (block.translations == nullptr) return;
  wanted_ = nullptr;
  for (Translation* t = block.translations.get(); t != nullptr; t = t->next.get()) {
    JumpEntry& jump = jumps_[jump_index(t->rip)];
    if (jump.code == t->entry) jump.generation = 0;
    forget(*t);
  }
}

bool Jit::forget_local() {
  auto& local = local_jumps_.of(core_.jit_area.jump_generation);
  const bool all_known = local.size() <= kMostLocal;
  if (all_known) {
    for (const std::uint16_t place : local) jumps_[place].generation = 0;
  }
  local.clear();
  return all_known;
}

void Jit::flush() {
  ++epoch_;
  core_.forget_places();
  wanted_ = nullptr;
  edges_.clear();
  offsets_.clear();
  buffer_.rewind(thunks_end_);
}

}  // namespace ice86::cpu::jit
