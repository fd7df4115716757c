// SPDX-License-Identifier: LGPL-2.1-or-later
// Scripted peer, bad line, capture, and no network at all.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "emulator/base/bits.h"
#include "slirp-net/impaired_link.h"
#include "slirp-net/pcap_capture.h"
#include "slirp-net/scripted_network.h"
#include "tests/slirp-net/mini_guest.h"

namespace ice86 {
namespace {

using namespace slirp_test;
using slirp_net::ImpairedLink;
using slirp_net::NoNetwork;
using slirp_net::PcapCapture;
using slirp_net::ScriptedNetwork;
using testing::HasSubstr;

Bytes frame(std::uint8_t first, std::size_t size = 100) {
  Bytes b(size, 0x33);
  b[12] = 0x88;
  b[13] = 0xB5;
  b[14] = first;
  return b;
}

std::unique_ptr<ScriptedNetwork> echo(Clock& clock) {
  return std::make_unique<ScriptedNetwork>(
      clock, "peer",
      [](ScriptedNetwork& network, std::span<const std::uint8_t> sent) { network.transmit(sent); });
}

void pass(Clock& clock, Nanoseconds time) {
  const Nanoseconds end = clock.now() + time;
  for (auto next = clock.next_deadline(); next && *next <= end; next = clock.next_deadline()) {
    clock.skip_to(*next);
    clock.run_due_events();
  }
  clock.skip_to(end);
}

TEST(ScriptedNetwork, AnswersAfterItsDelayAndNoFasterThanTheWire) {
  Clock clock;
  MiniGuest guest;
  const auto peer = echo(clock);
  PacketEnd::connect(guest, peer->port());
  EXPECT_TRUE(guest.has_carrier());
  guest.transmit(frame(1, 1476));
  guest.transmit(frame(2, 1476));
  pass(clock, 9'999);
  EXPECT_EQ(guest.frames.size(), 0U);
  pass(clock, 1);
  EXPECT_EQ(guest.frames.size(), 1U);
  pass(clock, 11'999);
  EXPECT_EQ(guest.frames.size(), 1U) << "1500 bytes take 12 us";
  pass(clock, 1);
  ASSERT_EQ(guest.frames.size(), 2U);
  EXPECT_EQ(guest.frames[1][14], 2);
}

TEST(ScriptedNetwork, OrderFollowsTheDelays) {
  Clock clock;
  MiniGuest guest;
  ScriptedNetwork peer(clock, "peer", nullptr);
  PacketEnd::connect(guest, peer.port());
  peer.transmit(frame(1), 300'000);
  peer.transmit(frame(2), 100'000);
  peer.transmit(frame(3), 100'000);
  pass(clock, 1'000'000);
  ASSERT_EQ(guest.frames.size(), 3U);
  EXPECT_EQ(guest.frames[0][14], 2);
  EXPECT_EQ(guest.frames[1][14], 3);
  EXPECT_EQ(guest.frames[2][14], 1);
}

TEST(ScriptedNetwork, SnapshotKeepsWhatIsOnItsWay) {
  Clock clock;
  MiniGuest guest;
  const auto peer = echo(clock);
  PacketEnd::connect(guest, peer->port());
  guest.transmit(frame(1));
  Archive saved = Archive::writer();
  clock.serialize(saved);
  peer->serialize(saved);
  pass(clock, 1'000'000);
  EXPECT_EQ(guest.frames.size(), 1U);
  Archive archive = Archive::reader(saved.bytes());
  clock.serialize(archive);
  peer->serialize(archive);
  ASSERT_TRUE(archive.finish().has_value());
  pass(clock, 1'000'000);
  EXPECT_EQ(guest.frames.size(), 2U);
}

TEST(NoNetwork, HasNoCarrier) {
  MiniGuest guest;
  NoNetwork none;
  PacketEnd::connect(guest, none.port());
  EXPECT_FALSE(guest.has_carrier());
}

TEST(ImpairedLink, LosesTheSameFramesEveryTimeAndDelaysTheRest) {
  const auto survivors = [](std::uint64_t seed) {
    Clock clock;
    MiniGuest guest;
    ImpairedLink line(clock, "line", {100'000, 2'000'000, seed}, echo(clock));
    PacketEnd::connect(guest, line.port());
    EXPECT_TRUE(guest.has_carrier());
    std::vector<std::uint8_t> got;
    for (unsigned i = 0; i < 250; ++i) {
      guest.transmit(frame(static_cast<std::uint8_t>(i)));
      pass(clock, 4'000'000);
      EXPECT_EQ(guest.frames.size(), got.size()) << "twice the delay, and the peer's";
      pass(clock, 1'000'000);
      if (guest.frames.size() > got.size()) got.push_back(guest.frames.back()[14]);
    }
    return got;
  };
  const auto first = survivors(1);
  EXPECT_EQ(first, survivors(1));
  EXPECT_NE(first, survivors(2));
  // Both ways: 81 % of 250.
  EXPECT_GT(first.size(), 180U);
  EXPECT_LT(first.size(), 225U);
}

TEST(ImpairedLink, WithoutImpairmentNothingIsLostAndRoomIsRespected) {
  Clock clock;
  MiniGuest guest;
  ImpairedLink line(clock, "line", {}, echo(clock));
  PacketEnd::connect(guest, line.port());
  guest.room = false;
  for (unsigned i = 0; i < 200; ++i) guest.transmit(frame(static_cast<std::uint8_t>(i)));
  pass(clock, 1'000'000'000);
  EXPECT_EQ(guest.frames.size(), 0U);
  guest.make_room();
  pass(clock, 1'000'000'000);
  ASSERT_EQ(guest.frames.size(), 200U);
  for (unsigned i = 0; i < 200; ++i) EXPECT_EQ(guest.frames[i][14], i);
}

struct TemporaryFile {
  TemporaryFile() {
    char pattern[] = "/tmp/ice86-pcap-XXXXXX";
    close(mkstemp(pattern));
    path = pattern;
  }
  ~TemporaryFile() { std::filesystem::remove(path); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  std::filesystem::path path;
};

TEST(PcapCapture, WritesBothDirectionsWithVirtualTime) {
  const TemporaryFile file;
  Clock clock;
  MiniGuest guest;
  {
    auto capture = PcapCapture::create(clock, file.path, echo(clock));
    ASSERT_TRUE(capture.has_value());
    PacketEnd::connect(guest, (*capture)->port());
    EXPECT_TRUE(guest.has_carrier());
    EXPECT_TRUE(guest.network_has_room());
    clock.skip_to(3'000'000'123);
    guest.transmit(frame(7, 60));
    pass(clock, 1'000'000);
    EXPECT_EQ(guest.frames.size(), 1U);
    EXPECT_TRUE((*capture)->finish().has_value());
    EXPECT_THAT((*capture)->dump(), HasSubstr("2 frames"));
  }
  std::ifstream in(file.path, std::ios::binary);
  const Bytes bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  ASSERT_EQ(bytes.size(), 24U + 2 * (16 + 60));
  EXPECT_EQ(load_le<std::uint32_t>(&bytes[0]), 0xA1B23C4DU);
  EXPECT_EQ(load_le<std::uint16_t>(&bytes[4]), 2);
  EXPECT_EQ(load_le<std::uint16_t>(&bytes[6]), 4);
  EXPECT_EQ(load_le<std::uint32_t>(&bytes[20]), 1U);
  const std::uint32_t nanoseconds[] = {123, 10'123};
  for (unsigned i = 0; i < 2; ++i) {
    const std::uint8_t* record = &bytes[24 + i * 76];
    EXPECT_EQ(load_le<std::uint32_t>(record), 3U);
    EXPECT_EQ(load_le<std::uint32_t>(record + 4), nanoseconds[i]);
    EXPECT_EQ(load_le<std::uint32_t>(record + 8), 60U);
    EXPECT_EQ(load_le<std::uint32_t>(record + 12), 60U);
    EXPECT_EQ(Bytes(record + 16, record + 76), frame(7, 60));
  }
}

TEST(PcapCapture, FilesThatCannotBeWrittenAreNamed) {
  Clock clock;
  const auto nowhere = PcapCapture::create(clock, "/no/such/folder/net.pcap", echo(clock));
  ASSERT_FALSE(nowhere.has_value());
  EXPECT_THAT(nowhere.error().message(), HasSubstr("/no/such/folder/net.pcap"));
  Clock other;
  auto full = PcapCapture::create(other, "/dev/full", echo(other));
  ASSERT_TRUE(full.has_value());
  MiniGuest guest;
  PacketEnd::connect(guest, (*full)->port());
  guest.transmit(frame(1));
  pass(other, 1'000'000);
  EXPECT_EQ(guest.frames.size(), 1U) << "the network goes on";
  const auto finished = (*full)->finish();
  ASSERT_FALSE(finished.has_value());
  EXPECT_THAT(finished.error().message(), HasSubstr("/dev/full"));
}

}  // namespace
}  // namespace ice86
