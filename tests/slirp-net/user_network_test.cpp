// SPDX-License-Identifier: LGPL-2.1-or-later
// The user network as a guest meets it: DHCP, ARP, ICMP, TFTP, TCP and UDP both ways, forwarding,
// restriction, snapshots, and that nothing but sockets takes real time.
#include "slirp-net/user_network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "tests/slirp-net/mini_guest.h"

namespace ice86 {
namespace {

using namespace slirp_test;
using slirp_net::UserNetwork;
using slirp_net::UserOptions;
using testing::HasSubstr;

UserOptions options(std::string_view text) {
  auto words = slirp_net::split_options(text);
  auto parsed = slirp_net::parse_user_options(words);
  EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().message());
  EXPECT_TRUE(words.size() == 1 && words[0].second == "user");
  return std::move(*parsed);
}

struct Net {
  Clock clock;
  TraceBus trace{clock};
  MiniGuest guest;
  std::unique_ptr<UserNetwork> network;

  explicit Net(std::string_view text = "user") {
    auto made = UserNetwork::create(clock, trace, "net0", options(text));
    EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().message());
    network = std::move(*made);
    PacketEnd::connect(guest, network->port());
  }
  template <typename Done>
  bool until(Done done, Nanoseconds limit = 20'000'000'000) {
    return run(clock, *network, done, limit);
  }
  void pass(Nanoseconds time) {
    until([] { return false; }, time);
  }
};

// A socket of the host's side that cleans up after itself.
struct HostSocket {
  explicit HostSocket(int type) : fd(socket(AF_INET, type | SOCK_NONBLOCK, 0)) {}
  explicit HostSocket(int existing, bool) : fd(existing) {}
  ~HostSocket() {
    if (fd >= 0) close(fd);
  }
  HostSocket(const HostSocket&) = delete;
  HostSocket& operator=(const HostSocket&) = delete;
  static sockaddr_in local(unsigned port) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(static_cast<std::uint16_t>(port));
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
  }
  unsigned bind_any() {
    sockaddr_in a = local(0);
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
    socklen_t size = sizeof a;
    getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size);
    return ntohs(a.sin_port);
  }
  void connect_to(unsigned port) {
    const sockaddr_in a = local(port);
    static_cast<void>(connect(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a));
  }
  std::string read_some() {
    char buffer[4096];
    const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
  }
  int fd;
};

// --- the stack's own services ---

Bytes dhcp(unsigned kind, std::uint32_t transaction, const Mac& mac, const Bytes& extra = {}) {
  Bytes b = {1, 1, 6, 0};
  add32(b, transaction);
  b.resize(28);
  add(b, mac);
  b.resize(236);
  add32(b, 0x63825363);
  add(b, Bytes{53, 1, static_cast<std::uint8_t>(kind)});
  add(b, extra);
  b.push_back(255);
  b.resize(300);
  return b;
}
Bytes dhcp_option(const Bytes& message, unsigned wanted) {
  for (std::size_t i = 240; i + 1 < message.size() && message[i] != 255;) {
    if (message[i] == 0) {
      ++i;
      continue;
    }
    const std::size_t size = message[i + 1];
    if (message[i] == wanted) {
      return {message.begin() + static_cast<std::ptrdiff_t>(i + 2),
              message.begin() + static_cast<std::ptrdiff_t>(i + 2 + size)};
    }
    i += 2 + size;
  }
  return {};
}

