// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/fuzz/crash_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <string_view>

#include "emulator/base/files.h"
#include "emulator/machine/disassembly.h"
#include "harness/fuzz/regression.h"

namespace ice86::harness {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFirstLines = 2'000, kLastLines = 18'000;  // of a trace
// Of each call; one at a time takes long, and a hang goes round.
constexpr std::uint64_t kTracedInstructions = 500'000;
constexpr std::uint64_t kMostTextBytes = 1 << 20;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
  return out;
}

// Of all pages. Lines are as long as the window is wide.
constexpr const char* kStyle =
    "<style>body{font:15px/1.45 sans-serif;margin:2em;max-width:75em}"
    "pre{background:#f4f4f2;padding:.8em;overflow:auto;white-space:pre-wrap;"
    "overflow-wrap:anywhere}h1{font-size:1.3em}#trace{max-height:40em}"
    "td,th{text-align:left;vertical-align:top;padding:.2em .8em .2em 0}"
    "td{overflow-wrap:anywhere}@media(prefers-color-scheme:dark){body{background:#1c1c1e;"
    "color:#ddd}pre{background:#2a2a2d}a{color:#8ab4f8}}</style>";

// "f000:e3fe int13_handler+0x12"
std::string place_text(const Rig& rig, FarPointer at) {
  std::string text = fmt::format("{:04x}:{:04x}", at.segment, at.offset);
  const auto& symbols = rig.options().symbols;
  if (!symbols) return text;
  const std::string name = symbols->at(at.segment * 16U + at.offset);
  return name.empty() ? text : text + " " + name;
}

std::string html_page(const Finding& finding, const std::string& text, const std::string& trace) {
  // The end of the trace is where it happened.
  constexpr std::size_t kShown = 200'000;
  const std::string_view shown = std::string_view(trace).substr(
      trace.size() > kShown ? trace.find('\n', trace.size() - kShown) + 1 : 0);
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<title>{0}</title>\n"
      "{4}</head><body>\n"
      "<h1>{0}: {1}</h1>\n<pre>{2}</pre>\n<h2>Instructions of the calls</h2>\n"
      "<pre id=\"trace\">{3}</pre>\n"
      "<script>const t=document.getElementById('trace');t.scrollTop=t.scrollHeight</script>\n"
      "</body></html>\n",
      escaped(finding.oracle), escaped(finding.text), escaped(text), escaped(shown), kStyle);
}

std::string line_of(const std::string& text, std::string_view head) {
  const std::size_t at = text.find(head);
  if (at == std::string::npos) return "";
  const std::size_t from = at + head.size();
  return text.substr(from, text.find('\n', from) - from);
}

// As lines, with a heading; nothing if there is nothing.
std::string console_text(std::string_view said) {
  std::string text;
  bool at_start = true;
  for (const char c : said) {
    if (c == '\r') continue;
    if (at_start) text += "  ";
    text += c == '\n' || (c >= ' ' && c <= '~') ? c : '?';
    at_start = c == '\n';
  }
  if (text.empty()) return "";
  return "the firmware said:\n" + text + (at_start ? "" : "\n");
}

}  // namespace

