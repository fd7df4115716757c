// SPDX-License-Identifier: LGPL-2.1-or-later
// Every encoding of MMX, SSE, AVX and AVX2 instructions that the CPU offers has a handler.
#include <Zydis/Zydis.h>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "cpu/cpu_model.h"
#include "cpu/decoder_features.h"
#include "cpu/decoder_simd.h"

namespace ice86::cpu::test {

namespace {

bool is_simd(ZydisISASet set) {
  switch (set) {
    case ZYDIS_ISA_SET_PENTIUMMMX:
    case ZYDIS_ISA_SET_SSE:
    case ZYDIS_ISA_SET_SSEMXCSR:
    case ZYDIS_ISA_SET_SSE2:
    case ZYDIS_ISA_SET_SSE2MMX:
    case ZYDIS_ISA_SET_SSE3:
    case ZYDIS_ISA_SET_SSSE3:
    case ZYDIS_ISA_SET_SSSE3MMX:
    case ZYDIS_ISA_SET_SSE4:
    case ZYDIS_ISA_SET_SSE42:
    case ZYDIS_ISA_SET_AES:
    case ZYDIS_ISA_SET_PCLMULQDQ:
    case ZYDIS_ISA_SET_AVX:
    case ZYDIS_ISA_SET_AVX2:
    case ZYDIS_ISA_SET_AVX2GATHER:
    case ZYDIS_ISA_SET_AVXAES:
    case ZYDIS_ISA_SET_FMA:
    case ZYDIS_ISA_SET_F16C: return true;
    default: return false;
  }
}

// On MMX registers, but SSE brought them (SDM vol. 1 section 5.5.4); Zydis counts them as MMX.
bool came_with_sse(const ZydisDecodedInstruction& instruction) {
  if (instruction.meta.isa_set != ZYDIS_ISA_SET_PENTIUMMMX) return false;
  switch (instruction.mnemonic) {
    case ZYDIS_MNEMONIC_MASKMOVQ:
    case ZYDIS_MNEMONIC_MOVNTQ:
    case ZYDIS_MNEMONIC_PAVGB:
    case ZYDIS_MNEMONIC_PAVGW:
    case ZYDIS_MNEMONIC_PEXTRW:
    case ZYDIS_MNEMONIC_PINSRW:
    case ZYDIS_MNEMONIC_PMAXSW:
    case ZYDIS_MNEMONIC_PMAXUB:
    case ZYDIS_MNEMONIC_PMINSW:
    case ZYDIS_MNEMONIC_PMINUB:
    case ZYDIS_MNEMONIC_PMULHUW:
    case ZYDIS_MNEMONIC_PSADBW:
    case ZYDIS_MNEMONIC_PSHUFW: return true;
    default: return false;
  }
}

// Returns how many encodings the features offer.
unsigned expect_handlers(const FeatureSet& features) {
  const SimdTable table(features);
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  std::set<std::string> missing;
  unsigned found = 0;
  const auto look = [&](const std::vector<std::uint8_t>& bytes) {
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    if (!ZYAN_SUCCESS(
            ZydisDecoderDecodeFull(&decoder, bytes.data(), bytes.size(), &instruction, operands)) ||
        !is_simd(instruction.meta.isa_set) || !offers(features, instruction)) {
      return;
    }
    if (came_with_sse(instruction) && !features.has(Feature::kSse)) return;
    ++found;
    // CRC32 and the moves of the string family are integer instructions.
    if (instruction.mnemonic == ZYDIS_MNEMONIC_CRC32) return;
    Insn insn{};
    if (table.has(instruction) && table.decode(instruction, operands, insn)) return;
    std::string text = ZydisMnemonicGetString(instruction.mnemonic);
    for (unsigned n = 0; n < instruction.length; ++n) text += fmt::format(" {:02x}", bytes[n]);
    missing.insert(text);
  };
  for (unsigned opcode = 0; opcode < 256; ++opcode) {
    const auto byte = static_cast<std::uint8_t>(opcode);
    for (unsigned reg = 0; reg < 8; ++reg) {
      for (const unsigned modrm : {0xc1u, 0x07u, 0x04u}) {
        // A register, [RDI], and a vector of indices.
        const auto form = static_cast<std::uint8_t>(modrm | reg << 3);
        const std::vector<std::uint8_t> tail = {form, 0x57, 0, 0, 0, 0};
        for (const int prefix : {0, 0x66, 0xf3, 0xf2}) {
          for (const bool wide : {false, true}) {
            for (const int map : {0, 0x38, 0x3a}) {
              std::vector<std::uint8_t> bytes;
              if (prefix != 0) bytes.push_back(static_cast<std::uint8_t>(prefix));
              if (wide) bytes.push_back(0x48);
              bytes.push_back(0x0f);
              if (map != 0) bytes.push_back(static_cast<std::uint8_t>(map));
              bytes.push_back(byte);
              bytes.insert(bytes.end(), tail.begin(), tail.end());
              look(bytes);
            }
          }
        }
        for (unsigned map = 1; map <= 3; ++map) {
          for (unsigned pp_l_w = 0; pp_l_w < 16; ++pp_l_w) {
            for (const unsigned vvvv : {0xfu, 0xdu}) {  // none, and register 2
              const unsigned third = (pp_l_w & 8) << 4 | vvvv << 3 | (pp_l_w & 7);
              std::vector<std::uint8_t> bytes = {0xc4, static_cast<std::uint8_t>(0xe0 | map),
                                                 static_cast<std::uint8_t>(third), byte};
              bytes.insert(bytes.end(), tail.begin(), tail.end());
              look(bytes);
            }
          }
        }
      }
    }
  }
  for (const std::string& text : missing) ADD_FAILURE() << "no handler: " << text;
  return found;
}

TEST(SimdCoverage, EveryOfferedEncodingHasAHandler) {
  EXPECT_GT(expect_handlers(implemented_features()), 4000U);
}

// A form may not ask for more than the encoding does.
TEST(SimdCoverage, EveryModelHasHandlersForWhatItOffers) {
  for (const CpuModel& model : builtin_cpu_models()) {
    SCOPED_TRACE(model.name);
    expect_handlers(model.asked() & implemented_features());
  }
}

}  // namespace

}  // namespace ice86::cpu::test
