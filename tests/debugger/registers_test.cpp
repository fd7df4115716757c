// SPDX-License-Identifier: LGPL-2.1-or-later
// The target descriptions, and registers read and written through them.
#include "emulator/debugger/gdb/registers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ice86::debugger::gdb {
namespace {

using ::testing::HasSubstr;

cpu::State real_mode() {
  cpu::State s;
  s.segment[cpu::kCs].selector = 0xf000;
  s.segment[cpu::kCs].base = 0xffff0000;
  s.rip = 0xfff0;
  for (unsigned i = 0; i < 16; ++i) s.gpr[i] = 0x1111'1111'1111'1111u * i;
  return s;
}

std::string bytes(std::uint64_t value, unsigned size) {
  return {reinterpret_cast<const char*>(&value), size};
}

class Registers : public ::testing::TestWithParam<Architecture> {};

TEST_P(Registers, DescriptionHasEachOnce) {
  const RegisterMap map(GetParam());
  std::size_t listed = 0;
  for (std::size_t at = 0; (at = map.description().find("<reg name=", at)) != std::string::npos;
       ++at)
    ++listed;
  EXPECT_EQ(listed, map.count());
  for (const char* name : {"eflags", "cs", "st7", "fop", "xmm7", "mxcsr", "cs_base", "cr0", "efer"})
    EXPECT_TRUE(map.find(name)) << name;
  EXPECT_THAT(map.description(), HasSubstr("</feature>\n</target>"));
}

// What is read and written back changes nothing; what is not its register's size is refused.
TEST_P(Registers, RoundTrip) {
  const RegisterMap map(GetParam());
  const cpu::State before = real_mode();
  for (std::size_t i = 0; i < map.count(); ++i) {
    cpu::State after = before;
    const std::string value = map.read(before, i, PcPolicy::kLinear);
    ASSERT_EQ(value.size(), map.size(i));
    EXPECT_TRUE(map.write(after, i, value, PcPolicy::kLinear)) << i;
    EXPECT_EQ(map.read(after, i, PcPolicy::kLinear), value) << i;
    EXPECT_FALSE(map.write(after, i, value + "x", PcPolicy::kLinear)) << i;
  }
  EXPECT_TRUE(map.read(before, map.count(), PcPolicy::kLinear).empty());
}

INSTANTIATE_TEST_SUITE_P(All, Registers,
                         ::testing::Values(Architecture::kI8086, Architecture::kI386,
                                           Architecture::kAmd64));

TEST(RegistersOfRealMode, PcIsLinearOrTheOffset) {
  const RegisterMap map(Architecture::kI8086);
  cpu::State s = real_mode();
  const std::size_t pc = *map.find("eip");
  EXPECT_EQ(map.read(s, pc, PcPolicy::kLinear), bytes(0xfffffff0, 4));
  EXPECT_EQ(map.read(s, pc, PcPolicy::kOffset), bytes(0xfff0, 4));
  EXPECT_EQ(map.read(s, *map.find("ip"), PcPolicy::kLinear), bytes(0xfff0, 4));
  EXPECT_TRUE(map.write(s, pc, bytes(0xffff1234, 4), PcPolicy::kLinear));
  EXPECT_EQ(s.rip, 0x1234u);
  EXPECT_TRUE(map.write(s, *map.find("ds"), bytes(0x1234, 4), PcPolicy::kLinear));
  EXPECT_EQ(s.segment[cpu::kDs].base, 0x12340u);
}

TEST(RegistersOfRealMode, NumbersAreThoseOfGdb) {
  const RegisterMap narrow(Architecture::kI386), wide(Architecture::kAmd64);
  EXPECT_EQ(narrow.find("eax"), 0u);
  EXPECT_EQ(narrow.find("eip"), 8u);
  EXPECT_EQ(narrow.find("cs"), 10u);
  EXPECT_EQ(narrow.find("st0"), 16u);
  EXPECT_EQ(narrow.find("xmm0"), 32u);
  EXPECT_EQ(wide.find("rax"), 0u);
  EXPECT_EQ(wide.find("rip"), 16u);
  EXPECT_EQ(wide.find("cs"), 18u);
  EXPECT_EQ(wide.find("st0"), 24u);
  EXPECT_EQ(wide.find("xmm0"), 40u);
}

}  // namespace
}  // namespace ice86::debugger::gdb
