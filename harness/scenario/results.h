// SPDX-License-Identifier: LGPL-2.1-or-later
// What a suite came to, in the forms that CI systems read.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/suite.h"

namespace ice86::harness {

std::string_view name_of(Outcome::Verdict verdict);

// One outcome, as a process hands it to another.
std::string outcome_json(const Outcome& outcome);
Result<Outcome> parse_outcome(std::string_view json);

// {"schema": "ice86-test-results", "version": 1, "results": [...]}.
std::string results_json(const std::vector<CaseResult>& results);
// Those that did not pass, as Selection::last_failed has them.
Result<std::set<std::string>> failed_in(std::string_view results_json);

// The JUnit XML that Jenkins and GitLab read.
std::string results_junit(const std::vector<CaseResult>& results);
// Test Anything Protocol, version 13.
std::string results_tap(const std::vector<CaseResult>& results);

// A line, and for one that did not pass what is known about it.
std::string result_text(const CaseResult& result);

}  // namespace ice86::harness
