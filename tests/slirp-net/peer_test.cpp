// SPDX-License-Identifier: LGPL-2.1-or-later
// The peer's services, in virtual time and on the host's sockets.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "slirp-net/impaired_link.h"
#include "slirp-net/peer/host.h"
#include "slirp-net/peer/network.h"
#include "slirp-net/scripted_network.h"
#include "tests/slirp-net/mini_guest.h"

namespace ice86 {
namespace {

using namespace slirp_test;
using slirp_net::ImpairedLink;
using slirp_net::ScriptedNetwork;
using slirp_net::peer::Dialogue;
using slirp_net::peer::HostPeer;
using slirp_net::peer::Kind;
using slirp_net::peer::parse_service;
using slirp_net::peer::parse_services;
using slirp_net::peer::PeerNetwork;
using slirp_net::peer::Service;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Ip kPeer = {10, 0, 2, 100};
constexpr std::uint16_t kPort = 77;

std::string text_of(const Bytes& bytes) {
  return {bytes.begin(), bytes.end()};
}

// A guest, and a peer with one service before a network of no interest.
class Peer : public ::testing::Test {
 protected:
  void plug(Kind kind, std::uint32_t loss_per_million = 0, Nanoseconds delay = 0) {
    auto behind = std::make_unique<ScriptedNetwork>(
        clock, "behind", [this](ScriptedNetwork&, std::span<const std::uint8_t> frame) {
          passed.emplace_back(frame.begin(), frame.end());
        });
    PeerNetwork::Config config;
    config.services = {{kind, kPort}};
    network = std::make_unique<PeerNetwork>(clock, "peer", config, std::move(behind));
    if (loss_per_million != 0 || delay != 0) {
      network = std::make_unique<ImpairedLink>(
          clock, "line", ImpairedLink::Config{loss_per_million, delay, 7}, std::move(network));
    }
    PacketEnd::connect(guest, network->port());
  }
  template <typename Done>
  bool until(Done done, Nanoseconds limit = 60'000'000'000) {
    return run(clock, *network, done, limit);
  }
  void connect() {
    guest.connect(kPeer, kPort, 4000);
    ASSERT_TRUE(until([&] { return guest.tcp == MiniGuest::Tcp::kOpen; }));
  }
  std::string heard() const { return text_of(guest.tcp_input); }
  bool over() const { return guest.tcp == MiniGuest::Tcp::kPeerClosed; }

