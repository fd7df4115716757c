// SPDX-License-Identifier: LGPL-2.1-or-later
// Model-specific registers, CPUID, reset. Control registers are in control_registers.cpp.
// Reference: Intel SDM vol. 4; vol. 2A CPUID.
#include <algorithm>

#include "cpu/core.h"
#include "cpu/x87.h"

namespace ice86::cpu {

namespace {

// MSR addresses (SDM vol. 4).
enum Msr : std::uint32_t {
  kTimeStampCounter = 0x10,
  kPlatformId = 0x17,
  kApicBase = 0x1b,
  kFeatureControl = 0x3a,
  kBiosUpdateTrigger = 0x79,
  kBiosSignatureId = 0x8b,
  kMtrrCap = 0xfe,
  kSysenterCs = 0x174,
  kSysenterEsp = 0x175,
  kSysenterEip = 0x176,
  kMcgCap = 0x179,
  kMcgStatus = 0x17a,
  kMiscEnable = 0x1a0,
  kDebugCtl = 0x1d9,
  kMtrrPhysBase0 = 0x200,
  kMtrrFix64k = 0x250,
  kMtrrFix16k80000 = 0x258,
  kMtrrFix16kA0000 = 0x259,
  kMtrrFix4kC0000 = 0x268,
  kPat = 0x277,
  kMtrrDefType = 0x2ff
};

// The variable-range MTRR pairs, the fixed ranges and write-combining: MTRRcap.
constexpr std::uint64_t kMtrrCapValue = 8 | 1u << 8 | 1u << 10;
constexpr std::uint64_t kApicBaseReset = 0xfee00000 | 1u << 8;  // BSP; the APIC itself is off
constexpr std::uint64_t kPatReset = 0x0007040600070406;

std::uint64_t* fixed_mtrr(Core::Msrs& msr, std::uint32_t index) {
  if (index == kMtrrFix64k) return &msr.mtrr_fixed[0];
  if (index == kMtrrFix16k80000) return &msr.mtrr_fixed[1];
  if (index == kMtrrFix16kA0000) return &msr.mtrr_fixed[2];
  if (index >= kMtrrFix4kC0000 && index < kMtrrFix4kC0000 + 8)
    return &msr.mtrr_fixed[3 + index - kMtrrFix4kC0000];
  return nullptr;
}

// Registers that hold what was written, nothing more.
std::uint64_t* plain_msr(Core::Msrs& msr, std::uint32_t index) {
  switch (index) {
    case kApicBase: return &msr.apic_base;
    case kSysenterCs: return &msr.sysenter_cs;
    case kSysenterEsp: return &msr.sysenter_esp;
    case kSysenterEip: return &msr.sysenter_eip;
    case kBiosSignatureId: return &msr.microcode;
    case kMiscEnable: return &msr.misc_enable;
    case kDebugCtl: return &msr.debugctl;
    case kPat: return &msr.pat;
    case kMtrrDefType: return &msr.mtrr_default;
    default: break;
  }
  if (index >= kMtrrPhysBase0 && index < kMtrrPhysBase0 + msr.mtrr_variable.size()) {
    return &msr.mtrr_variable[index - kMtrrPhysBase0];
  }
  return fixed_mtrr(msr, index);
}

constexpr std::uint32_t kSignature = 0x00000673;  // family 6, model 7, stepping 3

}  // namespace

// A Pentium III class CPU. It says only what is there.
void Core::cpuid() {
  const auto index = static_cast<std::uint32_t>(s.gpr[kRax]);
  const auto set = [&](std::uint32_t eax, std::uint32_t ebx, std::uint32_t ecx, std::uint32_t edx) {
    s.gpr[kRax] = eax;
    s.gpr[kRbx] = ebx;
    s.gpr[kRcx] = ecx;
    s.gpr[kRdx] = edx;
  };
  if (index >= 0x80000000 && index < 0xc0000000) return set(0, 0, 0, 0);
  if (index == 0) return set(1, 0x756e6547, 0x6c65746e, 0x49656e69);  // GenuineIntel
  // Beyond the last leaf the highest basic one answers (SDM vol. 2A, CPUID).
  set(kSignature, 0, cpuid_bits(features, 1, 0, CpuidRegister::kEcx),
      cpuid_bits(features, 1, 0, CpuidRegister::kEdx));
}

bool Core::read_msr(std::uint32_t index, std::uint64_t& value) {
  const MsrAnswer answer = read_mode_msr(index, value);
  if (answer != MsrAnswer::kUnknown) return answer == MsrAnswer::kDone;
  if (const std::uint64_t* plain = plain_msr(msr, index)) {
    value = *plain;
    return true;
  }
  switch (index) {
    case kTimeStampCounter:
      sync_count();
      value = host.timestamp_counter() + msr.tsc_offset;
      return true;
    case kMtrrCap: value = kMtrrCapValue; return true;
    case kPlatformId:
    case kFeatureControl:
    case kMcgCap:
    case kMcgStatus: value = 0; return true;
    default: break;
  }
  if (trace.wants(TraceCategory::kCpu))
    trace.emit(TraceCategory::kCpu, "msr-unknown", {{"msr", index}, {"write", 0U}});
  return raise(kGp, 0);
}

bool Core::write_msr(std::uint32_t index, std::uint64_t value) {
  const MsrAnswer answer = write_mode_msr(index, value);
  if (answer != MsrAnswer::kUnknown) return answer == MsrAnswer::kDone;
  if (std::uint64_t* plain = plain_msr(msr, index)) {
    *plain = value;
    return true;
  }
  switch (index) {
    case kTimeStampCounter:
      sync_count();
      msr.tsc_offset = value - host.timestamp_counter();
      return true;
    case kBiosUpdateTrigger:
    case kMcgStatus: return true;
    default: break;
  }
  if (trace.wants(TraceCategory::kCpu)) {
    trace.emit(TraceCategory::kCpu, "msr-unknown",
               {{"msr", index}, {"write", 1U}, {"value", value}});
  }
  return raise(kGp, 0);
}

void Core::reset(ResetKind kind) {
  // SDM vol. 3A table 9-1.
  const State old = s;
  s = State{};
  s.rip = 0xfff0;
  s.gpr[kRdx] = kSignature;
  s.cr0 = cr0::kCd | cr0::kNw | cr0::kEt;
  for (Segment& segment : s.segment) {
    segment.limit = 0xffff;
    segment.attributes = 0x9300;
  }
  s.segment[kCs].selector = 0xf000;
  s.segment[kCs].base = 0xffff0000;
  s.gdtr.limit = s.idtr.limit = 0xffff;
  s.ldtr.limit = s.tr.limit = 0xffff;
  s.ldtr.attributes = 0x8200;
  s.tr.attributes = 0x8b00;
  s.dr[6] = 0xffff0ff0;
  s.dr[7] = 0x400;
  s.fcw = x87::kResetControl;
  s.x87_empty = 0;
  if (kind == ResetKind::kInit) {
    // INIT keeps the caches' bits, x87 and SSE state, and most MSRs.
    s.cr0 = (old.cr0 & (cr0::kCd | cr0::kNw)) | cr0::kEt;
    s.x87 = old.x87;
    s.fcw = old.fcw;
    s.fsw = old.fsw;
    s.x87_empty = old.x87_empty;
    s.fop = old.fop;
    s.fip = old.fip;
    s.fcs = old.fcs;
    s.fdp = old.fdp;
    s.fds = old.fds;
    s.ymm = old.ymm;
    s.mxcsr = old.mxcsr;
    s.smbase = old.smbase;
  } else {
    ferr = ignne = false;
    msr = Msrs{};
    random_state = 0;
    msr.apic_base = kApicBaseReset;
    msr.pat = kPatReset;
  }
  lf.load(0);
  linear_mask = 0xffffffff;
  flush_tlb();
  set_cpl(0);
  update_mode();
}

}  // namespace ice86::cpu
