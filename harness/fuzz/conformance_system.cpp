// SPDX-License-Identifier: LGPL-2.1-or-later
// INT 11h, 12h, 15h, 16h, 1Ah, and the Plug and Play structure. The machine has 16 MiB.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference (BIOS); ACPI 6.4 section 15; PCI
// BIOS Specification 2.1 (PCI); PnP BIOS 1.0A (PnP), which BBS 1.01 builds on.
#include <algorithm>

#include "harness/fuzz/conformance.h"

namespace ice86::harness {

namespace {

using devices::KeyCode;

constexpr std::uint32_t kBuffer = Probe::kBuffer;

bool is_bcd(unsigned value, unsigned least, unsigned most) {
  const unsigned number = (value >> 4) * 10 + (value & 15);
  return (value & 15) <= 9 && number >= least && number <= most;
}

void equipment(Probe& p) {
  p.call(0x11, {});
  p.is("AX", p.out().ax(), p.get(0x410, 2));
  p.is("diskettes", p.out().ax() & 0xc1, 1);
}
void memory_size(Probe& p) {
  p.call(0x12, {});
  p.is("AX", p.out().ax(), p.get(0x413, 2));
  if (p.out().ax() < 600 || p.out().ax() > 640) p.is("AX", p.out().ax(), 640);
}

void configuration(Probe& p) {
  p.call(0x15, {.ax = 0xc000});
  p.works();
  p.is("AH", p.out().ah(), 0);
  const std::uint32_t table = (std::uint32_t{p.out().es} << 4) + p.bx();
  if (p.get(table, 2) < 8) p.is("length", p.get(table, 2), 8);
  p.is("model", p.get(table + 2, 1), 0xfc);
}
void extended_memory(Probe& p) {
  p.call(0x15, {.ax = 0x8800});
  p.works();
  if (p.out().ax() > 0x3c00 || p.out().ax() < 0x3800) p.is("KiB", p.out().ax(), 0x3c00);
}
void e801(Probe& p) {
  p.call(0x15, {.ax = 0xe801});
  p.works();
  const unsigned below = p.out().ax() != 0 ? p.out().ax() : p.cx();
  if (below > 0x3c00 || below < 0x3800) p.is("KiB", below, 0x3c00);
}

struct MapEntry {
  std::uint64_t first = 0, size = 0;
  std::uint32_t type = 0;
};
std::vector<MapEntry> memory_map(Probe& p) {
  std::vector<MapEntry> entries;
  std::uint16_t next = 0;
  for (unsigned i = 0; i < 64; ++i) {
    p.call(0x15, {.ax = 0xe820, .bx = next, .cx = 24, .dx = 0x4150}, 0x534d);
    if (i == 0) p.works();
    if (p.out().carry() || !p.problem().empty()) break;
    p.is("EAX", p.out().eax, 0x534d4150);
    if (p.cx() < 20) p.is("ECX", p.cx(), 20);
    const auto wide = [&p](std::uint32_t at) {
      return p.get(at, 4) | std::uint64_t{p.get(at + 4, 4)} << 32;
    };
    entries.push_back({wide(kBuffer), wide(kBuffer + 8), p.get(kBuffer + 16, 4)});
    next = p.bx();
    if (next == 0) break;
  }
  return entries;
}
void e820(Probe& p) {
  const auto entries = memory_map(p);
  std::uint64_t usable = 0;
  for (const MapEntry& entry : entries)
    if (entry.type == 1) usable += entry.size;
  if (usable < (15U << 20) || usable > (16U << 20)) p.is("usable", usable, 16U << 20);
}
void e820_apart(Probe& p) {
  auto entries = memory_map(p);
  std::sort(entries.begin(), entries.end(),
            [](const MapEntry& a, const MapEntry& b) { return a.first < b.first; });
  for (std::size_t i = 1; i < entries.size(); ++i) {
    if (entries[i - 1].first + entries[i - 1].size > entries[i].first) p.fail("ranges overlap");
  }
}
void e820_base(Probe& p) {
  const auto entries = memory_map(p);
  p.call(0x12, {});
  for (const MapEntry& entry : entries) {
    if (entry.type == 1 && entry.first == 0 && entry.size > p.out().ax() * 1024U)
      p.fail("gives away what INT 12h keeps");
  }
}
void e820_signature(Probe& p) {
  p.call(0x15, {.ax = 0xe820, .cx = 24, .dx = 0x1234}, 0x5678);
  p.fails();
}
void e820_small(Probe& p) {
  p.fill(kBuffer, 24, 0xee);
  p.call(0x15, {.ax = 0xe820, .cx = 16, .dx = 0x4150}, 0x534d);
  p.fails();
}
void gate_a20(Probe& p) {
  p.call(0x15, {.ax = 0x2400});
  p.works();
  p.call(0x15, {.ax = 0x2402});
  p.works();
  p.is("AL", p.out().al(), 0);
  p.call(0x15, {.ax = 0x2401});
  p.works();
  p.call(0x15, {.ax = 0x2402});
  p.is("AL", p.out().al(), 1);
}
void move_block(Probe& p) {
  // Six descriptors; the third is the source's, the fourth the target's (BIOS, INT 15h AH=87h).
  constexpr std::uint32_t kSource = 0x20000, kTarget = 0x300000, kWords = 64;
  for (std::uint32_t i = 0; i < kWords; ++i) p.put(kSource + i * 2, 2, i * 771);
  p.fill(kBuffer, 48, 0);
  for (const auto& [at, place] : {std::pair{kBuffer + 16, kSource}, {kBuffer + 24, kTarget}}) {
    p.put(at, 2, 0xffff);
    p.put(at + 2, 2, place & 0xffff);
    p.put(at + 4, 1, place >> 16);
    p.put(at + 5, 1, 0x93);
  }
  p.call(0x15, {.ax = 0x8700, .cx = kWords});
  p.works();
  for (std::uint32_t i = 0; i < kWords; ++i)
    p.is("a word", p.get(kTarget + i * 2, 2), i * 771 & 0xffff);
}
void wait(Probe& p) {
  const std::uint32_t before = p.get(0x46c, 4);
  p.call(0x15, {.ax = 0x8600, .cx = 0x0003, .dx = 0x0d40});  // 0.2 s
  p.works();
  const std::uint32_t ticks = p.get(0x46c, 4) - before;
  if (ticks < 2 || ticks > 8) p.is("ticks", ticks, 3);
}
void intercept(Probe& p) {
  p.call(0x15, {.ax = 0x4f1e});
  p.is("AL", p.out().al(), 0x1e);
}
void unknown(Probe& p) {
  p.call(0x15, {.ax = 0x7700});
  p.fails();
  p.is("AH", p.out().ah(), 0x86);
}
void pointing_device(Probe& p) {
  p.call(0x15, {.ax = 0xc205, .bx = 0x0300});
  p.works();
  p.call(0x15, {.ax = 0xc204});
  p.works();
  p.is("device ID", p.bx() >> 8, 0);
}

void no_key(Probe& p) {
  p.call(0x16, {.ax = 0x0100});
  p.is("ZF", p.out().flags >> 6 & 1, 1);
}
void key(Probe& p) {
  p.stroke(KeyCode::kA);
  p.call(0x16, {.ax = 0x0100});
  p.is("ZF", p.out().flags >> 6 & 1, 0);
  p.is("AX", p.out().ax(), 0x1e61);
  p.call(0x16, {});
  p.is("AX", p.out().ax(), 0x1e61);
  p.call(0x16, {.ax = 0x0100});
  p.is("ZF behind it", p.out().flags >> 6 & 1, 1);
}
void extended_key(Probe& p) {
  p.stroke(KeyCode::kF11);
  p.call(0x16, {.ax = 0x1100});
  p.is("ZF", p.out().flags >> 6 & 1, 0);
  p.call(0x16, {.ax = 0x1000});
  p.is("AX", p.out().ax(), 0x8500);
}
void extended_hidden(Probe& p) {
  p.stroke(KeyCode::kF11);
  p.stroke(KeyCode::kB);
  p.call(0x16, {});
  p.is("AX", p.out().ax(), 0x3062);
}
void arrows(Probe& p) {
  p.stroke(KeyCode::kUp);
  p.stroke(KeyCode::kUp);
  p.call(0x16, {.ax = 0x1000});
  p.is("AX of AH=10h", p.out().ax(), 0x48e0);
  p.call(0x16, {});
  p.is("AX of AH=00h", p.out().ax(), 0x4800);
}
void shifts(Probe& p) {
  p.press(KeyCode::kLeftShift, true);
  p.call(0x16, {.ax = 0x0200});
  p.is("AL", p.out().al() & 0x0f, 2);
  p.call(0x16, {.ax = 0x1200});
  p.is("AL of AH=12h", p.out().al(), p.get(0x417, 1));
  p.stroke(KeyCode::kA);
  p.press(KeyCode::kLeftShift, false);
  p.call(0x16, {});
  p.is("AX", p.out().ax(), 0x1e41);
  p.call(0x16, {.ax = 0x0200});
  p.is("AL behind it", p.out().al() & 0x0f, 0);
}
void push_key(Probe& p) {
  p.call(0x16, {.ax = 0x0500, .cx = 0x2c7a});
  p.is("AL", p.out().al(), 0);
  p.call(0x16, {});
  p.is("AX", p.out().ax(), 0x2c7a);
}
void push_too_many(Probe& p) {
  for (unsigned i = 0; i < 15; ++i) p.call(0x16, {.ax = 0x0500, .cx = 0x2c7a});
  p.is("AL", p.out().al(), 0);
  p.call(0x16, {.ax = 0x0500, .cx = 0x2c7a});
  p.is("AL when full", p.out().al(), 1);
}

void ticks(Probe& p) {
  const std::uint32_t before = p.get(0x46c, 4);
  p.pass(1'000'000'000);
  p.call(0x1a, {});
  const std::uint32_t now = std::uint32_t{p.cx()} << 16 | p.dx();
  if (now - before < 18 || now - before > 19) p.is("ticks of a second", now - before, 18);
  p.is("AL", p.out().al(), 0);
}
void midnight(Probe& p) {
  p.call(0x1a, {.ax = 0x0100, .cx = 0x0018, .dx = 0x00af});
  p.pass(100'000'000);
  p.call(0x1a, {});
  if (p.out().al() == 0) p.fail("AL does not tell of midnight");
  if (p.cx() != 0 || p.dx() > 4) p.is("ticks", std::uint32_t{p.cx()} << 16 | p.dx(), 1);
}
void set_ticks(Probe& p) {
  p.call(0x1a, {.ax = 0x0100, .cx = 0x0012, .dx = 0x3456});
  p.call(0x1a, {});
  p.is("CX", p.cx(), 0x12);
  if (p.dx() - 0x3456U > 1) p.is("DX", p.dx(), 0x3456);
}
void read_time(Probe& p) {
  p.call(0x1a, {.ax = 0x0200});
  p.works();
  if (!is_bcd(p.cx() >> 8, 0, 23) || !is_bcd(p.cx() & 0xff, 0, 59) || !is_bcd(p.dx() >> 8, 0, 59))
    p.fail("no time of day");
}
void read_date(Probe& p) {
  p.call(0x1a, {.ax = 0x0400});
  p.works();
  if (!is_bcd(p.cx() >> 8, 19, 20) || !is_bcd(p.dx() >> 8, 1, 12) || !is_bcd(p.dx() & 0xff, 1, 31))
    p.fail("no date");
}
void set_time(Probe& p) {
  p.call(0x1a, {.ax = 0x0300, .cx = 0x1234, .dx = 0x2900});
  p.works();
  p.call(0x1a, {.ax = 0x0200});
  p.is("CX", p.cx(), 0x1234);
  if (p.dx() >> 8 != 0x29 && p.dx() >> 8 != 0x30) p.is("DH", p.dx() >> 8, 0x29);
}
void set_date(Probe& p) {
  p.call(0x1a, {.ax = 0x0500, .cx = 0x2031, .dx = 0x0827});
  p.works();
  p.call(0x1a, {.ax = 0x0400});
  p.is("CX", p.cx(), 0x2031);
  p.is("DX", p.dx(), 0x0827);
}
void alarm(Probe& p) {
  p.call(0x1a, {.ax = 0x0600, .cx = 0x0102, .dx = 0x0300});
  p.works();
  p.call(0x1a, {.ax = 0x0600, .cx = 0x0102, .dx = 0x0300});
  p.fails();
  p.call(0x1a, {.ax = 0x0700});
  p.call(0x1a, {.ax = 0x0600, .cx = 0x0102, .dx = 0x0300});
  p.works();
}

void pci_present(Probe& p) {
  p.call(0x1a, {.ax = 0xb101});
  p.works();
  p.is("AH", p.out().ah(), 0);
  p.is("EDX", p.out().edx, 0x20494350);  // "PCI "
  p.is("version", p.bx(), 0x0210);
}
void pci_device(Probe& p) {
  p.call(0x1a, {.ax = 0xb102, .cx = 0x7000, .dx = 0x8086, .si = 0});  // the PIIX3's ISA bridge
  p.works();
  p.is("BX", p.bx(), 0x0008);
}
void pci_no_device(Probe& p) {
  p.call(0x1a, {.ax = 0xb102, .cx = 0x7777, .dx = 0x8086});
  p.fails();
  p.is("AH", p.out().ah(), 0x86);
}
void pci_bad_vendor(Probe& p) {
  p.call(0x1a, {.ax = 0xb102, .cx = 0xffff, .dx = 0xffff});
  p.fails();
  p.is("AH", p.out().ah(), 0x83);
}
void pci_read(Probe& p) {
  p.call(0x1a, {.ax = 0xb108, .bx = 0, .di = 0});
  p.works();
  p.is("CL", p.cx() & 0xff, 0x86);
  p.call(0x1a, {.ax = 0xb109, .bx = 0, .di = 2});
  p.works();
  p.is("CX", p.cx(), 0x1237);
  p.call(0x1a, {.ax = 0xb10a, .bx = 0, .di = 0});
  p.works();
  p.is("ECX", p.out().ecx, 0x12378086);
}
void pci_unaligned(Probe& p) {
  p.call(0x1a, {.ax = 0xb10a, .bx = 0, .di = 2});
  p.fails();
  p.is("AH", p.out().ah(), 0x87);
}
void pci_write(Probe& p) {
  p.call(0x1a, {.ax = 0xb10b, .bx = 0, .cx = 0x40, .di = 0x0d});  // the host bridge's latency timer
  p.works();
  p.call(0x1a, {.ax = 0xb108, .bx = 0, .di = 0x0d});
  p.is("CL", p.cx() & 0xff, 0x40);
}
void pci_unknown(Probe& p) {
  p.call(0x1a, {.ax = 0xb17f});
  p.fails();
  p.is("AH", p.out().ah(), 0x81);
}

std::uint32_t pnp(Probe& p) {
  for (std::uint32_t at = 0xf0000; at < 0x100000; at += 16) {
    if (p.get(at, 4) == 0x506e5024 && p.sum(at, p.get(at + 5, 1)) == 0) return at;  // $PnP
  }
  p.fail("no $PnP structure");
  return 0;
}
void pnp_structure(Probe& p) {
  const std::uint32_t at = pnp(p);
  if (at == 0) return;
  p.is("version", p.get(at + 4, 1), 0x10);
  if (p.get(at + 0x0d, 2) == 0 && p.get(at + 0x0f, 2) == 0) p.fail("no real mode entry");
}
void boot_vectors(Probe& p) {
  for (const std::uint32_t vector : {0x18U, 0x19U})
    if (p.get(vector * 4, 4) == 0) p.fail("a boot vector is not set");
}
void rom_date(Probe& p) {
  const std::uint32_t at = 0xffff5;
  if (p.get(at + 2, 1) != '/' || p.get(at + 5, 1) != '/') p.fail("no date at F000:FFF5");
  p.is("model at F000:FFFE", p.get(0xffffe, 1), 0xfc);
}

}  // namespace

const std::vector<ConformanceCheck>& system_checks() {
  static const std::vector<ConformanceCheck> kChecks = {
      {0x11, "equipment", "BIOS", equipment},
      {0x12, "memory size", "BIOS", memory_size},
      {0x15, "AH=C0h: configuration table", "BIOS", configuration},
      {0x15, "AH=88h: extended memory", "BIOS", extended_memory},
      {0x15, "AX=E801h: memory", "BIOS", e801},
      {0x15, "AX=E820h: all memory", "ACPI 15.1", e820},
      {0x15, "AX=E820h: no ranges overlap", "ACPI 15.1", e820_apart},
      {0x15, "AX=E820h: base memory as of INT 12h", "ACPI 15.1", e820_base},
      {0x15, "AX=E820h refuses another signature", "ACPI 15.1", e820_signature},
      {0x15, "AX=E820h refuses a buffer below 20", "ACPI 15.1", e820_small},
      {0x15, "AX=2400h-2402h: A20", "BIOS", gate_a20},
      {0x15, "AH=87h moves a block", "BIOS", move_block},
      {0x15, "AH=86h waits", "BIOS", wait},
      {0x15, "AH=4Fh leaves the scan code", "BIOS", intercept},
      {0x15, "an unknown function fails with 86h", "BIOS", unknown},
      {0x15, "AX=C204h, C205h: pointing device", "BIOS", pointing_device},
      {0x16, "AH=01h: no key", "BIOS", no_key},
      {0x16, "AH=00h, 01h: a key", "BIOS", key},
      {0x16, "AH=10h, 11h: F11", "BIOS", extended_key},
      {0x16, "AH=00h passes F11 over", "BIOS", extended_hidden},
      {0x16, "AH=00h, 10h: a grey arrow", "BIOS", arrows},
      {0x16, "AH=02h, 12h: shift", "BIOS", shifts},
      {0x16, "AH=05h pushes a key", "BIOS", push_key},
      {0x16, "AH=05h when the buffer is full", "BIOS", push_too_many},
      {0x1a, "AH=00h: 18.2 ticks a second", "BIOS", ticks},
      {0x1a, "AH=00h: midnight", "BIOS", midnight},
      {0x1a, "AH=01h sets the ticks", "BIOS", set_ticks},
      {0x1a, "AH=02h: time", "BIOS", read_time},
      {0x1a, "AH=03h sets the time", "BIOS", set_time},
      {0x1a, "AH=04h: date", "BIOS", read_date},
      {0x1a, "AH=05h sets the date", "BIOS", set_date},
      {0x1a, "AH=06h, 07h: alarm", "BIOS", alarm},
      {0x1a, "AX=B101h: PCI BIOS 2.1", "PCI 4.2", pci_present},
      {0x1a, "AX=B102h finds a device", "PCI 4.3", pci_device},
      {0x1a, "AX=B102h: 86h when there is none", "PCI 4.3", pci_no_device},
      {0x1a, "AX=B102h: 83h for vendor FFFFh", "PCI 4.3", pci_bad_vendor},
      {0x1a, "AX=B108h-B10Ah read", "PCI 4.4", pci_read},
      {0x1a, "AX=B10Ah: 87h when not aligned", "PCI 4.4", pci_unaligned},
      {0x1a, "AX=B10Bh writes", "PCI 4.5", pci_write},
      {0x1a, "AL=7Fh: 81h", "PCI 4.1", pci_unknown},
      {0x18, "boot vectors are set", "BBS 6", boot_vectors},
      {0x19, "$PnP structure", "PnP 4.4", pnp_structure},
      {0x19, "date and model at the ROM's end", "BIOS", rom_date}};
  return kChecks;
}

}  // namespace ice86::harness
