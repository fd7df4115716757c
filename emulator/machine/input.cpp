// SPDX-License-Identifier: LGPL-2.1-or-later
// The input log: one JSON object a line.
#include "emulator/machine/input.h"

#include <fmt/core.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "emulator/bus/packet_port.h"

namespace ice86::machine {

namespace {

using Json = nlohmann::ordered_json;
using Button = devices::Ps2Mouse::Button;

constexpr const char* kFormat = "ice86-input";
constexpr int kVersion = 1;
constexpr std::array<std::pair<std::string_view, Button>, 3> kButtons = {
    {{"left", Button::kLeft}, {"right", Button::kRight}, {"middle", Button::kMiddle}}};
// More counts than a hand moves a mouse between two pictures; keeps the sums in the mouse small.
constexpr int kMostCounts = 10'000;
constexpr unsigned kSerialPorts = 4, kMostCards = 8;

template <typename... Ts>
struct Overload : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overload(Ts...) -> Overload<Ts...>;

Result<std::uint64_t> count(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return std::uint64_t{0};
  if (!found->is_number_unsigned()) return Error(fmt::format("\"{}\" is no count", name));
  return found->get<std::uint64_t>();
}

Result<int> counts(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return 0;
  if (!found->is_number_integer()) return Error(fmt::format("\"{}\" is no whole number", name));
  const auto value = found->get<std::int64_t>();
  if (value < -kMostCounts || value > kMostCounts)
    return Error(fmt::format("\"{}\" is not within {} and {}", name, -kMostCounts, kMostCounts));
  return static_cast<int>(value);
}

Result<std::string> word(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string())
    return Error(fmt::format("\"{}\" is no string", name));
  return found->get<std::string>();
}

Result<unsigned> serial_port(const Json& object, const char* name) {
  ICE86_TRY_ASSIGN(const std::uint64_t port, count(object, name));
  if (port >= kSerialPorts) return Error(fmt::format("\"{}\" is not 0 to 3", name));
  return static_cast<unsigned>(port);
}

std::string hex_of(const std::vector<std::uint8_t>& bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

Result<std::vector<std::uint8_t>> bytes_of(const std::string& hex) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const int high = digit(hex[i]), low = digit(hex[i + 1]);
    if (high < 0 || low < 0) return Error("\"hex\" has something else than 0-9 and a-f");
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  if (hex.size() % 2 != 0) return Error("\"hex\" ends within a byte");
  return bytes;
}

Result<bool> pressed(const Json& object) {
  const auto found = object.find("down");
  if (found == object.end() || !found->is_boolean())
    return Error("\"down\" is neither true nor false");
  return found->get<bool>();
}

// Into `to`: g++ 12 takes a moved variant for uninitialized memory.
Result<void> parse_input(const Json& object, Input& to) {
  if (object.contains("key")) {
    ICE86_TRY_ASSIGN(const std::string name, word(object, "key"));
    const auto key = devices::key_code(name);
    if (!key) return Error(fmt::format("there is no key \"{}\"", name));
    ICE86_TRY_ASSIGN(const bool down, pressed(object));
    to = KeyInput{*key, down};
    return {};
  }
  if (object.contains("button")) {
    ICE86_TRY_ASSIGN(const std::string name, word(object, "button"));
    for (const auto& [known, button] : kButtons) {
      if (name != known) continue;
      ICE86_TRY_ASSIGN(const bool down, pressed(object));
      to = ButtonInput{button, down};
      return {};
    }
    return Error(fmt::format("there is no mouse button \"{}\"", name));
  }
  if (object.contains("dx") || object.contains("dy") || object.contains("wheel")) {
    auto& motion = to.emplace<MotionInput>();
    ICE86_TRY_ASSIGN(motion.dx, counts(object, "dx"));
    ICE86_TRY_ASSIGN(motion.dy, counts(object, "dy"));
    ICE86_TRY_ASSIGN(motion.wheel, counts(object, "wheel"));
    return {};
  }
  if (object.contains("serial")) {
    auto& serial = to.emplace<SerialInput>();
    ICE86_TRY_ASSIGN(serial.port, serial_port(object, "serial"));
    ICE86_TRY_ASSIGN(const std::string hex, word(object, "hex"));
    ICE86_TRY_ASSIGN(serial.bytes, bytes_of(hex));
    return {};
  }
  if (object.contains("break")) {
    ICE86_TRY_ASSIGN(const unsigned port, serial_port(object, "break"));
    to = BreakInput{port};
    return {};
  }
  if (object.contains("frame")) {
    auto& frame = to.emplace<FrameInput>();
    ICE86_TRY_ASSIGN(const std::uint64_t card, count(object, "frame"));
    if (card >= kMostCards) return Error("\"frame\" is no network card: 0 to 7");
    frame.card = static_cast<unsigned>(card);
    ICE86_TRY_ASSIGN(frame.call, count(object, "call"));
    ICE86_TRY_ASSIGN(const std::string hex, word(object, "hex"));
    ICE86_TRY_ASSIGN(frame.bytes, bytes_of(hex));
    if (frame.bytes.size() > kMostFrame) return Error("a frame is longer than a card can take");
    return {};
  }
  if (object.contains("reset")) {
    if (object["reset"] != true) return Error("\"reset\" is not true");
    to = ResetInput{};
    return {};
  }
  if (object.contains("check")) {
    auto& check = to.emplace<CheckInput>();
    ICE86_TRY_ASSIGN(check.cpu, word(object, "check"));
    return {};
  }
  if (object.contains("end")) {
    if (object["end"] != true) return Error("\"end\" is not true");
    to = EndInput{};
    return {};
  }
  return Error(
      "neither \"key\", \"button\", \"serial\", \"break\", \"frame\", \"reset\", \"check\", "
      "\"end\" nor \"dx\", \"dy\", \"wheel\" is there");
}

Result<Recording> parse_recording(const Json& object) {
  if (!object.is_object()) return Error("\"recording\" is no object");
  Recording recording;
  ICE86_TRY_ASSIGN(recording.version, word(object, "ice86"));
  ICE86_TRY_ASSIGN(recording.folder, word(object, "folder"));
  const Json words = object.value("words", Json()), files = object.value("files", Json());
  if (!words.is_array() || !files.is_array())
    return Error("\"words\" and \"files\" are not both lists");
  for (const Json& one : words) {
    if (!one.is_string()) return Error("\"words\" has something else than strings");
    recording.words.push_back(one.get<std::string>());
  }
  for (const Json& one : files) {
    if (!one.is_object()) return Error("\"files\" has something else than objects");
    Recording::File& file = recording.files.emplace_back();
    ICE86_TRY_ASSIGN(file.what, word(one, "what"));
    ICE86_TRY_ASSIGN(file.sha256, word(one, "sha256"));
  }
  return recording;
}

Result<void> read_header(const Json& object, InputLog& log) {
  if (!object.is_object() || object.value("format", Json()) != kFormat)
    return Error(
        fmt::format("the first line is no header of an input log ({})", input_log_header()));
  if (object.value("version", Json()) != kVersion)
    return Error(fmt::format("this program reads version {}", kVersion));
  if (const auto found = object.find("recording"); found != object.end()) {
    ICE86_TRY_ASSIGN(log.recording, parse_recording(*found));
  }
  return {};
}

Result<void> parse_event(const Json& object, const Instant& before, TimedInput& event) {
  if (!object.is_object()) return Error("no JSON object");
  ICE86_TRY_ASSIGN(event.at.instructions, count(object, "insn"));
  ICE86_TRY_ASSIGN(event.at.time, count(object, "t"));
  if (event.at.time < before.time) return Error("earlier than the line before");
  return parse_input(object, event.input);
}

}  // namespace

