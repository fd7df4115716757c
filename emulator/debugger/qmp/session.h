// SPDX-License-Identifier: LGPL-2.1-or-later
// One client of QMP: the part of QEMU's machine protocol that scripts use to drive a run. Knows
// JSON, not sockets. Reference: QEMU, "QEMU Machine Protocol Specification", version 1.1.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "emulator/debugger/debugger.h"
#include "emulator/debugger/monitor/monitor.h"

namespace ice86::debugger::qmp {

class Session {
 public:
  using Send = std::function<void(std::string_view)>;
  // Greets.
  Session(Debugger& debugger, Monitor& monitor, Send send);

  void receive(std::string_view bytes);
  void stopped(const Stop& stop);
  void resumed();

 private:
  void handle(const std::string& text);
  void execute(const nlohmann::ordered_json& request);
  void answer(nlohmann::ordered_json reply);
  void event(const char* name);

  Debugger& debugger_;
  Monitor& monitor_;
  Send send_;
  bool ready_ = false;  // qmp_capabilities was said
  // The object that is being received.
  std::string text_;
  unsigned depth_ = 0;
  bool in_string_ = false, escaped_ = false;
};

}  // namespace ice86::debugger::qmp
