// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/debugger/monitor/line_editor.h"

#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

namespace ice86::debugger {

namespace {

constexpr int kMostLines = 1000;
constexpr char kEndOfFile = 4;  // Ctrl-D
// A key of several bytes comes at once; Escape alone has nothing behind it.
constexpr int kKeyMs = 50;
constexpr const char* kEraseLine = "\r\x1b[K";

}  // namespace

struct LineEditor::Parts {
  std::string prompt;
  Complete complete;
  EditLine* editor = nullptr;
  ::History* history = nullptr;
  std::string bytes;  // read, and not yet taken by the editor
  bool ended = false;

  ~Parts() {
    if (editor != nullptr) {
      set_active(false);
      el_end(editor);
      std::fputs("\n", stdout);
    }
    if (history != nullptr) history_end(history);
  }

  static Parts& of(EditLine* editor) {
    void* parts = nullptr;
    el_get(editor, EL_CLIENTDATA, &parts);
    return *static_cast<Parts*>(parts);
  }

  // With the prompt on the screen, and the terminal's own line discipline off.
  void set_active(bool active) { el_set(editor, EL_UNBUFFERED, active ? 1 : 0); }

  std::string before_cursor() const {
    const LineInfo* line = el_line(editor);
    return {line->buffer, line->cursor};
  }
  std::string whole() const {
    const LineInfo* line = el_line(editor);
    return {line->buffer, line->lastchar};
  }

  void take_in(int wait_ms) {
    pollfd ready{STDIN_FILENO, POLLIN, 0};
    if (::poll(&ready, 1, wait_ms) <= 0) return;
    std::array<char, 4096> buffer{};
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got > 0) bytes.append(buffer.data(), static_cast<std::size_t>(got));
    ended = ended || got <= 0;
  }

  // The editor asks for more than there is only in the middle of a key: a zero ends it.
  static int next_character(EditLine* editor, wchar_t* character) {
    Parts& parts = of(editor);
    if (parts.bytes.empty()) parts.take_in(kKeyMs);
    *character = 0;
    if (parts.bytes.empty()) return 1;
    const char byte = parts.bytes.front();
    parts.bytes.erase(0, 1);
    *character = static_cast<unsigned char>(byte) < 0x80 ? static_cast<wchar_t>(byte) : L'?';
    return 1;
  }

  static char* prompt_text(EditLine* editor) { return of(editor).prompt.data(); }

  static unsigned char complete_word(EditLine* editor, int) {
    Parts& parts = of(editor);
    const std::string line = parts.before_cursor();
    const std::size_t blank = line.find_last_of(' ');
    const std::string word = blank == std::string::npos ? line : line.substr(blank + 1);
    std::vector<std::string> all = parts.complete(line);
    std::erase_if(all, [&](const std::string& one) { return one.rfind(word, 0) != 0; });
    if (all.empty()) return CC_ERROR;
    std::sort(all.begin(), all.end());
    // What they have in common.
    const auto end =
        std::mismatch(all.front().begin(), all.front().end(), all.back().begin(), all.back().end());
    std::string more(all.front().begin() + static_cast<std::ptrdiff_t>(word.size()), end.first);
    if (all.size() == 1) more += ' ';
    if (!more.empty()) {
      el_insertstr(editor, more.c_str());
      return CC_REFRESH;
    }
    std::string list = "\r\n";
    for (const std::string& one : all) list += one + "  ";
    list += "\r\n";
    std::fputs(list.c_str(), stdout);
    std::fflush(stdout);
    return CC_REDISPLAY;
  }
};

LineEditor::LineEditor(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
LineEditor::~LineEditor() = default;

std::unique_ptr<LineEditor> LineEditor::open(std::string prompt, Complete complete) {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) return nullptr;
  auto parts = std::make_unique<Parts>();
  parts->prompt = std::move(prompt);
  parts->complete = std::move(complete);
  parts->history = history_init();
  parts->editor = el_init("ice86", stdin, stdout, stderr);
  if (parts->editor == nullptr || parts->history == nullptr) return nullptr;
  EditLine* const editor = parts->editor;
  HistEvent event{};
  ::history(parts->history, &event, H_SETSIZE, kMostLines);
  ::history(parts->history, &event, H_SETUNIQUE, 1);
  el_set(editor, EL_CLIENTDATA, parts.get());
  el_set(editor, EL_EDITOR, "emacs");
  el_set(editor, EL_PROMPT, &Parts::prompt_text);
  el_set(editor, EL_HIST, ::history, parts->history);
  el_set(editor, EL_GETCFN, &Parts::next_character);
  el_set(editor, EL_ADDFN, "ice86-complete", "complete a command", &Parts::complete_word);
  el_set(editor, EL_BIND, "^I", "ice86-complete", nullptr);
  el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  parts->set_active(true);
  return std::unique_ptr<LineEditor>(new LineEditor(std::move(parts)));
}

std::optional<std::string> LineEditor::read() {
  Parts& p = *parts_;
  if (p.bytes.empty()) p.take_in(0);
  while (!p.bytes.empty() && !p.ended) {
    if (p.bytes.front() == kEndOfFile && p.whole().empty()) {
      p.ended = true;
      break;
    }
    int count = 0;
    const char* const line = el_gets(p.editor, &count);
    if (line == nullptr || count <= 0 || (line[count - 1] != '\n' && line[count - 1] != '\r'))
      continue;
    const std::string text(line, static_cast<std::size_t>(count) - 1);
    p.set_active(false);
    HistEvent event{};
    if (!text.empty()) ::history(p.history, &event, H_ENTER, text.c_str());
    p.set_active(true);
    return text;
  }
  return std::nullopt;
}

bool LineEditor::ended() const {
  return parts_->ended;
}

void LineEditor::show(const std::string& text) {
  if (text.empty()) return;
  Parts& p = *parts_;
  const std::string typed = p.whole();
  p.set_active(false);
  std::fputs(kEraseLine, stdout);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  p.set_active(true);
  if (typed.empty()) return;
  el_insertstr(p.editor, typed.c_str());
  el_set(p.editor, EL_REFRESH);
}

}  // namespace ice86::debugger
