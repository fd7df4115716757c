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
    trace.header = {"ice86", "bochs", "aa", "bb", "pc, 32 MiB", {{0xc0000, 38912, "VGA"}}};
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
    read.extras.edit().memory = "55aa";
    read.arguments = "quotes \" and \\ and \x01 survive";
    IntEvent boot;
    boot.number = 1;
    boot.vector = 0x19;
    boot.kind = CallKind::kBios32;
    boot.extras.edit().data = "1000";
    boot.extras.edit().chain = {{0xf000, 0xe3fe}, {0xc000, 0x123}};
    trace.events = {read, boot};
    trace.vectors = {{1, 0x13, {0xf000, 0xe3fe}, {0x9f00, 0x10}, {0, 0x7c10}},
                     {2, 0x41, {0, 0}, {0xf000, 0xe401}, {0, 0x7c10}}};
    trace.losses = {12, 3};
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
    EXPECT_EQ(back->events[0].extras->memory, "55aa");
    EXPECT_EQ(back->events[1].extras->memory, "");
    EXPECT_EQ(back->events[1].out, std::nullopt);
    EXPECT_EQ(back->losses, sample().losses);
    EXPECT_EQ(back->events[1].kind, CallKind::kBios32);
    EXPECT_EQ(back->events[1].extras->chain, sample().events[1].extras->chain);
    ASSERT_EQ(back->vectors.size(), 2u);
    EXPECT_EQ(back->vectors[1].vector, 0x41);
    ASSERT_EQ(back->header.roms.size(), 1u);
    EXPECT_EQ(back->header.roms[0].size, 38912u);
  }
}

// A program that waits, in a compressed trace: its calls are not written whole each time.
TEST_F(TraceFile, CallsLikeOthersAreBriefInCompressedFiles) {
  IntTrace trace = sample();
  trace.vectors.clear();
  const IntEvent other = trace.events[1];
  trace.events.resize(1);
  trace.events.front().extras.edit().chain = {{0xf000, 0xe3fe}};
  for (std::uint64_t n = 1; n < 1000; ++n) {
    trace.events.push_back(n % 100 == 0 ? other : trace.events.front());
    IntEvent& event = trace.events.back();
    event.number = n;
    event.instruction += n;
    event.time += 10 * n;
    if (n % 3 == 0) event.instructions = n;
    if (n % 5 == 0) event.duration = 10 * n;
  }
  ASSERT_TRUE(write_trace(folder_ / "t.jsonl.zst", trace));
  ASSERT_TRUE(write_trace(folder_ / "t.jsonl", trace));
  const auto brief = read_trace(folder_ / "t.jsonl.zst");
  ASSERT_TRUE(brief) << brief.error().message();
  EXPECT_EQ(to_json_lines(*brief), to_json_lines(trace));
  const auto whole = read_trace(folder_ / "t.jsonl");
  ASSERT_TRUE(whole);
  EXPECT_EQ(to_json_lines(*whole), to_json_lines(trace));
  EXPECT_EQ(to_json_lines(trace).find("like"), std::string::npos);
}

TEST_F(TraceFile, CallsLikeNoOtherAreRefused) {
  const std::string text = to_json_lines(sample());
  const auto with = [&](const std::string& line) { return message_of(text + line + "\n"); };
  const std::string times = ",\"insn\":1,\"t\":1,\"insns\":1,\"ns\":1}";
  EXPECT_THAT(with("{\"n\":2,\"like\":1" + times), HasSubstr("ends here with 3 calls"));
  for (const char* bad : {"2", "3", "18446744073709551615"})
    EXPECT_THAT(with(std::string("{\"n\":2,\"like\":") + bad + times),
                HasSubstr(std::string("line 6: no line before this one has all of call ") + bad));
  for (const char* bad : {"-1", "\"1\"", "null", "1.5"})
    EXPECT_THAT(with(std::string("{\"n\":2,\"like\":") + bad + times),
                HasSubstr("is no value for like"));
  EXPECT_THAT(with("{\"n\":2,\"like\":1,\"insn\":1,\"t\":1}"), HasSubstr("with 3 calls"));
  EXPECT_THAT(with("{\"n\":2,\"like\":1}"), HasSubstr("line 6: "));
}

TEST_F(TraceFile, OtherVersionsAndSchemasAreRefused) {
  std::string text = to_json_lines(sample());
  std::string newer = text;
  newer.replace(newer.find("\"version\":4"), 11, "\"version\":5");
  EXPECT_THAT(message_of(newer),
              HasSubstr("line 1: trace version 5; this program reads versions 1 to 4"));
  EXPECT_THAT(message_of("{\"schema\":\"other\"}\n"),
              HasSubstr("line 1: is no ice86-int-trace file"));
  EXPECT_THAT(message_of("[1,2]\n"), HasSubstr("line 1: is no ice86-int-trace file"));
}

