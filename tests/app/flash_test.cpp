// SPDX-License-Identifier: LGPL-2.1-or-later
// Flash chips and fw_cfg files from the command line: what is written where, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/app/program.h"

namespace ice86::app_test {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class Flash : public Program {
 protected:
  static constexpr std::size_t kChip = 8192, kBlock = 4096;

  static std::string chips(const std::string& vars) {
    return "run -drive if=pflash,unit=0,file='" + guest("flash_rom") +
           "' -drive if=pflash,unit=1,file=" + vars;
  }
  std::string content(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  // What the guest leaves in a chip of zeros.
  static std::string written() {
    std::string bytes(kBlock, '\xff');
    for (unsigned i = 0; i < 256; ++i) bytes[i] = static_cast<char>(i ^ 0x21);
    return bytes + std::string(kChip - kBlock, '\0');
  }
};

TEST_F(Flash, VariablesAreKeptWhenTheFileMayBeWritten) {
  file("vars.fd", kChip);
  EXPECT_EQ(ice86(chips("vars.fd")).exit, 1);
  EXPECT_EQ(content("vars.fd"), std::string(kChip, '\0')) << "a private copy";
  EXPECT_EQ(ice86(chips("vars.fd,write=on")).exit, 1);
  EXPECT_EQ(content("vars.fd"), written());
  EXPECT_EQ(ice86(chips("vars.fd")).exit, 0x21 << 1 | 1);
  const std::string code = " -drive if=pflash,file='" + guest("flash_rom") + "' ";
  EXPECT_EQ(ice86("run" + code + "--pflash-vars vars.fd").exit, 0x21 << 1 | 1);
}

// Killed while it erases and programs: nothing but the block that is being changed is touched, and
// that is as the guest had it at some time.
TEST_F(Flash, AKilledProgramLeavesASoundFile) {
  for (const char* const after : {"0.2", "0.31", "0.47"}) {
    file("vars.fd", kChip);
    {
      std::fstream vars(folder_ / "vars.fd", std::ios::binary | std::ios::in | std::ios::out);
      vars.seekp(kBlock).put('L');
    }
    const Outcome outcome =
        ice86(chips("vars.fd,write=on"), std::string("timeout -s KILL ") + after);
    EXPECT_GE(outcome.exit, 128) << outcome.output;
    const std::string left = content("vars.fd");
    ASSERT_EQ(left.size(), kChip);
    EXPECT_EQ(left.substr(kBlock), "L" + std::string(kChip - kBlock - 1, '\0'));
    const std::string block = left.substr(0, kBlock);
    const std::string whole = written().substr(0, kBlock);
    const auto differs = std::mismatch(block.begin(), block.end(), whole.begin()).first;
    EXPECT_EQ(std::string(differs, block.end()),
              std::string(static_cast<std::size_t>(block.end() - differs), '\xff'));
    EXPECT_THAT(files_left(), UnorderedElementsAre("vars.fd"));
  }
}

TEST_F(Flash, VariablesThatCannotBeKeptAreReported) {
  file("vars.fd", kChip);
  const Outcome outcome = ice86(chips("vars.fd,write=on"), "trap '' XFSZ; ulimit -f 0;");
  EXPECT_EQ(outcome.exit, 6) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("wrote 0x0 to the debug exit port"));
  EXPECT_THAT(outcome.output, HasSubstr("flash variables are not kept"));
  EXPECT_THAT(outcome.output, HasSubstr("vars.fd"));
}

TEST_F(Flash, MistakesAreNamed) {
  file("vars.fd", kChip);
  file("odd.fd", 5000);
  const std::string code = "run -drive if=pflash,unit=0,file='" + guest("flash_rom") + "' ";
  const struct {
    std::string words;
    int exit;
    const char* text;
  } mistakes[] = {
      {"run -drive if=pflash,unit=2,file=vars.fd", 2, "unit=2"},
      {"run -drive if=pflash,unit=0,file=vars.fd,write=on", 2, "is not written"},
      {code + "-drive if=pflash,unit=0,file=vars.fd", 2, "said twice"},
      {code + "-drive if=pflash,file=vars.fd,media=cdrom", 2, "contradict"},
      {code + "-drive if=pflash,unit=1,file=none.fd", 6, "none.fd: no such file"},
      {code + "-drive if=pflash,unit=1,file=none.fd,write=on", 6, "has no template"},
      {code + "-drive if=pflash,unit=1,file=odd.fd", 6, "multiple of 4 KiB"},
      {code + "-drive if=pflash,unit=1,file=vars.fd --pflash-vars vars.fd", 2, "the same chip"},
      {"run -drive if=pflash,unit=0,file=none.fd", 6, "none.fd"},
      {"run -fw_cfg name=opt/x", 2, "file= or string="},
      {"run -fw_cfg name=opt/x,string=a,file=vars.fd", 2, "file= or string="},
      {"run -fw_cfg string=a", 2, "names no item"},
      {"run -fw_cfg name=opt/x,strng=a", 2, "'strng' is no setting"},
      {"run -fw_cfg name=opt/x,file=none", 6, "none: no such file"},
      {"run -fw_cfg name=opt/x,", 2, "an empty setting"},
      {"run -fw_cfg name=" + std::string(56, 'n') + ",string=a", 2, "1 to 55 are possible"},
      {"run --boot c,menu=yes", 2, "menu=yes"},
      {"run --boot order=cd,splash-time=70000", 2, "splash-time=70000"},
      {"run --boot cd,once=d", 2, "'once' is no setting"},
      {"reference bochs --firmware " + guest("exit_rom") + " --fw-cfg name=opt/x,string=a", 2,
       "Bochs has no flash chips"},
  };
  for (const auto& mistake : mistakes) {
    const Outcome outcome = ice86(mistake.words);
    EXPECT_EQ(outcome.exit, mistake.exit) << mistake.words << "\n" << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(mistake.text)) << mistake.words;
    EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
  }
  EXPECT_THAT(files_left(), UnorderedElementsAre("vars.fd", "odd.fd"));
}

// The template of the package may be writable for the user; other machines begin with it.
TEST_F(Flash, TheTemplateOfTheFirmwareIsNeverWritten) {
  const std::filesystem::path vars = "/usr/share/OVMF/OVMF_VARS_4M.fd";
  if (!std::filesystem::exists(vars)) GTEST_SKIP() << "the Debian package ovmf is not installed";
  std::filesystem::create_symlink(vars, folder_ / "mine.fd");
  for (const std::string& name : {vars.string(), std::string("mine.fd")}) {
    const Outcome outcome = ice86("run --firmware ovmf --pflash-vars " + name);
    EXPECT_EQ(outcome.exit, 2) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("is the template of firmware ovmf"));
  }
  // Made from it, and the user's own.
  EXPECT_EQ(ice86("run --firmware ovmf --pflash-vars own.fd --max-instructions 1000").exit, 3);
  EXPECT_EQ(std::filesystem::file_size(folder_ / "own.fd"), std::filesystem::file_size(vars));
}

}  // namespace
}  // namespace ice86::app_test
