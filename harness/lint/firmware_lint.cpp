// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: IBM PC AT Technical Reference (interrupt vectors); Plug and Play BIOS Specification
// 1.0A; Standard BIOS 32-bit Service Directory; ACPI 3.0, section 14 (E820).
#include "harness/lint/firmware_lint.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "harness/lint/lint_memory.h"

namespace ice86::harness {

namespace lint {

void Checker::identify(const std::string& where, const std::string& what,
                       const std::string& value) {
  static constexpr std::array kPlaceholders = {
      "to be filled",    "name here",     "default string", "system manufacturer",
      "system product",  "not specified", "oem00000",       "prod0000",
      "o.e.m.",          "xxxx",          "vendor name",    "00000000",
      "part number here"};
  std::string lower = value;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* const placeholder : kPlaceholders) {
    if (lower.find(placeholder) == std::string::npos) continue;
    warning(where, fmt::format("{} is a placeholder: '{}'", what, value));
    return;
  }
}

bool Checker::kept(std::uint64_t start, std::uint64_t end) const {
  return std::none_of(view_.e820.begin(), view_.e820.end(), [&](const LintRange& range) {
    return range.type == 1 && range.start < end && start < range.start + range.size;
  });
}

void check_e820(Checker& c) {
  const std::vector<LintRange>& given = c.view().e820;
  c.feature("INT 15h E820", given.empty() ? "no" : fmt::format("{} ranges", given.size()));
  std::vector<LintRange> ranges = given;
  std::sort(ranges.begin(), ranges.end(),
            [](const LintRange& a, const LintRange& b) { return a.start < b.start; });
  const auto text = [](const LintRange& r) {
    return fmt::format("{:X}-{:X}", r.start, r.start + r.size);
  };
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const LintRange& range = ranges[i];
    if (range.size == 0) c.error("E820", fmt::format("{} is empty", text(range)));
    if (i > 0 && range.start < end) {
      c.error("E820", fmt::format("{} and {} overlap", text(ranges[i - 1]), text(range)));
    }
    if (i > 0 && range.start > end && range.start >= 0x100000 && end >= 0x100000 &&
        end < c.view().memory_size && range.start < 0x100000000) {
      c.warning("E820", fmt::format("{:X}-{:X} is memory, and nothing says for whom", end,
                                    std::min(range.start, c.view().memory_size)));
    }
    if (range.type == 1) {
      if (range.start < 0x100000 && range.start + range.size > 0xa0000) {
        c.error("E820", fmt::format("{} is called usable, across A0000-FFFFF", text(range)));
      }
      const std::uint64_t ebda = c.ebda();
      if (ebda != 0 && range.start <= ebda && ebda < range.start + range.size) {
        c.warning("E820", fmt::format("{} is called usable, with the BIOS's EBDA at {:X} in it",
                                      text(range), ebda));
      }
      if (c.view().memory_size != 0 && range.start < 0x100000000 &&
          range.start + range.size > c.view().memory_size) {
        c.error("E820", fmt::format("{} is called usable, and memory ends at {:X}", text(range),
                                    c.view().memory_size));
      }
    }
    end = std::max(end, range.start + range.size);
  }
}

