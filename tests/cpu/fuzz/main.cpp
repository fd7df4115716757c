// SPDX-License-Identifier: LGPL-2.1-or-later
// ice86-cpu-fuzz: malformed instruction streams on the interpreter, each mode a target.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "tests/cpu/fuzz/execution.h"
#include "tests/fuzz/runner.h"

namespace ice86::cpu::fuzz {
namespace {

class ModeExecutor final : public ice86::fuzz::Executor {
 public:
  ModeExecutor(Mode mode, std::uint64_t seed, const FuzzOptions& options)
      : mode_(mode), seed_(seed), fuzzer_(options) {}

  std::string execute(std::uint64_t index) override {
    const Case one{mode_, mix(mix(seed_, index), static_cast<std::uint64_t>(mode_)), {}};
    return fuzzer_.execute(one, sums_);
  }
  std::string summary() const override {
    std::string text = fmt::format(
        "{} of them checked; {} instructions; {} shutdowns; longest run() {:.1f} ms\n"
        "             delivered",
        sums_.checked, sums_.instructions, sums_.shutdowns,
        static_cast<double>(sums_.slowest_ns) / 1e6);
    for (unsigned vector = 0; vector < 32; ++vector) {
      if (sums_.delivered[vector] != 0)
        text += fmt::format(" #{}: {}", vector, sums_.delivered[vector]);
    }
    return text + '\n';
  }

 private:
  Mode mode_;
  std::uint64_t seed_;
  Fuzzer fuzzer_;
  Statistics sums_;
};

}  // namespace
}  // namespace ice86::cpu::fuzz

int main(int argc, char** argv) {
  using namespace ice86::cpu::fuzz;
  CLI::App app(
      "Executes malformed instruction streams: no crash, no hang, no growth, and the same "
      "end through a snapshot",
      "ice86-cpu-fuzz");
  FuzzOptions fuzz;
  app.add_option("--parts", fuzz.parts, "how many runs a checked execution makes of one")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_flag("--trace", fuzz.trace, "the CPU after each run()");
  ice86::fuzz::Program program{"--mode", "where executions begin", {}, 10'000};
  for (std::size_t number = 0; number < kModeNames.size(); ++number) {
    program.targets.push_back(
        {std::string(kModeNames[number]), [&fuzz, number](const ice86::fuzz::RunOptions& options) {
           fuzz.check_each = options.check_each;
           return std::make_unique<ModeExecutor>(static_cast<Mode>(number), options.seed, fuzz);
         }});
  }
  return run_program(app, program, argc, argv);
}
