// SPDX-License-Identifier: LGPL-2.1-or-later
// CR0 to CR8 and EFER: what may be written when, and what follows from it.
// Reference: Intel SDM vol. 3A sections 2.5 (control registers), 4.1.2 (paging-mode modification),
// 4.4.1 (PDPTE registers), 4.10.4 (what flushes the TLB), 9.8.5 (activating IA-32e mode).
#include "cpu/core.h"

namespace ice86::cpu {

namespace {

constexpr unsigned kCodeLong = 21;  // attribute bit CS.L

struct Cr4Bit {
  std::uint64_t bit;
  Feature feature;
};
constexpr Cr4Bit kCr4Bits[] = {{cr4::kVme | cr4::kPvi, Feature::kVme},
                               {cr4::kTsd, Feature::kTsc},
                               {cr4::kDe, Feature::kDe},
                               {cr4::kPse, Feature::kPse},
                               {cr4::kPae, Feature::kPae},
                               {cr4::kMce, Feature::kMce},
                               {cr4::kPge, Feature::kPge},
                               {cr4::kOsfxsr, Feature::kFxsr},
                               {cr4::kOsxmmexcpt, Feature::kSse},
                               {cr4::kUmip, Feature::kUmip},
                               {cr4::kFsgsbase, Feature::kFsgsbase},
                               {cr4::kPcide, Feature::kPcid},
                               {cr4::kOsxsave, Feature::kXsave},
                               {cr4::kSmep, Feature::kSmep},
                               {cr4::kSmap, Feature::kSmap}};

}  // namespace

// CPUID's vendor string.
bool Core::is_amd() const {
  const CpuModel::Leaf* const vendor = model.find(0, 0);
  return vendor != nullptr && vendor->values[1] == 0x68747541;  // "Auth"enticAMD
}

bool Core::write_cr0(std::uint64_t value) {
  constexpr std::uint64_t kKnown = cr0::kPe | cr0::kMp | cr0::kEm | cr0::kTs | cr0::kNe | cr0::kWp |
                                   cr0::kAm | cr0::kNw | cr0::kCd | cr0::kPg;
  if (value >> 32 != 0) return raise(kGp, 0);
  if ((value & cr0::kPg) != 0 && (value & cr0::kPe) == 0) return raise(kGp, 0);
  if ((value & cr0::kNw) != 0 && (value & cr0::kCd) == 0) return raise(kGp, 0);
  const std::uint64_t next = (value & kKnown) | cr0::kEt;
  const std::uint64_t changed = s.cr0 ^ next;
  const bool paging = (next & cr0::kPg) != 0;
  std::uint64_t next_efer = s.efer;
  if ((changed & cr0::kPg) != 0) {
    if (paging && (s.efer & efer::kLme) != 0) {
      const unsigned task = bits(s.tr.attributes, 11, 8);
      if ((s.cr4 & cr4::kPae) == 0 || bit(s.segment[kCs].attributes, kCodeLong))
        return raise(kGp, 0);
      if (s.tr.usable && (task == kTss16Available || task == kTss16Busy)) return raise(kGp, 0);
      next_efer |= efer::kLma;
    } else if (!paging) {
      if (code64 || (s.cr4 & cr4::kPcide) != 0) return raise(kGp, 0);
      next_efer &= ~efer::kLma;
    }
  }
  const bool pae = paging && (s.cr4 & cr4::kPae) != 0 && (next_efer & efer::kLma) == 0;
  if (pae && (changed & (cr0::kPg | cr0::kCd | cr0::kNw)) != 0 && !load_pdptes(s.cr3)) return false;
  s.cr0 = next;
  s.efer = next_efer;
  if ((changed & cr0::kPg) != 0 || ((changed & cr0::kWp) != 0 && paging)) flush_tlb();
  // CPL is 0 on both sides of a change of PE; segments keep their hidden parts.
  if ((changed & cr0::kPe) != 0) set_cpl(0);
  if ((changed & (cr0::kPe | cr0::kPg)) != 0) update_mode();
  update_rights();
  return true;
}

bool Core::write_cr3(std::uint64_t value) {
  const std::uint64_t reserved = ~((std::uint64_t{1} << physical_bits()) - 1);
  if ((s.efer & efer::kLma) != 0) {
    // With PCIDs, bit 63 asks to keep the TLB: a hint that need not be followed.
    if ((s.cr4 & cr4::kPcide) != 0) value &= ~(std::uint64_t{1} << 63);
    if ((value & reserved) != 0) return raise(kGp, 0);
  } else if ((s.cr0 & cr0::kPg) != 0 && (s.cr4 & cr4::kPae) != 0) {
    if (!load_pdptes(value)) return false;
  }
  s.cr3 = value;
  flush_tlb_but_global();
  return true;
}

bool Core::write_cr4(std::uint64_t value) {
  std::uint64_t known = cr4::kPce;
  for (const Cr4Bit& entry : kCr4Bits) {
    if (has(entry.feature)) known |= entry.bit;
  }
  if ((value & ~known) != 0) return raise(kGp, 0);
  const std::uint64_t changed = s.cr4 ^ value;
  const bool long_active = (s.efer & efer::kLma) != 0;
  if (long_active && (value & cr4::kPae) == 0) return raise(kGp, 0);
  if ((changed & value & cr4::kPcide) != 0 && (!long_active || (s.cr3 & 0xfff) != 0))
    return raise(kGp, 0);
  const bool pae = (s.cr0 & cr0::kPg) != 0 && (value & cr4::kPae) != 0 && !long_active;
  constexpr std::uint64_t kLoads = cr4::kPae | cr4::kPge | cr4::kPse | cr4::kSmep;
  if (pae && (changed & kLoads) != 0 && !load_pdptes(s.cr3)) return false;
  s.cr4 = value;
  // SDM vol. 3A section 4.10.4.1; SMAP, too, is in what the TLB says.
  constexpr std::uint64_t kOfPaging =
      cr4::kPse | cr4::kPae | cr4::kPge | cr4::kPcide | cr4::kSmep | cr4::kSmap;
  if ((changed & kOfPaging) != 0) flush_tlb();
  update_rights();
  if ((changed & cr4::kDe) != 0) update_breakpoints();
  return true;
}

bool Core::write_cr(unsigned number, std::uint64_t value) {
  switch (number) {
    case 0: return write_cr0(value);
    case 2: s.cr2 = value; return true;
    case 3: return write_cr3(value);
    case 4: return write_cr4(value);
    case 8: return write_cr8(value);
    default: return raise(kUd);
  }
}

bool Core::write_efer(std::uint64_t value) {
  std::uint64_t known = efer::kLma;
  if (has(Feature::kSyscall)) known |= efer::kSce;
  if (has(Feature::kLm)) known |= efer::kLme;
  if (has(Feature::kNx)) known |= efer::kNxe;
  if ((value & ~known) != 0) return raise(kGp, 0);
  const std::uint64_t next = (value & ~efer::kLma) | (s.efer & efer::kLma);
  const std::uint64_t changed = s.efer ^ next;
  if ((changed & efer::kLme) != 0 && (s.cr0 & cr0::kPg) != 0) return raise(kGp, 0);
  s.efer = next;
  if ((changed & efer::kNxe) != 0) flush_tlb();
  return true;
}

bool Core::write_cr8(std::uint64_t value) {
  if (value > 15) return raise(kGp, 0);
  s.cr8 = value;
  sync_count();
  host.set_task_priority(static_cast<std::uint8_t>(value));
  return true;
}

namespace {

// MSRs of long mode (SDM vol. 4 table 2-2).
enum ModeMsr : std::uint32_t {
  kEfer = 0xc0000080,
  kStar,
  kLstar,
  kCstar,
  kFmask,
  kFsBase = 0xc0000100,
  kGsBase,
  kKernelGsBase,
  kTscAux
};

}  // namespace

// The register's place, when the CPU has it. EFER is apart.
std::uint64_t* Core::mode_msr(std::uint32_t index) {
  const bool fast_calls = has(Feature::kSyscall);
  const bool bases = has(Feature::kLm);
  switch (index) {
    case kStar: return fast_calls ? &msr.star : nullptr;
    case kLstar: return bases ? &msr.lstar : nullptr;
    case kCstar: return bases ? &msr.cstar : nullptr;
    case kFmask: return bases ? &msr.fmask : nullptr;
    case kFsBase: return bases ? &s.segment[kFs].base : nullptr;
    case kGsBase: return bases ? &s.segment[kGs].base : nullptr;
    case kKernelGsBase: return bases ? &msr.kernel_gs_base : nullptr;
    case kTscAux: return has(Feature::kRdtscp) ? &msr.tsc_aux : nullptr;
    default: return nullptr;
  }
}

Core::MsrAnswer Core::read_mode_msr(std::uint32_t index, std::uint64_t& value) {
  if (index == kEfer && has_efer()) {
    value = s.efer;
    return MsrAnswer::kDone;
  }
  const std::uint64_t* const place = mode_msr(index);
  if (place == nullptr) return MsrAnswer::kUnknown;
  value = *place;
  return MsrAnswer::kDone;
}

Core::MsrAnswer Core::write_mode_msr(std::uint32_t index, std::uint64_t value) {
  if (index == kEfer && has_efer()) return write_efer(value) ? MsrAnswer::kDone : MsrAnswer::kFault;
  std::uint64_t* const place = mode_msr(index);
  if (place == nullptr) return MsrAnswer::kUnknown;
  const bool half = index == kFmask || index == kTscAux;
  const bool address = index != kStar && !half;
  if ((half && value >> 32 != 0) || (address && !canonical(value))) {
    raise(kGp, 0);
    return MsrAnswer::kFault;
  }
  *place = value;
  if (index == kFsBase) update_view(kFs);
  if (index == kGsBase) update_view(kGs);
  return MsrAnswer::kDone;
}

}  // namespace ice86::cpu
