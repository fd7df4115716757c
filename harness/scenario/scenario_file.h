// SPDX-License-Identifier: LGPL-2.1-or-later
// Scenarios as TOML files (docs/scenarios.md). A file with a matrix gives one scenario for each
// combination.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/base/result.h"
#include "emulator/machine/machine_file.h"
#include "harness/scenario/scenario.h"

namespace ice86::harness {

struct ScenarioCase {
  Scenario scenario;  // its name has the matrix' choices: "grub[firmware=stack,memory=64M]"
  machine::MachineFile machine;
};

// What "${images}" stands for in files.
struct ScenarioPlaces {
  std::filesystem::path images;
};

// Paths in the text are relative to `folder`. Errors name `origin`, the line and the key.
Result<std::vector<ScenarioCase>> parse_scenario_file(std::string_view text,
                                                      const std::string& origin,
                                                      const std::filesystem::path& folder,
                                                      const ScenarioPlaces& places);
Result<std::vector<ScenarioCase>> read_scenario_file(const std::filesystem::path& path,
                                                     const ScenarioPlaces& places);

}  // namespace ice86::harness
