// SPDX-License-Identifier: LGPL-2.1-or-later
// Who sits before the machine during a run: shows the window, holds virtual time to the host's
// clock, gives input and repeats recorded input, takes pictures at given times. The guest cannot
// tell whether anybody is there until a key comes.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "emulator/app/display_options.h"
#include "emulator/display/window.h"
#include "emulator/machine/pc.h"

namespace ice86::app {

class Attendant {
 public:
  // Opens the window and creates the input log. `folder`: where the window's screenshots go.
  static Result<std::unique_ptr<Attendant>> create(machine::Pc& pc, DisplayPlan plan,
                                                   std::filesystem::path folder);

  // Told of all input that the machine is given.
  void on_input(std::function<void(const machine::Input&)> told) { told_ = std::move(told); }

  // All that comes from outside, as it reaches the machine: into the input log, if one is kept.
  void log(const machine::TimedInput& input);

  // RunLimits::attend.
  machine::Instant visit();
  // How the run differs from the recording that it repeats; none, and how often it was as recorded.
  const std::optional<std::string>& difference() const { return difference_; }
  bool replays() const { return plan_.input.recording.has_value(); }
  std::uint64_t checks() const { return checks_; }
  // What ends the run: "closing the window", ...; null: nothing yet.
  const char* wants_end() const;
  // The machine has stopped. When it did so by an accident, the window shows its last picture until
  // it is closed or `interrupted`.
  void stopped(const machine::RunResult& result, const std::function<bool()>& interrupted);
  // Takes the last pictures; tells of files that could not be written during the run.
  Result<void> finish();

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  Attendant(machine::Pc& pc, DisplayPlan plan, std::filesystem::path folder)
      : pc_(pc), plan_(std::move(plan)), folder_(std::move(folder)) {}

  void give(const machine::Input& input);
  void repeat_input();
  void check(const machine::TimedInput& event);
  std::string cpu_hash() const;
  void log_check();
  void take_screenshots();
  void keep_pace();
  void look(std::uint64_t host_now);
  void screenshot_by_hand();
  machine::Instant next_visit() const;
  void note(Result<void> outcome);

  machine::Pc& pc_;
  DisplayPlan plan_;
  std::filesystem::path folder_;
  std::function<void(const machine::Input&)> told_;
  std::unique_ptr<display::Window> window_;
  std::unique_ptr<std::FILE, CloseFile> log_;
  std::size_t next_input_ = 0;
  std::size_t next_screenshot_ = 0;
  unsigned screenshots_by_hand_ = 0;
  bool log_ended_ = false;        // the input log that is repeated says so
  std::uint64_t next_check_ = 0;  // of a recording, in instructions
  std::uint64_t held_until_ = 0;  // a replay: the last check that was as recorded
  std::uint64_t checks_ = 0;
  std::optional<std::string> difference_;
  std::optional<Error> failure_;  // the first

  // The host's clock against the machine's.
  bool started_ = false;
  std::uint64_t pace_host_ = 0;
  Nanoseconds pace_virtual_ = 0;
  std::uint64_t looked_at_ = 0;
  std::uint64_t title_at_ = 0;
  std::uint64_t title_instructions_ = 0;
};

}  // namespace ice86::app