TEST(UserNetwork, DhcpGivesTheAddressesOfQemusNetwork) {
  Net n("user,hostname=box,bootfile=kernel.bin,domainname=example.org,dnssearch=a.example");
  n.guest.ip = {0, 0, 0, 0};
  n.guest.send_udp(68, {255, 255, 255, 255}, 67, dhcp(1, 0x11223344, n.guest.mac));
  ASSERT_TRUE(n.until([&] { return !n.guest.datagrams.empty(); }));
  Bytes offer = n.guest.datagrams[0].payload;
  EXPECT_EQ(be32(offer, 4), 0x11223344U);
  EXPECT_EQ(dhcp_option(offer, 53), Bytes{2});
  EXPECT_EQ(Bytes(offer.begin() + 16, offer.begin() + 20), (Bytes{10, 0, 2, 15}));
  n.guest.send_udp(68, {255, 255, 255, 255}, 67,
                   dhcp(3, 0x11223344, n.guest.mac, {50, 4, 10, 0, 2, 15, 54, 4, 10, 0, 2, 2}));
  ASSERT_TRUE(n.until([&] { return n.guest.datagrams.size() == 2; }));
  const Bytes ack = n.guest.datagrams[1].payload;
  EXPECT_EQ(dhcp_option(ack, 53), Bytes{5});
  EXPECT_EQ(dhcp_option(ack, 1), (Bytes{255, 255, 255, 0}));
  EXPECT_EQ(dhcp_option(ack, 3), (Bytes{10, 0, 2, 2}));
  EXPECT_EQ(dhcp_option(ack, 6), (Bytes{10, 0, 2, 3}));
  EXPECT_EQ(dhcp_option(ack, 12), bytes_of("box"));
  EXPECT_EQ(dhcp_option(ack, 15), bytes_of("example.org"));
  EXPECT_FALSE(dhcp_option(ack, 119).empty());
  EXPECT_THAT(std::string(ack.begin() + 108, ack.begin() + 236), HasSubstr("kernel.bin"));
  EXPECT_LT(n.clock.now(), 1'000'000U) << "no real time, hardly any virtual";
}

TEST(UserNetwork, AnotherNetworkByOption) {
  Net n("user,net=192.168.76.0/24,dhcpstart=192.168.76.9");
  n.guest.ip = {0, 0, 0, 0};
  n.guest.send_udp(68, {255, 255, 255, 255}, 67, dhcp(1, 7, n.guest.mac));
  ASSERT_TRUE(n.until([&] { return !n.guest.datagrams.empty(); }));
  const Bytes offer = n.guest.datagrams[0].payload;
  EXPECT_EQ(Bytes(offer.begin() + 16, offer.begin() + 20), (Bytes{192, 168, 76, 9}));
  EXPECT_EQ(dhcp_option(offer, 3), (Bytes{192, 168, 76, 2}));
  EXPECT_EQ(dhcp_option(offer, 6), (Bytes{192, 168, 76, 3}));
}

// libslirp would follow a null pointer when the second one arrives.
TEST(UserNetwork, FragmentsAreDropped) {
  Net n;
  n.guest.send_arp_request(kGateway);
  ASSERT_TRUE(n.until([&] { return !n.guest.neighbors.empty(); }));
  for (const unsigned more_and_offset : {0x2000U, 0x0004U}) {
    Bytes header = {0x45, 0, 0, 52, 0, 9};
    add16(header, more_and_offset);
    add(header, Bytes{64, 17, 0, 0, 10, 0, 2, 15});
    add(header, kGateway);
    const unsigned sum = 0xFFFF - internet_sum(header);
    header[10] = static_cast<std::uint8_t>(sum >> 8);
    header[11] = static_cast<std::uint8_t>(sum);
    Bytes frame;
    add(frame, n.guest.gateway_mac);
    add(frame, n.guest.mac);
    add16(frame, 0x0800);
    add(frame, header);
    add(frame, Bytes(32, 7));
    n.guest.transmit(frame);
  }
  n.guest.send_ping(kGateway, 1, bytes_of("still there?"));
  EXPECT_TRUE(n.until([&] { return !n.guest.pongs.empty(); }));
}

TEST(UserNetwork, ArpAndPing) {
  Net n;
  n.guest.send_arp_request(kGateway);
  ASSERT_TRUE(n.until([&] { return !n.guest.neighbors.empty(); }));
  EXPECT_EQ(n.guest.neighbors[0].first, kGateway);
  EXPECT_EQ(n.guest.neighbors[0].second, n.guest.gateway_mac);
  n.guest.send_ping(kGateway, 1, bytes_of("how far is it?"));
  ASSERT_TRUE(n.until([&] { return !n.guest.pongs.empty(); }));
  EXPECT_EQ(n.guest.pongs[0].first, kGateway);
  EXPECT_THAT(std::string(n.guest.pongs[0].second.begin(), n.guest.pongs[0].second.end()),
              HasSubstr("how far is it?"));
  EXPECT_LT(n.clock.now(), 1'000'000U);
}

