// SPDX-License-Identifier: LGPL-2.1-or-later
// What the BIOS services are called, and what their arguments and results mean.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference; Phoenix Enhanced Disk Drive
// Specification 3.0; ACPI 6.4 section 15 (E820); PCI BIOS Specification 2.1; VBE 3.0.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "harness/trace/int_event.h"

namespace ice86::harness {

// Guest memory at a linear address; 1, 2, 4 or 8 bytes, zero-extended.
using MemoryView = std::function<std::uint64_t(std::uint32_t linear, unsigned width)>;

struct Service {
  std::string name;  // "disk: extended read"
  std::string text;  // its decoded arguments
};

Service describe_call(std::uint8_t vector, const Registers& in, const MemoryView& memory);
std::string describe_result(std::uint8_t vector, const Registers& in, const Registers& out,
                            const MemoryView& memory);

// What a vector is for, whatever AX is: "IRQ 0: timer". Empty for those with functions, and others.
std::string name_of_vector(std::uint8_t vector);
// A hardware interrupt or exception through this vector, at the BIOS's own vectors.
std::string describe_interruption(CallKind kind, std::uint8_t vector);

// Where the answer of a call that succeeded stands in memory, when its service gives one there: the
// sectors read, the drive's parameters, the memory map entry, the configuration table.
struct MemoryRange {
  std::uint32_t linear;
  std::uint32_t size;  // at most 127 sectors of 512 bytes
};
std::optional<MemoryRange> answer_in_memory(std::uint8_t vector, const Registers& in,
                                            const Registers& out, const MemoryView& memory);

// Where a call's own data stands: the disk address packet, the sectors to write, the string to
// print.
std::optional<MemoryRange> data_in_memory(std::uint8_t vector, const Registers& in,
                                          const MemoryView& memory);

}  // namespace ice86::harness
