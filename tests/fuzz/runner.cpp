// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/fuzz/runner.h"

#include <fmt/format.h>
#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)  // clang's word for it
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)
// <sanitizer/allocator_interface.h>, which Debian's g++ does not bring.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace ice86::fuzz {
namespace {

using Clock = std::chrono::steady_clock;

// One that waits for something takes no time of the processor: so many times as long by the clock.
constexpr double kWaits = 20;

// 0 when the process is gone.
double cpu_seconds(clockid_t clock = CLOCK_PROCESS_CPUTIME_ID) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

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

// In the child.
int execute_all(const Target& target, const RunOptions& options, Shared& shared) {
  const std::unique_ptr<Executor> executor = target.make(options);
  const auto start = Clock::now();
  const double cpu_start = cpu_seconds();
  // What is made at first use is there by the first check; memory is measured from then on.
  std::uint64_t baseline = 0;
  std::uint64_t done = 0;
  for (;; ++done) {
    if (options.minutes > 0 ? (done & 15) == 0 && cpu_seconds() - cpu_start >= options.minutes * 60
                            : done >= options.executions)
      break;
    const std::uint64_t index = options.first + done;
    shared.index = index;
    const std::string problem = executor->execute(index);
    if (!problem.empty()) {
      fmt::print("FAILED {} {}: {}\n", target.name, index, problem);
      return kFailed;
    }
    if (options.verbose) fmt::print("{} {}\n", target.name, index);
    if ((done + 1) % kMemoryCheckEach != 0) continue;
    const std::uint64_t now = allocated_bytes();
    if (baseline == 0) baseline = now;
    if (now > baseline + kMostGrowth) {
      fmt::print("FAILED {} {}: {} bytes are in use, {} were after the first {} executions\n",
                 target.name, index, now, baseline, kMemoryCheckEach);
      return kFailed;
    }
  }
  fmt::print("{:<12} {} executions in {:.1f} s of processor time, {:.1f} s by the clock; {}",
             target.name, done, cpu_seconds() - cpu_start, seconds_since(start),
             executor->summary());
  return 0;
}

int run_one(const Target& target, const RunOptions& options, const std::string& again) {
  void* room =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) return kNoProcess;
  auto* shared = new (room) Shared;
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) return kNoProcess;
  if (child == 0) {
    const int result = execute_all(target, options, *shared);
    std::fflush(stdout);
    // Not _exit: sanitizers look for leaks at the end.
    std::exit(result);
  }
  // An execution takes milliseconds. One that goes on for long is a fault as a crash is.
  int status = 0;
  bool hangs = false;
  std::uint64_t last = ~std::uint64_t{0};
  // In time of the processor: a machine that is busy with other things makes no hang.
  clockid_t child_clock = 0;
  clock_getcpuclockid(child, &child_clock);
  double since = 0;
  auto wall_since = Clock::now();
  for (;;) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) break;
    if (const std::uint64_t now = shared->index; now != last) {
      last = now;
      since = cpu_seconds(child_clock);
      wall_since = Clock::now();
    }
    if (cpu_seconds(child_clock) - since > options.hang_seconds ||
        seconds_since(wall_since) > kWaits * options.hang_seconds) {
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
  if (hangs)
    fmt::print("FAILED {} {}: no end after {} s of processor time\n", target.name, index,
               options.hang_seconds);
  if (!hangs && !(WIFEXITED(status) && WEXITSTATUS(status) == kFailed)) {
    fmt::print("FAILED {} {}: the process ended ({} {})\n", target.name, index,
               WIFEXITED(status) ? "exit code" : "signal",
               WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
  }
  fmt::print("again:  {} {} --seed {} --first {} --executions 1", again, target.name, options.seed,
             index);
  if (options.check_each != RunOptions{}.check_each)
    fmt::print(" --check-each {}", options.check_each);
  fmt::print("\n");
  return kFailed;
}

}  // namespace

int run_program(CLI::App& app, const Program& program, int argc, char** argv) {
  RunOptions options;
  options.executions = program.executions;
  std::vector<std::string> names;
  for (const Target& target : program.targets) names.push_back(target.name);
  app.add_option(program.target_option, options.targets,
                 program.target_help + "; all in turn without it")
      ->check(CLI::IsMember(names));
  app.add_option("--minutes", options.minutes,
                 "processor time for each of them, instead of --executions");
  app.add_option("--executions", options.executions, "how many of each")->capture_default_str();
  app.add_option("--seed", options.seed, "which executions")->capture_default_str();
  app.add_option("--first", options.first, "index of the first one")->capture_default_str();
  app.add_option("--hang", options.hang_seconds,
                 "seconds of processor time after which one execution is a hang")
      ->capture_default_str();
  app.add_flag("--verbose", options.verbose, "a line for each execution");
  if (program.checks) {
    app.add_option("--check-each", options.check_each,
                   "one in so many is executed again through a snapshot; 0: none")
        ->capture_default_str();
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const std::string again = app.get_name() + ' ' + program.target_option;
  int worst = 0;
  for (const Target& target : program.targets) {
    const bool wanted = options.targets.empty() ||
                        std::find(options.targets.begin(), options.targets.end(), target.name) !=
                            options.targets.end();
    if (wanted) worst = std::max(worst, run_one(target, options, again));
  }
  return worst;
}

}  // namespace ice86::fuzz
