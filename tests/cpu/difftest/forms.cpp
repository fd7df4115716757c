// SPDX-License-Identifier: LGPL-2.1-or-later
// Undefined flags: Intel SDM vol. 2, each instruction's "Flags affected".
// POPA that faults may have loaded some of the registers (AMD Zen has): they are not compared then.
// CMPS with SS may fault for either operand first. AMD Zen takes F2 and F3 before LOOP for LOOPNE
// and LOOPE. Left out: what reads or loads segment registers and system tables, far transfers, near
// returns and indirect jumps (they leave the snippet's stretch of code), INT 80h, CPUID, RDTSC,
// POPFD (its AC flag would reach the signal handler), FS and GS overrides (the host's thread
// pointer).
#include "tests/cpu/difftest/forms.h"

#include <fmt/core.h>

#include <vector>

namespace ice86::cpu::test {

namespace {

constexpr std::uint32_t kCf = 0x001, kPf = 0x004, kAf = 0x010, kZf = 0x040, kSf = 0x080,
                        kDf = 0x400, kOf = 0x800;
constexpr std::uint32_t kStatus = kCf | kPf | kAf | kZf | kSf | kOf;

enum Imm : std::uint8_t {
  kNone,
  kImm8,
  kImmZ /* by operand size */,
  kRel8,
  kRelZ,
  kOffset /* by address size */,
  kEnter,
  kAnyInt,
};
enum Extra : std::uint16_t {
  kPlain = 0,
  kString = 1,
  kLockable = 2,
  kDoubleShift = 4,
  kShift = 8,
  kMemoryOnly = 16,
  kNoOpsize = 32,
  kOpsize16 = 64,
  kNoRepeat = 128,
  kNoStackSegment = 256,
  kPartial = 512,
};

}  // namespace

struct Form {
  std::uint8_t map;  // 0: one byte; 0x0f
  std::uint8_t opcode;
  std::uint8_t last;  // opcodes of a row have the same shape
  std::int8_t reg;    // ModRM.reg, -1: any, -2: no ModRM
  Imm imm;
  std::uint32_t undefined;
  unsigned extra;
};

constexpr std::uint32_t kMulFlags = kSf | kZf | kAf | kPf, kBtFlags = kOf | kSf | kAf | kPf;
constexpr std::uint32_t kBsfFlags = kStatus & ~kZf;

namespace {

constexpr Form kRows[] = {
    // ALU: op r/m,r; op r,r/m; op a,imm. CMP (38..3D) takes no LOCK: that is #UD, which is tested,
    // too.
    {0, 0x00, 0x03, -1, kNone, 0, kLockable},
    {0, 0x04, 0x04, -2, kImm8, 0, 0},
    {0, 0x05, 0x05, -2, kImmZ, 0, 0},
    {0, 0x08, 0x0b, -1, kNone, kAf, kLockable},
    {0, 0x0c, 0x0c, -2, kImm8, kAf, 0},
    {0, 0x0d, 0x0d, -2, kImmZ, kAf, 0},
    {0, 0x10, 0x13, -1, kNone, 0, kLockable},
    {0, 0x14, 0x14, -2, kImm8, 0, 0},
    {0, 0x15, 0x15, -2, kImmZ, 0, 0},
    {0, 0x18, 0x1b, -1, kNone, 0, kLockable},
    {0, 0x1c, 0x1c, -2, kImm8, 0, 0},
    {0, 0x1d, 0x1d, -2, kImmZ, 0, 0},
    {0, 0x20, 0x23, -1, kNone, kAf, kLockable},
    {0, 0x24, 0x24, -2, kImm8, kAf, 0},
    {0, 0x25, 0x25, -2, kImmZ, kAf, 0},
    {0, 0x28, 0x2b, -1, kNone, 0, kLockable},
    {0, 0x2c, 0x2c, -2, kImm8, 0, 0},
    {0, 0x2d, 0x2d, -2, kImmZ, 0, 0},
    {0, 0x30, 0x33, -1, kNone, kAf, kLockable},
    {0, 0x34, 0x34, -2, kImm8, kAf, 0},
    {0, 0x35, 0x35, -2, kImmZ, kAf, 0},
    {0, 0x38, 0x3b, -1, kNone, 0, kLockable},
    {0, 0x3c, 0x3c, -2, kImm8, 0, 0},
    {0, 0x3d, 0x3d, -2, kImmZ, 0, 0},
    {0, 0x27, 0x27, -2, kNone, kOf, 0},
    {0, 0x2f, 0x2f, -2, kNone, kOf, 0},  // DAA DAS
    {0, 0x37, 0x37, -2, kNone, kOf | kSf | kZf | kPf, 0},
    {0, 0x3f, 0x3f, -2, kNone, kOf | kSf | kZf | kPf, 0},
    {0, 0xd4, 0xd5, -2, kImm8, kOf | kAf | kCf, 0},  // AAM AAD
    {0, 0x40, 0x5f, -2, kNone, 0, 0},                // INC DEC PUSH POP
    {0, 0x60, 0x60, -2, kNone, 0, 0},
    {0, 0x61, 0x61, -2, kNone, 0, kPartial},
    {0, 0x62, 0x62, -1, kNone, 0, kMemoryOnly},  // PUSHA POPA BOUND
    {0, 0x63, 0x63, -1, kNone, 0, 0},            // ARPL
    {0, 0x68, 0x68, -2, kImmZ, 0, 0},
    {0, 0x6a, 0x6a, -2, kImm8, 0, 0},
    {0, 0x69, 0x69, -1, kImmZ, kMulFlags, 0},
    {0, 0x6b, 0x6b, -1, kImm8, kMulFlags, 0},
    {0, 0x6c, 0x6f, -2, kNone, 0, kString},  // INS OUTS: #GP
    {0, 0x70, 0x7f, -2, kRel8, 0, 0},
    {0, 0x80, 0x80, 0, kImm8, 0, kLockable},
    {0, 0x80, 0x80, 1, kImm8, kAf, kLockable},
    {0, 0x80, 0x80, 2, kImm8, 0, kLockable},
    {0, 0x80, 0x80, 3, kImm8, 0, kLockable},
    {0, 0x80, 0x80, 4, kImm8, kAf, kLockable},
    {0, 0x80, 0x80, 5, kImm8, 0, kLockable},
    {0, 0x80, 0x80, 6, kImm8, kAf, kLockable},
    {0, 0x80, 0x80, 7, kImm8, 0, kLockable},
    {0, 0x81, 0x81, 0, kImmZ, 0, kLockable},
    {0, 0x81, 0x81, 1, kImmZ, kAf, kLockable},
    {0, 0x81, 0x81, 2, kImmZ, 0, kLockable},
    {0, 0x81, 0x81, 3, kImmZ, 0, kLockable},
    {0, 0x81, 0x81, 4, kImmZ, kAf, kLockable},
    {0, 0x81, 0x81, 5, kImmZ, 0, kLockable},
    {0, 0x81, 0x81, 6, kImmZ, kAf, kLockable},
    {0, 0x81, 0x81, 7, kImmZ, 0, kLockable},
    {0, 0x82, 0x82, -1, kImm8, kAf, 0},
    {0, 0x83, 0x83, 0, kImm8, 0, kLockable},
    {0, 0x83, 0x83, 1, kImm8, kAf, kLockable},
    {0, 0x83, 0x83, 2, kImm8, 0, kLockable},
    {0, 0x83, 0x83, 3, kImm8, 0, kLockable},
    {0, 0x83, 0x83, 4, kImm8, kAf, kLockable},
    {0, 0x83, 0x83, 5, kImm8, 0, kLockable},
    {0, 0x83, 0x83, 6, kImm8, kAf, kLockable},
    {0, 0x83, 0x83, 7, kImm8, 0, kLockable},
    {0, 0x84, 0x85, -1, kNone, kAf, 0},
    {0, 0x86, 0x87, -1, kNone, 0, kLockable},  // TEST XCHG
    {0, 0x88, 0x8b, -1, kNone, 0, 0},
    {0, 0x8d, 0x8d, -1, kNone, 0, kMemoryOnly},
    {0, 0x8f, 0x8f, 0, kNone, 0, 0},
    {0, 0x90, 0x99, -2, kNone, 0, 0},  // XCHG CBW CWD
    {0, 0x9b, 0x9b, -2, kNone, 0, 0},
    {0, 0x9c, 0x9c, -2, kNone, 0, 0},
    {0, 0x9d, 0x9d, -2, kNone, 0, kOpsize16},
    {0, 0x9e, 0x9f, -2, kNone, 0, 0},
    {0, 0xa0, 0xa3, -2, kOffset, 0, 0},
    {0, 0xa4, 0xa5, -2, kNone, 0, kString},
    {0, 0xa6, 0xa7, -2, kNone, 0, kString | kNoStackSegment},
    {0, 0xaa, 0xaf, -2, kNone, 0, kString},
    {0, 0xa8, 0xa8, -2, kImm8, kAf, 0},
    {0, 0xa9, 0xa9, -2, kImmZ, kAf, 0},
    {0, 0xb0, 0xb7, -2, kImm8, 0, 0},
    {0, 0xb8, 0xbf, -2, kImmZ, 0, 0},
    {0, 0xc0, 0xc1, 0, kImm8, 0, kShift},
    {0, 0xc0, 0xc1, 1, kImm8, 0, kShift},
    {0, 0xc0, 0xc1, 2, kImm8, 0, kShift},
    {0, 0xc0, 0xc1, 3, kImm8, 0, kShift},
    {0, 0xc0, 0xc1, 4, kImm8, kAf, kShift},
    {0, 0xc0, 0xc1, 5, kImm8, kAf, kShift},
    {0, 0xc0, 0xc1, 6, kImm8, kAf, kShift},
    {0, 0xc0, 0xc1, 7, kImm8, kAf, kShift},
    {0, 0xd0, 0xd1, 0, kNone, 0, 0},
    {0, 0xd0, 0xd1, 1, kNone, 0, 0},
    {0, 0xd0, 0xd1, 2, kNone, 0, 0},
    {0, 0xd0, 0xd1, 3, kNone, 0, 0},
    {0, 0xd0, 0xd1, 4, kNone, kAf, 0},
    {0, 0xd0, 0xd1, 5, kNone, kAf, 0},
    {0, 0xd0, 0xd1, 6, kNone, kAf, 0},
    {0, 0xd0, 0xd1, 7, kNone, kAf, 0},
    {0, 0xd2, 0xd3, 0, kNone, 0, kShift},
    {0, 0xd2, 0xd3, 1, kNone, 0, kShift},
    {0, 0xd2, 0xd3, 2, kNone, 0, kShift},
    {0, 0xd2, 0xd3, 3, kNone, 0, kShift},
    {0, 0xd2, 0xd3, 4, kNone, kAf, kShift},
    {0, 0xd2, 0xd3, 5, kNone, kAf, kShift},
    {0, 0xd2, 0xd3, 6, kNone, kAf, kShift},
    {0, 0xd2, 0xd3, 7, kNone, kAf, kShift},
    {0, 0xc6, 0xc6, 0, kImm8, 0, 0},
    {0, 0xc7, 0xc7, 0, kImmZ, 0, 0},
    {0, 0xc8, 0xc8, -2, kEnter, 0, 0},
    {0, 0xc9, 0xc9, -2, kNone, 0, 0},
    {0, 0xcc, 0xcc, -2, kNone, 0, 0},
    {0, 0xcd, 0xcd, -2, kAnyInt, 0, 0},
    {0, 0xce, 0xce, -2, kNone, 0, 0},
    {0, 0xd6, 0xd7, -2, kNone, 0, 0},  // SALC XLAT
    {0, 0xe0, 0xe3, -2, kRel8, 0, kNoRepeat},
    {0, 0xe8, 0xe9, -2, kRelZ, 0, 0},
    {0, 0xeb, 0xeb, -2, kRel8, 0, 0},
    {0, 0xe4, 0xe7, -2, kImm8, 0, 0},
    {0, 0xec, 0xef, -2, kNone, 0, 0},  // IN OUT: #GP
    {0, 0xf4, 0xf5, -2, kNone, 0, kNoRepeat},
    {0, 0xf8, 0xfd, -2, kNone, 0, 0},
    {0, 0xf6, 0xf6, 0, kImm8, kAf, 0},
    {0, 0xf6, 0xf6, 1, kImm8, kAf, 0},
    {0, 0xf7, 0xf7, 0, kImmZ, kAf, 0},
    {0, 0xf7, 0xf7, 1, kImmZ, kAf, 0},
    {0, 0xf6, 0xf7, 2, kNone, 0, kLockable},
    {0, 0xf6, 0xf7, 3, kNone, 0, kLockable},
    {0, 0xf6, 0xf7, 4, kNone, kMulFlags, 0},
    {0, 0xf6, 0xf7, 5, kNone, kMulFlags, 0},
    {0, 0xf6, 0xf7, 6, kNone, kStatus, 0},
    {0, 0xf6, 0xf7, 7, kNone, kStatus, 0},
    {0, 0xfe, 0xff, 0, kNone, 0, kLockable},
    {0, 0xfe, 0xff, 1, kNone, 0, kLockable},
    {0, 0xff, 0xff, 6, kNone, 0, 0},
    {0, 0xff, 0xff, 7, kNone, 0, 0},  // #UD
    // Two-byte opcodes.
    {0x0f, 0x0b, 0x0b, -2, kNone, 0, 0},
    {0x0f, 0x06, 0x06, -2, kNone, 0, 0},  // UD2; CLTS: #GP
    {0x0f, 0x1f, 0x1f, 0, kNone, 0, 0},
    {0x0f, 0x40, 0x4f, -1, kNone, 0, 0},
    {0x0f, 0x80, 0x8f, -2, kRelZ, 0, 0},
    {0x0f, 0x90, 0x9f, -1, kNone, 0, 0},
    {0x0f, 0xa3, 0xa3, -1, kNone, kBtFlags, 0},
    {0x0f, 0xab, 0xab, -1, kNone, kBtFlags, kLockable},
    {0x0f, 0xb3, 0xb3, -1, kNone, kBtFlags, kLockable},
    {0x0f, 0xbb, 0xbb, -1, kNone, kBtFlags, kLockable},
    {0x0f, 0xba, 0xba, 4, kImm8, kBtFlags, 0},
    {0x0f, 0xba, 0xba, 5, kImm8, kBtFlags, kLockable},
    {0x0f, 0xba, 0xba, 6, kImm8, kBtFlags, kLockable},
    {0x0f, 0xba, 0xba, 7, kImm8, kBtFlags, kLockable},
    {0x0f, 0xa4, 0xa4, -1, kImm8, kAf, kDoubleShift},
    {0x0f, 0xa5, 0xa5, -1, kNone, kAf, kDoubleShift},
    {0x0f, 0xac, 0xac, -1, kImm8, kAf, kDoubleShift},
    {0x0f, 0xad, 0xad, -1, kNone, kAf, kDoubleShift},
    {0x0f, 0xaf, 0xaf, -1, kNone, kMulFlags, 0},
    {0x0f, 0xb0, 0xb1, -1, kNone, 0, kLockable},
    {0x0f, 0xc0, 0xc1, -1, kNone, 0, kLockable},
    {0x0f, 0xc7, 0xc7, 1, kNone, 0, kLockable | kMemoryOnly},
    {0x0f, 0xb6, 0xb7, -1, kNone, 0, 0},
    {0x0f, 0xbe, 0xbf, -1, kNone, 0, 0},
    {0x0f, 0xbc, 0xbd, -1, kNone, kBsfFlags, 0},
    {0x0f, 0xc8, 0xcf, -2, kNone, 0, kNoOpsize},
};

class Generator {
 public:
  Generator(std::uint64_t seed, std::uint64_t index, unsigned bits)
      : state_((seed * 0x9e3779b97f4a7c15ULL ^ (index + 1) * 0xd1342543de82ef95ULL ^ bits) | 1),
        bits_(bits),
        place_(static_cast<std::uint32_t>(index % kBatch)) {
    for (int i = 0; i < 8; ++i) next_random(state_);
  }

