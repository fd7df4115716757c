// SPDX-License-Identifier: LGPL-2.1-or-later
// An 82540EM with memory, an interrupt line and a scripted station at the other end of its cable.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "devices/e1000/e1000.h"
#include "devices/e1000/e1000_registers.h"
#include "emulator/bus/memory_space.h"
#include "emulator/bus/ram.h"
#include "tests/devices/conformance.h"

namespace ice86::e1000_test {

namespace e = devices::e1000;
using Bytes = std::vector<std::uint8_t>;

constexpr devices::MacAddress kMac = {0x52, 0x54, 0x00, 0xAB, 0xCD, 0xEF};

struct Station final : PacketEnd {
  bool can_receive() const override { return room; }
  void receive(std::span<const std::uint8_t> frame) override {
    frames.emplace_back(frame.begin(), frame.end());
  }
  void peer_ready() override { ++readies; }
  bool sends_carrier() const override { return powered; }
  bool card_has_room() const { return peer_can_receive(); }
  void transmit(const Bytes& frame) { send(frame); }
  void power(bool on) {
    powered = on;
    announce_link();
  }
  void make_room() {
    room = true;
    announce_ready();
  }

  std::vector<Bytes> frames;
  unsigned readies = 0;
  bool room = true, powered = true;
};

struct Bench {
  static constexpr Gpa kTxRing = 0x10000, kRxRing = 0x20000, kTxData = 0x40000, kRxData = 0x200000;

  Clock clock{1000};
  TraceBus trace{clock};
  LevelLine inta;
  MemorySpace space{trace};
  std::unique_ptr<Ram> ram = std::move(*Ram::create("ram", 8 << 20));
  std::unique_ptr<devices::E1000> card;
  Station station;

  explicit Bench(devices::E1000::Config config = {}) {
    MemorySpace::Region region;
    region.name = "ram";
    region.size = ram->size();
    region.priority = MemorySpace::Priority::kRam;
    region.ram = ram.get();
    EXPECT_TRUE(space.add(std::move(region)).has_value());
    config.mac = kMac;
    auto made = devices::E1000::create(clock, inta, DmaPort(space), trace, std::move(config));
    EXPECT_TRUE(made.has_value());
    card = std::move(*made);
    card->reset(ResetKind::kPowerOn);
    PacketEnd::connect(*card, station);
    card->config_write(0x04, 2, 0x0007);
  }

  RegisterBlock& mmio() { return *card->windows()[0].registers; }
  RegisterBlock& io() { return *card->windows()[1].registers; }
  std::uint32_t in(std::uint32_t offset) {
    return static_cast<std::uint32_t>(mmio().read(offset, 4));
  }
  std::uint32_t peek(std::uint32_t offset) {
    return static_cast<std::uint32_t>(mmio().peek(offset, 4));
  }
  void out(std::uint32_t offset, std::uint32_t value) { mmio().write(offset, 4, value); }
  void advance(Nanoseconds time) { conformance::advance(*this, time); }  // 1 instruction: 1 ns
  void wait_for_link() {
    advance(11'000'000);
    ASSERT_NE(in(e::kStatus)&e::status::kLu, 0U);
  }

  std::uint16_t phy_read(unsigned index) {
    out(e::kMdic, 1U << 21 | index << 16 | e::mdic::kOpRead << 26);
    EXPECT_EQ(in(e::kMdic) & (e::mdic::kReady | e::mdic::kError), e::mdic::kReady);
    return static_cast<std::uint16_t>(in(e::kMdic));
  }
  void phy_write(unsigned index, std::uint16_t value) {
    out(e::kMdic, 1U << 21 | index << 16 | e::mdic::kOpWrite << 26 | value);
  }

