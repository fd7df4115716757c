// SPDX-License-Identifier: LGPL-2.1-or-later
// The machine of a Bochs reference run, and the files that describe it to Bochs.
// Reference: Bochs 2.7 user manual, "The configuration file bochsrc".
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "emulator/base/result.h"
#include "emulator/machine/cmos_setup.h"
#include "emulator/machine/firmware_table.h"

namespace ice86::harness {

struct BochsDisk {
  std::filesystem::path image;  // never written
  machine::DiskGeometry geometry;
  std::string model;  // as IDENTIFY DEVICE gives it and the BIOS prints it; at most 40 characters
};

struct BochsFloppy {
  std::filesystem::path image;  // never written; empty: no diskette in the drive
  devices::FloppyFormat format;
};

struct BochsMachine {
  machine::Firmware firmware;
  std::uint64_t memory_mib = 128;
  std::array<std::optional<BochsDisk>, 4> disks;
  std::array<std::optional<BochsFloppy>, 2> floppies;
  std::string boot_order = "c";                    // letters of a, c, d, n, as PcConfig has them
  std::uint64_t instructions_per_microsecond = 4;  // Bochs' own default
  std::int64_t power_on = 1'000'000'000;           // seconds since 1970 on the guest's clock
};

// Fixed names in the run's folder: the user's paths never appear in Bochs' own syntax.
constexpr const char* kBochsConfigFile = "bochsrc";
constexpr const char* kBochsLogFile = "bochs.log";
constexpr const char* kBochsSerialFile = "serial.log";
// A debugger script: go on to the next stop, then show everything that one needs. Bochs reads a
// script in one go, and the command line letter by letter.
constexpr const char* kBochsStepFile = "n";

// The text of the bochsrc. Writes to disks go to journals in the run's folder, those to diskettes
// to copies there.
std::string bochsrc(const BochsMachine& machine);

// Writes the bochsrc and the ROMs into `folder`, and links to the disk images.
Result<void> write_bochs_folder(const std::filesystem::path& folder, const BochsMachine& machine);

}  // namespace ice86::harness
