// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads what trace_writer.cpp writes.
#include "harness/trace/trace_file.h"

#include <fmt/core.h>
#include <zstd.h>

#include <array>
#include <charconv>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "emulator/base/files.h"
#include "harness/trace/trace_names.h"

namespace ice86::harness {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kLargestFile = 2ULL << 30;
// Our own lines have about 500 bytes.
constexpr std::size_t kLongestLine = 1 << 20;
constexpr std::size_t kMostShown = 40;
// Readers below throw nlohmann's exceptions or this; read_trace turns both into an Error with the
// line.
struct Malformed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A value as a message shows it.
std::string shown(const std::string& text) {
  return text.size() > kMostShown ? text.substr(0, kMostShown) + "..." : text;
}

// All of `text` as a number; no sign, no blanks, no prefix.
template <typename T>
std::optional<T> whole_hex(std::string_view text) {
  T value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <typename T>
T hex(const Json& json, const char* key) {
  const auto& text = json.at(key).get_ref<const std::string&>();
  const auto value = whole_hex<T>(text);
  if (!value) throw Malformed(fmt::format("'{}' is no value for {}", shown(text), key));
  return *value;
}

// A whole number as JSON has it: nlohmann would turn a negative one or a fraction into something.
template <typename T>
T count(const Json& json, const char* key) {
  const Json& value = json.at(key);
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > std::numeric_limits<T>::max())
    throw Malformed(fmt::format("{} is no value for {}", shown(value.dump()), key));
  return value.get<T>();
}

Registers registers_of(const Json& json) {
  Registers registers;
  for (const NamedRegister& r : kWide) registers.*r.field = hex<std::uint32_t>(json, r.name);
  for (const NamedSegment& r : kSegments) registers.*r.field = hex<std::uint16_t>(json, r.name);
  return registers;
}

FarPointer parse_far(const std::string& text, const char* key) {
  const std::size_t colon = text.find(':');
  if (colon != std::string::npos) {
    const std::string_view view = text;
    const auto segment = whole_hex<std::uint16_t>(view.substr(0, colon));
    const auto offset = whole_hex<std::uint64_t>(view.substr(colon + 1));
    if (segment && offset) return {*segment, *offset};
  }
  throw Malformed(fmt::format("'{}' is no segment:offset for {}", shown(text), key));
}

FarPointer far_of(const Json& json, const char* key) {
  return parse_far(json.at(key).get_ref<const std::string&>(), key);
}

// Which of these names the text is.
template <std::size_t n>
unsigned one_of(const std::array<const char*, n>& names, const std::string& text,
                const char* what) {
  for (unsigned i = 0; i < n; ++i) {
    if (text == names[i]) return i;
  }
  throw Malformed(fmt::format("'{}' is no {}", shown(text), what));
}

// What each line of a call has.
void read_beginning(const Json& json, IntEvent& event) {
  event.number = count<std::uint64_t>(json, "n");
  event.instruction = count<std::uint64_t>(json, "insn");
  event.time = count<std::uint64_t>(json, "t");
}

IntEvent event_of(const Json& json) {
  IntEvent event;
  read_beginning(json, event);
  event.instructions = count<std::uint64_t>(json, "insns");
  event.duration = count<std::uint64_t>(json, "ns");
  event.vector = hex<std::uint8_t>(json, "vec");
  event.service = json.at("service");
  event.caller = far_of(json, "caller");
  event.handler = far_of(json, "handler");
  event.depth = count<unsigned>(json, "depth");
  event.in = registers_of(json.at("in"));
  if (!json.at("out").is_null()) event.out = registers_of(json.at("out"));
  if (json.contains("kind"))
    event.kind = static_cast<CallKind>(one_of(kKindNames, json.at("kind"), "kind of call"));
  event.how = static_cast<ReturnKind>(one_of(kReturnNames, json.at("return"), "way to return"));
  event.arguments = json.at("args");
  event.result = json.at("result");
  CallExtras extras;
  if (json.contains("memory")) extras.memory = json.at("memory").get<std::string>();
  if (json.contains("data")) extras.data = json.at("data").get<std::string>();
  if (json.contains("chain")) {
    for (const Json& handler : json.at("chain"))
      extras.chain.push_back(parse_far(handler.get_ref<const std::string&>(), "chain"));
  }
  if (event.kind == CallKind::kEfi) {
    for (const Json& parameter : json.at("parameters")) {
      const auto value = whole_hex<std::uint64_t>(parameter.get_ref<const std::string&>());
      if (!value) throw Malformed("a parameter is no number");
      extras.parameters.push_back(*value);
    }
    extras.value = hex<std::uint64_t>(json, "value");
  }
  event.extras = std::move(extras);
  return event;
}

// The calls of a file, line by line.
class Calls {
 public:
  explicit Calls(std::vector<IntEvent>& events) : events_(events) {}

  void add(const Json& json) {
    if (!json.contains("like")) {
      events_.push_back(event_of(json));
      whole_[events_.back().number] = events_.size() - 1;
      return;
    }
    const auto number = count<std::uint64_t>(json, "like");
    const auto found = whole_.find(number);
    if (found == whole_.end())
      throw Malformed(fmt::format("no line before this one has all of call {}", number));
    IntEvent event = events_[found->second];
    read_beginning(json, event);
    if (json.contains("insns")) event.instructions = count<std::uint64_t>(json, "insns");
    if (json.contains("ns")) event.duration = count<std::uint64_t>(json, "ns");
    events_.push_back(std::move(event));
  }

