// SPDX-License-Identifier: LGPL-2.1-or-later
// What keeps a vector instruction from executing, and that it then has changed nothing.
// Reference: Intel SDM vol. 3A sections 2.5 and 12.1, vol. 2 tables 2-18 to 2-22.
#include <Zydis/Mnemonic.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/cpu/simd/encode.h"
#include "tests/cpu/simd/random_state.h"
#include "tests/cpu/support/flat_host.h"

namespace ice86::cpu::test {

namespace {

constexpr std::uint64_t kGdt = 0x1000, kIdt = 0x2000, kStack = 0x8000, kHandlers = 0x9000;
constexpr std::uint64_t kDirectory = 0xa000, kTable = 0xb000, kCode = 0x10000;
constexpr std::uint64_t kPresentPage = 0x20000, kAbsentPage = 0x21000, kMemory = 0x40000;

// 32-bit protected mode with paging; linear is physical, and one page is absent.
class Machine {
 public:
  Machine() : host_(kMemory) {
    std::uint8_t* memory = host_.memory();
    store_le<std::uint64_t>(memory + kGdt + 8, 0x00cf9b000000ffff);
    store_le<std::uint64_t>(memory + kGdt + 16, 0x00cf93000000ffff);
    for (std::uint64_t vector = 0; vector < 32; ++vector) {
      store_le<std::uint64_t>(memory + kIdt + vector * 8,
                              (kHandlers + vector) | 8 << 16 | std::uint64_t{0x8e00} << 32);
    }
    store_le<std::uint32_t>(memory + kDirectory, kTable | 3);
    for (std::uint32_t page = 0; page < kMemory; page += 4096) {
      store_le<std::uint32_t>(memory + kTable + page / 1024, page == kAbsentPage ? 0 : page | 3);
    }
  }

  FlatHost& host() { return host_; }

  // Executes the instruction; the vector it raised, or -1. `before` has everything but RDI, which
  // is `pointer`; `changed` says whether it left other than that.
  int run(const Code& code, const MachineState& before, std::uint64_t pointer) {
    code_at_ = code_at_ + 32 < kPresentPage ? code_at_ + 16 : kCode;
    if (code_at_ == kCode) host_.cpu().forget_code();
    std::memcpy(host_.memory() + code_at_, code.bytes.data(), code.length);
    State& s = host_.cpu().mutable_state();
    s = State{};
    s.cr0 = cr0;
    s.cr4 = cr4;
    s.cr3 = kDirectory;
    s.gdtr = {kGdt, 23};
    s.idtr = {kIdt, 0xff};
    s.segment[kCs] = {8, 0xc09b00, 0, 0xffffffff, true};
    for (const SegmentName name : {kEs, kSs, kDs})
      s.segment[name] = {16, 0xc09300, 0, 0xffffffff, true};
    s.segment[kDs].limit = data_limit;
    for (unsigned n = 0; n < 8; ++n) s.gpr[n] = before.gpr[n];
    s.gpr[kRsp] = kStack;
    s.gpr[kRdi] = pointer;
    s.rip = code_at_;
    s.rflags = before.flags | 2;
    s.mxcsr = before.mxcsr;
    s.ymm = before.ymm;
    for (unsigned n = 0; n < 8; ++n) s.x87[n] = {before.significand[n], before.sign_exponent[n]};
    s.fcw = before.fcw;
    s.fsw = before.fsw;
    s.x87_empty = before.x87_empty;
    std::memset(host_.memory() + kPresentPage, 0x5a, 4096);
    const State start = s;
    host_.cpu().run(1);
    const State& end = host_.cpu().state();
    changed_ = end.ymm != start.ymm || end.mxcsr != start.mxcsr || end.fsw != start.fsw ||
               end.x87_empty != start.x87_empty;
    for (unsigned n = 0; n < 8; ++n) {
      changed_ |= n != kRsp && end.gpr[n] != start.gpr[n];
      changed_ |= end.x87[n].significand != start.x87[n].significand ||
                  end.x87[n].sign_exponent != start.x87[n].sign_exponent;
    }
    for (unsigned n = 0; n < 4096; ++n) changed_ |= host_.memory()[kPresentPage + n] != 0x5a;
    return end.rip >= kHandlers && end.rip < kHandlers + 32 ? static_cast<int>(end.rip - kHandlers)
                                                            : -1;
  }
  bool changed() const { return changed_; }
  std::uint64_t cr2() { return host_.cpu().state().cr2; }

  std::uint64_t cr0 = cr0::kPe | cr0::kEt | cr0::kNe | cr0::kPg;
  std::uint64_t cr4 = cr4::kOsfxsr | cr4::kOsxmmexcpt;
  std::uint32_t data_limit = 0xffffffff;

