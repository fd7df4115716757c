// SPDX-License-Identifier: LGPL-2.1-or-later
// ROMs that `ice86 image rom` makes, and what the firmware does with those that are damaged: a line
// on the serial port that names what is wrong, and a POST code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>

#include "devices/vga/vga.h"
#include "emulator/display/screen.h"
#include "harness/lint/lint_machine.h"
#include "tests/firmware/support/rom.h"

extern "C" {
#include "firmware/common/post_codes.h"
}

namespace ice86 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

void fill(Bytes& rom, std::size_t from, std::size_t to) {
  std::fill(rom.begin() + static_cast<std::ptrdiff_t>(from),
            rom.begin() + static_cast<std::ptrdiff_t>(to), 0xff);
}
void put32(Bytes& bytes, std::size_t at, std::uint32_t value) {
  std::memcpy(bytes.data() + at, &value, 4);
}
std::uint32_t get32(const Bytes& bytes, std::size_t at) {
  std::uint32_t value;
  std::memcpy(&value, bytes.data() + at, 4);
  return value;
}

// The firmware stops with this line and this POST code as its last; who runs it hears at once that
// nothing will come any more.
void expect_stop(const Outcome& outcome, const std::string& line, unsigned code) {
  EXPECT_THAT(outcome.serial, HasSubstr(line));
  ASSERT_FALSE(outcome.post.empty());
  EXPECT_EQ(outcome.post.back(), code) << outcome.serial;
  EXPECT_EQ(outcome.end, machine::RunEnd::kStuck);
}

// ---- LinuxBIOS itself ----

TEST(DamagedRom, RamStageThatIsCutOff) {
  Rom rom = rom_of(stack_files(false));
  const std::size_t boot = rom.at("LinuxBIOS");
  fill(rom.bytes, boot + 0x2000, boot + 0x3000);
  expect_stop(start(rom.bytes), "RAM stage: bad checksum", POST_RAM_STAGE_DAMAGED);
}

TEST(DamagedRom, OneBitInTheRamStage) {
  Rom rom = rom_of(stack_files(false));
  rom.bytes[rom.at("LinuxBIOS") + 0x1234] ^= 0x10;
  expect_stop(start(rom.bytes), "RAM stage: bad checksum", POST_RAM_STAGE_DAMAGED);
}

// ---- The file system ----

TEST(DamagedRom, NoFileSystem) {
  Rom rom = rom_of(stack_files(false));
  put32(rom.bytes, rom.bytes.size() - 4, 0xffffffff);
  expect_stop(start(rom.bytes), "ROM: no file system", POST_NO_ROM);
}

TEST(DamagedRom, NoPayload) {
  std::vector<RomFile> files = stack_files(false);
  files.erase(files.begin());
  expect_stop(start(rom_of(std::move(files)).bytes), "Payload: none in this ROM", POST_NO_PAYLOAD);
}

TEST(DamagedRom, EmptyFileSystem) {
  expect_stop(start(rom_of({}).bytes), "Payload: none in this ROM", POST_NO_PAYLOAD);
}

TEST(DamagedRom, HeaderOfThePayload) {
  Rom rom = rom_of(stack_files(false));
  rom.bytes[rom.at("adlo") + 20] ^= 1;
  const Outcome outcome = start(rom.bytes);
  expect_stop(outcome, "Payload: none in this ROM", POST_NO_PAYLOAD);
  EXPECT_THAT(outcome.serial, HasSubstr("ROM: entry at fff80000: bad header checksum"));
  EXPECT_THAT(outcome.serial, HasSubstr(" bios, 65536 bytes")) << "what follows is still found";
}

class DamagedPayload : public ::testing::TestWithParam<bool> {};

