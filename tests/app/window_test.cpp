// SPDX-License-Identifier: LGPL-2.1-or-later
// The window as a person uses it: a real X server, real key presses, and a look at the picture.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <sstream>

#include "tests/app/program.h"
#include "tests/app/x_screen.h"

namespace ice86::app_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kVgaBios = "/usr/share/seabios/vgabios-stdvga.bin";

std::string whole_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Looks again until it is true; the host may be slow.
bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return true;
}

class WindowTest : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    for (const char* program : {"Xvfb", "xdotool", "import"}) {
      if (!program_exists(program))
        GTEST_SKIP() << program << " is not there: ./run setup installs xvfb, xdotool, imagemagick";
    }
    ASSERT_TRUE(screen_.start(folder_ / "xvfb.log")) << whole_file(folder_ / "xvfb.log");
    ASSERT_TRUE(reader_.usable()) << "no font in " << kVgaBios;
  }

  void start(std::vector<std::string> words) {
    words.insert(words.begin(), ICE86_PROGRAM);
    machine_.start(words, folder_ / "log");
    ASSERT_TRUE(eventually([] { return !XScreen::window().empty(); }))
        << whole_file(folder_ / "log") << std::getenv("DISPLAY")
        << whole_file(folder_ / "xvfb.log");
    XScreen::act("windowfocus --sync " + XScreen::window());
  }
  std::string text() const { return reader_.read(XScreen::look()); }
  bool shows(const std::string& words) {
    return eventually([&] { return text().find(words) != std::string::npos; });
  }

  XScreen screen_;
  TextReader reader_{whole_file(kVgaBios)};
  Child machine_;
};

TEST_F(WindowTest, TypingReachesTheGuestAndThePictureThePerson) {
  const auto path = [this](const char* name) { return (folder_ / name).string(); };
  ASSERT_NO_FATAL_FAILURE(
      start({"run", "--firmware", "seabios", "-hda", ICE86_GRUB_DISK, "-display", "sdl", "--hash",
             "--record-input", path("input.jsonl"), "--screenshot", path("end.png")}));
  ASSERT_TRUE(shows("GNU GRUB")) << text();
  EXPECT_THAT(XScreen::title(), HasSubstr("ice86 - seabios"));
  XScreen::act("key c");
  ASSERT_TRUE(shows("grub>")) << text();
  XScreen::act("type --delay 60 'echo Window_A:9+'");
  ASSERT_TRUE(shows("grub> echo Window_A:9+")) << text();
  XScreen::act("key Return");
  ASSERT_TRUE(shows("\nWindow_A:9+")) << text();

  // The mouse: taken by a click, given back by a key.
  XScreen::act("mousemove --window " + XScreen::window() + " 100 100 click 1");
  EXPECT_TRUE(eventually([] { return XScreen::title().find("Ctrl-Alt-G") != std::string::npos; }));
  XScreen::act("mousemove_relative -- 25 -10");
  EXPECT_TRUE(eventually(
      [&] { return whole_file(folder_ / "input.jsonl").find("\"dx\":") != std::string::npos; }));
  XScreen::act("key ctrl+alt+g");
  EXPECT_TRUE(eventually([] { return XScreen::title().find("Ctrl-Alt-G") == std::string::npos; }));

  const Picture seen = XScreen::look();
  XScreen::act("key ctrl+alt+q");
  const auto code = machine_.wait(std::chrono::seconds(60));
  const std::string log = whole_file(folder_ / "log");
  ASSERT_EQ(code, 0) << log;
  EXPECT_THAT(log, HasSubstr("closing the window"));

  // What the X server showed is the picture, dot for dot; only the cursor may have blinked.
  const Picture drawn = read_png(path("end.png"));
  ASSERT_EQ(seen.width, drawn.width);
  ASSERT_EQ(seen.height, drawn.height);
  unsigned left = seen.width, right = 0, top = seen.height, bottom = 0;
  for (std::size_t i = 0; i < seen.rgb.size(); ++i) {
    if (seen.rgb[i] == drawn.rgb[i]) continue;
    const auto x = static_cast<unsigned>(i / 3 % seen.width);
    const auto y = static_cast<unsigned>(i / 3 / seen.width);
    left = std::min(left, x), right = std::max(right, x + 1);
    top = std::min(top, y), bottom = std::max(bottom, y + 1);
  }
  if (right != 0) {
    EXPECT_LE(right - left, 9U);
    EXPECT_LE(bottom - top, 2U);
  }

  // The same keys again, without a window and at full speed: the same machine, bit for bit.
  const std::size_t hash = log.find("state ");
  ASSERT_NE(hash, std::string::npos) << log;
  const Outcome again = ice86("run --firmware seabios -hda '" ICE86_GRUB_DISK
                              "' --hash --input input.jsonl --screenshot again.txt");
  EXPECT_EQ(again.exit, 0) << again.output;
  EXPECT_THAT(again.output, HasSubstr(log.substr(hash, 6 + 64)));
  EXPECT_THAT(whole_file(folder_ / "again.txt"), HasSubstr("\nWindow_A:9+"));
}

TEST_F(WindowTest, ScalesByWholeNumbersAndStaysAfterACrash) {
  ASSERT_NO_FATAL_FAILURE(
      start({"run", "--firmware", guest("triple_fault_rom"), "-display", "sdl,scale=2"}));
  ASSERT_TRUE(eventually([] { return XScreen::title().find("crashed") != std::string::npos; }));
  const unsigned before = XScreen::look().width;
  ASSERT_NE(before, 0U);
  XScreen::act("key ctrl+alt+minus");
  EXPECT_TRUE(eventually([&] { return XScreen::look().width * 2 == before; }));
  XScreen::act("key ctrl+alt+q");
  EXPECT_EQ(machine_.wait(std::chrono::seconds(30)), 4) << whole_file(folder_ / "log");
}

TEST_F(WindowTest, NoServerIsSaid) {
  ::unsetenv("SDL_VIDEODRIVER");
  const Outcome outcome = ice86("run --firmware " + guest("exit_rom") + " -display sdl",
                                "SDL_VIDEODRIVER=x11 DISPLAY=:9999");
  EXPECT_EQ(outcome.exit, 6) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("a window cannot be opened"));
}

}  // namespace
}  // namespace ice86::app_test
