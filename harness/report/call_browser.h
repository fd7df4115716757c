// SPDX-License-Identifier: LGPL-2.1-or-later
// A trace as a list to walk through: filtered, folded, searched, and one call in all its detail.
// `ice86 view` draws it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/trace/int_event.h"

namespace ice86::harness {

class CallBrowser {
 public:
  struct Row {
    std::size_t call = 0;   // index in the trace's events; the first of those that are alike
    std::size_t count = 1;  // so many in a row
  };

  // The trace outlives it. Folded at first.
  explicit CallBrowser(const IntTrace& trace);

  // Words that all have to fit: a part of the call's line, whatever the case; a service (13:42,
  // 15:e820); "failed": carry set on return. "!word": those that it does not fit.
  void filter(std::string_view words);
  void fold(bool on);
  bool folded() const { return fold_; }
  const std::string& filter() const { return filter_; }

  const std::vector<Row>& rows() const { return rows_; }
  // "12.345678 INT 13h  disk: read(...) = ok  x17".
  std::string line(const Row& row) const;
  // Everything about a call, a line each.
  std::vector<std::string> detail(const Row& row) const;

  // The next row behind `from` (before it, if not forward) whose line has the text, round the end;
  // none: nowhere.
  std::optional<std::size_t> find(std::string_view text, std::size_t from, bool forward) const;
  // The row with this call, or the last one before it.
  std::size_t row_of(std::size_t call) const;

 private:
  bool fits(const IntEvent& event, std::string_view word) const;
  void refresh();

  const IntTrace& trace_;
  std::string filter_;
  bool fold_ = true;
  std::vector<Row> rows_;
};

}  // namespace ice86::harness
