// SPDX-License-Identifier: LGPL-2.1-or-later
// Each finding of `ice86 firmware lint`: a memory that is sound, and one thing in it made wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "harness/lint/firmware_lint.h"

namespace ice86::harness {
namespace {

using ::testing::HasSubstr;

// 2 MB with all tables that are looked at, each sound.
class Lint : public ::testing::Test {
 protected:
  static constexpr std::size_t kPir = 0xf1000, kMp = 0xf2000, kMpTable = 0xf2100;
  static constexpr std::size_t kRsdp = 0xf3000, kSmbios = 0xf4000, kStructures = 0xf4100;
  static constexpr std::size_t kRsdt = 0x1f0000, kFadt = 0x1f0100, kDsdt = 0x1f0300;
  static constexpr std::size_t kFacs = 0x1f0400;

  Lint() : memory_(2 << 20) {
    for (unsigned i = 0; i < 256; ++i) put(i * 4, 0xf000ff53, 4);
    put(0x40e, 0x9f00, 2);
    view_.memory_size = memory_.size();
    view_.e820 = {{0, 0x9f000, 1},
                  {0x9f000, 0x1000, 2},
                  {0xf0000, 0x10000, 2},
                  {0x100000, 0xf0000, 1},
                  {0x1f0000, 0x10000, 3}};
    view_.devices = {0, 1, 2, 3};
    view_.bars = {{0, 1, 1, 0x20, true, 0xc000, 16}, {0, 2, 0, 0x10, false, 0xe0000000, 0x1000}};
    view_.interrupts = {{1, 3, 1, 9}, {2, 0, 1, 10}, {3, 0, 1, 11}};
    pir();
    mp();
    acpi();
    smbios();
  }

  void put(std::size_t at, std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) {
      memory_[at + i] = static_cast<std::uint8_t>(value >> i * 8);
    }
  }
  void text(std::size_t at, const char* words) {
    std::memcpy(memory_.data() + at, words, std::strlen(words));
  }
  void seal(std::size_t from, std::size_t size, std::size_t checksum) {
    memory_[checksum] = 0;
    unsigned sum = 0;
    for (std::size_t i = 0; i < size; ++i) sum += memory_[from + i];
    memory_[checksum] = static_cast<std::uint8_t>(0u - sum);
  }

  void pir() {
    text(kPir, "$PIR");
    put(kPir + 4, 0x100, 2);
    put(kPir + 6, 32 + 2 * 16, 2);
    put(kPir + 9, 1 << 3, 1);
    for (unsigned i = 0; i < 2; ++i) {
      put(kPir + 32 + i * 16 + 1, (i + 2) << 3, 1);
      for (unsigned pin = 0; pin < 4; ++pin) {
        put(kPir + 32 + i * 16 + 2 + pin * 3, 0x60 + pin, 1);
        put(kPir + 32 + i * 16 + 3 + pin * 3, 0xdef8, 2);
      }
    }
    seal(kPir, 64, kPir + 31);
  }
  void mp() {
    text(kMp, "_MP_");
    put(kMp + 4, kMpTable, 4);
    put(kMp + 8, 1, 1);
    put(kMp + 9, 4, 1);
    seal(kMp, 16, kMp + 10);
    text(kMpTable, "PCMP");
    put(kMpTable + 4, 44 + 20, 2);
    text(kMpTable + 8, "ICE86   BOARD       ");
    put(kMpTable + 34, 1, 2);
    put(kMpTable + 44 + 3, 3, 1);
    seal(kMpTable, 64, kMpTable + 7);
  }
  void table(std::size_t at, const char* name, std::size_t size) {
    text(at, name);
    put(at + 4, size, 4);
    text(at + 10, "ICE86 ");
    seal(at, size, at + 9);
  }
  void acpi() {
    text(kRsdp, "RSD PTR ");
    put(kRsdp + 16, kRsdt, 4);
    seal(kRsdp, 20, kRsdp + 8);
    put(kRsdt + 36, kFadt, 4);
    table(kRsdt, "RSDT", 40);
    put(kFadt + 36, kFacs, 4);
    put(kFadt + 40, kDsdt, 4);
    table(kFadt, "FACP", 116);
    table(kDsdt, "DSDT", 36);
    text(kFacs, "FACS");
  }
  void smbios() {
    text(kSmbios, "_SM_");
    put(kSmbios + 5, 0x1f, 1);
    text(kSmbios + 16, "_DMI_");
    put(kStructures, 1, 1);
    put(kStructures + 1, 8, 1);
    text(kStructures + 8, "Seed");
    text(kStructures + 13, "Board 86");
    put(kSmbios + 22, 8 + 5 + 9 + 1, 2);
    put(kSmbios + 24, kStructures, 4);
    put(kSmbios + 28, 1, 2);
    seal(kSmbios + 16, 15, kSmbios + 21);
    seal(kSmbios, 0x1f, kSmbios + 4);
  }

