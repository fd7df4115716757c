// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: Intel SDM vol. 2D appendix A.5 (escape opcodes).
#include "tests/cpu/x87/forms.h"

#include <fmt/format.h>

namespace ice86::cpu::test {

namespace {

// ModRM of [esi] (and of [rsi]) with this reg field.
constexpr std::uint8_t at_esi(unsigned reg) {
  return static_cast<std::uint8_t>(reg << 3 | 6);
}

MemoryOperand operand_of(unsigned escape, unsigned reg) {
  using enum MemoryOperand;
  // Rows: D8..DF; columns: reg. kNone: no such instruction.
  static constexpr MemoryOperand kTable[8][8] = {
      {kReal32, kReal32, kReal32, kReal32, kReal32, kReal32, kReal32, kReal32},
      {kReal32, kNone, kReal32, kReal32, kImage, kInt16, kImage, kInt16},
      {kInt32, kInt32, kInt32, kInt32, kInt32, kInt32, kInt32, kInt32},
      {kInt32, kInt32, kInt32, kInt32, kNone, kReal80, kNone, kReal80},
      {kReal64, kReal64, kReal64, kReal64, kReal64, kReal64, kReal64, kReal64},
      {kReal64, kInt64, kReal64, kReal64, kImage, kNone, kImage, kInt16},
      {kInt16, kInt16, kInt16, kInt16, kInt16, kInt16, kInt16, kInt16},
      {kInt16, kInt16, kInt16, kInt16, kBcd, kInt64, kBcd, kInt64},
  };
  return kTable[escape][reg];
}

bool register_form_exists(unsigned escape, unsigned modrm) {
  switch (escape) {
    case 1:
      return !(modrm >= 0xd1 && modrm <= 0xd7) && modrm != 0xe2 && modrm != 0xe3 && modrm != 0xe6 &&
             modrm != 0xe7 && modrm != 0xef;
    case 2: return modrm < 0xe0 || modrm == 0xe9;
    case 3: return modrm < 0xe5 || (modrm >= 0xe8 && modrm < 0xf8);
    case 5: return modrm < 0xf0;
    case 6: return modrm < 0xd8 || modrm == 0xd9 || modrm >= 0xe0;
    case 7: return modrm <= 0xe0 || (modrm >= 0xe8 && modrm < 0xf8);
    default: return true;
  }
}

bool waits(unsigned escape, unsigned modrm) {
  if (modrm >= 0xc0) {
    return !(escape == 3 && modrm >= 0xe0 && modrm <= 0xe4) && !(escape == 7 && modrm == 0xe0);
  }
  const unsigned reg = modrm >> 3 & 7;
  return !(escape == 1 && (reg == 6 || reg == 7)) && !(escape == 5 && (reg == 6 || reg == 7));
}

}  // namespace

std::string X87Form::name() const {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x} ", byte);
  return text;
}

std::vector<X87Form> all_x87_forms() {
  std::vector<X87Form> forms;
  for (unsigned escape = 0; escape < 8; ++escape) {
    const auto first = static_cast<std::uint8_t>(0xd8 + escape);
    for (unsigned reg = 0; reg < 8; ++reg) {
      const MemoryOperand operand = operand_of(escape, reg);
      if (operand == MemoryOperand::kNone) continue;
      const bool fisttp = reg == 1 && (escape == 3 || escape == 5 || escape == 7);
      forms.push_back({{first, at_esi(reg)}, operand, waits(escape, at_esi(reg)), fisttp});
      if (operand == MemoryOperand::kImage)  // the 16-bit format
        forms.push_back({{0x66, first, at_esi(reg)}, operand, waits(escape, at_esi(reg)), false});
    }
    for (unsigned modrm = 0xc0; modrm <= 0xff; ++modrm) {
      if (!register_form_exists(escape, modrm)) continue;
      forms.push_back(
          {{first, static_cast<std::uint8_t>(modrm)}, MemoryOperand::kNone, waits(escape, modrm)});
    }
  }
  forms.push_back({{0x9b}, MemoryOperand::kNone, true, false});
  return forms;
}

}  // namespace ice86::cpu::test
