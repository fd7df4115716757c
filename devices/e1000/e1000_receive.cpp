// SPDX-License-Identifier: LGPL-2.1-or-later
// 82540EM: reception. A frame passes the filters, waits in the packet buffer, and is written to
// host memory as far as there are descriptors. A network that asks can_receive() first loses
// nothing. Reference: the manual, sections 3.2 (reception, filters, checksums), 9 (VLAN), 13.4.22
// (RCTL).
#include <algorithm>

#include "devices/e1000/e1000.h"
#include "devices/e1000/e1000_registers.h"
#include "devices/e1000/offload.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace e = e1000;

namespace {

constexpr std::size_t kLeastFrame = 60, kFcs = 4, kHeader = 14, kVlanTag = 4, kAddresses = 12;
// Without LPE; with a VLAN tag.
constexpr std::size_t kLongest = 1522;
constexpr unsigned kExactFilters = 16;
constexpr std::uint16_t kIpv4 = 0x0800, kPauseType = 0x8808, kPauseOpcode = 0x0001;
constexpr std::uint8_t kTcp = 6, kUdp = 17;
constexpr MacAddress kPauseAddress = {0x01, 0x80, 0xC2, 0x00, 0x00, 0x01};
// A quantum of a PAUSE frame is 512 bit times (802.3 annex 31B).
constexpr Nanoseconds kQuantumBytes = 64;

bool is_broadcast(std::span<const std::uint8_t> frame) {
  return std::all_of(frame.begin(), frame.begin() + 6, [](std::uint8_t b) { return b == 0xFF; });
}

}  // namespace

std::uint32_t E1000::receive_capacity() const {
  return std::min<std::uint32_t>(reg(e::kPba) & 0xFF, 64) * 1024;
}

bool E1000::can_receive() const {
  return (reg(e::kRctl) & e::rctl::kEn) == 0 ||
         state_.rx_buffered + kMostFrame + kFcs <= receive_capacity();
}

void E1000::receive(std::span<const std::uint8_t> frame) {
  if ((status() & e::status::kLu) == 0 || phy_.loopback()) return;
  arrive(frame);
}

// RAL/RAH, the multicast table, and the promiscuous modes (section 3.2.1).
E1000::Match E1000::address_match(std::span<const std::uint8_t> frame) const {
  const std::uint32_t control = reg(e::kRctl);
  for (unsigned i = 0; i < kExactFilters; ++i) {
    const std::uint32_t high = reg(e::kRah0 + i * 8), low = reg(e::kRal0 + i * 8);
    if ((high & e::kAddressValid) == 0) continue;
    // Address select: 00b destination, 01b source.
    const std::uint32_t select = bits(high, 17, 16);
    if (select > 1) continue;
    const std::uint8_t* address = &frame[select * 6];
    if (load_le<std::uint32_t>(address) == low &&
        load_le<std::uint16_t>(address + 4) == (high & 0xFFFF)) {
      return Match::kExact;
    }
  }
  const bool multicast = (frame[0] & 1) != 0;
  if (is_broadcast(frame)) {
    if ((control & e::rctl::kBam) != 0) return Match::kExact;
  } else if (multicast) {
    if ((control & e::rctl::kMpe) != 0) return Match::kInexact;
    // RCTL.MO chooses which twelve bits of the address index the table.
    static constexpr unsigned kShift[] = {4, 3, 2, 0};
    const unsigned hash =
        (static_cast<unsigned>(frame[5]) << 8 | frame[4]) >> kShift[bits(control, 13, 12)] & 0xFFF;
    if (bit(reg(e::kMta + hash / 32 * 4), hash % 32)) return Match::kInexact;
  }
  // Broadcast counts as multicast for the promiscuous mode; unicast has its own.
  if (multicast ? (control & e::rctl::kMpe) != 0 : (control & e::rctl::kUpe) != 0) {
    return Match::kInexact;
  }
  return Match::kNone;
}

bool E1000::vlan_match(std::span<const std::uint8_t> frame) const {
  const std::uint32_t control = reg(e::kRctl);
  if ((control & e::rctl::kVfe) == 0 || offload::load_be16(frame, kAddresses) != reg(e::kVet)) {
    return true;
  }
  const std::uint16_t tag = offload::load_be16(frame, kAddresses + 2);
  if ((control & e::rctl::kCfien) != 0 &&
      ((tag & 0x1000) != 0) != ((control & e::rctl::kCfi) != 0)) {
    return false;
  }
  const unsigned id = tag & 0xFFF;
  return bit(reg(e::kVfta + id / 32 * 4), id % 32);
}

