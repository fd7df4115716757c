// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/symbol_map.h"

#include <gtest/gtest.h>

namespace ice86::machine {
namespace {

TEST(SymbolMap, NamesWhatIsBehindASymbol) {
  const auto map = SymbolMap::parse(
      "rombios.elf:\n"
      "         U outside\n"
      "00001000 A constant\n"
      "000f0050 T first\r\n"
      "000f0080 t second\n"
      "F000:e3fe int13_handler\n"
      "0xfffffff0 T reset\n");
  ASSERT_TRUE(map) << map.error().message();
  EXPECT_EQ(map->at(0x1000), "");
  EXPECT_EQ(map->at(0xf004f), "");
  EXPECT_EQ(map->at(0xf0050), "first");
  EXPECT_EQ(map->at(0xf007f), "first+0x2f");
  EXPECT_EQ(map->at(0xf0080), "second");
  EXPECT_EQ(map->at(0xfe400), "int13_handler+0x2");
  EXPECT_EQ(map->at(0x100000000), "reset+0x10");
  EXPECT_EQ(map->at(0x200000), "");  // too far behind any
}

TEST(SymbolMap, WhatIsNoMapIsRefused) {
  for (const char* text : {"", "\n\n", "no map at all\n", "xyz T name\n", "12345:0 name\n"})
    EXPECT_FALSE(SymbolMap::parse(text)) << text;
}

}  // namespace
}  // namespace ice86::machine
