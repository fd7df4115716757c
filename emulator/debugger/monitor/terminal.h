// SPDX-License-Identifier: LGPL-2.1-or-later
// The monitor as lines on a terminal, a pipe or a socket.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "emulator/debugger/monitor/line_editor.h"
#include "emulator/debugger/monitor/monitor.h"
#include "emulator/debugger/socket.h"

namespace ice86::debugger {

class MonitorConsole final : public FrontEnd {
 public:
  // On a listener, one connection after another; null: on stdin and stdout.
  MonitorConsole(Debugger& debugger, gdb::Settings& gdb, std::unique_ptr<Listener> listener);

  void descriptors(std::vector<pollfd>& list) const override;
  void serve() override;
  bool attached() const override { return listener_ == nullptr ? !ended_ : connection_ != nullptr; }
  void stopped(const Stop& stop) override;

 private:
  void work();
  void say(const std::string& text);
  void prompt();

  Debugger& debugger_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<LineEditor> editor_;  // of a person at the terminal
  Monitor monitor_;
  std::string typed_;
  std::string last_;  // an empty line says it again
  bool prompted_ = false;
  bool waits_ = false;  // one of its commands runs the machine
  bool ended_ = false;  // stdin
};

}  // namespace ice86::debugger
