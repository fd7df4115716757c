// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs the guest programs of this folder: each checks the CPU and says so at port E9.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <tuple>
#include <vector>

#include "tests/cpu/support/flat_host.h"

namespace ice86::cpu::test {
namespace {

// As guest.inc has them.
constexpr std::uint64_t kBase = 0x10000, kBootSector = 512, kMemory = 16 << 20;
constexpr std::uint16_t kDebugPort = 0xe9, kExitPort = 0x501;
// As smm.asm has them: an SMI or an NMI at once, or when the CPU halts.
constexpr std::uint16_t kSmiPort = 0xb2, kSmiInHaltPort = 0xb3, kNmiPort = 0xb4,
                        kNmiInHaltPort = 0xb5;
constexpr std::uint64_t kMostInstructions = 20'000'000;

class Guest : public testing::TestWithParam<std::tuple<const char*, Engine>> {};

TEST_P(Guest, ChecksHold) {
  const std::string path = std::string(ICE86_GUESTS "/") + std::get<0>(GetParam()) + ".img";
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << path;
  const std::vector<char> image{std::istreambuf_iterator<char>(file), {}};
  ASSERT_GT(image.size(), kBootSector);

  // A 32-bit CPU: its SMM save area is the one these guests look into.
  FlatHost host(kMemory, implemented_features() - FeatureSet{Feature::kLm},
                std::get<1>(GetParam()));
  std::copy(image.begin() + kBootSector, image.end(), host.memory() + kBase);
  std::string said;
  bool ended = false;
  std::uint32_t exit_code = 0;
  bool smi_in_halt = false, nmi_in_halt = false;
  host.on_port_write = [&](std::uint16_t port, unsigned, std::uint32_t value) {
    if (port == kDebugPort) said += static_cast<char>(value);
    if (port == kSmiPort) host.cpu().pulse_smi();
    if (port == kNmiPort) host.cpu().pulse_nmi();
    if (port == kSmiInHaltPort) smi_in_halt = true;
    if (port == kNmiInHaltPort) nmi_in_halt = true;
    if (port == kExitPort) {
      ended = true;
      exit_code = value;
      host.cpu().request_stop();
    }
  };
  State& state = host.cpu().mutable_state();
  state.segment[kCs] = {
      .selector = kBase >> 4, .attributes = 0x9300, .base = kBase, .limit = 0xffff};
  state.rip = 0;
  StopReason reason = host.cpu().run(kMostInstructions);
  while (reason == StopReason::kHalted && (smi_in_halt || nmi_in_halt)) {
    if (smi_in_halt) {
      smi_in_halt = false;
      host.cpu().pulse_smi();
    } else {
      nmi_in_halt = false;
      host.cpu().pulse_nmi();
    }
    reason = host.cpu().run(kMostInstructions);
  }

  EXPECT_EQ(reason, StopReason::kRequested) << "at " << std::hex << host.cpu().state().rip;
  EXPECT_TRUE(ended);
  EXPECT_EQ(exit_code, 0U);
  EXPECT_NE(said.find("PASS"), std::string::npos);
  EXPECT_EQ(said.find("FAIL"), std::string::npos);
  if (HasFailure()) std::printf("%s\n", said.c_str());
  RecordProperty("said", said);
}

INSTANTIATE_TEST_SUITE_P(Programs, Guest,
                         testing::Combine(testing::Values("faults", "gates", "tasks", "smc", "v86",
                                                          "smm"),
                                          testing::ValuesIn(engines())),
                         [](const auto& one) {
                           return std::string(std::get<0>(one.param)) + "_" +
                                  engine_name(std::get<1>(one.param));
                         });

}  // namespace
}  // namespace ice86::cpu::test
