// SPDX-License-Identifier: LGPL-2.1-or-later
// QMP: what a script says, and what it hears.
#include "emulator/debugger/qmp/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/debugger/support.h"

namespace ice86::debugger::qmp {
namespace {

using ::testing::HasSubstr;

class Qmp : public ::testing::Test {
 protected:
  Qmp() { debugger_.start_stopped(); }

  std::string say(const std::string& text) {
    heard_.clear();
    session_.receive(text);
    return heard_;
  }
  std::string execute(const std::string& name, const std::string& arguments = "") {
    return say("{\"execute\":\"" + name + "\"" +
               (arguments.empty() ? "" : ",\"arguments\":" + arguments) + "}\n");
  }

  std::unique_ptr<machine::Pc> pc_ = rom_machine(counting_code());
  Debugger debugger_{*pc_, machine::TimelineOptions{}};
  gdb::Settings gdb_;
  Monitor monitor_{debugger_, nullptr, gdb_, true};
  std::string heard_;
  Session session_{debugger_, monitor_, [this](std::string_view text) { heard_ += text; }};
};

TEST_F(Qmp, GreetsAndWantsCapabilitiesFirst) {
  EXPECT_THAT(heard_, HasSubstr("\"QMP\""));
  EXPECT_THAT(execute("query-status"), HasSubstr("CommandNotFound"));
  EXPECT_EQ(execute("qmp_capabilities"), "{\"return\":{}}\r\n");
  EXPECT_THAT(execute("query-status"), HasSubstr("\"running\":false"));
}

TEST_F(Qmp, AnswersWithTheId) {
  EXPECT_EQ(say("{\"execute\":\"qmp_capabilities\",\"id\":[1,\"a\"]}"),
            "{\"return\":{},\"id\":[1,\"a\"]}\r\n");
}

TEST_F(Qmp, ObjectsInPiecesAndTogether) {
  execute("qmp_capabilities");
  EXPECT_EQ(say("{\"execute\": \"query-"), "");
  EXPECT_THAT(say("kvm\"}"), HasSubstr("\"present\":false"));
  EXPECT_EQ(say("{\"execute\":\"cont\"}{\"execute\":\"stop\"}"),
            "{\"return\":{}}\r\n{\"return\":{}}\r\n");
}

TEST_F(Qmp, MistakesAreErrors) {
  execute("qmp_capabilities");
  for (const char* text :
       {"nonsense\n", "{]", "{\"execute\":5}", "{}", "{\"execute\":\"nothing\"}",
        "{\"execute\":\"send-key\",\"arguments\":{\"keys\":[]}}", "{\"execute\":\"screendump\"}",
        "{\"execute\":\"loadvm\",\"arguments\":{\"name\":\"/nowhere\"}}"})
    EXPECT_THAT(say(text), HasSubstr("\"error\"")) << text;
}

TEST_F(Qmp, SavesAndLoads) {
  execute("qmp_capabilities");
  const std::string file = ::testing::TempDir() + "ice86-qmp-test.snap";
  machine::RunLimits limits;
  limits.instructions = 1000;
  pc_->run(limits);
  const std::string hash = pc_->state_hash();
  EXPECT_EQ(execute("savevm", "{\"name\":\"" + file + "\"}"), "{\"return\":{}}\r\n");
  limits.instructions = 5000;
  pc_->run(limits);
  EXPECT_THAT(execute("loadvm", "{\"name\":\"" + file + "\"}"), HasSubstr("\"return\""));
  EXPECT_EQ(pc_->state_hash(), hash);
  std::remove(file.c_str());
}

TEST_F(Qmp, KeysAndTheMonitor) {
  execute("qmp_capabilities");
  EXPECT_THAT(execute("send-key",
                      "{\"keys\":[{\"type\":\"qcode\",\"data\":\"ctrl\"},"
                      "{\"type\":\"qcode\",\"data\":\"ret\"}]}"),
              HasSubstr("return"));
  EXPECT_THAT(execute("send-key", "{\"keys\":[{\"type\":\"qcode\",\"data\":\"none\"}]}"),
              HasSubstr("there is no key"));
  EXPECT_THAT(execute("human-monitor-command", "{\"command-line\":\"info ivt 19 1\"}"),
              HasSubstr("13h"));
  EXPECT_THAT(execute("quit"), HasSubstr("SHUTDOWN"));
  EXPECT_TRUE(debugger_.quit_asked());
}

}  // namespace
}  // namespace ice86::debugger::qmp
