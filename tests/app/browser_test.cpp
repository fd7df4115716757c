// SPDX-License-Identifier: LGPL-2.1-or-later
// The pages of `ice86 trace --html` and `ice86 diff --html` in a browser without a window: they
// open, complain about nothing, and what is clicked is shown.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/app/program.h"

namespace ice86::app_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Browser : public Program {
 protected:
  // Opens a copy of `page` that runs `script` at its end; what the document is then, with what the
  // console got in front.
  std::string document(const std::string& page, const std::string& script) {
    std::ifstream file(folder_ / page, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    text.insert(text.find("<head>") + 6,
                "<script>window.onerror = m => { document.documentElement.dataset.error = m; };"
                "</script>");
    text.insert(text.rfind("</body>"), "<script>" + script + "</script>");
    write("probe.html", text);
    const Outcome outcome =
        run("chromium",
            "--headless --no-sandbox --disable-gpu --enable-logging=stderr "
            "--user-data-dir=profile --window-size=1400,900 --dump-dom file://" +
                (folder_ / "probe.html").string());
    EXPECT_EQ(outcome.exit, 0);
    EXPECT_THAT(outcome.output, Not(HasSubstr("CONSOLE")));
    EXPECT_THAT(outcome.output, Not(HasSubstr("data-error=")));
    return outcome.output;
  }
  static bool has_chromium() { return std::system("command -v chromium >/dev/null 2>&1") == 0; }
};

TEST_F(Browser, ATracePageShowsWhatIsClicked) {
  if (!has_chromium()) GTEST_SKIP() << "the Debian package chromium is not installed";
  const Outcome made =
      ice86("trace --firmware seabios -m 16 --max-time 3s -q --html t.html --disk " +
            guest("bios_calls"));
  ASSERT_EQ(made.exit, 3) << made.output;
  const std::string shown =
      document("t.html",
               "const say = (name, text) => { document.documentElement.dataset[name] = text; };"
               "document.getElementById('search').value = 'disk: extended read';"
               "document.getElementById('search').dispatchEvent(new Event('input'));"
               "document.querySelector('.row').click();"
               "say('call', document.getElementById('call').innerText.replace(/\\s+/g, ' '));"
               "const when = document.getElementById('when'); when.value = 0;"
               "when.dispatchEvent(new Event('input'));"
               "say('first', document.getElementById('at').textContent);");
  EXPECT_THAT(shown,
              AllOf(HasSubstr("data-call=\"INT 13h disk: extended read"), HasSubstr("The caller"),
                    HasSubstr("int 0x13"), HasSubstr("The handler"), HasSubstr("data-first=\"0.")));
}

// Polls are folded in the page's data, and what a browser would take seconds to open is left out in
// the middle.
TEST_F(Browser, ALongTraceIsCutInTheMiddle) {
  if (!has_chromium()) GTEST_SKIP() << "the Debian package chromium is not installed";
  constexpr unsigned kPolls = 5'000, kDumps = 8'000, kDumped = 300;
  std::string trace =
      R"({"schema":"ice86-int-trace","version":3,"source":"test","firmware":"none","rom_sha256":"",)"
      R"("vga_sha256":"","machine":"","calls":13000})"
      "\n";
  constexpr const char* kRegisters =
      R"({"eax":"100","ebx":"0","ecx":"0","edx":"0","esi":"0","edi":"0","ebp":"0","flags":"2","ds":"0","es":"0"})";
  for (unsigned i = 0; i < kPolls + kDumps; ++i) {
    const std::string memory =
        i < kPolls ? "" : fmt::format(R"(,"memory":"{:08x}{}")", i, std::string(2 * kDumped, '0'));
    trace += fmt::format(
        R"({{"n":{},"insn":{},"t":{},"vec":"16","service":"keyboard: key waiting?","caller":"0:0",)"
        R"("handler":"0:0","depth":0,"in":{},"out":{},"return":"iret","insns":1,"ns":10,"args":"",)"
        R"("result":""{}}})"
        "\n",
        i, i * 10, i * 1000, kRegisters, kRegisters, memory);
  }
  write("long.jsonl", trace);
  ASSERT_EQ(ice86("trace --input long.jsonl -q --html long.html").exit, 0);
  EXPECT_LT(std::filesystem::file_size(folder_ / "long.html"), 5'000'000u);
  const std::string shown = document(
      "long.html",
      "const say = (name, text) => { document.documentElement.dataset[name] = text; };"
      "say('count', document.getElementById('count').textContent);"
      "say('poll', calls[4999].time + ' ' + calls[4999].insn + ' ' + calls[4999].position);"
      "const last = calls[calls.length - 1];"
      "say('last', last.time + ' ' + last.insn + ' ' + last.position + ' ' + last.in[0]);");
  EXPECT_THAT(shown,
              AllOf(HasSubstr("more are left out"), HasSubstr("data-poll=\"4999000 49990 4999\""),
                    HasSubstr("data-last=\"12999000 129990 12999 256\"")));
}

TEST_F(Browser, ADiffPageShowsWhatIsClicked) {
  if (!has_chromium()) GTEST_SKIP() << "the Debian package chromium is not installed";
  for (const char* firmware : {"seabios", "bochs-legacy"}) {
    ASSERT_EQ(ice86(std::string("trace --firmware ") + firmware + " -m 16 --max-time 3s -q --out " +
                    firmware + ".jsonl --disk " + guest("bios_calls"))
                  .exit,
              3);
  }
  ASSERT_EQ(ice86("diff seabios.jsonl bochs-legacy.jsonl --html d.html").exit, 5);
  const std::string shown = document(
      "d.html",
      "document.querySelectorAll('#services tr')[0].click();"
      "document.querySelector('#rows tr').click();"
      "document.documentElement.dataset.call = document.getElementById('call').innerText;");
  EXPECT_THAT(shown, HasSubstr("data-call=\"INT 10h"));
}

}  // namespace
}  // namespace ice86::app_test
