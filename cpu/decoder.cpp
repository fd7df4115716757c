// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cpu/decoder.h"

#include <Zydis/Zydis.h>

#include <array>
#include <cstddef>
#include <optional>

#include "cpu/decoder_features.h"
#include "cpu/decoder_simd.h"
#include "cpu/interp/handlers.h"
#include "cpu/state.h"

namespace ice86::cpu {

struct Decoder::Zydis {
  ZydisDecoder by_mode[3];
  SimdTable simd;
  explicit Zydis(const FeatureSet& features) : simd(features) {
    ZydisDecoderInit(&by_mode[0], ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
    ZydisDecoderInit(&by_mode[1], ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    ZydisDecoderInit(&by_mode[2], ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    for (ZydisDecoder& decoder : by_mode) {
      // Extensions this CPU has not. Their encodings mean what they meant before: 0F 1A-1C and 0F
      // 1E are NOPs, 3E before an indirect branch is a segment override, and F3 is ignored.
      for (const ZydisDecoderMode extension :
           {ZYDIS_DECODER_MODE_MPX, ZYDIS_DECODER_MODE_CET, ZYDIS_DECODER_MODE_WBNOINVD,
            ZYDIS_DECODER_MODE_CLDEMOTE}) {
        ZydisDecoderEnableMode(&decoder, extension, ZYAN_FALSE);
      }
      ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_LZCNT, features.has(Feature::kAbm));
      ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_TZCNT, features.has(Feature::kBmi1));
    }
  }
};

namespace {

// Offsets into State, which begins with the general registers.
static_assert(offsetof(State, gpr) == 0);
constexpr std::uint8_t kNoRegister = offsetof(State, zero);

std::uint8_t register_offset(ZydisRegister reg) {
  switch (reg) {
    case ZYDIS_REGISTER_AH: return 0 * 8 + 1;
    case ZYDIS_REGISTER_CH: return 1 * 8 + 1;
    case ZYDIS_REGISTER_DH: return 2 * 8 + 1;
    case ZYDIS_REGISTER_BH: return 3 * 8 + 1;
    case ZYDIS_REGISTER_NONE: return kNoRegister;
    case ZYDIS_REGISTER_EIP:
    case ZYDIS_REGISTER_RIP: return offsetof(State, rip);
    default: break;
  }
  // SPL to DIL and R8B to R15B come after AH to BH in Zydis' numbers.
  const int id = ZydisRegisterGetId(reg);
  return static_cast<std::uint8_t>(
      (reg >= ZYDIS_REGISTER_SPL && reg <= ZYDIS_REGISTER_R15B ? id - 4 : id) * 8);
}

bool is_segment(const ZydisDecodedOperand& operand) {
  return operand.type == ZYDIS_OPERAND_TYPE_REGISTER &&
         ZydisRegisterGetClass(operand.reg.value) == ZYDIS_REGCLASS_SEGMENT;
}

std::uint8_t segment_number(ZydisRegister reg) {
  return static_cast<std::uint8_t>(ZydisRegisterGetId(reg));
}

class Translator {
 public:
  Translator(const FeatureSet& features, const SimdTable& simd_table,
             const ZydisDecodedInstruction& instruction, const ZydisDecodedOperand* operands,
             Insn& insn, bool& ends_block)
      : features_(features),
        simd_(simd_table),
        z_(instruction),
        ops_(operands),
        insn_(insn),
        ends_(ends_block) {}

  // False: no such instruction on this CPU.
  bool translate();

 private:
  bool memory(unsigned n) const { return ops_[n].type == ZYDIS_OPERAND_TYPE_MEMORY; }
  bool immediate(unsigned n) const { return ops_[n].type == ZYDIS_OPERAND_TYPE_IMMEDIATE; }
  unsigned bytes(unsigned n) const { return ops_[n].size / 8; }
  unsigned word() const { return insn_.operand_size; }

  void take_memory(unsigned n);
  void take_immediate(unsigned n) { insn_.imm = static_cast<std::uint64_t>(ops_[n].imm.value.s); }
  bool set(Handler handler) {
    insn_.execute = handler;
    return handler != nullptr;
  }
  bool leave(Handler handler) {
    ends_ = true;
    return set(handler);
  }

  // One operand: a register into dst, or memory.
  Form one(unsigned n) {
    if (memory(n)) {
      take_memory(n);
      return Form::kM;
    }
    insn_.dst = register_offset(ops_[n].reg.value);
    return Form::kR;
  }
  // Destination and source.
  Form two() {
    const Form first = one(0);
    if (immediate(1)) {
      take_immediate(1);
      return first == Form::kM ? Form::kMI : Form::kRI;
    }
    if (memory(1)) {
      take_memory(1);
      return Form::kRM;
    }
    insn_.src = register_offset(ops_[1].reg.value);
    return first == Form::kM ? Form::kMR : Form::kRR;
  }

