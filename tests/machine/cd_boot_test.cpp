// SPDX-License-Identifier: LGPL-2.1-or-later
// Unmodified BIOSes boot an El Torito CD: GRUB from it, and from GRUB the test kernel.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "emulator/bus/block_image.h"
#include "emulator/machine/pc.h"

namespace ice86::machine {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
constexpr Nanoseconds kSecond = 1'000'000'000;

struct Machine {
  std::string serial;
  std::unique_ptr<Pc> pc;
};

// `place` is the drive's; a negative one leaves the tray of the secondary master empty.
std::unique_ptr<Machine> machine_with_cd(const std::string& firmware_name, int place) {
  auto firmware = load_firmware(firmware_name, std::nullopt, ICE86_IMAGES);
  EXPECT_TRUE(firmware) << firmware.error().message();
  PcConfig config;
  config.firmware = std::move(*firmware);
  config.boot_order = "d";
  DiskConfig drive;
  drive.cdrom = true;
  if (place >= 0) {
    auto image = BlockImage::open(ICE86_IMAGES "/grub.iso", BlockImage::Writes::kRefused);
    EXPECT_TRUE(image) << image.error().message();
    drive.medium = std::move(*image);
  }
  config.disks[place < 0 ? 2 : static_cast<unsigned>(place)] = std::move(drive);
  auto machine = std::make_unique<Machine>();
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
  return machine.pc->run(limits);
}

class CdBoot : public ::testing::TestWithParam<const char*> {};

TEST_P(CdBoot, StartsTheTestKernel) {
  const auto machine = machine_with_cd(GetParam(), 2);
  const RunResult result = run_for(*machine, 60 * kSecond);
  EXPECT_EQ(result.end, RunEnd::kDebugExit);
  EXPECT_EQ(result.debug_exit_value, 0x10);
  EXPECT_THAT(machine->serial, HasSubstr("ice86 test kernel: ok"));
}

TEST_P(CdBoot, EmptyTrayIsNoBootDevice) {
  const auto machine = machine_with_cd(GetParam(), -1);
  // SeaBIOS tries again for ever, the Bochs BIOS gives up and halts.
  EXPECT_THAT(run_for(*machine, 10 * kSecond).end, AnyOf(RunEnd::kTimeLimit, RunEnd::kStuck));
  EXPECT_EQ(machine->serial, "");
}

INSTANTIATE_TEST_SUITE_P(Bios, CdBoot, ::testing::Values("seabios", "bochs", "bochs-legacy"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           name.erase(std::remove(name.begin(), name.end(), '-'), name.end());
                           return name;
                         });

// The primary slave with no master beside it.
TEST(CdPlace, AnyOtherPlaceBootsToo) {
  const auto machine = machine_with_cd("seabios", 1);
  EXPECT_EQ(run_for(*machine, 60 * kSecond).end, RunEnd::kDebugExit);
}

// A snapshot in the middle of the boot goes on as the original does.
TEST(CdSnapshot, GoesOnFromTheMiddleOfABoot) {
  const auto original = machine_with_cd("seabios", 2);
  ASSERT_EQ(run_for(*original, kSecond).end, RunEnd::kTimeLimit);
  const auto copy = machine_with_cd("seabios", 2);
  const auto loaded = copy->pc->load(original->pc->save());
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(run_for(*original, 60 * kSecond).end, RunEnd::kDebugExit);
  EXPECT_EQ(run_for(*copy, 60 * kSecond).end, RunEnd::kDebugExit);
  EXPECT_EQ(original->pc->state_hash(), copy->pc->state_hash());
}

}  // namespace
}  // namespace ice86::machine
