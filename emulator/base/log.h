// SPDX-License-Identifier: LGPL-2.1-or-later
// Diagnostics for people: one sink, passed in. Guest events that tests look at belong on the trace
// bus.
#pragma once

#include <fmt/core.h>

#include <functional>
#include <string>
#include <string_view>

namespace ice86 {

enum class LogLevel { kError, kWarning, kInfo, kDebug };

class Log {
 public:
  using Sink = std::function<void(LogLevel, std::string_view channel, std::string_view message)>;

  // Without a sink nothing is formatted.
  Log() = default;
  Log(Sink sink, LogLevel most) : sink_(std::move(sink)), most_(most) {}

  // A log that writes "ice86: channel: message" to stderr.
  static Log to_stderr(LogLevel most);

  bool wants(LogLevel level) const { return sink_ && level <= most_; }

  template <typename... Args>
  void write(LogLevel level, std::string_view channel, fmt::format_string<Args...> format,
             Args&&... args) const {
    if (wants(level)) sink_(level, channel, fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  Sink sink_;
  LogLevel most_ = LogLevel::kWarning;
};

}  // namespace ice86
