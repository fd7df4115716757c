// SPDX-License-Identifier: LGPL-2.1-or-later
// What GDB asks, packet by packet, of a machine with a few instructions.
#include "emulator/debugger/gdb/session.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <functional>

#include "emulator/base/files.h"
#include "emulator/debugger/monitor/monitor.h"
#include "tests/debugger/support.h"

namespace ice86::debugger::gdb {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// GDB in the place of a front end: sends its packets one after another, each when the machine
// stands, and notes the answers.
class Script final : public FrontEnd {
 public:
  Script(Debugger& debugger, std::vector<std::string> packets)
      : debugger_(debugger),
        packets_(std::move(packets)),
        monitor_(debugger, this, settings_, false),
        session_(
            debugger, *this, settings_, [this](std::string_view text) { take_answer(text); },
            [this](const std::string& line) { return monitor_.execute(line); }) {}

  void descriptors(std::vector<pollfd>&) const override {}
  void serve() override {
    if (debugger_.running()) {
      if (interrupt_) session_.receive("\x03");
      interrupt_ = false;
      return;
    }
    if (next_ == packets_.size()) return debugger_.quit();
    const std::string& text = packets_[next_++];
    interrupt_ = text == "vCont;c/";
    answers_.emplace_back();
    session_.receive(packet(interrupt_ ? "vCont;c" : text));
  }
  bool attached() const override { return true; }
  void stopped(const Stop& stop) override { session_.stopped(stop); }

  std::vector<std::string> answers_;

 private:
  void take_answer(std::string_view text) {
    reader_.add(text);
    while (const auto event = reader_.next()) answers_.back() += event->text;
  }

