// SPDX-License-Identifier: LGPL-2.1-or-later
// Logs of socket calls: what is read, what is refused, what differs.
#include "harness/sockets/socket_log.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ice86::harness {
namespace {

using ::testing::HasSubstr;

const std::string kHeader =
    R"({"schema":"ice86-socket-log","version":1,"source":"CPython","program":"x.py"})"
    "\n";

std::string digest(char c) {
  return std::string(64, c);
}

// A log of lines of which each is a call without its number and time.
std::string log(const std::vector<std::string>& calls) {
  std::string text = kHeader;
  for (std::size_t i = 0; i < calls.size(); ++i)
    text += fmt::format("{{\"n\":{},\"t\":{},{}}}\n", i, i * 1000, calls[i]);
  return text + fmt::format("{{\"end\":{}}}\n", calls.size());
}
std::string connected(const std::string& more) {
  return R"("socket":1,"call":"connect","args":[["peer",7]],)" + more;
}
std::string received(unsigned bytes, char so_far) {
  return fmt::format(R"("socket":1,"call":"recv","args":[4096],"in":{},"stream":"{}")", bytes,
                     digest(so_far));
}

SocketLog parsed(const std::string& text) {
  auto result = parse_socket_log(text, "x.jsonl");
  EXPECT_TRUE(result) << result.error().message();
  return result ? std::move(*result) : SocketLog();
}
std::string refused(const std::string& text) {
  const auto result = parse_socket_log(text, "x.jsonl");
  EXPECT_FALSE(result);
  return result ? "" : result.error().message();
}
std::vector<SocketDifference> differences(const SocketLog& a, const SocketLog& b) {
  return compare(a, b).differences;
}

TEST(SocketLog, IsRead) {
  const SocketLog read = parsed(log(
      {connected(R"("error":"ConnectionRefusedError","errno":"ECONNREFUSED")"), received(3, 'a')}));
  EXPECT_EQ(read.source, "CPython");
  ASSERT_EQ(read.calls.size(), 2U);
  EXPECT_EQ(read.calls[0].arguments, R"([["peer",7]])");
  EXPECT_EQ(read.calls[0].error, "ConnectionRefusedError ECONNREFUSED");
  EXPECT_EQ(read.calls[1].bytes, 3U);
  EXPECT_EQ(read.calls[1].way, SocketCall::Way::kIn);
}

TEST(SocketLog, IsTakenOutOfACapture) {
  std::string capture = ">>> run\r\n";
  std::string rest = log({received(3, 'a')});
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    capture += "socket-log: " + rest.substr(0, end) + "\r\nother output\r\n";
    rest.erase(0, end + 1);
  }
  EXPECT_TRUE(is_socket_log(capture));
  EXPECT_EQ(parsed(capture).calls.size(), 1U);
  EXPECT_FALSE(is_socket_log("{\"schema\":\"ice86-int-trace\"}\n"));
}

TEST(SocketLog, WhatIsWrongIsNamed) {
  const std::string good = log({received(3, 'a'), received(4, 'b')});
  EXPECT_THAT(refused(""), HasSubstr("no ice86-socket-log"));
  EXPECT_THAT(refused("{}\n"), HasSubstr("x.jsonl: line 1"));
  EXPECT_THAT(refused(R"({"schema":"ice86-socket-log","version":9})"
                      "\n"),
              HasSubstr("version 9; this program reads version 1"));
  EXPECT_THAT(refused(good.substr(0, good.size() - 20)), HasSubstr("line 3: the file ends"));
  EXPECT_THAT(refused(good.substr(0, good.find("{\"end"))), HasSubstr("its last line is missing"));
  EXPECT_THAT(refused(good + "{}\n"), HasSubstr("line 5: comes behind the end"));
  EXPECT_THAT(refused(kHeader + "{\"end\":1}\n"), HasSubstr("line 2: the log ends with 1 calls"));
  EXPECT_THAT(refused(log({R"("socket":1,"call":"recv","args":[],"in":-3,"stream":"")"})),
              HasSubstr("line 2: 'in' is no number"));
  EXPECT_THAT(refused(log({R"("socket":1,"call":"recv","args":[],"in":3,"stream":"12"})"})),
              HasSubstr("line 2"));
  EXPECT_THAT(refused(log({R"("socket":"1","call":"recv","args":[])"})), HasSubstr("'socket'"));
}

