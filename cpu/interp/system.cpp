// SPDX-License-Identifier: LGPL-2.1-or-later
// Privileged instructions, descriptor-table instructions, I/O ports.
// Reference: Intel SDM vol. 2 and vol. 3A chapter 2.
#include "cpu/core.h"
#include "cpu/interp/handlers.h"
#include "cpu/interp/sized.h"

namespace ice86::cpu {

namespace {

constexpr unsigned kAxOffset = 0;
constexpr std::uint64_t kAddressMask[] = {0xffff, 0xffffffff, ~std::uint64_t{0}};

template <bool out, typename T>
struct Port {
  static Flow run(Core& c, const Insn& i) {
    const auto port = i.code != 0 ? static_cast<std::uint16_t>(c.s.gpr[kRdx])
                                  : static_cast<std::uint16_t>(i.imm & 0xff);
    if (!c.check_io(port, sizeof(T))) return Flow::kFault;
    c.sync_count();
    if constexpr (out) {
      c.host.port_write(port, sizeof(T), c.reg<T>(kAxOffset));
    } else {
      c.set_reg<T>(kAxOffset, static_cast<T>(c.host.port_read(port, sizeof(T))));
    }
    c.port_accessed(port, sizeof(T));
    return Flow::kNext;
  }
};
template <typename T>
using In = Port<false, T>;
template <typename T>
using Out = Port<true, T>;

bool read_word_operand(Core& c, const Insn& i, Form form, std::uint16_t& value) {
  if (form == Form::kM) return c.read(i.segment, c.effective(i), value);
  value = c.reg<std::uint16_t>(i.dst);
  return true;
}

// A 16-bit system value: memory gets 16 bits, a register the operand size.
Flow store_word(Core& c, const Insn& i, Form form, std::uint32_t value) {
  if (form == Form::kM)
    return c.write(i.segment, c.effective(i), static_cast<std::uint16_t>(value)) ? Flow::kNext
                                                                                 : Flow::kFault;
  if (i.operand_size == 2) {
    c.set_reg<std::uint16_t>(i.dst, static_cast<std::uint16_t>(value));
  } else {
    c.set_reg<std::uint32_t>(i.dst, value);
  }
  return Flow::kNext;
}

Flow hlt(Core& c, const Insn&) {
  if (!c.need_cpl0()) return Flow::kFault;
  c.s.halted = true;
  return Flow::kLeave;
}
Flow nop(Core&, const Insn&) {
  return Flow::kNext;
}
Flow rsm(Core& c, const Insn&) {
  return c.leave_smm();
}
Flow undefined(Core& c, const Insn&) {
  return c.raised(kUd);
}

template <bool idt>
Flow load_table(Core& c, const Insn& i) {
  if (!c.need_cpl0()) return Flow::kFault;
  const std::uint64_t at = c.effective(i);
  const std::uint64_t second = (at + 2) & kAddressMask[i.address_size];
  DescriptorTable& table = idt ? c.s.idtr : c.s.gdtr;
  std::uint16_t limit = 0;
  if (!c.read(i.segment, at, limit)) return Flow::kFault;
  if (c.code64) {
    std::uint64_t base = 0;
    if (!c.read(i.segment, second, base)) return Flow::kFault;
    if (!Core::canonical(base)) return c.raised(kGp, 0);
    table = {base, limit};
    return Flow::kNext;
  }
  std::uint32_t base = 0;
  if (!c.read(i.segment, second, base)) return Flow::kFault;
  table = {i.operand_size == 2 ? base & 0xffffff : base, limit};
  return Flow::kNext;
}
// CR4.UMIP keeps what user programs learn of the system's tables from them.
bool hidden_from_user(Core& c) {
  if (c.cpl == 0 || (c.s.cr4 & cr4::kUmip) == 0) return false;
  c.raise(kGp, 0);
  return true;
}

template <bool idt>
Flow store_table(Core& c, const Insn& i) {
  if (hidden_from_user(c)) return Flow::kFault;
  const std::uint64_t at = c.effective(i);
  const DescriptorTable& table = idt ? c.s.idtr : c.s.gdtr;
  const std::uint64_t second = (at + 2) & kAddressMask[i.address_size];
  if (c.code64) {
    if (!c.check_write<std::uint64_t>(i.segment, second) || !c.write(i.segment, at, table.limit))
      return Flow::kFault;
    return c.write(i.segment, second, table.base) ? Flow::kNext : Flow::kFault;
  }
  if (!c.check_write<std::uint32_t>(i.segment, second)) return Flow::kFault;
  if (!c.write(i.segment, at, table.limit)) return Flow::kFault;
  return c.write(i.segment, second, static_cast<std::uint32_t>(table.base)) ? Flow::kNext
                                                                            : Flow::kFault;
}

template <Form form>
Flow lldt(Core& c, const Insn& i) {
  if (c.real_or_v86()) return c.raised(kUd);
  if (!c.need_cpl0()) return Flow::kFault;
  std::uint16_t selector = 0;
  if (!read_word_operand(c, i, form, selector)) return Flow::kFault;
  const std::uint32_t error = selector & 0xfffcu;
  if (error == 0) {
    c.s.ldtr.selector = selector;
    c.s.ldtr.usable = false;
    return Flow::kNext;
  }
  Descriptor d;
  if (bit(selector, 2)) return c.raised(kGp, error);
  if (!c.fetch_descriptor(selector, d, kGp)) return Flow::kFault;
  if (!d.is_system() || d.type() != kLdt) return c.raised(kGp, error);
  if (!d.present()) return c.raised(kNp, error);
  std::uint64_t base_high = 0;
  if (c.long_active() && !c.fetch_upper(selector, kGp, base_high)) return Flow::kFault;
  const std::uint64_t base = d.base() | base_high;
  if (!Core::canonical(base)) return c.raised(kGp, error);
  c.s.ldtr = {selector, d.high & 0x00f0ff00, base, d.limit(), true};
  return Flow::kNext;
}
template <Form form>
Flow ltr(Core& c, const Insn& i) {
  if (c.real_or_v86()) return c.raised(kUd);
  if (!c.need_cpl0()) return Flow::kFault;
  std::uint16_t selector = 0;
  if (!read_word_operand(c, i, form, selector)) return Flow::kFault;
  const std::uint32_t error = selector & 0xfffcu;
  Descriptor d;
  if (error == 0 || bit(selector, 2)) return c.raised(kGp, error);
  if (!c.fetch_descriptor(selector, d, kGp)) return Flow::kFault;
  const bool wide = d.type() == kTss32Available;  // in long mode: the 64-bit TSS
  if (!d.is_system() || (!wide && (d.type() != kTss16Available || c.long_active())))
    return c.raised(kGp, error);
  if (!d.present()) return c.raised(kNp, error);
  std::uint64_t base_high = 0;
  if (c.long_active() && !c.fetch_upper(selector, kGp, base_high)) return Flow::kFault;
  const std::uint64_t base = d.base() | base_high;
  if (!Core::canonical(base)) return c.raised(kGp, error);
  if (!c.set_busy(selector, true)) return Flow::kFault;
  c.s.tr = {selector, (d.high & 0x00f0ff00) | 0x200, base, d.limit(), true};
  return Flow::kNext;
}
template <Form form>
Flow sldt(Core& c, const Insn& i) {
  if (c.real_or_v86()) return c.raised(kUd);
  return hidden_from_user(c) ? Flow::kFault : store_word(c, i, form, c.s.ldtr.selector);
}
template <Form form>
Flow str(Core& c, const Insn& i) {
  if (c.real_or_v86()) return c.raised(kUd);
  return hidden_from_user(c) ? Flow::kFault : store_word(c, i, form, c.s.tr.selector);
}
template <Form form>
Flow smsw(Core& c, const Insn& i) {
  if (hidden_from_user(c)) return Flow::kFault;
  return store_word(c, i, form, static_cast<std::uint32_t>(c.s.cr0));
}
template <Form form>
Flow lmsw(Core& c, const Insn& i) {
  if (!c.need_cpl0()) return Flow::kFault;
  std::uint16_t value = 0;
  if (!read_word_operand(c, i, form, value)) return Flow::kFault;
  // LMSW can set PE but not clear it.
  const std::uint64_t low = (value & 0xfu) | (c.s.cr0 & cr0::kPe);
  return c.write_cr(0, (c.s.cr0 & ~std::uint64_t{0xf}) | low) ? Flow::kLeave : Flow::kFault;
}
Flow clts(Core& c, const Insn&) {
  if (!c.need_cpl0()) return Flow::kFault;
  c.s.cr0 &= ~cr0::kTs;
  return Flow::kNext;
}
Flow invlpg(Core& c, const Insn& i) {
  if (!c.need_cpl0()) return Flow::kFault;
  c.flush_tlb_page((c.views[i.segment].base + c.effective(i)) & c.linear_mask);
  return Flow::kLeave;
}
// STAC, CLAC.
template <bool set>
Flow access_control(Core& c, const Insn&) {
  if (c.cpl != 0) return c.raised(kUd);
  if constexpr (set) {
    c.s.rflags |= flag::kAc;
  } else {
    c.s.rflags &= ~std::uint64_t{flag::kAc};
  }
  c.update_rights();
  return Flow::kNext;
}
Flow cache_control(Core& c, const Insn&) {
  return c.need_cpl0() ? Flow::kNext : Flow::kFault;
}
Flow cpuid(Core& c, const Insn&) {
  c.cpuid();
  return Flow::kNext;
}
Flow rdtsc(Core& c, const Insn&) {
  if ((c.s.cr4 & cr4::kTsd) != 0 && c.cpl != 0) return c.raised(kGp, 0);
  c.sync_count();
  const std::uint64_t value = c.timestamp();
  c.s.gpr[kRax] = value & 0xffffffff;
  c.s.gpr[kRdx] = value >> 32;
  return Flow::kNext;
}
// The counters that the model has as MSRs: four of the AMD K8 or two of the P6. They keep what is
// written to them; no event ever counts. (SDM vol. 2B RDPMC; AMD BKDG 26094, section 12.)
Flow rdpmc(Core& c, const Insn&) {
  constexpr std::uint32_t kK8Counter = 0xc0010004, kP6Counter = 0xc1;
  if (c.cpl != 0 && (c.s.cr4 & cr4::kPce) == 0) return c.raised(kGp, 0);
  const auto index = static_cast<std::uint32_t>(c.s.gpr[kRcx]);
  std::uint64_t value = 0;
  if (!(index < 4 && c.msrs.read(kK8Counter + index, value) == MsrFile::Answer::kDone) &&
      !(index < 2 && c.msrs.read(kP6Counter + index, value) == MsrFile::Answer::kDone))
    return c.raised(kGp, 0);
  c.s.gpr[kRax] = value & 0xffffffff;
  c.s.gpr[kRdx] = value >> 32;
  return Flow::kNext;
}
Flow rdmsr(Core& c, const Insn&) {
  if (!c.need_cpl0()) return Flow::kFault;
  std::uint64_t value = 0;
  if (!c.read_msr(static_cast<std::uint32_t>(c.s.gpr[kRcx]), value)) return Flow::kFault;
  c.s.gpr[kRax] = value & 0xffffffff;
  c.s.gpr[kRdx] = value >> 32;
  return Flow::kNext;
}
Flow wrmsr(Core& c, const Insn&) {
  if (!c.need_cpl0()) return Flow::kFault;
  const std::uint64_t value = (c.s.gpr[kRdx] & 0xffffffff) << 32 | (c.s.gpr[kRax] & 0xffffffff);
  return c.write_msr(static_cast<std::uint32_t>(c.s.gpr[kRcx]), value) ? Flow::kLeave
                                                                       : Flow::kFault;
}
// Control and debug registers move as 64 bits in 64-bit mode and as 32 elsewhere, whatever the
// operand size.
void set_natural(Core& c, unsigned offset, std::uint64_t value) {
  if (c.code64) {
    c.set_reg<std::uint64_t>(offset, value);
  } else {
    c.set_reg<std::uint32_t>(offset, static_cast<std::uint32_t>(value));
  }
}
std::uint64_t natural(Core& c, unsigned offset) {
  return c.code64 ? c.reg<std::uint64_t>(offset) : c.reg<std::uint32_t>(offset);
}
Flow mov_from_cr(Core& c, const Insn& i) {
  if (!c.need_cpl0()) return Flow::kFault;
  std::uint64_t value = 0;
  switch (i.code) {
    case 0: value = c.s.cr0; break;
    case 2: value = c.s.cr2; break;
    case 3: value = c.s.cr3; break;
    case 4: value = c.s.cr4; break;
    case 8: value = c.host.task_priority().value_or(static_cast<std::uint8_t>(c.s.cr8)); break;
    default: return c.raised(kUd);
  }
  set_natural(c, i.dst, value);
  return Flow::kNext;
}
Flow mov_to_cr(Core& c, const Insn& i) {
  if (!c.need_cpl0()) return Flow::kFault;
  return c.write_cr(i.code, natural(c, i.src)) ? Flow::kLeave : Flow::kFault;
}

// DR4 and DR5 are DR6 and DR7 unless CR4.DE is set; DR7.GD guards all (SDM vol. 3A section 17.2).
bool debug_register(Core& c, unsigned& number) {
  if (!c.need_cpl0()) return false;
  if (number == 4 || number == 5) {
    if ((c.s.cr4 & cr4::kDe) != 0) return c.raise(kUd);
    number += 2;
  }
  if (bit(c.s.dr[7], 13)) {
    c.s.dr[7] &= ~(std::uint64_t{1} << 13);
    c.s.dr[6] |= 1u << 13;
    return c.raise(kDb);
  }
  return true;
}
Flow mov_from_dr(Core& c, const Insn& i) {
  unsigned number = i.code;
  if (!debug_register(c, number)) return Flow::kFault;
  set_natural(c, i.dst, c.s.dr[number]);
  return Flow::kNext;
}
Flow mov_to_dr(Core& c, const Insn& i) {
  unsigned number = i.code;
  if (!debug_register(c, number)) return Flow::kFault;
  std::uint64_t value = natural(c, i.src);
  if (number >= 6 && value >> 32 != 0) return c.raised(kGp, 0);
  if (number == 6) value = (value & 0xe00f) | 0xffff0ff0;
  if (number == 7) value = (value & 0xffff2fff) | 0x400;
  c.s.dr[number] = value;
  if (number != 6) c.update_breakpoints();
  return Flow::kLeave;
}

// Whether LAR, LSL, VERR, VERW may look at the descriptor; `faulted` is a real fault on the way.
bool visible(Core& c, std::uint16_t selector, Descriptor& d, bool& faulted) {
  faulted = false;
  if ((selector & 0xfffcu) == 0 || !c.descriptor_exists(selector, d, faulted)) return false;
  return d.conforming() || (d.dpl() >= c.cpl && d.dpl() >= (selector & 3u));
}

template <bool limit, Form form>
Flow lar_lsl(Core& c, const Insn& i) {
  if (c.real_or_v86()) return c.raised(kUd);
  std::uint16_t selector = 0;
  if constexpr (form == Form::kM) {
    if (!c.read(i.segment, c.effective(i), selector)) return Flow::kFault;
  } else {
    selector = c.reg<std::uint16_t>(i.src);
  }
  Descriptor d;
  bool faulted = false;
  bool valid = visible(c, selector, d, faulted);
  if (faulted) return Flow::kFault;
  if (valid && d.is_system()) {
    switch (d.type()) {  // SDM vol. 2A, tables of LAR and LSL
      case kLdt:
      case kTss32Available:
      case kTss32Busy: break;
      case kTss16Available:
      case kTss16Busy: valid = !c.long_active(); break;
      case kCallGate16:
      case kTaskGate: valid = !limit && !c.long_active(); break;
      case kCallGate32: valid = !limit; break;
      default: valid = false;
    }
  }
  c.lf.set_zf(valid);
  if (valid) {
    const std::uint32_t value = limit ? d.limit() : d.high & 0x00ffff00;
    if (i.operand_size == 2) {
      c.set_reg<std::uint16_t>(i.dst, static_cast<std::uint16_t>(value));
    } else {
      c.set_reg<std::uint32_t>(i.dst, value);
    }
  }
  return Flow::kNext;
}

template <bool write, Form form>
Flow verify(Core& c, const Insn& i) {
  if (c.real_or_v86()) return c.raised(kUd);
  std::uint16_t selector = 0;
  if (!read_word_operand(c, i, form, selector)) return Flow::kFault;
  Descriptor d;
  bool faulted = false;
  const bool valid = visible(c, selector, d, faulted);
  if (faulted) return Flow::kFault;
  c.lf.set_zf(valid && !d.is_system() && (write ? d.writable() : d.readable()));
  return Flow::kNext;
}

template <Form form>
Flow arpl(Core& c, const Insn& i) {
  if (c.real_or_v86()) return c.raised(kUd);
  std::uint16_t selector = 0;
  const std::uint64_t at = form == Form::kM ? c.effective(i) : 0;
  if constexpr (form == Form::kM) {
    // Only a selector that changes is written: one that does not may lie in read-only memory.
    if (!c.read(i.segment, at, selector)) return Flow::kFault;
  } else {
    selector = c.reg<std::uint16_t>(i.dst);
  }
  const unsigned rpl = c.reg<std::uint16_t>(i.src) & 3u;
  const bool raise = (selector & 3u) < rpl;
  if (raise) {
    const auto changed = static_cast<std::uint16_t>((selector & ~3u) | rpl);
    if constexpr (form == Form::kM) {
      if (!c.write(i.segment, at, changed)) return Flow::kFault;
    } else {
      c.set_reg<std::uint16_t>(i.dst, changed);
    }
  }
  c.lf.set_zf(raise);
  return Flow::kNext;
}

}  // namespace

Handler port_handler(bool out, unsigned size) {
  return out ? sized_port<Out>(size) : sized_port<In>(size);
}

Handler system_handler(System op, Form form) {
  const bool memory = form == Form::kM;
  switch (op) {
    case System::kHlt: return hlt;
    case System::kNop: return nop;
    case System::kLgdt: return load_table<false>;
    case System::kLidt: return load_table<true>;
    case System::kSgdt: return store_table<false>;
    case System::kSidt: return store_table<true>;
    case System::kLldt: return memory ? lldt<Form::kM> : lldt<Form::kR>;
    case System::kLtr: return memory ? ltr<Form::kM> : ltr<Form::kR>;
    case System::kSldt: return memory ? sldt<Form::kM> : sldt<Form::kR>;
    case System::kStr: return memory ? str<Form::kM> : str<Form::kR>;
    case System::kLmsw: return memory ? lmsw<Form::kM> : lmsw<Form::kR>;
    case System::kSmsw: return memory ? smsw<Form::kM> : smsw<Form::kR>;
    case System::kClts: return clts;
    case System::kInvlpg: return invlpg;
    case System::kStac: return access_control<true>;
    case System::kClac: return access_control<false>;
    case System::kInvd:
    case System::kWbinvd: return cache_control;
    case System::kCpuid: return cpuid;
    case System::kRdtsc: return rdtsc;
    case System::kRdpmc: return rdpmc;
    case System::kRdmsr: return rdmsr;
    case System::kWrmsr: return wrmsr;
    case System::kMovFromCr: return mov_from_cr;
    case System::kMovToCr: return mov_to_cr;
    case System::kMovFromDr: return mov_from_dr;
    case System::kMovToDr: return mov_to_dr;
    case System::kLar: return memory ? lar_lsl<false, Form::kM> : lar_lsl<false, Form::kR>;
    case System::kLsl: return memory ? lar_lsl<true, Form::kM> : lar_lsl<true, Form::kR>;
    case System::kVerr: return memory ? verify<false, Form::kM> : verify<false, Form::kR>;
    case System::kVerw: return memory ? verify<true, Form::kM> : verify<true, Form::kR>;
    case System::kArpl: return memory ? arpl<Form::kM> : arpl<Form::kR>;
    default: return long_mode_handler(op);
    case System::kRsm: return rsm;
    case System::kUd: return undefined;
  }
  return nullptr;
}

}  // namespace ice86::cpu
