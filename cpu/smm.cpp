// SPDX-License-Identifier: LGPL-2.1-or-later
// System management mode: SMI, the state save area, RSM.
// Reference: Intel SDM vol. 3C chapter 31 (32-bit state save map, table 31-1). The manual reserves
// the places of hidden segment parts and tables; they are where this file says. A CPU with long
// mode has the map of AMD's APM vol. 2 table 10-1 (cpu/smm_long.cpp), which firmware for such CPUs
// in emulators expects.
#include <iterator>

#include "cpu/core.h"

namespace ice86::cpu {

namespace {

// Offsets from SMBASE + 8000h.
enum SaveArea : std::uint32_t {
  kCr0 = 0x7ffc,
  kCr3 = 0x7ff8,
  kEflags = 0x7ff4,
  kEip = 0x7ff0,
  kGprTop = 0x7fec /* EDI, then downwards */,
  kDr6 = 0x7fcc,
  kDr7 = 0x7fc8,
  kTr = 0x7fc4,
  kLdtr = 0x7fc0,
  kSegments = 0x7fa8 /* ES CS SS DS FS GS */,
  kAutoHalt = 0x7f02,
  kRevision = 0x7efc,
  kSmbase = 0x7ef8,
  kNmiBlocked = 0x7e00 /* reserved: whether NMI was blocked before */,
  kHidden = 0x7f10 /* reserved: 8 x (base, limit, attributes), growing upwards */,
  kCr4 = 0x7f70,
  kGdtr = 0x7f74,
  kIdtr = 0x7f7c
};
// Relocatable SMBASE; no I/O restart.
constexpr std::uint32_t kRevisionId = 0x00020000;
// EDI ESI EBP ESP EBX EDX ECX EAX, from the top.
constexpr unsigned kGprOrder[] = {kRdi, kRsi, kRbp, kRsp, kRbx, kRdx, kRcx, kRax};

}  // namespace

void Core::enter_smm() {
  sync_flags();
  s.smi_pending = false;
  s.in_smm = true;
  host.smm_changed(true);
  if (has(Feature::kLm)) {
    save_long_state();
  } else {
    save_state();
  }

  // The environment of the handler (table 31-4): real mode with 4 GiB segments.
  s.halted = false;
  s.nmi_blocked = true;  // NMI waits for RSM (section 31.8)
  s.cr0 &= ~(cr0::kPe | cr0::kEm | cr0::kTs | cr0::kPg);
  s.cr4 = 0;
  s.efer = 0;
  s.dr[7] = 0x400;
  pending_debug_ = 0;
  set_flags(flag::kFixed);
  for (Segment& segment : s.segment) segment = {0, 0x00809300, 0, 0xffffffff, true};
  s.segment[kCs].selector = static_cast<std::uint16_t>(s.smbase >> 4);
  s.segment[kCs].base = s.smbase;
  s.rip = 0x8000;
  s.idtr = {0, 0};
  flush_tlb();
  update_breakpoints();
  set_cpl(0);
  update_mode();
}

void Core::save_state() {
  const Gpa area = static_cast<Gpa>(s.smbase) + 0x8000;
  const auto save = [&](std::uint32_t at, std::uint64_t value) {
    host.memory_write(area + at, 4, value & 0xffffffff);
  };
  save(kCr0, s.cr0);
  save(kCr3, s.cr3);
  save(kCr4, s.cr4);
  save(kEflags, s.rflags);
  save(kEip, s.rip);
  for (unsigned i = 0; i < std::size(kGprOrder); ++i) save(kGprTop - i * 4, s.gpr[kGprOrder[i]]);
  save(kDr6, s.dr[6]);
  save(kDr7, s.dr[7]);
  const Segment* const hidden[] = {
      &s.segment[kEs], &s.segment[kCs], &s.segment[kSs], &s.segment[kDs],
      &s.segment[kFs], &s.segment[kGs], &s.ldtr,         &s.tr};
  for (unsigned i = 0; i < std::size(hidden); ++i) {
    save(kHidden + i * 12, hidden[i]->base);
    save(kHidden + i * 12 + 4, hidden[i]->limit);
    save(kHidden + i * 12 + 8, hidden[i]->attributes | (hidden[i]->usable ? 1u : 0u));
    if (i < 6) save(kSegments + i * 4, hidden[i]->selector);
  }
  save(kLdtr, s.ldtr.selector);
  save(kTr, s.tr.selector);
  save(kGdtr, s.gdtr.base);
  save(kGdtr + 4, s.gdtr.limit);
  save(kIdtr, s.idtr.base);
  host.memory_write(area + kIdtr + 4, 2, s.idtr.limit);
  host.memory_write(area + kAutoHalt, 2, s.halted ? 1 : 0);
  save(kRevision, kRevisionId);
  save(kSmbase, s.smbase);
  save(kNmiBlocked, s.nmi_blocked ? 1 : 0);
}

Flow Core::leave_smm() {
  if (!s.in_smm) return raised(kUd);
  if (has(Feature::kLm)) {
    load_long_state();
  } else {
    load_state();
  }
  // CR0 as no MOV could have written it shuts the CPU down (section 31.4.4).
  constexpr std::uint64_t kPaging = cr0::kPg | cr0::kPe;
  if ((s.cr0 & kPaging) == cr0::kPg) s.shutdown = true;
  const std::uint32_t new_flags = static_cast<std::uint32_t>(s.rflags);
  s.in_smm = false;
  host.smm_changed(false);
  set_flags(new_flags);
  constexpr std::uint64_t kPae = cr4::kPae;
  if ((s.cr0 & cr0::kPg) != 0 && (s.cr4 & kPae) != 0 && !long_active() && !load_pdptes(s.cr3))
    s.shutdown = true;
  flush_tlb();
  update_breakpoints();
  set_cpl(v8086() ? 3 : protected_mode() ? s.cpl() : 0);
  update_mode();
  return Flow::kLeave;
}

void Core::load_state() {
  const Gpa area = static_cast<Gpa>(s.smbase) + 0x8000;
  const auto load = [&](std::uint32_t at) {
    return static_cast<std::uint32_t>(host.memory_read(area + at, 4));
  };
  s.cr0 = load(kCr0) | cr0::kEt;
  s.cr3 = load(kCr3);
  s.cr4 = load(kCr4);
  s.rflags = load(kEflags);
  s.rip = load(kEip);
  for (unsigned i = 0; i < std::size(kGprOrder); ++i) s.gpr[kGprOrder[i]] = load(kGprTop - i * 4);
  s.dr[6] = load(kDr6);
  s.dr[7] = load(kDr7);
  Segment* const hidden[] = {&s.segment[kEs], &s.segment[kCs], &s.segment[kSs], &s.segment[kDs],
                             &s.segment[kFs], &s.segment[kGs], &s.ldtr,         &s.tr};
  for (unsigned i = 0; i < std::size(hidden); ++i) {
    hidden[i]->base = load(kHidden + i * 12);
    hidden[i]->limit = load(kHidden + i * 12 + 4);
    const std::uint32_t packed = load(kHidden + i * 12 + 8);
    hidden[i]->attributes = packed & 0x00f0ff00;
    hidden[i]->usable = (packed & 1) != 0;
    if (i < 6) hidden[i]->selector = static_cast<std::uint16_t>(load(kSegments + i * 4));
  }
  s.ldtr.selector = static_cast<std::uint16_t>(load(kLdtr));
  s.tr.selector = static_cast<std::uint16_t>(load(kTr));
  s.gdtr.base = load(kGdtr);
  s.gdtr.limit = static_cast<std::uint16_t>(load(kGdtr + 4));
  s.idtr.base = load(kIdtr);
  s.idtr.limit = static_cast<std::uint16_t>(host.memory_read(area + kIdtr + 4, 2));
  s.halted = (host.memory_read(area + kAutoHalt, 2) & 1) != 0;
  s.smbase = load(kSmbase);
  s.nmi_blocked = (load(kNmiBlocked) & 1) != 0;
}

}  // namespace ice86::cpu
