// SPDX-License-Identifier: LGPL-2.1-or-later
// The words of a trace file that its reader and its writer share.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>

#include "harness/trace/int_event.h"

namespace ice86::harness {

inline bool is_compressed(const std::filesystem::path& path) {
  return path.extension() == ".zst";
}

inline constexpr std::array<const char*, 5> kReturnNames = {"iret", "retf2", "retf", "never",
                                                            "ret"};

inline constexpr std::array<const char*, kCallKinds> kKindNames = {
    "int", "irq", "exception", "bios32", "pci", "apm", "pnp", "pxe", "efi"};

struct NamedRegister {
  const char* name;
  std::uint32_t Registers::*field;
};
inline constexpr NamedRegister kWide[] = {{"eax", &Registers::eax}, {"ebx", &Registers::ebx},
                                          {"ecx", &Registers::ecx}, {"edx", &Registers::edx},
                                          {"esi", &Registers::esi}, {"edi", &Registers::edi},
                                          {"ebp", &Registers::ebp}, {"flags", &Registers::flags}};
struct NamedSegment {
  const char* name;
  std::uint16_t Registers::*field;
};
inline constexpr NamedSegment kSegments[] = {{"ds", &Registers::ds}, {"es", &Registers::es}};

}  // namespace ice86::harness
