// SPDX-License-Identifier: LGPL-2.1-or-later
// The pages of `ice86 trace --html` and `ice86 diff --html` in a browser without a window: they
// open, complain about nothing, and what is clicked is shown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
