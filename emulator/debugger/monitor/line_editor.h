// SPDX-License-Identifier: LGPL-2.1-or-later
// Lines that a person types at the terminal, with history and completion (libedit), while the
// machine runs: nothing here waits.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ice86::debugger {

class LineEditor {
 public:
  // The words that the last one of a line may become; the line as far as the cursor.
  using Complete = std::function<std::vector<std::string>(const std::string& line)>;

  // Null: standard input and output are no terminals.
  static std::unique_ptr<LineEditor> open(std::string prompt, Complete complete);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // A line, without its end, when one is complete.
  std::optional<std::string> read();
  // Nothing more will be typed.
  bool ended() const;
  // Text above the line that is being typed.
  void show(const std::string& text);

 private:
  struct Parts;
  explicit LineEditor(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace ice86::debugger
