// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/app/qemu_options.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "emulator/app/drive_options.h"

namespace ice86::app {

namespace {

// The first word, without the settings after it.
std::string head(const std::string& text) {
  return text.substr(0, text.find(','));
}

Result<void> only(const std::optional<std::string>& value, const char* option,
                  std::initializer_list<const char*> good, const char* advice) {
  if (!value) return {};
  for (const char* word : good) {
    if (head(*value) == word) return {};
  }
  return usage_error(fmt::format("{} {}: {}", option, *value, advice));
}

Result<void> read_debug_exit(const std::string& text, MachineOptions& machine) {
  ICE86_TRY_ASSIGN(const auto settings, split_settings(text, "-device"));
  for (std::size_t i = 1; i < settings.size(); ++i) {
    const auto& [name, value] = settings[i];
    if (name == "iobase") {
      machine.debug_exit = value;
    } else if (name != "iosize" && name != "id") {
      return usage_error(fmt::format("-device isa-debug-exit: '{}' is no setting (iobase, iosize)",
                                     name.empty() ? value : name));
    }
  }
  return {};
}

}  // namespace

void add_qemu_options(CLI::App& command, QemuOptions& o) {
  const char* group = "Taken for QEMU's users, when they say what this machine is anyway";
  command.add_option("--vga", o.vga, "std")->group(group);
  command.add_option("--smp", o.smp, "1")->group(group);
  command.add_option("--accel", o.accel, "tcg")->group(group);
  command.add_option("--net", o.net, "none; --nic describes a card")->group(group);
  command.add_option("--audiodev", o.audiodev, "none")->group(group);
  command.add_option("--name", o.name, "no meaning here")->group(group);
  command.add_option("-k", o.keyboard, "no meaning here: keys are positions")->group(group);
  command.add_flag("--nodefaults", o.no_defaults, "no meaning here: nothing is added unasked")
      ->group(group);
}

Result<void> apply_qemu_options(const QemuOptions& o, MachineOptions& machine) {
  ICE86_TRY(only(o.vga, "-vga", {"std"}, "this board's adapter is std; --display none hides it"));
  ICE86_TRY(only(o.smp, "-smp", {"1", "cpus=1"}, "this board has one CPU"));
  ICE86_TRY(only(o.accel, "-accel", {"tcg"}, "the CPU is ice86's own; there is no accelerator"));
  ICE86_TRY(only(o.net, "-net", {"none"}, "say --nic user[,model=e1000][,hostfwd=...]"));
  ICE86_TRY(only(o.audiodev, "-audiodev", {"none", "driver=none"}, "this board has no sound card"));
  constexpr const char* kBase = "base=";
  if (machine.rtc.rfind(kBase, 0) == 0) {
    machine.rtc = head(machine.rtc.substr(5));
    if (machine.rtc == "utc" || machine.rtc == "localtime")
      return usage_error(fmt::format(
          "-rtc base={}: the guest's date never comes from the host, so that runs repeat; "
          "say --rtc \"$(date -u +%FT%T)\"",
          machine.rtc));
  }
  auto& devices = machine.network.devices;
  for (auto device = devices.begin(); device != devices.end();) {
    if (head(*device) != "isa-debug-exit") {
      ++device;
      continue;
    }
    ICE86_TRY(read_debug_exit(*device, machine));
    device = devices.erase(device);
  }
  return {};
}

}  // namespace ice86::app
