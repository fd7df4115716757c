// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/cpu/simd/encode.h"

#include <Zydis/Zydis.h>

namespace ice86::cpu::test {

namespace {

bool is_memory(Operand operand) {
  return operand == Operand::kXmmMem || operand == Operand::kMmxMem ||
         operand == Operand::kGprMem || operand == Operand::kGpr32Mem ||
         operand == Operand::kGpr64Mem || operand == Operand::kMem;
}

}  // namespace

bool needs_64_bit_mode(const SimdForm& form) {
  for (const Operand operand : {form.dst, form.src}) {
    if (operand == Operand::kGpr64 || operand == Operand::kGpr64Mem) return true;
  }
  return false;
}

bool encode(const SimdForm& form, bool memory, unsigned dst, unsigned src, unsigned immediate,
            Code& code) {
  ZydisEncoderRequest request{};
  request.machine_mode = ZYDIS_MACHINE_MODE_LEGACY_32;
  request.mnemonic = form.mnemonic;
  const auto add = [&](Operand operand, unsigned number) {
    if (operand == Operand::kNone) return;
    ZydisEncoderOperand& to = request.operands[request.operand_count++];
    if (memory && is_memory(operand)) {
      to.type = ZYDIS_OPERAND_TYPE_MEMORY;
      to.mem.base = ZYDIS_REGISTER_EDI;
      to.mem.size = form.memory;
      return;
    }
    to.type = ZYDIS_OPERAND_TYPE_REGISTER;
    switch (operand) {
      case Operand::kXmm:
      case Operand::kXmmMem:
        to.reg.value = static_cast<ZydisRegister>(ZYDIS_REGISTER_XMM0 + number);
        break;
      case Operand::kMmx:
      case Operand::kMmxMem:
        to.reg.value = static_cast<ZydisRegister>(ZYDIS_REGISTER_MM0 + number);
        break;
      default:
        // Neither ESP nor EDI.
        to.reg.value = static_cast<ZydisRegister>(ZYDIS_REGISTER_EAX + number % 4);
        break;
    }
  };
  add(form.dst, dst);
  add(form.src, src);
  if (form.immediate) {
    ZydisEncoderOperand& to = request.operands[request.operand_count++];
    to.type = ZYDIS_OPERAND_TYPE_IMMEDIATE;
    to.imm.u = immediate;
  }
  ZyanUSize length = code.bytes.size();
  if (!ZYAN_SUCCESS(ZydisEncoderEncodeInstruction(&request, code.bytes.data(), &length)))
    return false;
  code.length = static_cast<std::uint8_t>(length);
  return true;
}

}  // namespace ice86::cpu::test