 private:
  std::vector<IntEvent>& events_;
  std::unordered_map<std::uint64_t, std::size_t> whole_;  // by number
};

VectorChange vector_of(const Json& json) {
  return {count<std::uint64_t>(json, "call"), hex<std::uint8_t>(json, "vector"),
          far_of(json, "before"), far_of(json, "after"), far_of(json, "seen_at")};
}

void read_header(const Json& json, IntTrace& trace) {
  trace.header.source = json.at("source");
  trace.header.firmware = json.at("firmware");
  trace.header.rom_sha256 = json.at("rom_sha256");
  trace.header.vga_sha256 = json.at("vga_sha256");
  trace.header.machine = json.at("machine");
  if (json.contains("lost_calls")) trace.losses.calls = count<std::uint64_t>(json, "lost_calls");
  if (json.contains("lost_returns"))
    trace.losses.returns = count<std::uint64_t>(json, "lost_returns");
  if (!json.contains("roms")) return;
  for (const Json& rom : json.at("roms")) {
    trace.header.roms.push_back(
        {hex<std::uint32_t>(rom, "at"), count<std::uint32_t>(rom, "size"), rom.at("name")});
  }
}

struct Plain {
  std::string text;
  bool cut = false;  // the compressed file ends before its end
};

Result<Plain> decompress(const std::vector<std::uint8_t>& bytes) {
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                          ZSTD_freeDStream);
  Plain plain;
  std::string& text = plain.text;
  std::vector<char> chunk(ZSTD_DStreamOutSize());
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  std::size_t left = 1;
  while (in.pos < in.size) {
    ZSTD_outBuffer out{chunk.data(), chunk.size(), 0};
    left = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(left) != 0)
      return Error(fmt::format("is no zstd file: {}", ZSTD_getErrorName(left)));
    text.append(chunk.data(), out.pos);
    if (text.size() > kLargestFile) return Error("is too large once decompressed");
  }
  plain.cut = left != 0;
  return plain;
}

}  // namespace

Result<IntTrace> read_trace(const std::filesystem::path& path) {
  ICE86_TRY_ASSIGN(const std::vector<std::uint8_t> bytes, read_file(path, kLargestFile));
  Plain plain;
  if (is_compressed(path)) {
    auto decompressed = decompress(bytes);
    if (!decompressed) return std::move(decompressed).error().within(path.string());
    plain = std::move(*decompressed);
  } else {
    plain.text.assign(bytes.begin(), bytes.end());
  }
  const std::string& text = plain.text;
  std::optional<std::uint64_t> promised;
  std::uint64_t promised_changes = 0;
  IntTrace trace;
  Calls calls(trace.events);
  std::size_t line = 0;
  for (std::size_t at = 0; at < text.size();) {
    ++line;
    const std::size_t end = text.find('\n', at);
    const auto where = [&](const std::string& what) {
      return Error(fmt::format("{}: line {}: {}", path.string(), line, what));
    };
    if ((end == std::string::npos ? text.size() : end) - at > kLongestLine)
      return where(fmt::format("is longer than {} bytes", kLongestLine));
    if (end == std::string::npos) {
      return where(plain.cut ? "the compressed file ends in the middle of this line"
                             : "the file ends in the middle of this line");
    }
    try {
      const Json json = Json::parse(text.begin() + static_cast<std::ptrdiff_t>(at),
                                    text.begin() + static_cast<std::ptrdiff_t>(end));
      if (line == 1) {
        if (!json.is_object() || json.value("schema", "") != kTraceSchema)
          return where(fmt::format("is no {} file", kTraceSchema));
        const auto version = count<std::uint64_t>(json, "version");
        if (version < kOldestTraceVersion || version > kTraceVersion) {
          return where(fmt::format("trace version {}; this program reads versions {} to {}",
                                   version, kOldestTraceVersion, kTraceVersion));
        }
        read_header(json, trace);
        if (json.contains("calls")) promised = count<std::uint64_t>(json, "calls");
        if (json.contains("vector_changes"))
          promised_changes = count<std::uint64_t>(json, "vector_changes");
      } else if (json.contains("vector")) {
        trace.vectors.push_back(vector_of(json));
      } else {
        calls.add(json);
      }
    } catch (const std::exception& error) {
      return where(error.what());
    }
    at = end + 1;
  }
  if (plain.cut)
    return Error(
        fmt::format("{}: line {}: the compressed file ends here", path.string(), line + 1));
  if (line == 0) return Error(fmt::format("{}: is empty", path.string()));
  if (promised && *promised != trace.events.size()) {
    return Error(fmt::format("{}: line {}: the trace ends here with {} calls; its header has {}",
                             path.string(), line, trace.events.size(), *promised));
  }
  if (promised && promised_changes != trace.vectors.size()) {
    return Error(fmt::format(
        "{}: line {}: the trace ends here with {} changes of vectors; its header has {}",
        path.string(), line, trace.vectors.size(), promised_changes));
  }
  return trace;
}

}  // namespace ice86::harness
