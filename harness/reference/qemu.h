// SPDX-License-Identifier: LGPL-2.1-or-later
// A reference run in QEMU: the same firmware and disks, the BIOS interrupts seen through its GDB
// stub.
// Reference: QEMU 7.2 documentation, "GDB usage" and "Invocation".
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "emulator/base/result.h"
#include "emulator/machine/cmos_setup.h"
#include "emulator/machine/firmware_table.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

struct QemuDisk {
  std::filesystem::path image;  // never written; empty: an empty CD-ROM drive
  bool cdrom = false;
  machine::DiskGeometry geometry{};
  std::string model;  // as IDENTIFY DEVICE gives it
};

struct QemuMachine {
  machine::Firmware firmware;
  std::uint64_t memory_mib = 128;
  std::array<std::optional<QemuDisk>, 4> disks;
  std::array<std::optional<std::filesystem::path>, 2> floppies;  // empty path: an empty drive
  std::string boot_order = "c";
  bool boot_menu = false;
  std::string rtc;  // 2020-01-31T12:00:00
};

struct QemuLimits {
  std::optional<std::uint64_t> time;  // virtual, in nanoseconds, as far as it can be told
  std::function<bool()> interrupted;  // asked several times a second
};

enum class QemuEnd {
  kExit,         // the guest ended it: exit_code is QEMU's
  kOutOfTime,    // QemuLimits::time
  kInterrupted,  // QemuLimits::interrupted
  kGaveUp,       // it ended by itself in another way: last_words
};

struct QemuRun {
  IntTrace trace;
  QemuEnd end = QemuEnd::kGaveUp;
  std::uint64_t time = 0;  // of the guest's power management timer at the last stop
  int exit_code = 0;       // isa-debug-exit gives value * 2 + 1; 0: power off, or a reset
  std::string last_words;
  std::string serial;  // what the guest sent to COM1
};

// QEMU's arguments behind the program's name, for files in `folder`.
Result<std::vector<std::string>> qemu_arguments(const QemuMachine& machine);

// Runs to the end or a limit, in a temporary folder that is gone afterwards. Errors: QEMU is
// missing or does not start, or a stub answers that is not understood.
Result<QemuRun> run_qemu(const QemuMachine& machine, const QemuLimits& limits);

}  // namespace ice86::harness