  Clock clock;
  MiniGuest guest;
  std::unique_ptr<Network> network;
  std::vector<Bytes> passed;
};

TEST_F(Peer, HasAnAddressAndLetsTheRestPass) {
  plug(Kind::kEcho);
  guest.send_arp_request(kPeer);
  ASSERT_TRUE(until([&] { return !guest.neighbors.empty(); }));
  EXPECT_EQ(guest.neighbors[0].first, kPeer);
  guest.send_ping(kPeer, 1, bytes_of("ping"));
  ASSERT_TRUE(until([&] { return !guest.pongs.empty(); }));
  EXPECT_TRUE(passed.empty());
  guest.send_arp_request(kGateway);
  guest.send_ping(kGateway, 1, bytes_of("ping"));
  EXPECT_EQ(passed.size(), 2U);
}

TEST_F(Peer, EchoesAndClosesBehindTheGuest) {
  plug(Kind::kEcho);
  connect();
  guest.write(bytes_of("one"));
  guest.write(bytes_of(" two"));
  ASSERT_TRUE(until([&] { return heard() == "one two"; }));
  guest.finish();
  EXPECT_TRUE(until([&] { return over(); }));
  // Nothing is left of it after a while, and nothing wakes the machine.
  EXPECT_TRUE(until([&] { return !clock.next_deadline(); }));
  EXPECT_THAT(network->dump(), HasSubstr("0 connections"));
}

TEST_F(Peer, EchoesDatagramsAndRefusesOthers) {
  plug(Kind::kEcho);
  guest.send_udp(9, kPeer, kPort, bytes_of("datagram"));
  ASSERT_TRUE(until([&] { return !guest.datagrams.empty(); }));
  EXPECT_EQ(text_of(guest.datagrams[0].payload), "datagram");
  const std::size_t before = guest.frames.size();
  guest.send_udp(9, kPeer, 1234, bytes_of("nobody"));
  ASSERT_TRUE(until([&] { return guest.frames.size() > before; }));
  EXPECT_EQ(guest.frames.back()[23], 1) << "ICMP";
  EXPECT_EQ(guest.frames.back()[34], 3) << "unreachable";
  EXPECT_EQ(guest.frames.back()[35], 3) << "port";
}

TEST_F(Peer, SpeaksHttp) {
  plug(Kind::kHttp);
  connect();
  guest.write(bytes_of("GET / HTTP/1.1\r\nHost: peer\r\n"));
  guest.write(bytes_of("\r\n"));
  ASSERT_TRUE(until([&] { return over(); }));
  EXPECT_THAT(heard(), testing::StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(heard(), testing::EndsWith("\r\n\r\nice86 peer\n"));
}

TEST_F(Peer, SendsManyBytesOverALineThatLosesFrames) {
  plug(Kind::kHttp, 50'000, 2'000'000);  // 5 %
  // The handshake of this small guest does not repeat itself: the peer's does.
  guest.connect(kPeer, kPort, 4000);
  ASSERT_TRUE(until([&] { return guest.tcp == MiniGuest::Tcp::kOpen; }));
  guest.write(bytes_of("GET /bytes/200000 HTTP/1.1\r\n\r\n"));
  ASSERT_TRUE(until([&] { return over(); }, 300'000'000'000));
  Dialogue same(Kind::kHttp);
  EXPECT_EQ(heard(), same.heard("GET /bytes/200000 HTTP/1.1\r\n\r\n").bytes);
}

TEST_F(Peer, ReadsSlowly) {
  plug(Kind::kSlow);
  connect();
  guest.write(Bytes(1400, 'a'));
  guest.write(Bytes(1400, 'b'));
  guest.write(Bytes(1400, 'c'));  // does not fit
  ASSERT_TRUE(until([&] { return clock.now() > 60'000'000; }));
  guest.finish();
  // The third was cut where the window ended; this guest does not send it again.
  EXPECT_FALSE(until([&] { return over(); }, 1'000'000'000));
  EXPECT_THAT(network->dump(), HasSubstr("1 connections"));
}

TEST_F(Peer, TellsASlowReadersCount) {
  plug(Kind::kSlow);
  connect();
  guest.write(Bytes(1000, 'a'));
  guest.finish();
  const Nanoseconds began = clock.now();
  ASSERT_TRUE(until([&] { return over(); }));
  EXPECT_EQ(heard(), "1000\n");
  EXPECT_GE(clock.now() - began, 40'000'000U) << "two pieces";
}

TEST_F(Peer, ClosesEarly) {
  plug(Kind::kEarlyClose);
  connect();
  ASSERT_TRUE(until([&] { return over(); }));
  EXPECT_EQ(heard(), "bye\n");
  guest.write(bytes_of("too late"));
  EXPECT_TRUE(until([&] { return guest.tcp == MiniGuest::Tcp::kReset; }));
}

TEST_F(Peer, ClosesHalf) {
  plug(Kind::kHalfClose);
  connect();
  ASSERT_TRUE(until([&] { return over(); }));
  EXPECT_EQ(heard(), "half\n");
  guest.write(bytes_of("still heard"));
  EXPECT_FALSE(until([&] { return guest.tcp == MiniGuest::Tcp::kReset; }, 1'000'000'000));
  guest.finish();
  EXPECT_TRUE(until([&] { return !clock.next_deadline(); }));
}

TEST_F(Peer, Resets) {
  plug(Kind::kReset);
  connect();
  guest.write(bytes_of("x"));
  EXPECT_TRUE(until([&] { return guest.tcp == MiniGuest::Tcp::kReset; }));
}

TEST_F(Peer, Refuses) {
  plug(Kind::kRefused);
  guest.connect(kPeer, kPort, 4000);
  EXPECT_TRUE(until([&] { return guest.tcp == MiniGuest::Tcp::kReset; }));
  guest.connect(kPeer, 1, 4001);
  EXPECT_TRUE(until([&] { return guest.tcp == MiniGuest::Tcp::kReset; }));
}

TEST_F(Peer, KeepsSilent) {
  plug(Kind::kSilent);
  guest.connect(kPeer, kPort, 4000);
  EXPECT_FALSE(until([&] { return guest.tcp != MiniGuest::Tcp::kOpening; }, 5'000'000'000));
  EXPECT_TRUE(guest.frames.empty());
}

TEST_F(Peer, SaysNothing) {
  plug(Kind::kMute);
  connect();
  guest.write(bytes_of("hello?"));
  EXPECT_FALSE(until([&] { return !heard().empty() || over(); }, 5'000'000'000));
  guest.finish();
  EXPECT_TRUE(until([&] { return over(); }));
}

TEST_F(Peer, CallsBack) {
  plug(Kind::kCallback);
  connect();
  guest.write(bytes_of("5000\n"));
  ASSERT_TRUE(until([&] { return heard() == "calling\n"; }));
  // This guest has one connection at a time: it repeats its SYN until somebody listens.
  guest.tcp_input.clear();
  guest.listen(5000);
  ASSERT_TRUE(until([&] { return heard() == "hello\n"; }));
  guest.write(bytes_of("back"));
  EXPECT_TRUE(until([&] { return heard() == "hello\nback"; }));
}

TEST_F(Peer, SurvivesRubbish) {
  plug(Kind::kEcho);
  std::uint32_t random = 1;
  for (unsigned i = 0; i < 20'000; ++i) {
    Bytes rubbish(random % 80);
    for (auto& byte : rubbish) {
      random = random * 1'664'525 + 1'013'904'223;
      byte = static_cast<std::uint8_t>(random >> 24);
    }
    random = random * 1'664'525 + 1'013'904'223;
    static constexpr unsigned kProtocols[] = {1, 6, 17, 99};
    guest.send_ip(kProtocols[i % 4], kPeer, rubbish);
  }
  guest.frames.clear();
  connect();
  guest.write(bytes_of("still here"));
  EXPECT_TRUE(until([&] { return heard() == "still here"; }));
}

TEST_F(Peer, SnapshotKeepsConnections) {
  plug(Kind::kEcho, 0, 1'000'000);
  connect();
  guest.write(bytes_of("remember"));
  Archive saved = Archive::writer();
  clock.serialize(saved);
  network->serialize(saved);
  ASSERT_TRUE(until([&] { return heard() == "remember"; }));
  guest.tcp_input.clear();
  const auto again = saved.bytes();
  Archive archive = Archive::reader(again);
  clock.serialize(archive);
  network->serialize(archive);
  ASSERT_TRUE(archive.finish().has_value());
  // The guest has seen it and drops what it gets twice; the peer does not know that.
  Archive second = Archive::writer();
  clock.serialize(second);
  network->serialize(second);
  EXPECT_EQ(second.bytes(), again);
}

TEST(PeerServices, AreReadStrictly) {
  EXPECT_EQ(parse_service("half-close:99")->kind, Kind::kHalfClose);
  EXPECT_THAT(parse_service("ecko:7").error().message(), HasSubstr("did you mean echo"));
  EXPECT_THAT(parse_service("echo").error().message(), HasSubstr("port"));
  EXPECT_FALSE(parse_service("echo:0"));
  EXPECT_FALSE(parse_service("echo:70000"));
  EXPECT_FALSE(parse_service("caller:7"));
  EXPECT_THAT(parse_services({"echo:7", "mute:7"}).error().message(), HasSubstr("echo already"));
}

TEST(PeerHttp, AnswersWhatItIsAsked) {
  const auto ask = [](const std::string& request) {
    Dialogue dialogue(Kind::kHttp);
    return dialogue.heard(request).bytes;
  };
  EXPECT_THAT(ask("HEAD / HTTP/1.0\r\n\r\n"), testing::EndsWith("close\r\n\r\n"));
  EXPECT_THAT(ask("PUT / HTTP/1.1\r\n\r\n"), HasSubstr(" 405 "));
  EXPECT_THAT(ask("GET /none HTTP/1.1\r\n\r\n"), HasSubstr(" 404 "));
  EXPECT_THAT(ask("nonsense\r\n\r\n"), HasSubstr(" 400 "));
  EXPECT_THAT(ask("GET /chunked HTTP/1.1\r\n\r\n"), testing::EndsWith("\r\n0\r\n\r\n"));
  EXPECT_THAT(ask("POST /echo HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc"), testing::EndsWith("abc"));
  EXPECT_EQ(ask("POST /echo HTTP/1.1\r\nContent-Length: 3\r\n\r\nab"), "");
  EXPECT_THAT(ask(std::string(9000, 'x')), HasSubstr(" 431 "));
}

// ---- On the host ----

class Host : public ::testing::Test {
 protected:
  // Any free port: the test asks the system for one and takes it.
  void open(Kind kind) {
    const int probe = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in any = there(0);
    ASSERT_EQ(::bind(probe, reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
    socklen_t size = sizeof any;
    ASSERT_EQ(::getsockname(probe, reinterpret_cast<sockaddr*>(&any), &size), 0);
    port_ = ntohs(any.sin_port);
    ::close(probe);
    auto peer = HostPeer::open("127.0.0.1", {{kind, port_}});
    ASSERT_TRUE(peer) << peer.error().message();
    peer_ = std::move(*peer);
    thread_ = std::thread([this] { peer_->serve([this] { return stop_.load(); }); });
  }
  void TearDown() override {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    if (socket_ >= 0) ::close(socket_);
  }
  static sockaddr_in there(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }
  int connect() {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    const timeval second{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
    const sockaddr_in to = there(port_);
    return ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? 0 : errno;
  }
  void say(const std::string& text) {
    ASSERT_EQ(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // Until the end, an error, or so many bytes.
  std::string hear(std::size_t most = 1 << 20) {
    std::string all;
    while (all.size() < most) {
      char buffer[4096];
      const ssize_t got = ::recv(socket_, buffer, std::min(sizeof buffer, most - all.size()), 0);
      error_ = got < 0 ? errno : 0;
      if (got <= 0) break;
      all.append(buffer, static_cast<std::size_t>(got));
    }
    return all;
  }

  std::unique_ptr<HostPeer> peer_;
  std::thread thread_;
  std::atomic<bool> stop_{false};
  std::uint16_t port_ = 0;
  int socket_ = -1, error_ = 0;
};

TEST_F(Host, DoesWhatTheStationDoes) {
  open(Kind::kEcho);
  ASSERT_EQ(connect(), 0);
  say("one two");
  EXPECT_EQ(hear(7), "one two");
  ::shutdown(socket_, SHUT_WR);
  EXPECT_EQ(hear(), "");
  EXPECT_EQ(error_, 0);
}

TEST_F(Host, ClosesEarly) {
  open(Kind::kEarlyClose);
  ASSERT_EQ(connect(), 0);
  EXPECT_EQ(hear(), "bye\n");
  EXPECT_EQ(error_, 0);
}

TEST_F(Host, Resets) {
  open(Kind::kReset);
  ASSERT_EQ(connect(), 0);
  say("x");
  hear();
  EXPECT_EQ(error_, ECONNRESET);
}

TEST_F(Host, Refuses) {
  open(Kind::kRefused);
  EXPECT_EQ(connect(), ECONNREFUSED);
}

TEST_F(Host, KeepsSilent) {
  open(Kind::kSilent);
  EXPECT_THAT(connect(), testing::AnyOf(EINPROGRESS, EAGAIN)) << "out of time";
}

TEST_F(Host, CountsSlowly) {
  open(Kind::kSlow);
  ASSERT_EQ(connect(), 0);
  say(std::string(3000, 'x'));
  ::shutdown(socket_, SHUT_WR);
  EXPECT_EQ(hear(), "3000\n");
}

}  // namespace
}  // namespace ice86
