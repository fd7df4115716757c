// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/reference/agent_trace.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/interrupts/services.h"
#include "harness/reference/gdb_client.h"

namespace ice86::harness {

namespace {

// "1" in the header record.
constexpr std::uint64_t kVersion = 1;
// The longest line, a memory answer of 32 bytes in it, has less.
constexpr std::size_t kLongestRecord = 400;
// A tick of the BIOS's clock: 65536 of the timer's 1193182 Hz.
constexpr std::uint64_t kTick = 54'925'401;
// The count at which it begins again, at midnight.
constexpr std::uint32_t kTicksADay = 0x1800b0;
constexpr std::size_t kMostOpen = 256;

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> list;
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    if (end != 0) list.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return list;
}

// Fields of a record one after the other; bad() after one that is not what it should be.
class Fields {
 public:
  explicit Fields(std::string_view text) : words_(words(text)) {}

  std::string_view text() {
    if (at_ < words_.size()) return words_[at_++];
    bad_ = true;
    return "";
  }
  template <typename T>
  T hex() {
    return parse<T>(text());
  }
  FarPointer far() {
    const std::string_view word = text();
    const std::size_t colon = word.find(':');
    if (colon == std::string_view::npos) {
      bad_ = true;
      return {};
    }
    return {parse<std::uint16_t>(word.substr(0, colon)),
            parse<std::uint16_t>(word.substr(colon + 1))};
  }
  Registers registers() {
    Registers r;
    for (std::uint32_t* field : {&r.eax, &r.ebx, &r.ecx, &r.edx, &r.esi, &r.edi, &r.ebp, &r.flags})
      *field = hex<std::uint32_t>();
    r.ds = hex<std::uint16_t>();
    r.es = hex<std::uint16_t>();
    return r;
  }
  bool good() const { return !bad_ && at_ == words_.size(); }

 private:
  template <typename T>
  T parse(std::string_view word) {
    T value = 0;
    const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value, 16);
    bad_ |= code != std::errc() || end != word.data() + word.size();
    return value;
  }

  std::vector<std::string_view> words_;
  std::size_t at_ = 0;
  bool bad_ = false;
};

std::uint16_t check_sum(std::string_view record) {
  std::uint16_t sum = 0;
  for (const char c : record)
    sum = static_cast<std::uint16_t>(sum * 31 + static_cast<std::uint8_t>(c));
  return sum;
}

// The memory that a record shows; all else is unknown.
class Shown {
 public:
  void add(std::uint32_t linear, const std::string& hex) {
    const auto bytes = GdbClient::bytes(hex);
    if (!bytes) return;
    for (std::size_t i = 0; i < bytes->size(); ++i)
      bytes_[linear + static_cast<std::uint32_t>(i)] = (*bytes)[i];
  }
  MemoryView view() {
    return [this](std::uint32_t linear, unsigned width) {
      std::uint64_t value = 0;
      for (unsigned i = 0; i < width; ++i) {
        const auto byte = bytes_.find(linear + i);
        if (byte == bytes_.end()) unknown_ = true;
        if (byte != bytes_.end()) value |= std::uint64_t{byte->second} << (i * 8);
      }
      return value;
    };
  }
  bool unknown() const { return unknown_; }

 private:
  std::map<std::uint32_t, std::uint8_t> bytes_;
  bool unknown_ = false;
};

class Reader {
 public:
  // A whole record without its check sum; false: it makes no sense.
  bool take(std::string_view record) {
    const char kind = record[1];
    Fields fields(record.substr(2));
    switch (kind) {
      case 'H': return header(fields);
      case 'C': return call(fields);
      case 'R': return back(fields);
      default: return false;
    }
  }

  AgentCapture capture;
  std::optional<std::uint64_t> version;

 private:
  struct Open {
    std::size_t event;
    std::uint64_t number;
    std::uint16_t ss;
    std::uint32_t sp;
  };

  bool header(Fields& fields) {
    const auto found = fields.hex<std::uint64_t>();
    const auto booted = fields.hex<std::uint8_t>(), next = fields.hex<std::uint8_t>();
    const auto memory = fields.hex<std::uint16_t>();
    const std::string date(fields.text());
    if (!fields.good()) return false;
    version = found;
    capture.trace.header.machine = fmt::format(
        "a PC with a BIOS of {}, {} KiB of base memory; agent on drive {:02x}, system "
        "on drive {:02x}",
        date, memory, booted, next);
    return true;
  }

