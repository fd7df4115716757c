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

struct RunOptions {
  std::vector<std::string> targets;  // none: all in turn
  double minutes = 0;                // of processor time
  std::uint64_t executions = 0;
  std::uint64_t seed = 1;
  std::uint64_t first = 0;
  unsigned check_each = 4;  // one in so many is executed again through a snapshot; 0: none
  unsigned hang_seconds = 30;
  bool verbose = false;
};

struct Target {
  std::string name;
  // Called in the child.
  std::function<std::unique_ptr<Executor>(const RunOptions&)> make;
};

struct Program {
  std::string target_option;  // "--chip"
  std::string target_help;
  std::vector<Target> targets;
  std::uint64_t executions;  // of each, if the words do not say
  bool checks = true;        // it has --check-each
};

// The whole of main(): adds the options to `app`, whose name is the program's, parses the words and
// runs what they ask for. 0: all went well; 1: a fault was found; 2: wrong words.
int run_program(CLI::App& app, const Program& program, int argc, char** argv);

}  // namespace ice86::fuzz
