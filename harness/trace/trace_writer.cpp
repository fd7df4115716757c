// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes traces. Each call is a line of its own; a boot has a hundred thousand of them, so the
// lines are formatted straight into the text, and nlohmann is asked for what needs escapes.
#include <fmt/compile.h>
#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <vector>

#include "emulator/base/assert.h"
#include "emulator/base/file_writer.h"
#include "harness/trace/trace_file.h"
#include "harness/trace/trace_names.h"

namespace ice86::harness {

namespace {

using Json = nlohmann::ordered_json;
using Text = fmt::memory_buffer;

// Calls repeat each other, and soon: higher levels take ten times as long, for files that are
// hardly smaller; a window and a table that stay near the processor make them smaller in less time.
constexpr int kCompressionLevel = 1;
constexpr int kWindowBits = 16;
constexpr int kTableBits = 12;
constexpr std::size_t kPiece = 1 << 16;

template <typename Format, typename... Arguments>
void add_formatted(Text& text, const Format& format, const Arguments&... arguments) {
  fmt::format_to(std::back_inserter(text), format, arguments...);
}

void add(Text& text, std::string_view plain) {
  text.append(plain);
}

std::string one_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool is_plain(char character) {
  return character >= ' ' && character < 0x7f && character != '"' && character != '\\';
}

void add_string(Text& text, const std::string& value) {
  if (!std::all_of(value.begin(), value.end(), is_plain)) return add(text, one_line(Json(value)));
  text.push_back('"');
  text.append(value);
  text.push_back('"');
}

void add_far(Text& text, const FarPointer& pointer) {
  add_formatted(text, FMT_COMPILE("\"{:04x}:{:04x}\""), pointer.segment, pointer.offset);
}

void add_hex(Text& text, std::uint32_t value) {
  std::array<char, 8> digits;
  text.append(digits.data(), std::to_chars(digits.data(), digits.end(), value, 16).ptr);
}

// Half of a line's text are registers.
void add_registers(Text& text, const Registers& registers) {
  std::string_view before = "{\"";
  const auto add_register = [&](std::string_view name, std::uint32_t value) {
    add(text, before);
    add(text, name);
    add(text, "\":\"");
    add_hex(text, value);
    before = "\",\"";
  };
  for (const NamedRegister& r : kWide) add_register(r.name, registers.*r.field);
  for (const NamedSegment& r : kSegments) add_register(r.name, registers.*r.field);
  add(text, "\"}");
}

template <typename Items, typename AddItem>
void add_array(Text& text, const Items& items, const AddItem& add_item) {
  text.push_back('[');
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i != 0) text.push_back(',');
    add_item(items[i]);
  }
  text.push_back(']');
}

void add_what(Text& text, const IntEvent& event) {
  add_formatted(text, FMT_COMPILE(",\"vec\":\"{:02x}\",\"service\":"), event.vector);
  add_string(text, *event.service);
  add(text, ",\"caller\":");
  add_far(text, event.caller);
  add(text, ",\"handler\":");
  add_far(text, event.handler);
  add_formatted(text, FMT_COMPILE(",\"depth\":{},\"in\":"), event.depth);
  add_registers(text, event.in);
  add(text, ",\"out\":");
  if (event.out) {
    add_registers(text, *event.out);
  } else {
    add(text, "null");
  }
  add_formatted(text, FMT_COMPILE(",\"return\":\"{}\""),
                kReturnNames[static_cast<unsigned>(event.how)]);
}

void add_meaning(Text& text, const IntEvent& event) {
  add(text, ",\"args\":");
  add_string(text, *event.arguments);
  add(text, ",\"result\":");
  add_string(text, *event.result);
  if (!event.extras->memory.empty()) {
    add(text, ",\"memory\":");
    add_string(text, event.extras->memory);
  }
  if (!event.extras->data.empty()) {
    add(text, ",\"data\":");
    add_string(text, event.extras->data);
  }
  if (!event.extras->chain.empty()) {
    add(text, ",\"chain\":");
    add_array(text, event.extras->chain,
              [&](const FarPointer& handler) { add_far(text, handler); });
  }
  if (event.kind == CallKind::kEfi) {
    add(text, ",\"parameters\":");
    add_array(text, event.extras->parameters,
              [&](std::uint64_t value) { add_formatted(text, FMT_COMPILE("\"{:x}\""), value); });
    add_formatted(text, FMT_COMPILE(",\"value\":\"{:x}\""), event.extras->value);
  }
  add(text, "}\n");
}

// The lines of calls. All of a line but its number and times is kept for the last call of each
// place. In a brief trace the line of a call like it only says so.
class EventLines {
 public:
  explicit EventLines(bool brief) : brief_(brief) {}

  void add_to(Text& text, const IntEvent& event) {
    Kept& kept = kept_[place_of(event)];
    const bool known = kept.event != nullptr && same(*kept.event, event);
    if (known && brief_) {
      Line line(text, 0);
      line.add("{\"n\":", event.number);
      line.add(",\"like\":", kept.event->number);
      line.add(",\"insn\":", event.instruction);
      line.add(",\"t\":", event.time);
      if (event.instructions != kept.event->instructions)
        line.add(",\"insns\":", event.instructions);
      if (event.duration != kept.event->duration) line.add(",\"ns\":", event.duration);
      line.add("}\n");
      return;
    }
    if (!known) {
      kept.event = &event;
      kept.what.clear();
      add_what(kept.what, event);
      kept.meaning.clear();
      add_meaning(kept.meaning, event);
    }
    Line line(text, kept.what.size() + kept.meaning.size());
    line.add("{\"n\":", event.number);
    if (event.kind != CallKind::kInterrupt) {
      line.add(",\"kind\":\"");
      line.add(kKindNames[static_cast<unsigned>(event.kind)]);
      line.add("\"");
    }
    line.add(",\"insn\":", event.instruction);
    line.add(",\"t\":", event.time);
    line.add({kept.what.data(), kept.what.size()});
    line.add(",\"insns\":", event.instructions);
    line.add(",\"ns\":", event.duration);
    line.add({kept.meaning.data(), kept.meaning.size()});
  }