  std::string findings() {
    view_.memory = [this](std::uint64_t at) {
      return at < memory_.size() ? memory_[at] : std::uint8_t{0xff};
    };
    std::string text;
    for (const LintFinding& finding : lint_firmware(view_).findings) {
      text += finding.level == LintLevel::kError ? "error " : "warning ";
      text += finding.where + ": " + finding.text + "\n";
    }
    return text;
  }

  std::vector<std::uint8_t> memory_;
  LintView view_;
};

TEST_F(Lint, SoundFirmwareHasNoFindings) {
  EXPECT_EQ(findings(), "");
  EXPECT_THAT(lint_text(lint_firmware(view_)),
              HasSubstr("ACPI                                 at F3000"));
}

TEST_F(Lint, PirChecksum) {
  memory_[kPir + 31] ^= 1;
  EXPECT_THAT(findings(), HasSubstr("error $PIR: bad checksum"));
}
TEST_F(Lint, PirLowBit) {
  put(kPir + 33, 2 << 3 | 1, 1);
  seal(kPir, 64, kPir + 31);
  EXPECT_THAT(findings(), HasSubstr("error $PIR: a low bit is wrong: device byte 11"));
}
TEST_F(Lint, PirRouterThatIsNotThere) {
  put(kPir + 9, 7 << 3, 1);
  seal(kPir, 64, kPir + 31);
  EXPECT_THAT(findings(), HasSubstr("said to be device 7, and there is none"));
}
TEST_F(Lint, PirLinkToNowhere) {
  put(kPir + 35, 0, 2);
  seal(kPir, 64, kPir + 31);
  EXPECT_THAT(findings(), HasSubstr("error $PIR: INTA# of device 2 has a link that goes nowhere"));
}
TEST_F(Lint, PirInterruptOfTheKeyboard) {
  put(kPir + 35, 2, 2);
  seal(kPir, 64, kPir + 31);
  EXPECT_THAT(findings(), HasSubstr("may go to an interrupt of the timer, the keyboard"));
}
TEST_F(Lint, PirDeviceTwice) {
  put(kPir + 49, 2 << 3, 1);
  seal(kPir, 64, kPir + 31);
  EXPECT_THAT(findings(), HasSubstr("device 2 of bus 0 is there twice"));
}
TEST_F(Lint, PirSize) {
  put(kPir + 6, 40, 2);
  EXPECT_THAT(findings(), HasSubstr("a table of 40 bytes makes no sense"));
}

TEST_F(Lint, NeedlessSharing) {
  view_.interrupts[2].line = 10;
  EXPECT_EQ(findings(), "warning PCI: 02.0, 03.0 share interrupt 10, and 5 is idle\n");
}
TEST_F(Lint, PinWithoutInterrupt) {
  view_.interrupts[2].line = 255;
  EXPECT_THAT(findings(), HasSubstr("03.0 has an interrupt pin and no interrupt"));
}

TEST_F(Lint, MpChecksums) {
  memory_[kMp + 11] ^= 4;
  EXPECT_THAT(findings(), HasSubstr("error MP: pointer: bad checksum"));
  memory_[kMpTable + 40] ^= 4;
  EXPECT_THAT(findings(), HasSubstr("error MP: bad checksum"));
}
TEST_F(Lint, MpPlaceholder) {
  text(kMpTable + 8, "OEM00000PROD00000000");
  seal(kMpTable, 64, kMpTable + 7);
  EXPECT_THAT(findings(), HasSubstr("warning MP: OEM ID is a placeholder: 'OEM00000'"));
}
TEST_F(Lint, MpPointerToNothing) {
  put(kMpTable, 0, 4);
  EXPECT_THAT(findings(), HasSubstr("its pointer says F2100, and no table is there"));
}
TEST_F(Lint, MpEntries) {
  put(kMpTable + 44, 9, 1);
  EXPECT_THAT(findings(), HasSubstr("entry 0 is of type 9"));
  put(kMpTable + 44, 1, 1);
  EXPECT_THAT(findings(), HasSubstr("its entries do not end where the table ends"));
}
TEST_F(Lint, MpWithoutABootProcessor) {
  put(kMpTable + 47, 1, 1);
  seal(kMpTable, 64, kMpTable + 7);
  EXPECT_THAT(findings(), HasSubstr("0 of 1 processors are the boot processor"));
}

TEST_F(Lint, AcpiChecksums) {
  memory_[kRsdp + 15] ^= 1;
  memory_[kDsdt + 20] ^= 1;
  EXPECT_THAT(findings(), HasSubstr("error ACPI RSDP: bad checksum"));
  EXPECT_THAT(findings(), HasSubstr("error ACPI DSDT: bad checksum"));
}
TEST_F(Lint, AcpiTablesThatAreNotThere) {
  text(kDsdt, "XXXX");
  EXPECT_THAT(findings(), HasSubstr("error ACPI DSDT: there is none at 1F0300"));
  text(kFacs, "XXXX");
  EXPECT_THAT(findings(), HasSubstr("there is no FACS at 1F0400"));
  text(kFadt, "APIC");
  EXPECT_THAT(findings(), HasSubstr("error ACPI RSDT: names no FACP"));
}
TEST_F(Lint, AcpiInUsableMemory) {
  view_.e820.back().type = 1;
  EXPECT_THAT(findings(), HasSubstr("error ACPI FACP: at 1F0100, where E820 says usable"));
}

TEST_F(Lint, SmbiosChecksums) {
  memory_[kSmbios + 8] ^= 1;
  EXPECT_THAT(findings(), HasSubstr("error SMBIOS: bad checksum"));
  memory_[kSmbios + 22] ^= 1;
  EXPECT_THAT(findings(), HasSubstr("error SMBIOS: _DMI_: bad checksum"));
}
TEST_F(Lint, SmbiosPlaceholder) {
  text(kStructures + 13, "name here");
  put(kSmbios + 22, 24, 2);
  seal(kSmbios + 16, 15, kSmbios + 21);
  seal(kSmbios, 0x1f, kSmbios + 4);
  EXPECT_EQ(findings(), "warning SMBIOS: a string of type 1 is a placeholder: 'name here'\n");
}
TEST_F(Lint, SmbiosStructureTooLong) {
  put(kStructures + 1, 200, 1);
  EXPECT_THAT(findings(), HasSubstr("structure 0 does not fit the 23 bytes there are"));
}

TEST_F(Lint, E820Overlap) {
  view_.e820[3].size += 0x1000;
  EXPECT_THAT(findings(), HasSubstr("error E820: 100000-1F1000 and 1F0000-200000 overlap"));
}
TEST_F(Lint, E820Empty) {
  view_.e820[1].size = 0;
  EXPECT_THAT(findings(), HasSubstr("error E820: 9F000-9F000 is empty"));
}
TEST_F(Lint, E820Hole) {
  view_.e820[3].size -= 0x8000;
  EXPECT_EQ(findings(), "warning E820: 1E8000-1F0000 is memory, and nothing says for whom\n");
}
TEST_F(Lint, E820UsableAcrossTheBios) {
  view_.e820[0].size = 0x100000;
  EXPECT_THAT(findings(), HasSubstr("0-100000 is called usable, across A0000-FFFFF"));
}
TEST_F(Lint, E820UsableEbda) {
  view_.e820[0].size = 0xa0000;
  view_.e820.erase(view_.e820.begin() + 1);
  EXPECT_EQ(findings(),
            "warning E820: 0-A0000 is called usable, with the BIOS's EBDA at 9F000 in it\n");
}
TEST_F(Lint, E820BeyondMemory) {
  view_.e820[4] = {0x1f0000, 0x20000, 1};
  EXPECT_THAT(findings(), HasSubstr("1F0000-210000 is called usable, and memory ends at 200000"));
}

TEST_F(Lint, BarsThatOverlap) {
  view_.bars.push_back({0, 3, 0, 0x10, false, 0xe0000800, 0x800});
  EXPECT_THAT(findings(), HasSubstr("register 10 of 00:03.0 (memory E0000800-E0000FFF) overlap"));
}
TEST_F(Lint, BarOverMemory) {
  view_.bars[1].start = 0x100000;
  EXPECT_THAT(findings(), HasSubstr("is where memory is"));
  EXPECT_THAT(findings(), HasSubstr("is where E820 says usable"));
}
TEST_F(Lint, BarWithoutAddress) {
  view_.bars[0].start = 0;
  EXPECT_THAT(findings(), HasSubstr("is on, and has no address"));
}

TEST_F(Lint, PirVersion) {
  put(kPir + 4, 0x200, 2);
  seal(kPir, 64, kPir + 31);
  EXPECT_EQ(findings(), "error $PIR: version 0200 is not known\n");
}
TEST_F(Lint, TablesInUsableMemory) {
  view_.e820[2] = {0xf0000, 0x10000, 1};
  EXPECT_THAT(findings(), HasSubstr("error MP: the table is where E820 says usable"));
  EXPECT_THAT(findings(), HasSubstr("error SMBIOS: the structures are where E820 says usable"));
}
TEST_F(Lint, AcpiSize) {
  put(kDsdt + 4, 4, 4);
  EXPECT_THAT(findings(), HasSubstr("error ACPI DSDT: a table of 4 bytes makes no sense"));
}

// The answers that images/probe/probe.asm leaves.
TEST_F(Lint, ServicesAreThoseThatHaveAnswered) {
  text(0x8000, "ICE86PRB");
  unsigned count = 0;
  const auto answer = [&](unsigned vector, unsigned asked, unsigned ax, unsigned bx, unsigned dx,
                          unsigned flags) {
    const std::size_t at = 0x8010 + 16 * count++;
    put(at, vector, 2);
    put(at + 2, asked, 2);
    put(at + 4, ax, 2);
    put(at + 6, bx, 2);
    put(at + 10, dx, 2);
    put(at + 12, flags, 2);
    put(0x8008, count, 2);
  };
  answer(0x12, 0, 636, 0, 0, 0);
  answer(0x15, 0x5300, 0x0102, 0x504d, 0, 0);
  answer(0x1a, 0xb101, 0x0001, 0x0210, 0x4350, 0);
  answer(0x13, 0x4100, 0x0100, 0xaa55, 0x80, 1);
  view_.e820.clear();
  put(0x800a, 2, 2);
  put(0x9000 + 8, 0xa0000, 4);
  put(0x9000 + 16, 1, 4);
  put(0x9014, 0x100000, 4);
  put(0x9014 + 8, 0xf0000, 4);
  put(0x9014 + 16, 1, 4);
  EXPECT_THAT(findings(), HasSubstr("usable memory from 0 ends at A0000, and INT 12h has 636 KB"));
  const std::string report = lint_text(lint_firmware(view_));
  EXPECT_THAT(report, HasSubstr("APM BIOS                             1.2\n"));
  EXPECT_THAT(report, HasSubstr("PCI BIOS                             2.10\n"));
  EXPECT_THAT(report, HasSubstr("INT 13h extensions (EDD)             no\n"));
  EXPECT_THAT(report, HasSubstr("INT 15h E820                         2 ranges\n"));
}

TEST_F(Lint, VectorOutsideTheBios) {
  put(0x13 * 4, 0x12345678, 4);
  EXPECT_EQ(findings(), "error vectors: INT 13h points to 179B8, outside BIOS and option ROMs\n");
}

}  // namespace
}  // namespace ice86::harness
