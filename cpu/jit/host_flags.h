// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace ice86::cpu::jit {

// Where the manual leaves flags undefined, and the host does with them what the interpreter does
// (docs/cpu-undefined-flags.md).
struct HostFlags {
  bool logic = false;           // AND, OR, XOR, TEST: AF
  bool shift_sets_aux = false;  // SHL, SHR, SAR, SHLD, SHRD: AF is 1, as it should be
  bool shift_clears_aux = false;
  bool last_step = false;  // shifts and rotates by more than 1: OF is that of the last single step
  bool multiply = false;   // MUL, IMUL: SF, ZF, AF, PF stay
  bool bit_test = false;   // BT and the like: OF, SF, AF, PF stay
  bool bit_scan = false;   // BSF, BSR: all but ZF stay

  bool all() const {
    return logic && shift_sets_aux && last_step && multiply && bit_test && bit_scan;
  }
};

HostFlags host_flags();

}  // namespace ice86::cpu::jit
