// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/fuzz/campaign.h"

#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <set>
#include <thread>

#include "emulator/base/files.h"
#include "emulator/base/hash.h"
#include "emulator/base/host_clock.h"
#include "harness/fuzz/crash_report.h"

namespace ice86::harness {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostInputBytes = kStepBytes * kMostSteps;
constexpr std::uint64_t kLookAround = 2'000'000'000;  // nanoseconds, between looks at the folder
constexpr unsigned kBatch = 64;                       // executions between looks at the clock

double cpu_seconds() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// What the processes tell each other, in memory they share.
struct Board {
  struct Worker {
    std::atomic<std::uint64_t> executions, calls, instructions, pages, parts, slow, edges, corpus;
    std::atomic<std::uint64_t> cpu_us;
    std::atomic<bool> failed;
  };
  static constexpr unsigned kMostWorkers = 256;
  std::atomic<bool> stop;
  std::atomic<std::uint64_t> findings;
  // Names of the findings that a process has taken up, as hashes; zero: free.
  static constexpr std::size_t kMostClaims = 1 << 14;
  std::atomic<std::uint64_t> claims[kMostClaims];
  // True: no other process has it.
  bool claim(const std::string& name) {
    const std::uint64_t hash = std::max<std::uint64_t>(std::hash<std::string>{}(name), 1);
    for (std::size_t i = 0; i < kMostClaims; ++i) {
      std::uint64_t free = 0;
      auto& place = claims[(hash + i) % kMostClaims];
      if (place.compare_exchange_strong(free, hash)) return true;
      if (free == hash) return false;
    }
    return true;
  }
  Worker workers[kMostWorkers];
};

Result<void> make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Error(fmt::format("{}: {}", folder.string(), error.message()));
  return {};
}

std::vector<fs::path> inputs_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_regular_file(error) && entry.path().extension() != ".txt")
      files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class Worker {
 public:
  Worker(const CampaignOptions& options, Board& board, unsigned number, Rig& rig,
         std::uint64_t began)
      : options_(options),
        board_(board),
        mine_(board.workers[number]),
        rig_(rig),
        began_(began),
        engine_(rig, {options.engine.seed * 1000 + number, options.engine.compares}) {
    engine_.take_constants(compared_constants(options.rig.firmware));
    engine_.found = [this](const Finding& finding, const Input& input) { keep(finding, input); };
    engine_.kept = [this](const Input& input) {
      if (options_.corpus.empty()) return;
      const fs::path file = options_.corpus / sha256_hex(input).substr(0, 16);
      known_.insert(file.filename().string());
      std::error_code error;
      if (!fs::exists(file, error)) static_cast<void>(write_file(file, input));
    };
  }

  void run() {
    const double cpu_began = cpu_seconds();
    take_in();
    std::uint64_t looked = host_ns();
    while (!board_.stop) {
      const std::uint64_t done = engine_.statistics().executions;
      if (options_.executions && done >= *options_.executions) break;
      unsigned batch = kBatch;
      if (options_.executions)
        batch = static_cast<unsigned>(std::min<std::uint64_t>(batch, *options_.executions - done));
      for (unsigned i = 0; i < batch && !is_interrupted(); ++i) engine_.step();
      tell(cpu_began);
      const std::uint64_t now = host_ns();
      if (options_.seconds && static_cast<double>(now - began_) >= *options_.seconds * 1e9) break;
      const bool others = options_.jobs > 1 || !options_.seeds.empty();
      if (others && now - looked > kLookAround) {
        looked = now;
        take_in();
      }
      if (options_.jobs == 1) {
        if (is_interrupted()) break;
        if (options_.progress && now - told_ > 1'000'000'000) {
          told_ = now;
          options_.progress(engine_.statistics(), static_cast<double>(now - began_) * 1e-9,
                            board_.findings);
        }
      }
    }
    tell(cpu_began);
  }

 private:
  // Of more than one process the parent asks.
  bool is_interrupted() const {
    return board_.stop || (options_.jobs == 1 && options_.interrupted && options_.interrupted());
  }

  void take_in() {
    std::vector<fs::path> folders = options_.seeds;
    if (!options_.corpus.empty()) folders.insert(folders.begin(), options_.corpus);
    for (const fs::path& folder : folders) {
      for (const fs::path& file : inputs_in(folder)) {
        // Names in the corpus are hashes of the bytes; elsewhere they are anything.
        const std::string name =
            folder == options_.corpus ? file.filename().string() : file.string();
        if (!known_.insert(name).second) continue;
        if (is_interrupted()) return;
        if (auto bytes = read_file(file, kMostInputBytes)) engine_.add(*bytes);
      }
    }
  }

  void tell(double cpu_began) {
    const FuzzStatistics& s = engine_.statistics();
    mine_.executions = s.executions, mine_.calls = s.calls, mine_.instructions = s.instructions;
    mine_.pages = s.pages, mine_.parts = s.parts, mine_.slow = s.slow;
    mine_.edges = s.edges, mine_.corpus = s.corpus;
    mine_.cpu_us = static_cast<std::uint64_t>((cpu_seconds() - cpu_began) * 1e6);
  }

  void keep(const Finding& finding, const Input& input) {
    const fs::path file = options_.crashes / (crash_name(finding) + ".input");
    std::error_code error;
    if (fs::exists(file, error)) return;  // of another run
    if (!board_.claim(file.filename().string())) return;
    const std::uint64_t seconds = (host_ns() - began_) / 1'000'000'000;
    const bool hang = finding.oracle == "hang";
    const Input small =
        minimise(rig_, input, finding.key, hang ? 200 : 3000, [this] { return is_interrupted(); });
    static_cast<void>(write_crash(rig_, finding, small, file, options_.replay_command, seconds));
    rig_.pc().cpu().reset_edges();
    ++board_.findings;
    if (options_.findings && board_.findings >= *options_.findings) board_.stop = true;
  }

  const CampaignOptions& options_;
  Board& board_;
  Board::Worker& mine_;
  Rig& rig_;
  std::uint64_t began_;
  std::uint64_t told_ = 0;
  FuzzEngine engine_;
  std::set<std::string> known_;
};

