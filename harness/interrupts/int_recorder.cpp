// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/interrupts/int_recorder.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "emulator/base/hash.h"
#include "emulator/base/host_memory.h"
#include "harness/interrupts/services.h"
#include "harness/interrupts/state_registers.h"

namespace ice86::harness {

namespace {

constexpr std::size_t kMostPlainBytes = 32;
constexpr std::uint8_t kGeneralProtection = 13;
constexpr std::uint32_t kVirtual8086 = 1 << 17;  // EFLAGS.VM
constexpr std::size_t kMostChained = 8;
// Room for so many is asked for at once: a page of it costs nothing before it is used, and events
// are not moved while the boot goes on.
constexpr std::size_t kUsualCalls = 200'000;
// In a segment's attributes (SDM vol. 3A section 3.4.5).
constexpr unsigned kLong = 21, kBig = 22;

bool attribute(const cpu::State& state, cpu::SegmentName segment, unsigned bit) {
  return (state.segment[segment].attributes >> bit & 1) != 0;
}

bool sixteen_bit(const cpu::State& state) {
  return state.real_mode() || state.v8086();
}

std::uint32_t stack_address(const cpu::State& state) {
  const auto sp = static_cast<std::uint32_t>(state.gpr[cpu::kRsp]);
  const bool wide = !sixteen_bit(state) && attribute(state, cpu::kSs, kBig);
  return static_cast<std::uint32_t>(state.segment[cpu::kSs].base) + (wide ? sp : sp & 0xffff);
}

std::uint32_t real_address(std::uint16_t segment, std::uint64_t offset) {
  return (std::uint32_t{segment} << 4) + static_cast<std::uint16_t>(offset);
}

// What ends a chain of handlers is no call of its own.
CallKind kind_of(cpu::InterruptSource source) {
  switch (source) {
    case cpu::InterruptSource::kSoftware: return CallKind::kInterrupt;
    case cpu::InterruptSource::kException: return CallKind::kException;
    default: return CallKind::kHardware;
  }
}

}  // namespace

// The monitor of a virtual-8086 program gets its INT n as an interrupt of its own (IOPL 3) or as a
// general protection fault, with the program's segments on its stack (SDM vol. 3A section 20.2.2:
// error code, EIP, CS, EFLAGS, ESP, SS, ES, DS, FS, GS).
void IntRecorder::interrupt_delivered(const cpu::InterruptDelivery& delivery) {
  const cpu::State& state = view_.state();
  IntEvent event;
  event.vector = delivery.vector;
  event.kind = kind_of(delivery.source);
  event.caller = {delivery.return_cs, static_cast<std::uint32_t>(delivery.return_ip)};
  event.handler = {state.segment[cpu::kCs].selector, static_cast<std::uint32_t>(state.rip)};
  event.in = registers_of(state);
  event.in.flags = static_cast<std::uint32_t>(delivery.flags) & 0xffff;
  if (!sixteen_bit(state)) {
    if ((delivery.flags & kVirtual8086) == 0) return;
    std::uint32_t frame = stack_address(state);
    if (event.kind == CallKind::kException && event.vector == kGeneralProtection) {
      const std::uint64_t code =
          view_.memory(real_address(delivery.return_cs, delivery.return_ip), 2);
      if ((code & 0xff) != 0xcd) return;
      event.vector = static_cast<std::uint8_t>(code >> 8);
      event.kind = CallKind::kInterrupt;
      event.caller.offset = (event.caller.offset + 2) & 0xffff;
      frame += 4;
    }
    if (event.kind != CallKind::kInterrupt) return;
    event.in.es = static_cast<std::uint16_t>(view_.memory(frame + 20, 2));
    event.in.ds = static_cast<std::uint16_t>(view_.memory(frame + 24, 2));
    const std::uint64_t entry = view_.memory(event.vector * 4u, 4);
    event.handler = {static_cast<std::uint16_t>(entry >> 16),
                     static_cast<std::uint32_t>(entry & 0xffff)};
  }
  if (event.kind == CallKind::kInterrupt ? !records(event.vector) && !options_.hardware
                                         : !options_.hardware) {
    return;
  }
  const auto sp = static_cast<std::uint16_t>(delivery.old_sp);
  Open open{0,
            event.caller.segment,
            static_cast<std::uint32_t>(event.caller.offset & 0xffff),
            delivery.old_ss,
            sp,
            true,
            false};
  describe(event, open);
  begin(std::move(event), open);
}

void IntRecorder::describe(IntEvent& event, Open& open) {
  if (event.kind != CallKind::kInterrupt) {
    event.service = describe_interruption(event.kind, event.vector);
    return;
  }
  if (const Usual& usual = usual_[place_of(event)]; usual.event != kNone) {
    const IntEvent& before = events_[usual.event];
    if (before.vector == event.vector && before.in == event.in) {
      event.service = before.service;
      event.arguments = before.arguments;
      open.by_registers = true;
      open.like = usual.event;
      return;
    }
  }
  looks_ = 0;
  Service service = describe_call(event.vector, event.in, memory_);
  event.service = std::move(service.name);
  event.arguments = std::move(service.text);
  const auto given = data_in_memory(event.vector, event.in, memory_);
  if (given) event.extras.edit().data = memory_text(event, *given);
  open.by_registers = looks_ == 0 && !given;
}

void IntRecorder::describe_answer(IntEvent& event, std::size_t number, const Open& open) {
  Usual& usual = usual_[place_of(event)];
  if (usual.answered && usual.event == open.like && events_[open.like].out == event.out) {
    event.result = events_[open.like].result;
    return;
  }
  looks_ = 0;
  event.result = describe_result(event.vector, event.in, *event.out, memory_);
  const auto answer = answer_in_memory(event.vector, event.in, *event.out, memory_);
  if (answer) event.extras.edit().memory = memory_text(event, *answer);
  if (open.by_registers) usual = {number, looks_ == 0 && !answer};
}

void IntRecorder::begin(IntEvent&& event, Open open) {
  if (events_.size() >= limits_.events) {
    ++losses_.calls;
    return;
  }
  // A caller whose stack is above an open call's frame on the same stack has left that call for
  // good.
  while (!open_.empty() && open_.back().ss == open.ss && open.sp >= open_.back().sp)
    open_.pop_back();
  if (open_.size() >= limits_.open) {
    open_.erase(open_.begin());
    ++losses_.returns;
  }
  event.number = events_.size();
  event.instruction = view_.instructions();
  event.time = view_.time();
  event.depth = static_cast<unsigned>(open_.size());
  if (view_.physical && open.sixteen_bit) {
    std::array<std::uint8_t, VectorLog::kTableBytes> room;
    if (vectors_.look(bytes_at(0, room), event.number, event.caller)) note_vectors();
  }
  if (events_.capacity() == 0) {
    events_.reserve(std::min(limits_.events, kUsualCalls));
    expect_filling(events_.data(), events_.capacity() * sizeof(IntEvent));
  }
  events_.push_back(std::move(event));
  open.event = events_.size() - 1;
  targets_.add(real_address(open.return_cs, open.return_ip));
  open_.push_back(open);
}

// Handlers that are entered by hand, and those that others will pass calls on to: what a vector
// held before, it held at an earlier look.
void IntRecorder::note_vectors() {
  for (unsigned vector = 0; vector < VectorLog::kVectors; ++vector) {
    const FarPointer handler = vectors_.holds(static_cast<std::uint8_t>(vector));
    targets_.add(real_address(handler.segment, handler.offset));
  }
}

void IntRecorder::far_transfer(cpu::FarTransfer kind) {
  const cpu::State& state = view_.state();
  if (kind == cpu::FarTransfer::kCallFar || kind == cpu::FarTransfer::kJmpFar) {
    if (view_.physical) {
      if (!open_.empty()) note_chain(state);
      if (kind == cpu::FarTransfer::kCallFar) far_call(state);
      look_for_entry(state);
    }
    return;
  }
  const bool narrow = sixteen_bit(state);
  const std::uint16_t cs = state.segment[cpu::kCs].selector;
  const auto ip = static_cast<std::uint32_t>(state.rip) & (narrow ? 0xffff : 0xffffffff);
  const std::uint16_t ss = state.segment[cpu::kSs].selector;
  const auto sp = static_cast<std::uint32_t>(state.gpr[cpu::kRsp]) & (narrow ? 0xffff : 0xffffffff);
  // The innermost call that this return belongs to; calls inside it that are still open never
  // returned.
  for (std::size_t i = open_.size(); i-- > 0;) {
    const Open& open = open_[i];
    if (open.return_cs != cs || open.return_ip != ip || open.ss != ss ||
        open.sixteen_bit != narrow) {
      continue;
    }
    if (open.far_call) {
      if (sp == open.sp && kind == cpu::FarTransfer::kRetFar)
        return close(i, ReturnKind::kRetf, state);
      continue;
    }
    if (sp == open.sp)
      return close(i, kind == cpu::FarTransfer::kIret ? ReturnKind::kIret : ReturnKind::kRetf2,
                   state);
    if (kind == cpu::FarTransfer::kRetFar && sp == ((open.sp - 2) & 0xffff))
      return close(i, ReturnKind::kRetf, state);
  }
  if (view_.physical) look_for_entry(state);
}

// A handler that several vectors share is nobody's.
void IntRecorder::look_for_entry(const cpu::State& state) {
  if (!state.real_mode()) return;
  const auto vectors = vectors_.held(real_address(state.segment[cpu::kCs].selector, state.rip),
                                     kFirstByHand, kLastByHand);
  if (vectors.size() == 1) entered(vectors.front());
}

bool IntRecorder::entered(std::uint8_t vector) {
  const cpu::State& state = view_.state();
  const std::uint16_t ss = state.segment[cpu::kSs].selector;
  const auto sp = static_cast<std::uint16_t>(state.gpr[cpu::kRsp]);
  const auto before = static_cast<std::uint16_t>(sp + 6);
  // It was interrupted before its first instruction; or one handler went on to another.
  for (const Open& open : open_) {
    if (open.ss == ss && open.sp == before) return false;
  }
  const auto word = [&](unsigned at) {
    return static_cast<std::uint16_t>(view_.memory(real_address(ss, std::uint64_t{sp} + at), 2));
  };
  cpu::InterruptDelivery delivery{};
  delivery.vector = vector;
  delivery.source = cpu::InterruptSource::kSoftware;
  delivery.return_ip = word(0);
  delivery.return_cs = word(2);
  delivery.flags = word(4);
  delivery.old_ss = ss;
  delivery.old_sp = before;
  interrupt_delivered(delivery);
  return true;
}

// A handler goes on to the one that had the vector before it: JMP FAR, or PUSHF and CALL FAR.
void IntRecorder::note_chain(const cpu::State& state) {
  if (!sixteen_bit(state)) return;
  IntEvent& event = events_[open_.back().event];
  if (event.kind > CallKind::kException || event.extras->chain.size() >= kMostChained) return;
  const FarPointer target{state.segment[cpu::kCs].selector, static_cast<std::uint32_t>(state.rip)};
  if (vectors_.had(event.vector, target)) event.extras.edit().chain.push_back(target);
}

void IntRecorder::far_call(const cpu::State& state) {
  if (attribute(state, cpu::kCs, kLong)) return;
  const bool narrow = sixteen_bit(state);
  const auto linear = static_cast<std::uint32_t>(state.segment[cpu::kCs].base + state.rip);
  if (narrow && linear == kBootProgram) look_for_pxe(state);
  const auto address = narrow ? linear : view_.to_physical(linear).value_or(0);
  const auto entry = entries_.at(address, !narrow, view_.physical);
  if (!entry) return;
  // A 16-bit caller calls 16-bit code, with 16-bit addresses on the stack.
  const bool wide = !narrow && attribute(state, cpu::kCs, kBig);
  const unsigned frame = wide ? 8 : 4;
  const std::uint32_t stack = stack_address(state);
  IntEvent event;
  event.kind = entry->kind;
  if (event.kind == CallKind::kPciBios) event.vector = 0x1a;
  if (event.kind == CallKind::kApm) event.vector = 0x15;
  event.caller.offset = static_cast<std::uint32_t>(view_.memory(stack, wide ? 4 : 2));
  event.caller.segment = static_cast<std::uint16_t>(view_.memory(stack + frame / 2, 2));
  event.handler = {state.segment[cpu::kCs].selector, static_cast<std::uint32_t>(state.rip)};
  event.in = registers_of(state);
  const auto sp = static_cast<std::uint32_t>(state.gpr[cpu::kRsp]) + frame;
  const Open open{0,
                  event.caller.segment,
                  static_cast<std::uint32_t>(event.caller.offset),
                  state.segment[cpu::kSs].selector,
                  narrow ? sp & 0xffff : sp,
                  narrow,
                  true};
  Service service = describe_entry_call(*entry, event.in, stack + frame, view_.memory);
  event.service = std::move(service.name);
  event.arguments = std::move(service.text);
  begin(std::move(event), open);
}

// PXE 2.1 section 4.4.5: the boot program gets PXENV+ at ES:BX and the address of !PXE on the
// stack, behind where it returns to.
void IntRecorder::look_for_pxe(const cpu::State& state) {
  const auto pxe = static_cast<std::uint32_t>(view_.memory(stack_address(state) + 4, 4));
  entries_.learn_pxe(real_address(state.segment[cpu::kEs].selector, state.gpr[cpu::kRbx]),
                     real_address(static_cast<std::uint16_t>(pxe >> 16), pxe), view_.physical);
}

std::span<const std::uint8_t> IntRecorder::bytes_at(std::uint32_t linear,
                                                    std::span<std::uint8_t> room) const {
  if (view_.block) return view_.block(linear, room);
  for (std::uint8_t& byte : room) byte = static_cast<std::uint8_t>(view_.memory(linear++, 1));
  return room;
}

std::string IntRecorder::memory_text(const IntEvent& event, const MemoryRange& range) {
  std::vector<std::uint8_t> room(range.size);
  const std::span<const std::uint8_t> bytes = bytes_at(range.linear, room);
  if (bytes.size() > kMostPlainBytes) {
    const bool whole = dumped_ + bytes.size() <= limits_.dumped &&
                       std::any_of(options_.dump.begin(), options_.dump.end(),
                                   [&](const CallFilter& filter) { return filter.matches(event); });
    if (!whole) return "sha256:" + sha256_hex(bytes);
    dumped_ += bytes.size();
  }
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::vector<FarPointer> IntRecorder::open_returns() const {
  std::vector<FarPointer> places;
  for (const Open& open : open_) places.push_back({open.return_cs, open.return_ip});
  return places;
}

void IntRecorder::close(std::size_t open_index, ReturnKind how, const cpu::State& state) {
  const Open open = open_[open_index];
  IntEvent& event = events_[open.event];
  open_.resize(open_index);
  event.out = registers_of(state);
  event.how = how;
  event.instructions = view_.instructions() - event.instruction;
  event.duration = view_.time() - event.time;
  if (event.kind == CallKind::kInterrupt) {
    describe_answer(event, open.event, open);
  } else if (event.kind > CallKind::kException) {
    event.result = describe_entry_result(event.kind, event.in, *event.out, view_.memory);
  }
  if (view_.physical) entries_.learn(event, view_.physical);
}

}  // namespace ice86::harness
