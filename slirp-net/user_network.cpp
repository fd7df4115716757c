// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: libslirp 4.7, libslirp.h.
#include "slirp-net/user_network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <libslirp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "emulator/base/hash.h"
#include "slirp-net/broken_pipe_guard.h"
#include "slirp-net/guest_forward.h"
#include "slirp-net/udp_guest_forward.h"

namespace ice86::slirp_net {

namespace {

constexpr Nanoseconds kMillisecond = 1'000'000;
// From a frame of the guest to the stack's answer, and from a socket to the guest.
constexpr Nanoseconds kLatency = 20'000;
// How often sockets are looked at while there are some.
constexpr Nanoseconds kPollInterval = kMillisecond;
// How long an answer over UDP or ICMP is waited for.
constexpr Nanoseconds kReplyTime = 5'000'000'000;
// Between router advertisements nobody asked for. The stack would choose 200 to 600 s at random.
constexpr Nanoseconds kAdvertisementInterval = 400'000'000'000;
constexpr std::size_t kMostState = 1 << 20;
constexpr std::size_t kEthernetHeader = 14, kIpv4Header = 20, kArpSize = 28;

in_addr to_in(const Ipv4& a) {
  in_addr result{};
  std::memcpy(&result, a.data(), a.size());
  return result;
}
in6_addr to_in6(const Ipv6& a) {
  in6_addr result{};
  std::memcpy(&result, a.data(), a.size());
  return result;
}
const char* text_or_null(const std::optional<std::string>& text) {
  return text ? text->c_str() : nullptr;
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress socket_address(const std::string& host, std::uint16_t port, bool ipv6) {
  SocketAddress result;
  if (ipv6) {
    auto* in6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    in6->sin6_addr = in6addr_any;
    if (!host.empty()) inet_pton(AF_INET6, host.c_str(), &in6->sin6_addr);
    result.size = sizeof *in6;
  } else {
    auto* in4 = reinterpret_cast<sockaddr_in*>(&result.storage);
    in4->sin_family = AF_INET;
    in4->sin_port = htons(port);
    if (!host.empty()) inet_pton(AF_INET, host.c_str(), &in4->sin_addr);
    result.size = sizeof *in4;
  }
  return result;
}

std::uint16_t bound_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

}  // namespace

// Everything that libslirp sees, and the sockets it told of.
struct UserNetwork::Stack {
  explicit Stack(UserNetwork& owner) : network(owner) {}
  ~Stack() {
    quiet = true;
    forwards.clear();
    if (slirp != nullptr) slirp_cleanup(slirp);
  }

  void open();
  void fill();
  void teach_neighbors(const std::vector<Neighbor>& known);

