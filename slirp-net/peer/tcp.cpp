// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slirp-net/peer/tcp.h"

#include <fmt/core.h>

#include <algorithm>

namespace ice86::slirp_net::peer {

namespace {

constexpr std::uint8_t kFin = 0x01, kSyn = 0x02, kRst = 0x04, kPsh = 0x08, kAck = 0x10;
constexpr std::size_t kHeader = 20;
constexpr std::size_t kMostConnections = 256;
constexpr std::uint16_t kMss = 1460;
constexpr std::size_t kWindow = 32'768;
// What waits to be sent before reading stops.
constexpr std::size_t kMostOutput = 64 << 10;
constexpr std::size_t kLongestOutput = 4 << 20;  // of an HTTP answer, with what was there
constexpr Nanoseconds kMillisecond = 1'000'000;
constexpr Nanoseconds kFirstWait = 200 * kMillisecond, kLongestWait = 5000 * kMillisecond;
constexpr std::uint32_t kMostTries = 10;
constexpr Nanoseconds kLinger = 2000 * kMillisecond;
constexpr std::uint16_t kFirstPort = 49'152;  // RFC 6335: dynamic ports

// a is before b, as sequence numbers go round.
bool before(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) < 0;
}

Nanoseconds wait_of(std::uint32_t tries) {
  return std::min(kFirstWait << std::min(tries, 6U), kLongestWait);
}

}  // namespace

Tcp::Tcp(Clock& clock, const std::string& timer, Ipv4 address, std::vector<Service> services,
         Send send)
    : clock_(clock),
      address_(address),
      services_(std::move(services)),
      send_(std::move(send)),
      timer_(clock, timer, [this](Nanoseconds) { expired(); }) {}

std::size_t Tcp::Connection::room() const {
  const auto pace = dialogue.pace();
  const std::size_t most = pace ? pace->window : kWindow;
  return input.size() < most ? most - input.size() : 0;
}

std::optional<Tcp::Segment> Tcp::parse(const Ipv4& from, View bytes) const {
  if (bytes.size() < kHeader ||
      checksum(bytes, pseudo_header_sum(from, address_, kTcpProtocol, bytes.size())) != 0)
    return std::nullopt;
  const std::size_t header = std::size_t{bytes[12]} >> 4 << 2;
  if (header < kHeader || header > bytes.size()) return std::nullopt;
  Segment s;
  s.from_port = word(bytes, 0);
  s.to_port = word(bytes, 2);
  s.sequence = number(bytes, 4);
  s.acknowledgement = number(bytes, 8);
  s.flags = bytes[13];
  s.window = word(bytes, 14);
  s.data = bytes.subspan(header);
  // Options (section 3.2): end, no operation, and kinds with a length; 2 is the largest segment.
  for (std::size_t at = kHeader; at < header && bytes[at] != 0;) {
    if (bytes[at] == 1) {
      ++at;
      continue;
    }
    if (at + 1 >= header || bytes[at + 1] < 2 || at + bytes[at + 1] > header) break;
    if (bytes[at] == 2 && bytes[at + 1] == 4)
      s.mss = std::clamp<std::uint16_t>(word(bytes, at + 2), 64, kMss);
    at += bytes[at + 1];
  }
  return s;
}

Tcp::Connection* Tcp::find(const Ipv4& guest, std::uint16_t guest_port, std::uint16_t port) {
  for (Connection& c : connections_) {
    if (c.guest == guest && c.guest_port == guest_port && c.port == port && c.state != State::kGone)
      return &c;
  }
  return nullptr;
}

void Tcp::receive(const Ipv4& from, View bytes) {
  const auto segment = parse(from, bytes);
  if (!segment) return;
  if (Connection* c = find(from, segment->from_port, segment->to_port)) {
    take(*c, *segment);
  } else {
    strange(from, *segment);
  }
  settle();
}