Replay replay(Rig& rig, const Input& input, std::string* trace) {
  Replay result;
  std::string calls;
  rig.comparing = true;
  if (trace != nullptr) {
    // Where it begins, and where it comes to its end.
    std::deque<std::string> last;
    std::size_t lines = 0;
    const auto add = [&](std::string line) {
      ++lines;
      if (lines <= kFirstLines) {
        *trace += line;
        return;
      }
      last.push_back(std::move(line));
      if (last.size() > kLastLines) last.pop_front();
    };
    rig.on_call([&](const Rig::CallReport& call) {
      add(call.after.empty() ? fmt::format("; {}\n", call.before)
                             : fmt::format("; {}\n; -> {}\n", call.before, call.after));
    });
    std::string function;
    rig.on_instruction([&](machine::Pc& pc) {
      if (const auto& symbols = rig.options().symbols) {
        const cpu::State& s = pc.cpu().state();
        const std::string name = symbols->at(s.segment[cpu::kCs].base + s.rip);
        const std::string now = name.substr(0, name.find('+'));
        if (now != function && !now.empty()) add(name + ":\n");
        function = now;
      }
      add(instruction_text(pc) + "\n");
    });
    rig.run(input, kTracedInstructions);
    rig.on_instruction(nullptr);
    if (lines > kFirstLines + kLastLines)
      *trace += fmt::format("; ... {} more lines ...\n", lines - kFirstLines - kLastLines);
    for (const std::string& line : last) *trace += line;
  }
  rig.on_call([&](const Rig::CallReport& call) {
    calls += fmt::format("  {}\n", call.before);
    if (!call.after.empty()) calls += fmt::format("    -> {}\n", call.after);
  });
  result.execution = rig.run(input, Rig::kPatient);
  rig.on_call(nullptr);
  const std::string said = console_text(rig.said());
  if (result.execution.slow) result.execution.findings.push_back(rig.hang(result.execution));
  result.text = "calls:\n" + calls + said;
  for (const Finding& finding : result.execution.findings)
    result.text += fmt::format("{}: {}\n", finding.oracle, finding.text);
  return result;
}

Result<void> write_crash(Rig& rig, const Finding& finding, const Input& input, const fs::path& file,
                         const std::string& replay_command, std::uint64_t seconds) {
  std::string trace;
  const Replay again = replay(rig, input, &trace);
  const std::string text = fmt::format(
      "oracle: {}\nfound: {}\nwhere: {}\nkey: {}\nafter: {} s\nreplay: {} --drives {} --replay "
      "{}\n{}"
      "input, a step a line:\n{}",
      finding.oracle, finding.text, place_text(rig, finding.handler), finding.key, seconds,
      replay_command, rig.options().drives, file.filename().string(), again.text, hex_rows(input));
  fs::path other = file;
  ICE86_TRY(write_file(other.replace_extension(".txt"), text));
  ICE86_TRY(write_file(other.replace_extension(".trace"), trace));
  ICE86_TRY(write_file(other.replace_extension(".html"), html_page(finding, text, trace)));
  if (!rig.has_other()) {
    ICE86_TRY(write_file(other.replace_extension(".toml"),
                         regression_scenario(rig.options(), finding, input)));
  }
  return write_file(file, input);
}

Result<void> write_crash_list(const std::vector<CrashFile>& crashes, const fs::path& file) {
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<title>{0}</title>\n{1}"
      "</head><body>\n<h1>{0}</h1>\n<table>\n"
      "<tr><th>oracle</th><th>what was seen</th><th>where</th><th>after</th></tr>\n",
      crashes.size() == 1 ? "1 finding" : fmt::format("{} findings", crashes.size()), kStyle);
  for (const CrashFile& crash : crashes) {
    fs::path one = crash.input.filename();
    page +=
        fmt::format("<tr><td><a href=\"{}\">{}</a></td><td>{}</td><td>{}</td><td>{} s</td></tr>\n",
                    escaped(one.replace_extension(".html").string()), escaped(crash.oracle),
                    escaped(crash.text), escaped(crash.where), crash.seconds);
  }
  return write_file(file, page + "</table>\n</body></html>\n");
}

std::vector<CrashFile> crashes_in(const fs::path& folder) {
  std::vector<CrashFile> all;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".input") continue;
    fs::path text_file = entry.path();
    const auto bytes = read_file(text_file.replace_extension(".txt"), kMostTextBytes);
    if (!bytes) continue;
    const std::string text(bytes->begin(), bytes->end());
    CrashFile crash;
    crash.input = entry.path();
    crash.oracle = line_of(text, "oracle: ");
    crash.text = line_of(text, "found: ");
    crash.where = line_of(text, "where: ");
    crash.key = line_of(text, "key: ");
    crash.seconds = std::strtoull(line_of(text, "after: ").c_str(), nullptr, 10);
    all.push_back(std::move(crash));
  }
  std::sort(all.begin(), all.end(),
            [](const CrashFile& a, const CrashFile& b) { return a.input < b.input; });
  return all;
}

}  // namespace ice86::harness