  UserNetwork& network;
  Slirp* slirp = nullptr;
  SlirpCb callbacks{};
  void* advertisement = nullptr;  // libslirp's handle of its one timer
  bool quiet = false;             // frames and timers of libslirp are of no interest
  std::vector<const char*> dns_search;
  std::vector<std::unique_ptr<GuestForwardSocket>> forwards;
  std::vector<std::unique_ptr<UdpGuestForward>> udp_forwards;
  std::vector<pollfd> polled;
  std::set<int> listeners;  // hostfwd: not traffic by themselves
  bool has_connection = false, has_exchange = false;
  bool stale = false;               // the guest may have opened a socket since
  std::uint32_t stack_timeout = 0;  // milliseconds
};

void UserNetwork::Stack::open() {
  const UserOptions& o = network.options_;
  SlirpConfig config{};
  config.version = 4;
  config.restricted = o.restricted ? 1 : 0;
  config.in_enabled = o.ipv4;
  config.vnetwork = to_in(o.network);
  config.vnetmask = to_in(o.mask);
  config.vhost = to_in(o.host);
  config.in6_enabled = o.ipv6;
  config.vprefix_addr6 = to_in6(o.network6);
  config.vprefix_len = o.prefix6;
  config.vhost6 = to_in6(o.host6);
  config.vhostname = text_or_null(o.hostname);
  config.tftp_server_name = text_or_null(o.tftp_server_name);
  config.tftp_path = text_or_null(o.tftp);
  config.bootfile = text_or_null(o.boot_file);
  config.vdhcp_start = to_in(o.dhcp_start);
  config.vnameserver = to_in(o.dns);
  config.vnameserver6 = to_in6(o.dns6);
  config.vdomainname = text_or_null(o.domain_name);
  for (const std::string& domain : o.dns_search) dns_search.push_back(domain.c_str());
  if (!dns_search.empty()) {
    dns_search.push_back(nullptr);
    config.vdnssearch = dns_search.data();
  }

  callbacks.send_packet = [](const void* frame, std::size_t size, void* opaque) -> ssize_t {
    auto& self = *static_cast<Stack*>(opaque);
    if (!self.quiet) {
      self.network.to_guest_.push({static_cast<const std::uint8_t*>(frame), size}, kLatency);
    }
    return static_cast<ssize_t>(size);
  };
  callbacks.guest_error = [](const char* message, void* opaque) {
    TraceBus& trace = static_cast<Stack*>(opaque)->network.trace_;
    if (trace.wants(TraceCategory::kNet)) {
      trace.emit(TraceCategory::kNet, "guest-error", {{"message", std::string(message)}});
    }
  };
  callbacks.clock_get_ns = [](void* opaque) {
    return static_cast<std::int64_t>(static_cast<Stack*>(opaque)->network.clock_.now());
  };
  callbacks.timer_new_opaque = [](SlirpTimerId, void* handle, void* opaque) -> void* {
    static_cast<Stack*>(opaque)->advertisement = handle;
    return opaque;
  };
  callbacks.timer_free = [](void*, void* opaque) {
    auto& self = *static_cast<Stack*>(opaque);
    if (!self.quiet) self.network.advertisement_timer_.cancel();
  };
  callbacks.timer_mod = [](void*, std::int64_t, void* opaque) {
    auto& self = *static_cast<Stack*>(opaque);
    if (self.quiet || self.network.loading_) return;
    self.network.advertisement_timer_.arm_in(kAdvertisementInterval);
  };
  callbacks.register_poll_fd = [](int, void*) {};
  callbacks.unregister_poll_fd = [](int, void*) {};
  callbacks.notify = [](void*) {};
  callbacks.init_completed = [](Slirp*, void*) {};
  slirp = slirp_new(&config, &callbacks, this);
}

// Asks which sockets there are, and what kind of waiting they mean.
void UserNetwork::Stack::fill() {
  polled.clear();
  stale = false;
  stack_timeout = UINT32_MAX;
  slirp_pollfds_fill(
      slirp, &stack_timeout,
      [](int fd, int events, void* opaque) {
        auto& self = *static_cast<Stack*>(opaque);
        short wanted = 0;
        if ((events & SLIRP_POLL_IN) != 0) wanted |= POLLIN;
        if ((events & SLIRP_POLL_OUT) != 0) wanted |= POLLOUT;
        if ((events & SLIRP_POLL_PRI) != 0) wanted |= POLLPRI;
        self.polled.push_back({fd, wanted, 0});
        return static_cast<int>(self.polled.size() - 1);
      },
      this);
  has_connection = has_exchange = false;
  for (const pollfd& entry : polled) {
    if (listeners.count(entry.fd) != 0) continue;
    int type = 0;
    socklen_t size = sizeof type;
    getsockopt(entry.fd, SOL_SOCKET, SO_TYPE, &type, &size);
    (type == SOCK_STREAM ? has_connection : has_exchange) = true;
  }
}

// A gratuitous ARP request from each station that was there before: libslirp does not save whom it
// knows, and would ask again at a time of its own.
void UserNetwork::Stack::teach_neighbors(const std::vector<Neighbor>& known) {
  const bool before = quiet;
  quiet = true;
  for (const Neighbor& neighbor : known) {
    std::array<std::uint8_t, kEthernetHeader + kArpSize> frame{};
    std::fill_n(frame.begin(), 6, std::uint8_t{0xFF});
    std::copy(neighbor.mac.begin(), neighbor.mac.end(), frame.begin() + 6);
    static constexpr std::uint8_t kHead[] = {0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1};
    std::copy(std::begin(kHead), std::end(kHead), frame.begin() + 12);
    std::copy(neighbor.mac.begin(), neighbor.mac.end(), frame.begin() + 22);
    std::copy(neighbor.address.begin(), neighbor.address.end(), frame.begin() + 28);
    std::copy(neighbor.address.begin(), neighbor.address.end(), frame.begin() + 38);
    slirp_input(slirp, frame.data(), static_cast<int>(frame.size()));
  }
  quiet = before;
}

Result<std::unique_ptr<UserNetwork>> UserNetwork::create(Clock& clock, TraceBus& trace,
                                                         std::string name, UserOptions options) {
  if (options.tftp) {
    std::error_code code;
    if (!std::filesystem::is_directory(*options.tftp, code)) {
      return Error(fmt::format("tftp={}: no such folder", *options.tftp));
    }
  }
  std::unique_ptr<UserNetwork> network(
      new UserNetwork(clock, trace, std::move(name), std::move(options)));
  ICE86_TRY(network->start_stack());
  return network;
}

UserNetwork::UserNetwork(Clock& clock, TraceBus& trace, std::string name, UserOptions options)
    : clock_(clock),
      trace_(trace),
      name_(std::move(name)),
      options_(std::move(options)),
      to_guest_(clock, name_ + "-rx",
                {[this] { return peer_can_receive(); },
                 [this](std::span<const std::uint8_t> frame) { send(frame); }}),
      poll_timer_(clock, name_ + "-poll", [this](Nanoseconds) { poll(0); }),
      advertisement_timer_(clock, name_ + "-ra", [this](Nanoseconds) {
        slirp_handle_timer(stack_->slirp, SLIRP_TIMER_RA, stack_->advertisement);
      }) {}

UserNetwork::~UserNetwork() = default;

Result<void> UserNetwork::start_stack() {
  stack_ = std::make_unique<Stack>(*this);
  Stack& stack = *stack_;
  stack.open();
  if (stack.slirp == nullptr) return Error("the user network's TCP/IP stack did not start");
  const std::vector<std::uint16_t> before = std::move(forwarded_ports_);
  forwarded_ports_.clear();
  for (std::size_t i = 0; i < options_.host_forwards.size(); ++i) {
    const HostForward& forward = options_.host_forwards[i];
    const bool ipv6 = forward.host_address.find(':') != std::string::npos ||
                      forward.guest_address.find(':') != std::string::npos;
    // A port that was chosen once stays.
    const std::uint16_t wanted =
        forward.host_port == 0 && i < before.size() ? before[i] : forward.host_port;
    const SocketAddress host = socket_address(forward.host_address, wanted, ipv6);
    const SocketAddress guest = socket_address(forward.guest_address, forward.guest_port, ipv6);
    if (slirp_add_hostxfwd(stack.slirp, host.get(), host.size, guest.get(), guest.size,
                           forward.udp ? SLIRP_HOSTFWD_UDP : 0) < 0) {
      return Error(fmt::format("hostfwd={}: host port {} ({}) cannot be used: {}", forward.text,
                               wanted, forward.udp ? "udp" : "tcp", std::strerror(errno)));
    }
    stack.fill();
    std::uint16_t port = wanted;
    for (const pollfd& entry : stack.polled) {
      if (stack.listeners.insert(entry.fd).second) port = bound_port(entry.fd);
    }
    forwarded_ports_.push_back(port);
  }
  for (const GuestForward& forward : options_.guest_forwards) {
    if (forward.target == GuestForward::Target::kUdp) {
      ICE86_TRY(in_network(forward));
      ICE86_TRY_ASSIGN(auto socket,
                       UdpGuestForward::open(forward, [this](std::span<const std::uint8_t> frame) {
                         to_guest_.push(frame, kLatency);
                       }));
      stack.udp_forwards.push_back(std::move(socket));
      continue;
    }
    in_addr server = to_in(forward.server);
    int added = 0;
    if (forward.target == GuestForward::Target::kCommand) {
      added = slirp_add_exec(stack.slirp, forward.where.c_str(), &server, forward.port);
    } else if (forward.target == GuestForward::Target::kUnix) {
      added = slirp_add_unix(stack.slirp, forward.where.c_str(), &server, forward.port);
    } else {
      ICE86_TRY_ASSIGN(auto socket, GuestForwardSocket::connect(forward));
      added = slirp_add_guestfwd(
          stack.slirp,
          [](const void* bytes, std::size_t size, void* opaque) -> ssize_t {
            return static_cast<GuestForwardSocket*>(opaque)->from_guest(bytes, size);
          },
          socket.get(), &server, forward.port);
      stack.forwards.push_back(std::move(socket));
    }
    if (added < 0) {
      return usage_error(
          fmt::format("guestfwd={}: the address is outside the network {}/{}, is the host's, or is "
                      "forwarded already",
                      forward.text, to_text(options_.network), to_text(options_.mask)));
    }
  }
  stack.fill();
  if (!stack.listeners.empty() || !stack.forwards.empty() || !stack.udp_forwards.empty()) {
    arm_poll(kPollInterval);
  }
  return {};
}

// An address of its own in the guest's network.
Result<void> UserNetwork::in_network(const GuestForward& forward) const {
  bool inside = forward.server != options_.host && forward.server != options_.dns;
  for (std::size_t i = 0; i < 4; ++i) {
    inside = inside && (forward.server[i] & options_.mask[i]) == options_.network[i];
  }
  if (inside) return {};
  return usage_error(
      fmt::format("guestfwd={}: the address is outside the network {}/{}, or the host's",
                  forward.text, to_text(options_.network), to_text(options_.mask)));
}

void UserNetwork::arm_poll(Nanoseconds delay) {
  if (loading_) return;
  const Nanoseconds due = clock_.now() + delay;
  if (!poll_timer_.armed() || *poll_timer_.deadline() > due) poll_timer_.arm_at(due);
}

// libslirp 4.7 follows a null pointer when it puts the parts of an IPv4 datagram together.
static bool is_fragment(std::span<const std::uint8_t> frame) {
  if (frame.size() < kEthernetHeader + kIpv4Header || frame[12] != 0x08 || frame[13] != 0x00)
    return false;
  constexpr unsigned kMoreAndOffset = 0x3FFF;
  return ((static_cast<unsigned>(frame[20]) << 8 | frame[21]) & kMoreAndOffset) != 0;
}

void UserNetwork::receive(std::span<const std::uint8_t> frame) {
  if (frame.size() < kEthernetHeader || is_fragment(frame)) return;
  last_from_guest_ = clock_.now();
  heard_ = true;
  learn_neighbor(frame);
  for (const auto& forward : stack_->udp_forwards) {
    if (forward->take(frame)) return arm_poll(kPollInterval);
  }
  const BrokenPipeGuard guard;
  slirp_input(stack_->slirp, frame.data(), static_cast<int>(frame.size()));
  stack_->stale = true;
  arm_poll(kPollInterval);
}

// Who sends from which IPv4 address.
void UserNetwork::learn_neighbor(std::span<const std::uint8_t> frame) {
  const unsigned type = static_cast<unsigned>(frame[12]) << 8 | frame[13];
  std::size_t at = 0;
  if (type == 0x0800 && frame.size() >= kEthernetHeader + kIpv4Header) at = 26;
  if (type == 0x0806 && frame.size() >= kEthernetHeader + kArpSize) at = 28;
  if (at == 0) return;
  Neighbor neighbor;
  std::copy_n(frame.begin() + 6, 6, neighbor.mac.begin());
  std::copy_n(frame.begin() + static_cast<std::ptrdiff_t>(at), 4, neighbor.address.begin());
  if (neighbor.address == Ipv4{}) return;
  for (Neighbor& known : neighbors_) {
    if (known.address != neighbor.address) continue;
    known = neighbor;
    return;
  }
  constexpr std::size_t kMostNeighbors = 16;  // as libslirp
  if (neighbors_.size() == kMostNeighbors) neighbors_.erase(neighbors_.begin());
  neighbors_.push_back(neighbor);
}

bool UserNetwork::traffic_outstanding() const {
  if (stack_->stale) stack_->fill();
  const bool recent = clock_.now() < last_from_guest_ + kReplyTime;
  return stack_->has_connection ||
         ((stack_->has_exchange || !stack_->forwards.empty() || !stack_->udp_forwards.empty()) &&
          heard_ && recent);
}

bool UserNetwork::poll(Nanoseconds timeout) {
  Stack& stack = *stack_;
  stack.fill();
  const std::size_t own = stack.polled.size();
  for (const auto& forward : stack.forwards) {
    stack.polled.push_back({forward->fd(), forward->events(stack.slirp), 0});
  }
  for (const auto& forward : stack.udp_forwards) stack.polled.push_back({forward->fd(), POLLIN, 0});
  int ready = 0;
  if (!stack.polled.empty() || timeout != 0) {
    const timespec wait = {static_cast<time_t>(timeout / 1'000'000'000),
                           static_cast<long>(timeout % 1'000'000'000)};
    ready = ppoll(stack.polled.data(), stack.polled.size(), &wait, nullptr);
  }
  const BrokenPipeGuard guard;
  slirp_pollfds_poll(
      stack.slirp, ready < 0 ? 1 : 0,
      [](int index, void* opaque) {
        const short events =
            static_cast<Stack*>(opaque)->polled[static_cast<std::size_t>(index)].revents;
        int happened = 0;
        if ((events & POLLIN) != 0) happened |= SLIRP_POLL_IN;
        if ((events & POLLOUT) != 0) happened |= SLIRP_POLL_OUT;
        if ((events & POLLPRI) != 0) happened |= SLIRP_POLL_PRI;
        if ((events & POLLERR) != 0) happened |= SLIRP_POLL_ERR;
        if ((events & POLLHUP) != 0) happened |= SLIRP_POLL_HUP;
        return happened;
      },
      &stack);
  for (std::size_t i = 0; i < stack.forwards.size(); ++i) {
    stack.forwards[i]->serve(stack.slirp, stack.polled[own + i].revents);
  }
  for (std::size_t i = 0; i < stack.udp_forwards.size(); ++i) {
    if (stack.polled[own + stack.forwards.size() + i].revents != 0) stack.udp_forwards[i]->serve();
  }
  if (!stack.polled.empty()) {
    arm_poll(kPollInterval);
  } else if (stack.stack_timeout != UINT32_MAX) {
    arm_poll(std::max<Nanoseconds>(stack.stack_timeout, 1) * kMillisecond);
  }
  return ready > 0;
}

void UserNetwork::serialize(Archive& archive) {
  archive.section(name_, 1, [&] {
    archive.io(last_from_guest_);
    archive.io(heard_);
    auto count = static_cast<std::uint32_t>(neighbors_.size());
    archive.io(count);
    if (archive.loading()) {
      if (!archive.ok() || count > 16) return archive.fail("a user network's state is damaged");
      neighbors_.resize(count);
    }
    for (Neighbor& neighbor : neighbors_) {
      archive.io(neighbor.mac);
      archive.io(neighbor.address);
    }
    to_guest_.serialize(archive);

    std::int32_t version = slirp_state_version();
    std::vector<std::uint8_t> bytes;
    if (!archive.loading()) {
      slirp_state_save(
          stack_->slirp,
          [](const void* data, std::size_t size, void* opaque) -> ssize_t {
            const auto* from = static_cast<const std::uint8_t*>(data);
            auto& to = *static_cast<std::vector<std::uint8_t>*>(opaque);
            to.insert(to.end(), from, from + size);
            return static_cast<ssize_t>(size);
          },
          &bytes);
    }
    // libslirp trusts what it loads: only bytes that are as they were saved reach it.
    std::string digest = sha256_hex(bytes);
    archive.io(version);
    archive.io(digest, 64);
    archive.io(bytes, kMostState);
    if (!archive.loading() || !archive.ok()) return;
    if (version > slirp_state_version()) {
      return archive.fail("it was saved with a newer libslirp than this");
    }
    if (digest != sha256_hex(bytes)) return archive.fail("a user network's state is damaged");
    load_stack(archive, version, bytes);
  });
}

// The machine's clock is loaded already: starting the stack anew must not touch its timers.
void UserNetwork::load_stack(Archive& archive, int version,
                             const std::vector<std::uint8_t>& bytes) {
  loading_ = true;
  stack_.reset();
  if (auto started = start_stack(); !started) {
    loading_ = false;
    return archive.fail(started.error().message());
  }
  std::span<const std::uint8_t> left = bytes;
  const int result = slirp_state_load(
      stack_->slirp, version,
      [](void* data, std::size_t size, void* opaque) -> ssize_t {
        auto& from = *static_cast<std::span<const std::uint8_t>*>(opaque);
        const std::size_t part = std::min(size, from.size());
        std::memcpy(data, from.data(), part);
        from = from.subspan(part);
        return static_cast<ssize_t>(part);
      },
      &left);
  if (result < 0) archive.fail("libslirp does not take the user network's state");
  stack_->teach_neighbors(neighbors_);
  loading_ = false;
}

std::string UserNetwork::dump() const {
  std::string text =
      fmt::format("{}: user {}/{}, {} frames wait\n", name_, to_text(options_.network),
                  to_text(options_.mask), to_guest_.size());
  for (std::size_t i = 0; i < forwarded_ports_.size(); ++i) {
    text += fmt::format("  hostfwd {} at host port {}\n", options_.host_forwards[i].text,
                        forwarded_ports_[i]);
  }
  if (char* info = slirp_connection_info(stack_->slirp); info != nullptr) {
    text += info;
    std::free(info);
  }
  return text;
}

}  // namespace ice86::slirp_net
