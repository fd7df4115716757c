// SPDX-License-Identifier: LGPL-2.1-or-later
// The entry for libFuzzer and AFL++: a byte that chooses the chip, and the board's input.
#include <cstdio>
#include <cstdlib>
#include <map>

#include "tests/machine/fuzz/board.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ice86::machine::fuzz;
  if (size < 2) return 0;
  // Machines are costly to make, and libFuzzer keeps nothing for its callee between two calls.
  static std::map<std::size_t, Board> boards;
  const std::size_t chip = data[0] % chip_targets().size();
  Board& board = boards.try_emplace(chip, chip_targets()[chip]).first->second;
  if (const std::string problem = board.execute({data + 1, size - 1}); !problem.empty()) {
    std::fprintf(stderr, "%s\n", problem.c_str());
    std::abort();
  }
  return 0;
}
