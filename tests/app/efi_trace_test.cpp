// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 trace --efi`: OVMF's way to its shell, seen without symbols.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>

#include "tests/app/program.h"

namespace ice86::app_test {
namespace {

using ::testing::HasSubstr;

class EfiTrace : public Program {
 protected:
  std::size_t count(const std::string& name, const std::string& text) const {
    std::ifstream file(folder_ / name);
    std::size_t lines = 0;
    for (std::string line; std::getline(file, line);) lines += line.find(text) != std::string::npos;
    return lines;
  }
  std::string contents(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(EfiTrace, OvmfOnItsWayToTheShell) {
  const std::string boot = "trace -q -m 256 --firmware ovmf --max-time 12s --run-dir ";
  const Outcome traced = ice86(boot + "traced --efi --out efi.jsonl");
  ASSERT_EQ(traced.exit, 3) << traced.output;  // out of virtual time: the shell waits
  const auto service = [&](const std::string& name) {
    return count("efi.jsonl", "\"service\":\"" + name + "\"");
  };
  EXPECT_GT(service("boot services: LoadImage"), 20U);
  EXPECT_GT(service("boot services: StartImage"), 20U);
  EXPECT_GT(service("boot services: InstallMultipleProtocolInterfaces"), 50U);
  EXPECT_GT(service("runtime services: GetVariable"), 20U);
  EXPECT_GT(service("text output: OutputString"), 5U);
  EXPECT_GE(count("efi.jsonl", "UEFI Interactive Shell"), 1U);
  EXPECT_GE(count("efi.jsonl", "\"result\":\"EFI_NOT_FOUND\""), 10U);
  // Looking changes nothing: the machine ends in the same state.
  const Outcome plain = ice86(boot + "plain");
  ASSERT_EQ(plain.exit, 3) << plain.output;
  EXPECT_EQ(contents("traced/state.snap"), contents("plain/state.snap"));
  // And what was written is read again.
  const Outcome read = ice86("trace --input efi.jsonl --summary");
  EXPECT_EQ(read.exit, 0) << read.output;
  EXPECT_THAT(read.output, HasSubstr("EFI           boot services: LoadImage"));
}

// What a socket of Python comes to: the calls of EFI_TCP4_PROTOCOL, with a peer in virtual time.
TEST_F(EfiTrace, ASocketOfPythonIsTcp4) {
  write("arguments",
        "--shutdown -c \"import socket; s = socket.create_connection(('10.0.2.100', 7007)); "
        "s.sendall(b'hello'); print(s.recv(16)); s.close()\"");
  const Outcome traced = ice86(
      "trace -q --efi --out tcp.jsonl --firmware efi-python --nic user,model=e1000,peer=echo:7007 "
      "--serial file:serial.txt --max-time 60s --fw-cfg "
      "name=opt/efi-python/arguments,file=" +
      (folder_ / "arguments").string());
  ASSERT_EQ(traced.exit, 0) << traced.output;
  EXPECT_EQ(count("serial.txt", "b'hello'"), 1U);
  const auto called = [&](const std::string& name, const std::string& arguments) {
    return count("tcp.jsonl", "\"service\":\"TCP4: " + name + "\"") != 0 &&
           count("tcp.jsonl", "\"args\":\"" + arguments + "\"") != 0;
  };
  EXPECT_TRUE(called("Configure", "from port 0 to 10.0.2.100:7007"));
  EXPECT_TRUE(called("Transmit", "5 bytes"));
  EXPECT_EQ(count("tcp.jsonl", "\"service\":\"TCP4: Connect\""), 1U);
  EXPECT_GE(count("tcp.jsonl", "\"service\":\"TCP4: Receive\""), 1U);
  EXPECT_GE(count("tcp.jsonl", "\"service\":\"DHCP4: Start\""), 1U);
}

TEST_F(EfiTrace, ABiosHasNone) {
  const Outcome outcome =
      ice86("trace -q --firmware " + guest("exit_rom") + " --efi --max-time 100ms");
  EXPECT_THAT(outcome.output, HasSubstr("there was no EFI system table"));
}

}  // namespace
}  // namespace ice86::app_test
