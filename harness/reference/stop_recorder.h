// SPDX-License-Identifier: LGPL-2.1-or-later
// Interrupt calls of a machine that can only be stopped and looked at: what stood on the stack when
// a handler was entered, and where the guest came back.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "harness/interrupts/int_recorder.h"

namespace ice86::harness {

class StopRecorder {
 public:
  using Memory = std::function<std::uint64_t(std::uint32_t linear, unsigned width)>;
  using Block = std::function<std::vector<std::uint8_t>(std::uint32_t linear, std::uint32_t size)>;

  // `state`: the registers at the stop. `ticks`: the machine's own count, in nanoseconds `now`.
  StopRecorder(const cpu::State& state, Memory memory, Block block,
               std::function<std::uint64_t()> ticks, std::function<Nanoseconds()> now);

  // The machine stands at what this vector's entry points to, and `stack` is what SP points to. An
  // INT instruction brought it there, or it is nothing of ours: then false.
  bool called(std::uint8_t vector, const std::array<std::uint16_t, 4>& stack);

  // The same where no INT instruction did: see IntRecorder::entered.
  bool entered(std::uint8_t vector, const std::array<std::uint16_t, 4>& stack);

  // The machine stands where a call under way comes back to.
  void returned();

  const IntRecorder& recorder() const { return recorder_; }

 private:
  const cpu::State& state_;
  Memory memory_;
  IntRecorder recorder_;
  std::map<std::uint8_t, std::uint64_t> handlers_;          // by vector: linear address
  std::set<std::pair<std::uint32_t, std::uint8_t>> calls_;  // INT instructions seen, and vectors
  std::map<std::uint32_t, std::uint64_t> pushed_flags_;     // by return address: the last call's
};

}  // namespace ice86::harness
