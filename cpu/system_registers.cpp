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
  kApicBase = 0x1b,
  kTscAdjust = 0x3b,
  kPlatformInfo = 0xce,
  kSysenterCs = 0x174,
  kSysenterEsp = 0x175,
  kSysenterEip = 0x176,
  kTscDeadline = 0x6e0,
  kX2ApicFirst = 0x800,
  kX2ApicLast = 0x8ff
};

// IA32_APIC_BASE (SDM vol. 3A section 11.4.4).
constexpr std::uint64_t kApicBsp = 1u << 8;
constexpr std::uint64_t kApicX2 = 1u << 10;
constexpr std::uint64_t kApicEnable = 1u << 11;
constexpr std::uint64_t kApicPlace = 0xfee00000;

}  // namespace

std::uint64_t Core::timestamp() {
  sync_count();
  return host.timestamp_counter() + msr.tsc_offset;
}

// A deadline is in the guest's count: it moves with it.
bool Core::write_timestamp(std::uint64_t value) {
  const std::uint64_t deadline = host.tsc_deadline();
  const std::uint64_t moved = value - timestamp();
  msr.tsc_offset += moved;
  msr.tsc_adjust += moved;
  if (deadline != 0) host.set_tsc_deadline(std::max<std::uint64_t>(deadline - moved, 1));
  return true;
}

bool Core::write_apic_base(std::uint64_t value) {
  const CpuModel::Leaf* sizes = model.find(0x80000008, 0);
  const unsigned bits = sizes != nullptr ? std::clamp(sizes->values[0] & 0xff, 32u, 52u) : 36;
  const std::uint64_t modes = kApicEnable | (has(Feature::kX2apic) ? kApicX2 : 0);
  const std::uint64_t place = ((std::uint64_t{1} << bits) - 1) & ~std::uint64_t{0xfff};
  if ((value & ~(place | modes | kApicBsp)) != 0) return raise(kGp, 0);
  // x2APIC mode is entered from xAPIC mode, and left by disabling (SDM vol. 3A section 11.12.5).
  const bool was_on = (msr.apic_base & kApicEnable) != 0, was_x2 = (msr.apic_base & kApicX2) != 0;
  const bool on = (value & kApicEnable) != 0, x2 = (value & kApicX2) != 0;
  if ((x2 && !on) || (x2 && !was_on) || (was_x2 && on && !x2)) return raise(kGp, 0);
  msr.apic_base = (value & ~kApicBsp) | (msr.apic_base & kApicBsp);
  host.apic_base_changed(msr.apic_base);
  return true;
}

bool Core::read_msr(std::uint32_t index, std::uint64_t& value) {
  const MsrAnswer answer = read_mode_msr(index, value);
  if (answer != MsrAnswer::kUnknown) return answer == MsrAnswer::kDone;
  switch (index) {
    case kTimeStampCounter: value = timestamp(); return true;
    case kTscAdjust:
      if (!has(Feature::kTscAdjust)) break;
      value = msr.tsc_adjust;
      return true;
    case kApicBase:
      if (!has(Feature::kApic)) break;
      value = msr.apic_base;
      return true;
    case kSysenterCs:
    case kSysenterEsp:
    case kSysenterEip:
      if (!has(Feature::kSep)) break;
      value = index == kSysenterCs    ? msr.sysenter_cs
              : index == kSysenterEsp ? msr.sysenter_esp
                                      : msr.sysenter_eip;
      return true;
    case kTscDeadline:
      if (!has(Feature::kTscDeadline)) break;
      value = host.tsc_deadline();
      if (value != 0) value += msr.tsc_offset;
      return true;
    default: break;
  }
  if (index >= kX2ApicFirst && index <= kX2ApicLast && (msr.apic_base & kApicX2) != 0) {
    sync_count();
    return host.x2apic_read(index, value) ? true : raise(kGp, 0);
  }
  switch (msrs.read(index, value)) {
    case MsrFile::Answer::kDone:
      // The ratio of the counter's rate to the 100 MHz bus clock, in bits 15:8.
      if (index == kPlatformInfo) {
        const std::uint64_t ratio =
            std::clamp<std::uint64_t>(host.timestamp_hz() / 100'000'000, 1, 255);
        value = (value & ~std::uint64_t{0xff00}) | ratio << 8;
      }
      return true;
    case MsrFile::Answer::kFault: return raise(kGp, 0);
    case MsrFile::Answer::kUnknown: break;
  }
  if (trace.wants(TraceCategory::kCpu)) {
    sync_count();
    trace.emit(TraceCategory::kCpu, "msr-unknown", {{"msr", index}, {"write", 0U}});
  }
  return raise(kGp, 0);
}

bool Core::write_msr(std::uint32_t index, std::uint64_t value) {
  const MsrAnswer answer = write_mode_msr(index, value);
  if (answer != MsrAnswer::kUnknown) return answer == MsrAnswer::kDone;
  switch (index) {
    case kTimeStampCounter: return write_timestamp(value);
    case kTscAdjust:
      if (!has(Feature::kTscAdjust)) break;
      return write_timestamp(timestamp() + value - msr.tsc_adjust);
    case kApicBase:
      if (!has(Feature::kApic)) break;
      return write_apic_base(value);
    case kSysenterCs:
      if (!has(Feature::kSep)) break;
      msr.sysenter_cs = value & 0xffffffff;
      return true;
    case kSysenterEsp:
      if (!has(Feature::kSep)) break;
      msr.sysenter_esp = value;
      return true;
    case kSysenterEip:
      if (!has(Feature::kSep)) break;
      msr.sysenter_eip = value;
      return true;
    case kTscDeadline:
      if (!has(Feature::kTscDeadline)) break;
      sync_count();
      // A deadline that has passed already counts as now.
      host.set_tsc_deadline(value == 0 ? 0 : std::max<std::uint64_t>(value - msr.tsc_offset, 1));
      return true;
    default: break;
  }
  if (index >= kX2ApicFirst && index <= kX2ApicLast && (msr.apic_base & kApicX2) != 0) {
    sync_count();
    return host.x2apic_write(index, value) ? true : raise(kGp, 0);
  }
  switch (msrs.write(index, value)) {
    case MsrFile::Answer::kDone: return true;
    case MsrFile::Answer::kFault: return raise(kGp, 0);
    case MsrFile::Answer::kUnknown: break;
  }
  if (trace.wants(TraceCategory::kCpu)) {
    sync_count();
    trace.emit(TraceCategory::kCpu, "msr-unknown",
               {{"msr", index}, {"write", 1U}, {"value", value}});
  }
  return raise(kGp, 0);
}

void Core::reset(ResetKind kind) {
  reset_state(kind);
  if (kind != ResetKind::kInit) host.apic_base_changed(msr.apic_base);
}

void Core::reset_state(ResetKind kind) {
  // SDM vol. 3A table 9-1.
  const State old = s;
  crossing_stopped_at_ = 0;
  s = State{};
  s.rip = 0xfff0;
  s.gpr[kRdx] = model.find(1, 0)->values[0];
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
    msr.apic_base = has(Feature::kApic) ? kApicPlace | kApicEnable | kApicBsp : 0;
    msrs.reset();
  }
  lf.load(0);
  pending_debug_ = 0;
  repeating_ = delivered_ = false;
  flush_tlb();
  update_breakpoints();
  set_cpl(0);
  update_mode();
}

}  // namespace ice86::cpu
