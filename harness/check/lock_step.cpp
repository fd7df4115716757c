// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/check/lock_step.h"

#include <fmt/core.h>

#include <algorithm>

#include "emulator/machine/disassembly.h"
#include "harness/check/state_difference.h"

namespace ice86::harness {

namespace {

constexpr std::uint64_t kNever = ~std::uint64_t{0};
constexpr std::uint64_t kShown = 24;  // instructions before a difference
constexpr std::uint64_t kAskInterval = 1'000'000;

const char* name_of(machine::RunEnd end) {
  switch (end) {
    case machine::RunEnd::kInstructionLimit: return "goes on";
    case machine::RunEnd::kTimeLimit: return "is out of time";
    case machine::RunEnd::kInterrupted: return "was interrupted";
    case machine::RunEnd::kStopped: return "was stopped";
    case machine::RunEnd::kPowerOff: return "powered off";
    case machine::RunEnd::kDebugExit: return "wrote to the debug exit port";
    case machine::RunEnd::kCrashed: return "crashed";
    case machine::RunEnd::kStuck: return "halted for good";
    case machine::RunEnd::kReset: return "asked for a reset";
  }
  return "";
}

std::string place(const machine::Pc& pc) {
  return fmt::format("after {} instructions, {} ns", pc.instant().instructions, pc.instant().time);
}

std::shared_ptr<const std::vector<std::uint8_t>> shared(std::vector<std::uint8_t> bytes) {
  return std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
}

}  // namespace

LockStep::LockStep(machine::Pc& machine, machine::Pc& reference, LockStepOptions options)
    : machine_(machine), reference_(reference), options_(options), random_(options.seed) {}

void LockStep::repeat(Action action) {
  if (!searching_) actions_.push_back({machine_.instant(), std::move(action)});
}

// From one instruction to millions, each magnitude as often: interrupts and ends of budgets fall
// everywhere, and most of the time is spent in long runs.
std::uint64_t LockStep::next_length() {
  const std::uint64_t magnitude = std::uint64_t{1} << random_() % 22;
  return magnitude + random_() % magnitude;
}

// Runs with the recorded actions, from `next_action` on.
machine::RunResult LockStep::advance(machine::Pc& pc, std::uint64_t until,
                                     const machine::RunLimits& limits, std::size_t& next_action) {
  machine::RunLimits own;
  own.instructions = until;
  own.time = limits.time;
  const auto due = [&](const machine::Instant& at) {
    const machine::Instant now = pc.instant();
    return now.time >= at.time && now.instructions >= at.instructions;
  };
  if (next_action < actions_.size()) {
    own.attend = [&] {
      while (next_action < actions_.size() && due(actions_[next_action].at))
        actions_[next_action++].action(pc);
      return next_action < actions_.size() ? actions_[next_action].at : pc.instant();
    };
  }
  return pc.run(own);
}

bool LockStep::differ(Depth depth) {
  if (!(machine_.instant() == reference_.instant())) return true;
  if (!same_state(machine_.cpu().state(), reference_.cpu().state())) return true;
  return depth == Depth::kAll && machine_.save() != reference_.save();
}

void LockStep::take_base(std::shared_ptr<const std::vector<std::uint8_t>> ours,
                         std::shared_ptr<const std::vector<std::uint8_t>> theirs) {
  if (bases_.size() > 1) bases_.pop_back();
  bases_.push_back({std::move(ours), std::move(theirs), reference_.instant().instructions,
                    slices_.size(), actions_.size()});
}

// Both machines as they were at a snapshot, and on from there: the first in the same slices as
// before, and in one from the last of them to `count`.
void LockStep::return_to(const Base& base, std::size_t slices, std::uint64_t count) {
  for (machine::Pc* pc : {&machine_, &reference_}) {
    // Made by save() of the same machine.
    if (!pc->load(pc == &machine_ ? *base.ours : *base.theirs)) return;
    std::size_t action = base.actions;
    if (pc == &machine_) {
      for (std::size_t i = base.slices; i < slices; ++i) advance(*pc, slices_[i], limits_, action);
    }
    advance(*pc, count, limits_, action);
  }
}

bool LockStep::differ_at(const Base& base, std::size_t slices, std::uint64_t count, Depth depth) {
  return_to(base, slices, count);
  return differ(depth);
}

std::string LockStep::describe(const Base& base, std::size_t slices, std::uint64_t count,
                               Depth depth) {
  const std::uint64_t before = count - base.count;
  const std::uint64_t shown = std::min(before, kShown);
  return_to(base, slices, count - shown);
  std::size_t action = base.actions;
  while (action < actions_.size() &&
         actions_[action].at.instructions < reference_.instant().instructions)
    ++action;
  std::string text;
  for (std::uint64_t i = 0; i < shown; ++i) {
    text += fmt::format("{:>12}  {}\n", reference_.instant().instructions,
                        machine::instruction_text(reference_));
    advance(reference_, reference_.instant().instructions + 1, limits_, action);
  }
  return_to(base, slices, count);
  text += fmt::format("the reference {}, the other {}\n", place(reference_), place(machine_));
  const auto differences = state_differences(reference_.cpu().state(), machine_.cpu().state());
  for (const StateDifference& d : differences)
    text += fmt::format("  {:<14} {} in the reference, {}\n", d.name, d.left, d.right);
  if (depth == Depth::kAll && differences.empty()) {
    const auto left = reference_.save();
    const auto right = machine_.save();
    const auto at = std::mismatch(left.begin(), left.end(), right.begin(), right.end()).first;
    text += fmt::format("  registers are the same; memory or devices, byte {} of the snapshot\n",
                        at - left.begin());
  }
  text += "the reference's state:\n" + state_text(reference_.cpu().state());
  text += "the other's state:\n" + state_text(machine_.cpu().state());
  return text;
}

// The last slice ended with a difference: where does it begin?
void LockStep::find(Depth depth, const machine::RunResult& ours, const machine::RunResult& theirs) {
  searching_ = true;
  const std::string seen = fmt::format(
      "the engines differ: equal {} instructions after power-on, not {} (the reference {}, the "
      "other {})\n",
      slices_.size() > 1 ? slices_[slices_.size() - 2] : 0, slices_.back(), name_of(theirs.end),
      name_of(ours.end));
  std::string last_states;
  for (const StateDifference& d :
       state_differences(reference_.cpu().state(), machine_.cpu().state()))
    last_states += fmt::format("  {:<14} {} in the reference, {}\n", d.name, d.left, d.right);
  while (!bases_.empty()) {
    const Base base = std::move(bases_.back());
    bases_.pop_back();
    std::size_t low_slice = base.slices;
    std::size_t high_slice = slices_.size() - 1;
    if (!differ_at(base, high_slice, slices_[high_slice], depth)) continue;
    // Memory is compared rarely: which of the slices was it?
    if (depth == Depth::kRegisters) low_slice = high_slice;
    while (low_slice < high_slice) {
      const std::size_t middle = low_slice + (high_slice - low_slice) / 2;
      if (differ_at(base, middle, slices_[middle], depth)) {
        high_slice = middle;
      } else {
        low_slice = middle + 1;
      }
    }
    std::uint64_t low = high_slice > base.slices ? slices_[high_slice - 1] : base.count;
    std::uint64_t high = slices_[high_slice];
    while (high - low > 1) {
      const std::uint64_t middle = low + (high - low) / 2;
      if (differ_at(base, high_slice, middle, depth)) {
        high = middle;
      } else {
        low = middle;
      }
    }
    difference_ = seen +
                  fmt::format(
                      "the first difference is after {} instructions; the last of these, "
                      "as the reference ran them:\n",
                      high) +
                  describe(base, high_slice, high, depth);
    return;
  }
  difference_ = seen + "it does not come again when the run is repeated\n" + last_states;
}

machine::RunResult LockStep::run(const machine::RunLimits& limits) {
  limits_ = limits;
  machine::RunLimits ours = limits;
  if (limits.attend) {
    ours.attend = [&] {
      repeat([](machine::Pc&) {});  // a machine that somebody attends to does not end when it halts
      return limits.attend();
    };
  }
  if (bases_.empty()) take_base(shared(machine_.save()), shared(reference_.save()));
  std::uint64_t asked_at = machine_.instant().instructions;
  for (;;) {
    const std::uint64_t start = machine_.instant().instructions;
    if (limits.interrupted && start - asked_at >= kAskInterval) {
      asked_at = start;
      if (limits.interrupted()) return {machine::RunEnd::kInterrupted, 0};
    }
    const std::uint64_t snapshot_at = bases_.back().count + options_.snapshot_interval;
    std::uint64_t until = std::min(start + next_length(), std::max(snapshot_at, start + 1));
    until = std::min(until, limits.instructions.value_or(kNever));
    ours.instructions = until;
    const machine::RunResult result = machine_.run(ours);
    if (result.end == machine::RunEnd::kInterrupted) return result;
    const machine::RunResult expected = advance(reference_, until, limits, next_action_);
    slices_.push_back(until);
    const bool ends = result.end != machine::RunEnd::kInstructionLimit ||
                      until == limits.instructions.value_or(kNever);
    const Depth depth = ends || until >= snapshot_at ? Depth::kAll : Depth::kRegisters;
    const bool same_end =
        result.end == expected.end && result.debug_exit_value == expected.debug_exit_value;
    if (!same_end || differ(depth)) {
      find(differ(Depth::kRegisters) ? Depth::kRegisters : depth, result, expected);
      return {machine::RunEnd::kStopped, 0};
    }
    if (ends) return result;
    if (depth == Depth::kAll) {
      const auto both = shared(reference_.save());
      take_base(both, both);
    }
  }
}

}  // namespace ice86::harness
