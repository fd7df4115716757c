// SPDX-License-Identifier: LGPL-2.1-or-later
// What is written for Bochs, and what is understood of its answers. Whole runs: tests/app.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "harness/reference/bochs_answers.h"
#include "harness/reference/bochs_config.h"

namespace ice86::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// The answers of Bochs 2.7 at the first INT 13h of a boot, shortened where nothing is read.
constexpr const char* kStep =
    "(0) Caught read watch point at 0x00000000004c\n"
    "Next at t=34073510\n"
    "(0) [0x0000000fe3fe] f000:e3fe (unk. ctxt): mov ax, word ptr ds:[bx+si] ; e9abaa\n"
    "CPU0:\n"
    "rax: 12345678_00000201\n"
    "rbx: 00000000_00007c00\n"
    "rcx: 00000000_00000001\n"
    "rdx: 00000000_00000080\n"
    "rsp: 00000000_0000ffca\n"
    "rbp: 00000000_0000ffd8\n"
    "rsi: 00000000_00000000\n"
    "rdi: 00000000_0000ffac\n"
    "r8 : 00000000_00000000\n"
    "rip: 00000000_0000e3fe\n"
    "eflags 0x00000046: id vip vif ac vm rf nt IOPL=0 of df if tf sf ZF af PF cf\n"
    "es:0x07c0, dh=0x00009300, dl=0x7c00ffff, valid=1\n"
    "\tData segment, base=0x00007c00, limit=0x0000ffff, Read/Write, Accessed\n"
    "cs:0xf000, dh=0x0000930f, dl=0x0000ffff, valid=1\n"
    "ss:0x0000, dh=0x00009300, dl=0x0000ffff, valid=7\n"
    "ds:0x0040, dh=0x00009300, dl=0x0400ffff, valid=1\n"
    "fs:0x0000, dh=0x00009300, dl=0x0000ffff, valid=7\n"
    "gs:0x0000, dh=0x00009300, dl=0x0000ffff, valid=7\n"
    "Stack address size 2\n"
    " | STACK 0xffca [0x88be] (<unknown>)\n"
    " | STACK 0xffcc [0xf000] (<unknown>)\n"
    " | STACK 0xffce [0x0046] (<unknown>)\n"
    " | STACK 0xffd0 [0x0002] (<unknown>)\n";

TEST(BochsAnswers, AStopSaysWhenAndWhy) {
  const auto stop = parse_stop(kStep);
  ASSERT_TRUE(stop);
  EXPECT_EQ(stop->ticks, 34073510u);
  EXPECT_EQ(stop->watched, 0x4cu);
  EXPECT_EQ(stop->breakpoint, std::nullopt);
  EXPECT_FALSE(stop->out_of_time);
  const auto both = parse_stop(
      "(0) Caught read watch point at 0x000000000064\n"
      "(0) Breakpoint 12, 0x00000000000f88be in ?? ()\nNext at t=5\n");
  ASSERT_TRUE(both);
  EXPECT_EQ(both->watched, 0x64u);
  EXPECT_EQ(both->breakpoint, 12u);
  const auto late = parse_stop("(0) Caught time breakpoint\nNext at t=30214116\n");
  ASSERT_TRUE(late);
  EXPECT_TRUE(late->out_of_time);
  EXPECT_FALSE(parse_stop(""));
  EXPECT_FALSE(parse_stop("Next at t="));
  EXPECT_FALSE(parse_stop("Next at t=99999999999999999999999"));
}

TEST(BochsAnswers, RegistersComeFromTheirLinesAndNotFromTheDisassembly) {
  cpu::State state;
  ASSERT_TRUE(parse_registers(kStep, state));
  EXPECT_EQ(state.gpr[cpu::kRax], 0x1234567800000201u);
  EXPECT_EQ(state.gpr[cpu::kRbx], 0x7c00u);
  EXPECT_EQ(state.gpr[cpu::kRsp], 0xffcau);
  EXPECT_EQ(state.gpr[cpu::kRdi], 0xffacu);
  EXPECT_EQ(state.rip, 0xe3feu);
  EXPECT_EQ(state.rflags, 0x46u);
  EXPECT_EQ(state.segment[cpu::kDs].selector, 0x40u);
  EXPECT_EQ(state.segment[cpu::kDs].base, 0x400u);
  EXPECT_EQ(state.segment[cpu::kEs].selector, 0x7c0u);
  EXPECT_EQ(state.segment[cpu::kCs].base, 0xf0000u);
  EXPECT_TRUE(state.real_mode());
}

TEST(BochsAnswers, ProtectedModeIsTold) {
  std::string text = kStep;
  const std::string real = "cs:0xf000, dh=0x0000930f, dl=0x0000ffff";
  text.replace(text.find(real), real.size(), "cs:0x0008, dh=0x00cf9b00, dl=0x0000ffff");
  cpu::State state;
  ASSERT_TRUE(parse_registers(text, state));
  EXPECT_FALSE(state.real_mode());
}

