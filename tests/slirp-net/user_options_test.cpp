// SPDX-License-Identifier: LGPL-2.1-or-later
// The user network's options: what they mean, and what is said about wrong ones.
#include "slirp-net/user_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ice86 {
namespace {

using slirp_net::Ipv4;
using slirp_net::KeyValue;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

Result<slirp_net::UserOptions> parse(std::string_view text) {
  auto words = slirp_net::split_options(text);
  return slirp_net::parse_user_options(words);
}
std::string error_of(std::string_view text) {
  const auto parsed = parse(text);
  if (parsed) return "(no error)";
  EXPECT_EQ(parsed.error().kind(), ErrorKind::kUsage);
  return parsed.error().message();
}

TEST(UserOptions, SplitAsQemuDoes) {
  EXPECT_THAT(slirp_net::split_options("user,a=b,c,nod,e=x,,y=z"),
              ElementsAre(Pair("", "user"), Pair("a", "b"), Pair("c", "on"), Pair("d", "off"),
                          Pair("e", "x,y=z")));
  EXPECT_THAT(slirp_net::split_options("a=1"), ElementsAre(Pair("a", "1")));
}

TEST(UserOptions, Defaults) {
  const auto user = parse("user");
  ASSERT_TRUE(user.has_value());
  EXPECT_EQ(user->network, (Ipv4{10, 0, 2, 0}));
  EXPECT_EQ(user->host, (Ipv4{10, 0, 2, 2}));
  EXPECT_EQ(user->dns, (Ipv4{10, 0, 2, 3}));
  EXPECT_EQ(user->dhcp_start, (Ipv4{10, 0, 2, 15}));
  EXPECT_TRUE(user->ipv4);
  EXPECT_TRUE(user->ipv6);
  EXPECT_FALSE(user->restricted);
}

TEST(UserOptions, OthersAreLeftForOthers) {
  auto words = slirp_net::split_options("user,model=e1000,hostname=x,mac=1:2");
  ASSERT_TRUE(slirp_net::parse_user_options(words).has_value());
  EXPECT_THAT(words, ElementsAre(Pair("", "user"), Pair("model", "e1000"), Pair("mac", "1:2")));
}

TEST(UserOptions, AddressesFollowTheNetwork) {
  for (const char* text :
       {"user,net=192.168.5.0/24", "user,net=192.168.5.77/255.255.255.0", "user,net=192.168.5.0"}) {
    const auto user = parse(text);
    ASSERT_TRUE(user.has_value()) << text;
    EXPECT_EQ(user->network, (Ipv4{192, 168, 5, 0}));
    EXPECT_EQ(user->mask, (Ipv4{255, 255, 255, 0}));
    EXPECT_EQ(user->host, (Ipv4{192, 168, 5, 2}));
    EXPECT_EQ(user->dhcp_start, (Ipv4{192, 168, 5, 15}));
  }
  const auto wide = parse("user,net=172.16.0.0/12,host=172.20.0.1");
  ASSERT_TRUE(wide.has_value());
  EXPECT_EQ(wide->host, (Ipv4{172, 20, 0, 1}));
  EXPECT_EQ(wide->dns, (Ipv4{172, 16, 2, 3}));
  const auto six = parse("user,ipv6-net=2001:db8:1::/64");
  ASSERT_TRUE(six.has_value());
  EXPECT_EQ(six->host6[15], 2);
  EXPECT_EQ(six->host6[0], 0x20);
}

TEST(UserOptions, OneProtocolAlone) {
  EXPECT_FALSE(parse("user,ipv4=on")->ipv6);
  EXPECT_FALSE(parse("user,ipv6=on")->ipv4);
  EXPECT_FALSE(parse("user,ipv6=off")->ipv6);
  EXPECT_TRUE(parse("user,ipv6=off")->ipv4);
  EXPECT_TRUE(parse("user,ipv4=on,ipv6=on")->ipv6);
  EXPECT_THAT(error_of("user,ipv4=off,ipv6=off"), HasSubstr("nothing is left"));
}

TEST(UserOptions, Forwards) {
  const auto user = parse(
      "user,hostfwd=tcp::2222-:22,hostfwd=udp:127.0.0.1:53-10.0.2.20:5353,"
      "hostfwd=::80-:8080,hostfwd=tcp:[::1]:90-[fec0::15]:91,"
      "guestfwd=tcp:10.0.2.100:1234-tcp:127.0.0.1:4321,guestfwd=:10.0.2.101:7-cmd:cat -u,"
      "guestfwd=tcp:10.0.2.102:7-unix:/run/x,guestfwd=udp:10.0.2.103:53-udp:127.0.0.1:5353");
  ASSERT_TRUE(user.has_value()) << user.error().message();
  ASSERT_EQ(user->host_forwards.size(), 4U);
  EXPECT_FALSE(user->host_forwards[0].udp);
  EXPECT_EQ(user->host_forwards[0].host_port, 2222);
  EXPECT_EQ(user->host_forwards[0].guest_port, 22);
  EXPECT_TRUE(user->host_forwards[1].udp);
  EXPECT_EQ(user->host_forwards[1].host_address, "127.0.0.1");
  EXPECT_EQ(user->host_forwards[1].guest_address, "10.0.2.20");
  EXPECT_FALSE(user->host_forwards[2].udp);
  EXPECT_EQ(user->host_forwards[3].host_address, "::1");
  EXPECT_EQ(user->host_forwards[3].guest_address, "fec0::15");
  ASSERT_EQ(user->guest_forwards.size(), 4U);
  EXPECT_EQ(user->guest_forwards[3].target, slirp_net::GuestForward::Target::kUdp);
  EXPECT_EQ(user->guest_forwards[3].host_port, 5353);
  EXPECT_EQ(user->guest_forwards[0].where, "127.0.0.1");
  EXPECT_EQ(user->guest_forwards[0].host_port, 4321);
  EXPECT_EQ(user->guest_forwards[1].where, "cat -u");
  EXPECT_EQ(user->guest_forwards[2].where, "/run/x");
}

TEST(UserOptions, MistakesAreNamed) {
  EXPECT_THAT(error_of("user,restrict=maybe"), HasSubstr("restrict=maybe"));
  EXPECT_THAT(error_of("user,net=10.0.2"), HasSubstr("net=10.0.2"));
  EXPECT_THAT(error_of("user,net=10.0.2.0/33"), HasSubstr("4 to 30 bits"));
  EXPECT_THAT(error_of("user,net=10.0.2.0/255.0.255.0"), HasSubstr("leading bits"));
  EXPECT_THAT(error_of("user,host=10.0.3.2"), HasSubstr("not in the network 10.0.2.0"));
  EXPECT_THAT(error_of("user,dns=10.0.2.2"), HasSubstr("the host's address"));
  EXPECT_THAT(error_of("user,dhcpstart=10.0.2.2"), HasSubstr("dhcpstart=10.0.2.2"));
  EXPECT_THAT(error_of("user,ipv6-dns=10.0.2.3"), HasSubstr("no IPv6 address"));
  EXPECT_THAT(error_of("user,ipv6-net=fec0::/0"), HasSubstr("1 to 126"));
  for (const char* wrong : {"tcp", "tcp::22", "tcp::x-:22", "tcp::22-:0", "tcp::65536-:22",
                            "sctp::1-:2", "tcp::1-:", "tcp:name:1-:2", "tcp:[::1]:1-10.0.2.15:2",
                            "tcp:[::1]:1-:2", "tcp:[::1:1-:2"}) {
    EXPECT_THAT(error_of(std::string("user,hostfwd=") + wrong),
                HasSubstr(std::string("hostfwd=") + wrong));
  }
  for (const char* wrong : {"tcp", "udp:10.0.2.100:1-cmd:x", "tcp:10.0.2.100:1-udp:127.0.0.1:1",
                            "sctp:10.0.2.100:1-cmd:x", "tcp:10.0.2.100:1", "tcp::1-cmd:x",
                            "tcp:10.0.2.100:1-cmd:", "tcp:10.0.2.100:1-file:x",
                            "tcp:10.0.2.100:1-tcp:host:1", "tcp:10.0.2.100:1-tcp:127.0.0.1:0"}) {
    EXPECT_THAT(error_of(std::string("user,guestfwd=") + wrong),
                HasSubstr(std::string("guestfwd=") + wrong));
  }
  EXPECT_THAT(error_of("user,smb=/x"), HasSubstr("SMB"));
  EXPECT_THAT(error_of("user,bootfile=" + std::string(200, 'x')), HasSubstr("127 bytes"));
}

}  // namespace
}  // namespace ice86
