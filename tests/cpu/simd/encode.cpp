// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/cpu/simd/encode.h"

#include <Zydis/Zydis.h>

namespace ice86::cpu::test {

namespace {

bool is_memory(Operand operand) {
  return operand == Operand::kXmmMem || operand == Operand::kYmmMem ||
         operand == Operand::kMmxMem || operand == Operand::kGprMem ||
         operand == Operand::kGpr32Mem || operand == Operand::kGpr64Mem || operand == Operand::kMem;
}

// Any general register but rSP and rDI.
unsigned general(unsigned number, bool mode_64) {
  if (!mode_64) return number % 4;
  return number == 4 || number == 7 ? number + 8 : number;
}

}  // namespace

bool needs_64_bit_mode(const SimdForm& form) {
  for (const Operand operand : {form.dst, form.src}) {
    if (operand == Operand::kGpr64 || operand == Operand::kGpr64Mem) return true;
  }
  return false;
}

bool encode(const SimdForm& form, bool memory, unsigned dst, unsigned src, unsigned immediate,
            Code& code, bool mode_64, unsigned first) {
  ZydisEncoderRequest request{};
  request.machine_mode = mode_64 ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32;
  request.mnemonic = form.mnemonic;
  if (form.vex) request.allowed_encodings = ZYDIS_ENCODABLE_ENCODING_VEX;
  const auto add = [&](Operand operand, unsigned number) {
    if (operand == Operand::kNone) return;
    ZydisEncoderOperand& to = request.operands[request.operand_count++];
    if (memory && is_memory(operand)) {
      to.type = ZYDIS_OPERAND_TYPE_MEMORY;
      to.mem.base = mode_64 ? ZYDIS_REGISTER_RDI : ZYDIS_REGISTER_EDI;
      to.mem.size = form.memory;
      return;
    }
    to.type = ZYDIS_OPERAND_TYPE_REGISTER;
    switch (operand) {
      case Operand::kXmm:
      case Operand::kXmmMem:
        to.reg.value = static_cast<ZydisRegister>(ZYDIS_REGISTER_XMM0 + number);
        break;
      case Operand::kYmm:
      case Operand::kYmmMem:
        to.reg.value = static_cast<ZydisRegister>(ZYDIS_REGISTER_YMM0 + number);
        break;
      case Operand::kMmx:
      case Operand::kMmxMem:
        to.reg.value = static_cast<ZydisRegister>(ZYDIS_REGISTER_MM0 + number % 8);
        break;
      case Operand::kGpr64:
      case Operand::kGpr64Mem:
        to.reg.value = static_cast<ZydisRegister>(ZYDIS_REGISTER_RAX + general(number, mode_64));
        break;
      default:
        to.reg.value = static_cast<ZydisRegister>(ZYDIS_REGISTER_EAX + general(number, mode_64));
        break;
    }
  };
  add(form.dst, dst);
  add(form.first, first);
  add(form.src, src);
  if (form.fourth) {
    add(form.dst, immediate % (mode_64 ? 16 : 8));
    request.operands[request.operand_count - 1].reg.is4 = ZYAN_TRUE;
  }
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
