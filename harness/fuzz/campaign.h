// SPDX-License-Identifier: LGPL-2.1-or-later
// Fuzzing for a while: one or more processes with a rig each, which share a corpus through a
// folder, and what they found as files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/fuzz/engine.h"

namespace ice86::harness {

struct CampaignOptions {
  RigOptions rig;
  EngineOptions engine;
  unsigned jobs = 1;
  std::optional<double> seconds;            // none: until `executions`, or for ever
  std::optional<std::uint64_t> executions;  // of each process
  std::optional<std::size_t> findings;      // end with so many
  std::filesystem::path corpus;             // inputs to begin with, and those that are kept
  // Others' inputs: read now and then, never written to, such as afl-fuzz's queue.
  std::vector<std::filesystem::path> seeds;
  std::filesystem::path crashes;
  std::string replay_command;  // "ice86 fuzz int13 --firmware bochs": for the reports
  std::function<bool()> interrupted;
  std::function<void(const FuzzStatistics&, double seconds, std::size_t findings)> progress;
};

struct CrashFile {
  std::filesystem::path input;  // beside it: .txt, .trace, .html
  std::string oracle, key, text;
  std::string where;          // CS:IP, and the function where a map has one
  std::uint64_t seconds = 0;  // after the start, when it was found
};

struct CampaignResult {
  FuzzStatistics statistics;  // of all processes
  double seconds = 0;
  double cpu_seconds = 0;  // of all processes, without booting
  std::vector<CrashFile> crashes;
};

// Makes the folders. Errors: they cannot be made; the firmware does not boot.
Result<CampaignResult> run_campaign(const CampaignOptions& options);

// What an input does, for people: calls, findings, and on demand each instruction.
struct Replay {
  Execution execution;
  std::string text;
};
Replay replay(Rig& rig, const Input& input, std::string* trace);

// How fast it is: one input again and again, for so long, with coverage as in a campaign.
struct Speed {
  std::uint64_t executions = 0;
  double seconds = 0;   // of the processor
  double reset_us = 0;  // of one reset, measured apart
  double pages = 0, parts = 0;
  double calls = 0, instructions = 0;  // of one execution
};
Speed measure(Rig& rig, const Input& input, double seconds);
// A read of one sector.
Input one_sector_read();

// The name's part that is the same for the same cause.
std::string crash_name(const Finding& finding);

}  // namespace ice86::harness