 private:
  // One line behind others, in room that is asked for at once: six numbers, their names, and
  // `more` characters.
  class Line {
   public:
    Line(Text& text, std::size_t more) : text_(text), begin_(text.size()) {
      constexpr std::size_t kNumbersAndNames = 6 * 20 + 80;
      text.resize(begin_ + kNumbersAndNames + more);
      next_ = text.data() + begin_;
    }
    ~Line() { text_.resize(static_cast<std::size_t>(next_ - text_.data())); }
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    void add(std::string_view plain) { next_ = std::copy(plain.begin(), plain.end(), next_); }
    void add(std::string_view name, std::uint64_t number) {
      add(name);
      next_ = std::to_chars(next_, next_ + 20, number).ptr;
    }

   private:
    Text& text_;
    std::size_t begin_;
    char* next_;
  };

  struct Kept {
    const IntEvent* event = nullptr;
    Text what, meaning;
  };

  // In what kept_ has the text of.
  static bool same(const IntEvent& a, const IntEvent& b) {
    return a.in == b.in && a.out == b.out && a.kind == b.kind && a.vector == b.vector &&
           a.how == b.how && a.depth == b.depth && a.caller == b.caller && a.handler == b.handler &&
           a.service == b.service && a.arguments == b.arguments && a.result == b.result &&
           a.extras == b.extras;
  }

  const bool brief_;
  std::array<Kept, kCallPlaces> kept_;
};

void add_change(Text& text, const VectorChange& change) {
  add_formatted(text, FMT_COMPILE("{{\"vector\":\"{:02x}\",\"before\":"), change.vector);
  add_far(text, change.before);
  add(text, ",\"after\":");
  add_far(text, change.after);
  add_formatted(text, FMT_COMPILE(",\"call\":{},\"seen_at\":"), change.call);
  add_far(text, change.seen_at);
  add(text, "}\n");
}

Json rom_json(const RomArea& rom) {
  Json json;
  json["at"] = fmt::format("{:x}", rom.address);
  json["size"] = rom.size;
  json["name"] = rom.name;
  return json;
}

Json header_json(const IntTrace& trace) {
  Json header;
  header["schema"] = kTraceSchema;
  header["version"] = kTraceVersion;
  header["source"] = trace.header.source;
  header["firmware"] = trace.header.firmware;
  header["rom_sha256"] = trace.header.rom_sha256;
  header["vga_sha256"] = trace.header.vga_sha256;
  header["machine"] = trace.header.machine;
  header["calls"] = trace.events.size();
  if (trace.losses.calls != 0) header["lost_calls"] = trace.losses.calls;
  if (trace.losses.returns != 0) header["lost_returns"] = trace.losses.returns;
  if (!trace.vectors.empty()) header["vector_changes"] = trace.vectors.size();
  for (const RomArea& rom : trace.header.roms) header["roms"].push_back(rom_json(rom));
  return header;
}

// Gives the lines to `take` a piece at a time: all of them can be larger than the machine's memory.
template <typename Take>
void write_lines(const IntTrace& trace, bool brief, const Take& take) {
  Text text;
  add(text, one_line(header_json(trace)));
  text.push_back('\n');
  // What had changed when a call began stands before it.
  auto change = trace.vectors.begin();
  const auto add_changes = [&](std::uint64_t up_to) {
    for (; change != trace.vectors.end() && change->call <= up_to; ++change)
      add_change(text, *change);
  };
  EventLines lines(brief);
  for (const IntEvent& event : trace.events) {
    add_changes(event.number);
    lines.add_to(text, event);
    if (text.size() < kPiece) continue;
    take(std::string_view(text.data(), text.size()));
    text.clear();
  }
  add_changes(std::numeric_limits<std::uint64_t>::max());
  take(std::string_view(text.data(), text.size()));
}

// A zstd frame into a file.
class Compressor {
 public:
  explicit Compressor(FileWriter& file)
      : file_(file), context_(ZSTD_createCCtx(), ZSTD_freeCCtx), out_(ZSTD_CStreamOutSize()) {
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kCompressionLevel);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_windowLog, kWindowBits);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_hashLog, kTableBits);
  }

  void add(std::string_view text, ZSTD_EndDirective end) {
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    std::size_t left = 0;
    do {
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      left = ZSTD_compressStream2(context_.get(), &out, &in, end);
      ICE86_ASSERT(ZSTD_isError(left) == 0);
      file_.add(std::span(out_).first(out.pos));
    } while (end == ZSTD_e_end ? left != 0 : in.pos < in.size);
  }

 private:
  FileWriter& file_;
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context_;
  std::vector<std::uint8_t> out_;
};

}  // namespace

std::string to_json_lines(const IntTrace& trace) {
  std::string all;
  write_lines(trace, false, [&](std::string_view text) { all += text; });
  return all;
}

Result<void> write_trace(const std::filesystem::path& path, const IntTrace& trace) {
  ICE86_TRY_ASSIGN(FileWriter file, FileWriter::create(path));
  if (is_compressed(path)) {
    Compressor compressor(file);
    write_lines(trace, true, [&](std::string_view text) { compressor.add(text, ZSTD_e_continue); });
    compressor.add({}, ZSTD_e_end);
  } else {
    write_lines(trace, false, [&](std::string_view text) { file.add(text); });
  }
  return file.finish();
}

}  // namespace ice86::harness
