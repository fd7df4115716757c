// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/disassembly.h"

#include <Zydis/Zydis.h>
#include <fmt/core.h>

#include <array>

#include "emulator/machine/linear_memory.h"

namespace ice86::machine {

namespace {

ZydisMachineMode mode_of(const cpu::State& s, unsigned bits) {
  if (bits == 64) return ZYDIS_MACHINE_MODE_LONG_64;
  if (bits == 32) return ZYDIS_MACHINE_MODE_LONG_COMPAT_32;
  return s.protected_mode() ? ZYDIS_MACHINE_MODE_LONG_COMPAT_16 : ZYDIS_MACHINE_MODE_REAL_16;
}

struct Bytes {
  std::array<std::uint8_t, 15> bytes{};
  std::size_t count = 0;
};

Bytes read(const Pc& pc, std::uint64_t linear) {
  Bytes read;
  read.count = peek_linear(pc, linear, read.bytes);
  return read;
}

bool comes_back(const ZydisDecodedInstruction& instruction) {
  constexpr ZyanU64 kRepeated =
      ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;
  return instruction.meta.category == ZYDIS_CATEGORY_CALL ||
         instruction.meta.category == ZYDIS_CATEGORY_INTERRUPT ||
         (instruction.attributes & kRepeated) != 0;
}

}  // namespace

unsigned code_bits(const cpu::State& s) {
  const std::uint32_t attributes = s.segment[cpu::kCs].attributes;
  if ((s.efer & cpu::efer::kLma) != 0 && (attributes >> 21 & 1) != 0) return 64;
  return (attributes >> 22 & 1) != 0 ? 32 : 16;
}

std::optional<InstructionText> instruction_at(const Pc& pc, std::uint64_t linear, std::uint64_t ip,
                                              unsigned bits) {
  const Bytes bytes = read(pc, linear);
  ZydisDisassembledInstruction instruction;
  if (!ZYAN_SUCCESS(ZydisDisassembleIntel(mode_of(pc.cpu().state(), bits), ip, bytes.bytes.data(),
                                          bytes.count, &instruction)))
    return std::nullopt;
  InstructionText text;
  text.length = instruction.info.length;
  for (unsigned i = 0; i < text.length; ++i) text.bytes += fmt::format("{:02x} ", bytes.bytes[i]);
  text.text = instruction.text;
  text.call = comes_back(instruction.info);
  return text;
}

std::string instruction_text(const Pc& pc) {
  const cpu::State& s = pc.cpu().state();
  const unsigned bits = code_bits(s);
  const std::uint64_t linear = s.segment[cpu::kCs].base + s.rip;
  const std::string where = fmt::format("{:04x}:{:08x}", s.segment[cpu::kCs].selector, s.rip);
  const auto instruction = instruction_at(pc, linear, s.rip, bits);
  if (!instruction)
    return fmt::format("{}  ({} bytes that are no instruction)", where, read(pc, linear).count);
  return fmt::format("{}  {:<30} {}", where, instruction->bytes, instruction->text);
}

}  // namespace ice86::machine
