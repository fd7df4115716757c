// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/sockets/socket_log.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>
#include <optional>

#include "emulator/base/files.h"
#include "harness/diff/align.h"

namespace ice86::harness {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kLargestFile = 1ULL << 30;
constexpr std::size_t kLongestLine = 1 << 20;
constexpr std::string_view kPrefix = "socket-log: ";

std::optional<std::string> text_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<std::uint64_t> number_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Empty: a call. Otherwise what is wrong with it.
std::string read_call(const Json& json, SocketCall& call) {
  const auto number = number_at(json, "n"), time = number_at(json, "t"),
             socket = number_at(json, "socket");
  const auto name = text_at(json, "call");
  const auto arguments = json.find("args");
  if (!number) return "'n' is no number";
  if (!time) return "'t' is no number";
  if (!socket) return "'socket' is no number";
  if (!name || name->empty()) return "'call' is no text";
  if (arguments == json.end() || !arguments->is_array()) return "'args' is no list";
  call.number = *number;
  call.time = *time;
  call.socket = *socket;
  call.call = *name;
  call.arguments = dumped(*arguments);
  if (const auto result = json.find("result"); result != json.end()) call.result = dumped(*result);
  if (json.contains("error")) {
    const auto error = text_at(json, "error");
    if (!error || error->empty()) return "'error' is no text";
    call.error = *error;
    if (json.contains("errno")) {
      const auto code = text_at(json, "errno");
      if (!code) return "'errno' is no text";
      call.error += " " + *code;
    }
  }
  for (const auto& [key, way] :
       {std::pair{"in", SocketCall::Way::kIn}, std::pair{"out", SocketCall::Way::kOut}}) {
    if (!json.contains(key)) continue;
    const auto bytes = number_at(json, key);
    if (!bytes || call.way != SocketCall::Way::kNone) return fmt::format("'{}' is no number", key);
    call.way = way;
    call.bytes = *bytes;
  }
  if (call.way == SocketCall::Way::kNone) return "";
  call.stream = text_at(json, "stream").value_or("");
  call.datagram = text_at(json, "data").value_or("");
  const bool digest = call.stream.size() == 64 &&
                      call.stream.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (json.contains("stream") == json.contains("data") || (json.contains("stream") && !digest))
    return "data has either 'stream', a SHA-256, or 'data'";
  return "";
}

// How a step of a socket's life is compared: several calls that only speed tells apart are one.
struct Step {
  const SocketCall* call;
  std::string what, value;
};

// A piece of a stream: what is before it does not matter, only where it ends.
bool piece(const SocketCall& call) {
  return !call.stream.empty() && call.bytes != 0;
}

std::string what_of(const SocketCall& call) {
  if (call.way == SocketCall::Way::kNone || call.stream.empty())
    return call.call + " " + call.arguments;
  // The end of a stream is a step of its own.
  if (call.way == SocketCall::Way::kOut) return "send";
  return call.bytes != 0 ? "receive" : "end of stream";
}

std::string value_of(const SocketCall& call) {
  if (!call.error.empty()) return "error " + call.error;
  if (!call.stream.empty()) return "stream " + call.stream;
  return fmt::format("result {} data {}", call.result, call.datagram);
}

std::vector<std::uint64_t> sockets_of(const SocketLog& log) {
  std::vector<std::uint64_t> numbers;
  for (const SocketCall& call : log.calls) {
    if (std::find(numbers.begin(), numbers.end(), call.socket) == numbers.end())
      numbers.push_back(call.socket);
  }
  return numbers;
}

// What this step goes on with. A stream does so behind calls that move no data: how much of it had
// come by then is a matter of speed, as when http.client closes a socket whose response it goes on
// to read.
Step* begun(std::vector<Step>& steps, const Step& step) {
  for (auto before = steps.rbegin(); before != steps.rend(); ++before) {
    if (before->what == step.what) {
      const bool pieces = piece(*step.call) && piece(*before->call);
      const bool again = before == steps.rbegin() && before->value == step.value;
      return pieces || again ? &*before : nullptr;
    }
    if (!piece(*step.call) || before->call->way != SocketCall::Way::kNone) return nullptr;
  }
  return nullptr;
}

std::vector<Step> steps_of(const SocketLog& log, std::uint64_t socket) {
  std::vector<Step> steps;
  for (const SocketCall& call : log.calls) {
    if (call.socket != socket) continue;
    Step step{&call, what_of(call), value_of(call)};
    if (Step* const before = begun(steps, step)) {
      *before = std::move(step);
    } else {
      steps.push_back(std::move(step));
    }
  }
  return steps;
}

std::string shown(const SocketCall* call) {
  if (call == nullptr) return "no such call";
  std::string text = fmt::format("{}{}", call->call, call->arguments);
  if (!call->error.empty()) return text + " failed: " + call->error;
  if (!call->result.empty()) text += " = " + call->result;
  if (call->way != SocketCall::Way::kNone) {
    text += fmt::format(", {} bytes", call->bytes);
    text += call->stream.empty() ? " " + call->datagram
                                 : fmt::format(", stream so far {}", call->stream.substr(0, 12));
  }
  return text;
}

}  // namespace

