// SPDX-License-Identifier: LGPL-2.1-or-later
// From bytes to the decoded form. Zydis finds the instruction; the tables of interp/ find its
// handler.
#pragma once

#include <cstdint>
#include <memory>

#include "cpu/features.h"
#include "cpu/insn.h"

struct ZydisDecodedInstruction_;
struct ZydisDecodedOperand_;

namespace ice86::cpu {

class Decoder {
 public:
  // What `features` lacks does not decode: its encodings raise #UD, or mean what they meant before
  // the feature came (LZCNT is BSR, TZCNT is BSF).
  explicit Decoder(const FeatureSet& features);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // `mode`: 0: 16-bit code, 1: 32-bit code, 2: 64-bit code. False when `available` bytes are not
  // enough; an instruction that is not valid, or that this CPU does not have, decodes to one that
  // raises #UD. `ends_block`: what follows may not be what runs next.
  bool decode(const std::uint8_t* bytes, unsigned available, unsigned mode, Insn& insn,
              bool& ends_block) const;
  // What decode() saw, for a translator: false if this CPU has no such instruction. `operands` has
  // room for ZYDIS_MAX_OPERAND_COUNT.
  bool decode_again(const std::uint8_t* bytes, unsigned length, unsigned mode,
                    ZydisDecodedInstruction_& instruction, ZydisDecodedOperand_* operands) const;

 private:
  struct Zydis;
  FeatureSet features_;
  std::unique_ptr<const Zydis> zydis_;
};

}  // namespace ice86::cpu
