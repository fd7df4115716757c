// SPDX-License-Identifier: LGPL-2.1-or-later
// The board's ACPI tables, as fw_cfg files that the firmware puts into memory and links.
// Reference: ACPI 6.4, chapter 5; for the linker script QEMU, "bios-linker-loader".
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ice86::machine {

struct AcpiBoard {
  std::uint16_t pm_base = 0;        // the PIIX4's PMBA
  std::uint32_t pci_hole = 0;       // first address behind memory that PCI windows may have
  std::uint32_t hpet_block_id = 0;  // the HPET's capabilities, low half
};

struct AcpiFiles {
  std::vector<std::uint8_t> tables;  // etc/acpi/tables
  std::vector<std::uint8_t> rsdp;    // etc/acpi/rsdp
  std::vector<std::uint8_t> loader;  // etc/table-loader
};

// The files' sizes are the same for every board.
AcpiFiles acpi_files(const AcpiBoard& board);

// The DSDT as it was compiled.
std::span<const std::uint8_t> dsdt_code();

}  // namespace ice86::machine
