// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: modify_ldt(2), sigaction(2); Linux Documentation/arch/x86/entry_64 for the segments in
// frames.
#include "tests/cpu/difftest/native.h"

#include <asm/ldt.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace ice86::cpu::test {

namespace {

// Segment bases in the local descriptor table have 32 bits.
void* const kCodeAt = reinterpret_cast<void*>(0x20000000);
void* const kDataAt = reinterpret_cast<void*>(0x21000000);
constexpr unsigned kCodeEntries = kCodeBytes / kCodeSegment16;
constexpr unsigned kDataEntry = kCodeEntries;
constexpr std::size_t kSignalStack = 1 << 16;
// UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS of <asm/ucontext.h>: SS is taken from the frame as it is.
constexpr unsigned long kRestoreSs = 0x2 | 0x4;

// What the child's signal handler works on. A handler gets no argument of ours: this is the child's
// own, set between fork and the first signal.
struct Job {
  const Snippet* snippets;
  Outcome* outcomes;
  std::uint64_t* data;
  std::uint32_t count;
  unsigned bits;
  std::uint32_t next;
  bool started;
};
Job* job_of_child;  // NOLINT: see above

constexpr int kOrder[8] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI};

constexpr std::uint16_t selector(unsigned entry) {
  return static_cast<std::uint16_t>(entry * 8 + 7);
}

bool set_descriptor(unsigned entry, std::uintptr_t base, std::uint32_t limit, bool is_code,
                    bool is_32bit) {
  user_desc descriptor{};
  descriptor.entry_number = entry;
  descriptor.base_addr = static_cast<unsigned>(base);
  descriptor.limit = limit;
  descriptor.seg_32bit = is_32bit;
  descriptor.contents = is_code ? MODIFY_LDT_CONTENTS_CODE : MODIFY_LDT_CONTENTS_DATA;
  descriptor.useable = 1;
  return syscall(SYS_modify_ldt, 0x11, &descriptor, sizeof descriptor) == 0;
}

// Limits up to 1 MiB are in bytes.
bool set_descriptors(unsigned bits) {
  const auto code = reinterpret_cast<std::uintptr_t>(kCodeAt);
  bool ok = set_descriptor(kDataEntry, reinterpret_cast<std::uintptr_t>(kDataAt), kDataBytes - 1,
                           false, bits == 32);
  for (unsigned i = 0; i < kCodeEntries; ++i) {
    ok = ok && (bits == 32 ? set_descriptor(i, code, kCodeBytes - 1, true, true)
                           : set_descriptor(i, code + i * kCodeSegment16, kCodeSegment16 - 1, true,
                                            false));
  }
  return ok;
}

// NT is not among the flags that a signal frame restores: what POPF left would stay for the next
// snippet.
void clear_nested_task() {
  asm volatile("sub $128, %%rsp\n\tpushfq\n\tandq $~0x4000, (%%rsp)\n\tpopfq\n\tadd $128, %%rsp"
               :
               :
               : "cc", "memory");
}

