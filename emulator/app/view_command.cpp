// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 view`: a trace in the terminal.
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <clocale>
#include <cstdlib>
#include <memory>

#include "emulator/app/command.h"
#include "emulator/app/exit_code.h"
#include "harness/report/call_browser.h"
#include "harness/trace/trace_file.h"

// After the others: it brings names such as "timeout".
#define NCURSES_NOMACROS
#include <ncurses.h>

namespace ice86::app {

namespace {

using harness::CallBrowser;

constexpr int kEscape = 27, kEnter = 10, kBackspace = 127;
constexpr const char* kKeys =
    " up/down pgup/pgdn home/end  / search  n N next  f filter  x failed  c fold  q quit";

class Viewer {
 public:
  Viewer(const harness::IntTrace& trace, std::string name)
      : trace_(trace), browser_(trace), name_(std::move(name)) {}

  void run();

 private:
  void draw();
  void put(int line, int column, int width, const std::string& text, attr_t look = A_NORMAL);
  void move_by(std::ptrdiff_t rows);
  // Asks for a line at the bottom; nothing: given up.
  std::optional<std::string> ask(const std::string& question, std::string text);
  void filter(const std::string& words);
  void search(bool forward);
  int list_height() const { return std::max(1, LINES - 3 - (wide() ? 0 : detail_height())); }
  bool wide() const { return COLS >= 130; }
  int detail_height() const { return std::min(22, LINES / 2); }

