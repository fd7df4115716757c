// SPDX-License-Identifier: LGPL-2.1-or-later
// Options that QEMU's users type and that this board has one answer for: taken when they say what
// is so anyway, refused with what to say instead.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emulator/app/machine_options.h"
#include "emulator/base/result.h"

namespace ice86::app {

struct QemuOptions {
  std::optional<std::string> vga, smp, net, accel, audiodev;
  std::optional<std::string> name, keyboard;  // mean nothing here
  bool no_defaults = false;
};

void add_qemu_options(CLI::App& command, QemuOptions& options);

// Checks them, and reads -rtc base=DATE and -device isa-debug-exit,iobase=PORT into `machine`.
Result<void> apply_qemu_options(const QemuOptions& options, MachineOptions& machine);

}  // namespace ice86::app
