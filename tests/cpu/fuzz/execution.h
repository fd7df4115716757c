// SPDX-License-Identifier: LGPL-2.1-or-later
// One execution of the fuzzer: a CPU model, a mode, a stream, and what happens to the CPU's pins
// while it runs; and what must hold whatever the stream is.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tests/cpu/fuzz/fuzz_host.h"
#include "tests/cpu/fuzz/scene.h"

namespace ice86::cpu::fuzz {

struct Case {
  Mode mode = Mode::kReal16;
  std::uint64_t seed = 0;                   // of everything
  std::span<const std::uint8_t> code = {};  // the stream; empty: made from the seed
};

struct Statistics {
  std::uint64_t executions = 0;
  std::uint64_t instructions = 0;
  std::uint64_t checked = 0;  // executed twice more, with a snapshot
  std::uint64_t shutdowns = 0;
  std::uint64_t smis = 0;
  std::array<std::uint64_t, 256> delivered{};  // interrupts and exceptions by vector
  std::uint64_t slowest_ns = 0;                // the longest single call of Cpu::run
};

struct FuzzOptions {
  unsigned check_each = 4;  // one case in so many (by its seed) is checked; 0: none
  unsigned parts = 2;       // calls of Cpu::run that a checked execution takes for one of the plain
  bool trace = false;       // print the CPU after each call
};

class Fuzzer {
 public:
  explicit Fuzzer(const FuzzOptions& options);
  ~Fuzzer();

  // Empty: all is well. Otherwise what did not hold. A checked case is
  // executed again on two other machines: on one to the middle, from its snapshot on the other to
  // the end, in smaller steps and without an observer; all must come to the same state.
  std::string execute(const Case& one, Statistics& statistics);
  std::size_t models() const { return models_.size(); }

 private:
  class Observer;
  struct Plan;
  struct Machines {
    std::unique_ptr<FuzzHost> plain, first, second;
  };

  Plan make_plan(const Case& one, Random& random);
  void prepare(const Case& one, const Plan& plan, FuzzHost& host);
  FuzzHost& machine(std::unique_ptr<FuzzHost>& slot, std::size_t model);

  FuzzOptions options_;
  std::vector<CpuModel> models_;
  std::vector<Machines> machines_;
  std::unique_ptr<Observer> observer_;
};

}  // namespace ice86::cpu::fuzz
