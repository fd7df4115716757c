// SPDX-License-Identifier: LGPL-2.1-or-later
// What the BIOS has answered to images/probe/probe.asm.
// Reference: PCI BIOS Specification 2.1, section 2.2; APM BIOS Interface 1.2, section 4.6.1; BIOS
// Enhanced Disk Drive Specification 3.0, section 4.4; VESA BIOS Extension 2.0, function 00h.
#include <algorithm>

#include "harness/lint/lint_memory.h"

namespace ice86::harness::lint {

namespace {

constexpr std::uint64_t kAnswers = 0x8000, kFirst = 0x8010, kRanges = 0x9000, kBuffer = 0xa000;
constexpr unsigned kMostAnswers = 64, kMostRanges = 64;

struct Answer {
  unsigned ax = 0, bx = 0, cx = 0, dx = 0;
  bool carry = true;
};

// What an unanswered call looks like, when it has not been asked.
Answer answer(const Checker& c, unsigned vector, unsigned ax) {
  const std::uint64_t count = std::min<std::uint64_t>(c.number(kAnswers + 8, 2), kMostAnswers);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t at = kFirst + i * 16;
    if (c.number(at, 2) != vector || c.number(at + 2, 2) != ax) continue;
    const auto word = [&](unsigned n) { return static_cast<unsigned>(c.number(at + n, 2)); };
    return {word(4), word(6), word(8), word(10), (word(12) & 1) != 0};
  }
  return {};
}

std::string bcd_version(unsigned version) {
  return fmt::format("{:x}.{:x}", version >> 8, version & 0xff);
}

}  // namespace

bool has_answers(const Checker& c) {
  return c.is(kAnswers, "ICE86PRB");
}

std::vector<LintRange> answered_ranges(const Checker& c) {
  std::vector<LintRange> ranges;
  const std::uint64_t count = std::min<std::uint64_t>(c.number(kAnswers + 10, 2), kMostRanges);
  for (std::uint64_t at = kRanges; at < kRanges + count * 20; at += 20) {
    ranges.push_back(
        {c.number(at, 8), c.number(at + 8, 8), static_cast<std::uint32_t>(c.number(at + 16, 4))});
  }
  return ranges;
}

void check_services(Checker& c) {
  if (!has_answers(c)) return;
  const auto feature = [&](const char* name, bool there, const std::string& value) {
    c.feature(name, there ? value : "no");
  };
  const Answer base = answer(c, 0x12, 0), vbe = answer(c, 0x10, 0x4f00);
  feature("INT 12h base memory", base.ax != 0, fmt::format("{} KB", base.ax));
  feature("INT 10h VESA BIOS extension", vbe.ax == 0x004f && c.is(kBuffer, "VESA"),
          bcd_version(static_cast<unsigned>(c.number(kBuffer + 4, 2))));
  const Answer disk = answer(c, 0x13, 0x4100);
  feature("INT 13h extensions (EDD)", !disk.carry && disk.bx == 0xaa55,
          disk.ax >> 8 == 0x30   ? "3.0"
          : disk.ax >> 8 == 0x21 ? "1.1"
                                 : fmt::format("version {:02x}", disk.ax >> 8));
  const Answer extended = answer(c, 0x15, 0x8800), more = answer(c, 0x15, 0xe801);
  feature("INT 15h 88h extended memory", !extended.carry, fmt::format("{} KB", extended.ax));
  feature("INT 15h E801h", !more.carry,
          fmt::format("{} KB", (more.ax != 0 ? more.ax : more.cx) +
                                   64 * (more.bx != 0 ? more.bx : more.dx)));
  feature("INT 15h C0h configuration", !answer(c, 0x15, 0xc000).carry, "yes");
  feature("INT 15h 24h A20 gate", !answer(c, 0x15, 0x2403).carry, "yes");
  const Answer apm = answer(c, 0x15, 0x5300), pci = answer(c, 0x1a, 0xb101);
  feature("APM BIOS", !apm.carry && apm.bx == 0x504d, bcd_version(apm.ax));
  feature("PCI BIOS", !pci.carry && pci.dx == 0x4350 && pci.ax >> 8 == 0, bcd_version(pci.bx));
  feature("INT 1Ah clock", !answer(c, 0x1a, 0x0200).carry, "yes");

  for (const LintRange& range : c.view().e820) {
    const std::uint64_t end = range.start + range.size;
    if (range.type != 1 || range.start != 0 || base.ax == 0) continue;
    if (end >> 10 != base.ax) {
      c.warning("E820", fmt::format("usable memory from 0 ends at {:X}, and INT 12h has {} KB", end,
                                    base.ax));
    }
  }
}

}  // namespace ice86::harness::lint
