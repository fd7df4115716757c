// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/reference/stop_recorder.h"

#include <algorithm>

namespace ice86::harness {

namespace {

std::uint32_t linear(std::uint16_t segment, std::uint16_t offset) {
  return (static_cast<std::uint32_t>(segment) << 4) + offset;
}

}  // namespace

StopRecorder::StopRecorder(const cpu::State& state, Memory memory, Block block,
                           std::function<std::uint64_t()> ticks, std::function<Nanoseconds()> now)
    : state_(state),
      memory_(memory),
      recorder_(IntRecorder::View{
          [this]() -> const cpu::State& { return state_; }, std::move(memory), std::move(ticks),
          std::move(now),
          [block = std::move(block)](std::uint32_t linear, std::span<std::uint8_t> room) {
            const auto got = block(linear, static_cast<std::uint32_t>(room.size()));
            std::copy_n(got.begin(), std::min(got.size(), room.size()), room.begin());
            return room;
          }}) {}

bool StopRecorder::called(std::uint8_t vector, const std::array<std::uint16_t, 4>& stack) {
  cpu::InterruptDelivery delivery{};
  delivery.vector = vector;
  delivery.source = cpu::InterruptSource::kSoftware;
  delivery.return_ip = stack[0];
  delivery.return_cs = stack[1];
  delivery.flags = stack[2];
  delivery.old_ss = state_.segment[cpu::kSs].selector;
  delivery.old_sp = static_cast<std::uint16_t>(state_.gpr[cpu::kRsp] + 6);
  // Otherwise somebody looked at the table. Asking takes time, so what was found once is kept: the
  // handler until another is seen, the instruction with its vector for good.
  const std::uint64_t at = state_.segment[cpu::kCs].base + state_.rip;
  std::uint64_t& handler = handlers_[vector];
  if (handler != at) {
    const std::uint64_t pointer = memory_(vector * 4U, 4);
    handler =
        linear(static_cast<std::uint16_t>(pointer >> 16), static_cast<std::uint16_t>(pointer));
    if (handler != at) return false;
  }
  const std::uint64_t instruction = 0xcdU | static_cast<unsigned>(vector) << 8;
  const std::uint32_t where =
      linear(delivery.return_cs, static_cast<std::uint16_t>(delivery.return_ip - 2));
  if (calls_.count({where, vector}) == 0) {
    if (memory_(where, 2) != instruction) return false;
    calls_.insert({where, vector});
  }
  pushed_flags_[where + 2] = delivery.flags;
  recorder_.interrupt_delivered(delivery);
  return true;
}

bool StopRecorder::entered(std::uint8_t vector, const std::array<std::uint16_t, 4>& stack) {
  if (vector < IntRecorder::kFirstByHand || vector > IntRecorder::kLastByHand) return false;
  if (!recorder_.entered(vector)) return false;
  pushed_flags_[linear(stack[1], stack[0])] = stack[2];
  return true;
}

// How it came back can only be told from what it left: an IRET has loaded the flags from the word
// that is still below the stack pointer, RETF 2 has left them, RETF has left the word on the stack.
void StopRecorder::returned() {
  constexpr std::uint64_t kFlags = 0x0fd5;  // OF DF IF TF SF ZF AF PF CF
  const auto same = [&](std::uint64_t word) { return ((word ^ state_.rflags) & kFlags) == 0; };
  const std::uint16_t ss = state_.segment[cpu::kSs].selector;
  const auto sp = static_cast<std::uint16_t>(state_.gpr[cpu::kRsp]);
  // Flags as the caller had them need no look at the stack.
  const std::uint32_t at =
      linear(state_.segment[cpu::kCs].selector, static_cast<std::uint16_t>(state_.rip));
  const auto pushed = pushed_flags_.find(at);
  const bool from_stack = (pushed != pushed_flags_.end() && same(pushed->second)) ||
                          same(memory_(linear(ss, static_cast<std::uint16_t>(sp - 2)), 2));
  const std::size_t open = recorder_.open_returns().size();
  if (from_stack) recorder_.far_transfer(cpu::FarTransfer::kIret);
  if (recorder_.open_returns().size() == open) recorder_.far_transfer(cpu::FarTransfer::kRetFar);
}

}  // namespace ice86::harness
