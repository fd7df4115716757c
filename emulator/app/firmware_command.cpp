// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 firmware`: what --firmware can name, what is missing, and the package that has it.
// `firmware lint`: runs a firmware and reads what it leaves.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <optional>

#include "emulator/app/command.h"
#include "emulator/app/exit_code.h"
#include "emulator/app/machine_options.h"
#include "emulator/app/session.h"
#include "emulator/base/files.h"
#include "emulator/machine/firmware_table.h"
#include "harness/lint/lint_machine.h"

namespace ice86::app {

namespace {

constexpr std::uint64_t kSmallestDump = 1 << 20, kLargestDump = std::uint64_t{4} << 30;

struct LintOptions {
  MachineOptions machine;
  std::string firmware;
  bool run = false;
  std::optional<std::string> memory_dump;
  bool json = false;
};

nlohmann::ordered_json lint_json(const harness::LintReport& report) {
  nlohmann::ordered_json features = nlohmann::ordered_json::object(),
                         findings = nlohmann::ordered_json::array();
  for (const harness::LintFeature& feature : report.features) {
    features[feature.name] = feature.value;
  }
  for (const harness::LintFinding& finding : report.findings) {
    nlohmann::ordered_json item;
    item["level"] = finding.level == harness::LintLevel::kError ? "error" : "warning";
    item["where"] = finding.where;
    item["text"] = finding.text;
    findings.push_back(item);
  }
  nlohmann::ordered_json whole;
  whole["features"] = features;
  whole["findings"] = findings;
  return whole;
}

int show(const LintOptions& options, const harness::LintReport& report) {
  if (options.json) {
    fmt::print("{}\n", lint_json(report).dump(2));
  } else {
    fmt::print("{}", harness::lint_text(report));
  }
  for (const harness::LintFinding& finding : report.findings) {
    if (finding.level == harness::LintLevel::kError) return kTestFailed;
  }
  return kDone;
}

// Memory from address 0 on, as another emulator or a real machine had it. What is beyond reads as
// FFh does where nothing answers.
Result<int> lint_dump(const LintOptions& options) {
  auto bytes = read_file(*options.memory_dump, kLargestDump);
  if (!bytes) return std::move(bytes).error().within("--memory-dump");
  if (bytes->size() < kSmallestDump) {
    return Error(
        fmt::format("--memory-dump {}: {} bytes are no dump of memory from 0 on: the first "
                    "megabyte at least is needed",
                    *options.memory_dump, bytes->size()));
  }
  harness::LintView view;
  view.memory_size = bytes->size();
  view.memory = [&bytes](std::uint64_t at) {
    return at < bytes->size() ? (*bytes)[at] : std::uint8_t{0xff};
  };
  return show(options, harness::lint_firmware(view));
}

// Runs the firmware to the end of what it boots, by default a disk that asks it what it can do.
Result<int> lint(const LintOptions& options) {
  const int sources =
      int{options.memory_dump.has_value()} + int{!options.firmware.empty()} + int{options.run};
  if (sources > 1) return usage_error("firmware lint: ROM, --run or --memory-dump, one of them");
  if (sources == 0) {
    return usage_error(
        "firmware lint: which ROM? (--run takes the firmware of --firmware, --memory-dump none)");
  }
  if (options.memory_dump) return lint_dump(options);
  MachineOptions machine = options.machine;
  if (!options.run) machine.firmware = options.firmware;
  if (!machine.max_time) machine.max_time = "60s";
  const bool empty =
      machine.disk_list.empty() && machine.drives.empty() && machine.disks[0].empty();
  if (empty) machine.disk_list.push_back(images_folder() / "probe.img");
  ICE86_TRY_ASSIGN(const std::unique_ptr<Session> session, Session::open(machine, true, false));
  const Ending ending = session->run();
  fmt::print(stderr, "ice86: {}\n", ending.text);
  const harness::LintReport report =
      harness::lint_firmware(harness::lint_view(session->pc(), session->trace().events));
  return show(options, report);
}

void add_lint_command(CLI::App& firmware, int& exit) {
  CLI::App* command = firmware.add_subcommand(
      "lint", "run a firmware and say what is wrong with the tables and vectors that it leaves");
  auto options = std::make_shared<LintOptions>();
  add_machine_options(*command, options->machine);
  command->add_option("ROM", options->firmware, "firmware name or ROM image");
  command->add_flag("--run", options->run,
                    "instead of ROM: the machine as the options and a machine file describe it");
  command->add_option("--memory-dump", options->memory_dump,
                      "a dump of memory from address 0 on instead of a run: QEMU's pmemsave");
  command->add_flag("--json", options->json, "as JSON");
  command->callback([options, &exit] {
    auto code = lint(*options);
    exit = code ? *code : fail(code.error());
  });
}

}  // namespace

void add_firmware_command(CLI::App& app, const std::vector<std::string>&, int& exit) {
  CLI::App* command = app.add_subcommand("firmware", "list the firmware that --firmware can name");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "as JSON");
  command->require_subcommand(0, 1);
  add_lint_command(*command, exit);
  command->callback([json, command, &exit] {
    if (!command->get_subcommands().empty()) return;
    exit = kDone;
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const machine::FirmwareEntry& entry : machine::firmware_table()) {
      const auto missing = machine::missing_file(entry, images_folder());
      if (*json) {
        nlohmann::ordered_json item;
        item["name"] = entry.name;
        item["description"] = entry.description;
        item["rom"] = entry.rom;
        item["vga_rom"] = entry.vga_rom;
        item["present"] = !missing.has_value();
        if (missing) item["missing"] = *missing;
        list.push_back(item);
      } else {
        fmt::print("{:<13} {}\n", entry.name, entry.description);
        if (missing) fmt::print("{:<13} not usable yet: {}\n", "", *missing);
      }
    }
    if (*json) {
      fmt::print("{}\n", list.dump(2));
    } else {
      fmt::print("{:<13} any ROM image, 64 KiB to 16 MiB; --vgabios FILE gives it a VGA BIOS\n",
                 "a path");
    }
  });
}

}  // namespace ice86::app