std::string input_log_header(const Recording* recording) {
  Json header{{"format", kFormat}, {"version", kVersion}};
  if (recording != nullptr) {
    Json files = Json::array();
    for (const Recording::File& file : recording->files)
      files.push_back({{"what", file.what}, {"sha256", file.sha256}});
    header["recording"] = {{"ice86", recording->version},
                           {"folder", recording->folder},
                           {"words", recording->words},
                           {"files", files}};
  }
  return header.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string input_log_line(const TimedInput& input) {
  Json line{{"insn", input.at.instructions}, {"t", input.at.time}};
  std::visit(Overload{[&](const KeyInput& key) {
                        line["key"] = devices::name_of(key.key);
                        line["down"] = key.pressed;
                      },
                      [&](const MotionInput& motion) {
                        line["dx"] = motion.dx;
                        line["dy"] = motion.dy;
                        line["wheel"] = motion.wheel;
                      },
                      [&](const SerialInput& serial) {
                        line["serial"] = serial.port;
                        line["hex"] = hex_of(serial.bytes);
                      },
                      [&](const BreakInput& brk) { line["break"] = brk.port; },
                      [&](const FrameInput& frame) {
                        line["frame"] = frame.card;
                        if (frame.call != 0) line["call"] = frame.call;
                        line["hex"] = hex_of(frame.bytes);
                      },
                      [&](const ResetInput&) { line["reset"] = true; },
                      [&](const EndInput&) { line["end"] = true; },
                      [&](const CheckInput& check) { line["check"] = check.cpu; },
                      [&](const ButtonInput& button) {
                        for (const auto& [name, value] : kButtons) {
                          if (value == button.button) line["button"] = name;
                        }
                        line["down"] = button.pressed;
                      }},
             input.input);
  return line.dump();
}

Result<InputLog> parse_input_log(std::string_view text) {
  InputLog log;
  std::vector<TimedInput>& events = log.events;
  unsigned number = 0;
  bool header = false;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    ++number;
    if (line.empty()) continue;
    const auto where = [number] { return fmt::format("line {}", number); };
    const Json object = Json::parse(line, nullptr, false);
    if (object.is_discarded() && log.recording && end == std::string_view::npos) {
      log.cut_off = true;
      break;
    }
    if (object.is_discarded()) return Error("no JSON").within(where());
    if (!header) {
      if (auto good = read_header(object, log); !good)
        return std::move(good).error().within(where());
      header = true;
      continue;
    }
    const Instant before = events.empty() ? Instant{} : events.back().at;
    if (auto good = parse_event(object, before, events.emplace_back()); !good)
      return std::move(good).error().within(where());
  }
  if (!header) return Error("the file is empty; an input log begins with its header");
  return log;
}

}  // namespace ice86::machine
