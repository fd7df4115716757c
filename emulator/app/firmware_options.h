// SPDX-License-Identifier: LGPL-2.1-or-later
// What the firmware of a machine is given: its flash chips' files and its fw_cfg files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "emulator/app/drive_options.h"
#include "emulator/base/result.h"
#include "emulator/machine/pc.h"

namespace ice86::app {

// "[name=]NAME,file=FILE" or "[name=]NAME,string=TEXT": a file for fw_cfg, as QEMU's -fw_cfg.
Result<std::pair<std::string, std::vector<std::uint8_t>>> read_fw_cfg_option(
    const std::string& text);

// "[order=]ORDER[,menu=on|off][,splash-time=MILLISECONDS]", as QEMU's -boot.
Result<void> read_boot_option(const std::string& text, machine::PcConfig& config);

// The chip of the variables: a private copy of `drive`'s file, or the file itself with write=on.
// A file that is to be written and is not there yet is made from the firmware's own template.
Result<void> open_flash_vars(machine::PcConfig& config, const DriveSpec& drive);

}  // namespace ice86::app
