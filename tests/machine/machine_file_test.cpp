// SPDX-License-Identifier: LGPL-2.1-or-later
// Machine files: what they say, and what is refused with the line.
#include "emulator/machine/machine_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ice86::machine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string refusal_of(const std::string& text) {
  const auto file = parse_machine_file(text, "m.toml", "/machines");
  if (file) return "accepted";
  EXPECT_EQ(file.error().kind(), ErrorKind::kUsage);
  return file.error().message();
}

TEST(MachineFile, SaysWhatOptionsSayAndMore) {
  const auto file = parse_machine_file(R"(
firmware = "seabios"
memory = "256M"
rate = 50
reset-on-triple-fault = true
serial = ["stdio", "file:com2.log"]
nic = "user,model=e1000"

[[drive]]
place = "primary-master"
file = "slow.img"
write = true
spin-up = "5s"
latency = "20ms"

[[drive]]
place = "secondary-slave"
media = "cdrom"

[[drive]]
place = "floppy-b"
file = "/else/where.img"
readonly = true
)",
                                       "m.toml", "/machines");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->firmware, "seabios");
  EXPECT_EQ(file->memory, "256M");
  EXPECT_EQ(file->rate, 50u);
  EXPECT_EQ(file->reset_on_triple_fault, true);
  EXPECT_THAT(*file->serial, ElementsAre("stdio", "file:com2.log"));
  EXPECT_THAT(*file->nic, ElementsAre("user,model=e1000"));
  EXPECT_FALSE(file->cpu);
  ASSERT_EQ(file->drives.size(), 3u);
  EXPECT_EQ(file->drives[0].file, "/machines/slow.img");
  EXPECT_TRUE(file->drives[0].write);
  EXPECT_EQ(file->drives[0].spin_up, "5s");
  EXPECT_EQ(file->drives[0].latency, "20ms");
  EXPECT_FALSE(file->drives[0].reset);
  EXPECT_TRUE(file->drives[1].cdrom);
  EXPECT_EQ(file->drives[1].place, MachineFile::Place::kSecondarySlave);
  EXPECT_EQ(file->drives[2].file, "/else/where.img");
  EXPECT_EQ(file->drives[2].place, MachineFile::Place::kB);
  EXPECT_TRUE(file->drives[2].write_protected);
}

TEST(MachineFile, PathsAreRelativeToItAndNamesAreNot) {
  const auto file =
      parse_machine_file("firmware = \"roms/my.bin\"\ncpu = \"mine.toml\"\nvgabios = \"vga.bin\"\n",
                         "m.toml", "/machines");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->firmware, "/machines/roms/my.bin");
  EXPECT_EQ(file->cpu, "/machines/mine.toml");
  EXPECT_EQ(file->vgabios, "/machines/vga.bin");
  const auto names = parse_machine_file("firmware = \"ovmf\"\ncpu = \"core2\"\n", "m.toml", "/m");
  ASSERT_TRUE(names);
  EXPECT_EQ(names->firmware, "ovmf");
  EXPECT_EQ(names->cpu, "core2");
}

TEST(MachineFile, MistakesAreNamedWithTheirLine) {
  const std::pair<const char*, const char*> mistakes[] = {
      {"memory = 128\n", "m.toml:1: 'memory' is not a text"},
      {"\nmemroy = \"128M\"\n", "m.toml:2: 'memroy' is not known here"},
      {"rate = -1\n", "m.toml:1: 'rate' is not a number"},
      {"reset-on-triple-fault = 1\n", "m.toml:1: 'reset-on-triple-fault' is neither true nor"},
      {"serial = [\"stdio\", 2]\n", "m.toml:1: 'serial' is not a text"},
      {"drive = 1\n", "m.toml:1: drives are tables: [[drive]]"},
      {"drive = [1]\n", "m.toml:1: drives are tables: [[drive]]"},
      {"[[drive]]\nfile = \"a\"\n", "m.toml:1: 'place' is missing"},
      {"[[drive]]\nplace = \"primary-master\"\n", "m.toml:1: 'file' is missing"},
      {"[[drive]]\nplace = \"third\"\n", "m.toml:2: 'third' is no place for a drive (primary-m"},
      {"[[drive]]\nplace = \"floppy-a\"\nspin-up = \"1s\"\n", "m.toml:1: a diskette drive has"},
      {"[[drive]]\nplace = \"primary-slave\"\nfile = \"a\"\nmedia = \"tape\"\n", "m.toml:4: media"},
      {"[[drive]]\nplace = \"primary-slave\"\nfile = \"a\"\nmedia = \"cdrom\"\nwrite = true\n",
       "m.toml:1: write = true and"},
      {"[[drive]]\nplace = \"floppy-a\"\n[[drive]]\nplace = \"floppy-a\"\n",
       "m.toml:3: there is another drive at floppy-a"},
  };
  for (const auto& [text, message] : mistakes) EXPECT_THAT(refusal_of(text), StartsWith(message));
  EXPECT_THAT(refusal_of("memory = \"1\n"), StartsWith("m.toml:1: "));
}

TEST(MachineFile, AMissingFileIsNamed) {
  const auto file = read_machine_file("/nowhere/m.toml");
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message(), HasSubstr("/nowhere/m.toml"));
}

}  // namespace
}  // namespace ice86::machine