  Snippet snippet(const std::vector<Forms::One>& forms) {
    const Forms::One chosen = forms[below(static_cast<std::uint32_t>(forms.size()))];
    const Form& form = *chosen.form;
    snippet_.data_seed = next_random(state_);
    for (std::uint32_t& value : snippet_.gpr) value = register_value();
    snippet_.flags = 0x202 | (random() & (kStatus | (below(4) == 0 ? kDf : 0)));
    snippet_.place = place_;
    snippet_.undefined = form.undefined;
    snippet_.partial = (form.extra & kPartial) != 0;
    prefixes(form);
    if (form.map != 0) emit(form.map);
    emit(chosen.opcode);
    if (form.reg != -2) modrm(form);
    immediate(form);
    shift_count(form, chosen.opcode);
    return snippet_;
  }

 private:
  std::uint32_t random() { return static_cast<std::uint32_t>(next_random(state_) >> 32); }
  std::uint32_t below(std::uint32_t limit) {
    return static_cast<std::uint32_t>(std::uint64_t{random()} * limit >> 32);
  }
  void emit(std::uint32_t byte) {
    snippet_.bytes[snippet_.length++] = static_cast<std::uint8_t>(byte);
  }
  void emit(std::uint32_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) emit(value >> (8 * i) & 0xff);
  }

