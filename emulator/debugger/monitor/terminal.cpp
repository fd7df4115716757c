// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/debugger/monitor/terminal.h"

#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cstdio>

namespace ice86::debugger {

namespace {

constexpr std::size_t kMostTyped = 65536;
constexpr const char* kPrompt = "(ice86) ";

}  // namespace

MonitorConsole::MonitorConsole(Debugger& debugger, gdb::Settings& gdb,
                               std::unique_ptr<Listener> listener)
    : debugger_(debugger), listener_(std::move(listener)), monitor_(debugger, this, gdb, true) {
  if (!listener_) editor_ = LineEditor::open(kPrompt, &Monitor::completions);
  if (!listener_) prompt();
}

void MonitorConsole::descriptors(std::vector<pollfd>& list) const {
  if (!listener_) {
    if (!ended_) list.push_back({STDIN_FILENO, POLLIN, 0});
    return;
  }
  watch(list, *listener_, connection_.get());
}

void MonitorConsole::serve() {
  if (editor_) {
    while (const auto line = editor_->read()) typed_ += *line + '\n';
    ended_ = editor_->ended();
    work();
    if (ended_ && typed_.empty()) debugger_.go();
    return;
  }
  if (!listener_) {
    pollfd ready{STDIN_FILENO, POLLIN, 0};
    if (!ended_ && typed_.size() < kMostTyped && ::poll(&ready, 1, 0) > 0) {
      std::array<char, 4096> buffer{};
      const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
      if (got > 0) typed_.append(buffer.data(), static_cast<std::size_t>(got));
      ended_ = got <= 0;
    }
    work();
    // A script has said all that it wanted: the machine goes on alone.
    if (ended_ && typed_.empty()) debugger_.go();
    return;
  }
  if (!connection_) {
    connection_ = listener_->accept();
    if (!connection_) return;
    typed_.clear();
    waits_ = prompted_ = false;
    prompt();
  }
  connection_->flush();
  if (typed_.size() < kMostTyped) typed_ += connection_->receive();
  work();
  if (!connection_->open()) {
    connection_.reset();
    debugger_.remove_all(this);
    debugger_.go();
  }
}

// Commands wait while one of them runs the machine, so that a script need not watch for its stop.
void MonitorConsole::work() {
  for (std::size_t end; (end = typed_.find('\n')) != std::string::npos;) {
    std::string line = typed_.substr(0, end);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (waits_ && line != "stop" && line != "q" && line != "quit") return;
    typed_.erase(0, end + 1);
    if (line.empty()) line = last_;
    last_ = line;
    prompted_ = false;
    const bool ran = debugger_.running();
    say(monitor_.execute(line));
    waits_ = debugger_.running() && (waits_ || !ran);
    if (!waits_) prompt();
  }
  if (typed_.size() >= kMostTyped) {
    typed_.clear();
    say("that line is too long\n");
  } else if (ended_ && !typed_.empty() && !waits_) {
    typed_ += '\n';  // the last line has no end
  }
}

void MonitorConsole::say(const std::string& text) {
  if (listener_) {
    if (connection_) connection_->send(text);
    return;
  }
  if (editor_) return editor_->show(text);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void MonitorConsole::prompt() {
  if (prompted_ || editor_) return;  // the editor has its own
  say(kPrompt);
  prompted_ = true;
}

void MonitorConsole::stopped(const Stop&) {
  waits_ = false;
  say(monitor_.place());
  prompt();
}

}  // namespace ice86::debugger
