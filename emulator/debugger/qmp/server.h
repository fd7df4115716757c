// SPDX-License-Identifier: LGPL-2.1-or-later
// QMP on a socket: one client at a time, as many one after another as like.
#pragma once

#include <memory>
#include <vector>

#include "emulator/debugger/qmp/session.h"
#include "emulator/debugger/socket.h"

namespace ice86::debugger::qmp {

class Server final : public FrontEnd {
 public:
  Server(Debugger& debugger, std::unique_ptr<Listener> listener, gdb::Settings& gdb)
      : debugger_(debugger), listener_(std::move(listener)), monitor_(debugger, this, gdb, true) {}

  void descriptors(std::vector<pollfd>& list) const override;
  void serve() override;
  // A script that watches need not hear how the guest ends to let it end.
  bool attached() const override { return false; }
  void stopped(const Stop& stop) override {
    if (session_) session_->stopped(stop);
  }
  void resumed() override {
    if (session_) session_->resumed();
  }

 private:
  Debugger& debugger_;
  std::unique_ptr<Listener> listener_;
  Monitor monitor_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Session> session_;
};

}  // namespace ice86::debugger::qmp
