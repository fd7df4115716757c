// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/report/call_browser.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "harness/interrupts/call_filter.h"
#include "harness/report/glossary.h"
#include "harness/report/text.h"

namespace ice86::harness {

namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

// A terminal obeys control characters, and a trace has what a guest wrote.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '.';
  }
  return text;
}

std::string far_text(const FarPointer& at) {
  return fmt::format("{:04x}:{:04x}", at.segment, at.offset);
}

std::string call_line(const IntEvent& event) {
  std::string text = fmt::format("{:>11.6f} {}{}  {}({})", static_cast<double>(event.time) / 1e9,
                                 std::string(std::min(event.depth, 20U) * 2, ' '),
                                 entry_name(event), *event.service, *event.arguments);
  if (!event.result->empty()) text += " = " + *event.result;
  if (!event.out) text += " (never returned)";
  return printable(text);
}

// The carry flag of INT 10h, 11h, 12h and 16h tells nothing.
bool failed(const IntEvent& event) {
  if (event.kind == CallKind::kEfi) return event.extras->value >> 63 != 0;
  const bool tells = event.vector != 0x16 && (event.vector < 0x10 || event.vector > 0x12);
  return tells && event.out && event.out->carry() && event.how != ReturnKind::kRetf;
}

bool alike(const IntEvent& a, const IntEvent& b) {
  return a.vector == b.vector && a.service == b.service && a.depth == b.depth &&
         a.caller == b.caller && a.how == b.how && a.arguments == b.arguments &&
         a.result == b.result;
}

}  // namespace

CallBrowser::CallBrowser(const IntTrace& trace) : trace_(trace) {
  refresh();
}

void CallBrowser::filter(std::string_view words) {
  filter_ = words;
  refresh();
}

void CallBrowser::fold(bool on) {
  fold_ = on;
  refresh();
}

bool CallBrowser::fits(const IntEvent& event, std::string_view word) const {
  if (word == "failed") return failed(event);
  if (word.find(':') != std::string_view::npos) {
    if (const auto service = parse_call_filter(word); service && service->matches(event))
      return true;
  }
  const std::string places = far_text(event.caller) + " " + far_text(event.handler);
  return lower(call_line(event)).find(word) != std::string::npos ||
         places.find(word) != std::string::npos;
}

void CallBrowser::refresh() {
  std::vector<std::string> words;
  for (const char c : lower(filter_)) {
    if (words.empty() || c == ' ') words.emplace_back();
    if (c != ' ') words.back() += c;
  }
  std::erase_if(words, [](const std::string& word) { return word.empty() || word == "!"; });
  rows_.clear();
  for (std::size_t i = 0; i < trace_.events.size(); ++i) {
    const IntEvent& event = trace_.events[i];
    const bool shown = std::all_of(words.begin(), words.end(), [&](const std::string& word) {
      return word[0] == '!' ? !fits(event, std::string_view(word).substr(1)) : fits(event, word);
    });
    if (!shown) continue;
    if (fold_ && !rows_.empty() && alike(trace_.events[rows_.back().call], event)) {
      ++rows_.back().count;
    } else {
      rows_.push_back({i, 1});
    }
  }
}

std::string CallBrowser::line(const Row& row) const {
  std::string text = call_line(trace_.events[row.call]);
  if (row.count > 1) text += fmt::format("  x{}", row.count);
  return text;
}

std::vector<std::string> CallBrowser::detail(const Row& row) const {
  static constexpr const char* kHow[] = {"IRET", "RETF 2", "RETF", "never", "RET"};
  const IntEvent& event = trace_.events[row.call];
  std::vector<std::string> lines;
  lines.push_back(fmt::format("#{}  {}  {}", event.number, entry_name(event), *event.service));
  if (!event.arguments->empty()) lines.push_back("asks    " + *event.arguments);
  if (!event.result->empty()) lines.push_back("gets    " + *event.result);
  lines.push_back(fmt::format("caller  {}   handler {}   depth {}", far_text(event.caller),
                              far_text(event.handler), event.depth));
  lines.push_back(fmt::format("at      {:.9f} s, instruction {}",
                              static_cast<double>(event.time) / 1e9, event.instruction));
  lines.push_back(event.out ? fmt::format("back    by {} after {}, {} instructions",
                                          kHow[static_cast<unsigned>(event.how)],
                                          duration_text(event.duration), event.instructions)
                            : "back    never");
  lines.emplace_back();
  const auto one = [&](const char* name, std::uint32_t in, std::uint32_t out, unsigned digits) {
    std::string text = fmt::format("{:<6}  {:0{}x}", name, in, digits);
    if (event.out) text += fmt::format("  {:0{}x}{}", out, digits, in == out ? "" : "  *");
    lines.push_back(text);
  };
  const Registers& in = event.in;
  const Registers out = event.out.value_or(Registers());
  lines.push_back(event.out ? "          in        out" : "          in");
  one("EAX", in.eax, out.eax, 8);
  one("EBX", in.ebx, out.ebx, 8);
  one("ECX", in.ecx, out.ecx, 8);
  one("EDX", in.edx, out.edx, 8);
  one("ESI", in.esi, out.esi, 8);
  one("EDI", in.edi, out.edi, 8);
  one("EBP", in.ebp, out.ebp, 8);
  one("DS", in.ds, out.ds, 4);
  one("ES", in.es, out.es, 4);
  one("FLAGS", in.flags, out.flags, 4);
  if (!event.extras->memory.empty()) {
    lines.emplace_back();
    lines.push_back("memory  " + event.extras->memory);
  }
  if (const auto about = about_service(*event.service); !about.empty()) {
    lines.emplace_back();
    lines.emplace_back(about);
  }
  for (std::string& text : lines) text = printable(std::move(text));
  return lines;
}

std::optional<std::size_t> CallBrowser::find(std::string_view text, std::size_t from,
                                             bool forward) const {
  const std::string wanted = lower(text);
  const std::size_t size = rows_.size();
  for (std::size_t step = 1; step <= size; ++step) {
    const std::size_t row = (forward ? from + step : from + size - step % size) % size;
    const IntEvent& event = trace_.events[rows_[row].call];
    if (fits(event, wanted)) return row;
  }
  return std::nullopt;
}

std::size_t CallBrowser::row_of(std::size_t call) const {
  const auto behind =
      std::upper_bound(rows_.begin(), rows_.end(), call,
                       [](std::size_t wanted, const Row& row) { return wanted < row.call; });
  return behind == rows_.begin() ? 0 : static_cast<std::size_t>(behind - rows_.begin()) - 1;
}

}  // namespace ice86::harness
