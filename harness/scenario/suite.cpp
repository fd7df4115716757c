// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/scenario/suite.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>

#include "emulator/base/files.h"
#include "harness/fuzz/regression.h"
#include "harness/scenario/results.h"
#include "harness/session/run_directory.h"

namespace ice86::harness {

namespace {

using Clock = std::chrono::steady_clock;
using Verdict = Outcome::Verdict;

// A process that does not even end itself at its wall limit.
constexpr double kGraceSeconds = 30;
constexpr std::uint64_t kMostResultBytes = 64 << 20;

double seconds_since(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

// A name of a folder that is the same for the same case, and no other's.
std::string folder_name(const SuiteCase& one, std::size_t number) {
  std::string name;
  for (const char c : one.name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '=' ||
                       c == '.' || c == '_';
    name += plain ? c : '_';
  }
  return fmt::format("{:03}-{}", number + 1, name.substr(0, 120));
}

Outcome outcome_of(Verdict verdict, std::string message) {
  Outcome outcome;
  outcome.verdict = verdict;
  outcome.message = std::move(message);
  return outcome;
}

// One case in this process.
Outcome play_case(const SuiteCase& one, const SuiteOptions& options, const CaseResult& about) {
  auto config = options.machine(one.scenario->machine);
  if (!config) {
    const bool usage = config.error().kind() == ErrorKind::kUsage;
    return outcome_of(usage ? Verdict::kInvalid : Verdict::kMissing,
                      fmt::format("{}: {}", one.file.string(), config.error().message()));
  }
  if (one.scenario->scenario.fuzz)
    return play_fuzz(*one.scenario->scenario.fuzz, std::move(config->firmware), config->engine);
  PlayOptions play_options;
  play_options.bless = options.bless;
  play_options.interrupted = options.interrupted;
  play_options.attend = options.attend;
  play_options.run_directory = about.folder;
  play_options.command = {about.again};
  return play(one.scenario->scenario, std::move(*config), play_options);
}

class Runner {
 public:
  Runner(const std::vector<SuiteCase>& cases, const SuiteOptions& options)
      : cases_(cases), options_(options), results_(cases.size()) {}

  Result<std::vector<CaseResult>> run();

 private:
  struct Child {
    std::size_t number;
    Clock::time_point began;
    double most_seconds;
  };

  Result<void> begin(std::size_t number);
  [[noreturn]] void child(std::size_t number);
  Result<void> wait_for_one();
  Result<void> end(std::size_t number, Outcome outcome, double wall_seconds);
  std::filesystem::path outcome_file(std::size_t number) const {
    return std::filesystem::path(results_[number].folder) / "outcome.json";
  }

  const std::vector<SuiteCase>& cases_;
  const SuiteOptions& options_;
  std::vector<CaseResult> results_;
  std::map<pid_t, Child> children_;
};

Result<std::vector<CaseResult>> Runner::run() {
  ICE86_TRY(create_run_directory(options_.out));
  for (std::size_t number = 0; number < cases_.size(); ++number) {
    const SuiteCase& one = cases_[number];
    CaseResult& result = results_[number];
    result.file = one.file.string();
    result.name = one.name;
    result.tags = one.tags;
    result.again = fmt::format("{} test {} --only {} --display sdl", options_.program,
                               shell_word(result.file), shell_word(result.name));
    result.folder = (options_.out / folder_name(one, number)).string();
    if (!one.scenario) {
      ICE86_TRY(end(number, outcome_of(one.refusal_verdict, one.refusal), 0));
    } else if (options_.attend) {
      const auto began = Clock::now();
      Outcome outcome = play_case(one, options_, result);
      ICE86_TRY(end(number, std::move(outcome), seconds_since(began)));
    } else {
      while (children_.size() >= options_.jobs) ICE86_TRY(wait_for_one());
      ICE86_TRY(begin(number));
    }
  }
  while (!children_.empty()) ICE86_TRY(wait_for_one());
  return std::move(results_);
}

Result<void> Runner::begin(std::size_t number) {
  ICE86_TRY(create_run_directory(results_[number].folder));
  std::error_code none;
  std::filesystem::remove(outcome_file(number), none);
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid < 0) return Error(fmt::format("no process can be started: {}", std::strerror(errno)));
  if (pid == 0) child(number);
  const double most = static_cast<double>(cases_[number].scenario->scenario.limits.wall) / 1e9;
  children_[pid] = {number, Clock::now(), most + kGraceSeconds};
  return {};
}

void Runner::child(std::size_t number) {
  const auto log = std::filesystem::path(results_[number].folder) / "output.txt";
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file >= 0) {
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
  }
  const Outcome outcome = play_case(cases_[number], options_, results_[number]);
  const auto written = write_file(outcome_file(number), outcome_json(outcome));
  if (!written) fmt::print(stderr, "ice86: {}\n", written.error().message());
  std::fflush(nullptr);
  ::_exit(written ? 0 : 1);
}

Result<void> Runner::wait_for_one() {
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid > 0) {
      const auto found = children_.find(pid);
      if (found == children_.end()) continue;
      const Child child = found->second;
      children_.erase(found);
      Outcome outcome;
      if (WIFSIGNALED(status)) {
        outcome = outcome_of(Verdict::kFailed,
                             fmt::format("the emulator itself ended by signal {} ({}); see {}",
                                         WTERMSIG(status), ::strsignal(WTERMSIG(status)),
                                         results_[child.number].folder + "/output.txt"));
      } else {
        auto bytes = read_file(outcome_file(child.number), kMostResultBytes);
        auto read =
            bytes ? parse_outcome({reinterpret_cast<const char*>(bytes->data()), bytes->size()})
                  : Result<Outcome>(bytes.error());
        outcome = read ? std::move(*read)
                       : outcome_of(Verdict::kFailed,
                                    fmt::format("left no outcome: {}", read.error().message()));
      }
      return end(child.number, std::move(outcome), seconds_since(child.began));
    }
    for (const auto& [id, child] : children_) {
      const bool stop = options_.interrupted && options_.interrupted();
      if (stop || seconds_since(child.began) > child.most_seconds) ::kill(id, SIGKILL);
    }
    ::usleep(5'000);
  }
}