TEST(BochsAnswers, EveryMissingLineIsNoticed) {
  for (const char* line :
       {"\nrax: ", "\nrdi: ", "\nrip: ", "\neflags ", "\nes:", "\ncs:", "\nds:"}) {
    std::string text = kStep;
    text.replace(text.find(line), std::string(line).size(), "\nx");
    cpu::State state;
    EXPECT_FALSE(parse_registers(text, state)) << line;
  }
}

TEST(BochsAnswers, StackWords) {
  EXPECT_THAT(parse_stack(kStep).value(), ElementsAre(0x88be, 0xf000, 0x0046, 0x0002));
  const std::string text = kStep;
  EXPECT_FALSE(parse_stack(text.substr(0, text.rfind(" | STACK"))));
  EXPECT_FALSE(parse_stack(" | STACK 0x0000fffc [0x12345678]\n"));
}

TEST(BochsAnswers, Bytes) {
  constexpr const char* kDump =
      "[bochs]:\n"
      "0x0000000000007bf8 <bogus+       0>:\t0x00\t0x01\t0x02\t0x03\t0x04\t0x05\t0x06\t0x07\n"
      "0x0000000000007c00 <bogus+       8>:\t0xeb\t0x63\n";
  EXPECT_THAT(parse_bytes(kDump, 10).value(), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 0xeb, 0x63));
  EXPECT_FALSE(parse_bytes(kDump, 11));
  EXPECT_FALSE(parse_bytes("bx_dbg_read_linear: physical memory read error\n", 1));
}

TEST(BochsAnswers, TheEndTellsItsTime) {
  EXPECT_EQ(parse_end("(0).[123898879] [0x0000001007cd] 0010:00000000001007cd"), 123898879u);
  EXPECT_EQ(parse_end("source n"), std::nullopt);
}

TEST(BochsConfig, DescribesTheMachine) {
  BochsMachine machine;
  machine.firmware.vga_rom = {0x55, 0xaa};
  machine.firmware.vga_place = machine::VgaRomPlace::kC0000;
  machine.memory_mib = 64;
  machine.disks[1] =
      BochsDisk{"/somewhere/disk, with \"odd\" name.img", machine::geometry_of(32768), "A MODEL"};
  machine.boot_order = "dc";
  machine.power_on = 1055160000;
  const std::string text = bochsrc(machine);
  EXPECT_THAT(text, HasSubstr("memory: guest=64, host=64\n"));
  EXPECT_THAT(text, HasSubstr("cpu: ips=4000000, reset_on_triple_fault=0\n"));
  EXPECT_THAT(text, HasSubstr("ata0-slave: type=disk, path=disk1.img, mode=volatile"));
  EXPECT_THAT(text, HasSubstr("cylinders=32, heads=16, spt=63, model=\"A MODEL\"\n"));
  EXPECT_THAT(text, HasSubstr("boot: cdrom, disk\n"));
  EXPECT_THAT(text, HasSubstr("clock: sync=none, time0=1055160000\n"));
  EXPECT_THAT(text, HasSubstr("vgaromimage:"));
  EXPECT_THAT(text, Not(HasSubstr("odd")));
  EXPECT_THAT(text, Not(HasSubstr("pcivga")));
  machine.firmware.vga_rom.clear();
  EXPECT_THAT(bochsrc(machine), Not(HasSubstr("vgaromimage:")));
  machine.firmware.vga_place = machine::VgaRomPlace::kPciRom;
  EXPECT_THAT(bochsrc(machine), HasSubstr("slot1=pcivga"));
}

class BochsFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "ice86-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    machine_.firmware.rom.assign(65536, 0xf4);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path image(std::uint64_t size) {
    const auto path = folder_ / "user.img";
    std::ofstream(path, std::ios::binary) << 'x';
    std::filesystem::resize_file(path, size);
    machine_.disks[0] = BochsDisk{path, machine::geometry_of((size + 511) / 512), "M"};
    return path;
  }
  std::filesystem::path run() {
    const auto path = folder_ / "run";
    std::filesystem::create_directory(path);
    return path;
  }
  std::filesystem::path folder_;
  BochsMachine machine_;
};

TEST_F(BochsFolder, WholeImagesAreLinkedTo) {
  const auto user = image(16 << 20);
  const auto folder = run();
  ASSERT_TRUE(write_bochs_folder(folder, machine_));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "disk0.img"));
  EXPECT_EQ(std::filesystem::file_size(folder / "rom.bin"), 65536u);
  EXPECT_EQ(std::filesystem::file_size(user), 16u << 20);
}

TEST_F(BochsFolder, ShortImagesArePaddedInACopy) {
  const auto user = image(513);
  const auto folder = run();
  ASSERT_TRUE(write_bochs_folder(folder, machine_));
  EXPECT_FALSE(std::filesystem::is_symlink(folder / "disk0.img"));
  EXPECT_EQ(std::filesystem::file_size(folder / "disk0.img"), 16u * 63 * 512);
  EXPECT_EQ(std::filesystem::file_size(user), 513u);
}

}  // namespace
}  // namespace ice86::harness