  // Mostly offsets within the data segment, then the values where arithmetic turns over, then
  // anything.
  std::uint32_t register_value() {
    static constexpr std::uint32_t kCorners[] = {
        0,       1,          0x7f,       0x80,       0xff,       0x7fff, 0x8000, 0xffff,
        0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 0xfff,  0xffe};
    switch (below(8)) {
      case 0: return random();
      case 1: return kCorners[below(sizeof kCorners / sizeof *kCorners)];
      case 2: return random() & 0xffff0fff;
      default: return below(0x700);
    }
  }

  void prefixes(const Form& form) {
    const bool want_16 = (form.extra & kOpsize16) != 0;
    opsize_ = want_16 ? bits_ == 32 : (form.extra & kNoOpsize) != 0 ? bits_ == 16 : below(10) < 3;
    adsize_ = below(10) < 2;
    if (below(12) == 0) {
      static constexpr std::uint8_t kSegments[] = {0x26, 0x2e, 0x3e, 0x36};
      emit(kSegments[below((form.extra & kNoStackSegment) != 0 ? 3 : 4)]);
    }
    if (opsize_) emit(0x66);
    if (adsize_) emit(0x67);
    if ((form.extra & kString) != 0) {
      if (below(2) == 0) emit(0xf2 + below(2));
    } else if (form.map == 0 && (form.extra & kNoRepeat) == 0 && below(40) == 0) {
      emit(0xf2 + below(2));
    }
    if (below((form.extra & kLockable) != 0 ? 8 : 100) == 0) emit(0xf0);
  }

