// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/debugger/gdb/server.h"

namespace ice86::debugger::gdb {

void Server::descriptors(std::vector<pollfd>& list) const {
  watch(list, *listener_, connection_.get());
}

void Server::serve() {
  if (!connection_) {
    connection_ = listener_->accept();
    if (!connection_) return;
    session_ = std::make_unique<Session>(
        debugger_, *this, settings_, [this](std::string_view text) { connection_->send(text); },
        monitor_);
    // GDB expects a target that stands.
    debugger_.stop();
  } else if (auto second = listener_->accept()) {
    // One GDB at a time: the second sees its connection end.
    second.reset();
  }
  connection_->flush();
  // What GDB asks is answered when the machine stands; a Ctrl-C is heard at once.
  if (debugger_.running() && !session_->waits()) return;
  const std::string bytes = connection_->receive();
  if (!bytes.empty()) session_->receive(bytes);
  if (session_->over() || !connection_->open()) let_go();
}

// The machine goes on as if GDB had never been there.
void Server::let_go() {
  connection_->flush();
  session_.reset();
  connection_.reset();
  debugger_.remove_all(this);
  debugger_.go();
}

void Server::stopped(const Stop& stop) {
  if (session_) session_->stopped(stop);
}

}  // namespace ice86::debugger::gdb