// Of no connection (section 3.10.7.1 and 3.10.7.2).
void Tcp::strange(const Ipv4& from, const Segment& s) {
  const auto service = std::find_if(services_.begin(), services_.end(),
                                    [&](const Service& one) { return one.port == s.to_port; });
  const bool listens = service != services_.end() && service->kind != Kind::kRefused;
  if ((s.flags & kRst) != 0 || (listens && service->kind == Kind::kSilent)) return;
  if (listens && (s.flags & (kSyn | kAck)) == kSyn) return open(from, s, service->kind);
  if ((s.flags & kAck) != 0)
    return transmit(from, s.to_port, s.from_port, kRst, s.acknowledgement, 0, 0, {});
  const std::uint32_t length =
      static_cast<std::uint32_t>(s.data.size()) + ((s.flags & kSyn) != 0) + ((s.flags & kFin) != 0);
  transmit(from, s.to_port, s.from_port, kRst | kAck, 0, s.sequence + length, 0, {});
}

void Tcp::open(const Ipv4& from, const Segment& s, Kind kind) {
  if (connections_.size() >= kMostConnections) return;  // as a listener whose queue is full
  Connection& c = connections_.emplace_back();
  c.guest = from;
  c.guest_port = s.from_port;
  c.port = s.to_port;
  c.dialogue = Dialogue(kind);
  c.expected = s.sequence + 1;
  c.window = s.window;
  c.mss = s.mss;
  c.acknowledged = ++made_ << 20;
  c.next = c.furthest = c.acknowledged + 1;
  c.resend_at = clock_.now() + kFirstWait;
  transmit(c, kSyn | kAck, c.acknowledged, {});
}