TEST_P(DamagedPayload, ChecksumIsWrong) {
  Rom rom = rom_of(stack_files(GetParam()));
  rom.bytes[rom.body("adlo") + 1000] ^= 1;
  const Outcome outcome = start(rom.bytes);
  expect_stop(outcome, "Payload: none in this ROM can be started", POST_PAYLOAD_DAMAGED);
  EXPECT_THAT(outcome.serial, HasSubstr("Payload 'adlo': bad checksum"));
}

TEST_P(DamagedPayload, CutOff) {
  Rom rom = rom_of(stack_files(GetParam()));
  fill(rom.bytes, rom.body("adlo") + 3000, rom.at("bios"));
  const Outcome outcome = start(rom.bytes);
  expect_stop(outcome, "Payload: none in this ROM can be started", POST_PAYLOAD_DAMAGED);
}

INSTANTIATE_TEST_SUITE_P(PlainAndPacked, DamagedPayload, ::testing::Bool());

// The last entry says that it goes on where the boot code is.
TEST(DamagedRom, EntryBeyondTheEnd) {
  Rom rom = rom_of(stack_files(false));
  const std::size_t header = rom.at("vgabios");
  put32(rom.bytes, header + 8, get32(rom.bytes, header + 8) - (4 << 20));
  put32(rom.bytes, header + 20, get32(rom.bytes, header + 20) + (4 << 20));
  const Outcome outcome = start(rom.bytes);
  EXPECT_THAT(outcome.serial, HasSubstr("ADLO: vgabios: cut off by the end of the ROM"));
  EXPECT_TRUE(outcome.posted(POST_VGA_BIOS_DAMAGED));
  EXPECT_THAT(outcome.serial, HasSubstr("ADLO: starting the BIOS"));
}

// ---- Two payloads ----

TEST(TwoPayloads, TheFirstIsStartedAndTheOtherIsNamed) {
  std::vector<RomFile> files = stack_files(false);
  files.push_back(files[0]);
  files.back().name = "spare";
  const Outcome outcome = start(rom_of(std::move(files)).bytes);
  EXPECT_THAT(outcome.serial, HasSubstr("Payload: 2 in this ROM; 'adlo' is the first"));
  EXPECT_TRUE(outcome.posted(POST_SEVERAL_PAYLOADS));
  EXPECT_THAT(outcome.serial, HasSubstr("Payload 'adlo': ELF"));
  EXPECT_THAT(outcome.serial, Not(HasSubstr("Payload 'spare': ELF")));
}

TEST(TwoPayloads, TheSpareIsStartedWhenTheFirstIsDamaged) {
  std::vector<RomFile> files = stack_files(false);
  files.push_back(files[0]);
  files.back().name = "spare";
  Rom rom = rom_of(std::move(files));
  rom.bytes[rom.body("adlo") + 1000] ^= 1;
  const Outcome outcome = start(rom.bytes);
  EXPECT_TRUE(outcome.posted(POST_PAYLOAD_DAMAGED));
  EXPECT_THAT(outcome.serial, HasSubstr("Payload 'adlo': bad checksum"));
  EXPECT_THAT(outcome.serial, HasSubstr("Payload 'spare': ELF"));
  EXPECT_THAT(outcome.serial, HasSubstr("ADLO: starting the BIOS"));
}

// ---- Programs that are not for this machine ----

Outcome start_elf(const std::function<void(Bytes&)>& change) {
  std::vector<RomFile> files = stack_files(false);
  change(files[0].bytes);
  return start(rom_of(std::move(files)).bytes);
}

void expect_refused(const std::function<void(Bytes&)>& change, const char* reason) {
  const Outcome outcome = start_elf(change);
  EXPECT_THAT(outcome.serial, HasSubstr(std::string("Payload 'adlo': ") + reason));
  expect_stop(outcome, "none in this ROM can be started", POST_PAYLOAD_DAMAGED);
}

std::size_t segment(const Bytes& elf) {
  return get32(elf, 28);
}

