// SPDX-License-Identifier: LGPL-2.1-or-later
// The usual case of an x87 instruction: operands are there, and no unmasked exception comes of it.
// The operation alone runs on the host's x87, with the guest's rounding and precision and all
// exceptions masked. When an unmasked one would have come, nothing has changed yet, and the
// instruction runs again with the whole state (x87_generic.h).
//
// Reading the status word is what costs most of the time, so the host's sticky exception flags are
// not cleared before each instruction: it is enough that none is set which the guest's own status
// word does not show. Core::x87_host_known says that this holds.
#pragma once

#include <cstdint>

#include "cpu/interp/x87_generic.h"
#include "cpu/x87.h"

namespace ice86::cpu::x87 {

// What an operation on the host gave.
struct HostResult {
  X87Register value;
  std::uint16_t status = 0;
};

// The control word that C++ code expects.
inline constexpr std::uint16_t kHostControl = 0x037f;

// Makes x87_host_known true.
void adopt_host_flags(Core& c);

// Before an operation: its control word.
inline std::uint16_t host_control(Core& c) {
  if (!c.x87_host_known) [[unlikely]]
    adopt_host_flags(c);
  return c.s.fcw | kExceptions;
}

// a = a OP b: the D8 form of register `reg`, ST(0) with ST(1).
template <unsigned reg>
HostResult host_binary(const X87Register& a, const X87Register& b, std::uint16_t control) {
  HostResult r;
  asm volatile(
      "fldcw %[control]\n\tfldt %[b]\n\tfldt %[a]\n\t.byte 0xd8, %c[modrm]\n\tfnstsw %%ax\n\t"
      "fstpt %[result]\n\tfstp %%st(0)\n\tfldcw %[host]"
      : [result] "=m"(r.value), "=a"(r.status)
      : [a] "m"(a), [b] "m"(b), [control] "m"(control), [host] "m"(kHostControl),
        [modrm] "i"(0xc1 | reg << 3)
      : "st", "st(1)");
  return r;
}

// a = a OP memory, as the escape says.
template <unsigned escape, unsigned reg>
HostResult host_binary_memory(const X87Register& a, const std::uint64_t& operand,
                              std::uint16_t control) {
  HostResult r;
  asm volatile(
      "fldcw %[control]\n\tfldt %[a]\n\t.byte %c[first], %c[modrm]\n\tfnstsw %%ax\n\t"
      "fstpt %[result]\n\tfldcw %[host]"
      : [result] "=m"(r.value), "=a"(r.status)
      : [a] "m"(a), "S"(&operand), "m"(operand), [control] "m"(control), [host] "m"(kHostControl),
        [first] "i"(0xd8 | escape), [modrm] "i"(6 | reg << 3)
      : "st", "st(1)");
  return r;
}

// a = OP a: D9 with this ModRM.
template <unsigned modrm>
HostResult host_unary(const X87Register& a, std::uint16_t control) {
  HostResult r;
  asm volatile(
      "fldcw %[control]\n\tfldt %[a]\n\t.byte 0xd9, %c[modrm]\n\tfnstsw %%ax\n\t"
      "fstpt %[result]\n\tfldcw %[host]"
      : [result] "=m"(r.value), "=a"(r.status)
      : [a] "m"(a), [control] "m"(control), [host] "m"(kHostControl), [modrm] "i"(modrm)
      : "st", "st(1)");
  return r;
}

// Comparisons: the status word alone. Ordered: FCOM, else FUCOM.
template <bool ordered>
std::uint16_t host_compare(const X87Register& a, const X87Register& b) {
  std::uint16_t status;
  if constexpr (ordered) {
    asm volatile("fldt %[b]\n\tfldt %[a]\n\tfcompp\n\tfnstsw %%ax"
                 : "=a"(status)
                 : [a] "m"(a), [b] "m"(b)
                 : "st", "st(1)");
  } else {
    asm volatile("fldt %[b]\n\tfldt %[a]\n\tfucompp\n\tfnstsw %%ax"
                 : "=a"(status)
                 : [a] "m"(a), [b] "m"(b)
                 : "st", "st(1)");
  }
  return status;
}
template <unsigned escape>
std::uint16_t host_compare_memory(const X87Register& a, const std::uint64_t& operand) {
  std::uint16_t status;
  asm volatile("fldt %[a]\n\t.byte %c[first], 0x1e\n\tfnstsw %%ax"  // FCOMP, FICOMP
               : "=a"(status)
               : [a] "m"(a), "S"(&operand), "m"(operand), [first] "i"(0xd8 | escape)
               : "st", "st(1)");
  return status;
}

// Stores, in the popping form of escape and reg.
template <unsigned escape, unsigned reg>
std::uint16_t host_store(const X87Register& a, std::uint64_t& operand, std::uint16_t control) {
  std::uint16_t status;
  asm volatile(
      "fldcw %[control]\n\tfldt %[a]\n\t.byte %c[first], %c[modrm]\n\tfnstsw %%ax\n\t"
      "fldcw %[host]"
      : "=a"(status), "+m"(operand)
      : [a] "m"(a), "S"(&operand), [control] "m"(control), [host] "m"(kHostControl),
        [first] "i"(0xd8 | escape), [modrm] "i"(6 | reg << 3)
      : "st", "st(1)");
  return status;
}

// Whether the operation must run again with the whole state: an exception is not masked. Unmasked
// underflow, unlike masked, comes of exact results too, and the masked run does not show it.
inline bool interrupted(const State& s, std::uint16_t status) {
  return ((status | kUe) & ~s.fcw & kExceptions) != 0;
}

// Takes over the exceptions and these condition codes; false: interrupted, nothing done.
inline bool accept(Core& c, std::uint16_t status, std::uint16_t conditions) {
  if (interrupted(c.s, status)) [[unlikely]]
    return false;
  c.s.fsw =
      static_cast<std::uint16_t>((c.s.fsw & ~conditions) | (status & (conditions | kExceptions)));
  return true;
}

inline void clear_c1(State& s) {
  s.fsw &= static_cast<std::uint16_t>(~kC1);
}
inline void pop(State& s) {
  const unsigned t = top(s);
  mark_empty(s, t);
  set_top(s, t + 1);
}
// The register below the top has been found empty.
inline void push(State& s, const X87Register& value) {
  const unsigned t = (top(s) - 1) & 7u;
  set_top(s, t);
  mark_full(s, t);
  s.x87[t] = value;
}

}  // namespace ice86::cpu::x87
