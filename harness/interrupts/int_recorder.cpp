// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/interrupts/int_recorder.h"

#include <fmt/core.h>

#include "emulator/base/hash.h"
#include "harness/interrupts/services.h"

namespace ice86::harness {

namespace {

constexpr std::size_t kMostPlainBytes = 32;

bool sixteen_bit(const cpu::State& state) {
  return state.real_mode() || state.v8086();
}

}  // namespace

Registers IntRecorder::registers(const cpu::State& state) const {
  const auto wide = [&](cpu::Gpr gpr) { return static_cast<std::uint32_t>(state.gpr[gpr]); };
  Registers r;
  r.eax = wide(cpu::kRax);
  r.ebx = wide(cpu::kRbx);
  r.ecx = wide(cpu::kRcx);
  r.edx = wide(cpu::kRdx);
  r.esi = wide(cpu::kRsi);
  r.edi = wide(cpu::kRdi);
  r.ebp = wide(cpu::kRbp);
  r.ds = state.segment[cpu::kDs].selector;
  r.es = state.segment[cpu::kEs].selector;
  r.flags = static_cast<std::uint32_t>(state.rflags) & 0xffff;
  return r;
}

void IntRecorder::interrupt_delivered(const cpu::InterruptDelivery& delivery) {
  if (delivery.source != cpu::InterruptSource::kSoftware) return;
  if (delivery.vector < kFirstVector || delivery.vector > kLastVector) return;
  const cpu::State& state = view_.state();
  if (!sixteen_bit(state)) return;
  if (events_.size() >= limits_.events) {
    ++losses_.calls;
    return;
  }
  const auto sp = static_cast<std::uint16_t>(delivery.old_sp);
  // A caller whose stack is above an open call's frame on the same stack has left that call for
  // good.
  while (!open_.empty() && open_.back().ss == delivery.old_ss && sp >= open_.back().sp)
    open_.pop_back();
  if (open_.size() >= limits_.open) {
    open_.erase(open_.begin());
    ++losses_.returns;
  }

  IntEvent event;
  event.number = events_.size();
  event.instruction = view_.instructions();
  event.time = view_.time();
  event.vector = delivery.vector;
  event.caller = {delivery.return_cs, static_cast<std::uint32_t>(delivery.return_ip)};
  event.handler = {state.segment[cpu::kCs].selector, static_cast<std::uint32_t>(state.rip)};
  event.depth = static_cast<unsigned>(open_.size());
  event.in = registers(state);
  event.in.flags = static_cast<std::uint32_t>(delivery.flags) & 0xffff;
  const Service service = describe_call(event.vector, event.in, view_.memory);
  event.service = service.name;
  event.arguments = service.text;
  events_.push_back(std::move(event));
  open_.push_back({events_.size() - 1, delivery.return_cs,
                   static_cast<std::uint16_t>(delivery.return_ip), delivery.old_ss, sp});
}

void IntRecorder::far_transfer(cpu::FarTransfer kind) {
  if (open_.empty() || (kind != cpu::FarTransfer::kIret && kind != cpu::FarTransfer::kRetFar))
    return;
  const cpu::State& state = view_.state();
  if (!sixteen_bit(state)) return;
  const std::uint16_t cs = state.segment[cpu::kCs].selector;
  const auto ip = static_cast<std::uint16_t>(state.rip);
  const std::uint16_t ss = state.segment[cpu::kSs].selector;
  const auto sp = static_cast<std::uint16_t>(state.gpr[cpu::kRsp]);
  // The innermost call that this return belongs to; calls inside it that are still open never
  // returned.
  for (std::size_t i = open_.size(); i-- > 0;) {
    const Open& open = open_[i];
    if (open.return_cs != cs || open.return_ip != ip || open.ss != ss) continue;
    if (sp == open.sp)
      return close(i, kind == cpu::FarTransfer::kIret ? ReturnKind::kIret : ReturnKind::kRetf2);
    if (kind == cpu::FarTransfer::kRetFar && sp == static_cast<std::uint16_t>(open.sp - 2))
      return close(i, ReturnKind::kRetf);
  }
}

std::string IntRecorder::memory_text(std::uint32_t linear, std::uint32_t size) const {
  std::vector<std::uint8_t> bytes;
  if (view_.block) {
    bytes = view_.block(linear, size);
  } else {
    for (std::uint32_t i = 0; i < size; ++i)
      bytes.push_back(static_cast<std::uint8_t>(view_.memory(linear + i, 1)));
  }
  if (bytes.size() > kMostPlainBytes) return "sha256:" + sha256_hex(bytes);
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::vector<FarPointer> IntRecorder::open_returns() const {
  std::vector<FarPointer> places;
  for (const Open& open : open_) places.push_back({open.return_cs, open.return_ip});
  return places;
}

void IntRecorder::close(std::size_t open_index, ReturnKind how) {
  IntEvent& event = events_[open_[open_index].event];
  open_.resize(open_index);
  event.out = registers(view_.state());
  event.how = how;
  event.instructions = view_.instructions() - event.instruction;
  event.duration = view_.time() - event.time;
  event.result = describe_result(event.vector, event.in, *event.out, view_.memory);
  if (const auto answer = answer_in_memory(event.vector, event.in, *event.out, view_.memory))
    event.memory = memory_text(answer->linear, answer->size);
}

}  // namespace ice86::harness
