// SPDX-License-Identifier: LGPL-2.1-or-later
// The options for a person before the machine: window, pace, pictures, and the log of what the
// person did.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "emulator/base/result.h"
#include "emulator/bus/types.h"
#include "emulator/display/window.h"
#include "emulator/machine/input.h"

namespace CLI {
class App;
}

namespace ice86::app {

struct DisplayOptions {
  std::string display = "none";  // with settings after commas
  bool nographic = false;
  bool full_screen = false;
  bool no_shutdown = false;
  std::optional<std::string> pace;
  std::vector<std::string> screenshots;
  std::optional<std::string> record_input;
  std::optional<std::string> input;
};

void add_display_options(CLI::App& command, DisplayOptions& options);

struct Screenshot {
  std::filesystem::path file;
  std::optional<Nanoseconds> time;  // none: when the run ends
};

// The options checked, and the files they name read.
struct DisplayPlan {
  std::optional<display::WindowOptions> window;
  bool real_pace = false;
  bool linger = false;  // the window stays when the guest powers off
  std::vector<Screenshot> screenshots;
  std::optional<std::filesystem::path> record_input;
  std::optional<machine::Recording> recording;  // what record_input is more than an input log
  machine::InputLog input;

  bool needs_attendant() const {
    return window || real_pace || !screenshots.empty() || record_input || input.recording ||
           !input.events.empty();
  }
};

Result<DisplayPlan> display_plan(const DisplayOptions& options);

Result<machine::InputLog> read_input_log(const std::string& file);

}  // namespace ice86::app