  bool call(Fields& fields) {
    const auto number = fields.hex<std::uint16_t>();
    IntEvent event;
    event.vector = fields.hex<std::uint8_t>();
    event.caller = fields.far();
    event.handler = fields.far();
    event.in = fields.registers();
    const FarPointer stack = fields.far();
    const auto ticks = fields.hex<std::uint32_t>();
    const std::string data(fields.text());
    if (!fields.good()) return false;
    // Numbers have 16 bits and come in order; one that is missing is a lost call.
    const auto step = static_cast<std::uint16_t>(number - static_cast<std::uint16_t>(next_));
    capture.trace.losses.calls += step;
    next_ += step + 1U;
    while (!open_.empty() && open_.back().ss == stack.segment && stack.offset >= open_.back().sp)
      open_.pop_back();
    if (open_.size() >= kMostOpen) open_.erase(open_.begin());
    event.number = capture.trace.events.size();
    event.time = time(ticks);
    event.depth = static_cast<unsigned>(open_.size());
    Shown shown;
    if (data != "-") {
      shown.add((std::uint32_t{event.in.ds} << 4) + (event.in.esi & 0xffff), data);
      if (event.in.ah() != 0x43) event.extras.edit().data = data;
    }
    const Service service = describe_call(event.vector, event.in, shown.view());
    event.service = service.name;
    if (!shown.unknown()) event.arguments = service.text;
    capture.trace.events.push_back(std::move(event));
    open_.push_back({capture.trace.events.size() - 1, next_ - 1, stack.segment,
                     static_cast<std::uint32_t>(stack.offset)});
    return true;
  }

  bool back(Fields& fields) {
    const auto number = fields.hex<std::uint16_t>();
    const std::string_view how = fields.text();
    const Registers out = fields.registers();
    const auto ticks = fields.hex<std::uint32_t>();
    const std::string memory(fields.text());
    if (!fields.good() || (how != "i" && how != "f" && how != "2")) return false;
    for (std::size_t i = open_.size(); i-- > 0;) {
      if (static_cast<std::uint16_t>(open_[i].number) != number) continue;
      IntEvent& event = capture.trace.events[open_[i].event];
      open_.resize(i);
      event.out = out;
      event.how = how == "i"   ? ReturnKind::kIret
                  : how == "f" ? ReturnKind::kRetf
                               : ReturnKind::kRetf2;
      event.duration = time(ticks) - event.time;
      Shown shown;
      if (memory != "-") {
        event.extras.edit().memory = memory;
        const bool map = event.vector == 0x15;
        shown.add(map ? (std::uint32_t{event.in.es} << 4) + (event.in.edi & 0xffff)
                      : (std::uint32_t{event.in.ds} << 4) + (event.in.esi & 0xffff),
                  memory);
      }
      event.result = describe_result(event.vector, event.in, out, shown.view());
      if (shown.unknown()) event.result = "ok";
      return true;
    }
    return true;  // of a call that was lost
  }

  // Since the first record. A count that falls by more than half a day has passed midnight; one
  // that falls by less has been set, and no time has passed.
  std::uint64_t time(std::uint32_t ticks) {
    const std::uint32_t before = last_tick_.value_or(ticks);
    if (ticks >= before) {
      elapsed_ += ticks - before;
    } else if (before - ticks > kTicksADay / 2) {
      elapsed_ += ticks + (kTicksADay - std::min(before, kTicksADay));
    }
    last_tick_ = ticks;
    return elapsed_ * kTick;
  }

  std::vector<Open> open_;
  std::uint64_t next_ = 0;
  std::optional<std::uint32_t> last_tick_;
  std::uint64_t elapsed_ = 0;  // ticks
};

}  // namespace

Result<AgentCapture> parse_agent_capture(const std::string& capture) {
  const std::string_view text = capture;
  Reader reader;
  for (std::size_t at = text.find('~'); at != std::string_view::npos;) {
    const std::size_t next = text.find('~', at + 1);
    const std::string_view piece =
        text.substr(at, next == std::string_view::npos ? next : next - at);
    at = next;
    if (piece.size() < 3 || piece[2] != ' ' ||
        (piece[1] != 'H' && piece[1] != 'C' && piece[1] != 'R')) {
      continue;  // somebody else's
    }
    const std::size_t star = piece.find(" *");
    std::uint16_t sum = 0;
    bool whole =
        star != std::string_view::npos && star < kLongestRecord && piece.size() >= star + 6;
    if (whole) {
      const char* digits = piece.data() + star + 2;
      const auto [end, code] = std::from_chars(digits, digits + 4, sum, 16);
      whole = code == std::errc() && end == digits + 4;
    }
    if (!whole || check_sum(piece.substr(0, star)) != sum || !reader.take(piece.substr(0, star)))
      ++reader.capture.damaged;
    if (reader.version && *reader.version != kVersion) {
      return Error(fmt::format("records of agent version {}; this program reads version {}",
                               *reader.version, kVersion));
    }
  }
  if (reader.capture.trace.events.empty() && !reader.version) {
    return Error(reader.capture.damaged == 0
                     ? std::string("no record of an interrupt agent in it")
                     : fmt::format("no whole record of an interrupt agent in it, and {} damaged: "
                                   "is the speed of the serial line right?",
                                   reader.capture.damaged));
  }
  reader.capture.trace.header.source = "int-agent";
  return std::move(reader.capture);
}

}  // namespace ice86::harness
