// SPDX-License-Identifier: LGPL-2.1-or-later
// The board's ACPI tables, as fw_cfg files that the firmware puts into memory and links.
// Reference: ACPI 6.4, chapter 5; for the linker script QEMU, "bios-linker-loader".
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "emulator/machine/board.h"

namespace ice86::machine {

struct AcpiBoard {
  Board board = Board::kPc;
  std::uint16_t pm_base = 0;        // the PIIX4's PMBA, the ICH9's PMBASE
  std::uint32_t pci_hole = 0;       // first address behind memory that PCI windows may have
  std::uint32_t hpet_block_id = 0;  // the HPET's capabilities, low half
  // kQ35: where configuration space is memory, for so many buses from 0 on; none: not yet.
  std::uint64_t config_base = 0;
  unsigned config_buses = 0;
};

struct AcpiFiles {
  std::vector<std::uint8_t> tables;  // etc/acpi/tables
  std::vector<std::uint8_t> rsdp;    // etc/acpi/rsdp
  std::vector<std::uint8_t> loader;  // etc/table-loader
};

// The files' sizes depend on nothing but `board.board`.
AcpiFiles acpi_files(const AcpiBoard& board);

// The DSDTs as they were compiled.
std::span<const std::uint8_t> pc_dsdt_code();
std::span<const std::uint8_t> q35_dsdt_code();

}  // namespace ice86::machine
