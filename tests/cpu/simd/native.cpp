// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: Intel SDM vol. 1 table 10-2 (FXSAVE area); sigaction(2), Linux <asm/sigcontext.h>.
#include "tests/cpu/simd/native.h"

#include <sys/mman.h>
#include <ucontext.h>

#include <csignal>
#include <cstring>
#include <stdexcept>

#include "emulator/base/bits.h"

namespace ice86::cpu::test {

namespace {

// A signal handler gets no argument of ours: where the instruction that may fault stands, and where
// to go on.
struct Expected {
  std::uint64_t instruction;
  std::uint64_t resume;
  int vector;
};
Expected expected;  // NOLINT: see above
// In the XSAVE area (SDM vol. 1 section 13.4; the host's own CPUID leaf 0Dh says the same).
constexpr unsigned kXstateBv = 512, kUpperYmm = 576;
constexpr int kSignals[] = {SIGFPE, SIGSEGV, SIGBUS, SIGILL};

void on_signal(int number, siginfo_t*, void* context) {
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  if (static_cast<std::uint64_t>(registers[REG_RIP]) != expected.instruction) {
    std::signal(number, SIG_DFL);  // not the instruction under test
    return;
  }
  expected.vector = static_cast<int>(registers[REG_TRAPNO]);
  registers[REG_RIP] = static_cast<greg_t>(expected.resume);
}

}  // namespace

struct Native::Page {
  alignas(64) std::array<std::uint8_t, 1024> xsave;  // FXSAVE area, XSAVE header, YMM
  std::uint64_t gpr[kGprs];
  std::uint64_t flags;
  std::uint32_t host_mxcsr;
  alignas(64) std::array<std::uint8_t, kOperandArea + 64> memory;
};

namespace {

// Emits x86-64 code whose data lies in the page after it.
class Emitter {
 public:
  Emitter(std::uint8_t* code, const void* data)
      : at_(code), data_(static_cast<const std::uint8_t*>(data)) {}
  std::uint8_t* at() const { return at_; }
  void bytes(std::initializer_list<unsigned> values) {
    for (const unsigned value : values) *at_++ = static_cast<std::uint8_t>(value);
  }
  // [rip + ...] for an operand that ends the instruction.
  void address(std::size_t offset) {
    const auto distance = data_ + offset - (at_ + 4);
    store_le<std::uint32_t>(at_, static_cast<std::uint32_t>(distance));
    at_ += 4;
  }
  void gpr(unsigned opcode, unsigned number, std::size_t offset) {
    bytes({0x48 | (number >= 8 ? 4u : 0u), opcode, 0x05 | (number & 7) << 3});
    address(offset);
  }

