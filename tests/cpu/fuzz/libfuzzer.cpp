// SPDX-License-Identifier: LGPL-2.1-or-later
// The entry for libFuzzer and AFL++: a byte that chooses the mode, eight bytes that seed the scene,
// the CPU model and the events, and the instruction stream.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/cpu/fuzz/execution.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ice86::cpu::fuzz;
  constexpr std::size_t kHeader = 9;
  if (size <= kHeader) return 0;
  // Machines are costly to make, and libFuzzer keeps nothing for its callee between two calls.
  static Fuzzer fuzzer(FuzzOptions{});
  static Statistics statistics;
  Case one;
  one.mode = static_cast<Mode>(data[0] % kModeNames.size());
  std::memcpy(&one.seed, data + 1, sizeof one.seed);
  one.code = {data + kHeader, size - kHeader};
  if (const std::string problem = fuzzer.execute(one, statistics); !problem.empty()) {
    std::fprintf(stderr, "%s\n", problem.c_str());
    std::abort();
  }
  return 0;
}
