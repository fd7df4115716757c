// SPDX-License-Identifier: LGPL-2.1-or-later
// What SMBIOS says of the board, as the two fw_cfg files that the firmware completes: it adds the
// structure about itself (type 0) and the address. Reference: DMTF DSP0134, version 2.8.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace ice86::machine {

struct SmbiosBoard {
  std::uint64_t memory_bytes = 0;
  std::uint64_t memory_below_4g = 0;
  std::uint32_t cpu_megahertz = 0;
  std::array<std::uint8_t, 16> uuid{};
  std::string product = "pc";
};

struct SmbiosFiles {
  std::vector<std::uint8_t> tables;  // etc/smbios/smbios-tables
  std::vector<std::uint8_t> anchor;  // etc/smbios/smbios-anchor
};

SmbiosFiles smbios_files(const SmbiosBoard& board);

}  // namespace ice86::machine
