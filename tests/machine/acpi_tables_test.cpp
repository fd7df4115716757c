// SPDX-License-Identifier: LGPL-2.1-or-later
// ACPI and SMBIOS files, linked as firmware does it: sound, and true to the board.
#include "emulator/machine/acpi/acpi_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <string>

#include "emulator/base/bits.h"
#include "emulator/machine/acpi/smbios_tables.h"

namespace ice86::machine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;

std::uint64_t load(const Bytes& bytes, std::size_t at, unsigned size) {
  std::uint64_t value = 0;
  EXPECT_LE(at + size, bytes.size());
  for (unsigned i = 0; i < size && at + i < bytes.size(); ++i)
    value |= std::uint64_t{bytes[at + i]} << (i * 8);
  return value;
}
std::string text(const Bytes& bytes, std::size_t at, std::size_t size) {
  return {bytes.begin() + static_cast<std::ptrdiff_t>(at),
          bytes.begin() + static_cast<std::ptrdiff_t>(at + size)};
}
unsigned sum(const Bytes& bytes, std::size_t at, std::size_t size) {
  const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(at);
  return std::accumulate(first, first + static_cast<std::ptrdiff_t>(size), 0U) & 0xff;
}

// Memory after the firmware has carried out the linker's commands.
struct Linked {
  static constexpr std::uint64_t kTables = 0x1000, kRsdp = 0x100;
  Bytes memory;
  std::uint64_t rsdp = 0;

  explicit Linked(const AcpiFiles& files) : memory(kTables + files.tables.size()) {
    const std::map<std::string, std::pair<const Bytes*, std::uint64_t>> known = {
        {"etc/acpi/tables", {&files.tables, kTables}}, {"etc/acpi/rsdp", {&files.rsdp, kRsdp}}};
    std::map<std::string, std::uint64_t> placed;
    const auto name_at = [&](std::size_t at) {
      const std::string name = text(files.loader, at, 56);
      return name.substr(0, name.find('\0'));
    };
    EXPECT_EQ(files.loader.size() % 128, 0U);
    for (std::size_t at = 0; at + 128 <= files.loader.size(); at += 128) {
      const std::string file = name_at(at + 4);
      switch (load(files.loader, at, 4)) {
        case 1: {
          const auto& [bytes, address] = known.at(file);
          EXPECT_EQ(address % load(files.loader, at + 60, 4), 0U);
          std::copy(bytes->begin(), bytes->end(),
                    memory.begin() + static_cast<std::ptrdiff_t>(address));
          placed[file] = address;
          // The anchor is looked for below 1 MiB.
          EXPECT_EQ(load(files.loader, at + 64, 1), file == "etc/acpi/rsdp" ? 2U : 1U);
          break;
        }
        case 2: {
          const std::uint64_t field = placed.at(file) + load(files.loader, at + 116, 4);
          const auto size = static_cast<unsigned>(load(files.loader, at + 120, 1));
          const std::uint64_t value = load(memory, field, size) + placed.at(name_at(at + 60));
          for (unsigned i = 0; i < size; ++i)
            memory[field + i] = static_cast<std::uint8_t>(value >> (i * 8));
          break;
        }
        case 3: {
          const std::uint64_t base = placed.at(file);
          const std::size_t field = base + load(files.loader, at + 60, 4);
          const std::size_t start = base + load(files.loader, at + 64, 4);
          const std::size_t length = load(files.loader, at + 68, 4);
          memory[field] = static_cast<std::uint8_t>(-sum(memory, start, length));
          break;
        }
        default: ADD_FAILURE() << "command " << load(files.loader, at, 4);
      }
    }
    rsdp = kRsdp;
  }
  std::uint64_t at(std::uint64_t address, unsigned size) const {
    return load(memory, address, size);
  }
  std::string signature(std::uint64_t table) const { return text(memory, table, 4); }
  // The tables of the RSDT (4) or XSDT (8).
  std::vector<std::uint64_t> listed(std::uint64_t list, unsigned size) const {
    std::vector<std::uint64_t> tables;
    for (std::uint64_t entry = 36; entry < at(list + 4, 4); entry += size)
      tables.push_back(at(list + entry, size));
    return tables;
  }
  std::uint64_t table(const std::string& name) const {
    for (const std::uint64_t table : listed(at(rsdp + 24, 8), 8))
      if (signature(table) == name) return table;
    ADD_FAILURE() << name;
    return 0;
  }
};

AcpiBoard board() {
  return {.pm_base = 0xb000, .pci_hole = 0x80000000, .hpet_block_id = 0x8086a201};
}

