// SPDX-License-Identifier: LGPL-2.1-or-later
// The typed conformance suite that every device runs. A device's test file describes a bench (the
// device with the services around it) and instantiates the suite:
//
//   struct FooBench {
//     Clock clock;
//     LevelLine irq;
//     devices::Foo chip{clock, irq};
//     devices::Foo& device() { return chip; }
//     std::vector<conformance::Block> blocks() { return {{"ports", &chip, 8, 1}}; }
//     bool interrupting() const { return irq.high(); }
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Foo, DeviceConformance, FooBench);
//
// Optional members of a bench:
//   void disturb(std::mt19937_64& random);       // input from outside: keys, bytes, lines, DMA
//   requests static constexpr bool kBatteryBacked = true;  // power-on keeps what software stored
//   (RTC, flash) static constexpr bool kReadsFollowPeek = false;  // reading one block changes what
//   another shows
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "emulator/base/archive.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/register_block.h"

namespace ice86::conformance {

// One register block of the device: offsets below `size`, accesses up to `most_width` bytes.
struct Block {
  std::string name;
  RegisterBlock* registers;
  std::uint64_t size;
  unsigned most_width;
};

template <typename Bench>
void advance(Bench& bench, std::uint64_t instructions) {
  const std::uint64_t target = bench.clock.instructions() + instructions;
  while (bench.clock.instructions() < target) {
    const std::uint64_t left = target - bench.clock.instructions();
    const std::uint64_t next = bench.clock.instructions_until_next_event();
    bench.clock.instructions() += next < left ? next : left;
    bench.clock.run_due_events();
  }
}

template <typename Bench>
std::uint64_t outputs(const Bench& bench) {
  std::uint64_t pins = bench.interrupting() ? 1 : 0;
  if constexpr (requires { bench.outputs(); }) pins |= bench.outputs() << 1;
  return pins;
}

// Random register accesses, time and input. Returns a digest of all that could be seen meanwhile:
// the values that were read and the output pins.
template <typename Bench>
std::uint64_t fuzz(Bench& bench, std::uint64_t seed, unsigned accesses) {
  std::mt19937_64 random(seed);
  std::uint64_t digest = 0;
  const auto saw = [&digest](std::uint64_t value) { digest = (digest ^ value) * 0x100000001B3; };
  const std::vector<Block> blocks = bench.blocks();
  for (unsigned i = 0; i < accesses; ++i) {
    const Block& block = blocks[random() % blocks.size()];
    unsigned width = 1U << (random() % 4);
    while (width > block.most_width) width /= 2;
    const std::uint64_t offset = random() % block.size / width * width;
    const std::uint64_t pattern = random();
    switch (random() % 8) {
      case 0:
      case 1:
      case 2: saw(block.registers->read(offset, width)); break;
      case 3: block.registers->write(offset, width, 0); break;
      case 4: block.registers->write(offset, width, width_mask(width)); break;
      case 5:
        // Small numbers reach more commands than random ones do.
        block.registers->write(offset, width, pattern & 0x3F);
        break;
      default: block.registers->write(offset, width, pattern & width_mask(width)); break;
    }
    // Every order of magnitude up to a million instructions.
    if (random() % 4 == 0) advance(bench, random() >> (44 + random() % 20));
    if constexpr (requires { bench.disturb(random); }) {
      if (random() % 8 == 0) bench.disturb(random);
    }
    saw(outputs(bench));
  }
  return digest;
}

// What all registers show, and the output pins.
template <typename Bench>
std::vector<std::uint64_t> appearance(Bench& bench) {
  std::vector<std::uint64_t> values{outputs(bench)};
  for (const Block& block : bench.blocks()) {
    for (std::uint64_t offset = 0; offset < block.size && offset < 4096; ++offset) {
      values.push_back(block.registers->peek(offset, 1));
    }
  }
  return values;
}

template <typename Bench>
void release(Bench& bench) {
  if constexpr (requires { bench.release(); }) bench.release();
}

template <typename Bench>
std::vector<std::uint8_t> save_device(Bench& bench) {
  Archive archive = Archive::writer();
  bench.device().serialize(archive);
  EXPECT_TRUE(archive.finish().has_value());
  return archive.bytes();
}

// The device and its clock with the armed timers.
template <typename Bench>
std::vector<std::uint8_t> save_all(Bench& bench) {
  Archive archive = Archive::writer();
  bench.clock.serialize(archive);
  bench.device().serialize(archive);
  EXPECT_TRUE(archive.finish().has_value());
  return archive.bytes();
}

template <typename Bench>
Result<void> load_all(Bench& bench, std::span<const std::uint8_t> bytes) {
  Archive archive = Archive::reader(bytes);
  bench.clock.serialize(archive);
  bench.device().serialize(archive);
  return archive.finish();
}

}  // namespace ice86::conformance