TEST(SocketDiff, PiecesOfAStreamDoNotMatter) {
  const SocketLog whole = parsed(log({received(10, 'c'), received(0, 'c')}));
  const SocketLog pieces =
      parsed(log({received(3, 'a'), received(3, 'b'), received(4, 'c'), received(0, 'c')}));
  EXPECT_TRUE(differences(whole, pieces).empty());
  const SocketLog cut = parsed(log({received(3, 'a'), received(0, 'a')}));
  const auto found = differences(whole, cut);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].what, "data");
}

// http.client closes the socket of a response that it goes on to read.
TEST(SocketDiff, PiecesGoOnBehindCallsThatMoveNoData) {
  const std::string close = R"("socket":1,"call":"close","args":[],"result":null)";
  const std::string sent =
      fmt::format(R"("socket":1,"call":"send","args":[9],"out":9,"stream":"{}")", digest('5'));
  const SocketLog one = parsed(log({connected(R"("result":null)"), received(9, 'c'), close}));
  const SocketLog two =
      parsed(log({connected(R"("result":null)"), received(3, 'a'), close, received(6, 'c')}));
  EXPECT_THAT(differences(one, two), testing::IsEmpty());
  // What is sent between two answers divides them.
  const SocketLog late = parsed(log({received(9, 'c'), sent}));
  const SocketLog early = parsed(log({received(3, 'a'), sent, received(6, 'c')}));
  EXPECT_THAT(differences(late, early), testing::Not(testing::IsEmpty()));
}

TEST(SocketDiff, ErrorsDoMatter) {
  const SocketLog good = parsed(log({connected(R"("result":null)")}));
  const SocketLog bad =
      parsed(log({connected(R"("error":"ConnectionRefusedError","errno":"ECONNREFUSED")")}));
  const SocketComparison result = compare(good, bad);
  ASSERT_EQ(result.differences.size(), 1U);
  EXPECT_EQ(result.differences[0].what, "error");
  const std::string text = socket_comparison_text(result, "a", "b");
  EXPECT_THAT(text, HasSubstr("socket 1: error"));
  EXPECT_THAT(text, HasSubstr("ECONNREFUSED"));
  EXPECT_THAT(socket_comparison_json(result), HasSubstr("\"equal\": false"));
}

TEST(SocketDiff, OrderBetweenSocketsDoesNotMatterWithinOneItDoes) {
  const auto close = [](unsigned socket) {
    return fmt::format(R"("socket":{},"call":"close","args":[],"result":null)", socket);
  };
  const auto listen = [](unsigned socket) {
    return fmt::format(R"("socket":{},"call":"listen","args":[1],"result":null)", socket);
  };
  EXPECT_TRUE(
      differences(parsed(log({close(1), close(2)})), parsed(log({close(2), close(1)}))).empty());
  EXPECT_EQ(
      differences(parsed(log({listen(1), close(1)})), parsed(log({close(1), listen(1)}))).size(),
      2U);
}

TEST(SocketDiff, DatagramsKeepTheirBoundaries) {
  const auto datagram = [](const char* bytes) {
    return fmt::format(
        R"("socket":1,"call":"recvfrom","args":[100],"in":1,"data":"{}","result":["peer",7])",
        bytes);
  };
  EXPECT_TRUE(differences(parsed(log({datagram("61")})), parsed(log({datagram("61")}))).empty());
  EXPECT_EQ(
      differences(parsed(log({datagram("61"), datagram("62")})), parsed(log({datagram("61")})))
          .size(),
      1U);
}

}  // namespace
}  // namespace ice86::harness
