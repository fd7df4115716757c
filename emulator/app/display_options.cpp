// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/app/display_options.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "emulator/app/drive_options.h"
#include "emulator/app/machine_options.h"
#include "emulator/base/files.h"
#include "emulator/base/suggest.h"

namespace ice86::app {

namespace {

constexpr unsigned kMostScale = 8;
constexpr std::size_t kMostLogBytes = 256 << 20;

// "sdl,scale=2,full-screen=on" with QEMU's settings that mean something here.
Result<std::optional<display::WindowOptions>> parse_display(const std::string& text) {
  ICE86_TRY_ASSIGN(const auto settings, split_settings(text, "--display"));
  const std::string kind = settings.empty() ? "" : settings.front().second;
  if (settings.empty() || !settings.front().first.empty() || (kind != "sdl" && kind != "none")) {
    const bool other = kind == "gtk" || kind == "cocoa" || kind == "curses" || kind == "vnc" ||
                       kind == "spice-app" || kind == "egl-headless" || kind == "dbus";
    return usage_error(
        fmt::format("--display {}: {} (sdl: a window; none)", text,
                    other ? "this program's window is sdl" : "there is no such display"));
  }
  if (kind == "none") {
    if (settings.size() > 1) return usage_error("--display none: takes no settings");
    return std::optional<display::WindowOptions>();
  }
  display::WindowOptions window;
  for (std::size_t i = 1; i < settings.size(); ++i) {
    const auto& [name, value] = settings[i];
    if (name == "scale") {
      if (value.size() != 1 || value[0] < '1' || value[0] > '0' + static_cast<int>(kMostScale))
        return usage_error(
            fmt::format("--display: scale={} is no number from 1 to {}", value, kMostScale));
      window.scale = static_cast<unsigned>(value[0] - '0');
    } else if (name == "integer") {
      ICE86_TRY_ASSIGN(window.integer_scaling, parse_switch(name, value, "--display"));
    } else if (name == "full-screen") {
      ICE86_TRY_ASSIGN(window.full_screen, parse_switch(name, value, "--display"));
    } else if (name == "show-cursor") {
      ICE86_TRY_ASSIGN(window.show_cursor, parse_switch(name, value, "--display"));
    } else if (name == "window-close") {
      ICE86_TRY_ASSIGN(window.may_close, parse_switch(name, value, "--display"));
    } else if (name == "gl") {
      ICE86_TRY_ASSIGN(const bool on, parse_switch(name, value, "--display"));
      if (on) return usage_error("--display: gl=on: the guest's adapter draws without OpenGL");
    } else {
      static const std::vector<std::string> kKnown = {"scale",       "integer",      "full-screen",
                                                      "show-cursor", "window-close", "gl"};
      return usage_error(
          fmt::format("--display sdl: '{}' is no setting{} (scale integer full-screen show-cursor "
                      "window-close)",
                      name.empty() ? value : name, suggestion(name, kKnown)));
    }
  }
  return std::optional<display::WindowOptions>(window);
}

// FILE or FILE@TIME.
Result<Screenshot> parse_screenshot(const std::string& text) {
  Screenshot shot;
  std::string file = text;
  if (const std::size_t at = text.rfind('@'); at != std::string::npos) {
    auto time = parse_duration_ns(text.substr(at + 1));
    if (!time) return std::move(time).error().within(fmt::format("--screenshot {}", text));
    shot.time = *time;
    file = text.substr(0, at);
  }
  shot.file = file;
  const auto suffix = shot.file.extension();
  if (suffix != ".png" && suffix != ".txt")
    return usage_error(fmt::format("--screenshot {}: the file's name ends in .png or .txt", text));
  return shot;
}

}  // namespace

void add_display_options(CLI::App& command, DisplayOptions& o) {
  command
      .add_option("--display", o.display,
                  "sdl: a window, none: no window; "
                  "sdl[,scale=1..8][,integer=on|off][,full-screen=on][,show-cursor=on]"
                  "[,window-close=off]")
      ->capture_default_str();
  command.add_flag("--nographic", o.nographic,
                   "no window; COM1 is standard output, unless --serial says otherwise");
  command.add_flag("--full-screen", o.full_screen,
                   "a window (--display sdl) that fills the screen");
  command.add_flag("--no-shutdown", o.no_shutdown,
                   "the window stays until it is closed when the guest powers off");
  command
      .add_option(
          "--pace", o.pace,
          "real: virtual time keeps to the host's clock; warp: as fast as it goes. What the "
          "guest computes is the same. Default: real with a window, else warp")
      ->check(CLI::IsMember({"real", "warp"}));
  command
      .add_option("--screenshot", o.screenshots,
                  "FILE.png or FILE.txt[@TIME]: the screen at that virtual time, or at the end")
      ->allow_extra_args(false);
  command.add_option("--record-input", o.record_input,
                     "write all input (keys, mouse, serial lines, the user network's frames), with "
                     "the instants at "
                     "which it reaches the machine, to this file");
  command.add_option("--input", o.input, "repeat the input of such a file (docs/display.md)");
}

Result<DisplayPlan> display_plan(const DisplayOptions& options) {
  DisplayPlan plan;
  ICE86_TRY_ASSIGN(plan.window, parse_display(options.display));
  if (options.full_screen) {
    if (!plan.window) plan.window.emplace();
    plan.window->full_screen = true;
  }
  if (options.nographic) {
    if (plan.window) return usage_error("-nographic and a window exclude each other");
  }
  plan.real_pace = options.pace ? *options.pace == "real" : plan.window.has_value();
  plan.linger = options.no_shutdown;
  for (const std::string& text : options.screenshots) {
    ICE86_TRY_ASSIGN(Screenshot shot, parse_screenshot(text));
    plan.screenshots.push_back(std::move(shot));
  }
  std::stable_sort(plan.screenshots.begin(), plan.screenshots.end(),
                   [](const Screenshot& a, const Screenshot& b) {
                     constexpr Nanoseconds kEnd = ~Nanoseconds{0};
                     return a.time.value_or(kEnd) < b.time.value_or(kEnd);
                   });
  if (options.record_input) plan.record_input = *options.record_input;
  if (options.input) {
    ICE86_TRY_ASSIGN(plan.input, read_input_log(*options.input));
  }
  return plan;
}

Result<machine::InputLog> read_input_log(const std::string& file) {
  ICE86_TRY_ASSIGN(const auto bytes, read_file(file, kMostLogBytes));
  auto log = machine::parse_input_log(
      std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  if (!log) return std::move(log).error().within(file);
  return log;
}

}  // namespace ice86::app
