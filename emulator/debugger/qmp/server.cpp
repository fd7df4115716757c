// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/debugger/qmp/server.h"

namespace ice86::debugger::qmp {

void Server::descriptors(std::vector<pollfd>& list) const {
  watch(list, *listener_, connection_.get());
}

void Server::serve() {
  if (!connection_) {
    connection_ = listener_->accept();
    if (!connection_) return;
    session_ = std::make_unique<Session>(
        debugger_, monitor_, [this](std::string_view text) { connection_->send(text); });
  }
  connection_->flush();
  const std::string bytes = connection_->receive();
  if (!bytes.empty()) session_->receive(bytes);
  if (connection_->open()) return;
  // What a script has stopped stays stopped: it may come back.
  session_.reset();
  connection_.reset();
}

}  // namespace ice86::debugger::qmp
