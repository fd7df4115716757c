// SPDX-License-Identifier: LGPL-2.1-or-later
// Breakpoints of the debug registers. Nothing of them costs anything while DR7 enables none: code
// breakpoints are looked for by the run loop when one is armed, and pages with a data breakpoint
// stay out of the TLB's fast path.
// Reference: Intel SDM vol. 3B sections 17.2 and 17.3.
#include <algorithm>
#include <array>

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
  if (stops_ != nullptr) {
    data_breakpoints_ |= !stops_->data.empty();
    port_breakpoints_ |= !stops_->ports.empty();
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
  const std::uint64_t page = linear & ~kPageMask;
  if (stops_ != nullptr) {
    for (const DebugStops::Watch& watch : stops_->data) {
      if (watch.address < page + kPageSize && page < watch.address + watch.size) return true;
    }
  }
  return breakpoints_at(page, kPageSize, kData) != 0;
}

// The trap comes when the instruction has retired.
void Core::note_data_access(std::uint64_t linear, unsigned size, bool write) {
  const unsigned conditions = 1u << kOnReadWrite | (write ? 1u << kOnWrite : 0);
  note_breakpoints(breakpoints_at(linear, size, conditions));
  if (stops_ != nullptr) look_for_stops(linear, size, write);
}
void Core::note_port_access(std::uint16_t port, unsigned size) {
  if (stops_ != nullptr) {
    for (const DebugStops::Ports& ports : stops_->ports) {
      if (port <= ports.last && ports.first < port + size)
        note_stop({.kind = DebugStops::Kind::kPort, .address = ports.first, .value = port});
    }
  }
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

// ---- A debugger's stops ----

void Core::set_debug_stops(DebugStops* stops) {
  stops_ = stops;
  code_stops_ = stops != nullptr && stops->any_code();
  update_breakpoints();
}

void Core::note_stop(DebugStops::Hit hit) {
  sync_count();
  hit.count = retired;
  stops_->hit = hit;
  if (!stops_->stop) return;
  stop_requested_ = true;
  leave_after_current();
}

void Core::look_for_stops(std::uint64_t linear, std::uint64_t size, bool write) {
  for (const DebugStops::Watch& watch : stops_->data) {
    if (write ? !watch.on_write : !watch.on_read) continue;
    if (linear < watch.address + watch.size && watch.address < linear + size)
      note_stop({.kind = write ? DebugStops::Kind::kWrite : DebugStops::Kind::kRead,
                 .address = watch.address,
                 .value = linear});
  }
}

// True: the next instruction is not to be executed.
bool Core::code_stop_hit() {
  if (stops_->pass == retired) return false;
  const std::uint64_t linear = (views[kCs].base + s.rip) & linear_mask;
  DebugStops::Hit hit{.kind = DebugStops::Kind::kCode, .address = linear};
  const bool here = std::binary_search(stops_->code.begin(), stops_->code.end(), linear);
  if (!stops_->physical_code.empty()) {
    Translation to;
    if (walk(linear, Access::kRead, Rights::kSupervisorAc, to, true) &&
        std::binary_search(stops_->physical_code.begin(), stops_->physical_code.end(), to.gpa))
      hit.gpa = to.gpa;
  }
  hit.magic = stops_->magic != 0 && magic_at(linear);
  if (!here && !hit.gpa && !hit.magic) return false;
  note_stop(hit);
  return stops_->stop;
}

// XCHG r16, r16 (87h) of one of the chosen registers with itself; in 32- and 64-bit code with the
// prefix that makes it so.
bool Core::magic_at(std::uint64_t linear) {
  std::array<std::uint8_t, 3> bytes{};
  const unsigned length = code_mode_ == 0 ? 2 : 3;
  if (const Block* block = known_block(); block != nullptr && block->bytes >= length) {
    std::copy_n(block->host, length, bytes.begin());
  } else {
    for (unsigned i = 0; i < length; ++i) {
      Translation to;
      if (!walk((linear + i) & linear_mask, Access::kRead, Rights::kSupervisorAc, to, true))
        return false;
      bytes[i] = static_cast<std::uint8_t>(host.memory_peek(to.gpa, 1));
    }
  }
  return (code_mode_ == 0 || bytes[0] == 0x66) && is_magic(bytes[length - 2], bytes[length - 1]);
}

bool Core::is_magic(std::uint8_t opcode, std::uint8_t modrm) const {
  const unsigned reg = modrm >> 3 & 7;
  return opcode == 0x87 && modrm >> 6 == 3 && (modrm & 7) == reg && (stops_->magic >> reg & 1) != 0;
}

// One of them may be in this block: it is executed one instruction at a time.
bool Core::code_stop_in(std::uint64_t linear, const Block& block) {
  const auto any_in = [&block](const std::vector<std::uint64_t>& addresses, std::uint64_t first) {
    const auto next = std::lower_bound(addresses.begin(), addresses.end(), first);
    return next != addresses.end() && *next < first + block.bytes;
  };
  if (any_in(stops_->code, linear)) return true;
  const bool crosses = &block == crossing_;
  if (!stops_->physical_code.empty()) {
    Translation to;
    if (crosses || !walk(linear, Access::kRead, Rights::kSupervisorAc, to, true) ||
        any_in(stops_->physical_code, to.gpa))
      return true;
  }
  if (stops_->magic == 0) return false;
  if (crosses) return true;
  for (std::uint32_t i = 0; i + 1 < block.bytes; ++i) {
    if (is_magic(block.host[i], block.host[i + 1])) return true;
  }
  return false;
}

}  // namespace ice86::cpu