void Tcp::call(const Ipv4& guest, std::uint16_t guest_port) {
  if (connections_.size() >= kMostConnections) return;
  Connection& c = connections_.emplace_back();
  c.guest = guest;
  c.guest_port = guest_port;
  c.acknowledged = ++made_ << 20;
  c.port = static_cast<std::uint16_t>(kFirstPort + made_ % 16'384);
  c.state = State::kSynSent;
  c.dialogue = Dialogue(Kind::kCaller);
  c.next = c.furthest = c.acknowledged + 1;
  c.resend_at = clock_.now() + kFirstWait;
  transmit(c, kSyn, c.acknowledged, {});
}

void Tcp::take(Connection& c, const Segment& s) {
  if (c.state == State::kSynSent) {
    const bool ours = (s.flags & kAck) != 0 && s.acknowledgement == c.next;
    if ((s.flags & kRst) != 0) {
      if (ours) c.state = State::kGone;
      return;
    }
    if (!ours || (s.flags & kSyn) == 0) return;
    c.expected = s.sequence + 1;
    c.mss = s.mss;
  } else if ((s.flags & kRst) != 0) {
    if (s.sequence - c.expected <= std::max<std::size_t>(c.room(), 1)) c.state = State::kGone;
    return;
  } else if ((s.flags & kSyn) != 0) {
    // Our answer was lost; or it is of an earlier connection (section 3.10.7.4: a challenge).
    if (c.state == State::kSynReceived) return transmit(c, kSyn | kAck, c.acknowledged, {});
    return transmit(c, kAck, c.next, {});
  }
  if ((s.flags & kAck) == 0) return;
  const bool opens = c.state == State::kSynSent || c.state == State::kSynReceived;
  if (opens) {
    if (s.acknowledgement != c.next)
      return transmit(c.guest, c.port, c.guest_port, kRst, s.acknowledgement, 0, 0, {});
    const bool called = c.state == State::kSynSent;
    c.state = State::kOpen;
    c.acknowledged = c.next;
    c.window = s.window;
    c.resend_at = 0;
    c.tries = 0;
    if (called) transmit(c, kAck, c.next, {});
    say(c, c.dialogue.opened());
    if (called) return push(c, false);
  } else {
    take_acknowledgement(c, s);
  }
  const bool wants = take_data(c, s);
  read(c);
  if (c.state == State::kGone) return;
  push(c, wants);
  if (c.ended && c.finish_taken && c.state == State::kOpen) {
    c.state = State::kOver;
    c.gone_at = clock_.now() + kLinger;
    c.resend_at = 0;
  }
}

void Tcp::take_acknowledgement(Connection& c, const Segment& s) {
  const std::uint32_t way = s.acknowledgement - c.acknowledged;
  if (way == 0) {
    const bool repeated = s.data.empty() && s.window == c.window && c.next != c.acknowledged;
    c.window = s.window;
    // Three of the same: a segment was lost (RFC 5681 section 3.2).
    if (repeated && ++c.same_acknowledgements == 3)
      transmit(c, kAck, c.acknowledged, std::string_view(c.output).substr(0, c.mss));
    return;
  }
  if (way > c.furthest - c.acknowledged) return;  // old, or of what was never sent
  const std::size_t data = std::min<std::size_t>(way, c.output.size());
  c.finish_taken |= way > data;
  c.output.erase(0, data);
  c.acknowledged = s.acknowledgement;
  if (before(c.next, c.acknowledged)) c.next = c.acknowledged;
  c.window = s.window;
  c.same_acknowledgements = c.tries = 0;
  c.resend_at = c.next == c.acknowledged ? 0 : clock_.now() + kFirstWait;
}

bool Tcp::take_data(Connection& c, const Segment& s) {
  View data = s.data;
  const bool fin = (s.flags & kFin) != 0;
  if (data.empty() && !fin) return false;
  if (before(c.expected, s.sequence)) return true;  // something is missing before it
  const std::size_t known = c.expected - s.sequence;
  if (known > data.size() || c.ended) return true;
  data = data.subspan(known);
  const std::size_t taken = std::min(data.size(), c.room());
  c.input.append(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(taken));
  c.expected += static_cast<std::uint32_t>(taken);
  if (fin && taken == data.size()) {
    ++c.expected;
    c.ended = true;
  }
  return true;
}

// Hands the dialogue what has come: at once, or piece by piece at its pace.
void Tcp::read(Connection& c) {
  const auto pace = c.dialogue.pace();
  if (!c.input.empty() && c.output.size() < kMostOutput) {
    if (pace) {
      if (c.read_at == 0) c.read_at = clock_.now() + pace->interval;
      return;
    }
    say(c, c.dialogue.heard(std::exchange(c.input, {})));
  }
  if (c.state != State::kGone && c.ended && c.input.empty() && !c.told) {
    c.told = true;
    say(c, c.dialogue.ended());
  }
}

void Tcp::say(Connection& c, const Dialogue::Reply& reply) {
  if (c.state == State::kGone) return;
  if (!c.finish) c.output += reply.bytes;
  c.finish |= reply.finish;
  if (reply.abort) return reset(c);
  if (reply.call != 0) call(c.guest, reply.call);
}

// As much as the guest's window takes.
void Tcp::push(Connection& c, bool acknowledge) {
  if (c.state != State::kOpen) {
    if (c.state == State::kOver && acknowledge) transmit(c, kAck, c.next, {});
    return;
  }
  bool sent = false;
  for (;;) {
    const std::size_t flying = c.next - c.acknowledged;
    if (c.finish_taken || flying > c.output.size()) break;  // all of it, and the FIN
    const std::size_t left = c.output.size() - flying;
    const std::size_t room = c.window > flying ? c.window - flying : 0;
    const std::size_t size = std::min({left, room, std::size_t{c.mss}});
    const bool fin = c.finish && size == left;
    if (size == 0 && !fin) {
      // A closed window is asked again (section 3.8.6.1).
      if (left != 0 && c.resend_at == 0) c.resend_at = clock_.now() + wait_of(c.tries);
      break;
    }
    const auto flags = static_cast<std::uint8_t>(kAck | (size != 0 ? kPsh : 0) | (fin ? kFin : 0));
    transmit(c, flags, c.next, std::string_view(c.output).substr(flying, size));
    c.next += static_cast<std::uint32_t>(size) + fin;
    if (before(c.furthest, c.next)) c.furthest = c.next;
    if (c.resend_at == 0) c.resend_at = clock_.now() + wait_of(c.tries);
    sent = true;
  }
  if (!sent && acknowledge) transmit(c, kAck, c.next, {});
}

void Tcp::resend(Connection& c) {
  if (++c.tries > kMostTries) return reset(c);
  c.resend_at = clock_.now() + wait_of(c.tries);
  if (c.state == State::kSynSent) return transmit(c, kSyn, c.acknowledged, {});
  if (c.state == State::kSynReceived) return transmit(c, kSyn | kAck, c.acknowledged, {});
  c.next = c.acknowledged;
  c.same_acknowledgements = 0;
  if (c.window == 0 && !c.output.empty()) {
    transmit(c, kAck | kPsh, c.next, std::string_view(c.output).substr(0, 1));
    ++c.next;
    if (before(c.furthest, c.next)) c.furthest = c.next;
    return;
  }
  push(c, false);
}

void Tcp::reset(Connection& c) {
  transmit(c, kRst | kAck, c.next, {});
  c.state = State::kGone;
}

void Tcp::transmit(const Connection& c, std::uint8_t flags, std::uint32_t sequence,
                   std::string_view data) {
  transmit(c.guest, c.port, c.guest_port, flags, sequence, (flags & kAck) != 0 ? c.expected : 0,
           static_cast<std::uint16_t>(c.room()), data);
}

void Tcp::transmit(const Ipv4& to, std::uint16_t port, std::uint16_t guest_port, std::uint8_t flags,
                   std::uint32_t sequence, std::uint32_t acknowledgement, std::uint16_t window,
                   std::string_view data) {
  Bytes s;
  append16(s, port);
  append16(s, guest_port);
  append32(s, sequence);
  append32(s, acknowledgement);
  const bool syn = (flags & kSyn) != 0;
  s.push_back(static_cast<std::uint8_t>((kHeader + (syn ? 4 : 0)) / 4 << 4));
  s.push_back(flags);
  append16(s, window);
  append32(s, 0);  // checksum, urgent pointer
  if (syn) {
    append16(s, 0x0204);
    append16(s, kMss);
  }
  append_all(s, data);
  put16(s, 16, checksum(s, pseudo_header_sum(address_, to, kTcpProtocol, s.size())));
  send_(to, std::move(s));
}

void Tcp::expired() {
  const Nanoseconds now = clock_.now();
  const auto due = [now](Nanoseconds at) { return at != 0 && at <= now; };
  for (Connection& c : connections_) {
    if (due(c.gone_at)) c.state = State::kGone;
    if (c.state != State::kGone && due(c.resend_at)) resend(c);
    if (c.state == State::kGone || !due(c.read_at)) continue;
    c.read_at = 0;
    const auto pace = c.dialogue.pace();
    if (!pace) continue;
    const bool was_narrow = c.room() < c.mss;
    const std::size_t size = std::min(c.input.size(), pace->bytes);
    say(c, c.dialogue.heard(std::string_view(c.input).substr(0, size)));
    c.input.erase(0, size);
    read(c);
    push(c, was_narrow && c.room() >= c.mss);
  }
  settle();
}

void Tcp::settle() {
  connections_.remove_if([](const Connection& c) { return c.state == State::kGone; });
  std::optional<Nanoseconds> next;
  for (const Connection& c : connections_) {
    for (const Nanoseconds at : {c.resend_at, c.read_at, c.gone_at}) {
      if (at != 0) next = std::min(next.value_or(at), at);
    }
  }
  if (!next) {
    timer_.cancel();
  } else if (timer_.deadline() != next) {
    timer_.arm_at(*next);
  }
}

void Tcp::Connection::serialize(Archive& archive) {
  archive.io(guest);
  archive.io(guest_port);
  archive.io(port);
  archive.io(state, State::kGone);
  dialogue.serialize(archive);
  archive.io(acknowledged);
  archive.io(next);
  archive.io(furthest);
  archive.io(output, kLongestOutput);
  archive.io(finish);
  archive.io(finish_taken);
  archive.io(window);
  archive.io(mss);
  archive.io(same_acknowledgements);
  archive.io(tries);
  archive.io(expected);
  archive.io(input, kWindow);
  archive.io(ended);
  archive.io(told);
  archive.io(resend_at);
  archive.io(read_at);
  archive.io(gone_at);
  if (archive.loading() && archive.ok() && (mss < 64 || mss > kMss))
    archive.fail("a segment size that no connection has");
}

// The timer is the clock's to keep.
void Tcp::serialize(Archive& archive) {
  archive.io(made_);
  auto count = static_cast<std::uint32_t>(connections_.size());
  archive.io(count);
  if (archive.loading()) {
    connections_.clear();
    if (!archive.ok()) return;
    if (count > kMostConnections) return archive.fail("more connections than may be");
    connections_.resize(count);
  }
  for (Connection& c : connections_) c.serialize(archive);
}

std::string Tcp::dump() const {
  std::string text;
  for (const Connection& c : connections_) {
    text += fmt::format("  {} port {}, guest {}:{}: {} to send, {} to read\n",
                        name_of(c.dialogue.kind()), c.port, to_text(c.guest), c.guest_port,
                        c.output.size(), c.input.size());
  }
  return text;
}

}  // namespace ice86::slirp_net::peer
