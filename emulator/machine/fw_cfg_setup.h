// SPDX-License-Identifier: LGPL-2.1-or-later
// What the board says about itself through fw_cfg, with the names and layouts SeaBIOS and OVMF
// read. Reference: QEMU, docs/specs/fw_cfg; SeaBIOS documentation, "Runtime configuration".
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "devices/fw_cfg/fw_cfg.h"
#include "emulator/base/result.h"
#include "emulator/machine/acpi/acpi_tables.h"
#include "emulator/machine/pc.h"

namespace ice86::machine {

// `memory_below_4g`: how much of the memory lies there. `acpi`: what the ACPI tables are to say,
// asked when the firmware reads them. The configuration's own files come last and replace the
// board's.
Result<void> describe_board(devices::FwCfg& fw_cfg, const PcConfig& config,
                            std::uint64_t memory_below_4g, std::function<AcpiBoard()> acpi);

// The boot devices in the order of `boot_order` as Open Firmware paths, one a line: what the file
// "bootorder" holds.
std::string boot_order_paths(const PcConfig& config);

}  // namespace ice86::machine
