// SPDX-License-Identifier: LGPL-2.1-or-later
// ice86-cpu-fuzz: malformed instruction streams on the interpreter. A child process executes, so
// that whatever happens to it is reported with the command that repeats it.
#include <fmt/format.h>
#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstring>
#include <new>

#include "tests/cpu/fuzz/execution.h"

#if defined(__SANITIZE_ADDRESS__)
// <sanitizer/allocator_interface.h>, which Debian's g++ does not bring.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace ice86::cpu::fuzz {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::vector<std::string> modes;
  double minutes = 0;
  std::uint64_t executions = 10'000;
  std::uint64_t seed = 1;
  std::uint64_t first = 0;
  FuzzOptions fuzz;
  unsigned hang_seconds = 30;
  bool verbose = false;
};

// Between the two processes.
struct Shared {
  std::atomic<std::uint64_t> index{0};
};

constexpr int kFailed = 1, kNoProcess = 6;
// An execution may leave this much more memory in use than there was: tables that have grown to
// their bounds.
constexpr std::uint64_t kMostGrowth = 16 << 20;
constexpr std::uint64_t kMemoryCheckEach = 512;

std::uint64_t allocated_bytes() {
#if defined(__SANITIZE_ADDRESS__)
  return __sanitizer_get_current_allocated_bytes();
#else
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void print(std::string_view mode, const Statistics& sums, double seconds) {
  fmt::print(
      "{:<7} {} executions, {} of them checked; {} instructions; {} shutdowns; {:.1f} s; longest "
      "run() {:.1f} ms\n",
      mode, sums.executions, sums.checked, sums.instructions, sums.shutdowns, seconds,
      static_cast<double>(sums.slowest_ns) / 1e6);
  std::string vectors;
  for (unsigned vector = 0; vector < 32; ++vector) {
    if (sums.delivered[vector] != 0)
      vectors += fmt::format(" #{}: {}", vector, sums.delivered[vector]);
  }
  fmt::print("        delivered{}\n", vectors);
  std::fflush(stdout);
}

// In the child.
int execute_all(Mode mode, const Options& options, Shared& shared) {
  Fuzzer fuzzer(options.fuzz);
  Statistics sums;
  const auto start = Clock::now();
  const std::string_view name = kModeNames[static_cast<std::size_t>(mode)];
  // Machines are made as they are first used; memory is measured from then on.
  std::uint64_t baseline = 0;
  for (std::uint64_t done = 0;; ++done) {
    if (options.minutes > 0 ? (done & 15) == 0 && seconds_since(start) >= options.minutes * 60
                            : done >= options.executions)
      break;
    const std::uint64_t index = options.first + done;
    shared.index = index;
    const Case one{mode, mix(mix(options.seed, index), static_cast<std::uint64_t>(mode)), {}};
    const std::uint64_t before = sums.instructions;
    if (const std::string problem = fuzzer.execute(one, sums); !problem.empty()) {
      fmt::print("FAILED {} {}: {}\n", name, index, problem);
      std::fflush(stdout);
      return kFailed;
    }
    if (options.verbose)
      fmt::print("{} {}: {} instructions\n", name, index, sums.instructions - before);
    if ((done + 1) % kMemoryCheckEach != 0) continue;
    const std::uint64_t now = allocated_bytes();
    if (baseline == 0) baseline = now;
    if (now > baseline + kMostGrowth) {
      fmt::print("FAILED {} {}: {} bytes are in use, {} were after the first {} executions\n", name,
                 index, now, baseline, kMemoryCheckEach);
      return kFailed;
    }
  }
  print(name, sums, seconds_since(start));
  return 0;
}

int fuzz(Mode mode, const Options& options) {
  void* room =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) return kNoProcess;
  auto* shared = new (room) Shared;
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) return kNoProcess;
  if (child == 0) {
    const int result = execute_all(mode, options, *shared);
    std::fflush(stdout);
    // Not _exit: sanitizers look for leaks at the end.
    std::exit(result);
  }
  // An execution takes milliseconds. One that goes on for long is a fault as a crash is.
  int status = 0;
  bool hangs = false;
  std::uint64_t last = ~std::uint64_t{0};
  auto since = Clock::now();
  for (;;) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) break;
    if (const std::uint64_t now = shared->index; now != last) {
      last = now;
      since = Clock::now();
    }
    if (seconds_since(since) > options.hang_seconds) {
      hangs = true;
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      break;
    }
    usleep(20'000);
  }
  const std::uint64_t index = shared->index;
  munmap(room, sizeof(Shared));
  if (!hangs && WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
  const std::string_view name = kModeNames[static_cast<std::size_t>(mode)];
  if (hangs) fmt::print("FAILED {} {}: no end after {} s\n", name, index, options.hang_seconds);
  if (!hangs && !(WIFEXITED(status) && WEXITSTATUS(status) == kFailed))
    fmt::print("FAILED {} {}: the process ended ({} {})\n", name, index,
               WIFEXITED(status) ? "exit code" : "signal",
               WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
  fmt::print(
      "again:  ice86-cpu-fuzz --mode {} --seed {} --first {} --executions 1{}\n", name,
      options.seed, index,
      options.fuzz.check_each == 4 ? "" : fmt::format(" --check-each {}", options.fuzz.check_each));
  return kFailed;
}

}  // namespace
}  // namespace ice86::cpu::fuzz

int main(int argc, char** argv) {
  using namespace ice86::cpu::fuzz;
  CLI::App app(
      "Executes malformed instruction streams: no crash, no hang, no growth, and the same "
      "end through a snapshot",
      "ice86-cpu-fuzz");
  Options options;
  const std::vector<std::string> names(kModeNames.begin(), kModeNames.end());
  app.add_option("--mode", options.modes, "where executions begin; all in turn without it")
      ->check(CLI::IsMember(names));
  app.add_option("--minutes", options.minutes,
                 "for how long in each mode, instead of --executions");
  app.add_option("--executions", options.executions, "how many in each mode")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "which executions")->capture_default_str();
  app.add_option("--first", options.first, "index of the first one")->capture_default_str();
  app.add_option("--check-each", options.fuzz.check_each,
                 "one in so many is executed again through a snapshot; 0: none")
      ->capture_default_str();
  app.add_option("--parts", options.fuzz.parts, "how many runs such an execution makes of one")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_flag("--trace", options.fuzz.trace, "the CPU after each run()");
  app.add_option("--hang", options.hang_seconds, "seconds after which one execution is a hang")
      ->capture_default_str();
  app.add_flag("--verbose", options.verbose, "a line for each execution");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  int worst = 0;
  for (std::size_t number = 0; number < kModeNames.size(); ++number) {
    if (!options.modes.empty() && std::find(options.modes.begin(), options.modes.end(),
                                            kModeNames[number]) == options.modes.end())
      continue;
    worst = std::max(worst, fuzz(static_cast<Mode>(number), options));
  }
  return worst;
}
