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
  // Only forms whose name begins with `opcode`, and only single instructions if asked so. `zen`:
  // also what has an undefined result, for a host that has AMD Zen's.
  Generator(std::string_view opcode, bool single, bool zen);

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

  std::uint64_t register_value();
  std::uint64_t data_address() { return bits_ == 64 ? kDataLinear + below(0x700) : below(0x700); }
  std::uint16_t any_selector();
  void initial_state();
  bool instruction(bool first, bool& last);
  void prefixes(const Form& form);
  void modrm(const Form& form);
  void absolute_address(std::uint32_t reg, std::uint32_t offset);
  void memory_64(std::uint32_t reg, bool aligned);
  void immediate(const Form& form);
  bool shift_count(const Form& form, std::uint8_t opcode);
  bool same_on_all_vendors(const Form& form, std::uint8_t opcode);
  std::uint32_t beside(unsigned bytes);
  std::int64_t landing();
  std::uint64_t far_target();
  void poke(std::uint32_t offset, unsigned bytes, std::uint64_t value);
  unsigned operand_bytes() const {
    if (bits_ == 64) return wide_ ? 8 : opsize_ ? 2 : default_64_ ? 8 : 4;
    return (bits_ == 32) != opsize_ ? 4 : 2;
  }
  unsigned immediate_bytes() const { return operand_bytes() == 2 ? 2 : 4; }
  // 16, 32 or 64.
  unsigned address_bits() const {
    if (bits_ == 64) return adsize_ ? 32 : 64;
    return (bits_ == 32) != adsize_ ? 32 : 16;
  }

  std::vector<FormOpcode> forms_;
  bool single_;
  bool zen_;
  ZydisDecoder decoders_[3];

  // Of the snippet in the making.
  std::uint64_t state_ = 0;
  unsigned bits_ = 32;
  bool opsize_ = false, adsize_ = false, wide_ = false, default_64_ = false;
  std::uint8_t rex_ = 0;
  std::uint32_t repeat_ = 0;  // F2, F3; 0: none
  unsigned modrm_at_ = 0;
  unsigned rip_relative_at_ = 0;  // where a displacement lies that counts from the end; 0: nowhere
  bool first_ = true;
  unsigned pokes_ = 0;
  std::uint32_t undefined_ = 0;  // of this instruction
  Snippet snippet_{};
};

}  // namespace ice86::cpu::test