Result<void> Runner::end(std::size_t number, Outcome outcome, double wall_seconds) {
  CaseResult& result = results_[number];
  result.outcome = std::move(outcome);
  result.wall_seconds = wall_seconds;
  if (options_.ended) options_.ended(result);
  // Written after each, so that nothing is lost whatever happens.
  std::vector<CaseResult> done;
  for (std::size_t i = 0; i < results_.size(); ++i) {
    const bool running = std::any_of(children_.begin(), children_.end(),
                                     [i](const auto& one) { return one.second.number == i; });
    if (!results_[i].name.empty() && !running) done.push_back(results_[i]);
  }
  return write_file(options_.out / "results.json", results_json(done));
}

bool has_tag(const SuiteCase& one, const std::vector<std::string>& tags) {
  return std::any_of(tags.begin(), tags.end(), [&](const std::string& tag) {
    return std::find(one.tags.begin(), one.tags.end(), tag) != one.tags.end();
  });
}

}  // namespace

Result<std::vector<SuiteCase>> find_cases(const std::vector<std::string>& paths,
                                          const ScenarioPlaces& places) {
  std::vector<SuiteCase> cases;
  for (const std::string& path : paths) {
    std::error_code code;
    std::vector<std::filesystem::path> files;
    if (std::filesystem::is_directory(path, code)) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(path, code)) {
        if (entry.path().extension() == ".toml" && entry.is_regular_file(code))
          files.push_back(entry.path());
      }
      if (code) return Error(fmt::format("{}: {}", path, code.message()));
      if (files.empty()) return Error(fmt::format("{}: there is no scenario in it (*.toml)", path));
      std::sort(files.begin(), files.end());
    } else if (std::filesystem::exists(path, code)) {
      files.emplace_back(path);
    } else {
      return Error(fmt::format("{}: there is no such scenario file or folder", path));
    }
    for (const std::filesystem::path& file : files) {
      auto its = read_scenario_file(file, places);
      if (!its) {
        SuiteCase refused{file, file.stem().string(), {}, std::nullopt, its.error().message()};
        if (its.error().kind() != ErrorKind::kUsage) refused.refusal_verdict = Verdict::kMissing;
        cases.push_back(std::move(refused));
        continue;
      }
      for (ScenarioCase& one : *its) {
        const Scenario& scenario = one.scenario;
        cases.push_back({file, scenario.name, scenario.tags, std::move(one), {}});
      }
    }
  }
  return cases;
}

std::vector<SuiteCase> select(std::vector<SuiteCase> cases, const Selection& selection) {
  std::erase_if(cases, [&](const SuiteCase& one) {
    const bool named =
        selection.names.empty() ||
        std::any_of(selection.names.begin(), selection.names.end(), [&](const std::string& part) {
          return one.name.find(part) != std::string::npos;
        });
    if (!named) return true;
    if (!selection.tags.empty() && !has_tag(one, selection.tags)) return true;
    if (has_tag(one, selection.without_tags)) return true;
    return selection.last_failed.has_value() &&
           selection.last_failed->count(one.file.string() + " " + one.name) == 0;
  });
  std::vector<SuiteCase> kept;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (i % selection.shards == selection.shard - 1) kept.push_back(std::move(cases[i]));
  }
  return kept;
}

Result<std::vector<CaseResult>> run_suite(const std::vector<SuiteCase>& cases,
                                          const SuiteOptions& options) {
  return Runner(cases, options).run();
}

}  // namespace ice86::harness