 private:
  std::uint8_t* at_;
  const std::uint8_t* data_;
};

}  // namespace

Native::Native() : avx_(__builtin_cpu_supports("avx") != 0) {
  void* memory = mmap(nullptr, 2 * 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("no executable memory");
  code_ = static_cast<std::uint8_t*>(memory);
  page_ = reinterpret_cast<Page*>(code_ + 4096);
  Emitter e(code_, page_);
  e.bytes({0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57});  // push rbx, rbp, r12-r15
  if (avx_) e.bytes({0xb8, 7, 0, 0, 0, 0x31, 0xd2});  // mov eax, 7; xor edx, edx
  e.bytes({0x0f, 0xae, avx_ ? 0x2du : 0x0du});        // xrstor, fxrstor
  e.address(offsetof(Page, xsave));
  e.bytes({0xff, 0x35});  // push flags; popfq
  e.address(offsetof(Page, flags));
  e.bytes({0x9d});
  for (unsigned n = 0; n < kGprs; ++n) {
    if (n != 4) e.gpr(0x8b, n, offsetof(Page, gpr) + n * 8);
  }
  instruction_at_ = static_cast<std::size_t>(e.at() - code_);
  struct sigaction action {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO;
  for (const int number : kSignals) sigaction(number, &action, nullptr);
}

Native::~Native() {
  for (const int number : kSignals) std::signal(number, SIG_DFL);
  munmap(code_, 2 * 4096);
}

void Native::load(const Code& code) {
  std::memcpy(code_ + instruction_at_, code.bytes.data(), code.length);
  misalignment_ = code.misalignment;
  Emitter e(code_ + instruction_at_ + code.length, page_);
  expected.instruction = reinterpret_cast<std::uint64_t>(code_ + instruction_at_);
  expected.resume = reinterpret_cast<std::uint64_t>(e.at());
  for (unsigned n = 0; n < kGprs; ++n) {
    if (n != 4) e.gpr(0x89, n, offsetof(Page, gpr) + n * 8);
  }
  e.bytes({0x9c, 0x8f, 0x05});  // pushfq; pop flags
  e.address(offsetof(Page, flags));
  if (avx_) e.bytes({0xb8, 7, 0, 0, 0, 0x31, 0xd2});
  e.bytes({0x0f, 0xae, avx_ ? 0x25u : 0x05u});  // xsave, fxsave
  e.address(offsetof(Page, xsave));
  e.bytes({0xdb, 0xe3, 0x0f, 0xae, 0x15});  // fninit; ldmxcsr
  e.address(offsetof(Page, host_mxcsr));
  e.bytes({0xfc, 0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3});
}

Outcome Native::run(const MachineState& before) {
  Page& page = *page_;
  std::uint8_t* area = page.xsave.data();
  const unsigned top = before.fsw >> 11 & 7;
  page.host_mxcsr = 0x1f80;
  page.xsave = {};
  store_le<std::uint64_t>(area + kXstateBv, 7);
  store_le<std::uint16_t>(area, before.fcw);
  store_le<std::uint16_t>(area + 2, before.fsw);
  area[4] = static_cast<std::uint8_t>(~before.x87_empty);
  store_le<std::uint32_t>(area + 24, before.mxcsr);
  for (unsigned n = 0; n < 8; ++n) {
    const unsigned physical = (top + n) & 7;
    store_le<std::uint64_t>(area + 32 + n * 16, before.significand[physical]);
    store_le<std::uint16_t>(area + 40 + n * 16, before.sign_exponent[physical]);
  }
  for (unsigned n = 0; n < 16; ++n) {
    std::memcpy(area + 160 + n * 16, before.ymm[n].data(), 16);
    std::memcpy(area + kUpperYmm + n * 16, before.ymm[n].data() + 2, 16);
  }
  std::memcpy(page.gpr, before.gpr.data(), sizeof page.gpr);
  page.gpr[7] = reinterpret_cast<std::uint64_t>(page.memory.data() + kOperandAt + misalignment_);
  const std::uint64_t pointer = page.gpr[7];
  page.flags = before.flags | 0x202;
  std::memcpy(page.memory.data(), before.memory.data(), kOperandArea);
  expected.vector = -1;

  reinterpret_cast<void (*)()>(code_)();

  Outcome outcome;
  outcome.exception = expected.vector;
  MachineState& after = outcome.state;
  std::memcpy(after.gpr.data(), page.gpr, sizeof page.gpr);
  after.gpr[4] = before.gpr[4];
  after.gpr[7] = before.gpr[7] + (page.gpr[7] - pointer);
  after.flags = static_cast<std::uint32_t>(page.flags) & 0x8d5;
  after.fcw = load_le<std::uint16_t>(area);
  after.fsw = load_le<std::uint16_t>(area + 2);
  after.x87_empty = static_cast<std::uint8_t>(~area[4]);
  after.mxcsr = load_le<std::uint32_t>(area + 24);
  const unsigned new_top = after.fsw >> 11 & 7;
  for (unsigned n = 0; n < 8; ++n) {
    const unsigned physical = (new_top + n) & 7;
    after.significand[physical] = load_le<std::uint64_t>(area + 32 + n * 16);
    after.sign_exponent[physical] = load_le<std::uint16_t>(area + 40 + n * 16);
  }
  // A component in its initial state may not have been written.
  const std::uint64_t written = avx_ ? load_le<std::uint64_t>(area + kXstateBv) : 3;
  for (unsigned n = 0; n < 16; ++n) {
    if ((written & 2) != 0) std::memcpy(after.ymm[n].data(), area + 160 + n * 16, 16);
    if (!avx_) std::memcpy(after.ymm[n].data() + 2, before.ymm[n].data() + 2, 16);
    if ((written & 4) != 0) std::memcpy(after.ymm[n].data() + 2, area + kUpperYmm + n * 16, 16);
  }
  std::memcpy(after.memory.data(), page.memory.data(), kOperandArea);
  return outcome;
}

}  // namespace ice86::cpu::test