  // Rings of `count` descriptors; the receive ring with buffers of `buffer` bytes, all but one
  // given to the card.
  void start(unsigned count = 16, std::uint32_t extra_rctl = 0, std::uint32_t buffer = 2048) {
    wait_for_link();
    receive_ring(count, buffer);
    out(e::kRctl, e::rctl::kEn | e::rctl::kBam | e::rctl::kSecrc | extra_rctl);
    transmit_ring(count);
    out(e::kTctl, e::tctl::kEn | e::tctl::kPsp);
    in(e::kIcr);
  }
  void transmit_ring(unsigned count, Gpa base = kTxRing) {
    out(e::kTdbal, static_cast<std::uint32_t>(base));
    out(e::kTdbah, static_cast<std::uint32_t>(base >> 32));
    out(e::kTdlen, count * 16);
    out(e::kTdh, 0);
    out(e::kTdt, 0);
    tx_count = count;
    tx_tail = 0;
  }
  void receive_ring(unsigned count, std::uint32_t buffer = 2048) {
    for (unsigned i = 0; i < count; ++i) {
      descriptor(kRxRing + i * 16, kRxData + i * buffer, 0);
    }
    out(e::kRdbal, static_cast<std::uint32_t>(kRxRing));
    out(e::kRdbah, 0);
    out(e::kRdlen, count * 16);
    out(e::kRdh, 0);
    out(e::kRdt, count - 1);
    rx_buffer = buffer;
  }
  void descriptor(Gpa at, std::uint64_t low, std::uint64_t high) {
    space.write(at, 8, low);
    space.write(at + 8, 8, high);
  }
  Bytes memory(Gpa at, std::size_t size) {
    Bytes bytes(size);
    space.read(at, bytes);
    return bytes;
  }

  // Adds a descriptor to the transmit ring without telling the card.
  void queue(std::uint64_t low, std::uint32_t command, std::uint32_t high = 0) {
    descriptor(kTxRing + tx_tail * 16, low, command | std::uint64_t{high} << 32);
    tx_tail = (tx_tail + 1) % tx_count;
  }
  void queue_frame(const Bytes& frame, std::uint32_t command, std::uint32_t high = 0,
                   Gpa at = kTxData) {
    space.write(at, frame);
    queue(at, static_cast<std::uint32_t>(frame.size()) | command, high);
  }
  void go() { out(e::kTdt, tx_tail); }
  std::uint32_t tx_status(unsigned index) {
    return static_cast<std::uint32_t>(space.read(kTxRing + index * 16 + 12, 1));
  }
  struct Rx {
    std::uint16_t length, checksum, special;
    std::uint8_t status, errors;
    Bytes bytes;
  };
  Rx rx(unsigned index) {
    const Gpa at = kRxRing + index * 16;
    Rx r;
    r.length = static_cast<std::uint16_t>(space.read(at + 8, 2));
    r.checksum = static_cast<std::uint16_t>(space.read(at + 10, 2));
    r.status = static_cast<std::uint8_t>(space.read(at + 12, 1));
    r.errors = static_cast<std::uint8_t>(space.read(at + 13, 1));
    r.special = static_cast<std::uint16_t>(space.read(at + 14, 2));
    r.bytes = memory(space.read(at, 8), r.length);
    return r;
  }

  unsigned tx_count = 0, tx_tail = 0;
  std::uint32_t rx_buffer = 2048;
};

inline Bytes frame_to(const devices::MacAddress& to, std::size_t size, std::uint8_t seed = 1) {
  Bytes frame(size);
  for (std::size_t i = 0; i < size; ++i) frame[i] = static_cast<std::uint8_t>(i * 7 + seed);
  std::copy(to.begin(), to.end(), frame.begin());
  static constexpr devices::MacAddress kFrom = {0x52, 0x55, 0x0A, 0x00, 0x02, 0x02};
  std::copy(kFrom.begin(), kFrom.end(), frame.begin() + 6);
  frame[12] = 0x88;  // an experimental type
  frame[13] = 0xB5;
  return frame;
}
constexpr devices::MacAddress kBroadcast = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

}  // namespace ice86::e1000_test
