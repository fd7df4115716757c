// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/report/page/page.h"

#include <fmt/core.h>

#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <unordered_map>

#include "emulator/display/screen.h"
#include "harness/report/code_lines.h"
#include "harness/report/glossary.h"
#include "harness/report/page/embed.h"

namespace ice86::harness {

std::span<const std::uint8_t> page_template();  // page.html

namespace {

using Json = nlohmann::ordered_json;

// Texts once, calls with their numbers.
class Texts {
 public:
  std::size_t number(const std::string& text) {
    const auto [found, is_new] = numbers_.emplace(text, list_.size());
    if (is_new) {
      list_.push_back(text);
      bytes_ += text.size();
    }
    return found->second;
  }
  std::size_t bytes() const { return bytes_; }
  const Json& list() const { return list_; }

 private:
  std::unordered_map<std::string, std::size_t> numbers_;
  Json list_ = Json::array();
  std::size_t bytes_ = 0;
};

constexpr std::size_t kRegisters = 10;
using Values = std::array<std::uint32_t, kRegisters>;

Values values_of(const Registers& r) {
  return {r.eax, r.ebx, r.ecx, r.edx, r.esi, r.edi, r.ebp, r.ds, r.es, r.flags};
}

// The registers that differ: number, value, number, value, ...
Json changes(const Values& before, const Values& after) {
  Json list = Json::array();
  for (std::size_t i = 0; i < kRegisters; ++i) {
    if (before[i] == after[i]) continue;
    list.push_back(i);
    list.push_back(after[i]);
  }
  return list;
}

// Each call says how it differs from the one before; a number stands for so many more that differ
// from theirs in the same way: a loader that polls the keyboard makes tens of thousands.
class CallList {
 public:
  CallList(Texts& texts) : texts_(texts) {}

  void add(const IntEvent& event) {
    Json call = difference(event);
    if (call == last_) {
      if (!list_.back().is_number()) list_.push_back(0);
      list_.back() = list_.back().get<std::uint64_t>() + 1;
      return;
    }
    bytes_ += call.dump().size();
    last_ = call;
    list_.push_back(std::move(call));
  }

  // So many calls are not in the list; the next one differs from nothing.
  void leave_out(std::uint64_t calls) {
    list_.push_back({{"left_out", calls}});
    last_ = nullptr;
    time_ = instruction_ = 0;
    now_ = {};
  }

  std::size_t bytes() const { return bytes_ + texts_.bytes(); }
  Json take() { return std::move(list_); }

 private:
  Json difference(const IntEvent& event) {
    const Values in = values_of(event.in);
    Json call = {event.time - time_,
                 event.instruction - instruction_,
                 event.vector,
                 event.depth,
                 texts_.number(*event.service),
                 texts_.number(*event.arguments),
                 texts_.number(*event.result),
                 static_cast<unsigned>(event.how),
                 event.duration,
                 event.instructions,
                 changes(now_, in),
                 nullptr,
                 place(event.caller),
                 place(event.handler),
                 texts_.number(event.extras->memory)};
    if (event.kind != CallKind::kInterrupt) call.push_back(texts_.number(entry_name(event)));
    now_ = in;
    if (event.out) {
      now_ = values_of(*event.out);
      call[11] = changes(in, now_);
    }
    time_ = event.time;
    instruction_ = event.instruction;
    return call;
  }
  std::size_t place(const FarPointer& at) {
    return texts_.number(fmt::format("{:04x}:{:04x}", at.segment, at.offset));
  }

