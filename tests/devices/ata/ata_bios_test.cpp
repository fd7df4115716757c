// SPDX-License-Identifier: LGPL-2.1-or-later
// Unmodified BIOSes and the time that disks take, on the whole machine.
#include <gtest/gtest.h>

#include <array>

#include "devices/vga/vga.h"
#include "emulator/bus/block_image.h"
#include "emulator/machine/pc.h"

namespace ice86 {
namespace {

constexpr Nanoseconds kSecond = 1'000'000'000;

// Boots a sector that ends the run with exit value 0, from a disk of the given timing.
std::optional<machine::RunEnd> boot(const char* firmware_name, const devices::AtaTiming& timing) {
  // mov al, 0; mov dx, 501h; out dx, al; hlt
  static constexpr std::array<std::uint8_t, 7> kCode = {0xB0, 0x00, 0xBA, 0x01, 0x05, 0xEE, 0xF4};
  std::vector<std::uint8_t> disk(16 << 20);
  std::copy(kCode.begin(), kCode.end(), disk.begin());
  disk[510] = 0x55;
  disk[511] = 0xAA;
  machine::PcConfig config;
  auto firmware = machine::load_firmware(firmware_name, std::nullopt, {});
  if (!firmware) return std::nullopt;
  config.firmware = std::move(*firmware);
  config.disks[0] = machine::DiskConfig{
      BlockImage::in_memory(std::move(disk), BlockImage::Writes::kOverlay), timing};
  auto pc = machine::Pc::create(std::move(config));
  EXPECT_TRUE(pc.has_value());
  machine::RunLimits limits;
  limits.time = 20 * kSecond;
  return (*pc)->run(limits).end;
}

TEST(BiosAndDisk, SlowCommandsAreWaitedFor) {
  devices::AtaTiming timing;
  timing.command_latency = kSecond / 50;
  timing.block_latency = kSecond / 1000;
  for (const char* firmware : {"bochs", "seabios"}) {
    const auto end = boot(firmware, timing);
    if (!end) GTEST_SKIP() << firmware << " is not installed";
    EXPECT_EQ(*end, machine::RunEnd::kDebugExit) << firmware;
  }
}

TEST(BiosAndDisk, SeaBiosWaitsForSpinUpAndTheBochsBiosDoesNot) {
  devices::AtaTiming timing;
  timing.spin_up = kSecond;
  const auto seabios = boot("seabios", timing), bochs = boot("bochs", timing);
  if (!seabios || !bochs) GTEST_SKIP() << "the BIOS packages are not installed";
  EXPECT_EQ(*seabios, machine::RunEnd::kDebugExit);
  EXPECT_NE(*bochs, machine::RunEnd::kDebugExit)
      << "it probes the drive at once: a loader before it has to wait";
}

}  // namespace
}  // namespace ice86
