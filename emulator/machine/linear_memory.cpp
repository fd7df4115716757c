// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/linear_memory.h"

#include <algorithm>
#include <array>
#include <optional>

#include "emulator/base/bits.h"

namespace ice86::machine {

std::size_t peek_linear(const Pc& pc, std::uint64_t linear, std::span<std::uint8_t> bytes) {
  std::size_t done = 0;
  std::optional<std::size_t> missing;
  while (done < bytes.size()) {
    const std::uint64_t at = linear + done;  // translate() cuts it to the mode's width
    const std::size_t part =
        std::min<std::size_t>(bytes.size() - done, kPageSize - (at & kPageMask));
    Gpa gpa = 0;
    if (pc.cpu().translate(at, gpa)) {
      pc.peek_memory(gpa, bytes.subspan(done, part));
    } else if (!missing) {
      missing = done;
    }
    done += part;
  }
  return missing.value_or(done);
}

std::span<const std::uint8_t> view_linear(const Pc& pc, std::uint64_t linear,
                                          std::span<std::uint8_t> room) {
  if (Gpa gpa = 0; pc.cpu().translate(linear, gpa)) {
    if (const auto bytes = pc.memory_in_place(gpa, room.size()); !bytes.empty()) return bytes;
  }
  std::fill(room.begin(), room.end(), std::uint8_t{0});
  peek_linear(pc, linear, room);
  return room;
}

std::uint64_t peek_linear(const Pc& pc, std::uint64_t linear, unsigned width) {
  std::array<std::uint8_t, 8> bytes{};
  peek_linear(pc, linear, std::span(bytes).first(width));
  return load_le<std::uint64_t>(bytes.data());
}

}  // namespace ice86::machine
