// SPDX-License-Identifier: LGPL-2.1-or-later
// Segment registers, descriptors and their checks, privilege levels.
// Reference: Intel SDM vol. 3A chapters 3 and 5.
#include "cpu/core.h"

namespace ice86::cpu {

namespace {

constexpr std::uint32_t kAttributeMask =
    0x00f0ff00;  // of the high dword: everything but base and limit
constexpr std::uint32_t kAccessedBit = 1u << 8;
constexpr unsigned kLongBit = 21, kBigBit = 22;  // L and D/B
constexpr std::uint32_t kV86Data = 0xf300;

constexpr std::uint32_t selector_error(std::uint16_t selector) {
  return selector & 0xfffcu;
}

}  // namespace

std::uint64_t Core::descriptor_address(std::uint16_t selector) const {
  return (bit(selector, 2) ? s.ldtr.base : s.gdtr.base) + (selector & 0xfff8u);
}

bool Core::descriptor_exists(std::uint16_t selector, Descriptor& descriptor, bool& faulted) {
  faulted = false;
  const bool local = bit(selector, 2);
  const std::uint32_t limit = local ? s.ldtr.limit : s.gdtr.limit;
  if ((local && !s.ldtr.usable) || (selector | 7u) > limit) return false;
  const std::uint64_t at = descriptor_address(selector);
  if (!read_system(at, descriptor.low) || !read_system(at + 4, descriptor.high)) {
    faulted = true;
    return false;
  }
  return true;
}

bool Core::fetch_descriptor(std::uint16_t selector, Descriptor& descriptor, Vector vector) {
  bool faulted = false;
  if (descriptor_exists(selector, descriptor, faulted)) return true;
  return faulted ? false : raise(vector, selector_error(selector));
}

bool Core::set_accessed(std::uint16_t selector, Descriptor& descriptor) {
  if ((descriptor.high & kAccessedBit) != 0) return true;
  descriptor.high |= kAccessedBit;
  return write_system<std::uint8_t>(descriptor_address(selector) + 5,
                                    static_cast<std::uint8_t>(descriptor.high >> 8));
}

bool Core::set_busy(std::uint16_t selector, bool busy) {
  const std::uint64_t at = descriptor_address(selector) + 4;
  std::uint32_t high = 0;
  if (!read_system(at, high)) return false;
  high = busy ? high | 0x200u : high & ~0x200u;
  return write_system(at, high);
}

void Core::set_segment(unsigned segment, std::uint16_t selector, const Descriptor& descriptor) {
  Segment& target = s.segment[segment];
  target.selector = selector;
  target.attributes = descriptor.high & kAttributeMask;
  target.base = descriptor.base();
  target.limit = descriptor.limit();
  target.usable = true;
  update_view(segment);
}

void Core::null_segment(unsigned segment, std::uint16_t selector) {
  Segment& target = s.segment[segment];
  target.selector = selector;
  target.usable = false;
  target.base = 0;
  update_view(segment);
}

void Core::null_stack_segment(unsigned level) {
  Segment& target = s.segment[kSs];
  target = {static_cast<std::uint16_t>(level), level << 13, 0, 0, false};
  update_view(kSs);
}

bool Core::fetch_upper(std::uint16_t selector, Vector vector, std::uint64_t& base_high) {
  const std::uint32_t limit = bit(selector, 2) ? s.ldtr.limit : s.gdtr.limit;
  if ((selector | 7u) + 8 > limit) return raise(vector, selector_error(selector));
  const std::uint64_t at = descriptor_address(selector) + 8;
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  if (!read_system(at, low) || !read_system(at + 4, high)) return false;
  // A type field of 0 keeps the upper half from being taken for a descriptor of its own.
  if (bits(high, 12, 8) != 0) return raise(vector, selector_error(selector));
  base_high = static_cast<std::uint64_t>(low) << 32;
  return true;
}

void Core::load_real_segment(unsigned segment, std::uint16_t selector) {
  Segment& target = s.segment[segment];
  target.selector = selector;
  target.base = static_cast<std::uint64_t>(selector) << 4;
  target.usable = true;
  if (v8086()) {
    target.limit = 0xffff;
    target.attributes = kV86Data;
  } else {
    // Real mode keeps the limit and size that protected mode left ("unreal mode"); the rights
    // become those of a writable segment, for CS also (SDM vol. 3A section 20.1.1).
    target.attributes = (target.attributes & 0x00f00000) | kRealRights;
  }
  update_view(segment);
}

void Core::update_view(unsigned segment) {
  compute_view(segment);
  if (segment == kCs) update_code_mode();
}

void Core::update_code_mode() {
  const std::uint32_t attributes = s.segment[kCs].attributes;
  const bool was_64 = code64;
  code64 = long_active() && bit(attributes, kLongBit);
  code_mode_ = code64 ? 2 : bit(attributes, kBigBit) ? 1 : 0;
  linear_mask = code64 ? ~std::uint64_t{0} : 0xffffffff;
  system_mask = long_active() ? ~std::uint64_t{0} : 0xffffffff;
  if (code64 != was_64) {
    for (unsigned segment = 0; segment < s.segment.size(); ++segment) compute_view(segment);
  }
}

// What of a data segment's view a translation may rely on (jit::Context): base 0 and 4 GiB.
static unsigned flatness(const Core::SegmentView& view) {
  constexpr std::uint64_t kAll = std::uint64_t{1} << 32;
  return view.base != 0 ? 0 : (view.readable >= kAll ? 1u : 0) | (view.writable >= kAll ? 2u : 0);
}

void Core::compute_view(unsigned segment) {
  const unsigned was_flat = flatness(views[segment]);
  const std::uint64_t old_stack_mask = stack_mask_;
  renew_view(segment);
  if (segment == kCs || flatness(views[segment]) != was_flat || stack_mask_ != old_stack_mask)
    context_changed = true;
}

void Core::renew_view(unsigned segment) {
  const Segment& source = s.segment[segment];
  SegmentView& view = views[segment];
  if (segment == kSs)
    stack_mask_ = code64                            ? ~std::uint64_t{0}
                  : bit(source.attributes, kBigBit) ? 0xffffffff
                                                    : 0xffff;
  if (code64) {
    // Only the bases of FS and GS count, and no limits or types (SDM vol. 3A section 3.4.4).
    view.base = segment == kFs || segment == kGs ? source.base : 0;
    view.readable = view.writable = ~std::uint64_t{0};
    return;
  }
  view.base = source.base;
  view.readable = 0;
  view.writable = 0;
  if (!source.usable) return;
  const std::uint32_t attributes = source.attributes;
  const bool code = bit(attributes, 11);
  const bool expand_down = !code && bit(attributes, 10);
  if (expand_down) return;  // the slow check knows
  const std::uint64_t bytes = static_cast<std::uint64_t>(source.limit) + 1;
  const bool real = real_or_v86();
  if (real || !code || bit(attributes, 9)) view.readable = bytes;
  if (real || (!code && bit(attributes, 9))) view.writable = bytes;
}

void Core::set_cpl(unsigned level) {
  cpl = level;
  update_rights();
}

Rights Core::rights_of(unsigned level) const {
  const bool ac = (s.rflags & flag::kAc) != 0;
  if (level == 3) return ac && (s.cr0 & cr0::kAm) != 0 ? Rights::kUserAligned : Rights::kUser;
  return ac && (s.cr4 & cr4::kSmap) != 0 ? Rights::kSupervisorAc : Rights::kSupervisor;
}

void Core::update_rights() {
  rights = rights_of(cpl);
  context_changed = true;
}

void Core::update_mode() {
  if (!protected_mode()) {
    set_cpl(0);
  } else if (v8086()) {
    set_cpl(3);
  }
  for (unsigned segment = 0; segment < s.segment.size(); ++segment) update_view(segment);
}

bool Core::check_segment(unsigned segment, std::uint64_t offset, unsigned size, Access access) {
  const Segment& source = s.segment[segment];
  const Vector vector = segment == kSs ? kSs_ : kGp;
  if (code64) {
    const std::uint64_t linear = views[segment].base + offset;
    return canonical(linear) && canonical(linear + size - 1) ? true : raise(vector, 0);
  }
  if (!source.usable) return raise(vector, 0);
  const std::uint32_t attributes = source.attributes;
  const bool code = bit(attributes, 11);
  if (!real_or_v86()) {
    if (access == Access::kWrite && (code || !bit(attributes, 9))) return raise(vector, 0);
    if (access == Access::kRead && code && !bit(attributes, 9)) return raise(vector, 0);
  }
  const std::uint64_t last = offset + size - 1;
  if (!code && bit(attributes, 10)) {
    const std::uint64_t top = bit(attributes, 22) ? 0xffffffff : 0xffff;
    if (offset <= source.limit || last > top) return raise(vector, 0);
  } else if (last > source.limit) {
    return raise(vector, 0);
  }
  return true;
}

bool Core::load_segment(unsigned segment, std::uint16_t selector) {
  if (real_or_v86()) {
    load_real_segment(segment, selector);
    return true;
  }
  const unsigned rpl = selector & 3;
  if (segment == kSs) {
    // SDM vol. 2B, MOV: the stack segment must be writable data of exactly this privilege.
    if ((selector & 0xfffcu) == 0) {
      if (!code64 || cpl == 3 || rpl != cpl) return raise(kGp, 0);
      null_stack_segment(cpl);
      return true;
    }
    Descriptor descriptor;
    if (!fetch_descriptor(selector, descriptor, kGp)) return false;
    if (rpl != cpl || !descriptor.writable() || descriptor.dpl() != cpl)
      return raise(kGp, selector_error(selector));
    if (!descriptor.present()) return raise(kSs_, selector_error(selector));
    if (!set_accessed(selector, descriptor)) return false;
    set_segment(segment, selector, descriptor);
    return true;
  }
  if ((selector & 0xfffcu) == 0) {
    null_segment(segment, selector);
    return true;
  }
  Descriptor descriptor;
  if (!fetch_descriptor(selector, descriptor, kGp)) return false;
  if (descriptor.is_system() || !descriptor.readable()) return raise(kGp, selector_error(selector));
  if (!descriptor.conforming() && (rpl > descriptor.dpl() || cpl > descriptor.dpl())) {
    return raise(kGp, selector_error(selector));
  }
  if (!descriptor.present()) return raise(kNp, selector_error(selector));
  if (!set_accessed(selector, descriptor)) return false;
  set_segment(segment, selector, descriptor);
  return true;
}

bool Core::check_stack_segment(std::uint16_t selector, unsigned level, Vector vector,
                               Descriptor& descriptor) {
  if ((selector & 0xfffcu) == 0) return raise(vector, vector == kTs ? selector_error(selector) : 0);
  if (!fetch_descriptor(selector, descriptor, vector)) return false;
  if ((selector & 3u) != level || descriptor.dpl() != level || !descriptor.writable()) {
    return raise(vector, selector_error(selector));
  }
  if (!descriptor.present()) return raise(kSs_, selector_error(selector));
  return true;
}

bool Core::load_code_segment(std::uint16_t selector, const Descriptor& fetched, unsigned level) {
  Descriptor descriptor = fetched;
  // L and D together are reserved.
  if (long_active() && bit(descriptor.high, kLongBit) && bit(descriptor.high, kBigBit))
    return raise(kGp, selector_error(selector));
  if (!set_accessed(selector, descriptor)) return false;
  set_segment(kCs, static_cast<std::uint16_t>((selector & 0xfffcu) | level), descriptor);
  set_cpl(level);
  return true;
}

bool Core::check_io(std::uint16_t port, unsigned width) {
  if (!protected_mode() || (!v8086() && cpl <= iopl())) return true;
  // The I/O permission bitmap of a 32-bit TSS (SDM vol. 1 section 19.5.2).
  const unsigned type = bits(s.tr.attributes, 11, 8);
  if (!s.tr.usable || (type != kTss32Available && type != kTss32Busy) || s.tr.limit < 103)
    return raise(kGp, 0);
  std::uint16_t bitmap = 0;
  if (!read_system(s.tr.base + 102, bitmap)) return false;
  const std::uint32_t at = bitmap + port / 8u;
  if (at + 1 > s.tr.limit) return raise(kGp, 0);
  std::uint16_t allowed = 0;
  if (!read_system(s.tr.base + at, allowed)) return false;
  if ((allowed >> (port & 7) & ((1u << width) - 1)) != 0) return raise(kGp, 0);
  return true;
}

}  // namespace ice86::cpu