  Debugger& debugger_;
  std::vector<std::string> packets_;
  Settings settings_;
  Monitor monitor_;
  Session session_;
  PacketReader reader_;
  std::size_t next_ = 0;
  bool interrupt_ = false;
};

std::vector<std::string> ask(std::vector<std::string> packets,
                             cpu::Engine engine = cpu::Engine::kInterpreter,
                             const std::vector<std::uint8_t>& code = counting_code(),
                             const std::function<void(machine::Pc&)>& prepare = nullptr) {
  const auto pc = rom_machine(code, engine);
  if (prepare) prepare(*pc);
  Debugger debugger(*pc, machine::TimelineOptions{.interval = 10'000});
  debugger.start_stopped();
  auto script = std::make_unique<Script>(debugger, std::move(packets));
  Script& seen = *script;
  debugger.add(std::move(script));
  debugger.run({});
  return seen.answers_;
}

TEST(GdbSession, UnknownPacketsGetAnEmptyReply) {
  for (const std::string& answer :
       ask({"vMustReplyEmpty", "qNothing", "w", "QNonStop:1", "vAttach;1", "Z5,0,1", "b", "!"}))
    EXPECT_EQ(answer, "");
}

TEST(GdbSession, MistakesAreErrors) {
  for (const std::string& answer : ask({"m",
                                        "m0",
                                        "m0,",
                                        "m,4",
                                        "mxyz,4",
                                        "M0,4:00",
                                        "M0,1:zz",
                                        "X0,2:a",
                                        "p",
                                        "pffff",
                                        "P0=",
                                        "P0=00",
                                        "Pffff=00",
                                        "G0",
                                        "Z0",
                                        "Z0,",
                                        "Z0,x,1",
                                        "Z2,0,0",
                                        "vCont;rx",
                                        "vCont;z",
                                        "vCont;",
                                        "qXfer:features:read:other.xml:0,10",
                                        "qXfer:features:read:target.xml:x,10",
                                        "Cx",
                                        "qRcmd,0",
                                        "Qqemu.PhyMemMode:2"}))
    EXPECT_THAT(answer, StartsWith("E"));
}

TEST(GdbSession, Hello) {
  const auto answers = ask({"qSupported:multiprocess+;swbreak+;hwbreak+", "?", "qC", "qfThreadInfo",
                            "qsThreadInfo", "qAttached", "Hg0", "T1", "vCont?"});
  EXPECT_THAT(answers[0], HasSubstr("qXfer:features:read+"));
  EXPECT_THAT(answers[0], HasSubstr("ReverseStep+;ReverseContinue+"));
  EXPECT_THAT(answers[1], StartsWith("T02thread:1;"));
  EXPECT_EQ(answers[2], "QC1");
  EXPECT_EQ(answers[3], "m1");
  EXPECT_EQ(answers[4], "l");
  EXPECT_EQ(answers[5], "1");
  EXPECT_THAT(answers[8], StartsWith("vCont;c;"));
}

std::string command(const std::string& line) {
  return "qRcmd," + hex(line);
}

class OnEngine : public ::testing::TestWithParam<cpu::Engine> {};

TEST_P(OnEngine, BreakpointIsExact) {
  // The tenth register, eip's number is 8; memory at 500h is the loop's counter.
  const auto a = ask({"Z0,f0010,1", "vCont;c", "p8", "m500,2", "vCont;c", "m500,2", "z0,f0010,1",
                      "Z1,f001d,1", "vCont;c", "p8", "m500,2"},
                     GetParam());
  EXPECT_EQ(a[0], "OK");
  EXPECT_THAT(a[1], StartsWith("T05"));
  EXPECT_EQ(a[2], "10000f00");
  EXPECT_EQ(a[3], "0100");
  EXPECT_EQ(a[5], "0200");
  EXPECT_EQ(a[9], "1d000f00");
  EXPECT_EQ(a[10], "0200");
}

TEST_P(OnEngine, StepsOneByOne) {
  const auto a = ask({"p8", "s", "p8", "vCont;s", "p8", "vCont;s:1", "p8", "bs", "p8", "bs", "p8"},
                     GetParam());
  EXPECT_EQ(a[0], "f0ffffff");
  EXPECT_EQ(a[2], "00000f00");
  EXPECT_EQ(a[4], "02000f00");
  EXPECT_EQ(a[6], "04000f00");
  EXPECT_EQ(a[8], "02000f00");
  EXPECT_EQ(a[10], "00000f00");
}

TEST_P(OnEngine, WatchpointsAndBackwards) {
  const auto a =
      ask({"Z2,1004,2", "vCont;c", "m1004,2", "p8", "bc", "m1004,2", "p8", "bc"}, GetParam());
  EXPECT_THAT(a[1], HasSubstr("watch:1004;"));
  EXPECT_EQ(a[2], "0300");
  EXPECT_EQ(a[3], "11000f00");  // after the STOSW
  EXPECT_THAT(a[4], HasSubstr("watch:1004;"));
  EXPECT_EQ(a[5], "0000");
  EXPECT_EQ(a[6], "10000f00");  // before it
  EXPECT_THAT(a[7], HasSubstr("replaylog:begin"));
}

TEST_P(OnEngine, ReadWatchpoint) {
  const auto a =
      ask({"Z3,500,2", "vCont;c", "p8", "z3,500,2", "Z4,500,2", "vCont;c", "p8"}, GetParam());
  EXPECT_THAT(a[1], HasSubstr("rwatch:500;"));
  EXPECT_EQ(a[2], "0d000f00");  // INC has read it
  EXPECT_THAT(a[5], HasSubstr("awatch:500;"));
  EXPECT_EQ(a[6], "10000f00");
}

// The condition on the value holds backwards, too.
TEST_P(OnEngine, PostCodesForwardsAndBackwards) {
  // mov al,0; again: inc al; out 80h,al; jmp again
  const auto a = ask({command("post 0x12"), command("post 0x5"), "vCont;c", "p0", "vCont;c", "p0",
                      "bc", "p0", "bc", "p0", "bc"},
                     GetParam(), {0xb0, 0x00, 0xfe, 0xc0, 0xe6, 0x80, 0xeb, 0xfa});
  EXPECT_EQ(a[3].substr(0, 2), "05");
  EXPECT_EQ(a[5].substr(0, 2), "12");
  EXPECT_EQ(a[7].substr(0, 2), "12");
  EXPECT_EQ(a[9].substr(0, 2), "05");
  EXPECT_THAT(a[10], HasSubstr("replaylog:begin"));
}

// In 32-bit code with paging: `code` is at physical 2000h and linear 400000h, and there alone.
void in_paged_code(machine::Pc& pc, const std::vector<std::uint8_t>& code) {
  constexpr std::uint32_t kPresentWritable = 3;
  pc.write_memory(0x1000 + 4, 4, 0x3000 | kPresentWritable);  // 400000h to 7fffffh
  pc.write_memory(0x3000, 4, 0x2000 | kPresentWritable);
  pc.write_memory(0x2000, code);
  cpu::State& s = pc.cpu().mutable_state();
  s.cr3 = 0x1000;
  s.cr0 |= cpu::cr0::kPe | cpu::cr0::kPg;
  for (unsigned i = 0; i < 6; ++i) {
    s.segment[i].base = 0;
    s.segment[i].limit = 0xffffffff;
    s.segment[i].attributes = i == cpu::kCs ? 0x00cf9b00 : 0x00cf9300;
  }
  s.rip = 0x400000;
}

TEST_P(OnEngine, PhysicalBreakpoint) {
  const auto a = ask({command("pb 0xf0010"), "vCont;c", "p8", "vCont;c", "m500,2", "bc", "m500,2",
                      "p8", command("d 1"), command("pb 0xf0011"), "vCont;c", "p8"},
                     GetParam());
  EXPECT_EQ(a[1], "T05thread:1;");  // none of GDB's own
  EXPECT_EQ(a[2], "10000f00");
  EXPECT_EQ(a[4], "0200");
  EXPECT_EQ(a[6], "0100");
  EXPECT_EQ(a[7], "10000f00");
  EXPECT_EQ(a[11], "11000f00");
  // inc eax; inc eax; jmp back
  const auto b = ask({command("pb 0x2001"), "vCont;c", "p8", "p0", "vCont;c", "p0"}, GetParam(),
                     counting_code(), [](machine::Pc& pc) {
                       in_paged_code(pc, {0x40, 0x40, 0xeb, 0xfc});
                     });
  EXPECT_EQ(b[2], "01004000");
  EXPECT_EQ(b[3].substr(0, 2), "01");
  EXPECT_EQ(b[5].substr(0, 2), "03");
}

TEST_P(OnEngine, MagicBreakpoints) {
  // xchg cx,cx; xchg bx,bx; xchg ebx,ebx; inc ax; jmp back
  const std::vector<std::uint8_t> code = {0x87, 0xc9, 0x87, 0xdb, 0x66,
                                          0x87, 0xdb, 0x40, 0xeb, 0xf6};
  const auto a =
      ask({command("magic"), "vCont;c", "p8", "p0", "vCont;c", "p8", "p0", "bc", "p8", "p0", "bc"},
          GetParam(), code);
  EXPECT_EQ(a[1], "T05thread:1;");
  EXPECT_EQ(a[2], "02000f00");
  EXPECT_EQ(a[5], "02000f00");
  EXPECT_NE(a[3], a[6]);
  EXPECT_EQ(a[8], "02000f00");
  EXPECT_EQ(a[9], a[3]);
  EXPECT_THAT(a[10], HasSubstr("replaylog:begin"));
  const auto b = ask({command("magic cx"), "vCont;c", "p8", "vCont;c", "p8"}, GetParam(), code);
  EXPECT_EQ(b[2], "00000f00");
  EXPECT_EQ(b[4], "00000f00");
  // Of 32-bit code it is the one with the prefix.
  const auto c = ask({command("magic bx"), "vCont;c", "p8", "vCont;c", "p8"}, GetParam(), code,
                     [&](machine::Pc& pc) { in_paged_code(pc, code); });
  EXPECT_EQ(c[2], "04004000");
  EXPECT_EQ(c[4], "04004000");
}

TEST_P(OnEngine, WatchpointSeesDma) {
  // fw_cfg's DMA: its signature comes to 700h.
  const auto a =
      ask({"Z2,700,4", "vCont;c", "m700,4", "p8", "bc", "m700,4", "p8", "bc"}, GetParam(),
          {0x31, 0xc0, 0x8e, 0xd8,                                // xor ax,ax; mov ds,ax
           0xc7, 0x06, 0x00, 0x06, 0x00, 0x00,                    // what to do, big-endian:
           0xc7, 0x06, 0x02, 0x06, 0x00, 0x0a,                    // select item 0, read
           0xc7, 0x06, 0x04, 0x06, 0x00, 0x00,                    // 4 bytes
           0xc7, 0x06, 0x06, 0x06, 0x00, 0x04,                    //
           0xc7, 0x06, 0x08, 0x06, 0x00, 0x00,                    // to 700h
           0xc7, 0x06, 0x0a, 0x06, 0x00, 0x00,                    //
           0xc7, 0x06, 0x0c, 0x06, 0x00, 0x00,                    //
           0xc7, 0x06, 0x0e, 0x06, 0x07, 0x00,                    //
           0xba, 0x14, 0x05, 0x66, 0x31, 0xc0, 0x66, 0xef,        // out 514h,0
           0xba, 0x18, 0x05, 0x66, 0xb8, 0x00, 0x00, 0x06, 0x00,  // mov eax, 600h big-endian
           0x66, 0xef, 0xeb, 0xfe});                              // 45: out 518h,eax
  EXPECT_THAT(a[1], HasSubstr("watch:700;"));
  EXPECT_EQ(a[2], "51454d55");
  EXPECT_EQ(a[3], "47000f00");
  EXPECT_THAT(a[4], HasSubstr("watch:700;"));
  EXPECT_EQ(a[5], "00000000");
  EXPECT_EQ(a[6], "45000f00");
  EXPECT_THAT(a[7], HasSubstr("replaylog:begin"));
}

TEST_P(OnEngine, StopsBeforeAReset) {
  // Both engines' tests may run at once.
  const std::string file =
      fmt::format("{}before_reset_{}.bin", ::testing::TempDir(), static_cast<unsigned>(GetParam()));
  // xor ax,ax; mov ds,ax; inc word [502h]; mov dx,0cf9h; mov al,6; 0d: out dx,al; 0e: jmp $
  const auto a = ask({command("resetbp " + file),
                      "vCont;c",
                      "p8",
                      "m502,2",  // 0
                      "bs",
                      "p8",
                      command("goto end"),
                      "p8",
                      "vCont;s",
                      "p8",  // 4
                      "Z0,fffffff0,1",
                      "vCont;c",
                      "m502,2",
                      "vCont;c",
                      "p8",
                      "z0,fffffff0,1",  // 10
                      "bc",
                      "p8",
                      "m502,2",
                      "bc",
                      "p8",
                      "m502,2",
                      "bc"},  // 16
                     GetParam(),
                     {0x31, 0xc0, 0x8e, 0xd8, 0xff, 0x06, 0x02, 0x05, 0xba, 0xf9, 0x0c, 0xb0, 0x06,
                      0xee, 0xeb, 0xfe});
  EXPECT_EQ(a[1], "T05thread:1;");
  EXPECT_EQ(a[2], "0e000f00");
  EXPECT_EQ(a[3], "0100");
  EXPECT_EQ(a[5], "0d000f00");
  EXPECT_EQ(a[7], "0e000f00");
  EXPECT_EQ(a[9], "00000f00");  // reset, and its first instruction
  EXPECT_EQ(a[12], "0200");     // the second reset
  EXPECT_EQ(a[14], "f0ffffff");
  EXPECT_EQ(a[17], "0d000f00");
  EXPECT_EQ(a[18], "0200");
  EXPECT_EQ(a[20], "0d000f00");
  EXPECT_EQ(a[21], "0100");
  EXPECT_THAT(a[22], HasSubstr("replaylog:begin"));
  const auto memory = read_file(file, 16 << 20);
  ASSERT_TRUE(memory) << memory.error().message();
  ASSERT_EQ(memory->size(), 4u << 20);
  EXPECT_EQ((*memory)[0x502], 2);
  std::remove(file.c_str());
}

TEST_P(OnEngine, CtrlCStopsIt) {
  const auto a = ask({"vCont;c/", "p8", "?"}, GetParam());
  EXPECT_THAT(a[0], StartsWith("T02"));
  EXPECT_THAT(a[1], HasSubstr("0f00"));
}

INSTANTIATE_TEST_SUITE_P(Engines, OnEngine,
                         ::testing::Values(cpu::Engine::kInterpreter, cpu::Engine::kJitAtOnce));

TEST(GdbSession, MemoryAndRegistersAreWritten) {
  const auto a = ask({"s", "M600,3:010203", "m600,4",
                      "X604,3:}\x03"
                      "b",
                      "m604,3", "X604,2:abc", "P3=78563412", "p3", "P8=09000f00",
                      "Qqemu.PhyMemMode:1", "m600,3", "vCont;s", "p8"});
  EXPECT_EQ(a[1], "OK");
  EXPECT_EQ(a[2], "01020300");
  EXPECT_EQ(a[3], "OK");
  EXPECT_EQ(a[4], "7d0362");
  EXPECT_EQ(a[5], "E01");
  EXPECT_EQ(a[6], "OK");
  EXPECT_EQ(a[7], "78563412");
  EXPECT_EQ(a[8], "OK");
  EXPECT_EQ(a[9], "OK");
  EXPECT_EQ(a[10], "010203");
  EXPECT_EQ(a[12], "0d000f00");
}

TEST(GdbSession, DescriptionComesInPieces) {
  const auto a =
      ask({"qXfer:features:read:target.xml:0,20", "qXfer:features:read:target.xml:20,3fff",
           "qXfer:features:read:target.xml:ffffff,10", "qXfer:memory-map:read::0,1000", "g"});
  EXPECT_THAT(a[0], StartsWith("m<?xml"));
  EXPECT_EQ(a[0].size(), 0x21u);
  EXPECT_THAT(a[1], HasSubstr("i8086"));
  EXPECT_EQ(a[2], "l");
  EXPECT_THAT(a[3], HasSubstr("<memory-map>"));
  std::size_t bytes = 0;
  const RegisterMap map(Architecture::kI8086);
  for (std::size_t i = 0; i < map.count(); ++i) bytes += map.size(i);
  EXPECT_EQ(a[4].size(), bytes * 2);
}

TEST(GdbSession, MonitorCommands) {
  const auto a = ask({command("u /1"), command("nonsense"), command("c"), command("pc offset"),
                      "p8", command("port 0x40"), "vCont;c", "p8", command("goto start"), "p8"});
  const auto text = [](const std::string& answer) {
    return unhex(answer.substr(1, answer.size() - 3)).value_or("");
  };
  EXPECT_THAT(text(a[0]), HasSubstr("jmp"));
  EXPECT_THAT(text(a[1]), HasSubstr("no command"));
  EXPECT_THAT(text(a[2]), HasSubstr("GDB's to do"));
  EXPECT_EQ(a[4], "f0ff0000");
  EXPECT_THAT(a[6], StartsWith("T05"));
  EXPECT_EQ(a[7], "1b000000");
  EXPECT_EQ(a[9], "f0ff0000");
}

}  // namespace
}  // namespace ice86::debugger::gdb
