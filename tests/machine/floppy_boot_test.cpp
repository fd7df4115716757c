// SPDX-License-Identifier: LGPL-2.1-or-later
// Unmodified BIOSes boot diskettes of all sizes, and read, write and verify them with INT 13h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "devices/i82077aa/floppy_drive.h"
#include "emulator/base/bits.h"
#include "emulator/base/files.h"
#include "emulator/bus/block_image.h"
#include "emulator/machine/pc.h"

namespace ice86::machine {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
constexpr Nanoseconds kSecond = 1'000'000'000;

struct Geometry {
  unsigned cylinders, heads, sectors_per_track;
};

// The boot sector with this geometry, and sectors that carry their number at both ends.
std::vector<std::uint8_t> diskette(const Geometry& geometry) {
  auto boot = read_file(ICE86_GUESTS "/floppy_boot.bin", 512);
  EXPECT_TRUE(boot) << boot.error().message();
  std::vector<std::uint8_t> image = std::move(*boot);
  store_le(&image[0x18], static_cast<std::uint16_t>(geometry.sectors_per_track));
  store_le(&image[0x1a], static_cast<std::uint16_t>(geometry.heads));
  store_le(&image[0x1c], static_cast<std::uint16_t>(geometry.cylinders));
  store_le(&image[0x1e], std::uint16_t{16});
  const unsigned sectors = geometry.cylinders * geometry.heads * geometry.sectors_per_track;
  image.resize(std::size_t{sectors} * kSectorSize);
  for (std::uint32_t i = 1; i < sectors; ++i) {
    store_le(&image[i * kSectorSize], i);
    store_le(&image[i * kSectorSize + 508], i);
  }
  return image;
}

struct Machine {
  std::string serial;
  BlockImage* medium = nullptr;
  std::unique_ptr<Pc> pc;
};

std::unique_ptr<Machine> machine_with(const std::string& firmware_name, const Geometry& geometry,
                                      BlockImage::Writes writes) {
  auto firmware = load_firmware(firmware_name, std::nullopt, ICE86_IMAGES);
  EXPECT_TRUE(firmware) << firmware.error().message();
  auto machine = std::make_unique<Machine>();
  PcConfig config;
  config.firmware = std::move(*firmware);
  config.memory_mib = 32;
  config.boot_order = "a";
  auto medium = BlockImage::in_memory(diskette(geometry), writes);
  machine->medium = medium.get();
  config.floppies[0] = FloppyConfig{std::move(medium)};
  Machine* const raw = machine.get();
  config.serial[0] = [raw](std::uint8_t byte) { raw->serial += static_cast<char>(byte); };
  auto pc = Pc::create(std::move(config));
  EXPECT_TRUE(pc) << pc.error().message();
  machine->pc = std::move(*pc);
  return machine;
}

RunResult run_for(Machine& machine, Nanoseconds time) {
  RunLimits limits;
  limits.time = time;
  const RunResult result = machine.pc->run(limits);
  for (const std::uint8_t byte : machine.pc->unsent_serial(0)) {
    machine.serial += static_cast<char>(byte);
  }
  return result;
}

std::string last_line(const std::string& text) {
  const std::size_t at = text.rfind("boot drive");
  return at == std::string::npos ? text : text.substr(at);
}

std::string name_of(const ::testing::TestParamInfo<const char*>& tested) {
  std::string name = tested.param;
  name.erase(std::remove(name.begin(), name.end(), '-'), name.end());
  return name;
}

class FloppyBoot : public ::testing::TestWithParam<const char*> {};

TEST_P(FloppyBoot, ReadsWritesAndVerifies) {
  const auto machine = machine_with(GetParam(), {80, 2, 18}, BlockImage::Writes::kOverlay);
  const RunResult result = run_for(*machine, 60 * kSecond);
  EXPECT_EQ(result.end, RunEnd::kDebugExit);
  EXPECT_EQ(result.debug_exit_value, 0x10) << machine->serial;
  // Type 4; 79 is the last cylinder, 18 the last sector, 1 the last head; one drive.
  EXPECT_EQ(last_line(machine->serial), "boot drive 00 parameters 044F120101 reading writing ok\n");
  std::array<std::uint8_t, 512> sector{};
  ASSERT_TRUE(machine->medium->read(2879, sector));
  EXPECT_EQ(load_le<std::uint32_t>(sector.data()), ~2879U);
}

TEST_P(FloppyBoot, WriteProtectedDisketteRefusesToBeWritten) {
  const auto machine = machine_with(GetParam(), {80, 2, 18}, BlockImage::Writes::kRefused);
  EXPECT_EQ(run_for(*machine, 60 * kSecond).debug_exit_value, 0x11);
  EXPECT_THAT(last_line(machine->serial),
              StartsWith("boot drive 00 parameters 044F120101 reading writing error "));
}

INSTANTIATE_TEST_SUITE_P(Bios, FloppyBoot,
                         ::testing::Values("seabios", "bochs", "bochs-legacy", "stack"), name_of);

struct Size {
  const char* name;
  Geometry geometry;
  const char* parameters;
};

class FloppySize : public ::testing::TestWithParam<Size> {};

TEST_P(FloppySize, IsReadAndWrittenBySeaBios) {
  const auto machine = machine_with("seabios", GetParam().geometry, BlockImage::Writes::kOverlay);
  EXPECT_EQ(run_for(*machine, 60 * kSecond).debug_exit_value, 0x10) << machine->serial;
  EXPECT_THAT(machine->serial, HasSubstr(GetParam().parameters));
}

INSTANTIATE_TEST_SUITE_P(Formats, FloppySize,
                         ::testing::Values(Size{"k360", {40, 2, 9}, "parameters 0127090101"},
                                           Size{"k1200", {80, 2, 15}, "parameters 024F0F0101"},
                                           Size{"k720", {80, 2, 9}, "parameters 034F090101"},
                                           Size{"k2880", {80, 2, 36}, "parameters 054F240101"}),
                         [](const auto& tested) { return tested.param.name; });

// A snapshot in the middle of the boot goes on as the original does.
TEST(FloppySnapshot, GoesOnFromTheMiddleOfABoot) {
  const Geometry geometry = {80, 2, 18};
  const auto original = machine_with("bochs", geometry, BlockImage::Writes::kOverlay);
  EXPECT_EQ(run_for(*original, 3'200'000'000).end, RunEnd::kTimeLimit);
  const auto copy = machine_with("bochs", geometry, BlockImage::Writes::kOverlay);
  const auto loaded = copy->pc->load(original->pc->save());
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(run_for(*original, 60 * kSecond).end, RunEnd::kDebugExit);
  EXPECT_EQ(run_for(*copy, 60 * kSecond).end, RunEnd::kDebugExit);
  EXPECT_EQ(original->pc->state_hash(), copy->pc->state_hash());
}

TEST(FloppyDrives, AreInCmosAndTheEquipmentByte) {
  PcConfig config;
  auto firmware = load_firmware("seabios", std::nullopt, ICE86_IMAGES);
  ASSERT_TRUE(firmware);
  config.firmware = std::move(*firmware);
  config.floppies[0] = FloppyConfig{};  // empty
  config.floppies[1] = FloppyConfig{
      BlockImage::in_memory(std::vector<std::uint8_t>(1200 << 10), BlockImage::Writes::kOverlay)};
  auto pc = Pc::create(std::move(config));
  ASSERT_TRUE(pc) << pc.error().message();
  const std::string dump = (*pc)->dump();
  EXPECT_THAT(dump, HasSubstr("drive 0: empty"));
  EXPECT_THAT(dump, HasSubstr("drive 1: 1.2M"));
  EXPECT_THAT(dump, HasSubstr("10: 42 00"));
}

TEST(FloppyDrives, TooLargeAnImageIsRefused) {
  PcConfig config;
  auto firmware = load_firmware("seabios", std::nullopt, ICE86_IMAGES);
  ASSERT_TRUE(firmware);
  config.firmware = std::move(*firmware);
  config.floppies[0] = FloppyConfig{
      BlockImage::in_memory(std::vector<std::uint8_t>(3 << 20), BlockImage::Writes::kOverlay)};
  const auto pc = Pc::create(std::move(config));
  ASSERT_FALSE(pc);
  EXPECT_THAT(pc.error().message(), HasSubstr("drive A"));
}

}  // namespace
}  // namespace ice86::machine