  const harness::IntTrace& trace_;
  CallBrowser browser_;
  std::string name_, wanted_, message_;
  std::size_t chosen_ = 0, top_ = 0;
};

void Viewer::put(int line, int column, int width, const std::string& text, attr_t look) {
  if (line < 0 || line >= LINES || width <= 0) return;
  std::string cut = text.substr(0, static_cast<std::size_t>(width));
  cut.resize(static_cast<std::size_t>(width), ' ');
  attrset(look);
  mvaddnstr(line, column, cut.c_str(), width);
  attrset(A_NORMAL);
}

void Viewer::draw() {
  erase();
  const auto& rows = browser_.rows();
  const auto height = static_cast<std::size_t>(list_height());
  if (chosen_ < top_) top_ = chosen_;
  if (chosen_ >= top_ + height) top_ = chosen_ - height + 1;
  const int list_width = wide() ? COLS - 62 : COLS;
  std::string title = fmt::format(" {}  {}: {}  {} calls", name_, trace_.header.source,
                                  trace_.header.firmware, trace_.events.size());
  if (!browser_.filter().empty())
    title += fmt::format("  filter: {} ({} rows)", browser_.filter(), rows.size());
  put(0, 0, COLS, title, A_REVERSE);
  for (std::size_t i = 0; i < height && top_ + i < rows.size(); ++i) {
    const CallBrowser::Row& row = rows[top_ + i];
    const auto& out = trace_.events[row.call].out;
    attr_t look = out && out->carry() ? A_BOLD : A_NORMAL;
    if (top_ + i == chosen_) look |= A_REVERSE;
    put(1 + static_cast<int>(i), 0, list_width, browser_.line(row), look);
  }
  if (rows.empty()) put(1, 0, list_width, " no call fits the filter: f changes it", A_DIM);
  const int from = wide() ? 1 : 1 + list_height() + 1;
  const int column = wide() ? list_width + 2 : 1;
  if (wide()) {
    for (int line = 1; line < LINES - 1; ++line) mvaddch(line, list_width, '|');
  } else {
    put(from - 1, 0, COLS, std::string(static_cast<std::size_t>(COLS), '-'), A_DIM);
  }
  if (!rows.empty()) {
    int line = from;
    const auto width = static_cast<std::size_t>(std::max(10, COLS - column));
    for (const std::string& text : browser_.detail(rows[chosen_])) {
      for (std::size_t at = 0; at == 0 || at < text.size(); at += width, ++line) {
        if (line >= LINES - 1) break;
        put(line, column, static_cast<int>(width), text.substr(at, width));
      }
    }
  }
  put(LINES - 1, 0, COLS, message_.empty() ? kKeys : " " + message_, A_REVERSE);
  refresh();
}

void Viewer::move_by(std::ptrdiff_t by) {
  const auto last = static_cast<std::ptrdiff_t>(browser_.rows().size()) - 1;
  chosen_ = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(
      static_cast<std::ptrdiff_t>(chosen_) + by, 0, std::max<std::ptrdiff_t>(last, 0)));
}

std::optional<std::string> Viewer::ask(const std::string& question, std::string text) {
  for (;;) {
    put(LINES - 1, 0, COLS, " " + question + " " + text + "_", A_REVERSE);
    refresh();
    const int key = getch();
    if (key == kEnter || key == KEY_ENTER) return text;
    if (key == kEscape || key == ERR) return std::nullopt;
    if (key == KEY_BACKSPACE || key == kBackspace || key == 8) {
      if (!text.empty()) text.pop_back();
    } else if (key >= 0x20 && key < 0x7f) {
      text += static_cast<char>(key);
    }
  }
}

// Stays at the call it is at, or near it.
void Viewer::filter(const std::string& words) {
  const std::size_t call = browser_.rows().empty() ? 0 : browser_.rows()[chosen_].call;
  browser_.filter(words);
  chosen_ = browser_.row_of(call);
}

void Viewer::search(bool forward) {
  if (wanted_.empty()) return;
  if (const auto row = browser_.find(wanted_, chosen_, forward)) {
    chosen_ = *row;
  } else {
    message_ = "nothing has '" + wanted_ + "'";
  }
}

void Viewer::run() {
  for (;;) {
    draw();
    message_.clear();
    const int page = std::max(1, list_height() - 1);
    const int key = getch();
    switch (key) {
      case ERR:  // the terminal is gone
      case 'q': return;
      case KEY_UP:
      case 'k': move_by(-1); break;
      case KEY_DOWN:
      case 'j': move_by(1); break;
      case KEY_PPAGE: move_by(-page); break;
      case KEY_NPAGE:
      case ' ': move_by(page); break;
      case KEY_HOME:
      case 'g': chosen_ = 0; break;
      case KEY_END:
      case 'G': move_by(static_cast<std::ptrdiff_t>(browser_.rows().size())); break;
      case '/':
        if (const auto text = ask("search:", "")) {
          wanted_ = *text;
          search(true);
        }
        break;
      case 'n': search(true); break;
      case 'N': search(false); break;
      case 'f':
        if (const auto text = ask("filter (words, 13:42, failed, !not):", browser_.filter()))
          filter(*text);
        break;
      case 'x': filter(browser_.filter() == "failed" ? "" : "failed"); break;
      case 'c': {
        const std::size_t call = browser_.rows().empty() ? 0 : browser_.rows()[chosen_].call;
        browser_.fold(!browser_.folded());
        chosen_ = browser_.row_of(call);
        break;
      }
      default: break;
    }
  }
}

Result<int> view(const std::string& file) {
  ICE86_TRY_ASSIGN(const harness::IntTrace trace, harness::read_trace(file));
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
    return usage_error(
        fmt::format("view needs a terminal; 'ice86 trace --input {}' prints a trace", file));
  }
  std::setlocale(LC_CTYPE, "");
  // initscr() ends the program when it does not know the terminal; newterm() tells.
  const char* terminal = std::getenv("TERM");
  SCREEN* screen = newterm(nullptr, stdout, stdin);
  if (screen == nullptr)
    return usage_error(
        fmt::format("the terminal '{}' (TERM) is not known", terminal != nullptr ? terminal : ""));
  cbreak();
  noecho();
  keypad(stdscr, TRUE);
  set_escdelay(50);
  curs_set(0);
  Viewer(trace, file).run();
  endwin();
  delscreen(screen);
  return static_cast<int>(kDone);
}

}  // namespace

void add_view_command(CLI::App& app, const std::vector<std::string>&, int& exit) {
  CLI::App* command = app.add_subcommand("view", "walk through a trace in the terminal");
  auto file = std::make_shared<std::string>();
  command->add_option("trace", *file, "a trace that 'ice86 trace --out' wrote")->required();
  command->callback([file, &exit] {
    auto code = view(*file);
    exit = code ? *code : fail(code.error());
  });
}

}  // namespace ice86::app
