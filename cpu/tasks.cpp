// SPDX-License-Identifier: LGPL-2.1-or-later
// Hardware task switching.
// Reference: Intel SDM vol. 3A chapter 7.
#include "cpu/core.h"

namespace ice86::cpu {

namespace {

// Offsets of the 32-bit TSS (figure 7-2) and the 16-bit TSS (figure 7-10).
struct Layout {
  unsigned size, last, cr3, eip, eflags, gpr, segments, segment_count, ldt;
};
constexpr Layout kLayout32 = {4, 103, 28, 32, 36, 40, 72, 6, 96};
constexpr Layout kLayout16 = {2, 43, 0, 14, 16, 18, 34, 4, 42};

bool is_32(unsigned type) {
  return type == kTss32Available || type == kTss32Busy;
}

}  // namespace

bool Core::switch_task(std::uint16_t selector, const Descriptor& descriptor, TaskSwitch how) {
  const Layout& to = is_32(descriptor.type()) ? kLayout32 : kLayout16;
  const bool from_32 = is_32(bits(s.tr.attributes, 11, 8));
  const Layout& from = from_32 ? kLayout32 : kLayout16;
  const std::uint32_t selector_error = selector & 0xfffcu;
  if (descriptor.limit() < to.last) return raise(kTs, selector_error);

  const auto load = [&](std::uint64_t base, unsigned size, unsigned offset, std::uint32_t& value) {
    if (size == 4) return read_system(base + offset, value);
    std::uint16_t narrow = 0;
    if (!read_system(base + offset, narrow)) return false;
    value = narrow;
    return true;
  };
  const auto store = [&](std::uint64_t base, unsigned size, unsigned offset, std::uint64_t value) {
    return size == 4 ? write_system(base + offset, static_cast<std::uint32_t>(value))
                     : write_system(base + offset, static_cast<std::uint16_t>(value));
  };

  // Read the new task first: a page fault there leaves the old one as it was.
  const std::uint64_t base = descriptor.base();
  std::uint32_t new_cr3 = 0, new_ip = 0, new_flags = 0, new_ldt = 0;
  std::array<std::uint32_t, 8> new_gpr{};
  std::array<std::uint32_t, 6> new_segments{};
  if (to.size == 4 && !load(base, 4, to.cr3, new_cr3)) return false;
  if (!load(base, to.size, to.eip, new_ip) || !load(base, to.size, to.eflags, new_flags))
    return false;
  for (unsigned i = 0; i < 8; ++i) {
    if (!load(base, to.size, to.gpr + i * to.size, new_gpr[i])) return false;
  }
  for (unsigned i = 0; i < to.segment_count; ++i) {
    if (!load(base, to.size, to.segments + i * to.size, new_segments[i])) return false;
  }
  if (!load(base, to.size, to.ldt, new_ldt)) return false;
  std::uint32_t new_trap = 0;  // T, in the 32-bit TSS alone
  if (to.size == 4 && !load(base, 2, 100, new_trap)) return false;

  // Save the old task.
  std::uint32_t old_flags = flags();
  if (how == TaskSwitch::kIret) old_flags &= ~flag::kNt;
  const std::uint64_t old_base = s.tr.base;
  if (!store(old_base, from.size, from.eip, s.rip) ||
      !store(old_base, from.size, from.eflags, old_flags))
    return false;
  for (unsigned i = 0; i < 8; ++i) {
    if (!store(old_base, from.size, from.gpr + i * from.size, s.gpr[i])) return false;
  }
  for (unsigned i = 0; i < from.segment_count; ++i) {
    if (!write_system(old_base + from.segments + i * from.size, s.segment[i].selector))
      return false;
  }
  if (how != TaskSwitch::kCall && !set_busy(s.tr.selector, false)) return false;
  if (how == TaskSwitch::kCall && !write_system(base, s.tr.selector)) return false;
  if (how != TaskSwitch::kIret && !set_busy(selector, true)) return false;

  // Commit: from here on, faults are the new task's.
  s.tr.selector = selector;
  s.tr.base = base;
  s.tr.limit = descriptor.limit();
  s.tr.attributes = (descriptor.high & 0x00f0ff00) | 0x200;
  s.tr.usable = true;
  s.cr0 |= cr0::kTs;
  if (to.size == 4 && (s.cr0 & cr0::kPg) != 0 && new_cr3 != s.cr3) {
    if ((s.cr4 & cr4::kPae) != 0 && !load_pdptes(new_cr3)) return false;
    s.cr3 = new_cr3;
    flush_tlb_but_global();
  }
  s.rip = new_ip;
  if (how == TaskSwitch::kCall) new_flags |= flag::kNt;
  if (to.size == 2) new_flags = (new_flags & 0xffff) | (how == TaskSwitch::kCall ? flag::kNt : 0);
  set_flags(new_flags);
  for (unsigned i = 0; i < 8; ++i) s.gpr[i] = to.size == 4 ? new_gpr[i] : new_gpr[i] | 0xffff0000u;
  s.dr[7] &= ~std::uint64_t{0x155};  // local breakpoints are the old task's
  update_breakpoints();
  if ((new_trap & 1) != 0) trap_after_task_switch();

  if (enter_task(new_segments, static_cast<std::uint16_t>(new_ldt))) return true;
  // The fault is the new task's, before its first instruction: not one of the instruction that
  // switched, from which execute() would step back.
  if (current_ != nullptr) s.rip += current_->length;
  return false;
}

bool Core::enter_task(const std::array<std::uint32_t, 6>& new_segments, std::uint16_t new_ldt) {
  // The local descriptor table, then CS, SS and the data segments, all with #TS for a bad selector.
  for (unsigned i = 0; i < s.segment.size(); ++i)
    null_segment(i, static_cast<std::uint16_t>(new_segments[i]));
  s.ldtr.selector = new_ldt;
  s.ldtr.usable = false;
  const std::uint32_t ldt_error = new_ldt & 0xfffcu;
  if (ldt_error != 0) {
    Descriptor table;
    bool faulted = false;
    if (bit(new_ldt, 2) || !descriptor_exists(new_ldt, table, faulted)) {
      return faulted ? false : raise(kTs, ldt_error);
    }
    if (!table.is_system() || table.type() != kLdt || !table.present())
      return raise(kTs, ldt_error);
    s.ldtr.base = table.base();
    s.ldtr.limit = table.limit();
    s.ldtr.attributes = table.high & 0x00f0ff00;
    s.ldtr.usable = true;
  }
  if (v8086()) {
    update_mode();
    for (unsigned i = 0; i < s.segment.size(); ++i)
      load_real_segment(i, static_cast<std::uint16_t>(new_segments[i]));
    set_cpl(3);
    return true;
  }

  const auto code = static_cast<std::uint16_t>(new_segments[kCs]);
  const unsigned level = code & 3;
  set_cpl(level);
  Descriptor d;
  if ((code & 0xfffcu) == 0) return raise(kTs, 0);
  if (!fetch_descriptor(code, d, kTs)) return false;
  if (!d.is_code() || (d.conforming() ? d.dpl() > level : d.dpl() != level))
    return raise(kTs, code & 0xfffcu);
  if (!d.present()) return raise(kNp, code & 0xfffcu);
  const Descriptor code_descriptor = d;
  const auto stack = static_cast<std::uint16_t>(new_segments[kSs]);
  if (!check_stack_segment(stack, level, kTs, d)) return false;
  if (!set_accessed(stack, d)) return false;
  set_segment(kSs, stack, d);
  if (!load_code_segment(code, code_descriptor, level)) return false;
  for (const unsigned i : {kEs, kDs, kFs, kGs}) {
    const auto data = static_cast<std::uint16_t>(new_segments[i]);
    if ((data & 0xfffcu) == 0) continue;
    if (!fetch_descriptor(data, d, kTs)) return false;
    if (d.is_system() || !d.readable() ||
        (!d.conforming() && (d.dpl() < level || d.dpl() < (data & 3u)))) {
      return raise(kTs, data & 0xfffcu);
    }
    if (!d.present()) return raise(kNp, data & 0xfffcu);
    if (!set_accessed(data, d)) return false;
    set_segment(i, data, d);
  }
  if (s.rip > s.segment[kCs].limit) return raise(kGp, 0);
  return true;
}

}  // namespace ice86::cpu
