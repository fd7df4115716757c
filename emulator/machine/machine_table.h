// SPDX-License-Identifier: LGPL-2.1-or-later
// The description of a machine as a table inside another TOML file.
#pragma once

#include "emulator/base/toml.h"
#include "emulator/machine/machine_file.h"

namespace ice86::machine {

// As parse_machine_file, of a table that has been parsed already.
Result<MachineFile> read_machine_table(const toml::table& table, const std::string& origin,
                                       const std::filesystem::path& folder);

}  // namespace ice86::machine
