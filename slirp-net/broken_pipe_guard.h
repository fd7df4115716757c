// SPDX-License-Identifier: LGPL-2.1-or-later
// While one lives, writing to a socket whose other end is gone is an error of that write and no
// signal to this process: libslirp writes without MSG_NOSIGNAL. What a signal means elsewhere in
// the program stays as it is.
#pragma once

#include <csignal>
#include <ctime>

namespace ice86::slirp_net {

class BrokenPipeGuard {
 public:
  BrokenPipeGuard() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    was_pending_ = pending();
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~BrokenPipeGuard() {
    // One of ours, directed at this thread, is taken away before the mask opens again.
    if (!was_pending_ && pending()) {
      const timespec now = {0, 0};
      sigtimedwait(&pipe_, nullptr, &now);
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  BrokenPipeGuard(const BrokenPipeGuard&) = delete;
  BrokenPipeGuard& operator=(const BrokenPipeGuard&) = delete;

 private:
  static bool pending() {
    sigset_t set;
    sigpending(&set);
    return sigismember(&set, SIGPIPE) == 1;
  }

  sigset_t pipe_, before_;
  bool was_pending_ = false;
};

}  // namespace ice86::slirp_net
