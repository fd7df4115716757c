// SPDX-License-Identifier: LGPL-2.1-or-later
// The architectural state of one x86 CPU.
// Reference: Intel SDM vol. 1 chapter 3, vol. 3A chapters 2, 3 and 7.
#pragma once

#include <array>
#include <cstdint>

namespace ice86::cpu {

// Numbers of the general registers as instructions encode them.
enum Gpr : std::uint8_t {
  kRax,
  kRcx,
  kRdx,
  kRbx,
  kRsp,
  kRbp,
  kRsi,
  kRdi,
  kR8,
  kR9,
  kR10,
  kR11,
  kR12,
  kR13,
  kR14,
  kR15
};

// Numbers of the segment registers as instructions encode them.
enum SegmentName : std::uint8_t { kEs, kCs, kSs, kDs, kFs, kGs };

// RFLAGS bits (SDM vol. 1 section 3.4.3).
namespace flag {
constexpr std::uint32_t kCf = 1u << 0, kFixed = 1u << 1, kPf = 1u << 2, kAf = 1u << 4,
                        kZf = 1u << 6, kSf = 1u << 7, kTf = 1u << 8, kIf = 1u << 9, kDf = 1u << 10,
                        kOf = 1u << 11, kIopl = 3u << 12, kNt = 1u << 14, kRf = 1u << 16,
                        kVm = 1u << 17, kAc = 1u << 18, kVif = 1u << 19, kVip = 1u << 20,
                        kId = 1u << 21;
constexpr std::uint32_t kArithmetic = kCf | kPf | kAf | kZf | kSf | kOf;
}  // namespace flag

namespace cr0 {
constexpr std::uint64_t kPe = 1u << 0, kMp = 1u << 1, kEm = 1u << 2, kTs = 1u << 3, kEt = 1u << 4,
                        kNe = 1u << 5, kWp = 1u << 16, kAm = 1u << 18, kNw = 1u << 29,
                        kCd = 1u << 30, kPg = 1u << 31;
}
namespace cr4 {
constexpr std::uint64_t kVme = 1u << 0, kPvi = 1u << 1, kTsd = 1u << 2, kDe = 1u << 3,
                        kPse = 1u << 4, kPae = 1u << 5, kMce = 1u << 6, kPge = 1u << 7,
                        kPce = 1u << 8, kOsfxsr = 1u << 9, kOsxmmexcpt = 1u << 10, kUmip = 1u << 11,
                        kFsgsbase = 1u << 16, kPcide = 1u << 17, kOsxsave = 1u << 18,
                        kSmep = 1u << 20, kSmap = 1u << 21;
}
namespace efer {
constexpr std::uint64_t kSce = 1u << 0, kLme = 1u << 8, kLma = 1u << 10, kNxe = 1u << 11;
}

// Exception vectors (SDM vol. 3A table 6-1).
enum Vector : std::uint8_t {
  kDe = 0,
  kDb = 1,
  kNmi = 2,
  kBp = 3,
  kOf = 4,
  kBr = 5,
  kUd = 6,
  kNm = 7,
  kDf = 8,
  kTs = 10,
  kNp = 11,
  kSs_ = 12,
  kGp = 13,
  kPf = 14,
  kMf = 16,
  kAc = 17,
  kMc = 18,
  kXm = 19
};

// A segment register with its hidden part. `attributes` is the descriptor's high dword with the
// base and limit bits cleared: type 11:8, S 12, DPL 14:13, P 15, AVL 20, L 21, D/B 22, G 23.
struct Segment {
  std::uint16_t selector = 0;
  std::uint32_t attributes = 0;
  std::uint64_t base = 0;
  std::uint32_t limit = 0;  // in bytes, granularity applied
  bool usable = true;       // false: loaded with a null selector
};

struct DescriptorTable {
  std::uint64_t base = 0;
  std::uint16_t limit = 0;
};

// 80-bit x87 register as FXSAVE stores it.
struct X87Register {
  std::uint64_t significand = 0;
  std::uint16_t sign_exponent = 0;
};

struct State {
  std::array<std::uint64_t, 16> gpr{};
  std::uint64_t rip = 0;
  std::uint64_t zero = 0;  // always 0: the base or index register of an address that has none
  std::uint64_t rflags =
      flag::kFixed;  // up to date when run() has returned; see Cpu::flags() within
  std::array<Segment, 6> segment{};
  Segment ldtr, tr;
  DescriptorTable gdtr, idtr;
  std::uint64_t cr0 = 0, cr2 = 0, cr3 = 0, cr4 = 0, cr8 = 0;
  std::array<std::uint64_t, 4> pdpte{};  // PAE paging's first level, loaded with CR3
  std::uint64_t xcr0 = 1;
  std::array<std::uint64_t, 8> dr{};
  std::uint64_t efer = 0;

  // x87 and SSE (SDM vol. 1 chapters 8 and 10, vol. 2 FXSAVE).
  std::array<X87Register, 8> x87{};  // physical registers, not stack-relative
  std::uint16_t fcw = 0x037f, fsw = 0, fop = 0;
  std::uint8_t x87_empty = 0xff;  // a set bit: that physical register is empty
  std::uint64_t fip = 0, fdp = 0;
  std::uint16_t fcs = 0, fds = 0;
  std::array<std::array<std::uint64_t, 4>, 16> ymm{};  // low half of each is XMM
  std::uint32_t mxcsr = 0x1f80;

  // Activity and pending events.
  bool halted = false;
  bool shutdown = false;  // triple fault
  bool in_smm = false;
  bool nmi_blocked = false;
  bool nmi_pending = false;
  bool smi_pending = false;
  // STI and MOV SS / POP SS hold interrupts off until the next instruction has retired.
  bool interrupt_shadow = false;
  bool mov_ss_shadow = false;
  std::uint32_t smbase = 0x30000;

  bool protected_mode() const { return (cr0 & cr0::kPe) != 0; }
  bool v8086() const { return (rflags & flag::kVm) != 0; }
  bool real_mode() const { return !protected_mode(); }
  // Ring 0..3; 0 in real mode, 3 in v8086 mode.
  unsigned cpl() const { return segment[kSs].attributes >> 13 & 3; }
};

}  // namespace ice86::cpu