  bool alu(Alu op) {
    // TEST r, m and XCHG r, m are encoded with the memory operand on either side; both mean the
    // same.
    const Form form = two();
    return set(alu_handler(op, form, bytes(0)));
  }
  bool unary(Unary op) { return set(unary_handler(op, one(0), bytes(0))); }
  bool shift(Shift op) {
    const Form form = one(0);
    const bool by_cl = !immediate(1);
    if (!by_cl) take_immediate(1);
    return set(shift_handler(op, by_cl, form, bytes(0)));
  }
  bool double_shift(bool left) {
    const Form form = one(0);
    insn_.src = register_offset(ops_[1].reg.value);
    const bool by_cl = !immediate(2);
    if (!by_cl) take_immediate(2);
    return set(double_shift_handler(left, by_cl, form, bytes(0)));
  }
  bool bits(Bits op, unsigned rm = 1);
  bool bit_op(Bit op) { return set(bit_handler(op, two(), bytes(0))); }
  // With REX.B, F3 90 is not PAUSE but XCHG of R8, as 90 without F3 is.
  bool nop() {
    if (z_.mnemonic != ZYDIS_MNEMONIC_PAUSE || z_.raw.rex.B == 0) return system(System::kNop);
    insn_.dst = kRax * 8;
    insn_.src = kR8 * 8;
    const bool narrow = (z_.attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE) != 0;
    return set(exchange_handler(Exchange::kXchg, Form::kRR,
                                z_.raw.rex.W != 0 ? 8
                                : narrow          ? 2
                                                  : 4));
  }
  bool exchange(Exchange op) {
    Form form = two();
    if (form == Form::kRM) {  // XCHG r, m
      insn_.src = insn_.dst;
      form = Form::kMR;
    }
    return set(exchange_handler(op, form, bytes(0)));
  }
  bool extend(bool sign) {
    const Form form = two();
    return set(extend_handler(sign, form, bytes(1), bytes(0)));
  }
  bool cmov(unsigned code) {
    insn_.code = static_cast<std::uint8_t>(code);
    return set(cmov_handler(two(), bytes(0)));
  }
  bool setcc(unsigned code) {
    insn_.code = static_cast<std::uint8_t>(code);
    return set(setcc_handler(one(0)));
  }
  bool jcc(unsigned code) {
    insn_.code = static_cast<std::uint8_t>(code);
    take_immediate(0);
    return set(jump_handler(Jump::kJcc));
  }
  bool branch(Jump op) {
    take_immediate(0);
    return leave(jump_handler(op));
  }
  bool jump_or_call(bool call);
  bool far_pointer(unsigned segment) {
    insn_.code = static_cast<std::uint8_t>(segment);
    two();
    insn_.dst = register_offset(ops_[0].reg.value);
    const Handler handler = load_far_pointer_handler(word());
    return segment == kSs ? leave(handler) : set(handler);
  }
  bool mov();
  bool push();
  bool pop();
  bool stack(Stack op) { return set(stack_handler(op, Form::kR, word())); }
  bool string(String op, unsigned size);
  bool port(bool out);
  bool system(System op) { return set(system_handler(op, Form::kR)); }
  bool system_operand(System op) { return set(system_handler(op, one(0))); }
  bool lar_lsl(System op);
  bool segment_base(System op, SegmentName segment) {
    insn_.code = segment;
    insn_.operand_size = static_cast<std::uint8_t>(bytes(0));
    return system_operand(op);
  }
  bool x87();
  bool extended_state(ExtendedState op) {
    if (memory(0)) take_memory(0);
    return set(extended_state_handler(op));
  }
  bool simd();

