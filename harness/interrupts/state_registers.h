// SPDX-License-Identifier: LGPL-2.1-or-later
// The registers of a CPU as a trace keeps them.
#pragma once

#include "cpu/state.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

// The low halves; of the flags the low 16 bits.
inline Registers registers_of(const cpu::State& state) {
  const auto wide = [&](cpu::Gpr gpr) { return static_cast<std::uint32_t>(state.gpr[gpr]); };
  Registers r;
  r.eax = wide(cpu::kRax);
  r.ebx = wide(cpu::kRbx);
  r.ecx = wide(cpu::kRcx);
  r.edx = wide(cpu::kRdx);
  r.esi = wide(cpu::kRsi);
  r.edi = wide(cpu::kRdi);
  r.ebp = wide(cpu::kRbp);
  r.ds = state.segment[cpu::kDs].selector;
  r.es = state.segment[cpu::kEs].selector;
  r.flags = static_cast<std::uint32_t>(state.rflags) & 0xffff;
  return r;
}

}  // namespace ice86::harness
