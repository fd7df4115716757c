// SPDX-License-Identifier: LGPL-2.1-or-later
// Bochs under its own debugger, as a child process that answers commands.
// Reference: Bochs 2.7 user manual, "Using Bochs internal debugger".
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emulator/base/result.h"

namespace ice86::harness {

class BochsDebugger {
 public:
  // Starts Bochs with the bochsrc in `folder`, its working directory, and waits for the first
  // prompt. `interrupted` is asked several times a second while Bochs runs; true ends it. Errors
  // name the missing Debian package or give the message with which Bochs gave up.
  static Result<std::unique_ptr<BochsDebugger>> start(const std::filesystem::path& folder,
                                                      std::function<bool()> interrupted);
  ~BochsDebugger();
  BochsDebugger(const BochsDebugger&) = delete;
  BochsDebugger& operator=(const BochsDebugger&) = delete;

  // Sends the commands and gives the answer of each. Fewer answers than commands: Bochs has ended,
  // was interrupted, or cannot be understood any more; alive() is false then.
  std::vector<std::string> ask(const std::vector<std::string>& commands);

  // The same for one command that lets the guest run. A guest that has halted for good never comes
  // to a stop by itself: after some seconds without one Bochs is interrupted, and the answer is
  // that of a stop for no reason.
  std::optional<std::string> go(const std::string& command);

  bool alive() const { return alive_; }
  bool was_interrupted() const { return interrupted_; }
  // What Bochs said when it ended by itself, such as "[CPU0  ] ... triple fault"; may be empty.
  std::string last_words() const;
  // Its output behind the last prompt.
  const std::string& last_output() const { return pending_; }

 private:
  BochsDebugger(pid_t child, int commands, int answers, int errors,
                std::function<bool()> asked_to_stop);

  std::optional<std::string> next_answer();
  bool pump();  // waits for output; false when Bochs is gone
  void look_for_screen();
  void stop();

  pid_t child_;
  int commands_;
  int answers_;
  int errors_;
  int screen_ = -1;
  std::function<bool()> asked_to_stop_;
  std::string pending_;  // output without a prompt behind it yet
  std::size_t searched_ = 0;
  std::string complaints_;  // stderr
  std::uint64_t prompts_ = 0;
  bool alive_ = true;
  bool interrupted_ = false;
  bool running_ = false;    // within go()
  unsigned silent_ms_ = 0;  // how long nothing has come
};

}  // namespace ice86::harness
