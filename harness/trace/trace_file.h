// SPDX-License-Identifier: LGPL-2.1-or-later
// The trace as a file: JSON Lines, a header line and one call a line; zstd when the name ends in
// .zst.
#pragma once

#include <filesystem>

#include "emulator/base/result.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

constexpr const char* kTraceSchema = "ice86-int-trace";
constexpr unsigned kTraceVersion = 4;        // written
constexpr unsigned kOldestTraceVersion = 1;  // read

// The same trace gives the same bytes.
std::string to_json_lines(const IntTrace& trace);

// A compressed file is brief, too: a call like one before says so, and no more than its times.
Result<void> write_trace(const std::filesystem::path& path, const IntTrace& trace);

// Errors name the file and the line: damaged JSON, a missing field, another schema, a newer
// version, a file that ends in the middle of a line.
Result<IntTrace> read_trace(const std::filesystem::path& path);

}  // namespace ice86::harness
