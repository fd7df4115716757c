// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/debugger/qmp/session.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "devices/vga/vga.h"
#include "emulator/base/files.h"
#include "emulator/debugger/monitor/keys.h"
#include "emulator/display/screen.h"

namespace ice86::debugger::qmp {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostRequest = 65536;
constexpr unsigned kMostDepth = 64;
constexpr std::uint64_t kMostSnapshot = std::uint64_t{80} << 30;

struct Failure {
  const char* kind = "GenericError";
  std::string text;
};
using Answer = std::variant<Json, Failure>;

std::string text_of(const Json& arguments, const char* name) {
  const auto found = arguments.find(name);
  return found != arguments.end() && found->is_string() ? found->get<std::string>() : "";
}

Answer status(Debugger& debugger) {
  const Stop& stop = debugger.last_stop();
  const char* name = debugger.running()                    ? "running"
                     : stop.reason == Stop::Reason::kCrash ? "guest-panicked"
                     : stop.reason == Stop::Reason::kEnd   ? "shutdown"
                     : stop.reason == Stop::Reason::kAsked ? "paused"
                                                           : "debug";
  return Json{{"running", debugger.running()}, {"singlestep", false}, {"status", name}};
}

// QEMU's default format.
std::string ppm_of(const devices::Frame& frame) {
  std::string text = fmt::format("P6\n{} {}\n255\n", frame.width, frame.height);
  for (const std::uint32_t pixel : frame.pixels) {
    for (const unsigned shift : {16u, 8u, 0u}) text += static_cast<char>(pixel >> shift & 0xff);
  }
  return text;
}

Answer screendump(Debugger& debugger, const Json& arguments) {
  const std::string file = text_of(arguments, "filename");
  if (file.empty()) return Failure{"GenericError", "Parameter 'filename' is missing"};
  const std::string format = text_of(arguments, "format");
  const devices::Frame& frame = debugger.pc().vga().frame();
  Result<void> written;
  if (format == "png" || (format.empty() && file.ends_with(".png"))) {
    auto png = display::png_of(frame);
    written = png ? write_file(file, *png) : Result<void>(std::move(png).error());
  } else {
    written = write_file(file, ppm_of(frame));
  }
  if (!written) return Failure{"GenericError", written.error().message()};
  return Json::object();
}

Answer send_key(Debugger& debugger, const Json& arguments) {
  const auto keys = arguments.find("keys");
  if (keys == arguments.end() || !keys->is_array() || keys->empty() || keys->size() > 16)
    return Failure{"GenericError", "Parameter 'keys' is a list of 1 to 16 keys"};
  std::vector<devices::KeyCode> codes;
  for (const Json& key : *keys) {
    const std::string name = key.is_object() ? text_of(key, "data") : "";
    const auto code = key_named(name);
    if (!code) return Failure{"GenericError", fmt::format("there is no key '{}'", name)};
    codes.push_back(*code);
  }
  for (const auto code : codes) {
    if (!debugger.input(machine::KeyInput{code, true}))
      return Failure{"GenericError", "the machine repeats its past"};
  }
  for (auto code = codes.rbegin(); code != codes.rend(); ++code)
    debugger.input(machine::KeyInput{*code, false});
  return Json::object();
}

// "name" is a file.
Answer save(Debugger& debugger, const Json& arguments) {
  const std::string file = text_of(arguments, "name");
  if (file.empty()) return Failure{"GenericError", "Parameter 'name' is missing"};
  if (debugger.pc().pending_reset())
    return Failure{"GenericError", "a reset comes next, which no snapshot holds: step once first"};
  const auto written = write_file(file, debugger.pc().save());
  if (!written) return Failure{"GenericError", written.error().message()};
  return Json::object();
}

Answer load(Debugger& debugger, const Json& arguments) {
  const std::string file = text_of(arguments, "name");
  if (file.empty()) return Failure{"GenericError", "Parameter 'name' is missing"};
  if (debugger.running()) return Failure{"GenericError", "stop the machine first"};
  const auto bytes = read_file(file, kMostSnapshot);
  if (!bytes) return Failure{"GenericError", bytes.error().message()};
  debugger.changed();
  const auto loaded = debugger.pc().load(*bytes);
  debugger.moved("loaded");
  if (!loaded) return Failure{"GenericError", loaded.error().message()};
  return Json::object();
}

}  // namespace

Session::Session(Debugger& debugger, Monitor& monitor, Send send)
    : debugger_(debugger), monitor_(monitor), send_(std::move(send)) {
  const Json version{{"qemu", {{"micro", 0}, {"minor", 0}, {"major", 7}}}, {"package", "ice86"}};
  answer({{"QMP", {{"version", version}, {"capabilities", Json::array()}}}});
}

