// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/report/code_lines.h"

#include <Zydis/Zydis.h>

#include <utility>

namespace ice86::harness {

std::vector<CodeLine> code_lines(std::span<const std::uint8_t> bytes, std::uint32_t offset,
                                 std::size_t from, std::size_t most) {
  std::vector<CodeLine> lines;
  ZydisDisassembledInstruction instruction;
  while (
      lines.size() < most && from < bytes.size() &&
      ZYAN_SUCCESS(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_REAL_16, offset + from,
                                         bytes.data() + from, bytes.size() - from, &instruction))) {
    lines.push_back({static_cast<std::uint32_t>(offset + from), instruction.text});
    from += instruction.info.length;
  }
  return lines;
}

std::vector<CodeLine> code_lines_before(std::span<const std::uint8_t> bytes, std::uint32_t offset,
                                        std::size_t end, std::size_t most) {
  std::vector<CodeLine> best;
  for (std::size_t from = 0; from < end; ++from) {
    std::vector<CodeLine> lines = code_lines(bytes.first(end), offset, from, SIZE_MAX);
    if (lines.empty()) continue;
    ZydisDisassembledInstruction last;
    const std::size_t at = lines.back().offset - offset;
    if (!ZYAN_SUCCESS(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_REAL_16, 0, bytes.data() + at,
                                            end - at, &last)) ||
        at + last.info.length != end)
      continue;
    if (lines.size() > best.size()) best = std::move(lines);
  }
  if (best.size() > most) best.erase(best.begin(), best.end() - static_cast<std::ptrdiff_t>(most));
  return best;
}

}  // namespace ice86::harness
