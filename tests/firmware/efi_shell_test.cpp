// SPDX-License-Identifier: LGPL-2.1-or-later
// The UEFI shell runs a script: the board's tables as it sees them, e1000 with iPXE's driver from
// the card's option ROM, DHCP, ping, power off.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "emulator/base/files.h"
#include "emulator/bus/block_image.h"
#include "emulator/machine/pc.h"
#include "slirp-net/user_network.h"

namespace ice86 {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
constexpr Nanoseconds kSecond = 1'000'000'000;
constexpr const char* kRom = "/usr/lib/ipxe/qemu/efi-e1000.rom";

// Without the terminal's control sequences: ESC [ numbers letter.
std::string plain(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\x1b') {
      if (text[i] != '\r') out += text[i];
      continue;
    }
    while (i < text.size() && std::isalpha(static_cast<unsigned char>(text[i])) == 0) ++i;
  }
  return out;
}

// What the extended system description table in the last 64 MiB of memory lists; for the FADT with
// its PM1a event block.
std::vector<std::string> acpi_tables(machine::Pc& pc, Gpa end) {
  const auto signature = [&](Gpa at) {
    std::string text;
    for (unsigned i = 0; i < 4; ++i) text += static_cast<char>(pc.peek_memory(at + i, 1));
    return text;
  };
  const auto sound = [&](Gpa at) {
    const std::uint64_t length = pc.peek_memory(at + 4, 4);
    if (length < 36 || length > 4096) return false;
    unsigned sum = 0;
    for (std::uint64_t i = 0; i < length; ++i)
      sum += static_cast<unsigned>(pc.peek_memory(at + i, 1));
    return (sum & 0xff) == 0;
  };
  constexpr std::uint32_t kXsdt = 'X' | 'S' << 8 | 'D' << 16 | 'T' << 24;
  std::vector<std::string> tables;
  for (Gpa at = end - (64 << 20); at < end; at += 4) {
    if (pc.peek_memory(at, 4) != kXsdt || !sound(at)) continue;
    for (Gpa entry = at + 36; entry < at + pc.peek_memory(at + 4, 4); entry += 8) {
      const Gpa table = pc.peek_memory(entry, 8);
      EXPECT_TRUE(sound(table)) << signature(table);
      tables.push_back(signature(table));
      if (tables.back() == "FACP")
        tables.back() += fmt::format(" {:x}", pc.peek_memory(table + 56, 4));
    }
  }
  return tables;
}

TEST(EfiShell, SeesTheBoardPingsThroughTheCardAndPowersOff) {
  machine::PcConfig config;
  auto firmware = machine::load_firmware("ovmf", std::nullopt, {});
  ASSERT_TRUE(firmware) << firmware.error().message();
  config.firmware = std::move(*firmware);
  config.memory_mib = 256;
  auto disk = BlockImage::open(ICE86_ESPS "/shell.img", BlockImage::Writes::kOverlay);
  ASSERT_TRUE(disk) << disk.error().message();
  config.disks[0] = machine::DiskConfig{std::move(*disk), {}};
  machine::NicConfig nic;
  auto rom = read_file(kRom, 1 << 20);
  ASSERT_TRUE(rom) << rom.error().message() << " (Debian package ipxe-qemu)";
  nic.option_rom = std::move(*rom);
  nic.network = [](Clock& clock, TraceBus& trace,
                   const std::string& name) -> Result<std::unique_ptr<Network>> {
    ICE86_TRY_ASSIGN(std::unique_ptr<Network> network,
                     slirp_net::UserNetwork::create(clock, trace, name, slirp_net::UserOptions()));
    return network;
  };
  config.nics.push_back(std::move(nic));
  std::string serial;
  config.serial[0] = [&](std::uint8_t byte) { serial += static_cast<char>(byte); };
  auto pc = machine::Pc::create(std::move(config));
  ASSERT_TRUE(pc) << pc.error().message();
  machine::RunLimits limits;
  limits.time = 120 * kSecond;
  const machine::RunResult result = (*pc)->run(limits);
  const std::string said = plain(serial);
  EXPECT_EQ(result.end, machine::RunEnd::kPowerOff) << said;
  // The tables are installed, and say where OVMF has put the power management ports.
  EXPECT_THAT(acpi_tables(**pc, 256 << 20), IsSupersetOf({"FACP b000", "SSDT", "APIC", "HPET"}));
  EXPECT_THAT(said, HasSubstr("DIMM 0"));
  EXPECT_THAT(said, ContainsRegex("ipv4 address : *10\\.0\\.2\\.15"));
  EXPECT_THAT(said, ContainsRegex("subnet mask  : *255\\.255\\.255\\.0"));
  EXPECT_THAT(said, HasSubstr("3 packets transmitted, 3 received, 0% packet loss"));
}

}  // namespace
}  // namespace ice86