TEST_F(TraceFile, DamageIsReportedWithItsLine) {
  const std::string text = to_json_lines(sample());
  EXPECT_THAT(message_of(text.substr(0, text.size() - 5)),
              HasSubstr("line 5: the file ends in the middle of this line"));
  EXPECT_THAT(message_of(""), HasSubstr("is empty"));
  std::string damaged = text;
  damaged.replace(damaged.find("\"vec\":\"13\""), 10, "\"vec\":\"xy\"");
  EXPECT_THAT(message_of(damaged), HasSubstr("line 2: 'xy' is no value for vec"));
  EXPECT_THAT(message_of(text + "garbage\n"), HasSubstr("line 6: "));
  EXPECT_THAT(message_of(text + "{}\n"), HasSubstr("line 6: "));
}

TEST_F(TraceFile, NumbersAreReadWholeAndInRange) {
  const std::string text = to_json_lines(sample());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    const std::size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return message_of(changed.replace(at, from.size(), to));
  };
  for (const char* bad :
       {"\"-1\"", "\" 1\"", "\"0x1\"", "\"+1\"", "\"100000000\"", "\"\"", "\"1 \"", "1", "null"})
    EXPECT_THAT(with("\"eax\":\"dead0201\"", std::string("\"eax\":") + bad), HasSubstr("line 2: "))
        << bad;
  EXPECT_THAT(with("\"vec\":\"13\"", "\"vec\":\"113\""), HasSubstr("'113' is no value for vec"));
  for (const char* bad : {"07c0:", ":0123", "07c0", "0x07c0:1", "107c0:0", "07c0:10000000000000000",
                          "-1:0", " 1:0", "1: 0", "1:0:0"}) {
    EXPECT_THAT(with("\"07c0:0123\"", std::string("\"") + bad + "\""),
                HasSubstr("is no segment:offset for caller"))
        << bad;
  }
  for (const char* bad : {"-1", "1.5", "1e3", "18446744073709551616", "\"1\"", "true"})
    EXPECT_THAT(with("\"insn\":123456", std::string("\"insn\":") + bad),
                HasSubstr("is no value for insn"))
        << bad;
  EXPECT_THAT(with("\"depth\":0", "\"depth\":4294967296"), HasSubstr("no value for depth"));
  EXPECT_THAT(with("\"version\":4", "\"version\":-1"), HasSubstr("no value for version"));
  const std::string huge(5000, '9');
  EXPECT_LT(with("\"vec\":\"13\"", "\"vec\":\"" + huge + "\"").size(), 300u);
}

TEST_F(TraceFile, LinesWithoutEndAreRefused) {
  const std::string text = to_json_lines(sample());
  const std::string endless(2 << 20, '[');
  EXPECT_THAT(message_of(text + endless + "\n"), HasSubstr("line 6: is longer than 1048576 bytes"));
  EXPECT_THAT(message_of(text + endless), HasSubstr("line 6: is longer than 1048576 bytes"));
  EXPECT_THAT(message_of(text + std::string(1 << 20, '[') + "\n"), HasSubstr("line 6: "));
}

TEST_F(TraceFile, EveryTruncationIsAnError) {
  ASSERT_TRUE(write_trace(folder_ / "t.jsonl.zst", sample()));
  std::ifstream file(folder_ / "t.jsonl.zst", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto path = folder_ / "cut.jsonl.zst";
    std::ofstream(path, std::ios::binary) << bytes.substr(0, size);
    const auto trace = read_trace(path);
    ASSERT_FALSE(trace) << size;
    if (size > 8) {
      EXPECT_THAT(trace.error().message(), HasSubstr("line 1: ")) << size;
    }
  }
}

// Between two lines, too: the header knows how many there are. One that does not tell is believed.
TEST_F(TraceFile, ACutBetweenTwoLinesIsFound) {
  const auto without_last_line = [](const std::string& text) {
    return text.substr(0, text.rfind('\n', text.size() - 2) + 1);
  };
  EXPECT_THAT(message_of(without_last_line(to_json_lines(sample()))),
              HasSubstr("line 4: the trace ends here with 1 changes of vectors; its header has 2"));
  IntTrace plain = sample();
  plain.vectors.clear();
  const std::string cut = without_last_line(to_json_lines(plain));
  EXPECT_THAT(message_of(cut),
              HasSubstr("line 2: the trace ends here with 1 calls; its header has 2"));
  std::string untold = cut;
  untold.replace(untold.find("\"calls\":2,"), 10, "");
  EXPECT_EQ(message_of(untold), "no error");
}

}  // namespace
}  // namespace ice86::harness
