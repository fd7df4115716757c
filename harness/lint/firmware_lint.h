// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads what a firmware has left in memory, and says what is wrong with it: the complaints that
// 'Flexibility in ROM' has of commercial BIOSes, as checks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ice86::harness {

struct LintRange {
  std::uint64_t start = 0, size = 0;
  std::uint32_t type = 1;  // as INT 15h E820 has it: 1 usable, 2 reserved, 3 ACPI data, 4 ACPI NVS
};

struct LintBar {
  unsigned bus = 0, device = 0, function = 0, offset = 0;
  bool io = false;
  std::uint64_t start = 0, size = 0;
};

struct LintInterrupt {
  unsigned device = 0, function = 0, pin = 0, line = 0;  // of bus 0
};

// A machine after its firmware. What is not known is empty, and is not judged.
struct LintView {
  std::function<std::uint8_t(std::uint64_t)> memory;
  std::vector<LintRange> e820;
  std::vector<LintBar> bars;              // those that are on
  std::vector<LintInterrupt> interrupts;  // of the functions that have a pin
  std::vector<unsigned> devices;          // numbers of those on bus 0
  std::uint64_t memory_size = 0;          // bytes of RAM
};

enum class LintLevel { kError, kWarning };

struct LintFinding {
  LintLevel level = LintLevel::kError;
  std::string where;  // "$PIR", "E820", ...
  std::string text;
};

struct LintFeature {
  std::string name;
  std::string value;  // "no", or where it is
};

struct LintReport {
  std::vector<LintFinding> findings;
  std::vector<LintFeature> features;
};

LintReport lint_firmware(const LintView& given);

// As people read it.
std::string lint_text(const LintReport& report);

}  // namespace ice86::harness