void Session::answer(Json reply) {
  send_(reply.dump(-1, ' ', false, Json::error_handler_t::replace) + "\r\n");
}

void Session::receive(std::string_view bytes) {
  for (const char c : bytes) {
    if (depth_ == 0 && c != '{') {
      // Blanks between objects; anything else is a mistake that ends with its line.
      if (c == '\n' && !text_.empty()) handle(std::exchange(text_, {}));
      if (c != ' ' && c != '\t' && c != '\r' && c != '\n' && text_.size() < kMostRequest)
        text_ += c;
      continue;
    }
    text_ += c;
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if (c == '}' || c == ']') {
      --depth_;
    }
    if (depth_ == 0) {
      handle(std::exchange(text_, {}));
    } else if (text_.size() >= kMostRequest || depth_ > kMostDepth) {
      text_.clear();
      depth_ = 0;
      in_string_ = escaped_ = false;
      answer({{"error", {{"class", "GenericError"}, {"desc", "the request is too long"}}}});
    }
  }
}

void Session::handle(const std::string& text) {
  const Json request = Json::parse(text, nullptr, false);
  if (request.is_discarded() || !request.is_object()) {
    answer({{"error", {{"class", "GenericError"}, {"desc", "Invalid JSON syntax"}}}});
    return;
  }
  execute(request);
}

void Session::execute(const Json& request) {
  const std::string name = text_of(request, "execute");
  const auto given = request.find("arguments");
  const Json arguments = given != request.end() && given->is_object() ? *given : Json::object();
  static constexpr const char* kCommands[] = {
      "qmp_capabilities", "query-status", "query-version", "query-commands",        "query-name",
      "query-kvm",        "stop",         "cont",          "system_reset",          "screendump",
      "send-key",         "savevm",       "loadvm",        "human-monitor-command", "quit"};
  Answer result = Json::object();
  bool quit = false;
  if (name.empty()) {
    result = Failure{"GenericError", "QMP input lacks member 'execute'"};
  } else if (name == "qmp_capabilities") {
    ready_ = true;
  } else if (!ready_) {
    result =
        Failure{"CommandNotFound", "Expecting capabilities negotiation with 'qmp_capabilities'"};
  } else if (name == "query-status") {
    result = status(debugger_);
  } else if (name == "query-version") {
    result = Json{{"qemu", {{"micro", 0}, {"minor", 0}, {"major", 7}}}, {"package", "ice86"}};
  } else if (name == "query-commands") {
    Json list = Json::array();
    for (const char* command : kCommands) list.push_back({{"name", command}});
    result = list;
  } else if (name == "query-kvm") {
    result = Json{{"enabled", false}, {"present", false}};
  } else if (name == "query-name") {
    result = Json{{"name", debugger_.pc().config().firmware.name}};
  } else if (name == "stop") {
    debugger_.stop();
  } else if (name == "cont") {
    debugger_.go();
  } else if (name == "system_reset") {
    if (debugger_.input(machine::ResetInput{})) {
      event("RESET");
    } else {
      result = Failure{"GenericError", "the machine repeats its past"};
    }
  } else if (name == "screendump") {
    result = screendump(debugger_, arguments);
  } else if (name == "send-key") {
    result = send_key(debugger_, arguments);
  } else if (name == "savevm") {
    result = save(debugger_, arguments);
  } else if (name == "loadvm") {
    result = load(debugger_, arguments);
  } else if (name == "human-monitor-command") {
    result = Json(monitor_.execute(text_of(arguments, "command-line")));
  } else if (name == "quit") {
    quit = true;
  } else {
    result = Failure{"CommandNotFound", fmt::format("The command {} has not been found", name)};
  }
  Json reply;
  if (const auto* failure = std::get_if<Failure>(&result)) {
    reply["error"] = {{"class", failure->kind}, {"desc", failure->text}};
  } else {
    reply["return"] = std::get<Json>(result);
  }
  if (const auto id = request.find("id"); id != request.end()) reply["id"] = *id;
  answer(std::move(reply));
  if (!quit) return;
  event("SHUTDOWN");
  debugger_.quit();
}

// Time is the guest's.
void Session::event(const char* name) {
  if (!ready_) return;
  const Nanoseconds now = debugger_.pc().instant().time;
  answer(
      {{"timestamp", {{"seconds", now / 1'000'000'000}, {"microseconds", now / 1000 % 1'000'000}}},
       {"event", name}});
}

void Session::stopped(const Stop& stop) {
  event(stop.reason == Stop::Reason::kCrash ? "GUEST_PANICKED"
        : stop.reason == Stop::Reason::kEnd ? "SHUTDOWN"
                                            : "STOP");
}

void Session::resumed() {
  event("RESUME");
}

}  // namespace ice86::debugger::qmp
