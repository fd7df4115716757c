// SPDX-License-Identifier: LGPL-2.1-or-later
// What one GDB asks and is answered. Knows packets, not sockets.
// Reference: GDB manual, appendix E "Remote Protocol".
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/debugger/debugger.h"
#include "emulator/debugger/gdb/packet.h"
#include "emulator/debugger/gdb/registers.h"

namespace ice86::debugger::gdb {

// What all connections of a run have in common.
struct Settings {
  PcPolicy pc = PcPolicy::kLinear;
  std::optional<Architecture> architecture;  // none: that of the code that runs now
};

class Session {
 public:
  // `send`: bytes for GDB. `monitor`: answers GDB's `monitor` command.
  using Send = std::function<void(std::string_view)>;
  using Monitor = std::function<std::string(const std::string& line)>;
  Session(Debugger& debugger, const FrontEnd& owner, Settings& settings, Send send,
          Monitor monitor);

  void receive(std::string_view bytes);
  void stopped(const Stop& stop);
  // GDB has let go of the machine: the connection ends.
  bool over() const { return over_; }
  // GDB waits for the machine to stop, and may send a Ctrl-C.
  bool waits() const { return waits_; }

 private:
  void handle(std::string_view text);
  void answer(std::string_view body);
  void query(std::string_view text);
  void supported(std::string_view text);
  void transfer(std::string_view text);
  void remote_command(std::string_view digits);
  void read_memory(std::string_view text);
  void write_memory(std::string_view text, bool binary);
  void read_all();
  void write_all(std::string_view digits);
  void read_one(std::string_view text);
  void write_one(std::string_view text);
  void breakpoint(std::string_view text, bool insert);
  void v_packet(std::string_view text);
  void resume(std::string_view action);
  void backwards(bool step);
  std::string stop_reply() const;
  std::uint64_t masked(std::uint64_t address) const;
  Architecture current() const;

  Debugger& debugger_;
  const FrontEnd& owner_;
  Settings& settings_;
  Send send_;
  Monitor monitor_;
  PacketReader reader_;
  RegisterMap registers_;
  bool acknowledge_ = true;
  bool no_ack_next_ = false;
  bool waits_ = false;  // for a stop
  bool sw_reasons_ = false, hw_reasons_ = false;
  bool physical_ = false;  // addresses of m, M and X
  bool over_ = false;
  std::string last_;   // sent, for when it has to be sent again
  std::string chunk_;  // of the description that is being read
};

}  // namespace ice86::debugger::gdb