TEST(Payload, NoElf) {
  expect_refused([](Bytes& elf) { elf[0] = 0; }, "not ELF");
}
TEST(Payload, OfAnotherMachine) {
  expect_refused([](Bytes& elf) { elf[18] = 62; }, "not an x86 program");
}
TEST(Payload, ShorterThanItsHeader) {
  expect_refused([](Bytes& elf) { elf.resize(40); }, "not ELF");
}
TEST(Payload, WithASegmentBeyondItsEnd) {
  expect_refused(
      [](Bytes& elf) {
        put32(elf, segment(elf) + 16, 0x7fffff00);
        put32(elf, segment(elf) + 20, 0x7fffff00);
      },
      "a segment beyond its end");
}
TEST(Payload, WithASegmentOutsideMemory) {
  expect_refused([](Bytes& elf) { put32(elf, segment(elf) + 12, 0xe0000000); },
                 "a segment where there is no memory");
}
TEST(Payload, OverTheLoader) {
  expect_refused([](Bytes& elf) { put32(elf, segment(elf) + 12, 0x80000); },
                 "a segment over this loader");
}

// ---- What ADLO needs ----

TEST(Adlo, WithoutABios) {
  std::vector<RomFile> files = stack_files(false);
  files.erase(files.begin() + 1);
  expect_stop(start(rom_of(std::move(files)).bytes), "ADLO: no entry 'bios'", POST_NO_BIOS);
}
TEST(Adlo, WithADamagedBios) {
  for (const bool packed : {false, true}) {
    Rom rom = rom_of(stack_files(packed));
    rom.bytes[rom.body("bios") + 5000] ^= 0x80;
    const Outcome outcome = start(rom.bytes);
    EXPECT_THAT(outcome.serial, HasSubstr("ADLO: bios: bad checksum"));
    expect_stop(outcome, "ADLO: the BIOS cannot be read", POST_BIOS_DAMAGED);
  }
}
TEST(Adlo, WithHalfABios) {
  std::vector<RomFile> files = stack_files(false);
  files[1].bytes.resize(1000);
  expect_stop(start(rom_of(std::move(files)).bytes), "16 to 128 KB", POST_BIOS_DAMAGED);
}
TEST(Adlo, WithSomethingElseAsBios) {
  std::vector<RomFile> files = stack_files(false);
  std::fill(files[1].bytes.begin(), files[1].bytes.end(), 0);
  expect_stop(start(rom_of(std::move(files)).bytes), "no IRET at F000:FF53", POST_NOT_A_BIOS);
}
TEST(Adlo, WithAVgaBiosThatDoesNotAddUp) {
  std::vector<RomFile> files = stack_files(false);
  files[2].bytes[5000] ^= 1;
  const Outcome outcome = start(rom_of(std::move(files)).bytes);
  EXPECT_THAT(outcome.serial, HasSubstr("ADLO: vgabios: its bytes do not add up to 0"));
  EXPECT_TRUE(outcome.posted(POST_VGA_BIOS_DAMAGED));
  EXPECT_THAT(outcome.serial, HasSubstr("ADLO: starting the BIOS"));
}

// ---- Other payloads, other BIOSes, options: to the test kernel ----

// 'Flexibility in ROM', Table 4, LinuxBIOS's side: nothing but these two ranges.
TEST(E820Option, AnswersWithThePapersTable4) {
  std::vector<RomFile> files = stack_files(true);
  files.push_back(options("boot=disk\ne820=linuxbios\n"));
  const Boot boot = boot_disk(rom_of(std::move(files)).bytes);
  EXPECT_THAT(boot.serial,
              HasSubstr("ADLO: INT 15h E820 from the LinuxBIOS table, 512 bytes at c9800"));
  EXPECT_THAT(boot.serial, HasSubstr("ice86 test kernel: ok"));
  std::vector<std::string> ranges;
  for (const harness::IntEvent& event : boot.events) {
    if (event.vector != 0x15 || event.in.ax() != 0xe820) continue;
    ranges.push_back(event.result->substr(0, event.result->find(", next")));
    if (event.out && event.out->ebx == 0) break;
  }
  EXPECT_THAT(ranges, ElementsAre("0x0 + 0xa0000 usable", "0x100000 + 0x1fef0000 usable"));
}