TEST(Acpi, EveryTableIsReachedAndItsChecksumRight) {
  const Linked linked(acpi_files(board()));
  EXPECT_EQ(text(linked.memory, linked.rsdp, 8), "RSD PTR ");
  EXPECT_EQ(sum(linked.memory, linked.rsdp, 20), 0U);
  EXPECT_EQ(sum(linked.memory, linked.rsdp, 36), 0U);
  const auto old_list = linked.listed(linked.at(linked.rsdp + 16, 4), 4);
  EXPECT_EQ(old_list, linked.listed(linked.at(linked.rsdp + 24, 8), 8));
  std::vector<std::string> names;
  for (const std::uint64_t table : old_list) {
    names.push_back(linked.signature(table));
    EXPECT_EQ(sum(linked.memory, table, linked.at(table + 4, 4)), 0U) << names.back();
  }
  EXPECT_THAT(names, ElementsAre("FACP", "SSDT", "APIC", "HPET"));
}

TEST(Acpi, FadtIsTheBoards) {
  const Linked linked(acpi_files(board()));
  const std::uint64_t fadt = linked.table("FACP");
  EXPECT_EQ(linked.at(fadt + 4, 4), 244U);
  EXPECT_EQ(linked.signature(linked.at(fadt + 36, 4)), "FACS");
  EXPECT_EQ(linked.at(fadt + 36, 4) % 64, 0U);
  const std::uint64_t dsdt = linked.at(fadt + 40, 4);
  EXPECT_EQ(linked.signature(dsdt), "DSDT");
  EXPECT_EQ(linked.at(fadt + 140, 8), dsdt);
  EXPECT_EQ(sum(linked.memory, dsdt, linked.at(dsdt + 4, 4)), 0U);
  EXPECT_EQ(linked.at(fadt + 46, 2), 9U);     // SCI
  EXPECT_EQ(linked.at(fadt + 48, 4), 0xb2U);  // SMI command port
  EXPECT_EQ(linked.at(fadt + 56, 4), 0xb000U);
  EXPECT_EQ(linked.at(fadt + 64, 4), 0xb004U);
  EXPECT_EQ(linked.at(fadt + 76, 4), 0xb008U);
  EXPECT_EQ(linked.at(fadt + 80, 4), 0xb00cU);
  // The same once more, as addresses.
  EXPECT_EQ(linked.at(fadt + 116 + 4, 8), 0xcf9U);
  EXPECT_EQ(linked.at(fadt + 148 + 4, 8), 0xb000U);
  EXPECT_EQ(linked.at(fadt + 172 + 4, 8), 0xb004U);
  EXPECT_EQ(linked.at(fadt + 208 + 4, 8), 0xb008U);
  EXPECT_EQ(linked.at(fadt + 220 + 4, 8), 0xb00cU);
}

AcpiBoard q35_board() {
  return {.board = Board::kQ35,
          .pm_base = 0x600,
          .pci_hole = 0xc0000000,
          .hpet_block_id = 0x8086a201,
          .config_base = 0xb0000000,
          .config_buses = 256};
}

TEST(Acpi, Q35HasItsOwnPowerManagementAndConfigurationWindow) {
  const Linked linked(acpi_files(q35_board()));
  const std::uint64_t fadt = linked.table("FACP");
  EXPECT_EQ(linked.at(fadt + 52, 2), 0x0302U) << "ACPI enable and disable";
  EXPECT_EQ(linked.at(fadt + 56, 4), 0x600U);
  EXPECT_EQ(linked.at(fadt + 80, 4), 0x620U);
  EXPECT_EQ(linked.at(fadt + 92, 1), 16U) << "bytes of GPE0";
  EXPECT_EQ(linked.at(fadt + 220, 2), 128U << 8 | 1) << "the same, in bits of I/O";
  EXPECT_EQ(linked.at(fadt + 220 + 4, 8), 0x620U);
  const std::uint64_t dsdt = linked.at(fadt + 40, 4);
  EXPECT_EQ(linked.at(dsdt + 4, 4), q35_dsdt_code().size());
  EXPECT_EQ(sum(linked.memory, dsdt, linked.at(dsdt + 4, 4)), 0U);
  const std::uint64_t mcfg = linked.table("MCFG");
  EXPECT_EQ(linked.at(mcfg + 4, 4), 60U);
  EXPECT_EQ(linked.at(mcfg + 44, 8), 0xb0000000U);
  EXPECT_EQ(linked.at(mcfg + 54, 2), 0xff00U) << "buses 0 to 255";
  EXPECT_EQ(sum(linked.memory, mcfg, 60), 0U);
}

