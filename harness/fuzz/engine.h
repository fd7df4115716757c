// SPDX-License-Identifier: LGPL-2.1-or-later
// The built-in fuzzing engine: inputs that reach new edges of the guest's code are kept, and bent
// into new ones. Everything follows from the seed.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/fuzz/rig.h"

namespace ice86::harness {

// xorshift64*.
class FuzzRandom {
 public:
  explicit FuzzRandom(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}
  std::uint64_t next() {
    state_ ^= state_ >> 12, state_ ^= state_ << 25, state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1d;
  }
  std::size_t below(std::size_t limit) { return next() % limit; }
  bool one_in(unsigned n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

struct FuzzStatistics {
  std::uint64_t executions = 0;
  std::uint64_t calls = 0;
  std::uint64_t instructions = 0;
  std::uint64_t pages = 0, parts = 0;  // resets
  std::uint64_t slow = 0;
  std::size_t edges = 0;
  std::size_t corpus = 0;
};

struct EngineOptions {
  std::uint64_t seed = 1;
  bool compares = false;  // what brings the operands of a compare nearer to each other is new, too
};

class FuzzEngine {
 public:
  // `rig` outlives it.
  FuzzEngine(Rig& rig, EngineOptions options);
  ~FuzzEngine();
  FuzzEngine(const FuzzEngine&) = delete;
  FuzzEngine& operator=(const FuzzEngine&) = delete;

  // An input from elsewhere; true: it reaches something new, and is kept.
  bool add(const Input& input);
  // One execution of an input bent from the corpus.
  void step();
  // Both are called during step() and add(): a finding with a key that is new here, and an input
  // that was kept.
  std::function<void(const Finding&, const Input&)> found;
  std::function<void(const Input&)> kept;

  const FuzzStatistics& statistics() const { return statistics_; }
  const std::vector<Input>& corpus() const { return corpus_; }
  // Constants that the firmware compares with: material for inputs.
  void take_constants(std::vector<std::uint32_t> constants) { constants_ = std::move(constants); }

 private:
  bool execute(const Input& input);
  bool new_edges();
  bool nearer_compares();
  void forget_coverage();
  void look_at_slow(const Input& input, Execution& result);
  Input bend(Input input);
  void bend_step(std::uint8_t* step);
  void fresh_step(std::uint8_t* step);

  Rig& rig_;
  FuzzRandom random_;
  std::vector<Input> corpus_;
  std::vector<std::uint64_t> costs_;  // of each: instructions
  std::uint64_t cost_ = 0;            // of the last execution
  std::map<std::string, bool> keys_;
  std::vector<std::uint32_t> constants_;
  alignas(64) std::array<std::uint8_t, cpu::Cpu::kEdgeMapBytes> map_{};
  alignas(64) std::array<std::uint8_t, cpu::Cpu::kEdgeMapBytes> seen_{};
  const bool compares_;
  alignas(64) std::array<std::uint8_t, cpu::Cpu::kCompareMapBytes> near_{}, nearest_{};
  FuzzStatistics statistics_;
};

// Shorter, and with plainer values, as long as it has a finding with this key. At most `most`
// executions; what hangs is tried with little patience, and the result with all of it. Asked before
// each execution, `interrupted` ends it with what is smallest so far.
Input minimise(Rig& rig, Input input, const std::string& key, unsigned most = 3000,
               const std::function<bool()>& interrupted = nullptr);

// Immediate operands of compare instructions in a firmware's 16-bit code.
std::vector<std::uint32_t> compared_constants(const machine::Firmware& firmware);

}  // namespace ice86::harness
