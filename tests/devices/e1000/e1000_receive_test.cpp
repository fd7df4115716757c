// SPDX-License-Identifier: LGPL-2.1-or-later
// 82540EM reception: descriptors, buffer sizes, filters, checksum offload, full rings, hostile
// ones.
#include "tests/devices/e1000/e1000_bench.h"

namespace ice86 {
namespace {

using namespace e1000_test;

constexpr devices::MacAddress kOther = {0x52, 0x54, 0x00, 0x11, 0x22, 0x33};
constexpr devices::MacAddress kGroup = {0x01, 0x00, 0x5E, 0x00, 0x00, 0xFB};

// How many frames software has by now.
unsigned received(Bench& b) {
  return b.in(e::kRdh);
}

TEST(E1000Receive, AFrameFillsADescriptor) {
  Bench b;
  b.start();
  const Bytes frame = frame_to(kMac, 123);
  b.station.transmit(frame);
  ASSERT_EQ(received(b), 1U);
  const Bench::Rx rx = b.rx(0);
  EXPECT_EQ(rx.bytes, frame);
  EXPECT_EQ(rx.status, e::rxd::kDd | e::rxd::kEop | e::rxd::kIxsm);
  EXPECT_EQ(rx.errors, 0);
  EXPECT_EQ(b.in(e::kIcr), e::cause::kRxt0);
}

TEST(E1000Receive, CheckSequenceIsKeptUnlessStripped) {
  Bench b;
  b.start();
  b.out(e::kRctl, b.in(e::kRctl) & ~e::rctl::kSecrc);
  const Bytes frame = frame_to(kMac, 60);
  b.station.transmit(frame);
  const Bench::Rx rx = b.rx(0);
  ASSERT_EQ(rx.length, 64);
  std::uint32_t crc = 0xFFFFFFFF;  // over frame and check sequence: the known residue
  for (const std::uint8_t byte : rx.bytes) {
    for (unsigned k = 0; k < 8; ++k) {
      const bool one = ((crc ^ byte >> k) & 1) != 0;
      crc = crc >> 1 ^ (one ? 0xEDB88320U : 0);
    }
  }
  EXPECT_EQ(crc, 0xDEBB20E3U);
}

TEST(E1000Receive, ShortFramesArriveAtTheLeastLength) {
  Bench b;
  b.start();
  b.station.transmit(frame_to(kMac, 42));
  EXPECT_EQ(b.rx(0).length, 60);
  b.station.transmit(Bytes(13, 0xFF));
  EXPECT_EQ(received(b), 1U);
}

TEST(E1000Receive, LongFramesSpanDescriptors) {
  for (const auto& [bits, size] : std::vector<std::pair<std::uint32_t, std::uint32_t>>{
           {1U << 16, 1024}, {2U << 16, 512}, {3U << 16, 256}}) {
    Bench b;
    b.start(16, bits);
    const Bytes frame = frame_to(kMac, 1514);
    b.station.transmit(frame);
    const unsigned needed = (1514 + size - 1) / size;
    ASSERT_EQ(received(b), needed);
    Bytes joined;
    for (unsigned i = 0; i < needed; ++i) {
      const Bench::Rx rx = b.rx(i);
      EXPECT_EQ(rx.status & e::rxd::kEop, i + 1 == needed ? e::rxd::kEop : 0);
      EXPECT_EQ(rx.length, i + 1 == needed ? 1514 - size * i : size);
      joined.insert(joined.end(), rx.bytes.begin(), rx.bytes.end());
    }
    EXPECT_EQ(joined, frame);
  }
}

TEST(E1000Receive, BufferSizeExtensionAndJumboFrames) {
  Bench b;
  b.start(8, e::rctl::kBsex | 2U << 16 | e::rctl::kLpe, 8192);
  const Bytes frame = frame_to(kMac, 9000);
  b.station.transmit(frame);
  ASSERT_EQ(received(b), 2U);
  EXPECT_EQ(b.rx(0).length, 8192);
  EXPECT_EQ(b.rx(1).length, 9000 - 8192);
  b.station.transmit(frame_to(kMac, 1519));
  EXPECT_EQ(received(b), 3U);
  b.out(e::kRctl, b.in(e::kRctl) & ~e::rctl::kLpe);
  b.station.transmit(frame_to(kMac, 1519));
  EXPECT_EQ(received(b), 3U) << "too long without LPE";
  EXPECT_EQ(b.in(e::kRoc), 1U);
  b.station.transmit(frame_to(kMac, 1518));
  EXPECT_EQ(received(b), 4U);
}

TEST(E1000Receive, OnlyWhenEnabledAndConnected) {
  Bench b;
  b.start();
  b.out(e::kRctl, e::rctl::kBam);
  b.station.transmit(frame_to(kMac, 60));
  b.out(e::kRctl, e::rctl::kBam | e::rctl::kEn);
  EXPECT_EQ(received(b), 0U);
  b.station.power(false);
  b.station.transmit(frame_to(kMac, 60));
  EXPECT_EQ(received(b), 0U);
  b.station.power(true);
  b.wait_for_link();
  b.station.transmit(frame_to(kMac, 60));
  EXPECT_EQ(received(b), 1U);
}

TEST(E1000Receive, ExactFilters) {
  Bench b;
  b.start();
  b.station.transmit(frame_to(kOther, 60));
  EXPECT_EQ(received(b), 0U);
  b.out(e::kRal0 + 15 * 8, 0x11005452);
  b.out(e::kRah0 + 15 * 8, 0x3322);
  b.station.transmit(frame_to(kOther, 60));
  EXPECT_EQ(received(b), 0U) << "not valid";
  b.out(e::kRah0 + 15 * 8, 0x3322 | e::kAddressValid);
  b.station.transmit(frame_to(kOther, 60));
  EXPECT_EQ(received(b), 1U);
  EXPECT_EQ(b.rx(0).status & e::rxd::kPif, 0);
  // The bench's station is 52:55:0A:00:02:02: as a source.
  b.out(e::kRal0 + 8, 0x000A5552);
  b.out(e::kRah0 + 8, 0x0202 | 1U << 16 | e::kAddressValid);
  b.station.transmit(frame_to({2, 2, 2, 2, 2, 2}, 60));
  EXPECT_EQ(received(b), 2U);
}

TEST(E1000Receive, PromiscuousModes) {
  Bench b;
  b.start();
  b.out(e::kRctl, e::rctl::kEn);
  const auto send_all = [&] {
    const unsigned before = received(b);
    std::string got;
    unsigned at = before;
    const auto one = [&](const devices::MacAddress& to, char name) {
      b.station.transmit(frame_to(to, 60));
      if (received(b) != at) got += name;
      at = received(b);
    };
    one(kMac, 'm');
    one(kOther, 'o');
    one(kGroup, 'g');
    one(kBroadcast, 'b');
    b.out(e::kRdh, 0);
    return got;
  };
  EXPECT_EQ(send_all(), "m");
  b.out(e::kRctl, e::rctl::kEn | e::rctl::kUpe);
  EXPECT_EQ(send_all(), "mo");
  b.out(e::kRctl, e::rctl::kEn | e::rctl::kBam);
  EXPECT_EQ(send_all(), "mb");
  b.out(e::kRctl, e::rctl::kEn | e::rctl::kMpe);
  EXPECT_EQ(send_all(), "mgb");
  b.out(e::kRctl, e::rctl::kEn | e::rctl::kMpe | e::rctl::kUpe);
  EXPECT_EQ(send_all(), "mogb");
}

TEST(E1000Receive, MulticastTableByEveryOffset) {
  // 01:00:5E:00:00:FB: the upper twelve bits of FB00h and their shifts (section 13.5.1).
  static constexpr unsigned kHash[] = {0xFB0, 0x7D80 >> 3 & 0xFFF, 0xFB00 >> 2 & 0xFFF, 0xB00};
  for (unsigned offset = 0; offset < 4; ++offset) {
    Bench b;
    b.start(16, offset << 12);
    const unsigned hash = offset == 1 ? (0xFB00U >> 3) & 0xFFF : kHash[offset];
    b.station.transmit(frame_to(kGroup, 60));
    EXPECT_EQ(received(b), 0U);
    for (unsigned i = 0; i < 128; ++i) {
      b.out(e::kMta + i * 4, i == hash / 32 ? ~(1U << hash % 32) : 0xFFFFFFFF);
    }
    b.station.transmit(frame_to(kGroup, 60));
    EXPECT_EQ(received(b), 0U) << "every other bit is set, MO " << offset;
    b.out(e::kMta + hash / 32 * 4, 1U << hash % 32);
    b.station.transmit(frame_to(kGroup, 60));
    ASSERT_EQ(received(b), 1U) << "MO " << offset;
    EXPECT_EQ(b.rx(0).status & e::rxd::kPif, e::rxd::kPif) << "software has to look again";
  }
}

Bytes tagged(std::uint16_t tag, std::size_t size = 100) {
  Bytes frame = frame_to(kMac, size);
  const Bytes four = {0x81, 0x00, static_cast<std::uint8_t>(tag >> 8),
                      static_cast<std::uint8_t>(tag)};
  frame.insert(frame.begin() + 12, four.begin(), four.end());
  return frame;
}

TEST(E1000Receive, VlanFilterAndStripping) {
  Bench b;
  b.start(16, e::rctl::kVfe);
  b.station.transmit(tagged(0x2064));
  EXPECT_EQ(received(b), 0U);
  b.out(e::kVfta + 0x64 / 32 * 4, 1U << (0x64 % 32));
  b.station.transmit(tagged(0x2064));
  ASSERT_EQ(received(b), 1U);
  EXPECT_EQ(b.rx(0).bytes, tagged(0x2064)) << "VME is off: the tag stays";
  EXPECT_EQ(b.rx(0).status & e::rxd::kVp, 0);
  b.out(e::kCtrl, b.in(e::kCtrl) | e::ctrl::kVme);
  b.station.transmit(tagged(0x2064));
  ASSERT_EQ(received(b), 2U);
  EXPECT_EQ(b.rx(1).bytes, frame_to(kMac, 100));
  EXPECT_EQ(b.rx(1).special, 0x2064);
  EXPECT_EQ(b.rx(1).status & e::rxd::kVp, e::rxd::kVp);
  b.out(e::kRctl, b.in(e::kRctl) | e::rctl::kCfien);
  b.station.transmit(tagged(0x3064));
  EXPECT_EQ(received(b), 2U) << "CFI differs";
  b.station.transmit(frame_to(kMac, 100));
  EXPECT_EQ(received(b), 3U) << "untagged frames pass";
  b.out(e::kVet, 0x9100);
  b.station.transmit(tagged(0x2065));
  EXPECT_EQ(received(b), 4U) << "another type is no tag";
}

// --- checksum offload ---

void put16(Bytes& bytes, std::size_t at, unsigned value) {
  bytes.at(at) = static_cast<std::uint8_t>(value >> 8);
  bytes.at(at + 1) = static_cast<std::uint8_t>(value);
}
unsigned sum_of(const Bytes& bytes, std::size_t from, std::size_t to, unsigned start = 0) {
  unsigned sum = start;
  for (std::size_t i = from; i < to; ++i) {
    sum += (i - from) % 2 == 0 ? static_cast<unsigned>(bytes.at(i)) << 8 : bytes.at(i);
    if (sum > 0xFFFF) sum -= 0xFFFF;
  }
  return sum;
}
Bytes good_packet(std::uint8_t protocol, std::size_t payload) {
  const std::size_t l4 = protocol == 6 ? 20 : 8;
  Bytes frame = frame_to(kMac, 34 + l4 + payload);
  put16(frame, 12, 0x0800);
  frame[14] = 0x45;
  put16(frame, 16, static_cast<unsigned>(20 + l4 + payload));
  put16(frame, 20, 0);
  frame[23] = protocol;
  put16(frame, 24, 0);
  put16(frame, 24, 0xFFFF - sum_of(frame, 14, 34));
  const std::size_t at = protocol == 6 ? 50 : 40;
  put16(frame, at, 0);
  const unsigned pseudo = sum_of(frame, 26, 34) + protocol + static_cast<unsigned>(l4 + payload);
  put16(frame, at,
        0xFFFF - sum_of(frame, 34, frame.size(), pseudo > 0xFFFF ? pseudo - 0xFFFF : pseudo));
  return frame;
}

TEST(E1000Receive, ChecksumOffload) {
  Bench b;
  b.start(64);
  b.out(e::kRxcsum, e::rxcsum::kIpofl | e::rxcsum::kTuofl);
  constexpr std::uint8_t kDone = e::rxd::kDd | e::rxd::kEop;
  constexpr std::uint8_t kIp = kDone | e::rxd::kIpcs, kBoth = kIp | e::rxd::kTcpcs;
  unsigned next = 0;
  const auto check = [&](const Bytes& frame, std::uint8_t status, std::uint8_t errors) {
    b.station.transmit(frame);
    const Bench::Rx rx = b.rx(next++);
    EXPECT_EQ(rx.status, status) << "frame " << next;
    EXPECT_EQ(rx.errors, errors) << "frame " << next;
  };
  for (const std::uint8_t protocol : {6, 17}) {
    for (std::size_t payload : {0U, 1U, 7U, 100U, 1001U}) {
      check(good_packet(protocol, payload), kBoth, 0);
    }
    Bytes bad = good_packet(protocol, 100);
    bad[60] ^= 0x40;
    check(bad, kBoth, e::rxd::kTcpe);
    bad = good_packet(protocol, 100);
    bad[22] ^= 1;  // time to live: not in the pseudo header
    check(bad, kBoth, e::rxd::kIpe);
    Bytes fragment = good_packet(protocol, 100);
    put16(fragment, 20, 0x2000);
    put16(fragment, 24, 0);
    put16(fragment, 24, 0xFFFF - sum_of(fragment, 14, 34));
    check(fragment, kIp, 0);
  }
  Bytes none = good_packet(17, 100);
  put16(none, 40, 0);
  check(none, kIp, 0);
  check(frame_to(kMac, 100), kDone, 0);
  Bytes cut = good_packet(6, 100);
  cut.resize(60);
  check(cut, kDone, 0);
  Bytes odd = good_packet(6, 100);
  odd[14] = 0x4F;  // a header longer than the packet's total length allows is not checked
  put16(odd, 16, 59);
  check(odd, kDone, 0);
  b.out(e::kRxcsum, e::rxcsum::kIpofl);
  check(good_packet(6, 100), kIp, 0);
  b.out(e::kRxcsum, 0);
  check(good_packet(6, 100), kDone | e::rxd::kIxsm, 0);
}

TEST(E1000Receive, PacketChecksumFromPcss) {
  Bench b;
  b.start();
  b.out(e::kRxcsum, 14);
  const Bytes frame = frame_to(kMac, 101);
  b.station.transmit(frame);
  const std::uint16_t stored = b.rx(0).checksum;
  EXPECT_EQ(static_cast<unsigned>(stored & 0xFF) << 8 | stored >> 8, sum_of(frame, 14, 101));
}

// --- full rings ---

TEST(E1000Receive, FramesWaitForDescriptorsInThePacketBuffer) {
  Bench b;
  b.start(8);
  for (unsigned i = 0; i < 10; ++i) {
    b.station.transmit(frame_to(kMac, 200, static_cast<std::uint8_t>(i)));
  }
  EXPECT_EQ(received(b), 7U) << "head has reached the tail";
  EXPECT_EQ(b.in(e::kRnbc), 1U);
  EXPECT_EQ(b.in(e::kMpc), 0U);
  EXPECT_TRUE(b.station.card_has_room());
  b.in(e::kIcr);
  b.out(e::kRdt, 1);
  EXPECT_EQ(received(b), 1U);
  EXPECT_EQ(b.rx(7).bytes, frame_to(kMac, 200, 7));
  EXPECT_EQ(b.rx(0).bytes, frame_to(kMac, 200, 8));
  EXPECT_EQ(b.in(e::kIcr)&e::cause::kRxt0, e::cause::kRxt0);
  b.out(e::kRdt, 2);
  EXPECT_EQ(b.rx(1).bytes, frame_to(kMac, 200, 9));
}

TEST(E1000Receive, AFullPacketBufferHoldsThePoliteBackAndDropsTheRest) {
  Bench b;
  b.start(8);
  unsigned sent = 0;
  while (b.station.card_has_room()) {
    b.station.transmit(frame_to(kMac, 1514));
    ASSERT_LT(++sent, 100U);
  }
  EXPECT_EQ(b.in(e::kMpc), 0U);
  EXPECT_GE(sent, 7U + (48 * 1024 - 16384) / 1514);
  for (unsigned i = 0; i < 30; ++i) b.station.transmit(frame_to(kMac, 1514));
  EXPECT_GT(b.in(e::kMpc), 0U);
  EXPECT_NE(b.in(e::kIcr)&e::cause::kRxo, 0U);
  const unsigned before = b.station.readies;
  for (unsigned i = 0; i < 8; ++i) b.out(e::kRdt, (7 + (i + 1) * 7) % 8);
  EXPECT_GT(b.station.readies, before);
  EXPECT_TRUE(b.station.card_has_room());
}

TEST(E1000Receive, AFrameWiderThanTheRingGoesOnWhenDescriptorsCome) {
  Bench b;
  b.start(8, 3U << 16, 256);
  b.out(e::kRdt, 2);
  b.station.transmit(frame_to(kMac, 1514));
  EXPECT_EQ(received(b), 2U);
  EXPECT_EQ(b.in(e::kIcr)&e::cause::kRxt0, 0U);
  b.out(e::kRdt, 5);
  EXPECT_EQ(received(b), 5U);
  b.out(e::kRdt, 7);
  EXPECT_EQ(received(b), 6U);
  EXPECT_EQ(b.rx(5).length, 1514 - 5 * 256);
  EXPECT_EQ(b.rx(5).status & e::rxd::kEop, e::rxd::kEop);
  EXPECT_EQ(b.in(e::kIcr)&e::cause::kRxt0, e::cause::kRxt0);
}

TEST(E1000Receive, MinimumThresholdIsTold) {
  for (unsigned code = 0; code < 3; ++code) {
    Bench b;
    b.start(64, code << 8);
    const unsigned threshold = 64U >> (1 + code);
    for (unsigned i = 63; i > threshold + 1; --i) b.station.transmit(frame_to(kMac, 60));
    EXPECT_EQ(b.in(e::kIcr)&e::cause::kRxdmt0, 0U) << threshold;
    b.station.transmit(frame_to(kMac, 60));
    EXPECT_EQ(b.in(e::kIcr)&e::cause::kRxdmt0, e::cause::kRxdmt0) << threshold;
    b.station.transmit(frame_to(kMac, 60));
    EXPECT_EQ(b.in(e::kIcr)&e::cause::kRxdmt0, 0U) << "once for each crossing";
  }
}

TEST(E1000Receive, Statistics) {
  Bench b;
  b.start(32, e::rctl::kMpe);
  b.station.transmit(frame_to(kMac, 60));
  b.station.transmit(frame_to(kBroadcast, 123));
  b.station.transmit(frame_to(kGroup, 124));
  b.station.transmit(frame_to(kOther, 1514));  // filtered
  EXPECT_EQ(b.in(e::kGprc), 3U);
  EXPECT_EQ(b.in(e::kTpr), 4U);
  EXPECT_EQ(b.in(e::kBprc), 1U);
  EXPECT_EQ(b.in(e::kMprc), 1U);
  EXPECT_EQ(b.in(e::kPrc64), 1U);
  EXPECT_EQ(b.in(e::kPrc64 + 4), 1U);
  EXPECT_EQ(b.in(e::kPrc64 + 8), 1U);
  EXPECT_EQ(b.in(e::kGorcl), 64U + 127 + 128);
  EXPECT_EQ(b.in(e::kTorl), 64U + 127 + 128 + 1518);
  EXPECT_EQ(b.in(e::kTorh), 0U);
  EXPECT_EQ(b.in(e::kTorl), 0U);
  EXPECT_EQ(b.in(e::kTpr), 0U);
}

// --- hostile rings ---

TEST(E1000Receive, RingsWithoutSense) {
  Bench b;
  b.start();
  b.out(e::kRdlen, 0);
  b.station.transmit(frame_to(kMac, 60));
  b.out(e::kRdlen, 128);
  b.out(e::kRdh, 100);
  b.station.transmit(frame_to(kMac, 60));
  EXPECT_EQ(b.in(e::kRdh), 100U);
  EXPECT_EQ(b.in(e::kRnbc), 1U) << "the first frame is still the one that waits";
  b.out(e::kRdh, 0);
  b.out(e::kRdt, 0xFFFF);
  EXPECT_EQ(b.in(e::kRdh), 2U) << "a tail outside: every descriptor is ready";
}

TEST(E1000Receive, DescriptorsAndBuffersNowhereAndInTheCardItself) {
  Bench b;
  b.start();
  b.out(e::kRdbah, 0xFFFFFFFF);
  b.station.transmit(frame_to(kMac, 1514));
  EXPECT_EQ(b.in(e::kRdh), 1U);
  b.card->config_write(0x10, 4, 0xFEB80000);
  MemorySpace::Region region;
  region.name = "e1000";
  region.base = 0xFEB80000;
  region.size = e::kMmioSize;
  region.registers = &b.mmio();
  ASSERT_TRUE(b.space.add(std::move(region)).has_value());
  b.out(e::kRdbah, 0);
  b.out(e::kRdbal, 0xFEB80000);
  b.station.transmit(frame_to(kMac, 1514));
  b.out(e::kRdbal, static_cast<std::uint32_t>(Bench::kRxRing));
  b.descriptor(Bench::kRxRing + 2 * 16, 0xFEB82000, 0);
  b.station.transmit(frame_to(kMac, 1514));
  EXPECT_EQ(b.in(e::kRdh), 3U);
  EXPECT_EQ(b.in(e::kRdlen), 256U) << "bytes written to registers change none";
}

TEST(E1000Receive, SnapshotWithFramesInThePacketBuffer) {
  Bench b;
  b.start(8);
  for (unsigned i = 0; i < 12; ++i) {
    b.station.transmit(frame_to(kMac, 300, static_cast<std::uint8_t>(i)));
  }
  Archive saved = Archive::writer();
  b.card->serialize(saved);
  b.card->reset(ResetKind::kPowerOn);
  Archive loaded = Archive::reader(saved.bytes());
  b.card->serialize(loaded);
  ASSERT_TRUE(loaded.finish().has_value());
  b.out(e::kRdt, 6);
  for (unsigned i = 8; i < 12; ++i) {
    EXPECT_EQ(b.rx(i % 8).bytes, frame_to(kMac, 300, static_cast<std::uint8_t>(i)));
  }
}

}  // namespace
}  // namespace ice86
