// SPDX-License-Identifier: LGPL-2.1-or-later
// From a block to host code: decoding it once more, which flags are needed, and the frame around
// the instructions.
#include "cpu/jit/translator.h"

#include <algorithm>
#include <cstring>

#include "cpu/core.h"
#include "cpu/decoder_features.h"

namespace ice86::cpu::jit {

namespace {

// What is relied on of the host's undefined flags. Where all blocks are translated at once, for
// tests, every other block does without, whatever the host.
HostFlags relied_on(HostFlags host, bool in_tests, std::uint64_t rip) {
  if (in_tests && (rip & 1) != 0) host.last_step = host.multiply = host.bit_scan = false;
  return host;
}

}  // namespace

Translator::Translator(Jit& jit, Core& core, Block& block, const Context& context,
                       Translation& translation)
    : jit_(jit),
      c_(core),
      block_(block),
      ctx_(context),
      host_(relied_on(jit.host_flags_, jit.hot_ == 1, translation.rip)),
      t_(translation) {
  decode();
  prefer_handlers();
  find_checks();
  find_live();
  find_ranges();
}

std::int32_t Translator::offset(const void* member) const {
  return static_cast<std::int32_t>(static_cast<const std::uint8_t*>(member) -
                                   reinterpret_cast<const std::uint8_t*>(&c_));
}

Mem Translator::guest(unsigned number) const {
  return core(&c_.s.gpr[number]);
}

void Translator::decode() {
  const Insn* insns = c_.insns_of(block_);
  const std::vector<SoftImmediate>& changing = *block_.soft;
  std::uint32_t at = 0;
  items_.resize(block_.count);
  for (std::uint32_t i = 0; i < block_.count; ++i) {
    Item& item = items_[i];
    item.insn = &insns[i];
    item.at = at;
    item.soft = std::any_of(changing.begin(), changing.end(),
                            [i](const SoftImmediate& soft) { return soft.insn == i; });
    const bool known = c_.decoder_.decode_again(block_.host + at, item.insn->length, block_.mode,
                                                item.zi, item.ops.data());
    if (known && item.zi.length == item.insn->length) {
      classify(item);
    } else {
      item.group = Group::kHandler;
      item.reads = kAllFlags;
      item.touch = kAllFlags;
    }
    if ((item.group == Group::kJcc || item.group == Group::kJmp || item.group == Group::kLoop) &&
        target_of(item) == t_.rip)
      loops_ = true;
    at += item.insn->length;
  }
}

// Once the host is ready for SSE or x87 it stays so until a handler is called.
void Translator::find_checks() {
  bool sse = false;
  bool x87 = false;
  for (Item& item : items_) {
    if (item.group == Group::kHandler) sse = x87 = false;
    if (item.group != Group::kSse && item.group != Group::kX87) continue;
    bool& known = item.group == Group::kSse ? sse : x87;
    item.checks = !known;
    known = true;
  }
}

void Translator::find_live() {
  std::uint32_t live = kAllFlags;
  for (std::size_t i = items_.size(); i-- > 0;) {
    Item& item = items_[i];
    item.live_after = live;
    item.exposes = item.group == Group::kHandler || item.memory >= 0 ||
                   (item.group >= Group::kPush && item.group != Group::kJcc &&
                    item.group != Group::kJmp && item.group != Group::kLoop &&
                    ((item.group != Group::kSse && item.group != Group::kX87) || item.checks));
    live = item.exposes ? kAllFlags : (live & ~item.kill) | item.reads;
    if (item.group == Group::kJcc || item.group == Group::kLoop) live = kAllFlags;
    item.live_before = live;
  }
}

void Translator::handler(std::uint32_t index, bool loads_x87) {
  calls_handlers_ = true;
  store_vectors();
  store_pointers();
  vectors_ = Vectors{};
  need_image();
  e_.mov_imm(kValue, reinterpret_cast<std::uintptr_t>(&t_));
  const Item& item = items_[index];
  const bool keeps_flags = item.touch == 0 && item.reads == 0;
  e_.mov_imm(kTemp, index | (loads_x87 ? Jit::kLoadX87 : 0) | (keeps_flags ? Jit::kKeepsFlags : 0));
  e_.call_to(jit_.handler_);
  f_ = FlagState{};
}

void Translator::cold(std::uint32_t index, std::vector<std::size_t> jumps, FlagState before,
                      bool returns) {
  cold(index, std::move(jumps), std::move(before), returns, vectors_, pointers_);
}

void Translator::cold(std::uint32_t index, std::vector<std::size_t> jumps, FlagState before,
                      bool returns, const Vectors& vectors_before,
                      const Pointers& pointers_before) {
  if (jumps.empty() && misses_.empty() && near_misses_.empty()) return;
  cold_.push_back({std::move(misses_), std::move(near_misses_), std::move(jumps), index,
                   std::move(before), f_, returns, e_.size(), vectors_before, vectors_,
                   pointers_before});
  misses_.clear();
  near_misses_.clear();
}

Edge& Translator::new_edge(std::uint64_t target) {
  Edge& edge = jit_.edges_.emplace_back();
  edge.from = &t_;
  edge.target = target;
  return edge;
}

// Out of translated code behind an instruction whose handler has been called.
void Translator::leave_after(std::uint32_t index) {
  Edge& edge = new_edge(rip_after(items_[index]));
  const auto unused = static_cast<std::int32_t>(t_.count - index - 1);
  if (unused != 0) e_.alu_imm(0, kBudget, unused, 8);
  e_.mov_imm(kTemp, reinterpret_cast<std::uintptr_t>(&edge));
  e_.jmp_to(jit_.exit_);
}

void Translator::cold_handlers() {
  for (Cold& stub : cold_) {
    look_again(stub, stub.jumps);
    look_again_near(stub.near_misses, stub.jumps);
    for (const std::size_t jump : stub.jumps) e_.bind(jump);
    f_ = stub.before;
    vectors_ = stub.vectors_before;
    pointers_ = stub.pointers_before;
    handler(stub.index, stub.vectors_after.x87_ready);
    if (!stub.returns) {
      e_.byte(0x0f), e_.byte(0x0b);  // the handler of a jump does not come back
      continue;
    }
    forget_ranges(stub.index);
    if (stub.vectors_after.ready) {
      e_.call_to(jit_.prepare_sse_);
      const std::size_t ready = e_.jcc(kNotEqual);
      leave_after(stub.index);
      e_.bind(ready);
      load_vectors(stub.vectors_after.loaded);
    }
    if ((stub.after.host & items_[stub.index].live_after) != 0) load_flags();
    e_.bind_to(e_.jmp(), stub.resume);
  }
  for (const ColdEdge& cold : cold_edges_) {
    for (const std::size_t jump : cold.jumps) e_.bind(jump);
    cold.edge->cold = jit_.buffer_.offset(e_.here());
    e_.mov_imm(kTemp, reinterpret_cast<std::uintptr_t>(cold.edge));
    e_.jmp_to(jit_.exit_);
  }
}

void Translator::side_exit(const Side& side) {
  e_.bind(side.jump);
  f_ = side.state;
  if (side.target != t_.rip || !to_loop(side.refund)) go_to(side.target, side.refund);
}

// Once more from the start, without the flags going through memory: there they can be made again.
bool Translator::to_loop(std::uint32_t refund) {
  if (!f_.recipe || f_.image) return false;
  store_vectors();
  store_pointers();
  if (c_.jit_area.edge_map != nullptr) return false;  // count_edge() needs them there
  if (loop_ != 0 && !(f_.recipe == loop_state_.recipe)) return false;
  f_.host = 0;
  e_.alu_imm(5, kBudget, static_cast<std::int32_t>(t_.count - refund), 8);
  if (loop_ != 0) {
    e_.bind_to(e_.jcc(kNotSign), loop_);
    overdrafts_.push_back({e_.jmp(), f_});
    return true;
  }
  overdrafts_.push_back({e_.jcc(kSign), f_});
  // What CF alone could be made from may be another thing the next time round.
  f_.carry_image = f_.recipe.from_image;
  f_.carry.forget();
  if (!f_.carry_image) f_.carry = f_.recipe;
  loop_ = e_.size();
  loop_state_ = f_;
  vectors_ = Vectors{};
  pointers_ = Pointers{};
  body();
  return true;
}

void Translator::overdrafts() {
  for (const Overdraft& overdraft : overdrafts_) {
    e_.bind(overdraft.jump);
    f_ = overdraft.state;
    need_image();
    e_.alu_imm(0, kBudget, static_cast<std::int32_t>(t_.count), 8);
    Edge& again = new_edge(t_.rip);
    e_.mov_imm(kTemp, reinterpret_cast<std::uintptr_t>(&again));
    e_.jmp_to(jit_.exit_);
  }
}

void Translator::instruction(std::uint32_t index) {
  Item& item = items_[index];
  if (item.exposes) forget_soft();
  switch (item.group) {
    case Group::kHandler: return handler(index);
    case Group::kGeneric: return generic(index);
    case Group::kLea: return lea(item);
    case Group::kMovImmediate: return mov_immediate(item);
    case Group::kStoreSegment: return store_segment(index);
    case Group::kNop: return;
    case Group::kDirection:
      if (item.zi.mnemonic == ZYDIS_MNEMONIC_STD) {
        clobber_flags(item.live_after);
        e_.alu_imm(1, core(&c_.s.rflags), flag::kDf, 4);
      } else {
        clobber_flags(item.live_after);
        e_.alu_imm(4, core(&c_.s.rflags), ~static_cast<std::int32_t>(flag::kDf), 4);
      }
      return;
    case Group::kPush:
    case Group::kPushImmediate: return push(index);
    case Group::kPop: return pop(index);
    case Group::kPushFlags: return push_flags(index);
    case Group::kPopFlags: return pop_flags(index);
    case Group::kCli: return cli(index);
    case Group::kSti: return sti(index);
    case Group::kLoadSegment: return load_segment(index);
    case Group::kLeave: return leave(index);
    case Group::kJcc: return jcc(index);
    case Group::kJmp: return jmp(index);
    case Group::kCall:
    case Group::kCallIndirect: return call(index);
    case Group::kRet:
    case Group::kJmpIndirect: return ret(index);
    case Group::kLoop: return loop(index);
    case Group::kInterrupt: return interrupt(index);
    case Group::kInterruptReturn: return interrupt_return(index);
    case Group::kJmpFar:
    case Group::kCallFar: return far_branch(index);
    case Group::kRetFar: return far_return(index);
    case Group::kString: return string(index);
    case Group::kRepeat: return repeat(index);
    case Group::kPortIn: return port_in(index);
    case Group::kTimestamp: return timestamp(index);
    case Group::kDivide: return divide(index);
    case Group::kSse: return sse(index);
    case Group::kX87: return x87(index);
  }
}

bool Translator::worthwhile() const {
  const auto handlers = std::count_if(
      items_.begin(), items_.end(), [](const Item& item) { return item.group == Group::kHandler; });
  return handlers < 4 || static_cast<std::size_t>(handlers) * 2 <= items_.size();
}

void Translator::body() {
  for (std::uint32_t i = 0; i < block_.count; ++i) instruction(i);
  const Group last = items_.back().group;
  const bool ended = last == Group::kJmp || last == Group::kCall || last == Group::kRet ||
                     last == Group::kJmpIndirect || last == Group::kCallIndirect ||
                     (last >= Group::kLoop && last <= Group::kRetFar);
  if (!ended) go_to(rip_after(items_.back()));
}

// What Core::note_edge() does; the guest's flags are in the image here.
void Translator::count_edge() {
  const std::uint32_t place =
      edge_place((ctx_.cs_base + t_.rip) & c_.linear_mask, Cpu::kEdgeMapBits);
  e_.load(kTemp, core(&c_.jit_area.edge_from), 4);
  e_.alu_imm(6, kTemp, static_cast<std::int32_t>(place), 4);
  e_.load(kAddress, core(&c_.jit_area.edge_map));
  e_.op({0xfe, 0, 1}, 0, Mem{kAddress, kTemp, 0, 0});  // inc byte
  e_.op({0xc7, 0, 4}, 0, core(&c_.jit_area.edge_from));
  e_.dword(place >> 1);
}

bool Translator::translate() {
  // No instruction takes more than this, with its cold part.
  constexpr std::size_t kMostBytes = 750;
  if (jit_.buffer_.left() < (block_.count + 2) * kMostBytes * (loops_ ? 2 : 1)) return false;
  const std::uint8_t* start = jit_.buffer_.next();
  t_.first_edge = static_cast<std::uint32_t>(jit_.edges_.size());
  e_.begin(start);
  t_.entry = start;
  e_.op({0x81, 0, 8}, 5, kBudget);
  e_.dword(t_.count);
  const std::size_t used_up = e_.jcc(kSign);
  t_.body = e_.here();
  if (c_.jit_area.edge_map != nullptr) count_edge();
  body();
  for (std::size_t i = 0; i < sides_.size(); ++i) {
    const Side side = sides_[i];  // there may come more
    side_exit(side);
  }
  overdrafts();
  const bool calls_handlers = calls_handlers_;
  cold_handlers();
  calls_handlers_ = calls_handlers;
  // Out of budget at the entry.
  e_.bind(used_up);
  e_.alu_imm(0, kBudget, static_cast<std::int32_t>(t_.count), 8);
  Edge& again = new_edge(t_.rip);
  e_.mov_imm(kTemp, reinterpret_cast<std::uintptr_t>(&again));
  e_.jmp_to(jit_.exit_);
  if (e_.size() > jit_.buffer_.left()) return false;
  std::memcpy(jit_.buffer_.writable(start), e_.bytes().data(), e_.size());
  jit_.buffer_.take(e_.size());
  // Edges that no target has yet go to their cold part.
  for (const ColdEdge& cold : cold_edges_) {
    if (cold.edge->jump_at != 0) jit_.unlink(*cold.edge);
  }
  t_.end_edge = static_cast<std::uint32_t>(jit_.edges_.size());
  t_.first_offset = static_cast<std::uint32_t>(jit_.offsets_.size());
  for (const Item& item : items_) jit_.offsets_.push_back(static_cast<std::uint16_t>(item.at));
  return true;
}

}  // namespace ice86::cpu::jit
