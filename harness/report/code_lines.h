// SPDX-License-Identifier: LGPL-2.1-or-later
// 16-bit code of which only the bytes are left, as text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ice86::harness {

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
