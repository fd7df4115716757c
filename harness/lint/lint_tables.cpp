// SPDX-License-Identifier: LGPL-2.1-or-later
// The tables that firmware leaves for systems.
// Reference: Microsoft, PCI IRQ Routing Table Specification 1.0; Intel MultiProcessor Specification
// 1.4, chapter 4; ACPI 3.0, section 5.2; DMTF DSP0134 (SMBIOS) 2.3, section 2.
#include <algorithm>
#include <set>

#include "harness/lint/lint_memory.h"

namespace ice86::harness::lint {

namespace {

constexpr std::uint64_t kBiosEnd = 0x100000;

bool has_device(const Checker& c, unsigned device) {
  const auto& devices = c.view().devices;
  return devices.empty() || std::find(devices.begin(), devices.end(), device) != devices.end();
}

}  // namespace

void check_pir(Checker& c) {
  static constexpr char kName[] = "$PIR";
  const auto at = c.find("$PIR", 0xf0000, kBiosEnd);
  c.feature("PCI interrupt routing ($PIR)", at ? fmt::format("at {:X}", *at) : "no");
  if (!at) return;
  const std::uint64_t size = c.number(*at + 6, 2);
  if (size < 32 || size % 16 != 0 || *at + size > kBiosEnd) {
    c.error(kName, fmt::format("a table of {} bytes makes no sense", size));
    return;
  }
  if (c.sum(*at, size) != 0) c.error(kName, "bad checksum");
  if (c.number(*at + 4, 2) != 0x100) {
    c.error(kName, fmt::format("version {:04x} is not known", c.number(*at + 4, 2)));
  }
  const unsigned router = static_cast<unsigned>(c.number(*at + 9, 1));
  if (!has_device(c, router >> 3)) {
    c.error(kName, fmt::format("the interrupt router is said to be device {}, and there is none",
                               router >> 3));
  }
  std::set<std::uint64_t> seen;
  for (std::uint64_t entry = *at + 32; entry < *at + size; entry += 16) {
    const std::uint64_t bus = c.number(entry, 1), device = c.number(entry + 1, 1);
    bool links = false;
    for (unsigned pin = 0; pin < 4; ++pin) {
      const std::uint64_t link = c.number(entry + 2 + pin * 3, 1);
      const std::uint64_t irqs = c.number(entry + 3 + pin * 3, 2);
      links |= link != 0;
      if (link != 0 && irqs == 0) {
        c.error(kName, fmt::format("INT{}# of device {} has a link that goes nowhere", "ABCD"[pin],
                                   device >> 3));
      }
      if ((irqs & 0x2107) != 0) {
        c.error(kName, fmt::format("INT{}# of device {} may go to an interrupt of the timer, the "
                                   "keyboard, the clock or the FPU ({:04x})",
                                   "ABCD"[pin], device >> 3, irqs));
      }
    }
    if (!links) continue;  // nothing is connected: no slot
    if ((device & 7) != 0) {
      c.error(kName,
              fmt::format("a low bit is wrong: device byte {:02x} names a function", device));
    }
    if (!seen.insert(bus << 8 | device).second) {
      c.error(kName, fmt::format("device {} of bus {} is there twice", device >> 3, bus));
    }
  }
}

void check_mp(Checker& c) {
  static constexpr char kName[] = "MP";
  auto at = c.find_in_ebda("_MP_");
  if (!at) at = c.find("_MP_", 0x9fc00, 0xa0000);
  if (!at) at = c.find("_MP_", 0xf0000, kBiosEnd);
  c.feature("MP table", at ? fmt::format("at {:X}", *at) : "no");
  if (!at) return;
  if (c.sum(*at, c.number(*at + 8, 1) * 16) != 0) c.error(kName, "pointer: bad checksum");
  const std::uint64_t table = c.number(*at + 4, 4);
  if (table == 0) return;  // a default configuration
  if (!c.is(table, "PCMP")) {
    c.error(kName, fmt::format("its pointer says {:X}, and no table is there", table));
    return;
  }
  const std::uint64_t size = c.number(table + 4, 2);
  if (size < 44 || c.sum(table, size) != 0) c.error(kName, "bad checksum");
  c.identify(kName, "OEM ID", c.text(table + 8, 8));
  c.identify(kName, "product ID", c.text(table + 16, 12));
  if (!c.kept(table, table + size)) c.error(kName, "the table is where E820 says usable");
  unsigned processors = 0, boot = 0;
  std::uint64_t entry = table + 44;
  for (std::uint64_t i = 0; i < c.number(table + 34, 2) && entry < table + size; ++i) {
    const std::uint64_t type = c.number(entry, 1);
    if (type > 4) {
      c.error(kName, fmt::format("entry {} is of type {}, which there is not", i, type));
      return;
    }
    if (type == 0) {
      ++processors;
      boot += (c.number(entry + 3, 1) & 2) != 0;
    }
    entry += type == 0 ? 20 : 8;
  }
  if (entry != table + size) c.error(kName, "its entries do not end where the table ends");
  if (boot != 1) {
    c.error(kName, fmt::format("{} of {} processors are the boot processor", boot, processors));
  }
}

namespace {

// One description table; false when it is not one that could be read on.
bool check_table(Checker& c, std::uint64_t at, const std::string& wanted) {
  const std::string name = "ACPI " + (wanted.empty() ? c.text(at, 4) : wanted);
  if (!wanted.empty() && !c.is(at, wanted)) {
    c.error(name, fmt::format("there is none at {:X}", at));
    return false;
  }
  const std::uint64_t size = c.number(at + 4, 4);
  if (size < 36 || size > (1 << 20)) {
    c.error(name, fmt::format("a table of {} bytes makes no sense", size));
    return false;
  }
  if (c.sum(at, size) != 0) c.error(name, "bad checksum");
  if (!c.kept(at, at + size)) {
    c.error(name, fmt::format("at {:X}, where E820 says usable", at));
  }
  c.identify(name, "OEM ID", c.text(at + 10, 6));
  return true;
}

}  // namespace

void check_acpi(Checker& c) {
  auto at = c.find_in_ebda("RSD PTR ");
  if (!at) at = c.find("RSD PTR ", 0xe0000, kBiosEnd);
  c.feature("ACPI", at ? fmt::format("at {:X}", *at) : "no");
  if (!at) return;
  if (c.sum(*at, 20) != 0) c.error("ACPI RSDP", "bad checksum");
  const std::uint64_t rsdt = c.number(*at + 16, 4);
  if (!check_table(c, rsdt, "RSDT")) return;
  bool fixed = false;
  for (std::uint64_t i = rsdt + 36; i + 4 <= rsdt + c.number(rsdt + 4, 4); i += 4) {
    const std::uint64_t table = c.number(i, 4);
    if (!check_table(c, table, "") || !c.is(table, "FACP")) continue;
    fixed = true;
    check_table(c, c.number(table + 40, 4), "DSDT");
    const std::uint64_t facs = c.number(table + 36, 4);
    if (facs != 0 && !c.is(facs, "FACS")) {
      c.error("ACPI FACP", fmt::format("there is no FACS at {:X}", facs));
    }
  }
  if (!fixed) c.error("ACPI RSDT", "names no FACP");
}

void check_smbios(Checker& c) {
  static constexpr char kName[] = "SMBIOS";
  const auto at = c.find("_SM_", 0xf0000, kBiosEnd);
  c.feature("SMBIOS", at ? fmt::format("at {:X}", *at) : "no");
  if (!at) return;
  const std::uint64_t length = c.number(*at + 5, 1);
  if (length < 0x1e || c.sum(*at, length) != 0) c.error(kName, "bad checksum");
  if (!c.is(*at + 16, "_DMI_") || c.sum(*at + 16, 15) != 0) {
    c.error(kName, "_DMI_: bad checksum");
  }
  const std::uint64_t table = c.number(*at + 24, 4), size = c.number(*at + 22, 2);
  if (!c.kept(table, table + size)) c.error(kName, "the structures are where E820 says usable");
  std::uint64_t structure = table;
  for (std::uint64_t i = 0; i < c.number(*at + 28, 2); ++i) {
    const std::uint64_t formatted = c.number(structure + 1, 1);
    if (formatted < 4 || structure + formatted > table + size) {
      c.error(kName, fmt::format("structure {} does not fit the {} bytes there are", i, size));
      return;
    }
    const std::uint64_t type = c.number(structure, 1);
    std::uint64_t next = structure + formatted;
    while (next + 1 < table + size && c.number(next, 2) != 0) {
      const std::string string = c.text(next, 256);
      // BIOS, system, board, chassis.
      if (type <= 3) c.identify(kName, fmt::format("a string of type {}", type), string);
      next += string.size() + (c.number(next + string.size(), 2) == 0 ? 0 : 1);
    }
    structure = next + 2;
  }
}

}  // namespace ice86::harness::lint