  unsigned operand_bytes() const { return (bits_ == 32) != opsize_ ? 4 : 2; }
  bool address_32() const { return (bits_ == 32) != adsize_; }

  void modrm(const Form& form) {
    const std::uint32_t reg = form.reg >= 0 ? static_cast<std::uint32_t>(form.reg) : below(8);
    std::uint32_t mod = below(5);
    if (mod == 4) mod = 3;
    if ((form.extra & kMemoryOnly) != 0 && below(16) != 0) mod = below(3);
    const std::uint32_t rm = below(8);
    // C4, C5 and 62 with a register would be VEX and EVEX, and LEA's has no meaning: #UD on all but
    // VEX.
    if (form.map == 0 && form.opcode == 0x62 && mod == 3) mod = 0;
    // 0F C7 /1 with a register is reserved for others.
    if (form.map != 0 && form.opcode == 0xc7 && mod == 3) mod = 1;
    emit(mod << 6 | reg << 3 | rm);
    if (mod == 3) return;
    bool has_offset = false;
    if (address_32()) {
      if (rm == 4) {
        const std::uint32_t sib = random() & 0xff;
        emit(sib);
        has_offset = mod == 0 && (sib & 7) == 5;
      } else {
        has_offset = mod == 0 && rm == 5;
      }
    } else {
      has_offset = mod == 0 && rm == 6;
    }
    if (mod == 1) return emit(random() & 0xff);
    if (mod == 2 || has_offset)
      emit(below(8) == 0 ? random() : below(kDataBytes + 4), address_32() ? 4 : 2);
  }