 private:
  FlatHost host_;
  std::uint64_t code_at_ = kCode;
  bool changed_ = false;
};

MachineState calm_state() {
  Random random(3);
  MachineState s = random_state(random);
  s.mxcsr = 0x1f80;  // no floating-point exception
  s.fsw &= 0x3800;
  return s;
}

bool uses_mmx(const SimdForm& form) {
  for (const Operand operand : {form.dst, form.src}) {
    if (operand == Operand::kMmx || operand == Operand::kMmxMem) return true;
  }
  return form.mnemonic == ZYDIS_MNEMONIC_EMMS;
}
// A conversion from memory to an XMM register, of the same mnemonic as that from an MMX register.
bool mmx_stays_out(const SimdForm& form, bool memory) {
  return memory && form.dst == Operand::kXmm && form.src == Operand::kMmxMem;
}
bool uses_xmm(const SimdForm& form) {
  for (const Operand operand : {form.dst, form.src}) {
    if (operand == Operand::kXmm || operand == Operand::kXmmMem) return true;
  }
  return form.mnemonic == ZYDIS_MNEMONIC_LDMXCSR || form.mnemonic == ZYDIS_MNEMONIC_STMXCSR;
}
// Any address will do for their 16 bytes.
bool unaligned(const SimdForm& form) {
  switch (form.mnemonic) {
    case ZYDIS_MNEMONIC_MOVUPS:
    case ZYDIS_MNEMONIC_MOVUPD:
    case ZYDIS_MNEMONIC_MOVDQU:
    case ZYDIS_MNEMONIC_LDDQU:
    case ZYDIS_MNEMONIC_PCMPESTRI:
    case ZYDIS_MNEMONIC_PCMPESTRM:
    case ZYDIS_MNEMONIC_PCMPISTRI:
    case ZYDIS_MNEMONIC_PCMPISTRM: return true;
    default: return form.memory != 16;
  }
}

template <typename Body>
void for_all_forms(Body body) {
  for (const SimdForm& form : simd_forms()) {
    if (needs_64_bit_mode(form) || form.vex || !implemented_features().has(form.feature)) continue;
    for (const bool memory : {false, true}) {
      if ((memory ? form.mem : form.reg) == nullptr) continue;
      SCOPED_TRACE(ZydisMnemonicGetString(form.mnemonic));
      Code code;
      ASSERT_TRUE(encode(form, memory, 1, 2, 1, code));
      body(form, memory, code);
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(SimdFaults, UnavailableUnits) {
  Machine machine;
  const MachineState before = calm_state();
  for_all_forms([&](const SimdForm& form, bool memory, const Code& code) {
    const bool mmx = uses_mmx(form) && !mmx_stays_out(form, memory);
    const bool sse = uses_xmm(form);
    const auto vector = [&](std::uint64_t cr0_bits, std::uint64_t cr4_value) {
      machine.cr0 = cr0::kPe | cr0::kEt | cr0::kNe | cr0::kPg | cr0_bits;
      machine.cr4 = cr4_value;
      return machine.run(code, before, kPresentPage);
    };
    constexpr std::uint64_t kOn = cr4::kOsfxsr;
    EXPECT_EQ(vector(0, kOn), form.mnemonic == ZYDIS_MNEMONIC_LDMXCSR ? kGp : -1);
    EXPECT_EQ(vector(0, 0), sse ? kUd : -1);
    EXPECT_EQ(vector(cr0::kEm, kOn), sse || mmx ? kUd : -1);
    EXPECT_EQ(vector(cr0::kTs, kOn), sse || mmx ? kNm : -1);
    if (sse || mmx) {
      EXPECT_FALSE(machine.changed());
    }
    EXPECT_EQ(vector(cr0::kEm | cr0::kTs, kOn), sse || mmx ? kUd : -1);
  });
}

TEST(SimdFaults, PendingX87ExceptionComesBeforeMmx) {
  Machine machine;
  MachineState before = calm_state();
  before.fcw = 0x37e;
  before.fsw = 0x8081;  // invalid operation, unmasked: ES and B
  for_all_forms([&](const SimdForm& form, bool memory, const Code& code) {
    if (form.mnemonic == ZYDIS_MNEMONIC_LDMXCSR) return;
    const bool mmx = uses_mmx(form) && !mmx_stays_out(form, memory);
    EXPECT_EQ(machine.run(code, before, kPresentPage), mmx ? kMf : -1);
    if (mmx) {
      EXPECT_FALSE(machine.changed());
    }
  });
}

TEST(SimdFaults, PageFaultsChangeNothing) {
  Machine machine;
  const MachineState before = calm_state();
  for_all_forms([&](const SimdForm& form, bool memory, const Code& code) {
    if (!memory) return;
    EXPECT_EQ(machine.run(code, before, kAbsentPage + 64), kPf);
    EXPECT_EQ(machine.cr2(), kAbsentPage + 64);
    EXPECT_FALSE(machine.changed());
    if (form.memory < 2 || form.memory > 16) return;
    // Half of the operand is there.
    const std::uint64_t pointer = kAbsentPage - form.memory / 2;
    EXPECT_EQ(machine.run(code, before, pointer), unaligned(form) ? kPf : kGp);
    if (unaligned(form)) {
      EXPECT_EQ(machine.cr2(), kAbsentPage);
    }
    EXPECT_FALSE(machine.changed());
  });
}

TEST(SimdFaults, SegmentLimits) {
  Machine machine;
  const MachineState before = calm_state();
  for_all_forms([&](const SimdForm& form, bool memory, const Code& code) {
    if (!memory || form.memory > 16) return;
    machine.data_limit = static_cast<std::uint32_t>(kPresentPage + 64 + form.memory - 1);
    if (form.mnemonic != ZYDIS_MNEMONIC_LDMXCSR) {
      EXPECT_EQ(machine.run(code, before, kPresentPage + 64), -1);
    }
    --machine.data_limit;
    EXPECT_EQ(machine.run(code, before, kPresentPage + 64), kGp);
    EXPECT_FALSE(machine.changed());
  });
}

TEST(SimdFaults, UnmaskedExceptionsWithoutOsxmmexcptAreUndefined) {
  Machine machine;
  machine.cr4 = cr4::kOsfxsr;
  MachineState before = calm_state();
  before.mxcsr = 0x1f80 & ~0x200u;  // divide by zero
  before.ymm[1] = {0x3f8000003f800000, 0x3f8000003f800000, 0, 0};
  before.ymm[2] = {};
  const Code divps{{0x0f, 0x5e, 0xca}, 3, 0};
  EXPECT_EQ(machine.run(divps, before, kPresentPage), kUd);
  EXPECT_EQ(machine.host().cpu().state().mxcsr, before.mxcsr | 4);
  EXPECT_EQ(machine.host().cpu().state().ymm[1], before.ymm[1]);
  machine.cr4 |= cr4::kOsxmmexcpt;
  EXPECT_EQ(machine.run(divps, before, kPresentPage), kXm);
}

TEST(SimdFaults, ReservedMxcsrBits) {
  Machine machine;
  const Code ldmxcsr{{0x0f, 0xae, 0x17}, 3, 0};
  const MachineState before = calm_state();
  EXPECT_EQ(machine.run(ldmxcsr, before, kPresentPage), kGp);  // 5a5a5a5a
  EXPECT_FALSE(machine.changed());
}

TEST(SimdFaults, MaskedStoresReachOnlySelectedBytes) {
  Machine machine;
  MachineState before = calm_state();
  const Code maskmovdqu{{0x66, 0x0f, 0xf7, 0xca}, 4, 0};  // XMM1 by the mask in XMM2
  before.ymm[1] = {0x0706050403020100, 0x0f0e0d0c0b0a0908, 0, 0};
  before.ymm[2] = {0x8000000000800080, 0, 0, 0};  // bytes 0, 2, 7
  // The upper half would be in the absent page.
  EXPECT_EQ(machine.run(maskmovdqu, before, kAbsentPage - 8), -1);
  const std::uint8_t expected[] = {0, 0x5a, 2, 0x5a, 0x5a, 0x5a, 0x5a, 7};
  EXPECT_EQ(std::memcmp(machine.host().memory() + kAbsentPage - 8, expected, 8), 0);
  before.ymm[2][1] = 0x80;
  EXPECT_EQ(machine.run(maskmovdqu, before, kAbsentPage - 8), kPf);
  EXPECT_FALSE(machine.changed());
}

TEST(SimdFaults, VexIsForProtectedMode) {
  FlatHost host(0x100000);
  const std::uint8_t andn[] = {0xc4, 0xe2, 0x70, 0xf2, 0xc2};  // ANDN EAX, ECX, EDX
  std::memcpy(host.memory() + 0x1000, andn, sizeof andn);
  host.memory()[kUd * 4 + 1] = 0x20;
  State& s = host.cpu().mutable_state();
  s.segment[kCs].selector = 0;
  s.segment[kCs].base = 0;
  s.gpr[kRsp] = 0x8000;
  s.rip = 0x1000;
  host.cpu().run(1);
  EXPECT_EQ(host.cpu().state().rip, 0x2000U);
}

}  // namespace

}  // namespace ice86::cpu::test
