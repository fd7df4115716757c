// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/trace/trace_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace ice86::harness {
namespace {

using ::testing::HasSubstr;

class TraceFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "ice86-trace-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static IntTrace sample() {
    IntTrace trace;
    trace.header = {"ice86", "bochs", "aa", "bb", "pc, 32 MiB"};
    IntEvent read;
    read.vector = 0x13;
    read.instruction = 123456;
    read.time = 1234560;
    read.caller = {0x07c0, 0x0123};
    read.handler = {0xf000, 0xe3fe};
    read.in.eax = 0xdead0201;
    read.in.flags = 0x202;
    read.out = Registers{};
    read.out->eax = 1;
    read.how = ReturnKind::kRetf2;
    read.service = "disk: read";
    read.arguments = "quotes \" and \\ and \x01 survive";
    IntEvent boot;
    boot.number = 1;
    boot.vector = 0x19;
    trace.events = {read, boot};
    return trace;
  }
  std::string message_of(const std::string& content) {
    const auto path = folder_ / "t.jsonl";
    std::ofstream(path, std::ios::binary) << content;
    const auto trace = read_trace(path);
    return trace ? "no error" : trace.error().message();
  }

  std::filesystem::path folder_;
};

TEST_F(TraceFile, WhatIsWrittenIsRead) {
  for (const char* name : {"t.jsonl", "t.jsonl.zst"}) {
    ASSERT_TRUE(write_trace(folder_ / name, sample()));
    const auto back = read_trace(folder_ / name);
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(to_json_lines(*back), to_json_lines(sample()));
    EXPECT_EQ(back->events[0].in, sample().events[0].in);
    EXPECT_EQ(back->events[1].out, std::nullopt);
  }
}

TEST_F(TraceFile, OtherVersionsAndSchemasAreRefused) {
  std::string text = to_json_lines(sample());
  std::string newer = text;
  newer.replace(newer.find("\"version\":1"), 11, "\"version\":2");
  EXPECT_THAT(message_of(newer),
              HasSubstr("line 1: trace version 2; this program reads version 1"));
  EXPECT_THAT(message_of("{\"schema\":\"other\"}\n"),
              HasSubstr("line 1: is no ice86-int-trace file"));
  EXPECT_THAT(message_of("[1,2]\n"), HasSubstr("line 1: is no ice86-int-trace file"));
}

TEST_F(TraceFile, DamageIsReportedWithItsLine) {
  const std::string text = to_json_lines(sample());
  EXPECT_THAT(message_of(text.substr(0, text.size() - 5)),
              HasSubstr("line 3: the file ends in the middle of this line"));
  EXPECT_THAT(message_of(""), HasSubstr("is empty"));
  std::string damaged = text;
  damaged.replace(damaged.find("\"vec\":\"13\""), 10, "\"vec\":\"xy\"");
  EXPECT_THAT(message_of(damaged), HasSubstr("line 2: 'xy' is no value for vec"));
  EXPECT_THAT(message_of(text + "garbage\n"), HasSubstr("line 4: "));
  EXPECT_THAT(message_of(text + "{}\n"), HasSubstr("line 4: "));
}

TEST_F(TraceFile, EveryTruncationIsAnErrorOrAShorterTrace) {
  ASSERT_TRUE(write_trace(folder_ / "t.jsonl.zst", sample()));
  std::ifstream file(folder_ / "t.jsonl.zst", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto path = folder_ / "cut.jsonl.zst";
    std::ofstream(path, std::ios::binary) << bytes.substr(0, size);
    EXPECT_FALSE(read_trace(path)) << size;
  }
}

}  // namespace
}  // namespace ice86::harness