void on_signal(int, siginfo_t*, void* raw) {
  Job& job = *job_of_child;
  auto& context = *static_cast<ucontext_t*>(raw);
  greg_t* registers = context.uc_mcontext.gregs;
  if (job.started) {
    Outcome& outcome = job.outcomes[job.next++];
    for (int i = 0; i < 8; ++i) outcome.gpr[i] = static_cast<std::uint32_t>(registers[kOrder[i]]);
    outcome.eip = static_cast<std::uint32_t>(registers[REG_RIP]);
    outcome.flags = static_cast<std::uint32_t>(registers[REG_EFL]);
    outcome.vector = static_cast<std::uint32_t>(registers[REG_TRAPNO]);
    outcome.error = static_cast<std::uint32_t>(registers[REG_ERR]);
    outcome.data_hash = hash_data(job.data);
  }
  job.started = true;
  if (job.next == job.count) _exit(0);
  clear_nested_task();
  const Snippet& snippet = job.snippets[job.next];
  fill_data(snippet.data_seed, job.data);
  for (int i = 0; i < 8; ++i) registers[kOrder[i]] = snippet.gpr[i];
  const std::uint32_t at = snippet.place * kStride + kSnippetAt;
  registers[REG_RIP] = job.bits == 32 ? at : at % kCodeSegment16;
  registers[REG_EFL] = snippet.flags;
  const std::uint64_t cs = selector(job.bits == 32 ? 0 : at / kCodeSegment16),
                      ss = selector(kDataEntry);
  const auto others = static_cast<std::uint64_t>(registers[REG_CSGSFS]) & 0x0000ffffffff0000ULL;
  registers[REG_CSGSFS] = static_cast<greg_t>(ss << 48 | others | cs);
  context.uc_flags |= kRestoreSs;
  // Frames have no DS and ES; 64-bit code does not care what is in them.
  const unsigned data_selector = selector(kDataEntry);
  asm volatile("mov %0, %%ds\n\tmov %0, %%es" : : "r"(data_selector));
}

[[noreturn]] void run_child(Job& job, unsigned seconds) {
  job_of_child = &job;
  if (!set_descriptors(job.bits)) _exit(2);
  void* stack =
      mmap(nullptr, kSignalStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const stack_t alternate{stack, 0, kSignalStack};
  if (stack == MAP_FAILED || sigaltstack(&alternate, nullptr) != 0) _exit(2);
  struct sigaction action {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (const int number : {SIGSEGV, SIGTRAP, SIGILL, SIGFPE, SIGBUS, SIGUSR1})
    sigaction(number, &action, nullptr);
  alarm(seconds);  // a snippet that never ends kills the child
  raise(SIGUSR1);
  _exit(3);
}

void* map(void* at, std::size_t bytes, int protection) {
  const int flags = MAP_SHARED | MAP_ANONYMOUS | (at != nullptr ? MAP_FIXED_NOREPLACE : 0);
  void* memory = mmap(at, bytes, protection, flags, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

Result<std::unique_ptr<Native>> Native::create() {
  std::unique_ptr<Native> native(new Native);
  native->code_ =
      static_cast<std::uint8_t*>(map(kCodeAt, kCodeBytes, PROT_READ | PROT_WRITE | PROT_EXEC));
  native->data_ = static_cast<std::uint64_t*>(map(kDataAt, kDataBytes, PROT_READ | PROT_WRITE));
  native->shared_ =
      static_cast<Outcome*>(map(nullptr, sizeof(Outcome) * kBatch, PROT_READ | PROT_WRITE));
  if (native->code_ == nullptr || native->data_ == nullptr || native->shared_ == nullptr) {
    return Error(fmt::format("no executable memory at low addresses: {}", std::strerror(errno)));
  }
  const pid_t child = fork();
  if (child == 0) _exit(set_descriptors(16) && set_descriptors(32) ? 0 : 1);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
    return Error("the host does not permit 16- and 32-bit segments (modify_ldt)");
  }
  return native;
}

Native::~Native() {
  if (code_ != nullptr) munmap(code_, kCodeBytes);
  if (data_ != nullptr) munmap(data_, kDataBytes);
  if (shared_ != nullptr) munmap(shared_, sizeof(Outcome) * kBatch);
}

Result<void> Native::run(const Snippet* snippets, std::uint32_t count, unsigned bits,
                         Outcome* outcomes) {
  Job job{snippets, shared_, data_, count, bits, 0, false};
  const pid_t child = fork();
  if (child < 0) return Error(fmt::format("fork: {}", std::strerror(errno)));
  if (child == 0) run_child(job, 60);
  int status = 0;
  if (waitpid(child, &status, 0) != child)
    return Error(fmt::format("waitpid: {}", std::strerror(errno)));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return Error(fmt::format("the child that executes snippets ended with status {:#x}", status));
  }
  std::copy(shared_, shared_ + count, outcomes);
  return {};
}

}  // namespace ice86::cpu::test
