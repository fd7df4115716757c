// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 peer`, socket_log.py and `ice86 diff` together, on the host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/app/program.h"

namespace ice86::app_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class SocketLogs : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    write("program.py", kProgram);
    write("drive.py", kDriver);
  }
  // Runs the program beside a peer with one service, and leaves its log.
  Outcome record(const std::string& behaviour, const std::string& log) {
    return run(ICE86_PYTHON3,
               "drive.py '" ICE86_PROGRAM "' '" ICE86_SOCKET_LOG "' " + behaviour + " " + log);
  }

  static constexpr const char* kProgram = R"(
import socket, sys
port = int(sys.argv[1])
try:
    with socket.create_connection(("127.0.0.2", port), 5) as s:
        s.sendall(b"hello " * 100)
        s.shutdown(socket.SHUT_WR)
        while s.recv(int(sys.argv[2])):
            pass
        s.getsockname()
except OSError as error:
    print(type(error).__name__)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.settimeout(0.3)
u.sendto(b"datagram", ("127.0.0.2", port))
try:
    u.recvfrom(100)
except OSError:
    pass
u.close()
)";
  // The port is one that was free a moment ago; it is always the same in the log.
  static constexpr const char* kDriver = R"(
import os, re, socket, subprocess, sys
ice86, recorder, behaviour, log = sys.argv[1:5]
with socket.socket() as probe:
    probe.bind(("127.0.0.2", 0))
    port = probe.getsockname()[1]
peer = subprocess.Popen([ice86, "peer", "--listen", "127.0.0.2", "--max-wall", "60s",
                         f"{behaviour}:{port}"], stdout=subprocess.PIPE, text=True)
assert peer.stdout.readline() == "ready\n"
size = os.environ.get("SIZE", "4096")
subprocess.run([sys.executable, recorder, "--log", log, "--name", "peer=127.0.0.2", "--name",
                "self=127.0.0.1", "program.py", str(port), size], check=True)
peer.terminate()
peer.wait()
text = open(log).read().replace(str(port), "7007").replace('"recv","args":[' + size, '"recv","args":[1')
open(log, "w").write(text)
)";
};

TEST_F(SocketLogs, TheSameBehaviourGivesTheSameLog) {
  ASSERT_EQ(record("echo", "a.jsonl").exit, 0);
  ASSERT_EQ(record("echo", "b.jsonl").exit, 0);
  Outcome outcome = ice86("diff a.jsonl b.jsonl");
  EXPECT_EQ(outcome.exit, 0) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("The socket logs agree"));
  // In other pieces, but the same bytes.
  const Outcome pieces = run("/usr/bin/env", "SIZE=7 " ICE86_PYTHON3 " drive.py '" ICE86_PROGRAM
                                             "' '" ICE86_SOCKET_LOG "' echo c.jsonl");
  ASSERT_EQ(pieces.exit, 0) << pieces.output;
  outcome = ice86("diff a.jsonl c.jsonl");
  EXPECT_EQ(outcome.exit, 0) << outcome.output;
}

TEST_F(SocketLogs, AnotherBehaviourIsNamed) {
  ASSERT_EQ(record("echo", "a.jsonl").exit, 0);
  ASSERT_EQ(record("refused", "refused.jsonl").exit, 0);
  Outcome outcome = ice86("diff a.jsonl refused.jsonl");
  EXPECT_EQ(outcome.exit, 5) << outcome.output;
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("socket 1: error"), HasSubstr("ECONNREFUSED")));
  ASSERT_EQ(record("reset", "reset.jsonl").exit, 0);
  outcome = ice86("diff a.jsonl reset.jsonl --json");
  EXPECT_EQ(outcome.exit, 5) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("\"equal\": false"));
}

TEST_F(SocketLogs, CutLogsAreRefused) {
  ASSERT_EQ(record("echo", "a.jsonl").exit, 0);
  EXPECT_EQ(run("/bin/sh", "-c 'head -n 4 a.jsonl > cut.jsonl'").exit, 0);
  const Outcome outcome = ice86("diff a.jsonl cut.jsonl");
  EXPECT_EQ(outcome.exit, 6) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("cut.jsonl: line 4: the log is cut here"));
}

TEST_F(SocketLogs, WrongServicesAreNamed) {
  const Outcome outcome = ice86("peer ecko:7");
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_THAT(outcome.output, HasSubstr("did you mean echo"));
  EXPECT_EQ(ice86("run --nic user,peer=echo --max-time 1ms").exit, 2);
}

}  // namespace
}  // namespace ice86::app_test
