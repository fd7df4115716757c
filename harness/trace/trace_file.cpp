// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/trace/trace_file.h"

#include <fmt/core.h>
#include <zstd.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>

#include "emulator/base/files.h"

namespace ice86::harness {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kLargestFile = 2ULL << 30;
constexpr int kCompressionLevel = 9;
constexpr std::array<const char*, 4> kReturnNames = {"iret", "retf2", "retf", "never"};

struct NamedRegister {
  const char* name;
  std::uint32_t Registers::*field;
};
constexpr NamedRegister kWide[] = {{"eax", &Registers::eax}, {"ebx", &Registers::ebx},
                                   {"ecx", &Registers::ecx}, {"edx", &Registers::edx},
                                   {"esi", &Registers::esi}, {"edi", &Registers::edi},
                                   {"ebp", &Registers::ebp}, {"flags", &Registers::flags}};
struct NamedSegment {
  const char* name;
  std::uint16_t Registers::*field;
};
constexpr NamedSegment kSegments[] = {{"ds", &Registers::ds}, {"es", &Registers::es}};

std::string far_text(const FarPointer& pointer) {
  return fmt::format("{:04x}:{:04x}", pointer.segment, pointer.offset);
}

Json registers_json(const Registers& registers) {
  Json json;
  for (const NamedRegister& r : kWide) json[r.name] = fmt::format("{:x}", registers.*r.field);
  for (const NamedSegment& r : kSegments) json[r.name] = fmt::format("{:x}", registers.*r.field);
  return json;
}

// Readers below throw nlohmann's exceptions or this; read_trace turns both into an Error with the
// line.
struct Malformed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::uint64_t hex(const Json& json, const char* key, std::uint64_t most) {
  const auto& text = json.at(key).get_ref<const std::string&>();
  std::size_t used = 0;
  std::uint64_t value = 0;
  try {
    value = std::stoull(text, &used, 16);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != text.size() || value > most)
    throw Malformed(fmt::format("'{}' is no value for {}", text, key));
  return value;
}

Registers registers_of(const Json& json) {
  Registers registers;
  for (const NamedRegister& r : kWide)
    registers.*r.field = static_cast<std::uint32_t>(hex(json, r.name, 0xffffffff));
  for (const NamedSegment& r : kSegments)
    registers.*r.field = static_cast<std::uint16_t>(hex(json, r.name, 0xffff));
  return registers;
}

FarPointer far_of(const Json& json, const char* key) {
  const auto& text = json.at(key).get_ref<const std::string&>();
  unsigned segment = 0, offset = 0;
  int used = 0;
  if (std::sscanf(text.c_str(), "%4x:%8x%n", &segment, &offset, &used) != 2 ||
      static_cast<std::size_t>(used) != text.size()) {
    throw Malformed(fmt::format("'{}' is no segment:offset for {}", text, key));
  }
  return {static_cast<std::uint16_t>(segment), offset};
}

Json event_json(const IntEvent& event) {
  Json json;
  json["n"] = event.number;
  json["insn"] = event.instruction;
  json["t"] = event.time;
  json["vec"] = fmt::format("{:02x}", event.vector);
  json["service"] = event.service;
  json["caller"] = far_text(event.caller);
  json["handler"] = far_text(event.handler);
  json["depth"] = event.depth;
  json["in"] = registers_json(event.in);
  json["out"] = event.out ? registers_json(*event.out) : Json(nullptr);
  json["return"] = kReturnNames[static_cast<unsigned>(event.how)];
  json["insns"] = event.instructions;
  json["ns"] = event.duration;
  json["args"] = event.arguments;
  json["result"] = event.result;
  if (!event.memory.empty()) json["memory"] = event.memory;
  return json;
}

IntEvent event_of(const Json& json) {
  IntEvent event;
  event.number = json.at("n");
  event.instruction = json.at("insn");
  event.time = json.at("t");
  event.vector = static_cast<std::uint8_t>(hex(json, "vec", 0xff));
  event.service = json.at("service");
  event.caller = far_of(json, "caller");
  event.handler = far_of(json, "handler");
  event.depth = json.at("depth");
  event.in = registers_of(json.at("in"));
  if (!json.at("out").is_null()) event.out = registers_of(json.at("out"));
  const std::string how = json.at("return");
  bool known = false;
  for (unsigned i = 0; i < kReturnNames.size(); ++i) {
    if (how == kReturnNames[i]) {
      event.how = static_cast<ReturnKind>(i);
      known = true;
    }
  }
  if (!known) throw Malformed(fmt::format("'{}' is no way to return", how));
  event.instructions = json.at("insns");
  event.duration = json.at("ns");
  event.arguments = json.at("args");
  event.result = json.at("result");
  if (json.contains("memory")) event.memory = json.at("memory");
  return event;
}

bool compressed(const std::filesystem::path& path) {
  return path.extension() == ".zst";
}

Result<std::string> decompress(const std::vector<std::uint8_t>& bytes) {
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                          ZSTD_freeDStream);
  std::string text;
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
  if (left != 0) return Error("is cut short");
  return text;
}

}  // namespace

