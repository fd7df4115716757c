// SPDX-License-Identifier: LGPL-2.1-or-later
// 82540EM: transmission. Each event on the clock fetches the descriptors of one packet and puts one
// frame on the wire; the next comes when that frame's time is over. So the work for one event is
// bounded, whatever is in the ring.
// Reference: the manual, sections 3.3 (transmission), 3.4 (ring), 3.5 (TCP segmentation), 3.6 (IP,
// TCP and UDP checksums).
#include <algorithm>

#include "devices/e1000/e1000.h"
#include "devices/e1000/e1000_registers.h"
#include "devices/e1000/offload.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace e = e1000;

namespace {

constexpr Nanoseconds kFetchTime = 1000;    // from TDT to the first byte on the wire
constexpr unsigned kMostDescriptors = 64;   // for each event
constexpr std::size_t kMostPacket = 16288;  // section 3.3.3: longest packet without segmentation
constexpr std::size_t kLeastFrame = 60, kFcs = 4, kPreamble = 8, kGap = 12, kHeader = 14;
constexpr std::size_t kVlanTag = 4, kAddresses = 12;
constexpr std::uint8_t kTcpFin = 0x01, kTcpPsh = 0x08;

// The checksum of `frame` from `start` to `end` (0: to the frame's end) goes to `at`. A checksum of
// UDP that comes out as zero is sent as FFFFh (RFC 768). Places outside the frame: nothing happens.
void insert_checksum(std::span<std::uint8_t> frame, std::size_t at, std::size_t start,
                     std::size_t end, bool never_zero) {
  const std::size_t stop = end == 0 || end >= frame.size() ? frame.size() : end + 1;
  if (start >= stop || at + 2 > frame.size()) return;
  auto sum =
      static_cast<std::uint16_t>(~offload::ones_complement_sum(frame.subspan(start, stop - start)));
  if (never_zero && sum == 0) sum = 0xFFFF;
  offload::store_be16(frame, at, sum);
}

bool holds(std::span<const std::uint8_t> frame, std::size_t at, std::size_t size) {
  return at + size <= frame.size();
}

}  // namespace

E1000::Ring E1000::ring(std::uint32_t first_register) const {
  Ring r;
  r.base = reg(first_register) | std::uint64_t{reg(first_register + 4)} << 32;
  r.count = reg(first_register + 8) / e::kDescriptorSize;
  r.head = reg(first_register + 0x10);
  r.tail = reg(first_register + 0x18);
  return r;
}

// Descriptors that belong to the hardware. A head outside the ring is a driver's error: the chip
// would read past the ring, we stop. A tail outside is never reached, so all are ready.
std::uint32_t E1000::Ring::ready() const {
  if (head >= count || head == tail) return 0;
  if (tail >= count) return count;
  return tail > head ? tail - head : count - head + tail;
}

M88e1000Phy::Speed E1000::speed() const {
  const std::uint32_t control = reg(e::kCtrl);
  if ((control & e::ctrl::kFrcspd) == 0) return phy_.speed();
  const std::uint32_t forced = (control & e::ctrl::kSpeed) >> e::ctrl::kSpeedShift;
  return static_cast<M88e1000Phy::Speed>(std::min(forced, 2U));
}

Nanoseconds E1000::wire_time(std::size_t frame_bytes) const {
  static constexpr Nanoseconds kByte[] = {800, 80, 8};
  const std::size_t bytes = kPreamble + std::max(frame_bytes, kLeastFrame) + kFcs + kGap;
  return bytes * kByte[static_cast<unsigned>(speed())];
}

void E1000::kick_transmitter() {
  if (in_transmitter_ || transmit_.armed()) return;
  if ((reg(e::kTctl) & e::tctl::kEn) == 0 || !bus_master_enabled()) return;
  if (!state_.tx.sending && ring(e::kTdbal).ready() == 0) return;
  transmit_.arm_in(kFetchTime);
}