void check_pci(Checker& c) {
  const std::vector<LintBar>& bars = c.view().bars;
  const auto name = [](const LintBar& bar) {
    return fmt::format("register {:02x} of {:02x}:{:02x}.{} ({} {:X}-{:X})", bar.offset, bar.bus,
                       bar.device, bar.function, bar.io ? "ports" : "memory", bar.start,
                       bar.start + bar.size - 1);
  };
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const LintBar& a = bars[i];
    if (a.start == 0) {
      c.error("PCI", name(a) + " is on, and has no address");
      continue;
    }
    if (!a.io && a.start < c.view().memory_size) c.error("PCI", name(a) + " is where memory is");
    if (!a.io && !c.kept(a.start, a.start + a.size)) {
      c.error("PCI", name(a) + " is where E820 says usable");
    }
    for (std::size_t j = i + 1; j < bars.size(); ++j) {
      const LintBar& b = bars[j];
      if (a.io == b.io && a.start < b.start + b.size && b.start < a.start + a.size) {
        c.error("PCI", name(a) + " and " + name(b) + " overlap");
      }
    }
  }
  // Interrupts: sharing is needless while another that the router could use lies idle.
  std::map<unsigned, std::vector<std::string>> users;
  for (const LintInterrupt& i : c.view().interrupts) {
    if (i.line == 0 || i.line > 15) {
      c.warning("PCI", fmt::format("{:02x}.{} has an interrupt pin and no interrupt", i.device,
                                   i.function));
    } else {
      users[i.line].push_back(fmt::format("{:02x}.{}", i.device, i.function));
    }
  }
  static constexpr std::array<unsigned, 4> kForPci = {5, 9, 10, 11};
  const auto idle = std::find_if(kForPci.begin(), kForPci.end(),
                                 [&](unsigned line) { return users.count(line) == 0; });
  for (const auto& [line, names] : users) {
    if (names.size() < 2 || idle == kForPci.end()) continue;
    std::string list;
    for (const std::string& one : names) list += (list.empty() ? "" : ", ") + one;
    c.warning("PCI", fmt::format("{} share interrupt {}, and {} is idle", list, line, *idle));
  }
}

void check_vectors(Checker& c) {
  const auto vector = [&](unsigned number) {
    return (c.number(number * 4 + 2, 2) << 4) + c.number(number * 4, 2);
  };
  // Without any, there is no PC BIOS to judge.
  if (vector(0x13) == 0 && vector(0x10) == 0) {
    c.feature("interrupt vectors", "no");
    return;
  }
  c.feature("interrupt vectors", fmt::format("INT 13h at {:X}", vector(0x13)));
  for (unsigned number = 0; number <= 0x1c; ++number) {
    const std::uint64_t to = vector(number);
    if (to >= 0xc0000 && to < 0x100000) continue;
    c.error("vectors",
            fmt::format("INT {:02X}h points to {:X}, outside BIOS and option ROMs", number, to));
  }
}

}  // namespace lint

LintReport lint_firmware(const LintView& given) {
  LintReport report;
  LintView view = given;
  lint::Checker c(view, report);
  if (view.e820.empty() && lint::has_answers(c)) view.e820 = lint::answered_ranges(c);
  lint::check_vectors(c);
  lint::check_e820(c);
  lint::check_pir(c);
  lint::check_mp(c);
  lint::check_acpi(c);
  lint::check_smbios(c);
  const auto rom = [&](const char* name, std::string_view signature) {
    const auto at = c.find(signature, 0xe0000, 0x100000);
    c.feature(name, at ? fmt::format("at {:X}", *at) : "no");
  };
  lint::check_services(c);
  rom("Plug and Play BIOS", "$PnP");
  rom("32-bit service directory", "_32_");
  rom("Post Memory Manager", "$PMM");
  const auto table = c.find("LBIO", 0, 0x1000);
  c.feature("LinuxBIOS table", table ? fmt::format("at {:X}", *table) : "no");
  std::string option_roms;
  for (std::uint64_t at = 0xc0000; at < 0xf0000; at += 2048) {
    const std::uint64_t size = c.number(at + 2, 1) * 512;
    if (c.number(at, 2) != 0xaa55 || size == 0 || c.sum(at, size) != 0) continue;
    option_roms += fmt::format("{}{:X}", option_roms.empty() ? "at " : ", ", at);
    at += (size - 1) / 2048 * 2048;
  }
  c.feature("option ROMs", option_roms.empty() ? "no" : option_roms);
  lint::check_pci(c);
  return report;
}

std::string lint_text(const LintReport& report) {
  std::string text;
  for (const LintFeature& feature : report.features) {
    text += fmt::format("{:<36} {}\n", feature.name, feature.value);
  }
  text += '\n';
  unsigned errors = 0;
  for (const LintFinding& finding : report.findings) {
    const bool error = finding.level == LintLevel::kError;
    errors += error;
    text += fmt::format("{}: {}: {}\n", error ? "error" : "warning", finding.where, finding.text);
  }
  text += fmt::format("{} errors, {} warnings\n", errors, report.findings.size() - errors);
  return text;
}

}  // namespace ice86::harness