  const FeatureSet& features_;
  const SimdTable& simd_;
  const ZydisDecodedInstruction& z_;
  const ZydisDecodedOperand* ops_;
  Insn& insn_;
  bool& ends_;
};

void Translator::take_memory(unsigned n) {
  const auto& m = ops_[n].mem;
  insn_.base = register_offset(m.base);
  insn_.index = register_offset(m.index);
  insn_.scale = m.scale == 8 ? 3 : m.scale == 4 ? 2 : m.scale == 2 ? 1 : 0;
  insn_.disp = static_cast<std::int32_t>(m.disp.has_displacement ? m.disp.value : 0);
  // A SIB byte without a base. Zydis 4.0 takes base 5 for R13D where REX.B and 67 come with it.
  if ((z_.attributes & ZYDIS_ATTRIB_HAS_SIB) != 0 && z_.raw.modrm.mod == 0 &&
      z_.raw.sib.base == 5) {
    insn_.base = kNoRegister;
    insn_.disp = static_cast<std::int32_t>(z_.raw.disp.value);
  }
  // 32-bit addresses are sums of 32 bits: a displacement's sign never reaches above them.
  insn_.segment = segment_number(m.segment);
}

bool Translator::jump_or_call(bool call) {
  const bool far = z_.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
  if (ops_[0].type == ZYDIS_OPERAND_TYPE_POINTER) {
    insn_.imm = static_cast<std::uint64_t>(ops_[0].ptr.segment) << 32 | ops_[0].ptr.offset;
    return leave(jump_handler(call ? Jump::kCallFar : Jump::kJmpFar));
  }
  if (memory(0)) {
    take_memory(0);
    if (far) return leave(jump_handler(call ? Jump::kCallFarM : Jump::kJmpFarM));
    return leave(jump_handler(call ? Jump::kCallM : Jump::kJmpM));
  }
  if (immediate(0)) return branch(call ? Jump::kCall : Jump::kJmp);
  insn_.dst = register_offset(ops_[0].reg.value);
  return leave(jump_handler(call ? Jump::kCallR : Jump::kJmpR));
}

bool Translator::mov() {
  if (is_segment(ops_[0])) {
    insn_.code = segment_number(ops_[0].reg.value);
    if (memory(1)) {
      take_memory(1);
      return leave(mov_to_segment_handler(Form::kM));
    }
    insn_.src = register_offset(ops_[1].reg.value);
    const Handler handler = mov_to_segment_handler(Form::kR);
    return insn_.code == kSs ? leave(handler) : set(handler);
  }
  if (is_segment(ops_[1])) {
    insn_.code = segment_number(ops_[1].reg.value);
    const Form form = one(0);
    return set(mov_from_segment_handler(form, word()));
  }
  for (const unsigned n : {0u, 1u}) {
    if (ops_[n].type != ZYDIS_OPERAND_TYPE_REGISTER) continue;
    const ZydisRegisterClass kind = ZydisRegisterGetClass(ops_[n].reg.value);
    if (kind != ZYDIS_REGCLASS_CONTROL && kind != ZYDIS_REGCLASS_DEBUG) continue;
    const bool control = kind == ZYDIS_REGCLASS_CONTROL;
    insn_.code = static_cast<std::uint8_t>(ZydisRegisterGetId(ops_[n].reg.value));
    (n == 0 ? insn_.src : insn_.dst) = register_offset(ops_[1 - n].reg.value);
    if (n == 0)
      return leave(system_handler(control ? System::kMovToCr : System::kMovToDr, Form::kR));
    return system(control ? System::kMovFromCr : System::kMovFromDr);
  }
  if (z_.opcode >= 0xa0 && z_.opcode <= 0xa3 && z_.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
      z_.machine_mode == ZYDIS_MACHINE_MODE_LONG_64) {
    const unsigned n = memory(0) ? 0 : 1;
    insn_.segment = segment_number(ops_[n].mem.segment);
    insn_.imm = static_cast<std::uint64_t>(ops_[n].mem.disp.value);
    if (insn_.address_size == 1) insn_.imm &= 0xffffffff;
    return set(far_address_handler(n == 0, bytes(n)));
  }
  return alu(Alu::kMov);
}

bool Translator::push() {
  if (immediate(0)) {
    take_immediate(0);
    return set(stack_handler(Stack::kPushImm, Form::kR, word()));
  }
  if (is_segment(ops_[0])) {
    insn_.code = segment_number(ops_[0].reg.value);
    return set(stack_handler(Stack::kPushSegment, Form::kR, word()));
  }
  return set(stack_handler(Stack::kPush, one(0), word()));
}

bool Translator::pop() {
  if (is_segment(ops_[0])) {
    insn_.code = segment_number(ops_[0].reg.value);
    const Handler handler = stack_handler(Stack::kPopSegment, Form::kR, word());
    return insn_.code == kSs ? leave(handler) : set(handler);
  }
  return set(stack_handler(Stack::kPop, one(0), word()));
}

bool Translator::string(String op, unsigned size) {
  insn_.rep = (z_.attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE)) != 0;
  insn_.repne = (z_.attributes & ZYDIS_ATTRIB_HAS_REPNE) != 0;
  insn_.segment = kDs;
  for (unsigned n = 0; n < z_.operand_count; ++n) {
    if (memory(n) && ops_[n].mem.base != ZYDIS_REGISTER_NONE) {
      const std::int16_t id = ZydisRegisterGetId(ops_[n].mem.base);
      if (id == kRsi) insn_.segment = segment_number(ops_[n].mem.segment);
    }
  }
  return set(string_handler(op, size));
}

bool Translator::port(bool out) {
  const unsigned at = out ? 0 : 1;
  if (immediate(at)) {
    insn_.imm = ops_[at].imm.value.u;
  } else {
    insn_.code = 1;
  }
  return set(port_handler(out, bytes(1 - at)));
}

bool Translator::lar_lsl(System op) {
  insn_.dst = register_offset(ops_[0].reg.value);
  if (memory(1)) {
    take_memory(1);
    return set(system_handler(op, Form::kM));
  }
  insn_.src = register_offset(ops_[1].reg.value);
  return set(system_handler(op, Form::kR));
}

bool Translator::x87() {
  const unsigned escape = z_.opcode & 7u;
  const unsigned modrm =
      static_cast<unsigned>(z_.raw.modrm.mod << 6 | z_.raw.modrm.reg << 3 | z_.raw.modrm.rm);
  for (unsigned n = 0; n < z_.operand_count; ++n) {
    if (memory(n)) {
      take_memory(n);
      break;
    }
  }
  insn_.imm = escape << 8 | modrm;
  insn_.code = modrm & 7;
  return set(features_.has(Feature::kFpu) ? x87_handler(escape, modrm) : x87_absent_handler());
}

// Operand `rm` may be memory; another source than that is VEX.vvvv.
bool Translator::bits(Bits op, unsigned rm) {
  const unsigned count = z_.operand_count_visible;
  Form form = one(0) == Form::kM ? Form::kMR : Form::kRR;
  const unsigned size = op == Bits::kCrc32 ? bytes(1) : bytes(0);
  for (unsigned n = 1; n < count; ++n) {
    if (memory(n)) {
      take_memory(n);
      form = Form::kRM;
    } else if (immediate(n)) {
      take_immediate(n);
    } else {
      (n == rm ? insn_.src : insn_.code) = register_offset(ops_[n].reg.value);
    }
  }
  return set(bits_handler(op, form, size));
}

bool Translator::simd() {
  // MASKMOVQ and MASKMOVDQU have a hidden memory operand.
  for (unsigned n = 0; n < z_.operand_count; ++n) {
    if (memory(n)) {
      take_memory(n);
    } else if (n < z_.operand_count_visible && ops_[n].type == ZYDIS_OPERAND_TYPE_REGISTER) {
      const ZydisRegisterClass kind = ZydisRegisterGetClass(ops_[n].reg.value);
      if (kind == ZYDIS_REGCLASS_GPR32 || kind == ZYDIS_REGCLASS_GPR64)
        (n == 0 ? insn_.dst : insn_.src) = register_offset(ops_[n].reg.value);
    }
  }
  return simd_.decode(z_, ops_, insn_);
}

// Condition codes in the order of their encoding (SDM vol. 2 appendix B.1.4.7).
std::optional<unsigned> condition(ZydisMnemonic mnemonic,
                                  const std::array<ZydisMnemonic, 16>& family) {
  for (unsigned code = 0; code < family.size(); ++code) {
    if (family[code] == mnemonic) return code;
  }
  return std::nullopt;
}

#define ICE86_CONDITIONS(prefix)                                                               \
  {                                                                                            \
    ZYDIS_MNEMONIC_##prefix##O, ZYDIS_MNEMONIC_##prefix##NO, ZYDIS_MNEMONIC_##prefix##B,       \
        ZYDIS_MNEMONIC_##prefix##NB, ZYDIS_MNEMONIC_##prefix##Z, ZYDIS_MNEMONIC_##prefix##NZ,  \
        ZYDIS_MNEMONIC_##prefix##BE, ZYDIS_MNEMONIC_##prefix##NBE, ZYDIS_MNEMONIC_##prefix##S, \
        ZYDIS_MNEMONIC_##prefix##NS, ZYDIS_MNEMONIC_##prefix##P, ZYDIS_MNEMONIC_##prefix##NP,  \
        ZYDIS_MNEMONIC_##prefix##L, ZYDIS_MNEMONIC_##prefix##NL, ZYDIS_MNEMONIC_##prefix##LE,  \
        ZYDIS_MNEMONIC_##prefix##NLE                                                           \
  }
constexpr std::array<ZydisMnemonic, 16> kJumps = ICE86_CONDITIONS(J);
constexpr std::array<ZydisMnemonic, 16> kSets = ICE86_CONDITIONS(SET);
constexpr std::array<ZydisMnemonic, 16> kMoves = ICE86_CONDITIONS(CMOV);
#undef ICE86_CONDITIONS

bool Translator::translate() {
  insn_.length = z_.length;
  insn_.operand_size = static_cast<std::uint8_t>(z_.operand_width == 8 ? 1 : z_.operand_width / 8);
  insn_.address_size = z_.address_width == 16 ? 0 : z_.address_width == 32 ? 1 : 2;
  insn_.base = insn_.index = kNoRegister;
  insn_.segment = kDs;
  if (const auto code = condition(z_.mnemonic, kJumps)) return jcc(*code);
  if (const auto code = condition(z_.mnemonic, kSets)) return setcc(*code);
  if (const auto code = condition(z_.mnemonic, kMoves)) return cmov(*code);
  if (z_.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && (z_.opcode & 0xf8) == 0xd8) return x87();
  if (simd_.has(z_)) return simd();
  switch (z_.mnemonic) {
    case ZYDIS_MNEMONIC_ADD: return alu(Alu::kAdd);
    case ZYDIS_MNEMONIC_OR: return alu(Alu::kOr);
    case ZYDIS_MNEMONIC_ADC: return alu(Alu::kAdc);
    case ZYDIS_MNEMONIC_SBB: return alu(Alu::kSbb);
    case ZYDIS_MNEMONIC_AND: return alu(Alu::kAnd);
    case ZYDIS_MNEMONIC_SUB: return alu(Alu::kSub);
    case ZYDIS_MNEMONIC_XOR: return alu(Alu::kXor);
    case ZYDIS_MNEMONIC_CMP: return alu(Alu::kCmp);
    case ZYDIS_MNEMONIC_TEST: return alu(Alu::kTest);
    case ZYDIS_MNEMONIC_MOV: return mov();
    case ZYDIS_MNEMONIC_INC: return unary(Unary::kInc);
    case ZYDIS_MNEMONIC_DEC: return unary(Unary::kDec);
    case ZYDIS_MNEMONIC_NOT: return unary(Unary::kNot);
    case ZYDIS_MNEMONIC_NEG: return unary(Unary::kNeg);
    case ZYDIS_MNEMONIC_MUL: return unary(Unary::kMul);
    case ZYDIS_MNEMONIC_DIV: return unary(Unary::kDiv);
    case ZYDIS_MNEMONIC_IDIV: return unary(Unary::kIdiv);
    case ZYDIS_MNEMONIC_IMUL: {
      if (z_.operand_count_visible == 1) return unary(Unary::kImul);
      const Form form = two();
      const bool has_immediate = z_.operand_count_visible == 3;
      if (has_immediate) take_immediate(2);
      return set(imul_handler(has_immediate, form, bytes(0)));
    }
    case ZYDIS_MNEMONIC_ROL: return shift(Shift::kRol);
    case ZYDIS_MNEMONIC_ROR: return shift(Shift::kRor);
    case ZYDIS_MNEMONIC_RCL: return shift(Shift::kRcl);
    case ZYDIS_MNEMONIC_RCR: return shift(Shift::kRcr);
    case ZYDIS_MNEMONIC_SHL: return shift(Shift::kShl);
    case ZYDIS_MNEMONIC_SHR: return shift(Shift::kShr);
    case ZYDIS_MNEMONIC_SAR: return shift(Shift::kSar);
    case ZYDIS_MNEMONIC_SHLD: return double_shift(true);
    case ZYDIS_MNEMONIC_SHRD: return double_shift(false);
    case ZYDIS_MNEMONIC_BT: return bit_op(Bit::kBt);
    case ZYDIS_MNEMONIC_BTS: return bit_op(Bit::kBts);
    case ZYDIS_MNEMONIC_BTR: return bit_op(Bit::kBtr);
    case ZYDIS_MNEMONIC_BTC: return bit_op(Bit::kBtc);
    case ZYDIS_MNEMONIC_BSF: return set(bit_scan_handler(false, two(), bytes(0)));
    case ZYDIS_MNEMONIC_BSR: return set(bit_scan_handler(true, two(), bytes(0)));
    case ZYDIS_MNEMONIC_POPCNT: return bits(Bits::kPopcnt);
    case ZYDIS_MNEMONIC_LZCNT: return bits(Bits::kLzcnt);
    case ZYDIS_MNEMONIC_TZCNT: return bits(Bits::kTzcnt);
    case ZYDIS_MNEMONIC_ADCX: return bits(Bits::kAdcx);
    case ZYDIS_MNEMONIC_ADOX: return bits(Bits::kAdox);
    case ZYDIS_MNEMONIC_ANDN: return bits(Bits::kAndn, 2);
    case ZYDIS_MNEMONIC_BEXTR: return bits(Bits::kBextr);
    case ZYDIS_MNEMONIC_BLSI: return bits(Bits::kBlsi);
    case ZYDIS_MNEMONIC_BLSR: return bits(Bits::kBlsr);
    case ZYDIS_MNEMONIC_BLSMSK: return bits(Bits::kBlsmsk);
    case ZYDIS_MNEMONIC_BZHI: return bits(Bits::kBzhi);
    case ZYDIS_MNEMONIC_PDEP: return bits(Bits::kPdep, 2);
    case ZYDIS_MNEMONIC_PEXT: return bits(Bits::kPext, 2);
    case ZYDIS_MNEMONIC_RORX: return bits(Bits::kRorx);
    case ZYDIS_MNEMONIC_SARX: return bits(Bits::kSarx);
    case ZYDIS_MNEMONIC_SHLX: return bits(Bits::kShlx);
    case ZYDIS_MNEMONIC_SHRX: return bits(Bits::kShrx);
    case ZYDIS_MNEMONIC_MULX: return bits(Bits::kMulx, 2);
    case ZYDIS_MNEMONIC_CRC32: return bits(Bits::kCrc32);
    case ZYDIS_MNEMONIC_MOVBE: return bits(Bits::kMovbe);
    case ZYDIS_MNEMONIC_RDRAND:
    case ZYDIS_MNEMONIC_RDSEED: return bits(Bits::kRandom);
    case ZYDIS_MNEMONIC_XCHG: return exchange(Exchange::kXchg);
    case ZYDIS_MNEMONIC_XADD: return exchange(Exchange::kXadd);
    case ZYDIS_MNEMONIC_CMPXCHG: return exchange(Exchange::kCmpxchg);
    case ZYDIS_MNEMONIC_CMPXCHG8B: one(0); return set(cmpxchg8b_handler());
    case ZYDIS_MNEMONIC_CMPXCHG16B: one(0); return set(cmpxchg16b_handler());
    case ZYDIS_MNEMONIC_MOVZX: return extend(false);
    case ZYDIS_MNEMONIC_MOVSX: return extend(true);
    case ZYDIS_MNEMONIC_MOVSXD: return bytes(0) > bytes(1) ? extend(true) : alu(Alu::kMov);
    case ZYDIS_MNEMONIC_LEA: two(); return set(lea_handler(bytes(0)));
    case ZYDIS_MNEMONIC_BSWAP: one(0); return set(bswap_handler(bytes(0)));
    case ZYDIS_MNEMONIC_LES: return far_pointer(kEs);
    case ZYDIS_MNEMONIC_LDS: return far_pointer(kDs);
    case ZYDIS_MNEMONIC_LSS: return far_pointer(kSs);
    case ZYDIS_MNEMONIC_LFS: return far_pointer(kFs);
    case ZYDIS_MNEMONIC_LGS: return far_pointer(kGs);
    case ZYDIS_MNEMONIC_CBW: return set(convert_handler(false, 2));
    case ZYDIS_MNEMONIC_CWDE: return set(convert_handler(false, 4));
    case ZYDIS_MNEMONIC_CWD: return set(convert_handler(true, 2));
    case ZYDIS_MNEMONIC_CDQ: return set(convert_handler(true, 4));
    case ZYDIS_MNEMONIC_CDQE: return set(convert_handler(false, 8));
    case ZYDIS_MNEMONIC_CQO: return set(convert_handler(true, 8));
    case ZYDIS_MNEMONIC_XLAT:
      for (unsigned n = 0; n < z_.operand_count; ++n) {
        if (memory(n)) insn_.segment = segment_number(ops_[n].mem.segment);
      }
      return set(xlat_handler());
    case ZYDIS_MNEMONIC_PUSH: return push();
    case ZYDIS_MNEMONIC_POP: return pop();
    case ZYDIS_MNEMONIC_PUSHA:
    case ZYDIS_MNEMONIC_PUSHAD: return stack(Stack::kPushAll);
    case ZYDIS_MNEMONIC_POPA:
    case ZYDIS_MNEMONIC_POPAD: return stack(Stack::kPopAll);
    case ZYDIS_MNEMONIC_PUSHF:
    case ZYDIS_MNEMONIC_PUSHFD:
    case ZYDIS_MNEMONIC_PUSHFQ: return stack(Stack::kPushFlags);
    case ZYDIS_MNEMONIC_POPF:
    case ZYDIS_MNEMONIC_POPFD:
    case ZYDIS_MNEMONIC_POPFQ: ends_ = true; return stack(Stack::kPopFlags);
    case ZYDIS_MNEMONIC_ENTER:
      insn_.imm = (ops_[0].imm.value.u & 0xffff) | (ops_[1].imm.value.u & 0xff) << 16;
      return stack(Stack::kEnter);
    case ZYDIS_MNEMONIC_LEAVE: return stack(Stack::kLeave);
    case ZYDIS_MNEMONIC_JMP: return jump_or_call(false);
    case ZYDIS_MNEMONIC_CALL: return jump_or_call(true);
    case ZYDIS_MNEMONIC_RET: {
      insn_.imm = z_.operand_count_visible > 0 ? ops_[0].imm.value.u & 0xffff : 0;
      return leave(
          jump_handler(z_.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR ? Jump::kRetFar : Jump::kRet));
    }
    case ZYDIS_MNEMONIC_IRET:
    case ZYDIS_MNEMONIC_IRETD:
    case ZYDIS_MNEMONIC_IRETQ: return leave(jump_handler(Jump::kIret));
    case ZYDIS_MNEMONIC_LOOP: return branch(Jump::kLoop);
    case ZYDIS_MNEMONIC_LOOPE: return branch(Jump::kLoopZ);
    case ZYDIS_MNEMONIC_LOOPNE: return branch(Jump::kLoopNz);
    case ZYDIS_MNEMONIC_JCXZ:
    case ZYDIS_MNEMONIC_JECXZ:
    case ZYDIS_MNEMONIC_JRCXZ: return branch(Jump::kJcxz);
    case ZYDIS_MNEMONIC_INT:
      insn_.imm = ops_[0].imm.value.u & 0xff;
      return leave(jump_handler(Jump::kInt));
    case ZYDIS_MNEMONIC_INT3: return leave(jump_handler(Jump::kInt3));
    case ZYDIS_MNEMONIC_INT1: return leave(jump_handler(Jump::kInt1));
    case ZYDIS_MNEMONIC_INTO: return set(jump_handler(Jump::kInto));
    case ZYDIS_MNEMONIC_BOUND: two(); return set(jump_handler(Jump::kBound));
    case ZYDIS_MNEMONIC_DAA: return set(decimal_handler(Decimal::kDaa));
    case ZYDIS_MNEMONIC_DAS: return set(decimal_handler(Decimal::kDas));
    case ZYDIS_MNEMONIC_AAA: return set(decimal_handler(Decimal::kAaa));
    case ZYDIS_MNEMONIC_AAS: return set(decimal_handler(Decimal::kAas));
    case ZYDIS_MNEMONIC_AAM: take_immediate(0); return set(decimal_handler(Decimal::kAam));
    case ZYDIS_MNEMONIC_AAD: take_immediate(0); return set(decimal_handler(Decimal::kAad));
    case ZYDIS_MNEMONIC_SALC: return set(decimal_handler(Decimal::kSalc));
    case ZYDIS_MNEMONIC_CLC: return set(flag_handler(Flag::kClc));
    case ZYDIS_MNEMONIC_STC: return set(flag_handler(Flag::kStc));
    case ZYDIS_MNEMONIC_CMC: return set(flag_handler(Flag::kCmc));
    case ZYDIS_MNEMONIC_CLD: return set(flag_handler(Flag::kCld));
    case ZYDIS_MNEMONIC_STD: return set(flag_handler(Flag::kStd));
    case ZYDIS_MNEMONIC_CLI: return set(flag_handler(Flag::kCli));
    case ZYDIS_MNEMONIC_STI: return leave(flag_handler(Flag::kSti));
    case ZYDIS_MNEMONIC_LAHF: return set(flag_handler(Flag::kLahf));
    case ZYDIS_MNEMONIC_SAHF: return set(flag_handler(Flag::kSahf));
    case ZYDIS_MNEMONIC_MOVSB: return string(String::kMovs, 1);
    case ZYDIS_MNEMONIC_MOVSW: return string(String::kMovs, 2);
    case ZYDIS_MNEMONIC_MOVSD: return string(String::kMovs, 4);
    case ZYDIS_MNEMONIC_MOVSQ: return string(String::kMovs, 8);
    case ZYDIS_MNEMONIC_STOSQ: return string(String::kStos, 8);
    case ZYDIS_MNEMONIC_LODSQ: return string(String::kLods, 8);
    case ZYDIS_MNEMONIC_CMPSQ: return string(String::kCmps, 8);
    case ZYDIS_MNEMONIC_SCASQ: return string(String::kScas, 8);
    case ZYDIS_MNEMONIC_STOSB: return string(String::kStos, 1);
    case ZYDIS_MNEMONIC_STOSW: return string(String::kStos, 2);
    case ZYDIS_MNEMONIC_STOSD: return string(String::kStos, 4);
    case ZYDIS_MNEMONIC_LODSB: return string(String::kLods, 1);
    case ZYDIS_MNEMONIC_LODSW: return string(String::kLods, 2);
    case ZYDIS_MNEMONIC_LODSD: return string(String::kLods, 4);
    case ZYDIS_MNEMONIC_CMPSB: return string(String::kCmps, 1);
    case ZYDIS_MNEMONIC_CMPSW: return string(String::kCmps, 2);
    case ZYDIS_MNEMONIC_CMPSD: return string(String::kCmps, 4);
    case ZYDIS_MNEMONIC_SCASB: return string(String::kScas, 1);
    case ZYDIS_MNEMONIC_SCASW: return string(String::kScas, 2);
    case ZYDIS_MNEMONIC_SCASD: return string(String::kScas, 4);
    case ZYDIS_MNEMONIC_INSB: return string(String::kIns, 1);
    case ZYDIS_MNEMONIC_INSW: return string(String::kIns, 2);
    case ZYDIS_MNEMONIC_INSD: return string(String::kIns, 4);
    case ZYDIS_MNEMONIC_OUTSB: return string(String::kOuts, 1);
    case ZYDIS_MNEMONIC_OUTSW: return string(String::kOuts, 2);
    case ZYDIS_MNEMONIC_OUTSD: return string(String::kOuts, 4);
    case ZYDIS_MNEMONIC_IN: return port(false);
    case ZYDIS_MNEMONIC_OUT: return port(true);
    case ZYDIS_MNEMONIC_HLT: return leave(system_handler(System::kHlt, Form::kR));
    case ZYDIS_MNEMONIC_PREFETCHNTA:  // 0F 18: a NOP of the P6 family where SSE is not
    case ZYDIS_MNEMONIC_PREFETCHT0:
    case ZYDIS_MNEMONIC_PREFETCHT1:
    case ZYDIS_MNEMONIC_PREFETCHT2:
    case ZYDIS_MNEMONIC_PREFETCH:
    case ZYDIS_MNEMONIC_PREFETCHW:
    case ZYDIS_MNEMONIC_NOP:
    case ZYDIS_MNEMONIC_PAUSE: return nop();
    case ZYDIS_MNEMONIC_LGDT: return system_operand(System::kLgdt);
    case ZYDIS_MNEMONIC_LIDT: return system_operand(System::kLidt);
    case ZYDIS_MNEMONIC_SGDT: return system_operand(System::kSgdt);
    case ZYDIS_MNEMONIC_SIDT: return system_operand(System::kSidt);
    case ZYDIS_MNEMONIC_LLDT: return system_operand(System::kLldt);
    case ZYDIS_MNEMONIC_LTR: return system_operand(System::kLtr);
    case ZYDIS_MNEMONIC_SLDT: return system_operand(System::kSldt);
    case ZYDIS_MNEMONIC_STR: return system_operand(System::kStr);
    case ZYDIS_MNEMONIC_LMSW: ends_ = true; return system_operand(System::kLmsw);
    case ZYDIS_MNEMONIC_SMSW: return system_operand(System::kSmsw);
    case ZYDIS_MNEMONIC_CLTS: return system(System::kClts);
    case ZYDIS_MNEMONIC_INVLPG: ends_ = true; return system_operand(System::kInvlpg);
    case ZYDIS_MNEMONIC_STAC: return system(System::kStac);
    case ZYDIS_MNEMONIC_CLAC: return system(System::kClac);
    case ZYDIS_MNEMONIC_INVD: return system(System::kInvd);
    case ZYDIS_MNEMONIC_WBINVD: return system(System::kWbinvd);
    case ZYDIS_MNEMONIC_CPUID: return system(System::kCpuid);
    case ZYDIS_MNEMONIC_RDTSC: return system(System::kRdtsc);
    case ZYDIS_MNEMONIC_RDPMC: return system(System::kRdpmc);
    case ZYDIS_MNEMONIC_RDMSR: return system(System::kRdmsr);
    case ZYDIS_MNEMONIC_WRMSR: ends_ = true; return system(System::kWrmsr);
    case ZYDIS_MNEMONIC_LAR: return lar_lsl(System::kLar);
    case ZYDIS_MNEMONIC_LSL: return lar_lsl(System::kLsl);
    case ZYDIS_MNEMONIC_VERR: return system_operand(System::kVerr);
    case ZYDIS_MNEMONIC_VERW: return system_operand(System::kVerw);
    case ZYDIS_MNEMONIC_ARPL: {
      const Form form = two();
      return set(system_handler(System::kArpl, form == Form::kMR ? Form::kM : Form::kR));
    }
    case ZYDIS_MNEMONIC_SYSENTER: return leave(system_handler(System::kSysenter, Form::kR));
    case ZYDIS_MNEMONIC_SYSEXIT:
    case ZYDIS_MNEMONIC_SYSRET:
      insn_.operand_size = z_.raw.rex.W != 0 ? 8 : 4;
      return leave(system_handler(
          z_.mnemonic == ZYDIS_MNEMONIC_SYSRET ? System::kSysret : System::kSysexit, Form::kR));
    case ZYDIS_MNEMONIC_SYSCALL: return leave(system_handler(System::kSyscall, Form::kR));
    case ZYDIS_MNEMONIC_SWAPGS: return system(System::kSwapgs);
    case ZYDIS_MNEMONIC_RDFSBASE: return segment_base(System::kReadBase, kFs);
    case ZYDIS_MNEMONIC_RDGSBASE: return segment_base(System::kReadBase, kGs);
    case ZYDIS_MNEMONIC_WRFSBASE: return segment_base(System::kWriteBase, kFs);
    case ZYDIS_MNEMONIC_WRGSBASE: return segment_base(System::kWriteBase, kGs);
    case ZYDIS_MNEMONIC_RDTSCP: return system(System::kRdtscp);
    case ZYDIS_MNEMONIC_INVPCID:
      take_memory(1);
      insn_.dst = register_offset(ops_[0].reg.value);
      return leave(system_handler(System::kInvpcid, Form::kR));
    case ZYDIS_MNEMONIC_RSM: return leave(system_handler(System::kRsm, Form::kR));
    case ZYDIS_MNEMONIC_FWAIT: return set(x87_wait_handler());
    case ZYDIS_MNEMONIC_FXSAVE:
    case ZYDIS_MNEMONIC_FXSAVE64: return extended_state(ExtendedState::kFxsave);
    case ZYDIS_MNEMONIC_FXRSTOR:
    case ZYDIS_MNEMONIC_FXRSTOR64: return extended_state(ExtendedState::kFxrstor);
    case ZYDIS_MNEMONIC_XSAVE:
    case ZYDIS_MNEMONIC_XSAVE64: return extended_state(ExtendedState::kXsave);
    case ZYDIS_MNEMONIC_XSAVEOPT:
    case ZYDIS_MNEMONIC_XSAVEOPT64: return extended_state(ExtendedState::kXsaveopt);
    case ZYDIS_MNEMONIC_XRSTOR:
    case ZYDIS_MNEMONIC_XRSTOR64: return extended_state(ExtendedState::kXrstor);
    case ZYDIS_MNEMONIC_XGETBV: return extended_state(ExtendedState::kXgetbv);
    case ZYDIS_MNEMONIC_XSETBV: return extended_state(ExtendedState::kXsetbv);
    default: return false;
  }
}

}  // namespace

Decoder::Decoder(const FeatureSet& features)
    : features_(features), zydis_(std::make_unique<const Zydis>(features)) {}
Decoder::~Decoder() = default;

bool Decoder::decode(const std::uint8_t* bytes, unsigned available, unsigned mode, Insn& insn,
                     bool& ends_block) const {
  ZydisDecodedInstruction instruction;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  const ZyanStatus status =
      ZydisDecoderDecodeFull(&zydis_->by_mode[mode], bytes, available, &instruction, operands);
  if (status == ZYDIS_STATUS_NO_MORE_DATA || status == ZYDIS_STATUS_INSTRUCTION_TOO_LONG)
    return false;
  if (ZYAN_SUCCESS(status) && offers(features_, instruction)) {
    Translator translator(features_, zydis_->simd, instruction, operands, insn, ends_block);
    if (translator.translate()) return true;
  }
  insn = Insn{};
  insn.execute = system_handler(System::kUd, Form::kR);
  // All that the verdict may depend on: another byte there may make a valid instruction of it.
  constexpr unsigned kMostBytes = 15;
  insn.length = ZYAN_SUCCESS(status)
                    ? instruction.length
                    : static_cast<std::uint8_t>(available < kMostBytes ? available : kMostBytes);
  ends_block = true;
  return true;
}

bool Decoder::decode_again(const std::uint8_t* bytes, unsigned length, unsigned mode,
                           ZydisDecodedInstruction& instruction,
                           ZydisDecodedOperand* operands) const {
  return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&zydis_->by_mode[mode], bytes, length, &instruction,
                                             operands)) &&
         offers(features_, instruction);
}

}  // namespace ice86::cpu