struct Folder {
  Folder() {
    char pattern[] = "/tmp/ice86-slirp-XXXXXX";
    path = mkdtemp(pattern);
  }
  ~Folder() {
    std::error_code code;
    std::filesystem::remove_all(path, code);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path path;
};

TEST(UserNetwork, TftpReadsAFile) {
  const Folder folder;
  Bytes content(3000);
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::uint8_t>(i * 13);
  std::ofstream(folder.path / "kernel.bin", std::ios::binary)
      .write(reinterpret_cast<const char*>(content.data()),
             static_cast<std::streamsize>(content.size()));
  Net n("user,tftp=" + folder.path.string());
  Bytes request = {0, 1};
  add(request, std::string("kernel.bin"));
  request.push_back(0);
  add(request, std::string("octet"));
  request.push_back(0);
  n.guest.send_udp(2001, kGateway, 69, request);
  Bytes got;
  for (unsigned block = 1;; ++block) {
    ASSERT_TRUE(n.until([&] { return n.guest.datagrams.size() == block; }));
    const Datagram& data = n.guest.datagrams.back();
    ASSERT_EQ(be16(data.payload, 0), 3U);
    ASSERT_EQ(be16(data.payload, 2), block);
    got.insert(got.end(), data.payload.begin() + 4, data.payload.end());
    Bytes ack = {0, 4};
    add16(ack, block);
    n.guest.send_udp(2001, kGateway, data.source, ack);
    if (data.payload.size() < 516) break;
  }
  EXPECT_EQ(got, content);
}

TEST(UserNetwork, TftpDoesNotLeaveItsFolder) {
  const Folder folder;
  std::filesystem::create_directory(folder.path / "root");
  std::ofstream(folder.path / "secret") << "secret";
  Net n("user,tftp=" + (folder.path / "root").string());
  Bytes request = {0, 1};
  add(request, std::string("../secret"));
  request.push_back(0);
  add(request, std::string("octet"));
  request.push_back(0);
  n.guest.send_udp(2001, kGateway, 69, request);
  ASSERT_TRUE(n.until([&] { return !n.guest.datagrams.empty(); }));
  EXPECT_EQ(be16(n.guest.datagrams[0].payload, 0), 5U) << "an error packet";
}

// --- to and from the host ---

TEST(UserNetwork, GuestReachesAServerOfTheHostByTcp) {
  HostSocket server(SOCK_STREAM);
  const unsigned port = server.bind_any();
  ASSERT_EQ(listen(server.fd, 1), 0);
  Net n;
  EXPECT_FALSE(n.network->traffic_outstanding());
  n.guest.connect(kGateway, port, 40000);
  int accepted = -1;
  ASSERT_TRUE(n.until([&] {
    if (accepted < 0) accepted = accept4(server.fd, nullptr, nullptr, SOCK_NONBLOCK);
    return accepted >= 0 && n.guest.tcp == MiniGuest::Tcp::kOpen;
  }));
  HostSocket connection(accepted, true);
  EXPECT_TRUE(n.network->traffic_outstanding());
  n.guest.write(bytes_of("GET /"));
  std::string at_host;
  ASSERT_TRUE(n.until([&] { return (at_host += connection.read_some()) == "GET /"; }));
  std::string page(20'000, 'x');
  for (std::size_t i = 0; i < page.size(); ++i) page[i] = static_cast<char>('a' + i % 23);
  ASSERT_EQ(send(connection.fd, page.data(), page.size(), 0), static_cast<ssize_t>(page.size()));
  shutdown(connection.fd, SHUT_WR);
  ASSERT_TRUE(n.until([&] { return n.guest.tcp == MiniGuest::Tcp::kPeerClosed; }));
  EXPECT_EQ(std::string(n.guest.tcp_input.begin(), n.guest.tcp_input.end()), page);
}

TEST(UserNetwork, HostForwardReachesTheGuestByTcp) {
  Net n("user,hostfwd=tcp:127.0.0.1:0-:22");
  ASSERT_EQ(n.network->forwarded_ports().size(), 1U);
  const unsigned port = n.network->forwarded_ports()[0];
  ASSERT_NE(port, 0U);
  EXPECT_THAT(n.network->dump(),
              HasSubstr("hostfwd tcp:127.0.0.1:0-:22 at host port " + std::to_string(port)));
  n.guest.listen(22);
  n.guest.tcp_echo = true;
  EXPECT_FALSE(n.network->traffic_outstanding()) << "listening alone is no traffic";
  HostSocket client(SOCK_STREAM);
  client.connect_to(port);
  ASSERT_TRUE(n.until([&] { return n.guest.tcp == MiniGuest::Tcp::kOpen; }));
  EXPECT_TRUE(n.network->traffic_outstanding());
  ASSERT_EQ(send(client.fd, "hello", 5, MSG_NOSIGNAL), 5);
  std::string answer;
  ASSERT_TRUE(n.until([&] { return (answer += client.read_some()) == "hello"; }));
}

TEST(UserNetwork, UdpBothWays) {
  HostSocket server(SOCK_DGRAM);
  const unsigned port = server.bind_any();
  Net n("user,hostfwd=udp:127.0.0.1:0-:5353");
  n.guest.send_udp(4000, kGateway, port, bytes_of("question"));
  EXPECT_TRUE(n.until([&] {
    sockaddr_in from{};
    socklen_t size = sizeof from;
    char buffer[100];
    const ssize_t got =
        recvfrom(server.fd, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got != 8) return false;
    sendto(server.fd, "answer", 6, 0, reinterpret_cast<const sockaddr*>(&from), size);
    return true;
  }));
  ASSERT_TRUE(n.until([&] { return !n.guest.datagrams.empty(); }));
  EXPECT_EQ(n.guest.datagrams[0].from, kGateway);
  EXPECT_EQ(n.guest.datagrams[0].destination, 4000U);
  EXPECT_EQ(n.guest.datagrams[0].payload, bytes_of("answer"));

  HostSocket client(SOCK_DGRAM);
  client.connect_to(n.network->forwarded_ports()[0]);
  ASSERT_EQ(send(client.fd, "knock", 5, 0), 5);
  ASSERT_TRUE(n.until([&] { return n.guest.datagrams.size() == 2; }));
  EXPECT_EQ(n.guest.datagrams[1].destination, 5353U);
  EXPECT_EQ(n.guest.datagrams[1].payload, bytes_of("knock"));
  n.guest.send_udp(5353, n.guest.datagrams[1].from, n.guest.datagrams[1].source,
                   bytes_of("who is there"));
  std::string reply;
  ASSERT_TRUE(n.until([&] { return (reply += client.read_some()) == "who is there"; }));
}

TEST(UserNetwork, GuestForwardToTcpAndToACommand) {
  HostSocket server(SOCK_STREAM);
  const unsigned port = server.bind_any();
  ASSERT_EQ(listen(server.fd, 1), 0);
  Net n("user,guestfwd=tcp:10.0.2.100:80-tcp:127.0.0.1:" + std::to_string(port) +
        ",guestfwd=tcp:10.0.2.101:7-cmd:cat");
  HostSocket connection(accept4(server.fd, nullptr, nullptr, SOCK_NONBLOCK), true);
  ASSERT_GE(connection.fd, 0) << "connected when the network starts";
  n.guest.connect({10, 0, 2, 100}, 80, 40000);
  ASSERT_TRUE(n.until([&] { return n.guest.tcp == MiniGuest::Tcp::kOpen; }));
  n.guest.write(bytes_of("ping"));
  std::string got;
  ASSERT_TRUE(n.until([&] { return (got += connection.read_some()) == "ping"; }));
  ASSERT_EQ(send(connection.fd, "pong", 4, 0), 4);
  ASSERT_TRUE(n.until([&] { return n.guest.tcp_input == bytes_of("pong"); }));

  n.guest.tcp_input.clear();
  n.guest.connect({10, 0, 2, 101}, 7, 40001);
  ASSERT_TRUE(n.until([&] { return n.guest.tcp == MiniGuest::Tcp::kOpen; }));
  n.guest.write(bytes_of("meow"));
  ASSERT_TRUE(n.until([&] { return n.guest.tcp_input == bytes_of("meow"); }));
}

TEST(UserNetwork, GuestForwardOfUdp) {
  HostSocket server(SOCK_DGRAM);
  const unsigned port = server.bind_any();
  Net n("user,restrict=on,guestfwd=udp:10.0.2.103:53-udp:127.0.0.1:" + std::to_string(port));
  n.guest.send_arp_request({10, 0, 2, 103});
  ASSERT_TRUE(n.until([&] { return !n.guest.neighbors.empty(); }));
  EXPECT_EQ(n.guest.neighbors[0].second, (Mac{0x52, 0x55, 10, 0, 2, 103}));
  n.guest.send_udp(4000, {10, 0, 2, 103}, 53, bytes_of("name?"));
  n.guest.send_udp(4000, {10, 0, 2, 103}, 54, bytes_of("another port"));
  EXPECT_TRUE(n.network->traffic_outstanding());
  sockaddr_in from{};
  socklen_t size = sizeof from;
  char buffer[100];
  ASSERT_TRUE(n.until([&] {
    return recvfrom(server.fd, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from),
                    &size) == 5;
  }));
  ASSERT_EQ(sendto(server.fd, "address", 7, 0, reinterpret_cast<const sockaddr*>(&from), size), 7);
  ASSERT_TRUE(n.until([&] { return !n.guest.datagrams.empty(); }));
  EXPECT_EQ(n.guest.datagrams[0].from, (Ip{10, 0, 2, 103}));
  EXPECT_EQ(n.guest.datagrams[0].source, 53U);
  EXPECT_EQ(n.guest.datagrams[0].destination, 4000U);
  EXPECT_EQ(n.guest.datagrams[0].payload, bytes_of("address"));
  EXPECT_EQ(
      internet_sum(Bytes(n.guest.frames.back().begin() + 14, n.guest.frames.back().begin() + 34)),
      0xFFFFU);
  EXPECT_EQ(recv(server.fd, buffer, sizeof buffer, 0), -1) << "only what is forwarded";
}

TEST(UserNetwork, RestrictedGuestReachesOnlyWhatIsForwarded) {
  HostSocket server(SOCK_STREAM);
  const unsigned port = server.bind_any();
  ASSERT_EQ(listen(server.fd, 1), 0);
  Net n("user,restrict=on,hostfwd=tcp:127.0.0.1:0-:22");
  n.guest.connect(kGateway, port, 40000);
  n.pass(2'000'000'000);
  EXPECT_NE(n.guest.tcp, MiniGuest::Tcp::kOpen);
  EXPECT_LT(accept(server.fd, nullptr, nullptr), 0);
  n.guest.listen(22);
  HostSocket client(SOCK_STREAM);
  client.connect_to(n.network->forwarded_ports()[0]);
  EXPECT_TRUE(n.until([&] { return n.guest.tcp == MiniGuest::Tcp::kOpen; }));
}

TEST(UserNetwork, RefusedConnectionIsReset) {
  HostSocket server(SOCK_STREAM);
  const unsigned port = server.bind_any();  // bound, nobody listens
  Net n;
  n.guest.connect(kGateway, port, 40000);
  EXPECT_TRUE(n.until([&] { return n.guest.tcp == MiniGuest::Tcp::kReset; }));
}

TEST(UserNetwork, WritingToAServerThatIsGoneEndsTheConnectionNotTheProgram) {
  HostSocket server(SOCK_STREAM);
  const unsigned port = server.bind_any();
  ASSERT_EQ(listen(server.fd, 1), 0);
  Net n;
  n.guest.connect(kGateway, port, 40000);
  int accepted = -1;
  ASSERT_TRUE(n.until([&] {
    if (accepted < 0) accepted = accept4(server.fd, nullptr, nullptr, SOCK_NONBLOCK);
    return accepted >= 0 && n.guest.tcp == MiniGuest::Tcp::kOpen;
  }));
  close(accepted);
  ASSERT_TRUE(n.until([&] { return n.guest.tcp == MiniGuest::Tcp::kPeerClosed; }));
  // The first is answered with a reset; the next ones find a broken pipe.
  for (unsigned i = 0; i < 5; ++i) n.guest.write(bytes_of("are you there?"));
  n.pass(100'000'000);
  n.guest.pongs.clear();
  n.guest.send_ping(kGateway, 1, {});
  EXPECT_TRUE(n.until([&] { return !n.guest.pongs.empty(); }));
}

TEST(UserNetwork, ATakenHostPortIsNamed) {
  HostSocket server(SOCK_STREAM);
  const unsigned port = server.bind_any();
  ASSERT_EQ(listen(server.fd, 1), 0);
  Clock clock;
  TraceBus trace(clock);
  const auto made = UserNetwork::create(
      clock, trace, "net0", options("user,hostfwd=tcp:127.0.0.1:" + std::to_string(port) + "-:22"));
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().message(),
              HasSubstr("host port " + std::to_string(port) + " (tcp) cannot be used"));
}

TEST(UserNetwork, WhatIsNotThereIsNamed) {
  Clock clock;
  TraceBus trace(clock);
  const auto tftp = UserNetwork::create(clock, trace, "net0", options("user,tftp=/no/such/folder"));
  ASSERT_FALSE(tftp.has_value());
  EXPECT_THAT(tftp.error().message(), HasSubstr("/no/such/folder"));
  HostSocket closed(SOCK_STREAM);
  const unsigned port = closed.bind_any();
  const auto forward = UserNetwork::create(
      clock, trace, "net0",
      options("user,guestfwd=tcp:10.0.2.100:80-tcp:127.0.0.1:" + std::to_string(port)));
  ASSERT_FALSE(forward.has_value());
  EXPECT_THAT(forward.error().message(), HasSubstr("does not answer"));
  const auto outside =
      UserNetwork::create(clock, trace, "net0", options("user,guestfwd=tcp:10.0.3.1:80-cmd:cat"));
  ASSERT_FALSE(outside.has_value());
  EXPECT_THAT(outside.error().message(), HasSubstr("10.0.2.0"));
}

// --- time ---

TEST(UserNetwork, WithoutAnOutsideTheSameRunIsTheSame) {
  const auto whole = [] {
    Net n;
    n.guest.send_arp_request(kGateway);
    for (unsigned i = 0; i < 20; ++i) {
      n.guest.send_ping(kGateway, i, Bytes(i * 50));
      n.pass(1'000'000'000);
    }
    n.pass(3'600'000'000'000);  // with router advertisements
    return std::pair(n.guest.frames, n.clock.now());
  };
  const auto start = std::chrono::steady_clock::now();
  const auto first = whole();
  EXPECT_EQ(first, whole());
  EXPECT_GE(first.first.size(), 21U + 8);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20))
      << "two virtual hours do not take real ones";
}

