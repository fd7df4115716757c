// SPDX-License-Identifier: LGPL-2.1-or-later
// ice86-device-fuzz: every chip of the board, each a target, under random accesses.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "tests/fuzz/random.h"
#include "tests/fuzz/runner.h"
#include "tests/machine/fuzz/board.h"

namespace ice86::machine::fuzz {
namespace {

class ChipExecutor final : public ice86::fuzz::Executor {
 public:
  ChipExecutor(const ChipTarget& target, std::uint64_t seed, unsigned check_each)
      : board_(target), seed_(seed), check_each_(check_each) {}

  std::string execute(std::uint64_t index) override {
    ice86::fuzz::Random random(ice86::fuzz::mix(seed_, index));
    std::vector<std::uint8_t> input(16 + random.below(random.one_in(8) ? 4000 : 600));
    for (auto& byte : input) byte = static_cast<std::uint8_t>(random.next());
    if (check_each_ == 0 || index % check_each_ != 0) return board_.execute(input);
    ++checked_;
    return board_.execute_checked(input);
  }
  std::string summary() const override {
    return fmt::format("{} of them checked; {} accesses, {} instructions\n", checked_,
                       board_.accesses(), board_.instructions());
  }

 private:
  Board board_;
  std::uint64_t seed_;
  unsigned check_each_;
  std::uint64_t checked_ = 0;
};

}  // namespace
}  // namespace ice86::machine::fuzz

int main(int argc, char** argv) {
  using namespace ice86::machine::fuzz;
  CLI::App app(
      "Accesses the registers of each chip as no driver would: no crash, no hang, no growth, and "
      "the same end through a snapshot",
      "ice86-device-fuzz");
  ice86::fuzz::Program program{"--chip", "whose registers", {}, 1000};
  for (const ChipTarget& target : chip_targets()) {
    program.targets.push_back(
        {std::string(target.name), [&target](const ice86::fuzz::RunOptions& options) {
           return std::make_unique<ChipExecutor>(target, options.seed, options.check_each);
         }});
  }
  return run_program(app, program, argc, argv);
}
