// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/board.h"

#include <array>

namespace ice86::machine {

namespace {

constexpr std::uint64_t kMiB = 1 << 20;

// Where QEMU's boards of these names have them. Base address registers get the rest below 4 GiB.
constexpr std::array<BoardInfo, 2> kBoards = {{
    {"pc", "i440FX + PIIX4", 2, 3, "isa@1", "ide@1,1", 3072 * kMiB, 3072 * kMiB},
    {"q35", "Q35 + ICH9", 1, 2, "isa@1f", "ide@1f,2", 2816 * kMiB, 2048 * kMiB},
}};

bool is_or_begins(std::string_view name, std::string_view what) {
  return name == what || (name.substr(0, what.size()) == what && name[what.size()] == '-');
}

}  // namespace

const BoardInfo& board_info(Board board) {
  return kBoards.at(static_cast<std::size_t>(board));
}

std::optional<Board> board_named(std::string_view name) {
  name = name.substr(0, name.find(','));
  constexpr std::string_view kType = "type=";
  if (name.substr(0, kType.size()) == kType) name.remove_prefix(kType.size());
  if (name == "q35" || is_or_begins(name, "pc-q35")) return Board::kQ35;
  if (name == "pc" || is_or_begins(name, "pc-i440fx")) return Board::kPc;
  return std::nullopt;
}

std::uint64_t memory_below_4g(Board board, std::uint64_t memory_bytes) {
  const BoardInfo& info = board_info(board);
  return memory_bytes < info.split_from ? memory_bytes : info.low_memory;
}

}  // namespace ice86::machine