// Flow control (section 3.7). True: it was a PAUSE frame that goes no further.
bool E1000::pause_frame(std::span<const std::uint8_t> frame) {
  if (offload::load_be16(frame, kAddresses) != kPauseType ||
      !std::equal(kPauseAddress.begin(), kPauseAddress.end(), frame.begin())) {
    return false;
  }
  const std::uint32_t control = reg(e::kRctl);
  if ((reg(e::kCtrl) & e::ctrl::kRfce) != 0 && offload::load_be16(frame, kHeader) == kPauseOpcode) {
    static constexpr Nanoseconds kByte[] = {800, 80, 8};
    const std::uint16_t quanta = offload::load_be16(frame, kHeader + 2);
    count(quanta == 0 ? e::kXonrxc : e::kXoffrxc);
    state_.tx.paused_until =
        clock_.now() + quanta * kQuantumBytes * kByte[static_cast<unsigned>(speed())];
    if (quanta == 0 && transmit_.armed()) transmit_.arm_in(0);
  } else {
    count(e::kFcruc);
  }
  return (control & e::rctl::kPmcf) == 0;
}

void E1000::arrive(std::span<const std::uint8_t> from_wire) {
  const std::uint32_t control = reg(e::kRctl);
  if ((control & e::rctl::kEn) == 0 || from_wire.size() < kHeader ||
      from_wire.size() > kMostFrame) {
    return;
  }
  // A station pads short frames before they are on a wire.
  std::vector<std::uint8_t> frame(from_wire.begin(), from_wire.end());
  if (frame.size() < kLeastFrame) frame.resize(kLeastFrame);
  const std::size_t wire_bytes = frame.size() + kFcs;
  count(e::kTpr);
  count64(e::kTorl, static_cast<std::uint32_t>(wire_bytes));
  if (wire_bytes > kLongest && (control & e::rctl::kLpe) == 0) return count(e::kRoc);
  if (pause_frame(frame)) return;
  const Match match = address_match(frame);
  if (match == Match::kNone || !vlan_match(frame)) return;

  count(e::kGprc);
  count64(e::kGorcl, static_cast<std::uint32_t>(wire_bytes));
  count_size(e::kPrc64, wire_bytes);
  if ((frame[0] & 1) != 0) count(is_broadcast(frame) ? e::kBprc : e::kMprc);

  Received packet;
  packet.status = match == Match::kInexact ? e::rxd::kPif : 0;
  if ((control & e::rctl::kSecrc) == 0) {
    const std::uint32_t fcs = offload::frame_check_sequence(frame);
    for (unsigned i = 0; i < kFcs; ++i) frame.push_back(static_cast<std::uint8_t>(fcs >> (i * 8)));
  }
  if ((reg(e::kCtrl) & e::ctrl::kVme) != 0 &&
      offload::load_be16(frame, kAddresses) == reg(e::kVet)) {
    packet.special = offload::load_be16(frame, kAddresses + 2);
    packet.status |= e::rxd::kVp;
    frame.erase(frame.begin() + kAddresses, frame.begin() + kAddresses + kVlanTag);
  }
  packet.bytes = std::move(frame);
  check_sums(packet);
  if (state_.rx_buffered + packet.bytes.size() > receive_capacity()) {
    count(e::kMpc);
    return raise(e::cause::kRxo);
  }
  state_.rx_buffered += static_cast<std::uint32_t>(packet.bytes.size());
  state_.rx_buffer.push_back(std::move(packet));
  fill_buffers();
}

