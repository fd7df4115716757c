// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 firmware`: what --firmware can name, what is missing, and the package that has it.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "emulator/app/command.h"
#include "emulator/app/exit_code.h"
#include "emulator/app/machine_options.h"
#include "emulator/machine/firmware_table.h"

namespace ice86::app {

void add_firmware_command(CLI::App& app, const std::vector<std::string>&, int& exit) {
  CLI::App* command = app.add_subcommand("firmware", "list the firmware that --firmware can name");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "as JSON");
  command->callback([json, &exit] {
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