bool is_socket_log(std::string_view text) {
  const std::string_view first = text.substr(0, std::min<std::size_t>(text.find('\n'), 4096));
  const std::string mark = fmt::format("\"schema\":\"{}\"", kSocketLogSchema);
  return first.find(mark) != std::string_view::npos ||
         text.find(fmt::format("{}{{{}", kPrefix, mark)) != std::string_view::npos;
}

Result<SocketLog> parse_socket_log(std::string_view text, const std::string& name) {
  // A capture has other lines between, and those end as a terminal's do.
  const bool capture = text.find(kPrefix) != std::string_view::npos && text.substr(0, 1) != "{";
  SocketLog log;
  std::optional<std::uint64_t> promised;
  bool begun = false;
  std::size_t line = 0;
  while (!text.empty()) {
    ++line;
    const auto where = [&](const std::string& what) {
      return Error(fmt::format("{}: line {}: {}", name, line, what));
    };
    const std::size_t end = text.find('\n');
    std::string_view words = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (capture) {
      const std::size_t at = words.find(kPrefix);
      if (at == std::string_view::npos) continue;
      words.remove_prefix(at + kPrefix.size());
      while (!words.empty() && words.back() == '\r') words.remove_suffix(1);
    }
    if (words.size() > kLongestLine)
      return where(fmt::format("is longer than {} bytes", kLongestLine));
    if (promised) return where("comes behind the end of the log");
    const Json json = Json::parse(words, nullptr, false);
    if (json.is_discarded() && end == std::string_view::npos)
      return where("the file ends in the middle of this line");
    if (!json.is_object()) return where("is no JSON object");
    if (!begun) {
      if (text_at(json, "schema") != std::string(kSocketLogSchema))
        return where(fmt::format("is no {} file", kSocketLogSchema));
      const auto version = number_at(json, "version");
      if (version != kSocketLogVersion) {
        return where(fmt::format("log version {}; this program reads version {}",
                                 version ? std::to_string(*version) : "unknown",
                                 kSocketLogVersion));
      }
      log.source = text_at(json, "source").value_or("");
      log.program = text_at(json, "program").value_or("");
      begun = true;
    } else if (json.contains("end")) {
      promised = number_at(json, "end");
      if (!promised) return where("'end' is no number");
      if (*promised != log.calls.size())
        return where(
            fmt::format("the log ends with {} calls; it has {}", *promised, log.calls.size()));
    } else {
      SocketCall call;
      const std::string wrong = read_call(json, call);
      if (!wrong.empty()) return where(wrong);
      if (call.number != log.calls.size())
        return where(
            fmt::format("call {} stands where call {} should", call.number, log.calls.size()));
      log.calls.push_back(std::move(call));
    }
  }
  if (!begun) return Error(fmt::format("{}: is no {} file", name, kSocketLogSchema));
  if (!promised) {
    return Error(
        fmt::format("{}: line {}: the log is cut here: its last line is missing", name, line));
  }
  return log;
}

