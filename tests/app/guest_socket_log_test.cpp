// SPDX-License-Identifier: LGPL-2.1-or-later
// One program, Python on EFI beside the host's Python, each with the same peer: what it does with
// its sockets is the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/app/program.h"

namespace ice86::app_test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kServices[] = {"echo:27007",        "http:27080",       "reset:27009",
                                     "early-close:27010", "half-close:27011", "mute:27012",
                                     "slow:27013"};

constexpr const char* kProgram = R"(
import socket, sys, urllib.request, http.client
peer = sys.argv[1]

def connect(port):
    s = socket.create_connection((peer, port), 10)
    return s

def ask(port, data=b""):
    try:
        with connect(port) as s:
            if data:
                s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            got = b""
            while True:
                piece = s.recv(4096)
                if not piece:
                    return got
                got += piece
    except OSError as error:
        return type(error).__name__

print(ask(27007, b"hello " * 1000) == b"hello " * 1000)
print(urllib.request.urlopen(urllib.request.Request(
    f"http://{peer}:27080/bytes/30000", headers={"Host": "peer"})).read()[:8])
c = http.client.HTTPConnection(peer, 27080, timeout=10)
c.request("POST", "/echo", b"x" * 5000, {"Host": "peer"})
print(len(c.getresponse().read()))
c.close()
with connect(27009) as s:
    s.sendall(b"first")
    try:
        s.recv(1)
    except OSError as error:
        print(type(error).__name__)
print(ask(27010))
print(ask(27011, b"more"))
with connect(27013) as s:  # EFI cannot close one side only: docs/efi-python.md
    s.sendall(b"slowly " * 1000)
with connect(27012) as s:
    s.settimeout(0.5)
    try:
        s.recv(1)
    except OSError as error:
        print(type(error).__name__)
print(ask(27999))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.settimeout(5)
u.sendto(b"datagram", (peer, 27007))
print(u.recvfrom(100)[0])
u.close()
)";

class GuestSocketLog : public Program {};

TEST_F(GuestSocketLog, IsThatOfTheHostsPython) {
  write("program.py", kProgram);
  std::string peers, services;
  for (const std::string service : kServices) {
    peers += ",peer=" + service;
    services += " " + service;
  }
  const Outcome disk = run("/bin/sh", "-c 'cp " ICE86_EFI_PYTHON
                                      " disk.img && chmod u+w disk.img && "
                                      "mcopy -i disk.img " ICE86_SOCKET_LOG " program.py ::/'");
  ASSERT_EQ(disk.exit, 0) << disk.output;
  write("arguments",
        "--shutdown /esp/socket_log.py --log - --name peer=10.0.2.100 --name self=10.0.2.15 "
        "/esp/program.py 10.0.2.100");
  const Outcome guest =
      ice86("run --firmware efi-python -hda disk.img --nic user,model=e1000" + peers +
            " --serial file:guest.log --max-time 300s --fw-cfg "
            "name=opt/efi-python/arguments,file=arguments");
  ASSERT_EQ(guest.exit, 0) << guest.output;
  const Outcome host = run(
      "/bin/sh", "-c '\"" ICE86_PROGRAM "\" peer --listen 127.86.0.2 --max-wall 120s" + services +
                     " > peer.txt & until grep -qs ready peer.txt; do sleep 0.05; done; " +
                     ICE86_PYTHON3
                     " " ICE86_SOCKET_LOG
                     " --log host.jsonl --name peer=127.86.0.2 --name self=127.0.0.1 program.py "
                     "127.86.0.2; kill $!'");
  EXPECT_THAT(host.output, HasSubstr("ConnectionRefusedError"));
  const Outcome outcome = ice86("diff host.jsonl guest.log");
  EXPECT_EQ(outcome.exit, 0) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("The socket logs agree"));
}

}  // namespace
}  // namespace ice86::app_test
