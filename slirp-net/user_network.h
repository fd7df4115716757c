// SPDX-License-Identifier: LGPL-2.1-or-later
// The user network: a small TCP/IP stack (libslirp) that is gateway, DHCP, DNS and TFTP server to
// the guest and turns its connections into sockets of this process. Its clock and its timers are
// the machine's; only sockets take real time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "emulator/bus/clock.h"
#include "emulator/bus/packet_port.h"
#include "emulator/bus/trace.h"
#include "slirp-net/frame_queue.h"
#include "slirp-net/user_options.h"

namespace ice86::slirp_net {

class UserNetwork final : public Network, private PacketEnd {
 public:
  // `name` is of the timers and the snapshot section: one for each network. Errors: a host port
  // that is taken, a TFTP root that is no folder, a guestfwd target that does not answer.
  static Result<std::unique_ptr<UserNetwork>> create(Clock& clock, TraceBus& trace,
                                                     std::string name, UserOptions options);
  ~UserNetwork() override;

  PacketEnd& port() override { return *this; }
  bool traffic_outstanding() const override;
  bool poll(Nanoseconds timeout) override;
  // The stack with its leases. Connections to the outside can not be kept: after a load the guest
  // sees them reset.
  void serialize(Archive& archive) override;
  std::string dump() const override;

  // The host ports of the hostfwd options, in their order: the chosen ones where 0 was asked for.
  const std::vector<std::uint16_t>& forwarded_ports() const { return forwarded_ports_; }

 private:
  struct Stack;
  struct Neighbor {
    std::array<std::uint8_t, 6> mac{};
    Ipv4 address{};
  };

  UserNetwork(Clock& clock, TraceBus& trace, std::string name, UserOptions options);
  bool can_receive() const override { return true; }
  void receive(std::span<const std::uint8_t> frame) override;
  void peer_ready() override { to_guest_.resume(); }
  Result<void> start_stack();
  Result<void> in_network(const GuestForward& forward) const;
  void arm_poll(Nanoseconds delay);
  void learn_neighbor(std::span<const std::uint8_t> frame);
  void load_stack(Archive& archive, int version, const std::vector<std::uint8_t>& bytes);

  Clock& clock_;
  TraceBus& trace_;
  std::string name_;
  UserOptions options_;
  FrameQueue to_guest_;
  Timer poll_timer_, advertisement_timer_;
  bool loading_ = false;  // timers are as the snapshot says
  Nanoseconds last_from_guest_ = 0;
  bool heard_ = false;  // from the guest, ever
  std::vector<Neighbor> neighbors_;
  std::vector<std::uint16_t> forwarded_ports_;
  std::unique_ptr<Stack> stack_;
};

}  // namespace ice86::slirp_net
