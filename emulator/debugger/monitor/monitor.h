// SPDX-License-Identifier: LGPL-2.1-or-later
// The monitor's commands, with the verbs of Bochs' debugger where it has them: text in, text out.
// The same ones behind `--monitor`, GDB's `monitor` and QMP's human-monitor-command.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/debugger/debugger.h"
#include "emulator/debugger/gdb/session.h"

namespace ice86::debugger {

class Monitor {
 public:
  // `owner` of the breakpoints it sets. `gdb`: what GDB's sessions have in common.
  // `controls`: the commands that let the machine run are its own; GDB has its own words for them.
  Monitor(Debugger& debugger, const FrontEnd* owner, gdb::Settings& gdb, bool controls)
      : debugger_(debugger), owner_(owner), gdb_(gdb), controls_(controls) {}

  // Always an answer; mistakes are told in it.
  std::string execute(const std::string& line);
  // Where the machine stands, and why.
  std::string place() const;

  static std::vector<std::string> names();  // of all commands
  // Words that the last one of a line may become.
  static std::vector<std::string> completions(const std::string& line);

 private:
  using Words = std::vector<std::string>;
  struct Command {
    const char* names;  // "step s"
    const char* arguments;
    const char* help;
    std::string (Monitor::*run)(const Words& words);
    bool runs;  // lets the machine go
  };
  static const std::vector<Command>& commands();
  static const Command* find(const std::string& name);

  std::string help(const Words& words);
  std::string go(const Words& words);
  std::string step(const Words& words);
  std::string next(const Words& words);
  std::string stop(const Words& words);
  std::string reverse_step(const Words& words);
  std::string reverse_continue(const Words& words);
  std::string go_to(const Words& words);
  std::string history(const Words& words);
  std::string quit(const Words& words);
  std::string reset(const Words& words);
  std::string break_code(const Words& words);
  std::string break_physical(const Words& words);
  std::string break_magic(const Words& words);
  std::string break_reset(const Words& words);
  std::string break_interrupt(const Words& words);
  std::string break_port(const Words& words);
  std::string break_post(const Words& words);
  std::string break_mode(const Words& words);
  std::string watch(const Words& words);
  std::string list_breaks(const Words& words);
  std::string remove(const Words& words);
  std::string dump(const Words& words);
  std::string dump_physical(const Words& words);
  std::string examine(const Words& words, bool physical);
  std::string set_memory(const Words& words);
  std::string save_memory(const Words& words);
  std::string profile(const Words& words);
  std::string disassemble(const Words& words);
  std::string registers(const Words& words);
  std::string segments(const Words& words);
  std::string controls(const Words& words);
  std::string page(const Words& words);
  std::string info(const Words& words);
  std::string port_in(const Words& words);
  std::string port_out(const Words& words);
  std::string key(const Words& words);
  std::string screen(const Words& words);
  std::string pc_policy(const Words& words);
  std::string architecture(const Words& words);

  std::string vectors(unsigned first, unsigned count);
  std::string descriptor_table(bool interrupts);
  std::string efi_images();
  std::string no_history() const;
  static std::optional<std::uint64_t> hexadecimal(std::string word);
  std::optional<std::uint64_t> term(std::string_view text) const;
  std::optional<std::uint64_t> address(const std::string& text) const;

  Debugger& debugger_;
  const FrontEnd* owner_;
  gdb::Settings& gdb_;
  bool controls_;
  Words last_examined_;
};

}  // namespace ice86::debugger
