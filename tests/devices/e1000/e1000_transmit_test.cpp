// SPDX-License-Identifier: LGPL-2.1-or-later
// 82540EM transmission: descriptors, checksums, segmentation, VLAN tags, hostile rings. What the
// card computes is compared with sums made here, from the protocols' definitions.
#include "tests/devices/e1000/e1000_bench.h"

namespace ice86 {
namespace {

using namespace e1000_test;
using testing::SizeIs;

constexpr std::uint32_t kEnd = e::txd::kEop | e::txd::kIfcs | e::txd::kRs;
constexpr std::uint32_t kData = e::txd::kDext | 1U << 20;

unsigned be16(const Bytes& bytes, std::size_t at) {
  return static_cast<unsigned>(bytes.at(at)) << 8 | bytes.at(at + 1);
}
std::uint32_t be32(const Bytes& bytes, std::size_t at) {
  return be16(bytes, at) << 16 | be16(bytes, at + 2);
}
void put16(Bytes& bytes, std::size_t at, unsigned value) {
  bytes.at(at) = static_cast<std::uint8_t>(value >> 8);
  bytes.at(at + 1) = static_cast<std::uint8_t>(value);
}
// One byte at a time, carries folded at once: slow, and unlike the card's.
unsigned reference_sum(const Bytes& bytes, std::size_t from, std::size_t to, unsigned start = 0) {
  unsigned sum = start;
  for (std::size_t i = from; i < to; ++i) {
    sum += (i - from) % 2 == 0 ? static_cast<unsigned>(bytes.at(i)) << 8 : bytes.at(i);
    if (sum > 0xFFFF) sum -= 0xFFFF;
  }
  return sum;
}
// Zero when the checksum in the segment is right.
unsigned l4_error(const Bytes& frame, bool ipv6 = false) {
  const std::size_t l4 = ipv6 ? 54 : 34;
  unsigned sum = reference_sum(frame, ipv6 ? 22 : 26, l4);
  sum = reference_sum(frame, l4, frame.size(), sum);
  sum += static_cast<unsigned>(frame.size() - l4) + (ipv6 ? frame[20] : frame[23]);
  while (sum > 0xFFFF) sum -= 0xFFFF;
  return 0xFFFF - sum;
}
unsigned ip_error(const Bytes& frame) {
  return 0xFFFF - reference_sum(frame, 14, 34);
}

// Ethernet, IPv4 without options, and TCP or UDP; checksum fields as a driver leaves them.
Bytes ipv4_packet(std::uint8_t protocol, std::size_t payload) {
  const std::size_t l4 = protocol == 6 ? 20 : 8;
  Bytes frame = frame_to({0x52, 0x55, 0x0A, 0x00, 0x02, 0x02}, 34 + l4 + payload, 9);
  put16(frame, 12, 0x0800);
  frame[14] = 0x45;
  frame[15] = 0;
  put16(frame, 16, static_cast<unsigned>(20 + l4 + payload));
  put16(frame, 18, 0x1234);
  put16(frame, 20, 0x4000);
  frame[22] = 64;
  frame[23] = protocol;
  put16(frame, 24, 0);
  const Bytes addresses = {10, 0, 2, 15, 10, 0, 2, 2};
  std::copy(addresses.begin(), addresses.end(), frame.begin() + 26);
  if (protocol == 6) {
    frame[46] = 0x50;
    frame[47] = 0x19;  // ACK, PSH, FIN
    put16(frame, 50, 0);
  } else {
    put16(frame, 38, static_cast<unsigned>(8 + payload));
    put16(frame, 40, 0);
  }
  return frame;
}
// The pseudo header's sum; with segmentation software leaves its length out.
unsigned pseudo_sum(const Bytes& frame, unsigned length) {
  unsigned sum = reference_sum(frame, 26, 34) + frame[23] + length;
  while (sum > 0xFFFF) sum -= 0xFFFF;
  return sum;
}
void queue_context(Bench& b, std::uint8_t ipcss, std::uint8_t tucss, std::uint8_t tucso,
                   std::uint32_t command, std::uint32_t high = 0, std::uint16_t ipcse = 0) {
  b.queue(ipcss | std::uint64_t{ipcss + 10U} << 8 | std::uint64_t{ipcse} << 16 |
              std::uint64_t{tucss} << 32 | std::uint64_t{tucso} << 40,
          e::txd::kDext | command, high);
}

TEST(E1000Transmit, OneDescriptorOneFrame) {
  Bench b;
  b.start();
  const Bytes frame = frame_to(kBroadcast, 100);
  b.queue_frame(frame, kEnd);
  b.go();
  EXPECT_EQ(b.station.frames.size(), 0U) << "the card works beside the CPU";
  b.advance(10'000);
  ASSERT_EQ(b.station.frames.size(), 1U);
  EXPECT_EQ(b.station.frames[0], frame);
  EXPECT_EQ(b.tx_status(0), e::txd::kDd);
  EXPECT_EQ(b.in(e::kTdh), 1U);
  EXPECT_EQ(b.in(e::kIcr), e::cause::kTxdw | e::cause::kTxqe);
}

TEST(E1000Transmit, WithoutRsNothingIsWrittenBack) {
  Bench b;
  b.start();
  b.queue_frame(frame_to(kBroadcast, 100), e::txd::kEop | e::txd::kIfcs);
  b.go();
  b.advance(10'000);
  ASSERT_EQ(b.station.frames.size(), 1U);
  EXPECT_EQ(b.tx_status(0), 0U);
  EXPECT_EQ(b.in(e::kIcr), e::cause::kTxqe);
}

TEST(E1000Transmit, NothingMovesUntilAllIsEnabled) {
  Bench b;
  b.start();
  b.out(e::kTctl, 0);
  b.queue_frame(frame_to(kBroadcast, 100), kEnd);
  b.go();
  b.advance(1'000'000);
  EXPECT_EQ(b.station.frames.size(), 0U);
  b.card->config_write(0x04, 2, 0x0003);
  b.out(e::kTctl, e::tctl::kEn);
  b.advance(1'000'000);
  EXPECT_EQ(b.station.frames.size(), 0U) << "no bus mastering";
  b.card->config_write(0x04, 2, 0x0007);
  b.advance(10'000);
  EXPECT_EQ(b.station.frames.size(), 1U);
}

TEST(E1000Transmit, PacketsGatherDescriptorsAndTheRingWraps) {
  Bench b;
  b.start(8);
  for (unsigned round = 0; round < 5; ++round) {
    const Bytes frame = frame_to(kBroadcast, 900, static_cast<std::uint8_t>(round));
    b.space.write(Bench::kTxData, frame);
    b.queue(Bench::kTxData, 14);
    b.queue(Bench::kTxData + 14, 300);
    b.queue(Bench::kTxData + 314, 586 | kEnd);
    b.go();
    b.advance(100'000);
    ASSERT_EQ(b.station.frames.size(), round + 1);
    EXPECT_EQ(b.station.frames[round], frame);
  }
  EXPECT_EQ(b.in(e::kTdh), 15U % 8);
}

TEST(E1000Transmit, RingsMayLieAboveFourGigabytes) {
  Bench b;
  auto high = std::move(*Ram::create("high", 1 << 20));
  MemorySpace::Region region;
  region.name = "high";
  region.base = 0x2'0000'0000;
  region.size = high->size();
  region.priority = MemorySpace::Priority::kRam;
  region.ram = high.get();
  ASSERT_TRUE(b.space.add(std::move(region)).has_value());
  b.start();
  b.transmit_ring(8, 0x2'0000'1000);
  const Bytes frame = frame_to(kBroadcast, 64);
  b.space.write(0x2'0000'8000, frame);
  b.descriptor(0x2'0000'1000, 0x2'0000'8000, 64 | kEnd);
  b.out(e::kTdt, 1);
  b.advance(10'000);
  ASSERT_EQ(b.station.frames.size(), 1U);
  EXPECT_EQ(b.station.frames[0], frame);
  EXPECT_EQ(b.space.read(0x2'0000'100C, 1), e::txd::kDd);
}

TEST(E1000Transmit, FramesTakeTheirTimeOnTheWire) {
  Bench b;
  b.start(64);
  for (unsigned i = 0; i < 10; ++i) b.queue_frame(frame_to(kBroadcast, 1514), kEnd);
  b.go();
  // 1514 bytes with preamble, check sequence and gap: 12.304 us at 1000 Mb/s.
  b.advance(2'000 + 5 * 12'304);
  EXPECT_EQ(b.station.frames.size(), 6U);
  b.advance(10 * 12'304);
  EXPECT_EQ(b.station.frames.size(), 10U);
  b.phy_write(9, 0);
  b.phy_write(4, 0x0041);  // 10 Mb/s
  b.phy_write(0, 0x1340);
  b.wait_for_link();
  for (unsigned i = 0; i < 3; ++i) b.queue_frame(frame_to(kBroadcast, 1514), kEnd);
  b.go();
  b.advance(1'230'000);
  EXPECT_EQ(b.station.frames.size(), 11U);
  b.advance(10'000);
  EXPECT_EQ(b.station.frames.size(), 12U);
}

TEST(E1000Transmit, ShortFramesArePadded) {
  Bench b;
  b.start();
  b.queue_frame(frame_to(kBroadcast, 42), kEnd);
  b.go();
  b.advance(10'000);
  ASSERT_EQ(b.station.frames.size(), 1U);
  EXPECT_THAT(b.station.frames[0], SizeIs(60));
  EXPECT_EQ(b.station.frames[0][59], 0);
}

TEST(E1000Transmit, ADriversOwnCheckSequenceHasToBeRight) {
  Bench b;
  b.start();
  // The check sequence of a well-known frame: CRC-32 of "123456789" is CBF43926h; here of zeros.
  Bytes frame = frame_to(kBroadcast, 64);
  std::uint32_t crc = 0xFFFFFFFF;
  for (std::size_t i = 0; i < 60; ++i) {
    for (unsigned k = 0; k < 8; ++k) {
      const bool one = ((crc ^ frame[i] >> k) & 1) != 0;
      crc = crc >> 1 ^ (one ? 0xEDB88320U : 0);
    }
  }
  crc = ~crc;
  for (unsigned i = 0; i < 4; ++i) frame[60 + i] = static_cast<std::uint8_t>(crc >> (i * 8));
  b.queue_frame(frame, e::txd::kEop | e::txd::kRs);
  frame[60] ^= 1;
  b.queue_frame(frame, e::txd::kEop | e::txd::kRs, 0, Bench::kTxData + 4096);
  b.go();
  b.advance(100'000);
  ASSERT_EQ(b.station.frames.size(), 1U) << "the second is damaged on the wire";
  EXPECT_THAT(b.station.frames[0], SizeIs(60));
  EXPECT_EQ(b.tx_status(1), e::txd::kDd);
}

TEST(E1000Transmit, LegacyChecksum) {
  Bench b;
  b.start();
  Bytes frame = ipv4_packet(17, 333);
  put16(frame, 40, pseudo_sum(frame, 341));
  b.queue_frame(frame, kEnd | e::txd::kIc | 40U << 16, 34U << 8);
  b.go();
  b.advance(10'000);
  ASSERT_EQ(b.station.frames.size(), 1U);
  EXPECT_EQ(l4_error(b.station.frames[0]), 0U);
}

TEST(E1000Transmit, ContextChecksumsOfTcpAndUdpInEveryLength) {
  Bench b;
  b.start(64);
  for (const std::uint8_t protocol : {6, 17}) {
    for (std::size_t payload = 0; payload < 70; ++payload) {
      b.station.frames.clear();
      Bytes frame = ipv4_packet(protocol, payload);
      const unsigned at = protocol == 6 ? 50 : 40;
      put16(frame, at, pseudo_sum(frame, static_cast<unsigned>(frame.size() - 34)));
      queue_context(b, 14, 34, static_cast<std::uint8_t>(at),
                    protocol == 6 ? e::txd::kContextTcp | e::txd::kContextIp : e::txd::kContextIp,
                    0, 33);
      b.queue_frame(frame, kData | kEnd, e::txd::kPoptsIxsm | e::txd::kPoptsTxsm);
      b.go();
      b.advance(20'000);
      ASSERT_EQ(b.station.frames.size(), 1U);
      Bytes sent = b.station.frames[0];
      sent.resize(frame.size());
      EXPECT_EQ(ip_error(sent), 0U);
      EXPECT_EQ(l4_error(sent), 0U) << "protocol " << unsigned{protocol} << " payload " << payload;
    }
  }
}

TEST(E1000Transmit, UdpChecksumIsNeverZero) {
  Bench b;
  b.start();
  Bytes frame = ipv4_packet(17, 26);
  std::fill(frame.begin() + 34, frame.end(), std::uint8_t{0});
  put16(frame, 38, 34);
  // Choose the last word so that everything sums to FFFFh.
  put16(frame, 40, pseudo_sum(frame, 34));
  put16(frame, 66, 0xFFFF - reference_sum(frame, 34, 66));
  queue_context(b, 14, 34, 40, e::txd::kContextIp);
  b.queue_frame(frame, kData | kEnd, e::txd::kPoptsTxsm);
  b.go();
  b.advance(20'000);
  ASSERT_EQ(b.station.frames.size(), 1U);
  EXPECT_EQ(be16(b.station.frames[0], 40), 0xFFFFU);
}

TEST(E1000Transmit, TcpSegmentation) {
  Bench b;
  b.start();
  constexpr std::size_t kPayload = 10'000, kMss = 1448;
  Bytes frame = ipv4_packet(6, kPayload);
  put16(frame, 16, 0);
  put16(frame, 50, pseudo_sum(frame, 0));
  queue_context(b, 14, 34, 50,
                e::txd::kTse | e::txd::kContextTcp | e::txd::kContextIp | e::txd::kRs | kPayload,
                kMss << 16 | 54U << 8, 33);
  b.space.write(Bench::kTxData, frame);
  const std::uint32_t command = kData | e::txd::kTse;
  const std::uint32_t options = e::txd::kPoptsIxsm | e::txd::kPoptsTxsm;
  b.queue(Bench::kTxData, command | 54, options);
  b.queue(Bench::kTxData + 54, command | 4000, options);
  b.queue(Bench::kTxData + 4054, command | 6000 | kEnd, options);
  b.go();
  b.advance(200'000);
  ASSERT_EQ(b.station.frames.size(), 7U);
  Bytes joined;
  for (unsigned i = 0; i < 7; ++i) {
    const Bytes& sent = b.station.frames[i];
    const std::size_t part = i < 6 ? kMss : kPayload - 6 * kMss;
    ASSERT_THAT(sent, SizeIs(54 + part));
    EXPECT_EQ(be16(sent, 16), 40 + part);
    EXPECT_EQ(be16(sent, 18), 0x1234 + i);
    EXPECT_EQ(be32(sent, 38), be32(frame, 38) + i * kMss);
    EXPECT_EQ(sent[47], i < 6 ? 0x10 : 0x19) << "FIN and PSH in the last one only";
    EXPECT_EQ(ip_error(sent), 0U);
    EXPECT_EQ(l4_error(sent), 0U);
    joined.insert(joined.end(), sent.begin() + 54, sent.end());
  }
  EXPECT_EQ(joined, Bytes(frame.begin() + 54, frame.end()));
  EXPECT_EQ(b.in(e::kTsctc), 1U);
  EXPECT_EQ(b.in(e::kGptc), 7U);
}

TEST(E1000Transmit, SegmentationOverIpv6AndOfUdp) {
  Bench b;
  b.start();
  Bytes v6 = frame_to(kBroadcast, 74 + 3000);
  put16(v6, 12, 0x86DD);
  v6[14] = 0x60;
  put16(v6, 18, 0);
  v6[20] = 6;
  v6[66] = 0x50;
  v6[67] = 0x18;
  unsigned sum = reference_sum(v6, 22, 54) + 6;
  put16(v6, 70, sum > 0xFFFF ? sum - 0xFFFF : sum);
  queue_context(b, 14, 54, 70, e::txd::kTse | e::txd::kContextTcp | 3000, 1400U << 16 | 74U << 8);
  b.queue_frame(v6, kData | e::txd::kTse | kEnd, e::txd::kPoptsTxsm);
  b.go();
  b.advance(100'000);
  ASSERT_EQ(b.station.frames.size(), 3U);
  for (const Bytes& sent : b.station.frames) {
    EXPECT_EQ(be16(sent, 18), sent.size() - 54);
    EXPECT_EQ(l4_error(sent, true), 0U);
  }
  b.station.frames.clear();
  Bytes udp = ipv4_packet(17, 2000);
  put16(udp, 40, pseudo_sum(udp, 0));
  queue_context(b, 14, 34, 40, e::txd::kTse | e::txd::kContextIp | 2000, 1024U << 16 | 42U << 8,
                33);
  b.queue_frame(udp, kData | e::txd::kTse | kEnd, e::txd::kPoptsTxsm | e::txd::kPoptsIxsm);
  b.go();
  b.advance(100'000);
  ASSERT_EQ(b.station.frames.size(), 2U);
  for (const Bytes& sent : b.station.frames) {
    EXPECT_EQ(be16(sent, 38), sent.size() - 34);
    EXPECT_EQ(l4_error(sent), 0U);
    EXPECT_EQ(ip_error(sent), 0U);
  }
}

TEST(E1000Transmit, TheTwoContextsAreIndependent) {
  Bench b;
  b.start();
  Bytes frame = ipv4_packet(17, 100);
  put16(frame, 40, pseudo_sum(frame, 108));
  queue_context(b, 14, 34, 40, e::txd::kContextIp);
  queue_context(b, 20, 60, 76, e::txd::kTse | e::txd::kContextTcp | 100, 100U << 16 | 90U << 8);
  b.queue_frame(frame, kData | kEnd, e::txd::kPoptsTxsm);
  b.go();
  b.advance(20'000);
  ASSERT_EQ(b.station.frames.size(), 1U);
  EXPECT_EQ(l4_error(b.station.frames[0]), 0U);
}

TEST(E1000Transmit, VlanTagIsInserted) {
  Bench b;
  b.start();
  const Bytes frame = frame_to(kBroadcast, 100);
  b.queue_frame(frame, kEnd | e::txd::kVle, 0x2064U << 16);
  b.go();
  b.advance(10'000);
  ASSERT_EQ(b.station.frames.size(), 1U);
  EXPECT_EQ(b.station.frames[0], frame) << "CTRL.VME is off";
  b.out(e::kCtrl, b.in(e::kCtrl) | e::ctrl::kVme);
  b.queue_frame(frame, kEnd | e::txd::kVle, 0x2064U << 16);
  b.queue_frame(frame, kData | kEnd | e::txd::kVle, 0x2065U << 16, Bench::kTxData + 4096);
  b.go();
  b.advance(30'000);
  ASSERT_EQ(b.station.frames.size(), 3U);
  for (unsigned i = 1; i < 3; ++i) {
    Bytes expected = frame;
    const Bytes tag = {0x81, 0x00, 0x20, static_cast<std::uint8_t>(0x63 + i)};
    expected.insert(expected.begin() + 12, tag.begin(), tag.end());
    EXPECT_EQ(b.station.frames[i], expected);
  }
}

TEST(E1000Transmit, Statistics) {
  Bench b;
  b.start();
  b.queue_frame(frame_to(kBroadcast, 60), kEnd);
  b.queue_frame(frame_to({0x33, 0x33, 0, 0, 0, 1}, 61), kEnd, 0, Bench::kTxData + 0x1000);
  b.queue_frame(frame_to({2, 0, 0, 0, 0, 1}, 1514), kEnd, 0, Bench::kTxData + 0x2000);
  b.go();
  b.advance(100'000);
  EXPECT_EQ(b.in(e::kGptc), 3U);
  EXPECT_EQ(b.in(e::kGptc), 0U) << "cleared by the read";
  EXPECT_EQ(b.in(e::kTpt), 3U);
  EXPECT_EQ(b.in(e::kBptc), 1U);
  EXPECT_EQ(b.in(e::kMptc), 1U);
  EXPECT_EQ(b.in(e::kPtc64), 1U);
  EXPECT_EQ(b.in(e::kPtc64 + 4), 1U);
  EXPECT_EQ(b.in(e::kPtc64 + 20), 1U);
  EXPECT_EQ(b.in(e::kGotcl), 64U + 65 + 1518);
  EXPECT_EQ(b.in(e::kGotcl), 64U + 65 + 1518) << "the upper half clears both";
  EXPECT_EQ(b.in(e::kGotch), 0U);
  EXPECT_EQ(b.in(e::kGotcl), 0U);
}

TEST(E1000Transmit, WithoutALinkFramesGoNowhere) {
  Bench b;
  b.start();
  b.station.power(false);
  b.queue_frame(frame_to(kBroadcast, 60), kEnd);
  b.go();
  b.advance(100'000);
  EXPECT_EQ(b.tx_status(0), e::txd::kDd);
  EXPECT_EQ(b.station.frames.size(), 0U);
  EXPECT_EQ(b.in(e::kGptc), 0U);
}

TEST(E1000Transmit, TheNetworkMayHoldTheCardBack) {
  Bench b;
  b.start();
  b.station.room = false;
  b.queue_frame(frame_to(kBroadcast, 60), kEnd);
  b.queue_frame(frame_to(kBroadcast, 61), kEnd, 0, Bench::kTxData + 4096);
  b.go();
  b.advance(1'000'000);
  EXPECT_EQ(b.station.frames.size(), 0U);
  b.station.make_room();
  b.advance(10'000);
  EXPECT_EQ(b.station.frames.size(), 2U);
}

TEST(E1000Transmit, PauseFramesHoldItBack) {
  Bench b;
  b.start();
  b.out(e::kCtrl, b.in(e::kCtrl) | e::ctrl::kRfce);
  Bytes pause(60);
  const Bytes head = {0x01, 0x80, 0xC2, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x88, 0x08, 0, 1, 0, 100};
  std::copy(head.begin(), head.end(), pause.begin());
  b.station.transmit(pause);  // 100 quanta of 512 ns
  EXPECT_NE(b.in(e::kStatus)&e::status::kTxoff, 0U);
  EXPECT_EQ(b.in(e::kXoffrxc), 1U);
  b.queue_frame(frame_to(kBroadcast, 60), kEnd);
  b.go();
  b.advance(50'000);
  EXPECT_EQ(b.station.frames.size(), 0U);
  b.advance(5'000);
  EXPECT_EQ(b.station.frames.size(), 1U);
  EXPECT_EQ(b.in(e::kRdh), 0U) << "not for software";
}

TEST(E1000Transmit, LoopbackByPhyAndByMac) {
  Bench b;
  b.start();
  b.out(e::kRctl, b.in(e::kRctl) | e::rctl::kUpe);
  b.phy_write(0, 0x4140);
  b.queue_frame(frame_to({2, 0, 0, 0, 0, 1}, 200), kEnd);
  b.go();
  b.advance(20'000);
  EXPECT_EQ(b.station.frames.size(), 0U);
  ASSERT_EQ(b.in(e::kRdh), 1U);
  EXPECT_EQ(b.rx(0).bytes, frame_to({2, 0, 0, 0, 0, 1}, 200));
  b.station.transmit(frame_to(kBroadcast, 60));
  EXPECT_EQ(b.in(e::kRdh), 1U) << "the cable is cut off";
  b.phy_write(0, 0x1140);
  b.out(e::kRctl, b.in(e::kRctl) | 3U << 6);
  b.queue_frame(frame_to({2, 0, 0, 0, 0, 1}, 200), kEnd);
  b.go();
  b.advance(20'000);
  EXPECT_EQ(b.in(e::kRdh), 2U);
}

TEST(E1000Transmit, QueueLowThreshold) {
  Bench b;
  b.start(32);
  b.out(e::kTxdctl, 1U << 25);  // 8 descriptors
  for (unsigned i = 0; i < 10; ++i) b.queue_frame(frame_to(kBroadcast, 60), e::txd::kEop);
  b.go();
  b.advance(2'000);
  EXPECT_FALSE((b.in(e::kIcr)&e::cause::kTxdLow) != 0) << "eight are left";
  b.advance(1'000);
  EXPECT_TRUE((b.in(e::kIcr)&e::cause::kTxdLow) != 0);
  b.advance(20'000);
  EXPECT_FALSE((b.in(e::kIcr)&e::cause::kTxdLow) != 0) << "once, when it falls below";
}

// --- hostile rings ---

TEST(E1000Transmit, RingsWithoutSenseAreLeftAlone) {
  Bench b;
  b.start();
  b.out(e::kTdlen, 0);
  b.out(e::kTdt, 5);
  b.advance(1'000'000);
  b.out(e::kTdlen, 128);
  b.out(e::kTdh, 100);
  b.out(e::kTdt, 3);
  b.advance(1'000'000);
  EXPECT_EQ(b.in(e::kTdh), 100U);
  EXPECT_EQ(b.station.frames.size(), 0U);
}

TEST(E1000Transmit, ATailBeyondTheRingNeverStopsTheCardButNeverStopsTheMachineEither) {
  Bench b;
  b.start(8);
  for (unsigned i = 0; i < 8; ++i) b.queue_frame(frame_to(kBroadcast, 60), kEnd);
  b.out(e::kTdt, 1000);
  b.advance(1'000'000);
  EXPECT_GT(b.station.frames.size(), 8U);
  EXPECT_LT(b.station.frames.size(), 2000U) << "the wire's speed is the limit";
  b.out(e::kTctl, 0);
  b.advance(10'000);
  const std::size_t sent = b.station.frames.size();
  b.advance(1'000'000);
  EXPECT_EQ(b.station.frames.size(), sent);
}

TEST(E1000Transmit, PacketWithoutEndAndDmaToNowhere) {
  Bench b;
  b.start(8);
  b.out(e::kTdbah, 0xFFFFFFFF);
  b.out(e::kTdt, 7);
  b.advance(1'000'000);
  b.out(e::kTdbah, 0);
  b.out(e::kTdh, 0);
  for (unsigned i = 0; i < 8; ++i) b.queue(0xFFFF'FFFF'FFFF'FFF0, 0xFFFF);
  b.out(e::kTdt, 1000);  // for ever, and never EOP
  b.advance(3'000'000);
  EXPECT_EQ(b.station.frames.size(), 0U);
}

TEST(E1000Transmit, UnsendablePacketsAreDroppedAndTheNextIsSent) {
  Bench b;
  b.start(16);
  b.queue(Bench::kTxData, 16289 | kEnd);                                             // too long
  b.queue(Bench::kTxData, 0 | kEnd);                                                 // empty
  b.queue(Bench::kTxData, 13 | kEnd);                                                // no header
  queue_context(b, 14, 34, 50, e::txd::kTse | e::txd::kContextTcp | 500, 54U << 8);  // MSS 0
  b.queue(Bench::kTxData, kData | e::txd::kTse | 554 | kEnd);
  queue_context(b, 14, 34, 50, e::txd::kTse | e::txd::kContextTcp | 500, 0xFFFFU << 16 | 5U << 8);
  b.queue(Bench::kTxData, kData | e::txd::kTse | 505 | kEnd);
  queue_context(b, 255, 255, 255, e::txd::kContextTcp | e::txd::kContextIp);
  b.queue_frame(frame_to(kBroadcast, 60), kData | kEnd, e::txd::kPoptsIxsm | e::txd::kPoptsTxsm,
                Bench::kTxData + 4096);
  b.go();
  b.advance(1'000'000);
  ASSERT_EQ(b.station.frames.size(), 1U);
  EXPECT_EQ(b.station.frames[0], frame_to(kBroadcast, 60)) << "checksums outside the frame: none";
  EXPECT_EQ(b.in(e::kTsctfc), 2U);
  for (unsigned i : {0U, 1U, 2U, 4U, 6U, 8U}) EXPECT_EQ(b.tx_status(i), e::txd::kDd) << i;
}

TEST(E1000Transmit, TinySegmentsAreBoundedByTheWire) {
  Bench b;
  b.start(8);
  queue_context(b, 14, 34, 50, e::txd::kTse | e::txd::kContextTcp | 0xFFFFF, 1U << 16 | 54U << 8);
  b.queue(Bench::kTxData, kData | e::txd::kTse | 0xFFFFF | kEnd);
  b.go();
  b.advance(1'000'000);
  EXPECT_GT(b.station.frames.size(), 1000U);
  EXPECT_LT(b.station.frames.size(), 1600U);
}

TEST(E1000Transmit, SnapshotsInTheMiddleOfASegmentedPacket) {
  Bench b;
  b.start();
  const Bytes frame = ipv4_packet(6, 20'000);
  queue_context(b, 14, 34, 50, e::txd::kTse | e::txd::kContextTcp | e::txd::kContextIp | 20'000,
                1000U << 16 | 54U << 8);
  b.queue_frame(frame, kData | e::txd::kTse | kEnd, e::txd::kPoptsTxsm);
  b.go();
  b.advance(60'000);
  const std::size_t sent = b.station.frames.size();
  ASSERT_GT(sent, 2U);
  ASSERT_LT(sent, 20U);
  Archive saved = Archive::writer();
  b.clock.serialize(saved);
  b.card->serialize(saved);
  b.advance(1'000'000);
  const std::vector<Bytes> all = b.station.frames;
  ASSERT_THAT(all, SizeIs(20));
  Archive loaded = Archive::reader(saved.bytes());
  b.clock.serialize(loaded);
  b.card->serialize(loaded);
  ASSERT_TRUE(loaded.finish().has_value());
  b.station.frames.resize(sent);
  b.advance(1'000'000);
  EXPECT_EQ(b.station.frames, all);
}

}  // namespace
}  // namespace ice86
