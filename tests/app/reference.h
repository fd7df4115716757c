// SPDX-License-Identifier: LGPL-2.1-or-later
// What the tests of `ice86 reference bochs` share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/app/program.h"

namespace ice86::app_test {

class Reference : public Program {
 protected:
  // Temporary files are made where their absence is checked.
  Outcome reference(const std::string& arguments, const std::string& environment = "") {
    return ice86("reference bochs -q " + arguments,
                 environment + " TMPDIR='" + folder_.string() + "'");
  }
  static bool has_bochs() {
    return std::system("command -v bochs >/dev/null") == 0;  // NOLINT(cert-env33-c)
  }
  static bool has_qemu() {
    return std::system("command -v qemu-system-x86_64 >/dev/null") == 0;  // NOLINT(cert-env33-c)
  }
  // A program called bochs, in a folder that is the whole PATH.
  std::string pretend_bochs(const std::string& script) {
    const std::filesystem::path place = folder_.string() + "-path";
    std::filesystem::create_directory(place);
    pretended_ = place;
    std::ofstream(place / "bochs") << "#!/bin/sh\n" << script;
    std::filesystem::permissions(place / "bochs", std::filesystem::perms::owner_all);
    return "PATH='" + place.string() + "'";
  }
  void TearDown() override {
    if (!pretended_.empty()) std::filesystem::remove_all(pretended_);
    Program::TearDown();
  }
  std::string content(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  // Lines of a trace with this text.
  std::size_t count(const std::string& name, const std::string& text) const {
    std::ifstream file(folder_ / name);
    std::size_t lines = 0;
    for (std::string line; std::getline(file, line);)
      if (line.find(text) != std::string::npos) ++lines;
    return lines;
  }
  // The boot disk from reset to the end of the test kernel, in Bochs (bochs.jsonl) and here
  // (ours.jsonl).
  void boot_both(const std::string& firmware, const std::string& ours_only = "") {
    using ::testing::UnorderedElementsAre;
    const std::string disk = ICE86_GRUB_DISK;
    const auto written = std::filesystem::last_write_time(disk);
    // Bochs has no fw_cfg to tell SeaBIOS that nobody wants its menu.
    const std::string boot = "--firmware " + firmware + " --boot c,menu=on --disk '" + disk + "' ";
    const Outcome bochs = reference(boot + "--out bochs.jsonl");
    ASSERT_EQ(bochs.exit, 0) << bochs.output;
    EXPECT_EQ(std::filesystem::last_write_time(disk), written);
    EXPECT_THAT(files_left(), UnorderedElementsAre("bochs.jsonl"));
    // That it is a boot, seen from both ends.
    EXPECT_GE(count("bochs.jsonl", "\"service\":\"disk: extended read\""), 10u);
    EXPECT_GE(count("bochs.jsonl", "\"service\":\"memory map E820\""), 10u);
    EXPECT_GE(count("bochs.jsonl", "\"vec\":\"16\""), 100u);
    EXPECT_GE(count("bochs.jsonl", "\"memory\":\"sha256:"), 10u);
    EXPECT_EQ(count("bochs.jsonl", "\"out\":null"), 1u);  // INT 19h
    const Outcome ours = ice86("trace -q " + boot + ours_only + "--out ours.jsonl");
    ASSERT_EQ(ours.exit, 0) << ours.output;
  }

  std::filesystem::path pretended_;
};

}  // namespace ice86::app_test
