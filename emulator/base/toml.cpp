// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: TOML 1.0.0, sections Comment, Keys and String.
#include "emulator/base/toml.h"

#include <fmt/core.h>

namespace ice86 {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Finds the first character beyond ASCII that is in no string and in no comment, where TOML has
// none. toml++ 3.3 asks there whether it is white space, which it answers for some only; for the
// others its behaviour is undefined.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  }

  // The line of such a character; 0: there is none.
  std::size_t misplaced() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (beyond_ascii(c)) return line_;
      if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if ((c == '"' || c == '\'') && string_may_begin()) {
        if (!string(c)) return line_;
      } else {
        step();
      }
    }
    return 0;
  }

 private:
  static bool beyond_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }
  static bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

  void step() {
    if (text_[at_] == '\n') ++line_;
    ++at_;
  }
  bool has(std::string_view word) const { return text_.substr(at_).starts_with(word); }

  // A quote right behind something else begins none: the parser takes it for a part of that.
  bool string_may_begin() const {
    return at_ == 0 || blank(text_[at_ - 1]) ||
           std::string_view("=[{,.\xbf").find(text_[at_ - 1]) != std::string_view::npos;
  }

  // From the quote on; false: there is one within it. A string that does not end, ends the text.
  bool string(char quote) {
    const std::string triple(3, quote);
    const bool lines = has(triple);
    at_ += lines ? 3 : 1;
    while (at_ < text_.size()) {
      if (lines ? has(triple) : text_[at_] == quote) {
        at_ += lines ? 3 : 1;
        // Up to two quotes may stand before the closing ones.
        while (lines && at_ < text_.size() && text_[at_] == quote) ++at_;
        return true;
      }
      if (!lines && text_[at_] == '\n') return true;  // an error, which the parser tells
      if (quote == '"' && text_[at_] == '\\') {
        step();
        if (at_ < text_.size() && !blank(text_[at_])) {
          step();
          continue;
        }
        // "\" at the end of a line: white space is skipped, and asked about.
        while (at_ < text_.size() && blank(text_[at_])) step();
        if (at_ < text_.size() && beyond_ascii(text_[at_])) return false;
        continue;
      }
      step();
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

}  // namespace

Result<toml::table> parse_toml(std::string_view text, const std::string& origin) {
  if (const std::size_t line = Scanner(text).misplaced()) {
    return usage_error(fmt::format(
        "{}:{}: a character that is neither ASCII nor in a string or comment", origin, line));
  }
  toml::parse_result parsed = toml::parse(text, origin);
  if (!parsed) {
    return usage_error(fmt::format("{}:{}: {}", origin, parsed.error().source().begin.line,
                                   parsed.error().description()));
  }
  return std::move(parsed).table();
}

}  // namespace ice86
