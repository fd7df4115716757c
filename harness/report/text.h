// SPDX-License-Identifier: LGPL-2.1-or-later
// A trace for people: strace for the BIOS, and the summary by service.
#pragma once

#include <string>

#include "harness/trace/int_event.h"

namespace ice86::harness {

// One call a line: time, INT, service, arguments, result, duration; calls made by a call are
// indented. Characters sent one by one through the teletype become one line with the text.
std::string trace_text(const IntTrace& trace);

// Calls by vector and service: how many, how long altogether.
std::string summary_text(const IntTrace& trace);

// "1.234567 s", "12.3 ms", "4.5 us".
std::string duration_text(std::uint64_t nanoseconds);

}  // namespace ice86::harness