// Receive checksum offload (section 3.2.9).
void E1000::check_sums(Received& packet) const {
  const std::uint32_t control = reg(e::kRxcsum);
  std::span<const std::uint8_t> frame = packet.bytes;
  if ((reg(e::kRctl) & e::rctl::kSecrc) == 0) frame = frame.first(frame.size() - kFcs);
  if (const std::size_t start = control & 0xFF; start < frame.size()) {
    // Unadjusted, over the packet from PCSS on; in memory in network order.
    const std::uint16_t sum = offload::ones_complement_sum(frame.subspan(start));
    packet.checksum = static_cast<std::uint16_t>(sum << 8 | sum >> 8);
  }
  if ((control & (e::rxcsum::kIpofl | e::rxcsum::kTuofl)) == 0) {
    packet.status |= e::rxd::kIxsm;
    return;
  }
  std::size_t type_at = kAddresses;
  if (offload::load_be16(frame, type_at) == reg(e::kVet)) type_at += kVlanTag;
  const std::size_t ip = type_at + 2;
  if (offload::load_be16(frame, type_at) != kIpv4 || ip + 20 > frame.size()) return;
  const std::size_t header = (frame[ip] & 0xFU) * 4;
  const std::size_t total = offload::load_be16(frame, ip + 2);
  if (frame[ip] >> 4 != 4 || header < 20 || total < header || ip + total > frame.size()) return;
  if ((control & e::rxcsum::kIpofl) != 0) {
    packet.status |= e::rxd::kIpcs;
    if (offload::ones_complement_sum(frame.subspan(ip, header)) != 0xFFFF) {
      packet.errors |= e::rxd::kIpe;
    }
  }
  if ((control & e::rxcsum::kTuofl) == 0) return;
  const bool fragment = (offload::load_be16(frame, ip + 6) & 0x3FFF) != 0;
  const std::uint8_t protocol = frame[ip + 9];
  const std::size_t length = total - header, l4 = ip + header;
  if (fragment || (protocol != kTcp && protocol != kUdp) || length < (protocol == kTcp ? 20U : 8U))
    return;
  if (protocol == kUdp && offload::load_be16(frame, l4 + 6) == 0) return;  // it has none
  packet.status |= e::rxd::kTcpcs;
  std::uint32_t pseudo = protocol + static_cast<std::uint32_t>(length);
  pseudo += offload::ones_complement_sum(frame.subspan(ip + 12, 8));
  if (offload::ones_complement_sum(frame.subspan(l4, length), pseudo) != 0xFFFF) {
    packet.errors |= e::rxd::kTcpe;
  }
}

// RCTL.BSIZE and BSEX (section 13.4.22).
std::uint32_t E1000::buffer_size() const {
  const std::uint32_t control = reg(e::kRctl);
  const std::uint32_t size = 2048U >> bits(control, 17, 16);
  if ((control & e::rctl::kBsex) == 0) return size;
  // 00b is reserved with BSEX; the chip's answer is not documented.
  return size == 2048 ? 2048 : size * 16;
}

void E1000::fill_buffers() {
  if (filling_) return;  // a descriptor in our own registers
  if ((reg(e::kRctl) & e::rctl::kEn) == 0 || !bus_master_enabled()) return;
  filling_ = true;
  State& s = state_;
  const bool was_full = !can_receive();
  while (!s.rx_buffer.empty()) {
    const Ring r = ring(e::kRdbal);
    const std::uint32_t ready = r.ready();
    Received& packet = s.rx_buffer.front();
    if (ready == 0) {
      if (!s.no_buffer_counted) count(e::kRnbc);
      s.no_buffer_counted = true;
      break;
    }
    const Gpa at = r.base + std::uint64_t{r.head} * e::kDescriptorSize;
    std::array<std::uint8_t, e::kDescriptorSize> descriptor{};
    memory_.read(at, descriptor);
    const auto address = load_le<std::uint64_t>(descriptor.data());
    const auto left = static_cast<std::uint32_t>(packet.bytes.size()) - s.rx_written;
    const std::uint32_t part = std::min(left, buffer_size());
    // A null address is a descriptor without a buffer: it is used up all the same.
    if (address != 0) {
      memory_.write(address, std::span(packet.bytes).subspan(s.rx_written, part));
    }
    s.rx_written += part;
    const bool last = s.rx_written == packet.bytes.size();
    store_le<std::uint16_t>(&descriptor[8], static_cast<std::uint16_t>(part));
    store_le<std::uint16_t>(&descriptor[10], packet.checksum);
    descriptor[12] =
        static_cast<std::uint8_t>(packet.status | e::rxd::kDd | (last ? e::rxd::kEop : 0));
    descriptor[13] = last ? packet.errors : 0;
    store_le<std::uint16_t>(&descriptor[14], packet.special);
    memory_.write(at, descriptor);
    reg(e::kRdh) = r.head + 1 == r.count ? 0 : r.head + 1;
    // RDMTS: a half, a quarter or an eighth of the ring is left.
    const std::uint32_t threshold = r.count >> (1 + std::min(bits(reg(e::kRctl), 9, 8), 2U));
    if (ready > threshold && ready - 1 <= threshold) raise(e::cause::kRxdmt0);
    if (!last) continue;
    const std::size_t size = packet.bytes.size();
    if (trace_.wants(TraceCategory::kNet)) {
      trace_.emit(TraceCategory::kNet, "receive", {{"nic", config_.name}, {"length", size}});
    }
    s.rx_buffered -= static_cast<std::uint32_t>(size);
    s.rx_written = 0;
    s.no_buffer_counted = false;
    s.rx_buffer.pop_front();
    receive_done(size);
  }
  filling_ = false;
  if (was_full && can_receive()) announce_ready();
}

}  // namespace ice86::devices
