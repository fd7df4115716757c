// SPDX-License-Identifier: LGPL-2.1-or-later
// The interrupt agent: what it says about a boot in each emulator, and what that emulator says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <string>

#include "tests/app/reference.h"

namespace ice86::app_test {
namespace {

using ::testing::HasSubstr;

class Agent : public Reference {
 protected:
  // The calls of a trace that the agent has had, by its segment: the system's, not those of the
  // BIOS before the agent was there.
  void keep_agents_calls(const std::string& from, const std::string& to) {
    std::ifstream in(folder_ / from);
    std::ofstream out(folder_ / to);
    std::string handler;
    for (std::string line; std::getline(in, line);) {
      // Its count of calls would be wrong.
      if (line.find("\"schema\"") != std::string::npos)
        out << std::regex_replace(line, std::regex(",\"(calls|vector_changes)\":[0-9]+"), "")
            << "\n";
      const std::size_t at = line.find("\"handler\":\"");
      if (at == std::string::npos) continue;
      const std::string segment = line.substr(at, 16);
      // The agent's own read of the next disk is the first call it sees: the first from memory that
      // is handled in the caller's segment.
      if (handler.empty() && segment[11] <= '9' &&
          line.find("\"caller\":\"" + segment.substr(11)) != std::string::npos)
        handler = segment;
      if (!handler.empty() && segment == handler) out << line << "\n";
    }
  }
  void compare(const std::string& capture, const std::string& own) {
    const Outcome imported = ice86("trace import -q --serial " + capture + " --out agent.jsonl");
    ASSERT_EQ(imported.exit, 0) << imported.output;
    EXPECT_EQ(imported.output, "");
    keep_agents_calls(own, "own.jsonl");
    EXPECT_GE(count("own.jsonl", "\"service\":\"memory map E820\""), 4u);
    EXPECT_EQ(count("own.jsonl", "\"vec\""), count("agent.jsonl", "\"vec\""));
    const Outcome same = ice86("diff own.jsonl agent.jsonl");
    EXPECT_EQ(same.exit, 0) << same.output;
    EXPECT_THAT(same.output, HasSubstr("The traces agree"));
  }
  std::string disks() {
    EXPECT_EQ(ice86("image agent --out agent.img").exit, 0);
    return " --disk agent.img --disk " + guest("bios_caller") + " ";
  }
};

TEST_F(Agent, SeesWhatIce86Sees) {
  for (const char* firmware : {"seabios", "bochs", "stack"}) {
    const Outcome run = ice86(std::string("trace -q --firmware ") + firmware + disks() +
                              "--serial file:capture.txt --out all.jsonl");
    ASSERT_EQ(run.exit, 0) << run.output;
    compare("capture.txt", "all.jsonl");
  }
}

TEST_F(Agent, SeesWhatBochsSees) {
  if (!has_bochs()) GTEST_SKIP() << "the Debian package bochs is not installed";
  const Outcome run =
      reference("--firmware bochs" + disks() + "--serial-log capture.txt --out all.jsonl");
  ASSERT_EQ(run.exit, 0) << run.output;
  compare("capture.txt", "all.jsonl");
}

TEST_F(Agent, SeesWhatQemuSees) {
  if (!has_qemu()) GTEST_SKIP() << "the Debian package qemu-system-x86 is not installed";
  const Outcome run = ice86("reference qemu -q --firmware seabios" + disks() +
                            "--serial-log capture.txt --out all.jsonl");
  ASSERT_EQ(run.exit, 0) << run.output;
  compare("capture.txt", "all.jsonl");
}

TEST_F(Agent, BootsFromEveryMedium) {
  const std::string machine = "trace -q --firmware seabios --debugcon file:capture.txt ";
  ASSERT_EQ(ice86("image agent --port e9 --medium floppy --out a.img").exit, 0);
  ASSERT_EQ(ice86("image agent --port e9 --medium cd --out a.iso").exit, 0);
  for (const std::string& drives : {"--boot a -fda a.img --disk " + guest("bios_caller"),
                                    "--boot d -cdrom a.iso --disk " + guest("bios_caller")}) {
    const Outcome run = ice86(machine + drives + " --out all.jsonl");
    ASSERT_EQ(run.exit, 0) << drives << run.output;
    compare("capture.txt", "all.jsonl");
  }
}

TEST_F(Agent, CapturesThatAreNoneOrDamagedAreTold) {
  write("none.txt", "login: ~root\r\n");
  const Outcome none = ice86("trace import --serial none.txt");
  EXPECT_EQ(none.exit, 6) << none.output;
  EXPECT_THAT(none.output, HasSubstr("none.txt: no record of an interrupt agent"));
  const Outcome run =
      ice86("trace -q --firmware seabios" + disks() + "--serial file:capture.txt --out all.jsonl");
  ASSERT_EQ(run.exit, 0) << run.output;
  std::string text = content("capture.txt");
  const std::size_t call = text.find("~C 3 ");
  ASSERT_NE(call, std::string::npos);
  text[call + 6] ^= 1;
  write("damaged.txt", "noise\x80 ~~ " + text);
  const Outcome damaged = ice86("trace import -q --serial damaged.txt --out d.jsonl");
  EXPECT_EQ(damaged.exit, 0);
  EXPECT_THAT(damaged.output, HasSubstr("1 records are damaged, 1 calls are missing"));
  EXPECT_EQ(count("d.jsonl", "\"lost_calls\":1"), 1u);
  // Every cut is a shorter trace or none.
  for (std::size_t size = 0; size < text.size(); size += 997) {
    write("cut.txt", text.substr(0, size));
    const int exit = ice86("trace import -q --serial cut.txt").exit;
    EXPECT_TRUE(exit == 0 || exit == 6) << size;
  }
}

}  // namespace
}  // namespace ice86::app_test
