// SPDX-License-Identifier: LGPL-2.1-or-later
// Python on EFI from its disk to the prompt, over the serial console, in 128 MB of memory: what it
// answers is what the host's own Python answers.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/firmware/support/guest.h"

namespace ice86 {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kStatements = {
    "import sys, os, math, json, hashlib, threading, time",
    "print(sys.version_info[:2], 2**100, math.pi)",
    "json.loads('[1, 2.5, {\"a\": null}]')",
    "hashlib.sha256(b'ice86').hexdigest()",
    "sorted({'b': 2, 'a': 1}.items())",
    "1/0",
    "t = [threading.Thread(target=time.sleep, args=(.05,)) for i in range(8)]",
    "[x.start() for x in t] and [x.join() for x in t] and None",
    "print(len(t), threading.active_count())",
    "os.makedirs('/tmp/ice86-test/a', exist_ok=True)",
    "print(open('/tmp/ice86-test/a/f', 'w').write('caf\\u00e9\\n'), "
    "os.path.getsize('/tmp/ice86-test/a/f'))",
    "sorted(os.listdir('/tmp/ice86-test')), ascii(open('/tmp/ice86-test/a/f').read())",
    "import re, decimal, sqlite3, zlib, struct, ctypes, unicodedata",
    "decimal.Decimal(2).sqrt()",
    "sqlite3.connect(':memory:').execute('select 6*7').fetchone()",
    "zlib.crc32(b'x' * 100000), struct.pack('<Q', 7), ctypes.sizeof(ctypes.c_long)",
    "import asyncio",
    "asyncio.run(asyncio.sleep(0.01, 'slept'))",
    "class A:\r    x = 5\r",
    "A().x, [i for i in range(5)]",
};

// Bytes that move the cursor are not what was said.
std::string plain(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      while (i < text.size() && std::isalpha(static_cast<unsigned char>(text[i])) == 0) ++i;
    } else if (text[i] != '\r') {
      out += text[i];
    }
  }
  return out;
}

// A session at the prompt without what was typed: a part for each statement.
std::vector<std::string> answers(const std::string& session) {
  std::vector<std::string> parts;
  for (std::size_t at = session.find(">>> "); at != std::string::npos;) {
    const std::size_t next = session.find(">>> ", at + 4);
    std::string part = session.substr(at + 4, next == std::string::npos ? next : next - at - 4);
    while (part.find("... ") != std::string::npos) part.erase(0, part.find("... ") + 4);
    parts.push_back(part);
    at = next;
  }
  return parts;
}

std::vector<std::string> host_answers() {
  std::string script;
  for (const std::string& statement : kStatements) {
    for (const char c : statement) script += c == '\r' ? '\n' : c;
    script += '\n';
  }
  char name[] = "/tmp/ice86-efi-python-XXXXXX";
  const int file = ::mkstemp(name);
  EXPECT_EQ(::write(file, script.data(), script.size()), static_cast<ssize_t>(script.size()));
  ::close(file);
  const std::string command = fmt::format(
      "PYTHONUTF8=1 {} -i -q <{} 2>&1; rm -rf {} /tmp/ice86-test", ICE86_PYTHON3, name, name);
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  std::string heard;
  std::array<char, 4096> buffer;
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    heard.append(buffer.data(), got);
  ::pclose(pipe);
  return answers(heard);
}

// As fast as a person could: OVMF looks at the port each 20 ms, and 16 characters fit into its
// FIFO.
void type(Guest& guest, const std::string& text) {
  for (const char c : text) {
    const std::array<std::uint8_t, 1> byte = {static_cast<std::uint8_t>(c)};
    ASSERT_EQ(guest.pc().receive_serial(0, byte), 1u);
    ASSERT_TRUE(guest.run_for(Guest::kSecond / 400));
  }
}

testing::AssertionResult wait_for(Guest& guest, const std::string& text) {
  return guest.talk({{text, ""}}, 30 * Guest::kSecond);
}

TEST(EfiPython, AnswersAsTheHostsPythonDoesAndStopsAtControlC) {
  const auto guest = Guest::create({.firmware = "ovmf",
                                    .disk = ICE86_IMAGES "/efi-python.img",
                                    .memory_mib = 128,
                                    .engine = cpu::Engine::kJit});
  ASSERT_TRUE(guest);
  for (const std::string& statement : kStatements) {
    ASSERT_TRUE(wait_for(*guest, ">>> ")) << statement;
    type(*guest, statement + "\r");
  }
  for (const char* const statement : {"while True: pass\r\r", "time.sleep(100)\r"}) {
    ASSERT_TRUE(wait_for(*guest, ">>> "));
    type(*guest, statement);
    ASSERT_TRUE(guest->run_for(Guest::kSecond / 2));
    type(*guest, "\x03");
    EXPECT_TRUE(wait_for(*guest, "KeyboardInterrupt")) << statement;
  }
  ASSERT_TRUE(wait_for(*guest, ">>> "));

  // Nothing in the red zone of a function is ever hit.
  type(*guest, "import _efi; print('bad', _efi.check_red_zone(2000000))\r");
  ASSERT_TRUE(wait_for(*guest, "\nbad 0\r"));

  const std::vector<std::string> expected = host_answers();
  const std::vector<std::string> found = answers(plain(guest->heard()));
  ASSERT_GE(expected.size(), kStatements.size());
  ASSERT_GE(found.size(), kStatements.size());
  for (std::size_t i = 0; i < kStatements.size(); ++i) {
    // The guest echoes the statement, which a pipe does not.
    const std::size_t echo = found[i].find('\n');
    ASSERT_NE(echo, std::string::npos) << found[i];
    EXPECT_EQ(found[i].substr(echo + 1), expected[i]) << kStatements[i];
  }
}

// The control: without the protection the same check finds values destroyed.
TEST(EfiPython, LosesValuesInTheRedZoneWithoutItsProtection) {
  const auto guest = Guest::create({.firmware = "ovmf",
                                    .disk = ICE86_ESPS "/no-red-zone.img",
                                    .memory_mib = 128,
                                    .engine = cpu::Engine::kJit});
  ASSERT_TRUE(guest);
  // Python itself may fall first; the figure comes within the first ticks of the timer.
  ASSERT_TRUE(wait_for(*guest, "\nbad "));
  ASSERT_TRUE(wait_for(*guest, "\n"));
  const std::string& heard = guest->heard();
  EXPECT_GT(std::atoi(heard.c_str() + heard.rfind("\nbad ") + 5), 0) << heard;
}

}  // namespace
}  // namespace ice86
