// SPDX-License-Identifier: LGPL-2.1-or-later
// A comparison of traces for people (text, a page for a browser) and for programs (JSON).
// docs/trace-diff.md describes them.
#pragma once

#include <string>
#include <vector>

#include "harness/diff/diff.h"

namespace ice86::harness {

struct DiffReport {
  const Traces& traces;
  std::vector<std::string> names;  // of the traces: their files
  const Comparison& result;
};

// The verdict, the first divergence with the calls around it, up to `most` more, the verdict per
// service.
std::string diff_text(const DiffReport& report, std::size_t most = 10);
std::string diff_json(const DiffReport& report);
// One self-contained page: the traces in columns.
std::string diff_html(const DiffReport& report);

}  // namespace ice86::harness