namespace ice86 {

template <typename Bench>
class DeviceConformance : public ::testing::Test {
 protected:
  static constexpr unsigned kAccesses = 3000;

  static constexpr bool battery_backed() {
    if constexpr (requires { Bench::kBatteryBacked; }) return Bench::kBatteryBacked;
    return false;
  }
  static constexpr bool reads_follow_peek() {
    if constexpr (requires { Bench::kReadsFollowPeek; }) return Bench::kReadsFollowPeek;
    return true;
  }
  static std::unique_ptr<Bench> fresh() {
    auto bench = std::make_unique<Bench>();
    bench->device().reset(ResetKind::kPowerOn);
    return bench;
  }
};

TYPED_TEST_SUITE_P(DeviceConformance);

TYPED_TEST_P(DeviceConformance, ResetIsIdempotent) {
  for (const ResetKind kind : {ResetKind::kPowerOn, ResetKind::kHard, ResetKind::kInit}) {
    auto bench = this->fresh();
    conformance::fuzz(*bench, 11, this->kAccesses);
    bench->device().reset(kind);
    const auto once = conformance::save_device(*bench);
    bench->device().reset(kind);
    EXPECT_EQ(once, conformance::save_device(*bench)) << "reset kind " << static_cast<int>(kind);
  }
}

TYPED_TEST_P(DeviceConformance, PowerOnResetForgetsEverything) {
  if (this->battery_backed()) return;
  auto used = this->fresh();
  conformance::fuzz(*used, 12, this->kAccesses);
  conformance::release(*used);
  used->device().reset(ResetKind::kPowerOn);
  auto unused = this->fresh();
  conformance::advance(*unused, used->clock.instructions());
  unused->device().reset(ResetKind::kPowerOn);
  EXPECT_EQ(conformance::save_device(*unused), conformance::save_device(*used));
}

TYPED_TEST_P(DeviceConformance, LoadRestoresWhatWasSaved) {
  auto bench = this->fresh();
  for (std::uint64_t seed = 1000; seed < 1060; ++seed) {
    conformance::fuzz(*bench, seed, 1 + seed % 97);
    const auto saved = conformance::save_all(*bench);
    const auto shown = conformance::appearance(*bench);
    conformance::fuzz(*bench, seed + 1000, this->kAccesses / 30);
    const auto loaded = conformance::load_all(*bench, saved);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message();
    ASSERT_EQ(saved, conformance::save_all(*bench)) << "seed " << seed;
    ASSERT_EQ(shown, conformance::appearance(*bench)) << "seed " << seed;
  }
}

TYPED_TEST_P(DeviceConformance, RestoredDeviceContinuesAsTheOriginal) {
  auto original = this->fresh();
  for (std::uint64_t seed = 3000; seed < 3100; ++seed) {
    conformance::fuzz(*original, seed, 1 + seed % 97);
    auto copy = this->fresh();
    const auto loaded = conformance::load_all(*copy, conformance::save_all(*original));
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message();
    ASSERT_EQ(original->device().dump(), copy->device().dump()) << "seed " << seed;
    // Both live through the same: a few accesses show what many would wash out.
    const unsigned accesses = 1 + seed % 31;
    ASSERT_EQ(conformance::fuzz(*original, seed + 1000, accesses),
              conformance::fuzz(*copy, seed + 1000, accesses))
        << "seed " << seed;
    ASSERT_EQ(conformance::appearance(*original), conformance::appearance(*copy))
        << "seed " << seed;
    ASSERT_EQ(conformance::save_all(*original), conformance::save_all(*copy)) << "seed " << seed;
  }
}

TYPED_TEST_P(DeviceConformance, DamagedSnapshotIsRefusedOrSafe) {
  auto bench = this->fresh();
  conformance::fuzz(*bench, 40, this->kAccesses);
  const auto saved = conformance::save_device(*bench);
  const std::size_t step = saved.size() / 64 + 1;
  for (std::size_t length = 0; length < saved.size(); length += step) {
    Archive archive = Archive::reader(std::span(saved).first(length));
    bench->device().serialize(archive);
    EXPECT_FALSE(archive.finish().has_value()) << "cut to " << length << " of " << saved.size();
  }
  std::mt19937_64 random(41);
  for (unsigned i = 0; i < 200; ++i) {
    auto damaged = saved;
    for (unsigned k = 0; k < 4; ++k) {
      damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
    }
    Archive archive = Archive::reader(damaged);
    bench->device().serialize(archive);
    if (archive.ok()) conformance::fuzz(*bench, i, 50);
    bench->device().reset(ResetKind::kPowerOn);
  }
  conformance::release(*bench);
  bench->device().reset(ResetKind::kPowerOn);
  EXPECT_FALSE(bench->interrupting());
}

TYPED_TEST_P(DeviceConformance, PeekChangesNothing) {
  auto bench = this->fresh();
  for (std::uint64_t seed = 50; seed < 60; ++seed) {
    conformance::fuzz(*bench, seed, this->kAccesses / 10);
    const auto before = conformance::save_all(*bench);
    for (const conformance::Block& block : bench->blocks()) {
      const std::uint64_t most = block.size < 4096 ? block.size : 4096;
      for (unsigned width = 1; width <= block.most_width; width *= 2) {
        for (std::uint64_t offset = 0; offset + width <= most; offset += width) {
          static_cast<void>(block.registers->peek(offset, width));
        }
      }
    }
    static_cast<void>(bench->device().dump());
    ASSERT_EQ(before, conformance::save_all(*bench)) << "seed " << seed;
  }
}

TYPED_TEST_P(DeviceConformance, PeekShowsWhatReadReturns) {
  if (!this->reads_follow_peek()) return;
  auto bench = this->fresh();
  std::mt19937_64 random(60);
  for (std::uint64_t seed = 60; seed < 90; ++seed) {
    conformance::fuzz(*bench, seed, this->kAccesses / 30);
    for (const conformance::Block& block : bench->blocks()) {
      for (unsigned i = 0; i < 16; ++i) {
        unsigned width = 1U << (random() % 4);
        while (width > block.most_width) width /= 2;
        const std::uint64_t offset = random() % block.size / width * width;
        const std::uint64_t peeked = block.registers->peek(offset, width);
        ASSERT_EQ(peeked, block.registers->read(offset, width))
            << block.name << " offset " << offset << " width " << width;
      }
    }
  }
}

TYPED_TEST_P(DeviceConformance, NoInterruptAfterReset) {
  auto bench = this->fresh();
  EXPECT_FALSE(bench->interrupting());
  for (const ResetKind kind : {ResetKind::kPowerOn, ResetKind::kHard}) {
    for (std::uint64_t seed = 90; seed < 95; ++seed) {
      conformance::fuzz(*bench, seed, this->kAccesses / 5);
      conformance::release(*bench);
      bench->device().reset(kind);
      EXPECT_FALSE(bench->interrupting()) << "reset kind " << static_cast<int>(kind);
    }
  }
}

TYPED_TEST_P(DeviceConformance, RandomRegisterAccessIsSafe) {
  auto bench = this->fresh();
  conformance::fuzz(*bench, 100, this->kAccesses * 10);
  EXPECT_FALSE(bench->device().dump().empty());
  for (const conformance::Block& block : bench->blocks()) {
    // A narrow register never shows bits above the access.
    for (std::uint64_t offset = 0; offset < block.size && offset < 4096; ++offset) {
      ASSERT_LE(block.registers->peek(offset, 1), 0xFFU) << block.name << " offset " << offset;
    }
  }
}

REGISTER_TYPED_TEST_SUITE_P(DeviceConformance, ResetIsIdempotent, PowerOnResetForgetsEverything,
                            LoadRestoresWhatWasSaved, RestoredDeviceContinuesAsTheOriginal,
                            DamagedSnapshotIsRefusedOrSafe, PeekChangesNothing,
                            PeekShowsWhatReadReturns, NoInterruptAfterReset,
                            RandomRegisterAccessIsSafe);

}  // namespace ice86