  Texts& texts_;
  Json list_ = Json::array();
  Json last_ = nullptr;
  std::size_t bytes_ = 0;
  std::uint64_t time_ = 0, instruction_ = 0;
  Values now_{};
};

// A page that a browser opens at once: what does not fit is left out in the middle, for how a boot
// ended is what one looks for.
Json calls(const IntTrace& trace, Texts& texts) {
  constexpr std::size_t kMostBytes = 3'500'000, kLastCalls = 2'000;
  CallList list(texts);
  for (std::size_t i = 0; i < trace.events.size(); ++i) {
    const std::size_t left = trace.events.size() - i;
    if (list.bytes() > kMostBytes && left > kLastCalls) {
      list.leave_out(left - kLastCalls);
      i += left - kLastCalls;
    }
    list.add(trace.events[i]);
  }
  return list.take();
}

Json row_of(const devices::TextScreen& screen, unsigned row) {
  Json runs = Json::array();
  std::string text;
  int attribute = -1;
  const auto flush = [&] {
    if (!text.empty()) runs.push_back({attribute, text});
    text.clear();
  };
  for (unsigned column = 0; column < screen.columns; ++column) {
    const auto& cell = screen.cells[std::size_t{row} * screen.columns + column];
    if (cell.attribute != attribute) {
      flush();
      attribute = cell.attribute;
    }
    text += display::utf8_of_cp437(cell.character);
  }
  flush();
  return runs;
}

// By the place of a call in the list: what changed before it and during it, as numbers of texts.
Json changes_of_memory(const IntTrace& trace, const CallScene& scene, Texts& texts) {
  Json all = Json::object();
  const auto numbers = [&](const std::vector<std::string>& list) {
    Json json = Json::array();
    for (const std::string& text : list) json.push_back(texts.number(text));
    return json;
  };
  for (std::size_t i = 0; i < trace.events.size(); ++i) {
    const auto found = scene.changes().find(trace.events[i].number);
    if (found == scene.changes().end()) continue;
    all[std::to_string(i)] =
        Json::array({numbers(found->second.before), numbers(found->second.during)});
  }
  return all;
}

// By the place: lines of [offset, text].
Json code_of(const std::map<CallScene::Place, CallScene::Code>& places) {
  constexpr std::size_t kMostBefore = 6, kMostAfter = 6;
  Json all = Json::object();
  for (const auto& [place, code] : places) {
    const std::uint32_t from = place.second - code.back;
    Json lines = Json::array();
    for (const CodeLine& line : code_lines_before(code.bytes, from, code.back, kMostBefore))
      lines.push_back(Json::array({line.offset, line.text}));
    for (const CodeLine& line : code_lines(code.bytes, from, code.back, kMostAfter))
      lines.push_back(Json::array({line.offset, line.text}));
    all[fmt::format("{:04x}:{:04x}", place.first, place.second)] = std::move(lines);
  }
  return all;
}

std::string base64(std::span<const std::uint8_t> bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = std::uint32_t{bytes[i]} << 16;
    if (i + 1 < bytes.size()) group |= std::uint32_t{bytes[i + 1]} << 8;
    if (i + 2 < bytes.size()) group |= bytes[i + 2];
    out += kDigits[group >> 18];
    out += kDigits[group >> 12 & 63];
    out += i + 1 < bytes.size() ? kDigits[group >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? kDigits[group & 63] : '=';
  }
  return out;
}

// [time, rows, the rows that differ from the one before, picture].
Json screens(const ScreenLog& log) {
  Json list = Json::array();
  std::vector<Json> before;
  for (const ScreenLog::Screen& screen : log.screens()) {
    if (!screen.text) {
      list.push_back({screen.time, 0, Json::array(), base64(screen.png)});
      before.clear();
      continue;
    }
    before.resize(screen.text->rows);
    Json changed = Json::array();
    for (unsigned row = 0; row < screen.text->rows; ++row) {
      Json runs = row_of(*screen.text, row);
      if (runs == before[row]) continue;
      changed.push_back({row, runs});
      before[row] = std::move(runs);
    }
    list.push_back({screen.time, screen.text->rows, std::move(changed), nullptr});
  }
  return list;
}

}  // namespace

std::string trace_html(const TracePage& page) {
  Texts texts;
  Json data;
  data["source"] = page.trace.header.source;
  data["firmware"] = page.trace.header.firmware;
  data["machine"] = page.trace.header.machine;
  data["rom"] = page.trace.header.rom_sha256;
  data["calls"] = calls(page.trace, texts);
  if (page.scene != nullptr) {
    data["changes"] = changes_of_memory(page.trace, *page.scene, texts);
    data["callers"] = code_of(page.scene->callers());
    data["handlers"] = code_of(page.scene->handlers());
  }
  data["texts"] = texts.list();
  std::uint64_t end = page.end;
  Json vectors = Json::object(), glossary = Json::object();
  for (const IntEvent& event : page.trace.events) {
    end = std::max(end, event.time + event.duration);
    if (const auto name = vector_name(event.vector);
        !name.empty() && event.kind == CallKind::kInterrupt)
      vectors[std::to_string(event.vector)] = name;
    if (const auto about = about_service(*event.service); !about.empty())
      glossary[*event.service] = about;
  }
  data["end"] = end;
  data["vectors"] = std::move(vectors);
  data["glossary"] = std::move(glossary);
  Json stages = Json::array();
  for (const Stage& stage : page.stages) stages.push_back({stage.name, stage.time, stage.detail});
  data["stages"] = std::move(stages);
  data["screens"] = page.screens != nullptr ? screens(*page.screens) : Json::array();

  return page_with_data(page_template(), data);
}

}  // namespace ice86::harness
