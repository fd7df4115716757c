// SPDX-License-Identifier: LGPL-2.1-or-later
// GDB's door to a run: one connection at a time, as many one after another as like.
#pragma once

#include <memory>
#include <vector>

#include "emulator/debugger/debugger.h"
#include "emulator/debugger/gdb/session.h"
#include "emulator/debugger/socket.h"

namespace ice86::debugger::gdb {

class Server final : public FrontEnd {
 public:
  Server(Debugger& debugger, std::unique_ptr<Listener> listener, Session::Monitor monitor,
         Settings& settings)
      : debugger_(debugger),
        listener_(std::move(listener)),
        monitor_(std::move(monitor)),
        settings_(settings) {}

  void descriptors(std::vector<pollfd>& list) const override;
  void serve() override;
  bool attached() const override { return session_ != nullptr; }
  void stopped(const Stop& stop) override;

 private:
  void let_go();

  Debugger& debugger_;
  std::unique_ptr<Listener> listener_;
  Session::Monitor monitor_;
  Settings& settings_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Session> session_;
};

}  // namespace ice86::debugger::gdb
