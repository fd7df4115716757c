// SPDX-License-Identifier: LGPL-2.1-or-later
// The entry for libFuzzer: the words behind -ignore_remaining_args=1 are a target, a firmware, what
// drives there are, and `host` if findings are no crashes: then only what harms this program is one
// (docs/fuzzing-int13.md).
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <string>

#include "harness/fuzz/rig.h"

namespace {

// libFuzzer takes what is in this section as coverage of the target, and clears it.
__attribute__((section("__libfuzzer_extra_counters")))
std::uint8_t edges[ice86::cpu::Cpu::kEdgeMapBytes];

// libFuzzer keeps nothing for its callee between two calls.
struct State {
  std::unique_ptr<ice86::harness::Rig> rig;
  std::set<std::string> known;
  bool findings = true;
} state;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  using namespace ice86;
  int at = 1;
  while (at < *argc && std::strcmp((*argv)[at], "-ignore_remaining_args=1") != 0) ++at;
  const auto word = [&](int number, const char* otherwise) {
    return std::string(at + number < *argc ? (*argv)[at + number] : otherwise);
  };
  harness::RigOptions options;
  auto target = harness::fuzz_target(word(1, "int13"), std::nullopt);
  auto firmware = machine::load_firmware(word(2, "bochs"), std::nullopt, ICE86_IMAGES);
  options.drives = word(3, "full");
  state.findings = word(4, "") != "host";
  if (target && firmware) {
    options.target = std::move(*target);
    options.firmware = std::move(*firmware);
    if (auto rig = harness::Rig::create(std::move(options))) {
      state.rig = std::move(*rig);
      state.rig->set_edge_map(edges);
      return 0;
    } else {
      std::fprintf(stderr, "%s\n", rig.error().message().c_str());
    }
  } else {
    std::fprintf(stderr, "%s\n", (target ? firmware.error() : target.error()).message().c_str());
  }
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto result = state.rig->run({data, size});
  for (const auto& finding : result.findings) {
    if (!state.findings || !state.known.insert(finding.key).second) continue;
    std::fprintf(stderr, "%s: %s\n", finding.oracle.c_str(), finding.text.c_str());
    std::abort();
  }
  return 0;
}