  void immediate(const Form& form) {
    switch (form.imm) {
      case kNone: break;
      case kImm8: emit(random() & 0xff); break;
      case kImmZ: emit(register_value(), operand_bytes()); break;
      // Within the snippet's own stretch of INT3.
      case kRel8: emit(beside(static_cast<std::int8_t>(random()), 1), 1); break;
      case kRelZ:
        if (below(8) == 0 && operand_bytes() == 4)
          return emit(random() | 0x40000000, 4);  // beyond the limit
        emit(beside(static_cast<std::int32_t>(below(400)) - 200, operand_bytes()), operand_bytes());
        break;
      case kOffset:
        emit(below(8) == 0 ? random() : below(kDataBytes + 4), address_32() ? 4 : 2);
        break;
      case kEnter:
        emit(below(0x800), 2);
        emit(below(4) == 0 ? random() & 0xff : below(4));
        break;
      case kAnyInt: {
        const std::uint32_t vector = random() & 0xff;
        emit(vector == 0x80 ? 0x81 : vector);
        break;
      }
    }
  }

  // A jump into its own instruction (or, its target cut to 16 bits, into another snippet's) might
  // never end.
  std::uint32_t beside(std::int32_t displacement, unsigned bytes) const {
    const std::int32_t target = snippet_.length + static_cast<std::int32_t>(bytes) + displacement;
    return static_cast<std::uint32_t>(target >= 0 && target < 16 ? displacement + 32
                                                                 : displacement);
  }

