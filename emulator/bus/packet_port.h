// SPDX-License-Identifier: LGPL-2.1-or-later
// The packet port: what is between a network card and a network. A cable has two ends, one for each
// side; pcap capture and the like sit between as a short cable of their own. Frames are Ethernet
// frames from the destination address to the end of the payload, without the frame check sequence.
// Everything happens in virtual time, and inside one call.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "emulator/base/archive.h"
#include "emulator/base/result.h"
#include "emulator/bus/types.h"

namespace ice86 {

class Clock;

// The longest frame any end accepts (jumbo frames; 8254x manual, section 3.2.2: 16384 with FCS).
constexpr std::size_t kMostFrame = 16380;

class PacketEnd {
 public:
  PacketEnd() = default;
  virtual ~PacketEnd() {
    if (peer_ != nullptr) peer_->peer_ = nullptr;
  }
  PacketEnd(const PacketEnd&) = delete;
  PacketEnd& operator=(const PacketEnd&) = delete;

  // Plugs a cable in. Neither end may have one already. Both hear of the link.
  static void connect(PacketEnd& a, PacketEnd& b) {
    a.peer_ = &b;
    b.peer_ = &a;
    a.link_changed();
    b.link_changed();
  }

  // Room for one more frame of any length. A sender that respects it loses nothing.
  virtual bool can_receive() const = 0;
  // A frame arrives. An end without room drops it, and counts it if it counts such things.
  virtual void receive(std::span<const std::uint8_t> frame) = 0;
  // The other end, which had no room, has room again.
  virtual void peer_ready() {}
  // carrier() may have changed.
  virtual void link_changed() {}
  // This end's half of the link: it is switched on and sends a carrier.
  virtual bool sends_carrier() const { return true; }

 protected:
  // For the side of this end.
  bool carrier() const { return peer_ != nullptr && peer_->sends_carrier(); }
  bool peer_can_receive() const { return peer_ != nullptr && peer_->can_receive(); }
  void send(std::span<const std::uint8_t> frame) {
    if (peer_ != nullptr) peer_->receive(frame);
  }
  // To the other end: there is room again; sends_carrier() says something new.
  void announce_ready() {
    if (peer_ != nullptr) peer_->peer_ready();
  }
  void announce_link() {
    if (peer_ != nullptr) peer_->link_changed();
  }

 private:
  PacketEnd* peer_ = nullptr;
};

// What a network card is plugged into.
class Network {
 public:
  virtual ~Network() = default;

  // Where the card's cable goes.
  virtual PacketEnd& port() = 0;

  // Somebody outside the machine may still answer: an idle guest must not jump past its own
  // time-outs, so its idle time passes in real time meanwhile.
  virtual bool traffic_outstanding() const { return false; }
  // Waits at most `timeout` of real time for the outside, and takes in what is there. True when
  // there was something. Called at the edges of the run loop only.
  virtual bool poll(Nanoseconds timeout) {
    static_cast<void>(timeout);
    return false;
  }

  // After a run: what could not be done meanwhile, such as writing a file.
  virtual Result<void> finish() { return {}; }

  virtual void serialize(Archive& archive) = 0;
  virtual std::string dump() const = 0;
};

}  // namespace ice86