TEST(UserNetwork, AnIdleGuestWaitsForTheOutsideInRealTime) {
  HostSocket server(SOCK_STREAM);
  const unsigned port = server.bind_any();
  ASSERT_EQ(listen(server.fd, 1), 0);
  Net n;
  n.guest.connect(kGateway, port, 40000);
  ASSERT_TRUE(n.until([&] { return n.guest.tcp == MiniGuest::Tcp::kOpen; }));
  const auto start = std::chrono::steady_clock::now();
  n.pass(200'000'000);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(150));
}

TEST(UserNetwork, AnUnansweredDatagramHoldsTheClockOnlyForAWhile) {
  HostSocket silent(SOCK_DGRAM);
  const unsigned port = silent.bind_any();
  Net n;
  n.guest.send_udp(4000, kGateway, port, bytes_of("anybody?"));
  n.pass(10'000'000);
  EXPECT_TRUE(n.network->traffic_outstanding());
  n.clock.skip_to(n.clock.now() + 6'000'000'000);
  EXPECT_FALSE(n.network->traffic_outstanding());
}

TEST(UserNetwork, FramesWaitForAGuestWithoutRoom) {
  Net n;
  n.guest.send_arp_request(kGateway);
  ASSERT_TRUE(n.until([&] { return !n.guest.neighbors.empty(); }));
  n.guest.room = false;
  for (unsigned i = 0; i < 10; ++i) n.guest.send_ping(kGateway, i, {});
  n.pass(1'000'000'000);
  EXPECT_TRUE(n.guest.pongs.empty());
  n.guest.make_room();
  ASSERT_TRUE(n.until([&] { return n.guest.pongs.size() == 10; }));
  for (unsigned i = 0; i < 10; ++i) EXPECT_EQ(be16(n.guest.pongs[i].second, 6), i);
}

// --- snapshots ---

TEST(UserNetwork, SnapshotKeepsLeasesNeighborsAndFramesOnTheirWay) {
  const auto prepare = [](Net& n) {
    n.guest.ip = {0, 0, 0, 0};
    n.guest.send_udp(68, {255, 255, 255, 255}, 67, dhcp(1, 7, n.guest.mac));
    n.guest.ip = kGuestIp;
    n.guest.send_arp_request(kGateway);
    n.pass(1'000'000'000);
    n.guest.send_ping(kGateway, 1, {});  // the answer is on its way
  };
  const auto save = [](Net& n) {
    Archive archive = Archive::writer();
    n.clock.serialize(archive);
    n.network->serialize(archive);
    return archive.bytes();
  };
  Net original;
  prepare(original);
  const Bytes saved = save(original);
  Net copy;
  Archive archive = Archive::reader(saved);
  copy.clock.serialize(archive);
  copy.network->serialize(archive);
  const auto loaded = archive.finish();
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message();
  EXPECT_EQ(save(copy), saved);
  original.guest.frames.clear();
  for (Net* n : {&original, &copy}) {
    n->guest.send_ping(kGateway, 2, bytes_of("after"));
    n->guest.send_udp(68, {255, 255, 255, 255}, 67, dhcp(1, 8, n->guest.mac));
    n->pass(1'000'000'000);
  }
  EXPECT_EQ(original.guest.frames, copy.guest.frames);
  EXPECT_GE(copy.guest.frames.size(), 3U);
  EXPECT_EQ(save(copy), save(original));
}

TEST(UserNetwork, DamagedSnapshotsAreRefused) {
  Net n;
  n.guest.send_arp_request(kGateway);
  n.pass(1'000'000);
  Archive writer = Archive::writer();
  n.network->serialize(writer);
  const Bytes saved = writer.bytes();
  for (std::size_t i = 0; i < saved.size(); i += 7) {
    Bytes damaged = saved;
    damaged[i] ^= 0x55;
    Archive archive = Archive::reader(damaged);
    n.network->serialize(archive);
  }
  for (std::size_t size = 0; size < saved.size(); size += 11) {
    Archive archive = Archive::reader(std::span(saved).first(size));
    n.network->serialize(archive);
    EXPECT_FALSE(archive.finish().has_value());
  }
  n.guest.pongs.clear();
  n.guest.send_ping(kGateway, 1, {});
  EXPECT_TRUE(n.until([&] { return !n.guest.pongs.empty(); }));
}

TEST(UserNetwork, FramesWithoutSenseAreSafe) {
  Net n("user,restrict=on");  // nothing leaves the stack
  std::mt19937_64 random(11);
  for (unsigned i = 0; i < 4'000; ++i) {
    Bytes frame(random() % 200);
    for (auto& byte : frame) byte = static_cast<std::uint8_t>(random());
    if (frame.size() > 40 && random() % 4 != 0) {
      static constexpr std::uint16_t kTypes[] = {0x0800, 0x0806, 0x86DD};
      const std::uint16_t type = kTypes[random() % 3];
      frame[12] = static_cast<std::uint8_t>(type >> 8);
      frame[13] = static_cast<std::uint8_t>(type);
      if (type == 0x0800) frame[14] = 0x45;
      const Bytes addresses = {10, 0, 2, 15, 10, 0, 2, 2};
      std::copy(addresses.begin(), addresses.end(), frame.begin() + 26);
      if (type == 0x86DD) frame[14] = 0x60, frame[38] = 0xFE, frame[39] = 0xC0;
    }
    n.guest.transmit(frame);
    if (i % 100 == 0) n.clock.skip_to(n.clock.now() + 1'000'000), n.clock.run_due_events();
  }
  n.guest.pongs.clear();
  n.guest.send_ping(kGateway, 1, bytes_of("alive"));
  EXPECT_TRUE(n.until([&] { return !n.guest.pongs.empty(); }));
}

}  // namespace
}  // namespace ice86
