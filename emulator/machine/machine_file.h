// SPDX-License-Identifier: LGPL-2.1-or-later
// A machine as a TOML file: the options that describe a machine by their long names, and drives
// with timings of their own, which no option can say. docs/machine-files.md.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/base/result.h"

namespace ice86::machine {

// "primary-master" and so on, in the order of MachineFile::Place.
inline constexpr std::array<std::string_view, 6> kDrivePlaces = {
    "primary-master",  "primary-slave", "secondary-master",
    "secondary-slave", "floppy-a",      "floppy-b"};

struct MachineFile {
  enum class Place { kPrimaryMaster, kPrimarySlave, kSecondaryMaster, kSecondarySlave, kA, kB };

  struct Drive {
    Place place = Place::kPrimaryMaster;
    std::string file;  // empty: an empty drive
    bool cdrom = false;
    bool write = false;
    bool write_protected = false;
    // Durations as the options have them; none: the drive's own.
    std::optional<std::string> spin_up, reset, latency, register_latency, block_latency;
  };

  std::optional<std::string> board, firmware, vgabios, pflash_vars, memory, cpu, boot, rtc,
      debug_exit, parallel, debugcon, pcap, max_time, max_wall;
  std::optional<std::uint64_t> rate, floppy_speed, max_instructions;
  std::optional<bool> reset_on_triple_fault, no_reboot, no_acpi;
  std::optional<std::vector<std::string>> serial, fw_cfg, nic, netdev, device;
  std::vector<Drive> drives;
};

// Names of files are made relative to `folder`. Errors name `origin`, the line and the key.
Result<MachineFile> parse_machine_file(std::string_view text, const std::string& origin,
                                       const std::filesystem::path& folder);
Result<MachineFile> read_machine_file(const std::filesystem::path& path);

}  // namespace ice86::machine
