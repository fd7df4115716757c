// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes snippets: one to four instructions of the table with prefixes, operands and inputs.
#pragma once

#include <Zydis/Zydis.h>

#include <array>
#include <string_view>
#include <vector>

#include "tests/cpu/difftest/forms.h"
#include "tests/cpu/difftest/snippet.h"

namespace ice86::cpu::test {

class Generator {
 public:
  // Only forms whose name begins with `opcode`, and only single instructions if asked so.
  explicit Generator(std::string_view opcode, bool single);

  bool empty() const { return forms_.empty(); }
  // Depends on the arguments and on the forms only. There must be a form.
  Snippet generate(std::uint64_t seed, std::uint64_t index, unsigned bits);

 private:
  std::uint32_t random() { return static_cast<std::uint32_t>(next_random(state_) >> 32); }
  std::uint32_t below(std::uint32_t limit) {
    return static_cast<std::uint32_t>(std::uint64_t{random()} * limit >> 32);
  }
  bool one_in(std::uint32_t n) { return below(n) == 0; }
  void emit(std::uint32_t byte) {
    snippet_.bytes[snippet_.length++] = static_cast<std::uint8_t>(byte);
  }
  void emit(std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) emit(static_cast<std::uint32_t>(value >> (8 * i)) & 0xff);
  }

  std::uint32_t register_value();
  std::uint16_t any_selector();
  void initial_state();
  bool instruction(bool first, bool& last);
  void prefixes(const Form& form);
  void modrm(const Form& form);
  void absolute_address(std::uint32_t reg);
  void immediate(const Form& form);
  bool shift_count(const Form& form, std::uint8_t opcode);
  std::uint32_t beside(unsigned bytes);
  std::int64_t landing();
  std::uint64_t far_target();
  void poke(std::uint32_t offset, unsigned bytes, std::uint64_t value);
  unsigned operand_bytes() const { return (bits_ == 32) != opsize_ ? 4 : 2; }
  bool address_32() const { return (bits_ == 32) != adsize_; }

  std::vector<FormOpcode> forms_;
  bool single_;
  ZydisDecoder decoders_[2];

  // Of the snippet in the making.
  std::uint64_t state_ = 0;
  unsigned bits_ = 32;
  bool opsize_ = false, adsize_ = false;
  bool first_ = true;
  unsigned pokes_ = 0;
  std::uint32_t undefined_ = 0;  // of this instruction
  Snippet snippet_{};
};

}  // namespace ice86::cpu::test
