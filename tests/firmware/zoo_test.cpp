// SPDX-License-Identifier: LGPL-2.1-or-later
// The firmware zoo: ROMs and boot loaders of other projects as Debian ships them, each to a state
// that only a working one reaches. The media are made by images/zoo/make_zoo.sh.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "emulator/base/files.h"
#include "slirp-net/user_network.h"
#include "tests/firmware/support/guest.h"

namespace ice86 {
namespace {

using ::testing::HasSubstr;

constexpr Nanoseconds kMinute = 60 * Guest::kSecond;

std::string zoo(const char* name) {
  return std::string(ICE86_ZOO_IMAGES "/") + name;
}

class UBoot : public ::testing::TestWithParam<const char*> {};

// U-Boot as the machine's only firmware: to its prompt, where it lists the PCI devices and reads
// its ROM.
TEST_P(UBoot, ReachesItsPrompt) {
  const auto guest = Guest::create({.firmware = zoo(GetParam()), .memory_mib = 512});
  ASSERT_TRUE(guest);
  EXPECT_TRUE(guest->talk({{"U-Boot 2023.01", ""},
                           {"DRAM:  512 MiB", ""},
                           {"=> ", "pci\r"},
                           {"0x8086", ""},
                           {"=> ", "md.b fffffff0 1\r"},
                           {"fffffff0: ", ""},
                           {"=> ", ""}},
                          kMinute / 2));
}

INSTANTIATE_TEST_SUITE_P(Debian, UBoot, ::testing::Values("u-boot-x86.rom", "u-boot-x86_64.rom"),
                         [](const auto& test) {
                           return std::string(test.param).substr(7, test.param[10] == '.' ? 3 : 6);
                         });

// GRUB as the machine's only firmware: it sets up the display and shows its menu.
TEST(GrubFirmware, ShowsItsMenu) {
  const auto guest = Guest::create({.firmware = zoo("grub-firmware.bin")});
  ASSERT_TRUE(guest);
  EXPECT_TRUE(guest->see("*Search & load /boot/multiboot.img", kMinute));
  EXPECT_THAT(guest->screen(), HasSubstr("GNU GRUB  version 2.06"));
}

class Loader : public ::testing::TestWithParam<const char*> {};

// Asks a SYSLINUX at its prompt for the test kernel, which ends the machine when it is satisfied.
void loads_the_kernel(const Guest::Setup& setup) {
  const auto guest = Guest::create(setup);
  ASSERT_TRUE(guest);
  EXPECT_TRUE(guest->talk({{"boot: ", "test\r"}, {"test kernel: ok", ""}}, 2 * kMinute));
  EXPECT_FALSE(guest->run_for(kMinute));
  EXPECT_EQ(guest->result().end, machine::RunEnd::kDebugExit);
}

TEST_P(Loader, SyslinuxFromADisk) {
  loads_the_kernel({.firmware = GetParam(), .disk = zoo("syslinux.img")});
}

TEST_P(Loader, IsolinuxFromACd) {
  loads_the_kernel({.firmware = GetParam(), .cdrom = zoo("isolinux.iso")});
}

TEST_P(Loader, GrubLegacy) {
  const auto guest = Guest::create({.firmware = GetParam(), .disk = zoo("grub-legacy.img")});
  ASSERT_TRUE(guest);
  EXPECT_TRUE(guest->see("GNU GRUB  version 0.97", kMinute));
  EXPECT_TRUE(guest->see("grub>", kMinute));
}

// iPXE in the network card's ROM gets PXELINUX by DHCP and TFTP; PXELINUX its configuration, its
// modules and the test kernel by iPXE's PXE services. (The Bochs BIOS of the stack does not load
// the ROMs of PCI cards.)
class NetworkLoader : public ::testing::TestWithParam<const char*> {};

TEST_P(NetworkLoader, Pxelinux) {
  auto rom = read_file("/usr/lib/ipxe/qemu/pxe-e1000.rom", 1 << 20);
  ASSERT_TRUE(rom) << rom.error().message() << " (Debian package ipxe-qemu)";
  loads_the_kernel(
      {.firmware = GetParam(), .configure = [&rom](machine::PcConfig& config) {
         config.boot_order = "n";
         machine::NicConfig nic;
         nic.option_rom = *rom;
         nic.network = [](Clock& clock, TraceBus& trace,
                          const std::string& name) -> Result<std::unique_ptr<Network>> {
           slirp_net::UserOptions options;
           options.tftp = zoo("tftp");
           options.boot_file = "pxelinux.0";
           ICE86_TRY_ASSIGN(std::unique_ptr<Network> network,
                            slirp_net::UserNetwork::create(clock, trace, name, options));
           return network;
         };
         config.nics.push_back(std::move(nic));
       }});
}

INSTANTIATE_TEST_SUITE_P(Under, Loader, ::testing::Values("bochs-legacy", "bochs", "seabios"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase(name, '-');
                           return name;
                         });

INSTANTIATE_TEST_SUITE_P(Under, NetworkLoader, ::testing::Values("bochs", "seabios"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace ice86
