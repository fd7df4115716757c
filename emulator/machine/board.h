// SPDX-License-Identifier: LGPL-2.1-or-later
// The boards there are, and where each puts its fixed parts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ice86::machine {

enum class Board : std::uint8_t {
  kPc,   // i440FX + PIIX3 + PIIX4, as QEMU's pc
  kQ35,  // Q35 + ICH9, as QEMU's q35
};

struct BoardInfo {
  std::string_view name;  // as -machine has it
  std::string_view chipset;
  unsigned vga_device;        // on PCI bus 0
  unsigned first_nic_device;  // and the ones after it
  // Open Firmware's names of the bridge with the diskette controller, and of the ATA controller.
  std::string_view isa_path, ide_path;
  // Memory of so many bytes or more is split, with `low_memory` below 4 GiB and the rest above.
  std::uint64_t split_from, low_memory;
};

const BoardInfo& board_info(Board board);
// By QEMU's names: pc, pc-i440fx, q35, with a version behind (pc-q35-7.2), with settings behind a
// comma, or as type=NAME.
std::optional<Board> board_named(std::string_view name);

std::uint64_t memory_below_4g(Board board, std::uint64_t memory_bytes);

}  // namespace ice86::machine