// As the paper's Table 3 has it of a commercial BIOS.
TEST(E820Option, TellsOfAcpisTables) {
  const Boot boot = boot_disk(file(ICE86_IMAGES "/stack-options.rom"));
  std::vector<std::string> ranges;
  for (const harness::IntEvent& event : boot.events) {
    if (event.vector != 0x15 || event.in.ax() != 0xe820) continue;
    ranges.push_back(event.result->substr(0, event.result->find(", next")));
    if (event.out && event.out->ebx == 0) break;
  }
  EXPECT_THAT(ranges, ElementsAre("0x0 + 0xa0000 usable", "0x100000 + 0x1fef0000 usable",
                                  "0x1fff4000 + 0x1000 NVS", "0x1fff5000 + 0x3000 ACPI"));
  EXPECT_EQ(boot.pc->peek_memory(0x1fff4000, 4), 0x53434146u) << "FACS";
  EXPECT_EQ(boot.pc->peek_memory(0x1fff5000, 4), 0x54445352u) << "RSDT";
}

// 'Flexibility in ROM': the firmware is at the disk before it has spun up. This one takes 5 s, and
// 20 ms for each command.
devices::AtaTiming slow_disk() {
  devices::AtaTiming timing;
  timing.spin_up = 5 * kSecond;
  timing.command_latency = kSecond / 50;
  timing.register_latency = kSecond / 50;
  return timing;
}

TEST(SlowDisk, IsWaitedFor) {
  const Boot boot = boot_disk(file(ICE86_IMAGES "/stack-packed.rom"), 60 * kSecond, slow_disk());
  EXPECT_THAT(boot.serial, HasSubstr("IDE0: ready after 49"));
  EXPECT_THAT(boot.serial, HasSubstr("ice86 test kernel: ok"));
  EXPECT_EQ(boot.end, machine::RunEnd::kDebugExit);
}

// The same sources, built without waits.
TEST(SlowDisk, IsNotFoundByABuildThatDoesNotWait) {
  harness::RomPlan plan;
  plan.boot_code = file(ICE86_IMPATIENT "/linuxbios.bin");
  plan.files = stack_files(true);
  plan.files[0].bytes = file(ICE86_IMPATIENT "/adlo.elf");
  auto rom = harness::build_rom(plan, nullptr);
  ASSERT_TRUE(rom) << rom.error().message();
  const Boot boot = boot_disk(*rom, 60 * kSecond, slow_disk());
  EXPECT_THAT(boot.serial, HasSubstr("IDE0: the drive is still busy after 0 s"));
  EXPECT_THAT(boot.serial, HasSubstr("ADLO: starting the BIOS"));
  EXPECT_THAT(display::describe(boot.pc->vga()), HasSubstr("No bootable device"));
  EXPECT_THAT(boot.serial, Not(HasSubstr("test kernel")));
  // With a disk that is ready it does as well as the other.
  EXPECT_THAT(boot_disk(*rom).serial, HasSubstr("ice86 test kernel: ok"));
}

// MP and ACPI tables, and their pointers in the BIOS's segment.
TEST(Tables, AreSoundAfterTheBoot) {
  std::vector<RomFile> files = stack_files(true);
  files.push_back(options("acpi=on\n"));
  const Boot boot = boot_disk(rom_of(std::move(files)).bytes);
  EXPECT_THAT(boot.serial, HasSubstr("ice86 test kernel: ok"));
  const harness::LintReport report =
      harness::lint_firmware(harness::lint_view(*boot.pc, boot.events));
  for (const harness::LintFinding& finding : report.findings) {
    EXPECT_EQ(finding.level, harness::LintLevel::kWarning) << finding.where << finding.text;
  }
  for (const harness::LintFeature& feature : report.features) {
    for (const char* const wanted : {"MP table", "ACPI", "PCI interrupt routing ($PIR)"}) {
      if (feature.name == wanted) {
        EXPECT_THAT(feature.value, HasSubstr("at F")) << wanted;
      }
    }
  }
  // The BIOS finds the serial port.
  EXPECT_EQ(boot.pc->peek_memory(0x400, 2), 0x3f8u);
}