// The files' sizes are asked before the firmware has enabled the window.
TEST(Acpi, McfgHasNoEntryBeforeThereIsAWindow) {
  AcpiBoard board = q35_board();
  board.config_base = board.config_buses = 0;
  const AcpiFiles files = acpi_files(board), later = acpi_files(q35_board());
  EXPECT_EQ(files.tables.size(), later.tables.size());
  EXPECT_EQ(files.loader.size(), later.loader.size());
  const Linked linked(files);
  EXPECT_EQ(linked.at(linked.table("MCFG") + 4, 4), 44U);
}

TEST(Acpi, MadtHasTheTimerOnInput2) {
  const Linked linked(acpi_files(board()));
  const std::uint64_t madt = linked.table("APIC");
  std::map<unsigned, unsigned> overrides;
  unsigned processors = 0;
  const std::uint64_t end = madt + linked.at(madt + 4, 4);
  for (std::uint64_t entry = madt + 44; entry < end; entry += linked.at(entry + 1, 1)) {
    ASSERT_NE(linked.at(entry + 1, 1), 0U);
    if (linked.at(entry, 1) == 0) ++processors;
    if (linked.at(entry, 1) == 1) {
      EXPECT_EQ(linked.at(entry + 4, 4), 0xfec00000U);
    }
    if (linked.at(entry, 1) == 2)
      overrides[static_cast<unsigned>(linked.at(entry + 3, 1))] =
          static_cast<unsigned>(linked.at(entry + 4, 4));
  }
  EXPECT_EQ(processors, 1U);
  EXPECT_EQ(overrides, (std::map<unsigned, unsigned>{{0, 2}, {5, 5}, {9, 9}, {10, 10}, {11, 11}}));
}

TEST(Acpi, FilesHaveOneSizeAndFollowTheBoard) {
  AcpiBoard other = board();
  other.pm_base = 0x600;
  const AcpiFiles a = acpi_files(board()), b = acpi_files(other);
  EXPECT_EQ(a.loader, b.loader);
  EXPECT_EQ(a.rsdp, b.rsdp);
  ASSERT_EQ(a.tables.size(), b.tables.size());
  EXPECT_NE(a.tables, b.tables);
  const Linked linked(b);
  const std::uint64_t ssdt = linked.table("SSDT");
  EXPECT_EQ(text(linked.memory, ssdt + 36, 7), std::string("\x08\\PMBA\x0c", 7));
  EXPECT_EQ(linked.at(ssdt + 43, 4), 0x600U);
}

TEST(Smbios, StructuresAndAnchorAreSound) {
  constexpr std::uint64_t kGiB = 1 << 30;
  for (const std::uint64_t gib : {std::uint64_t{1}, std::uint64_t{6}, std::uint64_t{64}}) {
    const std::uint64_t below = std::min(gib, std::uint64_t{3}) * kGiB;
    const SmbiosFiles files =
        smbios_files({.memory_bytes = gib * kGiB, .memory_below_4g = below, .cpu_megahertz = 1000});
    ASSERT_EQ(files.anchor.size(), 31U);
    EXPECT_EQ(text(files.anchor, 0, 4), "_SM_");
    EXPECT_EQ(text(files.anchor, 16, 5), "_DMI_");
    EXPECT_EQ(sum(files.anchor, 0, 31), 0U);
    EXPECT_EQ(sum(files.anchor, 16, 15), 0U);
    EXPECT_EQ(load(files.anchor, 22, 2), files.tables.size());
    std::vector<unsigned> types;
    std::size_t at = 0, largest = 0;
    std::uint64_t module_mib = 0;
    while (at < files.tables.size()) {
      const std::size_t start = at;
      types.push_back(files.tables[at]);
      if (types.back() == 17) {
        module_mib = load(files.tables, at + 12, 2);
        if (module_mib == 0x7fff) module_mib = load(files.tables, at + 28, 4);
      }
      at += files.tables[at + 1];
      while (load(files.tables, at, 2) != 0) ++at;
      at += 2;
      largest = std::max(largest, at - start);
    }
    EXPECT_EQ(at, files.tables.size());
    EXPECT_EQ(module_mib, gib * 1024);
    EXPECT_EQ(load(files.anchor, 8, 2), largest);
    EXPECT_EQ(load(files.anchor, 28, 2), types.size());
    if (gib > 3) {
      EXPECT_THAT(types, ElementsAre(1, 3, 4, 16, 17, 19, 19, 32, 127));
    } else {
      EXPECT_THAT(types, ElementsAre(1, 3, 4, 16, 17, 19, 32, 127));
    }
  }
}

}  // namespace
}  // namespace ice86::machine
