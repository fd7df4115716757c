// SPDX-License-Identifier: LGPL-2.1-or-later
// The stack with other people's systems: Debian's kernel as the payload and from GRUB without a
// BIOS, and through ADLO's BIOS the boot loaders and the kernel from disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/firmware/support/guest.h"

namespace ice86 {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kStack[] = ICE86_LINUX_IMAGES "/stack.rom";
constexpr char kLinuxDisk[] = ICE86_LINUX_IMAGES "/linux64.img";

Guest::Setup setup(const std::string& firmware, const std::string& disk) {
  Guest::Setup setup;
  setup.firmware = firmware;
  setup.disk = disk;
  setup.memory_mib = 512;
  setup.engine = cpu::Engine::kJit;
  return setup;
}

// 'Flexibility in ROM': 3 s from power-on to a shell prompt. The machine does 1,000 million
// instructions a second, as one of 2003 did.
TEST(LinuxPayload, IsAtTheShellWithinThreeSeconds) {
  Guest::Setup linux = setup(ICE86_LINUX_IMAGES "/linux.rom", "");
  linux.instructions_per_microsecond = 1000;
  const auto guest = Guest::create(linux);
  ASSERT_TRUE(guest);
  EXPECT_TRUE(guest->talk({{"/ # ", ""}}, 3 * Guest::kSecond));
  RecordProperty("shell_ms", static_cast<int>(guest->pc().clock().now() / 1'000'000));
  EXPECT_TRUE(guest->talk({{"", "cat /proc/cmdline; echo sum $((6*7*1000))\r"}, {"sum 42000", ""}},
                          10 * Guest::kSecond));
  EXPECT_THAT(guest->heard(), HasSubstr("Payload 'linux': Linux"));
  // By the ACPI tables.
  guest->talk({{"", "poweroff -f\r"}, {"nothing comes after this", ""}}, 10 * Guest::kSecond);
  EXPECT_EQ(guest->result().end, machine::RunEnd::kPowerOff);
  EXPECT_THAT(guest->heard(), HasSubstr("Linux (none) 6.1."));
}

TEST(GrubPayload, BootsLinuxFromIdeWithoutABios) {
  Guest::Setup grub = setup(ICE86_LINUX_IMAGES "/grub.rom", kLinuxDisk);
  grub.instructions_per_microsecond = 400;
  const auto guest = Guest::create(grub);
  ASSERT_TRUE(guest);
  EXPECT_TRUE(guest->talk({{"GNU GRUB  version", ""},
                           {"built-in shell", ""},
                           {"# ", "echo sum $((6*7*1000))\r"},
                           {"sum 42000", ""}},
                          300 * Guest::kSecond));
  EXPECT_THAT(guest->heard(), HasSubstr("DMI not present or invalid"));  // there is no BIOS
}

// By GRUB 2, GRUB Legacy and SYSLINUX.
class StackLoaders : public ::testing::TestWithParam<const char*> {};

TEST_P(StackLoaders, BootDebiansKernelByInt13) {
  const auto guest = Guest::create(setup(kStack, std::string(ICE86_LINUX_IMAGES "/") + GetParam()));
  ASSERT_TRUE(guest);
  EXPECT_TRUE(guest->talk({{"ADLO: starting the BIOS", ""},
                           {"built-in shell", ""},
                           {"# ", "echo sum $((6*7*1000))\r"},
                           {"sum 42000", ""}},
                          300 * Guest::kSecond));
  for (const char* complaint :
       {"BUG:", "Oops", "WARNING:", "Call Trace", "not syncing", "segfault"}) {
    EXPECT_THAT(guest->heard(), Not(HasSubstr(complaint)));
  }
}

INSTANTIATE_TEST_SUITE_P(Each, StackLoaders,
                         ::testing::Values("linux64.img", "zoo/grub-legacy-linux.img",
                                           "zoo/syslinux-linux.img"));

TEST(Stack, BootsSyslinux) {
  const auto guest = Guest::create(setup(kStack, ICE86_LINUX_IMAGES "/zoo/syslinux.img"));
  ASSERT_TRUE(guest);
  EXPECT_TRUE(
      guest->talk({{"boot:", "test\r"}, {"ice86 test kernel: ok", ""}}, 60 * Guest::kSecond));
}

TEST(Stack, BootsGrubLegacyFromDiskette) {
  Guest::Setup legacy = setup(kStack, "");
  legacy.configure = [](machine::PcConfig& config) {
    auto image =
        BlockImage::open(ICE86_LINUX_IMAGES "/zoo/grub-legacy.img", BlockImage::Writes::kOverlay);
    ASSERT_TRUE(image) << image.error().message();
    config.floppies[0] = machine::FloppyConfig{std::move(*image)};
    config.boot_order = "a";
  };
  const auto guest = Guest::create(legacy);
  ASSERT_TRUE(guest);
  EXPECT_TRUE(guest->see("GRUB  version 0.97", 60 * Guest::kSecond));
}

// A disk that is ready after 5 s, with 20 ms for each command.
std::unique_ptr<Guest> with_slow_disk(const char* firmware) {
  Guest::Setup slow = setup(firmware, "");
  slow.configure = [](machine::PcConfig& config) {
    auto image = BlockImage::open(ICE86_LINUX_IMAGES "/grub.img", BlockImage::Writes::kOverlay);
    ASSERT_TRUE(image) << image.error().message();
    machine::DiskConfig disk{std::move(*image), {}};
    disk.timing.spin_up = 5 * Guest::kSecond;
    disk.timing.command_latency = Guest::kSecond / 50;
    disk.timing.register_latency = Guest::kSecond / 50;
    config.disks[0] = std::move(disk);
  };
  return Guest::create(slow);
}

TEST(SlowDisk, IsWaitedForByTheStack) {
  const auto guest = with_slow_disk(kStack);
  ASSERT_TRUE(guest);
  EXPECT_TRUE(guest->talk({{"IDE0: ready after 49", ""}, {"ice86 test kernel: ok", ""}},
                          120 * Guest::kSecond));
}

TEST(SlowDisk, IsNotWaitedForByTheBiosAlone) {
  const auto guest = with_slow_disk("bochs-legacy");
  ASSERT_TRUE(guest);
  guest->run_for(60 * Guest::kSecond);  // it halts before
  EXPECT_THAT(guest->screen(), HasSubstr("could not read the boot disk"));
  EXPECT_THAT(guest->heard(), Not(HasSubstr("ice86 test kernel")));
}

}  // namespace
}  // namespace ice86