TEST(BootOption, NamesTheDevicesInTheirOrder) {
  std::vector<RomFile> files = stack_files(true);
  files.push_back(options("boot=cdrom,disk\n"));
  const Outcome outcome = start(rom_of(std::move(files)).bytes);
  EXPECT_THAT(outcome.serial, HasSubstr("boot order 23"));
  files = stack_files(true);
  files.push_back(options("boot=tape\n"));
  EXPECT_THAT(start(rom_of(std::move(files)).bytes).serial,
              HasSubstr("ADLO: boot=tape: floppy, disk, cdrom and network are known"));
}

// 'Flexibility in ROM': a BIOS that clears memory at reset makes a post-mortem impossible.
TEST(PostMortem, MemorySurvivesAWarmReset) {
  harness::RomPlan plan;
  plan.boot_code = file(ICE86_IMAGES "/linuxbios.bin");
  plan.files = stack_files(true);
  plan.post_mortem = true;
  auto rom = harness::build_rom(plan, nullptr);
  ASSERT_TRUE(rom) << rom.error().message();
  std::string serial;
  auto pc = machine::Pc::create(config_of(std::move(*rom), 32, serial));
  ASSERT_TRUE(pc) << pc.error().message();
  machine::RunLimits limits;
  limits.time = kSecond;
  (*pc)->run(limits);
  EXPECT_THAT(serial, HasSubstr("Post-mortem: low memory as it was at reset, 640 KB at 01f00000"));
  // Where the boot itself works: ADLO, its scratch memory, LinuxBIOS. And above 1 MB, where not.
  const std::vector<std::uint32_t> low = {0x500, 0x7c00, 0x20000, 0x80000, 0x9fffc};
  for (const std::uint32_t at : low) (*pc)->write_memory(at, 4, 0xdead0000 + at);
  (*pc)->write_memory(0x800000, 4, 0x12345678);
  (*pc)->reset(ResetKind::kHard);
  serial.clear();
  limits.time = 2 * kSecond;
  (*pc)->run(limits);
  EXPECT_THAT(serial, HasSubstr("ADLO: starting the BIOS"));
  for (const std::uint32_t at : low) {
    EXPECT_EQ((*pc)->peek_memory(0x1f00000 + at, 4), 0xdead0000 + at) << std::hex << at;
  }
  EXPECT_EQ((*pc)->peek_memory(0x800000, 4), 0x12345678u);
}

TEST(SeaBios, StandsInTheBiosesPlace) {
  std::vector<RomFile> files = stack_files(true);
  files[1].bytes = file("/usr/share/seabios/bios.bin");
  const Boot boot = boot_disk(rom_of(std::move(files)).bytes);
  EXPECT_THAT(boot.serial, HasSubstr("ADLO: BIOS, 131072 bytes at e0000"));
  EXPECT_THAT(boot.serial, HasSubstr("ice86 test kernel: ok"));
}