void E1000::transmit_event() {
  if ((reg(e::kTctl) & e::tctl::kEn) == 0 || !bus_master_enabled()) return;
  Transmit& tx = state_.tx;
  if (clock_.now() < tx.paused_until) return transmit_.arm_at(tx.paused_until);
  in_transmitter_ = true;
  Nanoseconds time = kFetchTime;
  bool blocked = false;
  if (!tx.sending) blocked = !fetch_descriptors();
  if (tx.sending) {
    // peer_ready() brings us back when the other end has no room.
    const bool local = phy_.loopback() || bits(reg(e::kRctl), 7, 6) == 3;
    if (!local && (status() & e::status::kLu) != 0 && !peer_can_receive()) {
      blocked = true;
    } else {
      time = send_next();
      blocked = false;
    }
  }
  in_transmitter_ = false;
  if (!blocked && (tx.sending || ring(e::kTdbal).ready() != 0)) transmit_.arm_in(time);
}

// Takes descriptors to the end of one packet. False: the ring is empty.
bool E1000::fetch_descriptors() {
  for (unsigned i = 0; i < kMostDescriptors; ++i) {
    const Ring r = ring(e::kTdbal);
    if (r.ready() == 0) return false;
    const Gpa at = r.base + std::uint64_t{r.head} * e::kDescriptorSize;
    std::array<std::uint8_t, e::kDescriptorSize> descriptor{};
    memory_.read(at, descriptor);
    const auto low = load_le<std::uint64_t>(&descriptor[0]);
    const auto command = load_le<std::uint32_t>(&descriptor[8]);
    const auto high = load_le<std::uint32_t>(&descriptor[12]);
    bool whole = false;
    if ((command & e::txd::kDext) != 0 && bits(command, 23, 20) == 0) {
      take_context(low, command, high);
    } else {
      whole = take_descriptor(low, command, high);
    }
    if ((command & e::txd::kRs) != 0) {
      std::array<std::uint8_t, 4> status{};
      store_le<std::uint32_t>(status.data(), high | e::txd::kDd);
      memory_.write(at + 12, status);
    }
    reg(e::kTdh) = r.head + 1 == r.count ? 0 : r.head + 1;
    const std::uint32_t left = ring(e::kTdbal).ready();
    const std::uint32_t threshold = bits(reg(e::kTxdctl), 31, 25) * 8;  // LWTHRESH
    if (threshold != 0 && left < threshold && left + 1 >= threshold) raise(e::cause::kTxdLow);
    if ((command & e::txd::kRs) != 0) transmit_done((command & e::txd::kIde) != 0);
    if (left == 0) raise(e::cause::kTxqe);
    if (whole) return true;
  }
  return true;
}

void E1000::take_context(std::uint64_t low, std::uint32_t command, std::uint32_t high) {
  OffloadContext context;
  context.ipcss = static_cast<std::uint8_t>(low);
  context.ipcso = static_cast<std::uint8_t>(low >> 8);
  context.ipcse = static_cast<std::uint16_t>(low >> 16);
  context.tucss = static_cast<std::uint8_t>(low >> 32);
  context.tucso = static_cast<std::uint8_t>(low >> 40);
  context.tucse = static_cast<std::uint16_t>(low >> 48);
  context.paylen = bits(command, 19, 0);
  context.tcp = (command & e::txd::kContextTcp) != 0;
  context.ipv4 = (command & e::txd::kContextIp) != 0;
  context.hdrlen = static_cast<std::uint8_t>(high >> 8);
  context.mss = static_cast<std::uint16_t>(high >> 16);
  const bool segmentation = (command & e::txd::kTse) != 0;
  if (segmentation) {
    state_.tx.segmentation_context = context;
    count(e::kTsctc);
  } else {
    state_.tx.checksum_context = context;
  }
}

