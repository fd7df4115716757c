// SPDX-License-Identifier: LGPL-2.1-or-later
// TCP as the peer speaks it: in virtual time, with retransmission, so that a line that loses and
// delays frames is nothing special. It takes what comes in order, and answers at once.
// Reference: RFC 9293.
#pragma once

#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "emulator/bus/clock.h"
#include "slirp-net/peer/packets.h"
#include "slirp-net/peer/service.h"

namespace ice86::slirp_net::peer {

class Tcp final {
 public:
  // Takes segments for the guest.
  using Send = std::function<void(const Ipv4& to, Bytes segment)>;

  Tcp(Clock& clock, const std::string& timer, Ipv4 address, std::vector<Service> services,
      Send send);

  void receive(const Ipv4& from, View segment);
  std::size_t connections() const { return connections_.size(); }
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  enum class State : std::uint8_t {
    kSynSent,
    kSynReceived,
    kOpen,
    kOver,  // both sides have closed: late segments are acknowledged for a while
    kGone,
  };
  struct Segment {
    std::uint16_t from_port = 0, to_port = 0, window = 0, mss = 536;
    std::uint32_t sequence = 0, acknowledgement = 0;
    std::uint8_t flags = 0;
    View data;
  };
  struct Connection {
    Ipv4 guest{};
    std::uint16_t guest_port = 0, port = 0;
    State state = State::kSynReceived;
    Dialogue dialogue{Kind::kEcho};
    // Sending (RFC 9293 section 3.3.1): SND.UNA, SND.NXT, and the furthest that SND.NXT was.
    std::uint32_t acknowledged = 0, next = 0, furthest = 0;
    std::string output;         // from `acknowledged` on
    bool finish = false;        // a FIN comes behind it
    bool finish_taken = false;  // and the guest has acknowledged it
    std::uint32_t window = 0;   // the guest's
    std::uint16_t mss = 536;
    std::uint32_t same_acknowledgements = 0, tries = 0;
    // Receiving.
    std::uint32_t expected = 0;                           // RCV.NXT
    std::string input;                                    // not read yet
    bool ended = false;                                   // the guest's FIN has come
    bool told = false;                                    // and the dialogue knows
    Nanoseconds resend_at = 0, read_at = 0, gone_at = 0;  // 0: not armed

    std::size_t room() const;
    void serialize(Archive& archive);
  };

  std::optional<Segment> parse(const Ipv4& from, View bytes) const;
  Connection* find(const Ipv4& guest, std::uint16_t guest_port, std::uint16_t port);
  void strange(const Ipv4& from, const Segment& segment);
  void open(const Ipv4& from, const Segment& segment, Kind kind);
  void call(const Ipv4& guest, std::uint16_t guest_port);
  void take(Connection& c, const Segment& segment);
  void take_acknowledgement(Connection& c, const Segment& segment);
  // True: it wants an acknowledgement.
  bool take_data(Connection& c, const Segment& segment);
  void read(Connection& c);
  void say(Connection& c, const Dialogue::Reply& reply);
  void push(Connection& c, bool acknowledge);
  void resend(Connection& c);
  void transmit(const Connection& c, std::uint8_t flags, std::uint32_t sequence,
                std::string_view data);
  void transmit(const Ipv4& to, std::uint16_t port, std::uint16_t guest_port, std::uint8_t flags,
                std::uint32_t sequence, std::uint32_t acknowledgement, std::uint16_t window,
                std::string_view data);
  void reset(Connection& c);
  void expired();
  void settle();  // forgets what is gone, arms the timer

  Clock& clock_;
  Ipv4 address_;
  std::vector<Service> services_;
  Send send_;
  Timer timer_;
  std::list<Connection> connections_;
  std::uint32_t made_ = 0;  // connections so far: the next one's sequence numbers
};

}  // namespace ice86::slirp_net::peer
