// SPDX-License-Identifier: LGPL-2.1-or-later
// Each device defect of seeded_defects/ is built into a program of its own (CMakeLists.txt). The
// same boot in it and in the real one: the diff must find the defect and name the service and the
// field that show it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/app/program.h"

namespace ice86::app_test {
namespace {

using ::testing::HasSubstr;

struct Defect {
  const char* name;
  const char* service;  // that shows it
  const char* verdict;  // what the diff says of that
  const char* value;    // and of the field
};

class SeededDefect : public Program, public ::testing::WithParamInterface<Defect> {
 protected:
  void SetUp() override {
    Program::SetUp();
    write("boot.toml",
          "[machine]\nfirmware = \"seabios\"\nmemory = \"16M\"\n[[machine.drive]]\n"
          "place = \"primary-master\"\nfile = \"" +
              guest("bios_calls") +
              "\"\n[limits]\ntime = \"30s\"\n[[step]]\nint = \"16:00\"\n"
              "[[step]]\npress = \"y\"\n[[step]]\nend = \"debug-exit\"\n");
  }
  // A boot in `program`; its trace.
  std::string trace_of(const std::string& program, const std::string& name) {
    const Outcome outcome = run(program, "test boot.toml --out " + name);
    EXPECT_EQ(outcome.exit, 0) << outcome.output;
    return name + "/001-boot/trace.jsonl";
  }
};

TEST_P(SeededDefect, IsCaughtAndNamed) {
  const std::string sound = trace_of(ICE86_PROGRAM, "sound");
  const std::string defective =
      trace_of(std::string(ICE86_PROGRAM) + "-defect-" + GetParam().name, "defective");
  const Outcome outcome = ice86("diff " + sound + " " + defective);
  EXPECT_EQ(outcome.exit, 5) << outcome.output;
  std::string service = GetParam().service;
  service.resize(34, ' ');
  EXPECT_THAT(outcome.output, HasSubstr(service + " " + GetParam().verdict));
  EXPECT_THAT(outcome.output, HasSubstr(GetParam().value));
  // And a sound machine is no defect.
  EXPECT_EQ(ice86("diff " + sound + " " + trace_of(ICE86_PROGRAM, "again")).exit, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Each, SeededDefect,
    ::testing::Values(Defect{"ata-capacity", "disk: extended parameters",
                             "1 of 1 differ: memory on return", "memory on return: 1a00"},
                      Defect{"ata-data", "disk: extended read", "1 of 4 differ: memory on return",
                             "memory on return: sha256:"},
                      Defect{"keyboard-scan-code", "keyboard: read", "1 of 1 differ: AX on return",
                             "AX on return: 1579 | 2c7a"},
                      Defect{"rtc-century", "clock: read date",
                             "1 of 1 differ: AX on return, CX on return", "CX on return: 20"},
                      Defect{"uart-line-status", "serial: status", "1 of 1 differ: AX on return",
                             "AX on return: 60b0 | 20b0"}),
    [](const auto& one) {
      std::string name = one.param.name;
      for (char& c : name) c = c == '-' ? '_' : c;
      return name;
    });

}  // namespace
}  // namespace ice86::app_test
