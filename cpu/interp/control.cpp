// SPDX-License-Identifier: LGPL-2.1-or-later
// Jumps, calls, returns, loops and software interrupts.
// Reference: Intel SDM vol. 2. RIP already points to the next instruction when a handler runs.
#include "cpu/core.h"
#include "cpu/interp/handlers.h"

namespace ice86::cpu {

namespace {

constexpr std::uint64_t kAddressMask[] = {0xffff, 0xffffffff, ~std::uint64_t{0}};

// Calls f with a value of the unsigned type of this size.
template <typename F>
auto by_size(unsigned size, F&& f) {
  switch (size) {
    case 2: return f(std::uint16_t{});
    case 8: return f(std::uint64_t{});
    default: return f(std::uint32_t{});
  }
}

bool read_operand(Core& c, const Insn& i, std::uint64_t& value) {
  return by_size(i.operand_size, [&](auto operand) {
    if (!c.read(i.segment, c.effective(i), operand)) return false;
    value = operand;
    return true;
  });
}

bool read_far_operand(Core& c, const Insn& i, std::uint16_t& selector, std::uint64_t& offset) {
  const std::uint64_t at = c.effective(i);
  if (!read_operand(c, i, offset)) return false;
  return c.read(i.segment, (at + i.operand_size) & kAddressMask[i.address_size], selector);
}

std::uint64_t register_operand(Core& c, const Insn& i) {
  return by_size(i.operand_size,
                 [&](auto kind) -> std::uint64_t { return c.reg<decltype(kind)>(i.dst); });
}

Flow jcc(Core& c, const Insn& i) {
  return c.lf.condition(i.code) ? c.jump_near(c.s.rip + i.imm, i.operand_size) : Flow::kNext;
}
Flow jmp(Core& c, const Insn& i) {
  return c.jump_near(c.s.rip + i.imm, i.operand_size);
}
Flow jmp_register(Core& c, const Insn& i) {
  return c.jump_near(register_operand(c, i), i.operand_size);
}
Flow jmp_memory(Core& c, const Insn& i) {
  std::uint64_t target = 0;
  if (!read_operand(c, i, target)) return Flow::kFault;
  return c.jump_near(target, i.operand_size);
}

Flow call_to(Core& c, std::uint64_t target, unsigned size) {
  const std::uint64_t return_to = c.s.rip;
  std::uint64_t top = c.sp();
  // First the stack's faults, then the target's, and nothing is pushed before both are known to be
  // good.
  const std::uint64_t slot = (top - size) & c.stack_mask();
  if (!by_size(size, [&](auto kind) { return c.check_write<decltype(kind)>(kSs, slot); }))
    return Flow::kFault;
  const Flow flow = c.jump_near(target, size);
  if (flow != Flow::kLeave) return flow;
  const bool pushed =
      by_size(size, [&](auto kind) { return c.push(top, static_cast<decltype(kind)>(return_to)); });
  if (!pushed) {
    c.s.rip = return_to;
    return Flow::kFault;
  }
  c.set_sp(top);
  return flow;
}
Flow call(Core& c, const Insn& i) {
  return call_to(c, c.s.rip + i.imm, i.operand_size);
}
Flow call_register(Core& c, const Insn& i) {
  return call_to(c, register_operand(c, i), i.operand_size);
}
Flow call_memory(Core& c, const Insn& i) {
  std::uint64_t target = 0;
  if (!read_operand(c, i, target)) return Flow::kFault;
  return call_to(c, target, i.operand_size);
}

Flow ret(Core& c, const Insn& i) {
  std::uint64_t top = c.sp();
  std::uint64_t target = 0;
  const bool popped = by_size(i.operand_size, [&](auto value) {
    if (!c.pop(top, value)) return false;
    target = value;
    return true;
  });
  if (!popped) return Flow::kFault;
  const Flow flow = c.jump_near(target, i.operand_size);
  if (flow == Flow::kLeave) c.set_sp(top + i.imm);
  return flow;
}

// The count register has the address size.
template <Jump op>
Flow loop(Core& c, const Insn& i) {
  const std::uint64_t mask = kAddressMask[i.address_size];
  const std::uint64_t count = (c.s.gpr[kRcx] - 1) & mask;
  const bool taken = count != 0 && (op == Jump::kLoop || c.lf.zf() == (op == Jump::kLoopZ));
  if (taken) {
    const Flow flow = c.jump_near(c.s.rip + i.imm, i.operand_size);
    if (flow != Flow::kLeave) return flow;
  }
  c.s.gpr[kRcx] = mask == 0xffff ? (c.s.gpr[kRcx] & ~mask) | count : count;
  return Flow::kLeave;
}
Flow jcxz(Core& c, const Insn& i) {
  if ((c.s.gpr[kRcx] & kAddressMask[i.address_size]) != 0) return Flow::kLeave;
  return c.jump_near(c.s.rip + i.imm, i.operand_size);
}

Flow jmp_far(Core& c, const Insn& i) {
  return c.jump_far(static_cast<std::uint16_t>(i.imm >> 32), i.imm & 0xffffffff, i.operand_size);
}
Flow call_far(Core& c, const Insn& i) {
  return c.call_far(static_cast<std::uint16_t>(i.imm >> 32), i.imm & 0xffffffff, i.operand_size);
}
Flow jmp_far_memory(Core& c, const Insn& i) {
  std::uint16_t selector = 0;
  std::uint64_t offset = 0;
  if (!read_far_operand(c, i, selector, offset)) return Flow::kFault;
  return c.jump_far(selector, offset, i.operand_size);
}
Flow call_far_memory(Core& c, const Insn& i) {
  std::uint16_t selector = 0;
  std::uint64_t offset = 0;
  if (!read_far_operand(c, i, selector, offset)) return Flow::kFault;
  return c.call_far(selector, offset, i.operand_size);
}
Flow ret_far(Core& c, const Insn& i) {
  return c.return_far(i.operand_size, static_cast<unsigned>(i.imm));
}
Flow iret(Core& c, const Insn& i) {
  return c.interrupt_return(i.operand_size);
}

Flow int_n(Core& c, const Insn& i) {
  return c.software_interrupt(static_cast<std::uint8_t>(i.imm), false);
}
Flow int3(Core& c, const Insn&) {
  return c.software_interrupt(kBp, true);
}
Flow int1(Core& c, const Insn&) {
  return c.software_interrupt(kDb, true);
}
Flow into(Core& c, const Insn&) {
  return c.lf.of() ? c.software_interrupt(kOf, true) : Flow::kNext;
}

Flow bound(Core& c, const Insn& i) {
  const std::uint64_t at = c.effective(i);
  const std::uint64_t second = (at + i.operand_size) & kAddressMask[i.address_size];
  bool inside = false;
  if (i.operand_size == 2) {
    std::uint16_t low = 0, high = 0;
    if (!c.read(i.segment, at, low) || !c.read(i.segment, second, high)) return Flow::kFault;
    const auto index = static_cast<std::int16_t>(c.reg<std::uint16_t>(i.dst));
    inside = index >= static_cast<std::int16_t>(low) && index <= static_cast<std::int16_t>(high);
  } else {
    std::uint32_t low = 0, high = 0;
    if (!c.read(i.segment, at, low) || !c.read(i.segment, second, high)) return Flow::kFault;
    const auto index = static_cast<std::int32_t>(c.reg<std::uint32_t>(i.dst));
    inside = index >= static_cast<std::int32_t>(low) && index <= static_cast<std::int32_t>(high);
  }
  return inside ? Flow::kNext : c.raised(kBr);
}

}  // namespace

Handler jump_handler(Jump op) {
  switch (op) {
    case Jump::kJcc: return jcc;
    case Jump::kJmp: return jmp;
    case Jump::kJmpR: return jmp_register;
    case Jump::kJmpM: return jmp_memory;
    case Jump::kCall: return call;
    case Jump::kCallR: return call_register;
    case Jump::kCallM: return call_memory;
    case Jump::kRet: return ret;
    case Jump::kLoop: return loop<Jump::kLoop>;
    case Jump::kLoopZ: return loop<Jump::kLoopZ>;
    case Jump::kLoopNz: return loop<Jump::kLoopNz>;
    case Jump::kJcxz: return jcxz;
    case Jump::kJmpFar: return jmp_far;
    case Jump::kJmpFarM: return jmp_far_memory;
    case Jump::kCallFar: return call_far;
    case Jump::kCallFarM: return call_far_memory;
    case Jump::kRetFar: return ret_far;
    case Jump::kIret: return iret;
    case Jump::kInt: return int_n;
    case Jump::kInt3: return int3;
    case Jump::kInt1: return int1;
    case Jump::kInto: return into;
    case Jump::kBound: return bound;
  }
  return nullptr;
}

}  // namespace ice86::cpu
