// SPDX-License-Identifier: LGPL-2.1-or-later
// Framing of GDB's remote protocol: what is sent is what is read, and damage is seen.
#include "emulator/debugger/gdb/packet.h"

#include <gtest/gtest.h>

namespace ice86::debugger::gdb {
namespace {

using Kind = PacketReader::Event::Kind;

TEST(Packet, HasItsChecksum) {
  EXPECT_EQ(packet(""), "$#00");
  EXPECT_EQ(packet("OK"), "$OK#9a");
  EXPECT_EQ(packet("a}b"), "$a}]b#9d");  // 61+7d+5d+62 = 19d
}

TEST(Packet, EveryByteComesBack) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  PacketReader reader;
  reader.add(packet(all));
  const auto event = reader.next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, Kind::kPacket);
  EXPECT_EQ(event->text, all);
  EXPECT_FALSE(reader.next());
}

TEST(Packet, ArrivesInPieces) {
  PacketReader reader;
  for (const char c : std::string("+$m0,4#fd")) {
    EXPECT_FALSE(reader.next());
    reader.add(std::string_view(&c, 1));
  }
  const auto event = reader.next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->text, "m0,4");
}

TEST(Packet, DamageIsSeen) {
  for (const char* bytes : {"$OK#9b", "$OK#zz", "$OL#9a"}) {
    PacketReader reader;
    reader.add(bytes);
    const auto event = reader.next();
    ASSERT_TRUE(event) << bytes;
    EXPECT_EQ(event->kind, Kind::kDamaged) << bytes;
  }
  PacketReader reader;
  reader.add("$" + std::string(kPacketSize + 1, 'a') + "#00");
  EXPECT_EQ(reader.next()->kind, Kind::kDamaged);
}

TEST(Packet, InterruptBetweenPackets) {
  PacketReader reader;
  reader.add("\x03$g#67-");
  EXPECT_EQ(reader.next()->kind, Kind::kInterrupt);
  EXPECT_EQ(reader.next()->text, "g");
  EXPECT_EQ(reader.next()->kind, Kind::kRefused);
}

TEST(Packet, Numbers) {
  std::string_view text = "fFff,10";
  EXPECT_EQ(take_number(text), 0xffffu);
  EXPECT_TRUE(take(text, ','));
  EXPECT_EQ(take_number(text), 0x10u);
  EXPECT_FALSE(take_number(text));
  text = "12345678123456781";
  EXPECT_FALSE(take_number(text));
  EXPECT_EQ(unhex("00ff7F"), std::string("\x00\xff\x7f", 3));
  EXPECT_FALSE(unhex("0"));
  EXPECT_FALSE(unhex("0g"));
}

}  // namespace
}  // namespace ice86::debugger::gdb