// One data descriptor. True: it was the packet's last.
bool E1000::take_descriptor(std::uint64_t address, std::uint32_t command, std::uint32_t high) {
  Transmit& tx = state_.tx;
  const bool extended = (command & e::txd::kDext) != 0;
  if (!tx.open) {
    tx.open = true;
    tx.data.clear();
    tx.sent = 0;
    tx.segments = 0;
    tx.too_long = false;
    tx.vlan = false;
    // These are taken from the first descriptor of a packet (section 3.3.7.3).
    tx.segmented = extended && (command & e::txd::kTse) != 0;
    tx.ip_checksum = extended && (high & e::txd::kPoptsIxsm) != 0;
    tx.l4_checksum = extended && (high & e::txd::kPoptsTxsm) != 0;
  }
  const std::size_t length = extended ? bits(command, 19, 0) : bits(command, 15, 0);
  const std::size_t most =
      tx.segmented ? std::size_t{tx.segmentation_context.hdrlen} + tx.segmentation_context.paylen
                   : kMostPacket;
  const std::size_t room = most - std::min(tx.data.size(), most);
  const std::size_t taken = std::min(length, room);
  if (taken < length && !tx.segmented) tx.too_long = true;
  const std::size_t before = tx.data.size();
  tx.data.resize(before + taken);
  memory_.read(address, std::span(tx.data).subspan(before));
  if ((command & e::txd::kVle) != 0 && (reg(e::kCtrl) & e::ctrl::kVme) != 0 &&
      (tx.segmented || (command & e::txd::kEop) != 0)) {
    tx.vlan = true;
    tx.vlan_tag = static_cast<std::uint16_t>(high >> 16);
  }
  if ((command & e::txd::kEop) == 0) return false;
  tx.open = false;
  tx.has_fcs = (command & e::txd::kIfcs) == 0;
  end_of_packet(command, high);
  return true;
}

void E1000::end_of_packet(std::uint32_t command, std::uint32_t high) {
  Transmit& tx = state_.tx;
  const bool extended = (command & e::txd::kDext) != 0;
  bool usable = !tx.too_long && tx.data.size() >= kHeader;
  if (tx.segmented) {
    const OffloadContext& c = tx.segmentation_context;
    usable = c.mss != 0 && c.hdrlen >= kHeader && tx.data.size() > c.hdrlen &&
             c.hdrlen + std::size_t{c.mss} <= kMostPacket;
    if (!usable) count(e::kTsctfc);
  } else if (extended) {
    const OffloadContext& c = tx.checksum_context;
    if (tx.l4_checksum) insert_checksum(tx.data, c.tucso, c.tucss, c.tucse, !c.tcp);
    if (tx.ip_checksum) insert_checksum(tx.data, c.ipcso, c.ipcss, c.ipcse, false);
  } else if ((command & e::txd::kIc) != 0) {
    insert_checksum(tx.data, bits(command, 23, 16), bits(high, 15, 8), 0, false);
  }
  if (!usable && trace_.wants(TraceCategory::kNet)) {
    trace_.emit(TraceCategory::kNet, "unsendable-packet",
                {{"nic", config_.name}, {"length", tx.data.size()}});
  }
  tx.sending = usable;
}

// The next frame of the packet. Returns how long the wire is busy with it.
Nanoseconds E1000::send_next() {
  Transmit& tx = state_.tx;
  if (tx.segmented) return put_on_wire(next_segment());
  tx.sending = false;
  std::vector<std::uint8_t> frame = std::move(tx.data);
  tx.data.clear();
  return put_on_wire(std::move(frame));
}

