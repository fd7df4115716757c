// SPDX-License-Identifier: LGPL-2.1-or-later
// Instructions as text.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "emulator/machine/pc.h"

namespace ice86::harness {

// "0008:00101234  8b 04 24  mov eax, [esp]"
std::string instruction_text(machine::Pc& pc);

// 16-bit code.
struct CodeLine {
  std::uint32_t offset;
  std::string text;
};
// Of `bytes`, which begin at `offset`: from `from` bytes on, at most `most` lines. Bytes that are
// no instruction end it.
std::vector<CodeLine> code_lines(std::span<const std::uint8_t> bytes, std::uint32_t offset,
                                 std::size_t from, std::size_t most);
// What lies before `end` can be read in several ways; the one with the most instructions that ends
// there, at most `most` of them.
std::vector<CodeLine> code_lines_before(std::span<const std::uint8_t> bytes, std::uint32_t offset,
                                        std::size_t end, std::size_t most);

}  // namespace ice86::harness
