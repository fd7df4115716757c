// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/fuzz/afl.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <string>

namespace ice86::harness {

namespace {

// afl-fuzz looks for these words in the program before it starts it.
constexpr const char* kPersistent = "##SIG_AFL_PERSISTENT##";
constexpr const char* kMapVariable = "__AFL_SHM_ID";
constexpr const char* kInputVariable = "__AFL_SHM_FUZZ_ID";

constexpr int kRequests = 198, kAnswers = 199;  // file descriptors
// What the server can do, in its first word.
constexpr std::uint32_t kEnabled = 0x80000001, kHasMapSize = 0x40000000, kHasInput = 0x01000000;
constexpr unsigned kExecutions = 100'000;  // of a child

// Keys that have been reported, as hashes, in memory that all children share: some times each, for
// the inputs that afl-fuzz begins with are no crashes to it.
class Reported {
 public:
  static constexpr std::size_t kMost = 1 << 14;
  static constexpr unsigned kTimes = 8;
  Reported()
      : memory_(::mmap(nullptr, kMost * sizeof(std::atomic<std::uint64_t>), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (ok()) new (memory_) std::atomic<std::uint64_t>[kMost] {};
  }
  ~Reported() {
    if (ok()) ::munmap(memory_, kMost * sizeof(std::atomic<std::uint64_t>));
  }
  Reported(const Reported&) = delete;
  Reported& operator=(const Reported&) = delete;
  bool ok() const { return memory_ != MAP_FAILED; }
  bool is_wanted(std::uint64_t key) {
    auto* places = static_cast<std::atomic<std::uint64_t>*>(memory_);
    key = std::max<std::uint64_t>(key, 1);
    unsigned times = 0;
    for (std::size_t i = 0; i < kMost && times < kTimes; ++i) {
      std::uint64_t free = 0;
      if (places[(key + i) % kMost].compare_exchange_strong(free, key)) return true;
      if (free == key) ++times;
    }
    return false;
  }

 private:
  void* memory_;
};

Result<std::uint8_t*> attach(const char* variable) {
  const char* const id = std::getenv(variable);
  if (id == nullptr) return usage_error("--afl is for afl-fuzz, which starts this program");
  void* const memory = ::shmat(std::atoi(id), nullptr, 0);
  if (memory == reinterpret_cast<void*>(-1))  // NOLINT(performance-no-int-to-ptr)
    return Error("the memory that afl-fuzz shares cannot be attached");
  return static_cast<std::uint8_t*>(memory);
}

bool take(std::uint32_t& word) {
  return ::read(kRequests, &word, sizeof word) == sizeof word;
}
bool give(std::uint32_t word) {
  return ::write(kAnswers, &word, sizeof word) == sizeof word;
}

// A child's inputs, one each time that the server lets it go on.
[[noreturn]] void execute(Rig& rig, std::uint8_t* map, const std::uint8_t* input,
                          Reported& reported) {
  ::close(kRequests);
  ::close(kAnswers);
  for (unsigned i = 0; i < kExecutions; ++i) {
    if (i != 0) ::raise(SIGSTOP);
    map[0] = 1;
    std::uint32_t size = 0;
    std::memcpy(&size, input, sizeof size);
    const std::size_t most = kStepBytes * kMostSteps;
    const Execution result = rig.run({input + sizeof size, std::min<std::size_t>(size, most)});
    for (const Finding& finding : result.findings) {
      const std::uint64_t key = std::hash<std::string>{}(finding.key);
      if (!reported.is_wanted(key)) continue;
      // A crash counts when its way is new: so it is.
      ++map[key % cpu::Cpu::kEdgeMapBytes];
      std::abort();
    }
  }
  ::_exit(0);
}

}  // namespace

Result<void> serve_afl(Rig& rig) {
  ICE86_TRY_ASSIGN(std::uint8_t* const map, attach(kMapVariable));
  ICE86_TRY_ASSIGN(const std::uint8_t* const input, attach(kInputVariable));
  Reported reported;
  if (!reported.ok()) return Error("no memory for the processes to share");
  rig.set_edge_map(map);
  const std::uint32_t map_size = (cpu::Cpu::kEdgeMapBytes - 1) << 1;
  std::uint32_t word = 0;
  if (!give(kEnabled | kHasMapSize | kHasInput | map_size) || !take(word))
    return Error(std::string("afl-fuzz does not answer ") + kPersistent);
  if ((word & kHasInput) == 0) return Error("afl-fuzz does not share its inputs");
  pid_t child = 0;
  bool stopped = false;
  while (take(word)) {
    int status = 0;
    if (stopped && word != 0) {  // it was killed
      ::waitpid(child, &status, 0);
      stopped = false;
    }
    if (stopped) {
      ::kill(child, SIGCONT);
    } else {
      child = ::fork();
      if (child == 0) execute(rig, map, input, reported);
      if (child < 0) return Error("no process can be started");
    }
    if (!give(static_cast<std::uint32_t>(child)) || ::waitpid(child, &status, WUNTRACED) < 0) break;
    stopped = WIFSTOPPED(status);
    if (!give(static_cast<std::uint32_t>(status))) break;
  }
  if (stopped) ::kill(child, SIGKILL);
  rig.set_edge_map(nullptr);
  return {};
}

}  // namespace ice86::harness
