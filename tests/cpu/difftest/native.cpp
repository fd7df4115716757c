// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: modify_ldt(2), sigaction(2), arch_prctl(2); Linux Documentation/arch/x86/entry_64 for
// the segments in frames.
#include "tests/cpu/difftest/native.h"

#include <asm/ldt.h>
#include <asm/prctl.h>
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

// The handler begins with flags the snippet may have left: NT and ID, which a signal frame does not
// restore, and AC, under which compiled code faults.
extern "C" void ice86_difftest_signal(int, siginfo_t*, void*);
extern "C" void ice86_difftest_entry(int, siginfo_t*, void*);
asm(R"(
  .text
  .type ice86_difftest_entry, @function
ice86_difftest_entry:
  pushfq
  andq $~0x244000, (%rsp)
  popfq
  jmp ice86_difftest_signal
  .size ice86_difftest_entry, . - ice86_difftest_entry
)");

namespace ice86::cpu::test {

namespace {

constexpr std::size_t kSignalStack = 1 << 16;
// UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS of <asm/ucontext.h>: SS is taken from the frame as it is.
constexpr unsigned long kRestoreSs = 0x2 | 0x4;

// What the child's signal handler works on. A handler gets no argument of ours: this is the child's
// own, set between fork and the first signal.
struct Job {
  const Snippet* snippets;
  Outcome* outcomes;
  std::uint8_t* data;
  std::uint32_t count;
  std::uint32_t next;
  bool started;
  unsigned long thread_pointer;
};
Job* job_of_child;  // NOLINT: see above

constexpr int kOrder[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                            REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

bool set_descriptors() {
  for (unsigned i = 0; i < kLdtEntries; ++i) {
    const LdtEntry entry = ldt_entry(i);
    if (entry.kind == LdtEntry::kNone) continue;
    user_desc descriptor{};
    descriptor.entry_number = i;
    descriptor.base_addr = static_cast<unsigned>((entry.of_code ? kCodeLinear : kDataLinear) +
                                                 static_cast<std::uint64_t>(entry.offset));
    descriptor.limit = entry.limit;
    descriptor.seg_32bit = entry.is_32bit;
    descriptor.limit_in_pages = entry.in_pages;
    descriptor.seg_not_present = !entry.present;
    const bool is_code = entry.kind == LdtEntry::kCode || entry.kind == LdtEntry::kExecuteOnly;
    descriptor.contents = is_code                               ? MODIFY_LDT_CONTENTS_CODE
                          : entry.kind == LdtEntry::kExpandDown ? MODIFY_LDT_CONTENTS_STACK
                                                                : MODIFY_LDT_CONTENTS_DATA;
    descriptor.read_exec_only =
        entry.kind == LdtEntry::kReadOnly || entry.kind == LdtEntry::kExecuteOnly;
    descriptor.useable = 1;
    if (syscall(SYS_modify_ldt, 0x11, &descriptor, sizeof descriptor) != 0) return false;
  }
  return true;
}

// Without errno: the thread pointer may be the snippet's.
long raw_arch_prctl(int code, unsigned long value) {
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "0"(static_cast<long>(SYS_arch_prctl)), "D"(static_cast<long>(code)), "S"(value)
               : "rcx", "r11", "memory");
  return result;
}

template <int name>
std::uint16_t segment_register() {
  unsigned value;
  if constexpr (name == 0) asm volatile("mov %%es, %0" : "=r"(value));
  if constexpr (name == 3) asm volatile("mov %%ds, %0" : "=r"(value));
  if constexpr (name == 4) asm volatile("mov %%fs, %0" : "=r"(value));
  if constexpr (name == 5) asm volatile("mov %%gs, %0" : "=r"(value));
  return static_cast<std::uint16_t>(value);
}

[[gnu::always_inline]] inline void take_outcome(Job& job, const ucontext_t& context) {
  const greg_t* registers = context.uc_mcontext.gregs;
  const Snippet& snippet = job.snippets[job.next];
  Outcome& outcome = job.outcomes[job.next++];
  const unsigned wide = snippet.bits == 64 ? 16 : 8;
  for (unsigned i = 0; i < 16; ++i) {
    const auto value = static_cast<std::uint64_t>(registers[kOrder[i]]);
    outcome.gpr[i] = wide == 16 ? value : i < 8 ? value & 0xffffffff : 0;
  }
  outcome.rip = static_cast<std::uint64_t>(registers[REG_RIP]);
  outcome.flags = static_cast<std::uint32_t>(registers[REG_EFL]);
  outcome.vector = static_cast<std::uint32_t>(registers[REG_TRAPNO]);
  outcome.error = static_cast<std::uint32_t>(registers[REG_ERR]);
  outcome.cr2 = outcome.vector == 14 ? static_cast<std::uint64_t>(registers[REG_CR2]) : 0;
  // Whether a page of the code is in the child's tables yet is chance.
  if (outcome.vector == 14 && outcome.cr2 - kCodeLinear < kCodeBytes) outcome.error |= 1;
  outcome.data_hash = hash_data(job.data);
  const auto in_frame = static_cast<std::uint64_t>(registers[REG_CSGSFS]);
  outcome.selectors = {segment_register<0>(),
                       static_cast<std::uint16_t>(in_frame),
                       static_cast<std::uint16_t>(in_frame >> 48),
                       segment_register<3>(),
                       segment_register<4>(),
                       segment_register<5>()};
  if (snippet.fx_seed != 0) std::memcpy(&outcome.fx, context.uc_mcontext.fpregs, sizeof(FxImage));
}

}  // namespace

// No stack protector: it reads the thread pointer before and after we have it.
extern "C" __attribute__((no_stack_protector)) void ice86_difftest_signal(int, siginfo_t*,
                                                                          void* raw) {
  Job& job = *job_of_child;
  auto& context = *static_cast<ucontext_t*>(raw);
  greg_t* registers = context.uc_mcontext.gregs;
  if (job.started) take_outcome(job, context);
  raw_arch_prctl(ARCH_SET_FS, job.thread_pointer);
  job.started = true;
  if (job.next == job.count) _exit(0);
  const Snippet& snippet = job.snippets[job.next];
  fill_data(snippet, job.data);
  for (unsigned i = 0; i < 16; ++i) registers[kOrder[i]] = static_cast<greg_t>(snippet.gpr[i]);
  registers[REG_RIP] = static_cast<greg_t>(snippet.rip());
  registers[REG_EFL] = snippet.flags;
  const bool is_64 = snippet.bits == 64;
  const std::uint64_t cs = snippet.selectors[1], ss = snippet.selectors[2];
  const auto others = static_cast<std::uint64_t>(registers[REG_CSGSFS]) & 0x0000ffffffff0000ULL;
  registers[REG_CSGSFS] = static_cast<greg_t>(ss << 48 | others | cs);
  context.uc_flags |= kRestoreSs;
  if (snippet.fx_seed != 0) {
    FxImage image;
    fill_fx(snippet.fx_seed, image);
    // Behind the registers the kernel keeps words of its own.
    std::memcpy(context.uc_mcontext.fpregs, &image, offsetof(FxImage, reserved2));
  }
  // Frames have no DS, ES, FS and GS; 64-bit code does not care what is in the first two.
  const unsigned es = snippet.selectors[0], ds = snippet.selectors[3], fs = snippet.selectors[4],
                 gs = snippet.selectors[5];
  if (is_64) {
    raw_arch_prctl(ARCH_SET_GS, kDataLinear);
    raw_arch_prctl(ARCH_SET_FS, kDataLinear);
  } else {
    asm volatile("mov %0, %%gs\n\tmov %1, %%fs" : : "r"(gs), "r"(fs));
  }
  asm volatile("mov %0, %%ds\n\tmov %1, %%es" : : "r"(ds), "r"(es));
}

namespace {

[[noreturn]] void run_child(Job& job, unsigned seconds) {
  job_of_child = &job;
  if (!set_descriptors()) _exit(2);
  void* stack =
      mmap(nullptr, kSignalStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const stack_t alternate{stack, 0, kSignalStack};
  if (stack == MAP_FAILED || sigaltstack(&alternate, nullptr) != 0) _exit(2);
  if (raw_arch_prctl(ARCH_GET_FS, reinterpret_cast<unsigned long>(&job.thread_pointer)) != 0)
    _exit(2);
  // 64-bit code must not reach the other snippets.
  if (mprotect(reinterpret_cast<void*>(kCodeLinear), kCodeBytes, PROT_READ | PROT_EXEC) != 0)
    _exit(2);
  // A fork does not copy the page tables of shared memory. Every page must be there before a
  // snippet writes to it, or the error code of its fault says "not present" and means the host's
  // paging.
  for (std::uint32_t page = 0; page < kCodeBytes; page += 4096)
    static_cast<void>(*reinterpret_cast<const volatile std::uint8_t*>(kCodeLinear + page));
  struct sigaction action {};
  action.sa_sigaction = ice86_difftest_entry;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (const int number : {SIGSEGV, SIGTRAP, SIGILL, SIGFPE, SIGBUS, SIGUSR1})
    sigaction(number, &action, nullptr);
  alarm(seconds);  // a snippet that never ends kills the child
  raise(SIGUSR1);
  _exit(3);
}

void* map(std::uint64_t at, std::size_t bytes, int protection) {
  const int flags = MAP_SHARED | MAP_ANONYMOUS | (at != 0 ? MAP_FIXED_NOREPLACE : 0);
  void* memory = mmap(reinterpret_cast<void*>(at), bytes, protection, flags, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

Result<std::unique_ptr<Native>> Native::create() {
  std::unique_ptr<Native> native(new Native);
  native->code_ =
      static_cast<std::uint8_t*>(map(kCodeLinear, kCodeBytes, PROT_READ | PROT_WRITE | PROT_EXEC));
  native->data_ = static_cast<std::uint8_t*>(map(kDataLinear, kDataBytes, PROT_READ | PROT_WRITE));
  native->shared_ = static_cast<Outcome*>(map(0, sizeof(Outcome) * kBatch, PROT_READ | PROT_WRITE));
  if (native->code_ == nullptr || native->data_ == nullptr || native->shared_ == nullptr) {
    return Error(fmt::format("no executable memory at low addresses: {}", std::strerror(errno)));
  }
  const pid_t child = fork();
  if (child == 0) _exit(set_descriptors() ? 0 : 1);
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

Result<void> Native::run(const Snippet* snippets, std::uint32_t count, Outcome* outcomes) {
  Job job{snippets, shared_, data_, count, 0, false, 0};
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