  // Which flags a shift leaves undefined depends on its count.
  void shift_count(const Form& form, std::uint8_t opcode) {
    if ((form.extra & (kShift | kDoubleShift)) == 0) return;
    const bool immediate_count = form.imm == kImm8;
    std::uint32_t count =
        (immediate_count ? snippet_.bytes[snippet_.length - 1] : snippet_.gpr[1]) & 31;
    const bool is_byte = (form.extra & kShift) != 0 && (opcode & 1) == 0;
    const unsigned size = is_byte ? 8 : operand_bytes() * 8;
    if ((form.extra & kDoubleShift) != 0 && count > size) {
      // The result is undefined: take another count.
      count &= 15;
      if (immediate_count) {
        snippet_.bytes[snippet_.length - 1] = static_cast<std::uint8_t>(count);
      } else {
        snippet_.gpr[1] = (snippet_.gpr[1] & ~31U) | count;
      }
    }
    if (count == 0) {
      snippet_.undefined = 0;
      return;
    }
    if (count > 1) snippet_.undefined |= kOf;
    if ((form.extra & kShift) != 0 && (form.reg == 4 || form.reg == 5 || form.reg == 6) &&
        count >= size) {
      snippet_.undefined |= kCf;
    }
  }

  std::uint64_t state_;
  unsigned bits_;
  std::uint32_t place_;
  bool opsize_ = false, adsize_ = false;
  Snippet snippet_{};
};

}  // namespace

Forms::Forms(std::string_view opcode) {
  for (const Form& row : kRows) {
    for (unsigned code = row.opcode; code <= row.last; ++code) {
      std::string own = fmt::format("{}{:02X}", row.map != 0 ? "0F" : "", code);
      if (row.reg >= 0) own += fmt::format(".{}", row.reg);
      if (std::string_view(own).substr(0, opcode.size()) == opcode)
        chosen_.push_back({&row, static_cast<std::uint8_t>(code)});
    }
  }
}

Snippet Forms::generate(std::uint64_t seed, std::uint64_t index, unsigned bits) const {
  return Generator(seed, index, bits).snippet(chosen_);
}

}  // namespace ice86::cpu::test
