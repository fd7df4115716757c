// SPDX-License-Identifier: LGPL-2.1-or-later
// Fast system calls, and the instructions that came with long mode and after it: SWAPGS, FS and GS
// base, RDTSCP, INVPCID.
// Reference: Intel SDM vol. 2 and vol. 3A section 5.8.7; AMD APM vol. 3 (SYSCALL, SYSRET) where the
// two differ.
#include "cpu/core.h"
#include "cpu/interp/handlers.h"

namespace ice86::cpu {

namespace {

enum class CodeKind { k32, k64 };

// Flat segments as the fast calls load them, without descriptors.
Descriptor flat(unsigned dpl) {
  Descriptor d;
  d.low = 0x0000ffff;
  d.high = 0x00cf9300 | dpl << 13;
  return d;
}
void flat_code(Core& c, std::uint16_t selector, unsigned dpl, CodeKind kind) {
  Descriptor d = flat(dpl);
  d.high |= 0x800;
  if (kind == CodeKind::k64) d.high ^= 0x00600000;  // L instead of D
  c.set_segment(kCs, selector, d);
}
void flat_stack(Core& c, std::uint16_t selector, unsigned dpl) {
  c.set_segment(kSs, selector, flat(dpl));
}
constexpr std::uint16_t plus(std::uint64_t selector, unsigned more, unsigned rpl) {
  return static_cast<std::uint16_t>(((selector & 0xfffc) + more) | rpl);
}

Flow sysenter(Core& c, const Insn&) {
  const std::uint64_t selector = c.msr.sysenter_cs;
  if (!c.protected_mode() || (selector & 0xfffc) == 0) return c.raised(kGp, 0);
  const bool to_64 = c.long_active();
  c.s.rflags &= ~static_cast<std::uint64_t>(flag::kVm | flag::kIf | flag::kRf);
  c.set_cpl(0);
  c.update_mode();
  flat_code(c, plus(selector, 0, 0), 0, to_64 ? CodeKind::k64 : CodeKind::k32);
  flat_stack(c, plus(selector, 8, 0), 0);
  const std::uint64_t mask = to_64 ? ~std::uint64_t{0} : 0xffffffff;
  c.s.gpr[kRsp] = c.msr.sysenter_esp & mask;
  c.s.rip = c.msr.sysenter_eip & mask;
  return Flow::kLeave;
}

Flow sysexit(Core& c, const Insn& i) {
  const std::uint64_t selector = c.msr.sysenter_cs;
  if (!c.protected_mode() || (selector & 0xfffc) == 0 || c.cpl != 0) return c.raised(kGp, 0);
  const bool to_64 = i.operand_size == 8;
  const std::uint64_t target = c.s.gpr[kRdx];
  const std::uint64_t stack = c.s.gpr[kRcx];
  if (to_64 && (!Core::canonical(target) || !Core::canonical(stack))) return c.raised(kGp, 0);
  c.s.rip = to_64 ? target : target & 0xffffffff;
  c.s.gpr[kRsp] = to_64 ? stack : stack & 0xffffffff;
  flat_code(c, plus(selector, to_64 ? 32 : 16, 3), 3, to_64 ? CodeKind::k64 : CodeKind::k32);
  flat_stack(c, plus(selector, to_64 ? 40 : 24, 3), 3);
  c.set_cpl(3);
  return Flow::kLeave;
}

// Intel's processors have SYSCALL in 64-bit mode only; AMD's have it everywhere in protected mode.
bool syscall_here(Core& c) {
  if ((c.s.efer & efer::kSce) == 0 || c.real_or_v86()) return false;
  return c.code64 || c.is_amd();
}

Flow syscall(Core& c, const Insn&) {
  if (!syscall_here(c)) return c.raised(kUd);
  const std::uint64_t selectors = c.msr.star >> 32;
  if (c.long_active()) {
    const std::uint32_t saved = c.flags() & ~flag::kRf;
    c.s.gpr[kRcx] = c.s.rip;
    c.s.gpr[kR11] = saved;
    const std::uint64_t target = c.code64 ? c.msr.lstar : c.msr.cstar;
    c.set_flags(saved & ~static_cast<std::uint32_t>(c.msr.fmask));
    flat_code(c, plus(selectors, 0, 0), 0, CodeKind::k64);
    c.s.rip = target;
  } else {
    c.s.gpr[kRcx] = c.s.rip;
    c.set_flags(c.flags() & ~(flag::kIf | flag::kRf | flag::kVm));
    flat_code(c, plus(selectors, 0, 0), 0, CodeKind::k32);
    c.s.rip = c.msr.star & 0xffffffff;
  }
  flat_stack(c, plus(selectors, 8, 0), 0);
  c.set_cpl(0);
  return Flow::kLeave;
}

Flow sysret(Core& c, const Insn& i) {
  if (!syscall_here(c)) return c.raised(kUd);
  if (c.cpl != 0) return c.raised(kGp, 0);
  const std::uint64_t selectors = c.msr.star >> 48;
  const bool to_64 = i.operand_size == 8;
  // AMD's processors take the fault of a bad target at CPL 3, in the user's code.
  if (to_64 && !c.is_amd() && !Core::canonical(c.s.gpr[kRcx])) return c.raised(kGp, 0);
  const std::uint64_t target = to_64 ? c.s.gpr[kRcx] : c.s.gpr[kRcx] & 0xffffffff;
  flat_code(c, plus(selectors, to_64 ? 16 : 0, 3), 3, to_64 ? CodeKind::k64 : CodeKind::k32);
  if (c.is_amd()) {
    // Only the selector is loaded, and the level changes.
    Segment& stack = c.s.segment[kSs];
    stack.selector = plus(selectors, 8, 3);
    stack.attributes |= 3u << 13;
    c.update_view(kSs);
  } else {
    flat_stack(c, plus(selectors, 8, 3), 3);
  }
  if (c.long_active()) {
    c.set_flags((static_cast<std::uint32_t>(c.s.gpr[kR11]) & ~(flag::kRf | flag::kVm)));
  } else {
    c.s.rflags |= flag::kIf;
  }
  c.s.rip = target;
  c.set_cpl(3);
  return Flow::kLeave;
}

Flow swapgs(Core& c, const Insn&) {
  if (!c.need_cpl0()) return Flow::kFault;
  std::swap(c.s.segment[kGs].base, c.msr.kernel_gs_base);
  c.update_view(kGs);
  return Flow::kNext;
}

// RDFSBASE, RDGSBASE, WRFSBASE, WRGSBASE: Insn::code is the segment.
Flow read_base(Core& c, const Insn& i) {
  if ((c.s.cr4 & cr4::kFsgsbase) == 0) return c.raised(kUd);
  const std::uint64_t base = c.s.segment[i.code].base;
  if (i.operand_size == 8) {
    c.set_reg<std::uint64_t>(i.dst, base);
  } else {
    c.set_reg<std::uint32_t>(i.dst, static_cast<std::uint32_t>(base));
  }
  return Flow::kNext;
}
Flow write_base(Core& c, const Insn& i) {
  if ((c.s.cr4 & cr4::kFsgsbase) == 0) return c.raised(kUd);
  const std::uint64_t base =
      i.operand_size == 8 ? c.reg<std::uint64_t>(i.dst) : c.reg<std::uint32_t>(i.dst);
  if (!Core::canonical(base)) return c.raised(kGp, 0);
  c.s.segment[i.code].base = base;
  c.update_view(i.code);
  return Flow::kNext;
}

Flow rdtscp(Core& c, const Insn&) {
  if ((c.s.cr4 & cr4::kTsd) != 0 && c.cpl != 0) return c.raised(kGp, 0);
  const std::uint64_t value = c.timestamp();
  c.s.gpr[kRax] = value & 0xffffffff;
  c.s.gpr[kRdx] = value >> 32;
  c.s.gpr[kRcx] = c.msr.tsc_aux;
  return Flow::kNext;
}

// The TLB does not tell PCIDs apart: MOV to CR3 empties it, and so does this, of global pages when
// the type says so.
Flow invpcid(Core& c, const Insn& i) {
  if (c.v8086() || !c.need_cpl0()) return c.raised(kGp, 0);
  const std::uint64_t type = c.code64 ? c.reg<std::uint64_t>(i.dst) : c.reg<std::uint32_t>(i.dst);
  const std::uint64_t at = c.effective(i);
  std::uint64_t pcid = 0;
  std::uint64_t linear = 0;
  if (!c.read(i.segment, at, pcid) || !c.read(i.segment, at + 8, linear)) return Flow::kFault;
  if (type > 3 || (type < 2 && pcid >> 12 != 0)) return c.raised(kGp, 0);
  const bool has_pcids = (c.s.cr4 & cr4::kPcide) != 0;
  if (type < 2 && !has_pcids && pcid != 0) return c.raised(kGp, 0);
  if (type == 0 && !Core::canonical(linear)) return c.raised(kGp, 0);
  switch (type) {
    case 0: c.flush_tlb_page(linear); break;
    case 2: c.flush_tlb(); break;
    default: c.flush_tlb_but_global(); break;
  }
  return Flow::kLeave;
}

}  // namespace

Handler long_mode_handler(System op) {
  switch (op) {
    case System::kSysenter: return sysenter;
    case System::kSysexit: return sysexit;
    case System::kSyscall: return syscall;
    case System::kSysret: return sysret;
    case System::kSwapgs: return swapgs;
    case System::kReadBase: return read_base;
    case System::kWriteBase: return write_base;
    case System::kRdtscp: return rdtscp;
    case System::kInvpcid: return invpcid;
    default: return nullptr;
  }
}

}  // namespace ice86::cpu
