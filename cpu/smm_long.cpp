// SPDX-License-Identifier: LGPL-2.1-or-later
// The SMM state save area of a CPU with long mode.
// Reference: AMD64 APM vol. 2 table 10-1 and section 10.2.3. Bit 15 of a segment's attributes,
// which is reserved there, keeps that the segment is null.
#include "cpu/core.h"

namespace ice86::cpu {

namespace {

// Offsets from SMBASE + 8000h.
enum LongSaveArea : std::uint32_t {
  kSegments = 0x7e00 /* ES CS SS DS FS GS, 16 bytes each */,
  kGdtr = 0x7e60,
  kLdtr = 0x7e70,
  kIdtr = 0x7e80,
  kTr = 0x7e90,
  kAutoHalt = 0x7ec9,
  kNmiMask = 0x7eca,
  kEfer = 0x7ed0,
  kRevision = 0x7efc,
  kSmbase = 0x7f00,
  kCr4 = 0x7f48,
  kCr3 = 0x7f50,
  kCr0 = 0x7f58,
  kDr7 = 0x7f60,
  kDr6 = 0x7f68,
  kRflags = 0x7f70,
  kRip = 0x7f78,
  kR15 = 0x7f80 /* then downwards to R8 */,
  kRdi = 0x7fc0 /* RDI RSI RBP RSP RBX RDX RCX RAX */
};
// Relocatable SMBASE; no I/O restart.
constexpr std::uint32_t kRevisionId = 0x00020064;
constexpr std::uint16_t kNull = 1u << 15;

std::uint32_t place_of(unsigned gpr) {
  static constexpr std::uint32_t kLow[] = {7, 6, 5, 4, 3, 2, 1, 0};
  if (gpr >= 8) return kR15 + (15 - gpr) * 8;
  // RAX RCX RDX RBX RSP RBP RSI RDI from the top downwards.
  return LongSaveArea::kRdi + kLow[gpr] * 8;
}

}  // namespace

void Core::save_long_state() {
  const Gpa area = static_cast<Gpa>(s.smbase) + 0x8000;
  const auto save = [&](std::uint32_t at, unsigned width, std::uint64_t value) {
    host.memory_write(area + at, width, value & width_mask(width));
  };
  const auto save_segment = [&](std::uint32_t at, const Segment& segment) {
    const std::uint32_t a = segment.attributes;
    save(at, 2, segment.selector);
    save(at + 2, 2, (a >> 8 & 0xff) | (a >> 12 & 0xf00) | (segment.usable ? 0 : kNull));
    save(at + 4, 4, segment.limit);
    save(at + 8, 8, segment.base);
  };
  for (unsigned i = 0; i < s.segment.size(); ++i) save_segment(kSegments + i * 16, s.segment[i]);
  save_segment(kLdtr, s.ldtr);
  save_segment(kTr, s.tr);
  save(kGdtr + 4, 2, s.gdtr.limit);
  save(kGdtr + 8, 8, s.gdtr.base);
  save(kIdtr + 4, 2, s.idtr.limit);
  save(kIdtr + 8, 8, s.idtr.base);
  save(kAutoHalt, 1, s.halted ? 1 : 0);
  save(kNmiMask, 1, s.nmi_blocked ? 1 : 0);
  save(kEfer, 8, s.efer);
  save(kRevision, 4, kRevisionId);
  save(kSmbase, 4, s.smbase);
  save(kCr4, 8, s.cr4);
  save(kCr3, 8, s.cr3);
  save(kCr0, 8, s.cr0);
  save(kDr7, 8, s.dr[7]);
  save(kDr6, 8, s.dr[6]);
  save(kRflags, 8, s.rflags);
  save(kRip, 8, s.rip);
  for (unsigned i = 0; i < 16; ++i) save(place_of(i), 8, s.gpr[i]);
}

void Core::load_long_state() {
  const Gpa area = static_cast<Gpa>(s.smbase) + 0x8000;
  const auto load = [&](std::uint32_t at, unsigned width) {
    return host.memory_read(area + at, width);
  };
  const auto load_segment_at = [&](std::uint32_t at, Segment& segment) {
    const auto packed = static_cast<std::uint32_t>(load(at + 2, 2));
    segment.selector = static_cast<std::uint16_t>(load(at, 2));
    segment.attributes = (packed & 0xff) << 8 | (packed & 0xf00) << 12;
    segment.limit = static_cast<std::uint32_t>(load(at + 4, 4));
    segment.base = load(at + 8, 8);
    segment.usable = (packed & kNull) == 0;
  };
  for (unsigned i = 0; i < s.segment.size(); ++i) load_segment_at(kSegments + i * 16, s.segment[i]);
  load_segment_at(kLdtr, s.ldtr);
  load_segment_at(kTr, s.tr);
  s.gdtr = {load(kGdtr + 8, 8), static_cast<std::uint16_t>(load(kGdtr + 4, 2))};
  s.idtr = {load(kIdtr + 8, 8), static_cast<std::uint16_t>(load(kIdtr + 4, 2))};
  s.halted = (load(kAutoHalt, 1) & 1) != 0;
  s.nmi_blocked = (load(kNmiMask, 1) & 1) != 0;
  s.smbase = static_cast<std::uint32_t>(load(kSmbase, 4));
  s.cr4 = load(kCr4, 8);
  s.cr3 = load(kCr3, 8);
  s.cr0 = load(kCr0, 8) | cr0::kEt;
  s.efer = load(kEfer, 8);
  // LMA follows from the others, whatever the handler has left there.
  const bool active = (s.efer & efer::kLme) != 0 && (s.cr0 & cr0::kPg) != 0;
  s.efer = (s.efer & ~efer::kLma) | (active ? efer::kLma : 0);
  s.dr[7] = load(kDr7, 8);
  s.dr[6] = load(kDr6, 8);
  s.rflags = load(kRflags, 8);
  s.rip = load(kRip, 8);
  for (unsigned i = 0; i < 16; ++i) s.gpr[i] = load(place_of(i), 8);
}

}  // namespace ice86::cpu
