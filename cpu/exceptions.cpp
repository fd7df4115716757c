// SPDX-License-Identifier: LGPL-2.1-or-later
// Delivery of interrupts and exceptions, double and triple faults.
// Reference: Intel SDM vol. 3A chapter 6, section 20.1.4 (real mode), section 20.3 (virtual-8086
// mode).
#include "cpu/core.h"

namespace ice86::cpu {

namespace {

// Error code bits of a fault that concerns a descriptor (SDM vol. 3A section 6.13).
constexpr std::uint32_t kErrorExternal = 1, kErrorIdt = 2;

// SDM vol. 3A table 6-5: which second fault during the delivery of a first one makes a double
// fault.
enum class FaultClass { kBenign, kContributory, kPage };

FaultClass class_of(std::uint8_t vector) {
  switch (vector) {
    case kDe:
    case kTs:
    case kNp:
    case kSs_:
    case kGp: return FaultClass::kContributory;
    case kPf: return FaultClass::kPage;
    default: return FaultClass::kBenign;
  }
}

}  // namespace

bool Core::deliver(std::uint8_t vector, InterruptSource source, const Fault* error) {
  sync_count();
  InterruptDelivery delivery{
      vector, source, s.segment[kCs].selector, s.rip, flags(), s.segment[kSs].selector, sp()};
  const bool delivered = long_active()      ? deliver_long(vector, source, error)
                         : protected_mode() ? deliver_protected(vector, source, error)
                                            : deliver_real(vector);
  if (!delivered) {
    // EXT: the CPU was delivering an event that the program did not ask for (section 6.13).
    if (source != InterruptSource::kSoftware && fault.has_error_code && fault.vector != kPf)
      fault.error_code |= kErrorExternal;
    return false;
  }
  // A delivery takes time: handlers that fault at their first instruction still reach the end of
  // run().
  ++retired;
  repeating_ = false;
  if (observer != nullptr) {
    sync_flags();
    observer->interrupt_delivered(delivery);
  }
  return true;
}

bool Core::deliver_real(std::uint8_t vector) {
  if (vector * 4u + 3 > s.idtr.limit) return raise(kGp, vector * 8u + kErrorIdt);
  std::uint32_t entry = 0;
  if (!read_system(s.idtr.base + vector * 4u, entry)) return false;
  std::uint64_t top = sp();
  if (!push<std::uint16_t>(top, static_cast<std::uint16_t>(flags())) ||
      !push<std::uint16_t>(top, s.segment[kCs].selector) ||
      !push<std::uint16_t>(top, static_cast<std::uint16_t>(s.rip))) {
    return false;
  }
  set_sp(top);
  load_real_segment(kCs, static_cast<std::uint16_t>(entry >> 16));
  s.rip = entry & 0xffff;
  s.rflags &= ~static_cast<std::uint64_t>(flag::kIf | flag::kTf | flag::kAc | flag::kRf);
  return true;
}

bool Core::stack_of_level(unsigned level, std::uint16_t& selector, std::uint32_t& pointer) {
  const unsigned type = bits(s.tr.attributes, 11, 8);
  const bool wide = type == kTss32Available || type == kTss32Busy;
  const std::uint32_t at = wide ? 4 + level * 8 : 2 + level * 4;
  if (!s.tr.usable || at + (wide ? 5 : 3) > s.tr.limit) return raise(kTs, s.tr.selector & 0xfffcu);
  if (wide)
    return read_system(s.tr.base + at, pointer) && read_system(s.tr.base + at + 4, selector);
  std::uint16_t narrow = 0;
  if (!read_system(s.tr.base + at, narrow)) return false;
  pointer = narrow;
  return read_system(s.tr.base + at + 2, selector);
}

bool Core::long_stack(unsigned level, unsigned ist, std::uint64_t& pointer) {
  const std::uint32_t at = ist != 0 ? 36 + (ist - 1) * 8 : 4 + level * 8;
  if (!s.tr.usable || at + 7 > s.tr.limit) return raise(kTs, s.tr.selector & 0xfffcu);
  if (!read_system(s.tr.base + at, pointer)) return false;
  return canonical(pointer) ? true : raise(kSs_, 0);
}

// SDM vol. 3A section 6.14.
bool Core::deliver_long(std::uint8_t vector, InterruptSource source, const Fault* error) {
  constexpr unsigned kLongBit = 21, kBigBit = 22;
  const bool software = source == InterruptSource::kSoftware;
  const std::uint32_t external = software ? 0 : kErrorExternal;
  const std::uint32_t idt_error = vector * 8u + kErrorIdt + external;
  if (vector * 16u + 15 > s.idtr.limit) return raise(kGp, idt_error);
  const std::uint64_t at = s.idtr.base + vector * 16u;
  Descriptor gate;
  std::uint32_t high = 0;
  if (!read_system(at, gate.low) || !read_system(at + 4, gate.high) || !read_system(at + 8, high))
    return false;
  const unsigned type = gate.is_system() ? gate.type() : 0;
  if (type != kInterruptGate32 && type != kTrapGate32) return raise(kGp, idt_error);
  if (software && gate.dpl() < cpl) return raise(kGp, idt_error);
  if (!gate.present()) return raise(kNp, idt_error);
  const std::uint64_t entry = gate.gate_offset() | static_cast<std::uint64_t>(high) << 32;
  const unsigned ist = gate.high & 7;

  const std::uint16_t target = gate.gate_selector();
  const std::uint32_t target_error = (target & 0xfffcu) + external;
  Descriptor code;
  bool faulted = false;
  if ((target & 0xfffcu) == 0) return raise(kGp, external);
  if (!descriptor_exists(target, code, faulted)) return faulted ? false : raise(kGp, target_error);
  if (!code.is_code() || code.dpl() > cpl || !bit(code.high, kLongBit) || bit(code.high, kBigBit))
    return raise(kGp, target_error);
  if (!code.present()) return raise(kNp, target_error);
  if (!canonical(entry)) return raise(kGp, external);

  const unsigned level = code.conforming() ? cpl : code.dpl();
  const bool inner = level < cpl;
  std::uint64_t top = code64 ? s.gpr[kRsp] : (views[kSs].base + sp()) & 0xffffffff;
  if ((inner || ist != 0) && !long_stack(level, ist, top)) {
    if (fault.vector != kPf) fault.error_code |= external;
    return false;
  }
  top &= ~std::uint64_t{15};
  const std::uint64_t frame[] = {s.segment[kSs].selector, s.gpr[kRsp], flags(),
                                 s.segment[kCs].selector, s.rip};
  for (const std::uint64_t value : frame) {
    if (!push_long(top, level, value)) return false;
  }
  if (error != nullptr && error->has_error_code && !push_long(top, level, error->error_code))
    return false;
  if (!load_code_segment(target, code, level)) return false;
  if (inner) null_stack_segment(level);
  s.gpr[kRsp] = top;
  s.rip = entry;
  std::uint32_t cleared = flag::kTf | flag::kNt | flag::kRf | flag::kVm;
  if (type == kInterruptGate32) cleared |= flag::kIf;
  s.rflags &= ~static_cast<std::uint64_t>(cleared);
  return true;
}

bool Core::deliver_protected(std::uint8_t vector, InterruptSource source, const Fault* error) {
  const bool software = source == InterruptSource::kSoftware;
  const std::uint32_t external = software ? 0 : kErrorExternal;
  const std::uint32_t idt_error = vector * 8u + kErrorIdt + external;
  if (vector * 8u + 7 > s.idtr.limit) return raise(kGp, idt_error);
  Descriptor gate;
  if (!read_system(s.idtr.base + vector * 8u, gate.low) ||
      !read_system(s.idtr.base + vector * 8u + 4, gate.high)) {
    return false;
  }
  const unsigned type = gate.is_system() ? gate.type() : 0;
  const bool is_gate = type == kTaskGate || type == kInterruptGate16 || type == kTrapGate16 ||
                       type == kInterruptGate32 || type == kTrapGate32;
  if (!is_gate) return raise(kGp, idt_error);
  if (software && gate.dpl() < cpl) return raise(kGp, idt_error);
  if (!gate.present()) return raise(kNp, idt_error);

  const std::uint16_t target = gate.gate_selector();
  Descriptor descriptor;
  if (type == kTaskGate) {
    if (bit(target, 2)) return raise(kTs, (target & 0xfffcu) + external);
    if (!fetch_descriptor(target, descriptor, kTs)) return false;
    if (descriptor.type() != kTss16Available && descriptor.type() != kTss32Available) {
      return raise(kTs, (target & 0xfffcu) + external);
    }
    if (!descriptor.present()) return raise(kNp, (target & 0xfffcu) + external);
    if (!switch_task(target, descriptor, TaskSwitch::kCall)) return false;
    if (error != nullptr && error->has_error_code) {
      std::uint64_t top = sp();
      const bool wide = bits(s.tr.attributes, 11, 8) == kTss32Busy;
      const bool ok = wide
                          ? push<std::uint32_t>(top, error->error_code)
                          : push<std::uint16_t>(top, static_cast<std::uint16_t>(error->error_code));
      if (!ok) return false;
      set_sp(top);
    }
    return true;
  }

  if ((target & 0xfffcu) == 0) return raise(kGp, external);
  bool faulted = false;
  if (!descriptor_exists(target, descriptor, faulted))
    return faulted ? false : raise(kGp, (target & 0xfffcu) + external);
  if (!descriptor.is_code() || descriptor.dpl() > cpl)
    return raise(kGp, (target & 0xfffcu) + external);
  if (!descriptor.present()) return raise(kNp, (target & 0xfffcu) + external);
  const unsigned size = type == kInterruptGate16 || type == kTrapGate16 ? 2 : 4;
  const std::uint32_t entry = size == 2 ? gate.gate_offset() & 0xffff : gate.gate_offset();
  if (entry > descriptor.limit()) return raise(kGp, external);

  const bool from_v86 = v8086();
  const unsigned level = descriptor.conforming() ? cpl : descriptor.dpl();
  if (from_v86 && level != 0) return raise(kGp, (target & 0xfffcu) + external);

  const State saved = s;
  const unsigned saved_cpl = cpl;
  const std::uint32_t old_flags = flags();
  const auto undo = [&] {
    s = saved;
    set_cpl(saved_cpl);
    update_mode();
    return false;
  };

  const bool new_stack = level < cpl;
  std::uint64_t top = sp();
  if (new_stack) {
    std::uint16_t new_ss = 0;
    std::uint32_t new_sp = 0;
    if (!stack_of_level(level, new_ss, new_sp)) return false;
    Descriptor stack;
    if (!check_stack_segment(new_ss, level, kTs, stack)) return false;
    if (!set_accessed(new_ss, stack)) return false;
    if (from_v86) {
      s.rflags &= ~static_cast<std::uint64_t>(flag::kVm);
      set_cpl(level);
      update_mode();
    }
    set_cpl(level);
    set_segment(kSs, new_ss, stack);
    top = new_sp & stack_mask();
  }
  const auto push_value = [&](std::uint64_t value) {
    return size == 2 ? push<std::uint16_t>(top, static_cast<std::uint16_t>(value))
                     : push<std::uint32_t>(top, static_cast<std::uint32_t>(value));
  };
  bool ok = true;
  if (from_v86) {
    for (const unsigned segment : {kGs, kFs, kDs, kEs})
      ok = ok && push_value(saved.segment[segment].selector);
  }
  if (new_stack) ok = ok && push_value(saved.segment[kSs].selector) && push_value(saved.gpr[kRsp]);
  ok = ok && push_value(old_flags) && push_value(saved.segment[kCs].selector) &&
       push_value(saved.rip);
  if (ok && error != nullptr && error->has_error_code) ok = push_value(error->error_code);
  if (!ok && new_stack && fault.vector == kSs_)  // no room: the error code names the new stack
    fault.error_code = s.segment[kSs].selector & 0xfffcu;
  if (!ok || !load_code_segment(target, descriptor, level)) return undo();
  if (from_v86) {
    for (const unsigned segment : {kGs, kFs, kDs, kEs}) null_segment(segment, 0);
  }
  set_sp(top);
  s.rip = entry;
  std::uint32_t cleared = flag::kTf | flag::kNt | flag::kRf | flag::kVm;
  if (type == kInterruptGate16 || type == kInterruptGate32) cleared |= flag::kIf;
  s.rflags &= ~static_cast<std::uint64_t>(cleared);
  return true;
}

void Core::deliver_exception(const Fault& first) {
  Fault current = first;
  bool double_fault = false;
  for (;;) {
    if (trace.wants(TraceCategory::kCpu)) {
      trace.emit(TraceCategory::kCpu, "exception",
                 {{"vector", current.vector},
                  {"error", current.error_code},
                  {"cs", s.segment[kCs].selector},
                  {"ip", s.rip}});
    }
    // Faults, unlike traps, push RF set (SDM vol. 3A section 17.3.1.1).
    const bool is_fault = current.vector != kDb && current.vector != kBp && current.vector != kOf;
    if (current.vector == kDb) s.dr[7] &= ~(std::uint64_t{1} << 13);  // DR7.GD
    const std::uint64_t old_rf = s.rflags & flag::kRf;
    if (is_fault && protected_mode()) s.rflags |= flag::kRf;
    if (deliver(current.vector, InterruptSource::kException, &current)) return;
    s.rflags = (s.rflags & ~static_cast<std::uint64_t>(flag::kRf)) | old_rf;
    const Fault second = fault;
    if (double_fault) {
      s.shutdown = true;
      if (trace.wants(TraceCategory::kCpu)) {
        trace.emit(TraceCategory::kCpu, "shutdown",
                   {{"cs", s.segment[kCs].selector}, {"ip", s.rip}});
      }
      return;
    }
    const FaultClass a = class_of(current.vector);
    const FaultClass b = class_of(second.vector);
    const bool makes_double = (a == FaultClass::kContributory && b == FaultClass::kContributory) ||
                              (a == FaultClass::kPage && b != FaultClass::kBenign);
    if (makes_double) {
      current = {kDf, true, 0};
      double_fault = true;
    } else {
      current = second;
    }
  }
}

// SDM vol. 3A section 20.3.3: 32 bytes below the I/O map, a clear bit sends the interrupt to the
// 8086 program's own handler.
bool Core::int_redirected(std::uint8_t vector, bool& redirected) {
  const unsigned type = bits(s.tr.attributes, 11, 8);
  if (!s.tr.usable || (type != kTss32Available && type != kTss32Busy) || s.tr.limit < 103)
    return raise(kGp, 0);
  std::uint16_t map = 0;
  if (!read_system(s.tr.base + 102, map)) return false;
  const std::uint32_t at = map - 32u + vector / 8u;
  if (map < 32 || at > s.tr.limit) return raise(kGp, 0);
  std::uint8_t byte = 0;
  if (!read_system(s.tr.base + at, byte)) return false;
  redirected = !bit(byte, vector % 8);
  return true;
}

// As in real mode, through the vector table at linear 0; below IOPL 3, VIF stands for IF.
bool Core::deliver_to_8086(std::uint8_t vector) {
  sync_count();
  InterruptDelivery delivery{vector,
                             InterruptSource::kSoftware,
                             s.segment[kCs].selector,
                             s.rip,
                             flags(),
                             s.segment[kSs].selector,
                             sp()};
  std::uint32_t entry = 0;
  if (!read_linear<std::uint32_t>(vector * 4u, entry, rights)) return false;
  std::uint32_t image = flags() & ~(flag::kVm | flag::kRf);
  const bool virtual_flag = iopl() != 3;
  if (virtual_flag) {
    image = (image & ~flag::kIf) | flag::kIopl;
    if ((s.rflags & flag::kVif) != 0) image |= flag::kIf;
  }
  std::uint64_t top = sp();
  if (!push<std::uint16_t>(top, static_cast<std::uint16_t>(image)) ||
      !push<std::uint16_t>(top, s.segment[kCs].selector) ||
      !push<std::uint16_t>(top, static_cast<std::uint16_t>(s.rip))) {
    return false;
  }
  set_sp(top);
  load_real_segment(kCs, static_cast<std::uint16_t>(entry >> 16));
  s.rip = entry & 0xffff;
  s.rflags &= ~std::uint64_t{flag::kTf | flag::kNt | (virtual_flag ? flag::kVif : flag::kIf)};
  if (observer != nullptr) {
    sync_flags();
    observer->interrupt_delivered(delivery);
  }
  return true;
}

Flow Core::software_interrupt(std::uint8_t vector, bool privileged_source) {
  // In virtual-8086 mode INT n needs IOPL 3; INT3, INTO and INT1 do not (SDM vol. 3A section 20.3).
  if (v8086() && !privileged_source) {
    bool redirected = false;
    if ((s.cr4 & cr4::kVme) != 0 && !int_redirected(vector, redirected)) return Flow::kFault;
    if (redirected) return deliver_to_8086(vector) ? Flow::kLeave : Flow::kFault;
    if (iopl() != 3) return raised(kGp, 0);
  }
  const auto source =
      privileged_source && vector == kDb ? InterruptSource::kException : InterruptSource::kSoftware;
  if (!deliver(vector, source, nullptr)) return Flow::kFault;
  // Delivery clears TF before the single-step trap of the INT itself could come (SDM vol. 3B
  // section 17.3.1.4).
  delivered_ = true;
  return Flow::kLeave;
}

}  // namespace ice86::cpu
