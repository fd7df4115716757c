// SPDX-License-Identifier: LGPL-2.1-or-later
// Machines of one process share nothing: twenty on two threads end as one alone does.
#include <gtest/gtest.h>

#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "emulator/bus/block_image.h"
#include "emulator/machine/pc.h"

namespace ice86::machine {
namespace {

constexpr std::size_t kMachines = 20, kThreads = 2;
constexpr std::uint64_t kInstructions = 30'000'000, kSlice = 1'000'000;

std::unique_ptr<Pc> machine() {
  auto firmware = load_firmware("seabios", std::nullopt, ICE86_IMAGES);
  auto disk = BlockImage::open(ICE86_IMAGES "/grub.img", BlockImage::Writes::kOverlay);
  if (!firmware || !disk) return nullptr;
  PcConfig config;
  config.firmware = std::move(*firmware);
  config.memory_mib = 16;
  if (cpu::engine_available(cpu::Engine::kJit)) config.engine = cpu::Engine::kJit;
  config.disks[0] = DiskConfig{std::move(*disk), {}};
  auto pc = Pc::create(std::move(config));
  return pc ? std::move(*pc) : nullptr;
}

void run_to(Pc& pc, std::uint64_t instructions) {
  RunLimits limits;
  limits.instructions = instructions;
  pc.run(limits);
}

// CPU time of the calling thread.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

TEST(ManyMachines, TwentyOnTwoThreadsEndAsOneAlone) {
  const double start = cpu_seconds();
  const auto alone = machine();
  ASSERT_NE(alone, nullptr);
  run_to(*alone, kInstructions);
  const double alone_seconds = cpu_seconds() - start;
  const std::string state = alone->state_hash();

  std::vector<std::unique_ptr<Pc>> machines(kMachines);
  std::vector<double> seconds(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&machines, &seconds, t] {
      const double from = cpu_seconds();
      for (std::size_t i = t; i < kMachines; i += kThreads) machines[i] = machine();
      // All are under way at the same time.
      for (std::uint64_t at = kSlice; at <= kInstructions; at += kSlice) {
        for (std::size_t i = t; i < kMachines; i += kThreads) {
          if (machines[i]) run_to(*machines[i], at);
        }
      }
      seconds[t] = cpu_seconds() - from;
    });
  }
  for (std::thread& thread : threads) thread.join();
  double sum = 0;
  for (const double each : seconds) sum += each;
  std::printf("CPU seconds: %.2f alone, %.2f each of %zu\n", alone_seconds, sum / kMachines,
              kMachines);
  for (std::size_t i = 0; i < kMachines; ++i) {
    ASSERT_NE(machines[i], nullptr) << i;
    EXPECT_EQ(machines[i]->state_hash(), state) << i;
  }
}

}  // namespace
}  // namespace ice86::machine
