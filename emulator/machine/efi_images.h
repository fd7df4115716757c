// SPDX-License-Identifier: LGPL-2.1-or-later
// What EFI firmware tells a debugger outside: where its system table is, and which images are
// loaded, through the debug image info table.
// Reference: UEFI Specification 2.9, sections 4.3, 4.6, 9.1 and 18.4; Microsoft PE/COFF.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "emulator/machine/pc.h"

namespace ice86::machine {

struct EfiSystemTable {
  std::uint64_t at = 0;  // linear
  unsigned pointer = 8;  // bytes of a pointer: 8 or 4
  // The address of a member that is a pointer, by its number behind the table's header, from 0:
  // firmware's vendor, (revision), console in: handle and protocol, out, standard error, runtime
  // services 8, boot services 9, (number of) configuration tables 11.
  static constexpr unsigned kRuntimeServices = 8, kBootServices = 9, kTableCount = 10, kTables = 11;
  std::uint64_t member(unsigned number) const { return at + 0x18 + number * pointer; }
};

// None: firmware is no EFI, or has not come so far. It is looked for at multiples of 4 MiB, as
// section 18.4.2 has it.
std::optional<EfiSystemTable> find_efi_system_table(const Pc& pc);

struct EfiImage {
  std::uint64_t base = 0, size = 0;
  std::uint64_t entry = 0;  // linear
  std::string debug_file;   // the path that its linker noted, of a PDB or DWARF file; may be empty
  std::string loaded_from;  // its device path's file, or the GUID of its file in a firmware volume
};

// In the order of the table. Empty: there is no such table.
std::vector<EfiImage> efi_images(const Pc& pc, const EfiSystemTable& table);

}  // namespace ice86::machine
