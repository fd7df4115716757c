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

// What is typed, and what the prompt answers.
struct Exchange {
  const char* typed;
  const char* answer;
};

TEST(EfiPython, TheModuleEfiReachesTheFirmware) {
  static constexpr Exchange kExchanges[] = {
      {"import efi, ctypes, time; out = efi.system_table.ConOut\r", ""},
      {"out.contents.OutputString(out, 'Hello world\\r\\n')\r", "\nHello world\r\n0\r"},
      {"efi.system_table\r", "  0x060 BootServices = <BootServices at 0x"},
      {"out.contents\r", "  0x008 OutputString = <function at 0x"},
      {"efi.show_available_protocols()\r", "ce345171-ba0b-11d2-8e4f-00a0c969723b    1  DiskIo\r"},
      {"efi.get_variable('BootCurrent')\r", "\n(6, b'\\x01\\x00')\r"},
      {"v = efi.Guid('1ce86000-0000-0000-0000-000000000001'); efi.set_variable('X', b'abc', v)\r",
       ""},
      {"efi.get_variable('X', v)\r", "\n(7, b'abc')\r"},
      {"[n for n, g in efi.variables() if g == v]\r", "\n['X']\r"},
      {"efi.names.TABLES['SMBIOS'] in dict(efi.configuration_tables())\r", "\nTrue\r"},
      {"sum(m.NumberOfPages for m in efi.memory_map() if m.Type == 1) > 10000\r", "\nTrue\r"},
      // Notifications: while the main thread sleeps, and while it computes.
      {"n = []; e = efi.Event(lambda: n.append(time.monotonic()))\r", ""},
      {"def spin():\r while len(n) < 40: pass\r\r", ""},
      {"e.set_timer(.05, True); [time.sleep(1)] and 15 <= len(n) <= 25\r", "\nTrue\r"},
      {"spin(); e.close(); len(n)\r", "\n40\r"},
      {"e = efi.Event(); e.is_signalled(), e.signal(), e.is_signalled()\r",
       "\n(False, None, True)\r"},
      {"cb = efi.callback(lambda *a: sum(a), 8)\r", ""},
      {"efi.Function(cb.address)(1, 2, 3, 4, 5, 6, 7, 100), cb.close()\r", "\n(128, None)\r"},
      {"g = efi.Graphics(); g.fill(10, 10, 90, 90, 0xff8000)\r", ""},
      {"g.read(98, 98, 2, 1)\r", "\nbytearray(b'\\x00\\x80\\xff\\x00\\x00\\x80\\xff\\x00')\r"},
      {"efi.locate('Hash2')\r", "efi.types.EfiError: Hash2: NOT_FOUND\r"},
      {"open('/esp/note', 'w').write('x' * 5000), open('/esp/note').read(3)\r",
       "\n(5000, 'xxx')\r"},
      {"import os; 'note' in os.listdir('/esp'), os.remove('/esp/note')\r", "\n(True, None)\r"},
      {"efi.reset('shutdown')\r", ""},
  };
  const auto guest = Guest::create({.firmware = "ovmf",
                                    .disk = ICE86_IMAGES "/efi-python.img",
                                    .memory_mib = 128,
                                    .engine = cpu::Engine::kJit});
  ASSERT_TRUE(guest);
  for (const Exchange& exchange : kExchanges) {
    ASSERT_TRUE(wait_for(*guest, ">>> ")) << exchange.typed;
    type(*guest, exchange.typed);
    if (*exchange.answer == 0) continue;
    ASSERT_TRUE(wait_for(*guest, exchange.answer)) << exchange.typed;
  }
  guest->run_for(5 * Guest::kSecond);
  EXPECT_EQ(guest->result().end, machine::RunEnd::kPowerOff);
}

TEST(EfiPython, RunsAScriptOfFwCfgAndPowersOff) {
  const std::string arguments =
      "WORD=42 --shutdown -c \"import os, sys, atexit, efi; atexit.register(print, 'at exit'); "
      "print(os.environ['WORD'], sys.argv); efi.exit()\" one \"two words\"";
  const auto guest =
      Guest::create({.firmware = "ovmf",
                     .disk = ICE86_IMAGES "/efi-python.img",
                     .memory_mib = 128,
                     .engine = cpu::Engine::kJit,
                     .configure = [&](machine::PcConfig& config) {
                       config.fw_cfg_files.emplace_back(
                           "opt/efi-python/arguments",
                           std::vector<std::uint8_t>(arguments.begin(), arguments.end()));
                     }});
  ASSERT_TRUE(guest);
  guest->run_for(60 * Guest::kSecond);
  EXPECT_EQ(guest->result().end, machine::RunEnd::kPowerOff);
  EXPECT_THAT(guest->heard(), HasSubstr("\n42 ['-c', 'one', 'two words']\r\nat exit\r\n"));
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
