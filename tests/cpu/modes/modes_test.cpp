// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs the ROM programs of this folder on a bare CPU: each checks itself and says "ok".
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "tests/cpu/support/flat_host.h"

namespace ice86::cpu::test {
namespace {

constexpr std::uint64_t kMemory = 64 << 20;
constexpr std::uint64_t kRomAt = 0xf0000, kRomBytes = 0x10000;
constexpr std::uint64_t kMostInstructions = 50'000'000;
constexpr std::uint16_t kDebugPort = 0xe9, kExitPort = 0xf4, kSmiPort = 0xb2;

std::vector<std::string> names() {
  std::istringstream all(ICE86_ROM_NAMES);
  return {std::istream_iterator<std::string>(all), {}};
}

class Rom : public testing::TestWithParam<std::tuple<std::string, Engine>> {};

TEST_P(Rom, SaysOk) {
  std::ifstream file(std::string(ICE86_ROMS "/") + std::get<0>(GetParam()) + ".rom",
                     std::ios::binary);
  const std::vector<char> rom{std::istreambuf_iterator<char>(file), {}};
  ASSERT_EQ(rom.size(), kRomBytes);
  FlatHost host(kMemory, implemented_features(), std::get<1>(GetParam()));
  std::memcpy(host.memory() + kRomAt, rom.data(), rom.size());
  std::string output;
  int exit_code = -1;
  host.on_port_write = [&](std::uint16_t port, unsigned, std::uint32_t value) {
    if (port == kDebugPort) output.push_back(static_cast<char>(value));
    if (port == kSmiPort) host.cpu().pulse_smi();
    if (port == kExitPort) {
      exit_code = static_cast<int>(value);
      host.cpu().request_stop();
    }
  };
  // As after a reset, but with the ROM below 1 MByte.
  host.cpu().mutable_state().segment[kCs].base = kRomAt;
  const StopReason reason = host.cpu().run(kMostInstructions);
  EXPECT_EQ(output, "ok\n") << "stopped for reason " << static_cast<int>(reason) << " at "
                            << std::hex << host.cpu().state().rip;
  EXPECT_EQ(exit_code, 0);
}

INSTANTIATE_TEST_SUITE_P(Modes, Rom,
                         testing::Combine(testing::ValuesIn(names()), testing::ValuesIn(engines())),
                         [](const auto& rom) {
                           return std::get<0>(rom.param) + "_" +
                                  engine_name(std::get<1>(rom.param));
                         });

}  // namespace
}  // namespace ice86::cpu::test
