// SPDX-License-Identifier: LGPL-2.1-or-later
// Jumps, calls and returns, near and far, through gates and between privilege levels.
// Reference: Intel SDM vol. 2 (CALL, JMP, RET, IRET) and vol. 3A sections 5.8 and 7.4.
#include "cpu/core.h"

namespace ice86::cpu {

namespace {

constexpr unsigned kLongBit = 21, kBigBit = 22;  // descriptor bits L and D

constexpr std::uint32_t selector_error(std::uint16_t selector) {
  return selector & 0xfffcu;
}

bool null(std::uint16_t selector) {
  return (selector & 0xfffcu) == 0;
}

}  // namespace

// Whether `ip` may be jumped to in the segment; #GP(0) otherwise.
bool Core::check_target(const Descriptor& descriptor, std::uint64_t ip) {
  const bool good =
      long_active() && bit(descriptor.high, kLongBit) ? canonical(ip) : ip <= descriptor.limit();
  return good ? true : raise(kGp, 0);
}

// Pops a value of the operand size.
bool Core::pop_sized(std::uint64_t& top, unsigned size, std::uint64_t& value) {
  if (size == 8) return pop(top, value);
  if (size == 4) {
    std::uint32_t wide = 0;
    if (!pop(top, wide)) return false;
    value = wide;
    return true;
  }
  std::uint16_t narrow = 0;
  if (!pop(top, narrow)) return false;
  value = narrow;
  return true;
}

bool Core::push_sized(std::uint64_t& top, unsigned size, std::uint64_t value) {
  if (size == 8) return push<std::uint64_t>(top, value);
  return size == 2 ? push<std::uint16_t>(top, static_cast<std::uint16_t>(value))
                   : push<std::uint32_t>(top, static_cast<std::uint32_t>(value));
}

bool Core::push_long(std::uint64_t& top, unsigned level, std::uint64_t value) {
  const std::uint64_t next = top - 8;
  if (!write_linear<std::uint64_t>(next, value, rights_of(level))) return stack_fault(kSs);
  top = next;
  return true;
}

// The target of a 64-bit call gate: its descriptor and the whole offset (SDM vol. 3A
// section 5.8.3.1).
bool Core::long_gate(std::uint16_t selector, const Descriptor& gate, std::uint16_t& target,
                     Descriptor& code, std::uint64_t& entry) {
  if (!gate.present()) return raise(kNp, selector_error(selector));
  std::uint64_t high = 0;
  if (!fetch_upper(selector, kGp, high)) return false;
  entry = gate.gate_offset() | high;
  target = gate.gate_selector();
  if (null(target)) return raise(kGp, 0);
  if (!fetch_descriptor(target, code, kGp)) return false;
  if (!code.is_code() || !bit(code.high, kLongBit) || bit(code.high, kBigBit))
    return raise(kGp, selector_error(target));
  return true;
}

void Core::observe(FarTransfer kind) {
  if (observer == nullptr) return;
  if (!protected_mode() &&
      !far_targets->may_have(static_cast<std::uint32_t>(s.segment[kCs].base + s.rip)))
    return;
  sync_flags();
  sync_count();
  observer->far_transfer(kind);
}

Flow Core::jump_near(std::uint64_t target, unsigned operand_size) {
  if (code64) {
    if (operand_size == 2) target &= 0xffff;
    if (!canonical(target)) return raised(kGp, 0);
    s.rip = target;
    return Flow::kLeave;
  }
  const std::uint64_t ip = operand_size == 2 ? target & 0xffff : target & 0xffffffff;
  if (ip > s.segment[kCs].limit) return raised(kGp, 0);
  s.rip = ip;
  return Flow::kLeave;
}

Flow Core::jump_far(std::uint16_t selector, std::uint64_t offset, unsigned operand_size) {
  if (operand_size == 2) offset &= 0xffff;
  if (real_or_v86()) {
    if (offset > s.segment[kCs].limit) return raised(kGp, 0);
    load_real_segment(kCs, selector);
    s.rip = offset;
    observe(FarTransfer::kJmpFar);
    return Flow::kLeave;
  }
  if ((selector & 0xfffcu) == 0) return raised(kGp, 0);
  Descriptor descriptor;
  if (!fetch_descriptor(selector, descriptor, kGp)) return Flow::kFault;
  std::uint16_t target = selector;
  if (descriptor.is_system()) {
    const unsigned type = descriptor.type();
    const unsigned rpl = selector & 3;
    switch (type) {
      case kCallGate16:
      case kCallGate32: {
        if (descriptor.dpl() < cpl || descriptor.dpl() < rpl ||
            (long_active() && type == kCallGate16))
          return raised(kGp, selector_error(selector));
        if (long_active()) {
          const Descriptor gate = descriptor;
          if (!long_gate(selector, gate, target, descriptor, offset)) return Flow::kFault;
          if (descriptor.conforming() ? descriptor.dpl() > cpl : descriptor.dpl() != cpl)
            return raised(kGp, selector_error(target));
          break;
        }
        if (!descriptor.present()) return raised(kNp, selector_error(selector));
        target = descriptor.gate_selector();
        offset = type == kCallGate16 ? descriptor.gate_offset() & 0xffff : descriptor.gate_offset();
        if ((target & 0xfffcu) == 0) return raised(kGp, 0);
        if (!fetch_descriptor(target, descriptor, kGp)) return Flow::kFault;
        if (!descriptor.is_code() ||
            (descriptor.conforming() ? descriptor.dpl() > cpl : descriptor.dpl() != cpl)) {
          return raised(kGp, selector_error(target));
        }
        break;
      }
      case kTss16Available:
      case kTss32Available:
      case kTaskGate: {
        if (descriptor.dpl() < cpl || descriptor.dpl() < rpl || long_active())
          return raised(kGp, selector_error(selector));
        if (!descriptor.present()) return raised(kNp, selector_error(selector));
        if (type == kTaskGate) {
          target = descriptor.gate_selector();
          if (bit(target, 2)) return raised(kGp, selector_error(target));
          if (!fetch_descriptor(target, descriptor, kGp)) return Flow::kFault;
          if (descriptor.type() != kTss16Available && descriptor.type() != kTss32Available) {
            return raised(kGp, selector_error(target));
          }
          if (!descriptor.present()) return raised(kNp, selector_error(target));
        }
        if (!switch_task(target, descriptor, TaskSwitch::kJump)) return Flow::kFault;
        observe(FarTransfer::kJmpFar);
        return Flow::kLeave;
      }
      default: return raised(kGp, selector_error(selector));
    }
  } else {
    if (!descriptor.is_code()) return raised(kGp, selector_error(selector));
    const unsigned rpl = selector & 3;
    const bool allowed =
        descriptor.conforming() ? descriptor.dpl() <= cpl : rpl <= cpl && descriptor.dpl() == cpl;
    if (!allowed) return raised(kGp, selector_error(selector));
  }
  if (!descriptor.present()) return raised(kNp, selector_error(target));
  if (!check_target(descriptor, offset)) return Flow::kFault;
  if (!load_code_segment(target, descriptor, cpl)) return Flow::kFault;
  s.rip = offset;
  observe(FarTransfer::kJmpFar);
  return Flow::kLeave;
}

Flow Core::call_far(std::uint16_t selector, std::uint64_t offset, unsigned operand_size) {
  if (operand_size == 2) offset &= 0xffff;
  const std::uint16_t old_cs = s.segment[kCs].selector;
  const std::uint64_t old_ip = s.rip;
  const auto push_return = [&](std::uint64_t& top, unsigned size) {
    return push_sized(top, size, old_cs) && push_sized(top, size, old_ip);
  };
  std::uint64_t top = sp();
  if (real_or_v86()) {
    if (offset > s.segment[kCs].limit) return raised(kGp, 0);
    if (!push_return(top, operand_size)) return Flow::kFault;
    set_sp(top);
    load_real_segment(kCs, selector);
    s.rip = offset;
    observe(FarTransfer::kCallFar);
    return Flow::kLeave;
  }
  if ((selector & 0xfffcu) == 0) return raised(kGp, 0);
  Descriptor descriptor;
  if (!fetch_descriptor(selector, descriptor, kGp)) return Flow::kFault;
  const unsigned rpl = selector & 3;
  if (!descriptor.is_system()) {
    if (!descriptor.is_code()) return raised(kGp, selector_error(selector));
    const bool allowed =
        descriptor.conforming() ? descriptor.dpl() <= cpl : rpl <= cpl && descriptor.dpl() == cpl;
    if (!allowed) return raised(kGp, selector_error(selector));
    if (!descriptor.present()) return raised(kNp, selector_error(selector));
    if (!check_target(descriptor, offset)) return Flow::kFault;
    if (!push_return(top, operand_size)) return Flow::kFault;
    if (!load_code_segment(selector, descriptor, cpl)) return Flow::kFault;
    set_sp(top);
    s.rip = offset;
    observe(FarTransfer::kCallFar);
    return Flow::kLeave;
  }

  const unsigned type = descriptor.type();
  if (type == kTss16Available || type == kTss32Available || type == kTaskGate) {
    if (descriptor.dpl() < cpl || descriptor.dpl() < rpl || long_active())
      return raised(kGp, selector_error(selector));
    if (!descriptor.present()) return raised(kNp, selector_error(selector));
    std::uint16_t target = selector;
    if (type == kTaskGate) {
      target = descriptor.gate_selector();
      if (bit(target, 2)) return raised(kGp, selector_error(target));
      if (!fetch_descriptor(target, descriptor, kGp)) return Flow::kFault;
      if (descriptor.type() != kTss16Available && descriptor.type() != kTss32Available) {
        return raised(kGp, selector_error(target));
      }
      if (!descriptor.present()) return raised(kNp, selector_error(target));
    }
    if (!switch_task(target, descriptor, TaskSwitch::kCall)) return Flow::kFault;
    observe(FarTransfer::kCallFar);
    return Flow::kLeave;
  }
  if (type != kCallGate16 && type != kCallGate32) return raised(kGp, selector_error(selector));

  // A call gate (SDM vol. 3A section 5.8.3).
  const Descriptor gate = descriptor;
  const unsigned size = type == kCallGate16 ? 2 : 4;
  if (gate.dpl() < cpl || gate.dpl() < rpl) return raised(kGp, selector_error(selector));
  if (long_active()) {
    if (type == kCallGate16) return raised(kGp, selector_error(selector));
    return call_long_gate(selector, gate);
  }
  if (!gate.present()) return raised(kNp, selector_error(selector));
  const std::uint16_t target = gate.gate_selector();
  if ((target & 0xfffcu) == 0) return raised(kGp, 0);
  if (!fetch_descriptor(target, descriptor, kGp)) return Flow::kFault;
  if (!descriptor.is_code() || descriptor.dpl() > cpl) return raised(kGp, selector_error(target));
  if (!descriptor.present()) return raised(kNp, selector_error(target));
  const std::uint64_t entry = size == 2 ? gate.gate_offset() & 0xffff : gate.gate_offset();
  if (entry > descriptor.limit()) return raised(kGp, 0);
  if (descriptor.conforming() || descriptor.dpl() == cpl) {
    if (!push_return(top, size)) return Flow::kFault;
    if (!load_code_segment(target, descriptor, cpl)) return Flow::kFault;
    set_sp(top);
    s.rip = entry;
    observe(FarTransfer::kCallFar);
    return Flow::kLeave;
  }

  // To an inner level: a new stack, with the old one and the parameters on it.
  const unsigned level = descriptor.dpl();
  std::uint16_t new_ss = 0;
  std::uint32_t new_sp = 0;
  if (!stack_of_level(level, new_ss, new_sp)) return Flow::kFault;
  Descriptor stack;
  if (!check_stack_segment(new_ss, level, kTs, stack)) return Flow::kFault;
  std::array<std::uint32_t, 31> parameters{};
  const unsigned count = gate.gate_parameters();
  const std::uint64_t old_sp = sp();
  const std::uint64_t old_mask = stack_mask();
  for (unsigned i = 0; i < count; ++i) {
    std::uint16_t narrow = 0;
    const std::uint64_t at = (old_sp + i * size) & old_mask;
    if (size == 2 ? !read(kSs, at, narrow) : !read(kSs, at, parameters[i])) return Flow::kFault;
    if (size == 2) parameters[i] = narrow;
  }
  const State saved = s;
  const unsigned saved_cpl = cpl;
  const auto undo = [&] {
    s = saved;
    set_cpl(saved_cpl);
    update_mode();
    return Flow::kFault;
  };
  if (!set_accessed(new_ss, stack)) return Flow::kFault;
  set_segment(kSs, new_ss, stack);
  set_cpl(level);
  top = new_sp & stack_mask();
  const auto push_value = [&](std::uint32_t value) {
    return size == 2 ? push<std::uint16_t>(top, static_cast<std::uint16_t>(value))
                     : push<std::uint32_t>(top, value);
  };
  bool ok = push_value(saved.segment[kSs].selector) &&
            push_value(static_cast<std::uint32_t>(saved.gpr[kRsp]));
  for (unsigned i = count; ok && i-- > 0;) ok = push_value(parameters[i]);
  ok = ok && push_return(top, size);
  if (!ok && fault.vector == kSs_)  // no room: the error code names the new stack
    fault.error_code = selector_error(new_ss);
  if (!ok || !load_code_segment(target, descriptor, level)) return undo();
  set_sp(top);
  s.rip = entry;
  observe(FarTransfer::kCallFar);
  return Flow::kLeave;
}

// Segment registers that a less privileged level may not use become null (SDM vol. 3A
// section 5.8.6).
static void drop_inner_segments(Core& c) {
  for (const unsigned segment : {kEs, kDs, kFs, kGs}) {
    const Segment& source = c.s.segment[segment];
    const bool conforming = (source.attributes & 0xc00) == 0xc00;
    if (source.usable && !conforming && (source.attributes >> 13 & 3) < c.cpl)
      c.null_segment(segment, 0);
  }
}

// CS and SS of a return, both checked before either is loaded. To 64-bit code below level 3 the
// stack segment may be null.
bool Core::load_outer(std::uint16_t selector, const Descriptor& code, std::uint64_t ip,
                      std::uint16_t ss) {
  const unsigned level = selector & 3;
  const bool to_64 = long_active() && bit(code.high, kLongBit);
  Descriptor stack;
  const bool null_stack = null(ss) && to_64 && level != 3 && (ss & 3u) == level;
  if (!null_stack && !check_stack_segment(ss, level, kGp, stack)) return false;
  if (!check_target(code, ip)) return false;
  if (!null_stack && !set_accessed(ss, stack)) return false;
  if (!load_code_segment(selector, code, level)) return false;
  if (null_stack) {
    null_stack_segment(level);
  } else {
    set_segment(kSs, ss, stack);
  }
  return true;
}

Flow Core::call_long_gate(std::uint16_t selector, const Descriptor& gate) {
  std::uint16_t target = 0;
  Descriptor code;
  std::uint64_t entry = 0;
  if (!long_gate(selector, gate, target, code, entry)) return Flow::kFault;
  if (code.dpl() > cpl) return raised(kGp, selector_error(target));
  if (!code.present()) return raised(kNp, selector_error(target));
  if (!canonical(entry)) return raised(kGp, 0);
  const bool inner = !code.conforming() && code.dpl() < cpl;
  const unsigned level = inner ? code.dpl() : cpl;
  const std::uint16_t old_cs = s.segment[kCs].selector;
  std::uint64_t top = code64 || inner ? s.gpr[kRsp] : views[kSs].base + sp();
  if (inner && !long_stack(level, 0, top)) return Flow::kFault;
  if (inner &&
      (!push_long(top, level, s.segment[kSs].selector) || !push_long(top, level, s.gpr[kRsp]))) {
    return Flow::kFault;
  }
  if (!push_long(top, level, old_cs) || !push_long(top, level, s.rip)) return Flow::kFault;
  if (!load_code_segment(target, code, level)) return Flow::kFault;
  if (inner) null_stack_segment(level);
  s.gpr[kRsp] = top;
  s.rip = entry;
  observe(FarTransfer::kCallFar);
  return Flow::kLeave;
}

Flow Core::return_far(unsigned operand_size, unsigned release) {
  std::uint64_t top = sp();
  std::uint64_t ip = 0;
  std::uint64_t cs = 0;
  const auto pop_value = [&](std::uint64_t& from, std::uint64_t& value) {
    return pop_sized(from, operand_size, value);
  };
  if (!pop_value(top, ip) || !pop_value(top, cs)) return Flow::kFault;
  const auto selector = static_cast<std::uint16_t>(cs);
  if (real_or_v86()) {
    if (ip > s.segment[kCs].limit) return raised(kGp, 0);
    set_sp(top + release);
    load_real_segment(kCs, selector);
    s.rip = ip;
    observe(FarTransfer::kRetFar);
    return Flow::kLeave;
  }
  if ((selector & 0xfffcu) == 0) return raised(kGp, 0);
  Descriptor descriptor;
  if (!fetch_descriptor(selector, descriptor, kGp)) return Flow::kFault;
  const unsigned rpl = selector & 3;
  if (!descriptor.is_code() || rpl < cpl) return raised(kGp, selector_error(selector));
  if (descriptor.conforming() ? descriptor.dpl() > rpl : descriptor.dpl() != rpl)
    return raised(kGp, selector_error(selector));
  if (!descriptor.present()) return raised(kNp, selector_error(selector));
  if (rpl == cpl) {
    if (!check_target(descriptor, ip)) return Flow::kFault;
    if (!load_code_segment(selector, descriptor, cpl)) return Flow::kFault;
    set_sp(top + release);
    s.rip = ip;
    observe(FarTransfer::kRetFar);
    return Flow::kLeave;
  }
  top = (top + release) & stack_mask();
  std::uint64_t new_sp = 0;
  std::uint64_t ss = 0;
  if (!pop_value(top, new_sp) || !pop_value(top, ss)) return Flow::kFault;
  if (!load_outer(selector, descriptor, ip, static_cast<std::uint16_t>(ss))) return Flow::kFault;
  set_sp(new_sp + release);
  s.rip = ip;
  drop_inner_segments(*this);
  observe(FarTransfer::kRetFar);
  return Flow::kLeave;
}

Flow Core::interrupt_return(unsigned operand_size) {
  std::uint64_t top = sp();
  const auto pop_value = [&](std::uint64_t& value) { return pop_sized(top, operand_size, value); };
  std::uint64_t ip = 0;
  std::uint64_t cs = 0;
  std::uint64_t new_flags = 0;
  // Which flags may change depends on the mode (SDM vol. 2A, IRET).
  const auto merge = [&](std::uint32_t changeable) {
    if (operand_size == 2) changeable &= 0xffff;
    set_flags((flags() & ~changeable) | (static_cast<std::uint32_t>(new_flags) & changeable));
  };
  constexpr std::uint32_t kAlways =
      flag::kArithmetic | flag::kTf | flag::kDf | flag::kNt | flag::kRf | flag::kAc | flag::kId;
  // Even if this IRET faults (SDM vol. 3A section 6.7.1).
  s.nmi_blocked = false;

  if (real_or_v86()) {
    const bool virtual_flag = virtual_if();
    if (v8086() && iopl() != 3 && (!virtual_flag || operand_size != 2)) return raised(kGp, 0);
    if (!pop_value(ip) || !pop_value(cs) || !pop_value(new_flags)) return Flow::kFault;
    if (ip > s.segment[kCs].limit) return raised(kGp, 0);
    const bool on = (new_flags & flag::kIf) != 0;
    if (virtual_flag && ((new_flags & flag::kTf) != 0 || (on && (s.rflags & flag::kVip) != 0)))
      return raised(kGp, 0);
    set_sp(top);
    load_real_segment(kCs, static_cast<std::uint16_t>(cs));
    s.rip = ip;
    if (virtual_flag) {
      s.rflags = (s.rflags & ~std::uint64_t{flag::kVif}) | (on ? flag::kVif : 0);
      merge(kAlways);
      observe(FarTransfer::kIret);
      return Flow::kLeave;
    }
    merge(kAlways | flag::kIf | (v8086() ? 0 : flag::kIopl));
    observe(FarTransfer::kIret);
    return Flow::kLeave;
  }
  if ((s.rflags & flag::kNt) != 0) {
    if (long_active()) return raised(kGp, 0);
    std::uint16_t link = 0;
    if (!read_system(s.tr.base, link)) return Flow::kFault;
    if (bit(link, 2)) return raised(kTs, selector_error(link));
    Descriptor descriptor;
    if (!fetch_descriptor(link, descriptor, kTs)) return Flow::kFault;
    if (descriptor.type() != kTss16Busy && descriptor.type() != kTss32Busy)
      return raised(kTs, selector_error(link));
    if (!descriptor.is_system()) return raised(kTs, selector_error(link));
    if (!descriptor.present()) return raised(kNp, selector_error(link));
    if (!switch_task(link, descriptor, TaskSwitch::kIret)) return Flow::kFault;
    observe(FarTransfer::kIret);
    return Flow::kLeave;
  }
  if (!pop_value(ip) || !pop_value(cs) || !pop_value(new_flags)) return Flow::kFault;
  if (operand_size == 4 && (new_flags & flag::kVm) != 0 && cpl == 0 && !long_active()) {
    std::array<std::uint64_t, 6> frame{};  // ESP, SS, ES, DS, FS, GS
    for (std::uint64_t& value : frame) {
      if (!pop_value(value)) return Flow::kFault;
    }
    set_flags(static_cast<std::uint32_t>(new_flags));
    update_mode();
    load_real_segment(kCs, static_cast<std::uint16_t>(cs));
    s.rip = ip & 0xffff;
    load_real_segment(kSs, static_cast<std::uint16_t>(frame[1]));
    s.gpr[kRsp] = frame[0];
    load_real_segment(kEs, static_cast<std::uint16_t>(frame[2]));
    load_real_segment(kDs, static_cast<std::uint16_t>(frame[3]));
    load_real_segment(kFs, static_cast<std::uint16_t>(frame[4]));
    load_real_segment(kGs, static_cast<std::uint16_t>(frame[5]));
    observe(FarTransfer::kIret);
    return Flow::kLeave;
  }

  const auto selector = static_cast<std::uint16_t>(cs);
  if ((selector & 0xfffcu) == 0) return raised(kGp, 0);
  Descriptor descriptor;
  if (!fetch_descriptor(selector, descriptor, kGp)) return Flow::kFault;
  const unsigned rpl = selector & 3;
  if (!descriptor.is_code() || rpl < cpl) return raised(kGp, selector_error(selector));
  if (descriptor.conforming() ? descriptor.dpl() > rpl : descriptor.dpl() != rpl)
    return raised(kGp, selector_error(selector));
  if (!descriptor.present()) return raised(kNp, selector_error(selector));
  const std::uint32_t changeable = kAlways | (cpl <= iopl() ? flag::kIf : 0) |
                                   (cpl == 0 ? flag::kIopl | flag::kVif | flag::kVip : 0);
  // 64-bit mode always has SS:RSP in the frame (SDM vol. 3A section 6.14.3).
  if (rpl == cpl && !code64) {
    if (!check_target(descriptor, ip)) return Flow::kFault;
    if (!load_code_segment(selector, descriptor, cpl)) return Flow::kFault;
    set_sp(top);
    s.rip = ip;
    merge(changeable);
  } else {
    std::uint64_t new_sp = 0;
    std::uint64_t ss = 0;
    if (!pop_value(new_sp) || !pop_value(ss)) return Flow::kFault;
    const bool outward = rpl != cpl;
    if (!load_outer(selector, descriptor, ip, static_cast<std::uint16_t>(ss))) return Flow::kFault;
    set_sp(new_sp);
    s.rip = ip;
    merge(changeable);
    if (outward) drop_inner_segments(*this);
  }
  observe(FarTransfer::kIret);
  return Flow::kLeave;
}

}  // namespace ice86::cpu
