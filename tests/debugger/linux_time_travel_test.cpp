// SPDX-License-Identifier: LGPL-2.1-or-later
// Going back in a boot of Linux: steps back to random places land on the states of a machine that
// has only run forwards, and a step back from the shell's prompt is there at once.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "emulator/base/host_clock.h"
#include "emulator/bus/block_image.h"
#include "emulator/machine/timeline.h"

namespace ice86::machine {
namespace {

constexpr unsigned kSteps = 1000;
// Generous: on a loaded host the answer within a second would be luck.
constexpr std::uint64_t kMostNs = 5'000'000'000;

std::unique_ptr<Pc> linux_machine(std::string* serial) {
  PcConfig config;
  auto firmware = load_firmware("seabios", std::nullopt, "images");
  EXPECT_TRUE(firmware) << firmware.error().message();
  config.firmware = std::move(*firmware);
  config.memory_mib = 128;
  config.engine = cpu::Engine::kJit;
  auto image = BlockImage::open(ICE86_LINUX_IMAGES "/linux32.img", BlockImage::Writes::kOverlay);
  EXPECT_TRUE(image) << image.error().message();
  config.disks[0] = DiskConfig{std::move(*image), {}};
  if (serial != nullptr)
    config.serial[0] = [serial](std::uint8_t byte) { *serial += static_cast<char>(byte); };
  auto pc = Pc::create(std::move(config));
  EXPECT_TRUE(pc) << pc.error().message();
  return std::move(*pc);
}

TEST(LinuxTimeTravel, StepsBackEqualAForwardRun) {
  std::string heard;
  const auto pc = linux_machine(&heard);
  Timeline timeline(*pc, {});
  RunLimits limits;
  limits.time = 400'000'000'000;
  limits.interrupted = [&] { return heard.find("built-in shell") != std::string::npos; };
  ASSERT_EQ(timeline.run(limits).end, RunEnd::kInterrupted) << heard;
  limits.interrupted = nullptr;
  limits.instructions = pc->instant().instructions + 50'000'000;
  timeline.run(limits);
  const std::uint64_t prompt = pc->instant().instructions;
  const std::string present = pc->state_hash();

  const std::uint64_t began = host_ns();
  ASSERT_TRUE(timeline.go_to(prompt - 1));
  const std::uint64_t took = host_ns() - began;
  fmt::print("a step back from the prompt: {:.3f} s; {} instructions, {} snapshots, {} MiB\n",
             static_cast<double>(took) / 1e9, prompt, timeline.snapshots(), timeline.bytes() >> 20);
  EXPECT_LT(took, kMostNs);

  std::mt19937_64 random(20030609);
  std::map<std::uint64_t, std::string> expected;
  while (expected.size() < kSteps) expected[random() % (prompt - 1)];
  const auto forward = linux_machine(nullptr);
  for (auto& [count, hash] : expected) {
    RunLimits to;
    to.instructions = count;
    forward->run(to);
    hash = forward->state_hash();
  }
  std::vector<std::uint64_t> order;
  for (const auto& [count, hash] : expected) order.push_back(count);
  std::shuffle(order.begin(), order.end(), random);
  for (const std::uint64_t count : order) {
    // To the boundary after it, and one step back.
    ASSERT_TRUE(timeline.go_to(count + 1));
    ASSERT_TRUE(timeline.go_to(count));
    ASSERT_EQ(pc->state_hash(), expected[count]) << "after " << count << " instructions";
  }
  timeline.go_to_present();
  EXPECT_EQ(pc->state_hash(), present);
}

}  // namespace
}  // namespace ice86::machine
