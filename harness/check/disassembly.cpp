// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/check/disassembly.h"

#include <Zydis/Zydis.h>
#include <fmt/core.h>

#include <array>

namespace ice86::harness {

namespace {

ZydisMachineMode mode_of(const cpu::State& s) {
  const std::uint32_t attributes = s.segment[cpu::kCs].attributes;
  if ((s.efer & cpu::efer::kLma) != 0 && (attributes >> 21 & 1) != 0)
    return ZYDIS_MACHINE_MODE_LONG_64;
  if (!s.protected_mode()) return ZYDIS_MACHINE_MODE_REAL_16;
  return (attributes >> 22 & 1) != 0 ? ZYDIS_MACHINE_MODE_LONG_COMPAT_32
                                     : ZYDIS_MACHINE_MODE_LONG_COMPAT_16;
}

}  // namespace

std::string instruction_text(machine::Pc& pc) {
  const cpu::State& s = pc.cpu().state();
  const ZydisMachineMode mode = mode_of(s);
  std::array<std::uint8_t, 15> bytes{};
  std::size_t have = 0;
  for (; have < bytes.size(); ++have) {
    std::uint64_t linear = s.segment[cpu::kCs].base + s.rip + have;
    if (mode != ZYDIS_MACHINE_MODE_LONG_64) linear &= 0xffffffff;
    Gpa gpa = 0;
    if (!pc.cpu().translate(linear, gpa)) break;
    bytes[have] = static_cast<std::uint8_t>(pc.peek_memory(gpa, 1));
  }
  const std::string where = fmt::format("{:04x}:{:08x}", s.segment[cpu::kCs].selector, s.rip);
  ZydisDisassembledInstruction instruction;
  if (!ZYAN_SUCCESS(ZydisDisassembleIntel(mode, s.rip, bytes.data(), have, &instruction)))
    return fmt::format("{}  ({} bytes that are no instruction)", where, have);
  std::string hex;
  for (unsigned i = 0; i < instruction.info.length; ++i) hex += fmt::format("{:02x} ", bytes[i]);
  return fmt::format("{}  {:<30} {}", where, hex, instruction.text);
}

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