// Section 3.5.5 and on: the header once for each segment, with lengths, sequence number, flags and
// checksums of its own.
std::vector<std::uint8_t> E1000::next_segment() {
  Transmit& tx = state_.tx;
  const OffloadContext& c = tx.segmentation_context;
  const std::size_t payload = tx.data.size() - c.hdrlen;
  const std::size_t part = std::min<std::size_t>(c.mss, payload - tx.sent);
  const bool last = tx.sent + part == payload;
  std::vector<std::uint8_t> frame(tx.data.begin(), tx.data.begin() + c.hdrlen);
  const auto from = tx.data.begin() + static_cast<std::ptrdiff_t>(c.hdrlen + tx.sent);
  frame.insert(frame.end(), from, from + static_cast<std::ptrdiff_t>(part));

  const auto size = static_cast<std::uint32_t>(frame.size());
  if (c.ipv4 && holds(frame, c.ipcss, 20)) {
    offload::store_be16(frame, c.ipcss + 2U, size - c.ipcss);
    offload::store_be16(frame, c.ipcss + 4U,
                        offload::load_be16(frame, c.ipcss + 4U) + std::uint32_t{tx.segments});
  } else if (!c.ipv4 && holds(frame, c.ipcss, 40)) {
    offload::store_be16(frame, c.ipcss + 4U, size - c.ipcss - 40);
  }
  if (c.tcp && holds(frame, c.tucss, 20)) {
    offload::store_be32(frame, c.tucss + 4U, offload::load_be32(frame, c.tucss + 4U) + tx.sent);
    if (!last) frame[c.tucss + 13U] &= static_cast<std::uint8_t>(~(kTcpFin | kTcpPsh));
  } else if (!c.tcp && holds(frame, c.tucss, 8)) {
    offload::store_be16(frame, c.tucss + 4U, size - c.tucss);
  }
  if (tx.l4_checksum && holds(frame, c.tucso, 2) && c.tucss < size) {
    // Software leaves the sum of the pseudo header without its length there: that differs for each
    // segment.
    std::uint32_t pseudo = offload::load_be16(frame, c.tucso) + size - c.tucss;
    while (pseudo >> 16 != 0) pseudo = (pseudo & 0xFFFF) + (pseudo >> 16);
    offload::store_be16(frame, c.tucso, pseudo);
    insert_checksum(frame, c.tucso, c.tucss, c.tucse, !c.tcp);
  }
  if (tx.ip_checksum) insert_checksum(frame, c.ipcso, c.ipcss, c.ipcse, false);

  tx.sent += static_cast<std::uint32_t>(part);
  ++tx.segments;
  if (last) {
    tx.sending = false;
    tx.data.clear();
    tx.sent = 0;
  }
  return frame;
}

Nanoseconds E1000::put_on_wire(std::vector<std::uint8_t> frame) {
  Transmit& tx = state_.tx;
  if (tx.has_fcs) {
    // The driver brought its own check sequence. When it is wrong, no station takes the frame.
    const std::size_t size = frame.size() - kFcs;
    const auto stored = load_le<std::uint32_t>(&frame[size]);
    if (stored != offload::frame_check_sequence(std::span(frame).first(size))) {
      if (trace_.wants(TraceCategory::kNet)) {
        trace_.emit(TraceCategory::kNet, "bad-fcs",
                    {{"nic", config_.name}, {"length", frame.size()}});
      }
      return wire_time(size);
    }
    frame.resize(size);
  }
  if (tx.vlan && frame.size() >= kAddresses) {
    std::array<std::uint8_t, kVlanTag> tag{};
    offload::store_be16(tag, 0, reg(e::kVet));
    offload::store_be16(tag, 2, tx.vlan_tag);
    frame.insert(frame.begin() + kAddresses, tag.begin(), tag.end());
  }
  if ((reg(e::kTctl) & e::tctl::kPsp) != 0 && frame.size() < kLeastFrame) {
    frame.resize(kLeastFrame);
  }
  const Nanoseconds time = wire_time(frame.size());
  const bool loopback = phy_.loopback() || bits(reg(e::kRctl), 7, 6) == 3;
  const bool up = (status() & e::status::kLu) != 0;
  if (!loopback && !up) return time;  // nobody there

  const std::size_t wire_bytes = frame.size() + kFcs;
  count(e::kTpt);
  count(e::kGptc);
  count64(e::kTotl, static_cast<std::uint32_t>(wire_bytes));
  count64(e::kGotcl, static_cast<std::uint32_t>(wire_bytes));
  count_size(e::kPtc64, wire_bytes);
  if ((frame[0] & 1) != 0) {
    const bool broadcast =
        std::all_of(frame.begin(), frame.begin() + 6, [](std::uint8_t b) { return b == 0xFF; });
    count(broadcast ? e::kBptc : e::kMptc);
  }
  if (trace_.wants(TraceCategory::kNet)) {
    trace_.emit(TraceCategory::kNet, "transmit", {{"nic", config_.name}, {"length", frame.size()}});
  }
  if (loopback) {
    arrive(frame);
  } else {
    send(frame);
  }
  return time;
}

}  // namespace ice86::devices