// A loader of somebody else, which reads our LinuxBIOS table and drives the disk by itself.
TEST(GrubPayload, BootsFromIdeWithoutABios) {
  const Boot boot = boot_disk(file(ICE86_IMAGES "/grub.rom"));
  EXPECT_THAT(boot.serial, HasSubstr("Payload 'grub': ELF"));
  EXPECT_THAT(boot.serial, HasSubstr("GNU GRUB  version"));
  EXPECT_THAT(boot.serial, HasSubstr("ice86 test kernel: ok"));
  EXPECT_EQ(boot.end, machine::RunEnd::kDebugExit);
  for (const harness::IntEvent& event : boot.events) {
    EXPECT_TRUE(event.vector < 0x10 || event.vector > 0x1a) << "a BIOS call";
  }
  // The interrupt router as LinuxBIOS has set it: PIRQRC[A:D] at 60h of the bridge (Intel 290550,
  // section 2.2.10), and the line of function 3, INTA# of device 1.
  boot.pc->write_port(0xcf8, 4, 0x80000860);
  EXPECT_EQ(boot.pc->read_port(0xcfc, 4), 0x05090a0bu);
  boot.pc->write_port(0xcf8, 4, 0x80000b3c);
  EXPECT_EQ(boot.pc->read_port(0xcfc, 1), 11u);
  // What GRUB tells the kernel is what our table says.
  EXPECT_THAT(boot.serial, HasSubstr("0000000000100000 + 000000001fef0000 usable"));
}

TEST(OptionRoms, AreFoundInTheRomAndMustBeSound) {
  std::vector<RomFile> files = stack_files(true);
  const Bytes ipxe = file("/usr/lib/ipxe/qemu/pxe-e1000.rom");
  files.push_back({"optionrom/ipxe", RomEntryType::kFile, true, ipxe, ""});
  files.push_back(
      {"optionrom/half", RomEntryType::kFile, true, Bytes(ipxe.begin(), ipxe.begin() + 4096), ""});
  const Outcome outcome = start(rom_of(std::move(files)).bytes);
  EXPECT_THAT(outcome.serial, HasSubstr("ADLO: optionrom/ipxe, 75264 bytes at c9800"));
  EXPECT_THAT(outcome.serial,
              HasSubstr("ADLO: optionrom/half: its length byte says more than is there"));
}

// ---- The image itself ----

TEST(RomImage, IsReadBackAsItWasMade) {
  for (const bool packed : {false, true}) {
    const Rom rom = rom_of(stack_files(packed));
    const auto parts = harness::read_rom_map(rom.bytes);
    ASSERT_TRUE(parts) << parts.error().message();
    ASSERT_EQ(parts->size(), rom.parts.size());
    for (std::size_t i = 0; i < parts->size(); ++i) {
      EXPECT_EQ((*parts)[i].name, rom.parts[i].name);
      EXPECT_EQ((*parts)[i].offset, rom.parts[i].offset);
      EXPECT_EQ((*parts)[i].size, rom.parts[i].size);
      EXPECT_EQ((*parts)[i].problem, "");
    }
    const auto bios = harness::read_rom_entry(rom.bytes, "bios");
    ASSERT_TRUE(bios) << bios.error().message();
    EXPECT_EQ(*bios, file(ICE86_BIOS));
  }
}

TEST(RomImage, MapNamesWhatIsDamaged) {
  Rom rom = rom_of(stack_files(false));
  rom.bytes[rom.body("bios")] ^= 1;
  rom.bytes[rom.at("vgabios") + 40] ^= 1;
  rom.bytes[rom.at("LinuxBIOS") + 100] ^= 1;
  const auto parts = harness::read_rom_map(rom.bytes);
  ASSERT_TRUE(parts);
  const std::string map = harness::rom_map_text(*parts, rom.bytes.size());
  EXPECT_THAT(map, HasSubstr("bios -- bad checksum"));
  EXPECT_THAT(map, HasSubstr("-- bad header checksum"));
  EXPECT_THAT(map, HasSubstr("LinuxBIOS -- RAM stage: bad checksum"));
}

TEST(RomImage, WithoutRoomSaysWhatWouldDo) {
  harness::RomPlan plan;
  plan.size = 128 << 10;
  plan.boot_code = file(ICE86_IMAGES "/linuxbios.bin");
  plan.files = stack_files(false);
  const auto rom = harness::build_rom(plan, nullptr);
  ASSERT_FALSE(rom);
  EXPECT_THAT(rom.error().message(), HasSubstr("--size 256K would do, or --pack"));
}

}  // namespace
}  // namespace ice86
