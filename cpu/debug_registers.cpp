// SPDX-License-Identifier: LGPL-2.1-or-later
// Breakpoints of the debug registers. Nothing of them costs anything while DR7 enables none: code
// breakpoints are looked for by the run loop when one is armed, and pages with a data breakpoint
// stay out of the TLB's fast path.
// Reference: Intel SDM vol. 3B sections 17.2 and 17.3.
#include "cpu/core.h"

namespace ice86::cpu {

namespace {

enum Condition : unsigned { kOnExecute = 0, kOnWrite = 1, kOnPort = 2, kOnReadWrite = 3 };

constexpr std::uint64_t kHit = 0xf;  // DR6.B0 to B3

unsigned condition_of(std::uint64_t dr7, unsigned number) {
  return static_cast<unsigned>(dr7 >> (16 + number * 4) & 3);
}
std::uint64_t length_of(std::uint64_t dr7, unsigned number) {
  static constexpr std::uint64_t kLengths[] = {1, 2, 8, 4};
  return kLengths[dr7 >> (18 + number * 4) & 3];
}
bool enabled(std::uint64_t dr7, unsigned number) {
  return (dr7 >> (number * 2) & 3) != 0;
}

}  // namespace

void Core::update_breakpoints() {
  const bool had_data = data_breakpoints_;
  code_breakpoints_ = data_breakpoints_ = port_breakpoints_ = false;
  for (unsigned n = 0; n < 4; ++n) {
    if (!enabled(s.dr[7], n)) continue;
    switch (condition_of(s.dr[7], n)) {
      case kOnExecute: code_breakpoints_ = true; break;
      case kOnPort: port_breakpoints_ |= (s.cr4 & cr4::kDe) != 0; break;
      default: data_breakpoints_ = true;
    }
  }
  // Pages leave the fast path, or come back to it.
  if (had_data || data_breakpoints_) flush_tlb();
}

// The breakpoints (bits as in DR6) of these conditions that the bytes touch.
std::uint64_t Core::breakpoints_at(std::uint64_t at, std::uint64_t size,
                                   unsigned conditions) const {
  std::uint64_t hits = 0;
  for (unsigned n = 0; n < 4; ++n) {
    const unsigned condition = condition_of(s.dr[7], n);
    if (!enabled(s.dr[7], n) || (conditions >> condition & 1) == 0) continue;
    const std::uint64_t length = length_of(s.dr[7], n);
    const std::uint64_t first = s.dr[n] & ~(length - 1);
    if (first < at + size && at < first + length) hits |= 1u << n;
  }
  return hits;
}

bool Core::data_breakpoint_in_page(std::uint64_t linear) const {
  constexpr unsigned kData = 1u << kOnWrite | 1u << kOnReadWrite;
  return breakpoints_at(linear & ~kPageMask, kPageSize, kData) != 0;
}

// The trap comes when the instruction has retired.
void Core::note_data_access(std::uint64_t linear, unsigned size, bool write) {
  const unsigned conditions = 1u << kOnReadWrite | (write ? 1u << kOnWrite : 0);
  note_breakpoints(breakpoints_at(linear, size, conditions));
}
void Core::note_port_access(std::uint16_t port, unsigned size) {
  note_breakpoints(breakpoints_at(port, size, 1u << kOnPort));
}
void Core::note_breakpoints(std::uint64_t hits) {
  if (hits == 0) return;
  pending_debug_ |= hits;
  leave_after_current();
}

// A code breakpoint on the instruction at `linear`: a fault, before anything of it happens.
bool Core::code_breakpoint_hit(std::uint64_t linear) {
  const std::uint64_t hits = breakpoints_at(linear, 1, 1u << kOnExecute);
  if (hits == 0) return false;
  raise_debug(hits);
  return true;
}
bool Core::code_breakpoint_in(std::uint64_t linear, std::uint64_t size) const {
  return breakpoints_at(linear, size, 1u << kOnExecute) != 0;
}

void Core::raise_debug(std::uint64_t reasons) {
  if ((reasons & kHit) != 0) s.dr[6] &= ~kHit;
  s.dr[6] |= reasons;
  pending_debug_ = 0;
  s.halted = false;  // the instruction was HLT
  deliver_exception({kDb, false, 0});
}

}  // namespace ice86::cpu
