// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs fuzz targets one after another. Each executes in a child process, so that whatever happens
// to it is reported with the command that repeats it; a hang and growing memory are faults as a
// crash is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ice86::fuzz {

class Executor {
 public:
  virtual ~Executor() = default;
  // Executes number `index` of the seed. What is wrong, or nothing.
  virtual std::string execute(std::uint64_t index) = 0;
  // What has been executed, for people; lines end in line feeds.
  virtual std::string summary() const = 0;
};

struct Target {
  std::string name;
  // Called in the child.
  std::function<std::unique_ptr<Executor>()> make;
};

struct RunOptions {
  std::vector<std::string> targets;  // none: all in turn
  double minutes = 0;
  std::uint64_t executions = 0;
  std::uint64_t seed = 1;
  std::uint64_t first = 0;
  unsigned hang_seconds = 30;
  bool verbose = false;
};

// --minutes, --executions, --seed, --first, --hang, --verbose.
void add_run_options(CLI::App& app, RunOptions& options, std::uint64_t executions);

// `again` is what repeats an execution beside seed and index: the program's name with the option
// that names the target, and other options behind. 0: all went well.
int run_targets(const std::vector<Target>& targets, const RunOptions& options,
                const std::string& program_and_target_option, const std::string& more_options);

}  // namespace ice86::fuzz
