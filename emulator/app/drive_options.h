// SPDX-License-Identifier: LGPL-2.1-or-later
// What is put in which drive: -hda..-hdd, --disk, -cdrom, -fda, -fdb, and QEMU's -drive
// if=...,file=...
#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "emulator/base/result.h"
#include "emulator/bus/types.h"

namespace ice86::app {

// Of one drive; none: what --disk-spin-up and --disk-latency say, or the drive's own.
struct DriveTimings {
  std::optional<Nanoseconds> spin_up, reset, latency, register_latency, block_latency;
  bool operator==(const DriveTimings&) const = default;
};

struct DriveSpec {
  std::string file;  // empty: a CD-ROM drive with an empty tray
  bool cdrom = false;
  bool write = false;            // into the file; otherwise to an overlay in memory
  bool write_protected = false;  // readonly=on: the guest's writes fail
  DriveTimings timings = {};     // a machine file's
};

struct DriveTable {
  // Primary master, primary slave, secondary master, secondary slave.
  std::array<std::optional<DriveSpec>, 4> ide;
  // Flash chips: the firmware's code, its variables.
  std::array<std::optional<DriveSpec>, 2> pflash;
  std::array<std::optional<DriveSpec>, 2> floppies;  // A and B; without a file the drive is empty
};

struct DriveOptions {
  std::array<std::string, 4> disks;     // -hda .. -hdd
  std::vector<std::string> disk_list;   // --disk, filling the first free places
  std::optional<std::string> cdrom;     // -cdrom: the secondary master
  std::array<std::string, 2> floppies;  // -fda, -fdb
  unsigned floppy_speed = 10;
  std::vector<std::string> drives;  // -drive
  bool snapshot = false;            // no file is written, whatever else is said
  DriveTable file_drives;           // a machine file's; an option for the same place replaces one
};

// Errors are usage errors: a setting nobody knows, a place taken twice, no place left.
Result<DriveTable> drive_table(const DriveOptions& options);

// "name=value,name=value" as QEMU reads it: a doubled comma stands for one. A part without '=' gets
// the name "". `option` names the option in errors.
Result<std::vector<std::pair<std::string, std::string>>> split_settings(const std::string& text,
                                                                        const char* option);

// "on" or "off".
Result<bool> parse_switch(const std::string& name, const std::string& value, const char* option);

}  // namespace ice86::app
