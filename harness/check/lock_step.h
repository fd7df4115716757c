// SPDX-License-Identifier: LGPL-2.1-or-later
// Two machines that differ in nothing but the engine, run side by side: the first instruction after
// which they are not the same is found.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "emulator/machine/pc.h"

namespace ice86::harness {

struct LockStepOptions {
  std::uint64_t seed = 1;  // of the lengths of slices
  // Instructions between two comparisons of everything (memory, devices). Snapshots are made then.
  std::uint64_t snapshot_interval = 100'000'000;
};

class LockStep {
 public:
  using Action = std::function<void(machine::Pc&)>;

  // Both were made from the same configuration and stand at the same instruction. The second has
  // no sinks that matter, and nothing else gives it input.
  LockStep(machine::Pc& machine, machine::Pc& reference, LockStepOptions options = {});

  // As Pc::run() of the first machine. Ends with kStopped when there is a difference().
  machine::RunResult run(const machine::RunLimits& limits);

  // For whoever gives the first machine input from within run(): the other gets it at the same
  // instruction.
  void repeat(Action action);

  // What differs, as text with the instruction and both states.
  const std::optional<std::string>& difference() const { return difference_; }
  // While the place of a difference is looked for, the first machine repeats what it has done.
  bool searching() const { return searching_; }

 private:
  struct Recorded {
    machine::Instant at;
    Action action;
  };
  struct Base {
    std::shared_ptr<const std::vector<std::uint8_t>> ours, theirs;  // the same but at the start
    std::uint64_t count = 0;
    std::size_t slices = 0;  // those that lie before it
    std::size_t actions = 0;
  };
  enum class Depth { kRegisters, kAll };

  std::uint64_t next_length();
  machine::RunResult advance(machine::Pc& pc, std::uint64_t until, const machine::RunLimits& limits,
                             std::size_t& next_action);
  bool differ(Depth depth);
  void take_base(std::shared_ptr<const std::vector<std::uint8_t>> ours,
                 std::shared_ptr<const std::vector<std::uint8_t>> theirs);
  void return_to(const Base& base, std::size_t slices, std::uint64_t count);
  bool differ_at(const Base& base, std::size_t slices, std::uint64_t count, Depth depth);
  void find(Depth depth, const machine::RunResult& ours, const machine::RunResult& theirs);
  std::string describe(const Base& base, std::size_t slices, std::uint64_t count, Depth depth);

  machine::Pc& machine_;
  machine::Pc& reference_;
  const LockStepOptions options_;
  std::mt19937_64 random_;
  machine::RunLimits limits_;
  std::vector<Recorded> actions_;
  std::vector<std::uint64_t> slices_;  // the counts at which they ended
  std::vector<Base> bases_;            // power-on and the last snapshot
  std::size_t next_action_ = 0;        // of the reference
  std::optional<std::string> difference_;
  bool searching_ = false;
};

}  // namespace ice86::harness