Result<SocketLog> read_socket_log(const std::filesystem::path& path) {
  ICE86_TRY_ASSIGN(const std::vector<std::uint8_t> bytes, read_file(path, kLargestFile));
  return parse_socket_log({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                          path.string());
}

SocketComparison compare(const SocketLog& left, const SocketLog& right) {
  SocketComparison result;
  result.compared = left.calls.size();
  std::vector<std::uint64_t> sockets = sockets_of(left);
  for (const std::uint64_t socket : sockets_of(right)) {
    if (std::find(sockets.begin(), sockets.end(), socket) == sockets.end())
      sockets.push_back(socket);
  }
  std::map<std::string, std::uint32_t> numbers;
  const auto numbered = [&](const std::vector<Step>& steps) {
    std::vector<std::uint32_t> out;
    for (const Step& step : steps)
      out.push_back(
          numbers.emplace(step.what, static_cast<std::uint32_t>(numbers.size())).first->second);
    return out;
  };
  for (const std::uint64_t socket : sockets) {
    const std::vector<Step> l = steps_of(left, socket), r = steps_of(right, socket);
    for (const auto& [at_left, at_right] : align(numbered(l), numbered(r))) {
      if (!at_left || !at_right) {
        result.differences.push_back({socket, at_left ? l[*at_left].call : nullptr,
                                      at_right ? r[*at_right].call : nullptr,
                                      at_left ? "missing" : "extra"});
        continue;
      }
      const Step& a = l[*at_left];
      const Step& b = r[*at_right];
      if (a.value == b.value) continue;
      const bool errors = !a.call->error.empty() || !b.call->error.empty();
      const bool data = a.call->way != SocketCall::Way::kNone;
      result.differences.push_back({socket, a.call, b.call,
                                    errors ? "error"
                                    : data ? "data"
                                           : "result"});
    }
  }
  return result;
}

std::string socket_comparison_text(const SocketComparison& result, const std::string& left_name,
                                   const std::string& right_name, std::size_t most) {
  if (result.differences.empty())
    return fmt::format("The socket logs agree: {} calls.\n", result.compared);
  std::string text = fmt::format("The socket logs differ in {} places.\n  - {}\n  + {}\n",
                                 result.differences.size(), left_name, right_name);
  std::size_t told = 0;
  for (const SocketDifference& one : result.differences) {
    if (told++ == most) {
      text += fmt::format("... and {} more (--all)\n", result.differences.size() - most);
      break;
    }
    const std::string where = one.socket == 0 ? "module" : fmt::format("socket {}", one.socket);
    text += fmt::format("{}: {}\n", where, one.what);
    const auto side = [](char sign, const SocketCall* call) {
      return call == nullptr ? fmt::format("  {} no such call\n", sign)
                             : fmt::format("  {} #{} {}\n", sign, call->number, shown(call));
    };
    text += side('-', one.left) + side('+', one.right);
  }
  return text;
}

std::string socket_comparison_json(const SocketComparison& result) {
  Json json{{"equal", result.differences.empty()},
            {"calls", result.compared},
            {"differences", Json::array()}};
  for (const SocketDifference& one : result.differences) {
    const auto side = [](const SocketCall* call) {
      return call == nullptr ? Json(nullptr) : Json{{"n", call->number}, {"text", shown(call)}};
    };
    json["differences"].push_back(Json{{"socket", one.socket},
                                       {"what", one.what},
                                       {"left", side(one.left)},
                                       {"right", side(one.right)}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ice86::harness