std::string to_json_lines(const IntTrace& trace) {
  Json header;
  header["schema"] = kTraceSchema;
  header["version"] = kTraceVersion;
  header["source"] = trace.header.source;
  header["firmware"] = trace.header.firmware;
  header["rom_sha256"] = trace.header.rom_sha256;
  header["vga_sha256"] = trace.header.vga_sha256;
  header["machine"] = trace.header.machine;
  constexpr auto kReplace = Json::error_handler_t::replace;
  std::string text = header.dump(-1, ' ', false, kReplace) + "\n";
  for (const IntEvent& event : trace.events)
    text += event_json(event).dump(-1, ' ', false, kReplace) + "\n";
  return text;
}

Result<void> write_trace(const std::filesystem::path& path, const IntTrace& trace) {
  const std::string text = to_json_lines(trace);
  if (!compressed(path)) return write_file(path, text);
  std::vector<std::uint8_t> bytes(ZSTD_compressBound(text.size()));
  const std::size_t size =
      ZSTD_compress(bytes.data(), bytes.size(), text.data(), text.size(), kCompressionLevel);
  ICE86_ASSERT(ZSTD_isError(size) == 0);
  bytes.resize(size);
  return write_file(path, bytes);
}

Result<IntTrace> read_trace(const std::filesystem::path& path) {
  ICE86_TRY_ASSIGN(const std::vector<std::uint8_t> bytes, read_file(path, kLargestFile));
  std::string text(bytes.begin(), bytes.end());
  if (compressed(path)) {
    auto plain = decompress(bytes);
    if (!plain) return std::move(plain).error().within(path.string());
    text = std::move(*plain);
  }
  IntTrace trace;
  std::size_t line = 0;
  for (std::size_t at = 0; at < text.size();) {
    ++line;
    const std::size_t end = text.find('\n', at);
    const auto where = [&](const std::string& what) {
      return Error(fmt::format("{}: line {}: {}", path.string(), line, what));
    };
    if (end == std::string::npos) return where("the file ends in the middle of this line");
    try {
      const Json json = Json::parse(text.begin() + static_cast<std::ptrdiff_t>(at),
                                    text.begin() + static_cast<std::ptrdiff_t>(end));
      if (line == 1) {
        if (!json.is_object() || json.value("schema", "") != kTraceSchema)
          return where(fmt::format("is no {} file", kTraceSchema));
        const int version = json.at("version");
        if (version != kTraceVersion) {
          return where(fmt::format("trace version {}; this program reads version {}", version,
                                   kTraceVersion));
        }
        trace.header.source = json.at("source");
        trace.header.firmware = json.at("firmware");
        trace.header.rom_sha256 = json.at("rom_sha256");
        trace.header.vga_sha256 = json.at("vga_sha256");
        trace.header.machine = json.at("machine");
      } else {
        trace.events.push_back(event_of(json));
      }
    } catch (const std::exception& error) {
      return where(error.what());
    }
    at = end + 1;
  }
  if (line == 0) return Error(fmt::format("{}: is empty", path.string()));
  return trace;
}

}  // namespace ice86::harness
