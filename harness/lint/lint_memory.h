// SPDX-License-Identifier: LGPL-2.1-or-later
// Guest memory and the report, as the checks use them.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

#include "harness/lint/firmware_lint.h"

namespace ice86::harness::lint {

class Checker {
 public:
  Checker(const LintView& view, LintReport& report) : view_(view), report_(report) {}

  const LintView& view() const { return view_; }

  std::uint64_t number(std::uint64_t at, unsigned bytes) const {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < bytes; ++i) value |= std::uint64_t{view_.memory(at + i)} << i * 8;
    return value;
  }
  std::uint8_t sum(std::uint64_t at, std::uint64_t bytes) const {
    std::uint8_t value = 0;
    for (std::uint64_t i = 0; i < bytes; ++i) {
      value = static_cast<std::uint8_t>(value + view_.memory(at + i));
    }
    return value;
  }
  std::string text(std::uint64_t at, std::size_t most) const {
    std::string value;
    for (std::size_t i = 0; i < most; ++i) {
      const char c = static_cast<char>(view_.memory(at + i));
      if (c == 0) break;
      value += c >= ' ' && c <= '~' ? c : '?';
    }
    return value;
  }
  bool is(std::uint64_t at, std::string_view signature) const {
    for (std::size_t i = 0; i < signature.size(); ++i) {
      if (view_.memory(at + i) != static_cast<std::uint8_t>(signature[i])) return false;
    }
    return true;
  }
  // The first place in [from, to) on a 16-byte boundary.
  std::optional<std::uint64_t> find(std::string_view signature, std::uint64_t from,
                                    std::uint64_t to) const {
    for (std::uint64_t at = (from + 15) & ~std::uint64_t{15}; at + 16 <= to; at += 16) {
      if (is(at, signature)) return at;
    }
    return std::nullopt;
  }

  std::uint64_t ebda() const {
    const std::uint64_t start = number(0x40e, 2) << 4;
    return start >= 0x80000 && start < 0xa0000 ? start : 0;
  }
  // Where specifications look for MP and ACPI pointers besides the BIOS's own ROM.
  std::optional<std::uint64_t> find_in_ebda(std::string_view signature) const {
    if (ebda() != 0) {
      if (const auto found = find(signature, ebda(), ebda() + 1024)) return found;
    }
    return std::nullopt;
  }

  void error(std::string where, std::string what) {
    report_.findings.push_back({LintLevel::kError, std::move(where), std::move(what)});
  }
  void warning(std::string where, std::string what) {
    report_.findings.push_back({LintLevel::kWarning, std::move(where), std::move(what)});
  }
  void feature(std::string name, std::string value) {
    report_.features.push_back({std::move(name), std::move(value)});
  }
  // A string that nobody has filled in.
  void identify(const std::string& where, const std::string& what, const std::string& value);
  // Whether E820 keeps systems off [start, end); nothing known counts as kept.
  bool kept(std::uint64_t start, std::uint64_t end) const;

 private:
  const LintView& view_;
  LintReport& report_;
};

void check_pir(Checker& c);
void check_mp(Checker& c);
void check_acpi(Checker& c);
void check_smbios(Checker& c);
void check_e820(Checker& c);
void check_pci(Checker& c);
void check_vectors(Checker& c);
void check_services(Checker& c);

// Whether the answers of images/probe/probe.asm are in memory, and the memory map among them.
bool has_answers(const Checker& c);
std::vector<LintRange> answered_ranges(const Checker& c);

}  // namespace ice86::harness::lint