FuzzStatistics sum(const Board& board, unsigned jobs, double& cpu) {
  FuzzStatistics all;
  cpu = 0;
  for (unsigned i = 0; i < jobs; ++i) {
    const Board::Worker& w = board.workers[i];
    all.executions += w.executions, all.calls += w.calls, all.instructions += w.instructions;
    all.pages += w.pages, all.parts += w.parts, all.slow += w.slow;
    all.edges = std::max<std::size_t>(all.edges, w.edges);
    all.corpus = std::max<std::size_t>(all.corpus, w.corpus);
    cpu += static_cast<double>(w.cpu_us) * 1e-6;
  }
  return all;
}

// Each process boots a machine of its own.
void run_processes(const CampaignOptions& options, Board& board, std::uint64_t began) {
  std::vector<pid_t> children;
  for (unsigned i = 0; i < options.jobs; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      auto rig = Rig::create(options.rig);
      if (rig) {
        Worker(options, board, i, **rig, began).run();
      } else {
        board.workers[i].failed = true;
      }
      ::_exit(0);
    }
    if (child > 0) children.push_back(child);
  }
  std::size_t left = children.size();
  std::uint64_t told = 0;
  while (left != 0) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended > 0) {
      const auto it = std::find(children.begin(), children.end(), ended);
      if (it == children.end()) continue;
      --left;
      if (status != 0) board.workers[it - children.begin()].failed = true;
      continue;
    }
    if (options.interrupted && options.interrupted()) board.stop = true;
    const std::uint64_t now = host_ns();
    if (options.progress && now - told > 1'000'000'000) {
      told = now;
      double cpu = 0;
      options.progress(sum(board, options.jobs, cpu), static_cast<double>(now - began) * 1e-9,
                       board.findings);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

struct Unmap {
  void operator()(Board* board) const { ::munmap(board, sizeof(Board)); }
};

}  // namespace

Input one_sector_read() {
  Input input(kStepBytes);
  input[1] = 1;     // AL: a sector
  input[2] = 0x02;  // AH
  input[5] = 2;     // CL
  input[7] = 0x80;  // DL
  return input;
}

Speed measure(Rig& rig, const Input& input, double seconds) {
  constexpr unsigned kWarm = 2000;
  std::vector<std::uint8_t> map(cpu::Cpu::kEdgeMapBytes);
  rig.set_edge_map(map.data());
  for (unsigned i = 0; i < kWarm; ++i) rig.run(input);
  Speed speed;
  const auto round = [&](double most) {
    const double began = cpu_seconds();
    std::uint64_t done = 0;
    double now = began;
    for (; now - began < most; now = cpu_seconds()) {
      for (unsigned i = 0; i < kBatch; ++i) {
        const Execution result = rig.run(input);
        speed.calls = static_cast<double>(result.calls);
        speed.instructions = static_cast<double>(result.instructions);
      }
      done += kBatch;
    }
    speed.executions = done;
    speed.seconds = now - began;
  };
  rig.times_resets = true;
  const std::uint64_t before = rig.reset_ns();
  round(seconds / 4);
  speed.reset_us =
      static_cast<double>(rig.reset_ns() - before) * 1e-3 / static_cast<double>(speed.executions);
  rig.times_resets = false;
  round(seconds);
  speed.pages = static_cast<double>(rig.last_reset().pages);
  speed.parts = static_cast<double>(rig.last_reset().parts);
  rig.set_edge_map(nullptr);
  return speed;
}

std::string crash_name(const Finding& finding) {
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(finding.key.data()),
                        finding.key.size());
  return finding.oracle + "-" + sha256_hex(bytes).substr(0, 8);
}

Result<CampaignResult> run_campaign(const CampaignOptions& given) {
  CampaignOptions options = given;
  if (options.jobs < 1 || options.jobs > Board::kMostWorkers)
    return usage_error(fmt::format("--jobs: from 1 to {}", Board::kMostWorkers));
  ICE86_TRY(make_folder(options.crashes));
  if (options.corpus.empty() && options.jobs > 1) options.corpus = options.crashes / "corpus";
  if (!options.corpus.empty()) ICE86_TRY(make_folder(options.corpus));
  // Before any process begins: a firmware that does not boot is one message.
  ICE86_TRY_ASSIGN(std::unique_ptr<Rig> rig, Rig::create(options.rig));

  void* const shared =
      ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return Error("no memory for the processes to share");
  const std::unique_ptr<Board, Unmap> board(new (shared) Board{});
  const std::uint64_t began = host_ns();
  if (options.jobs == 1) {
    Worker(options, *board, 0, *rig, began).run();
  } else {
    rig.reset();
    run_processes(options, *board, began);
  }
  CampaignResult result;
  result.statistics = sum(*board, options.jobs, result.cpu_seconds);
  result.seconds = static_cast<double>(host_ns() - began) * 1e-9;
  result.crashes = crashes_in(options.crashes);
  ICE86_TRY(write_crash_list(result.crashes, options.crashes / "index.html"));
  for (unsigned i = 0; i < options.jobs; ++i)
    if (board->workers[i].failed) return Error(fmt::format("process {} of them ended early", i));
  return result;
}

}  // namespace ice86::harness
