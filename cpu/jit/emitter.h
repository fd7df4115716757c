// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes x86-64 instructions. Knows encodings, not meanings: an instruction of the guest is
// written for the host by giving its opcode other operands.
// Reference: Intel SDM vol. 2A chapter 2.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

namespace ice86::cpu::jit {

// Host registers.
enum HostRegister : std::uint8_t {
  kHostRax,
  kHostRcx,
  kHostRdx,
  kHostRbx,
  kHostRsp,
  kHostRbp,
  kHostRsi,
  kHostRdi,
  kHostR8,
  kHostR9,
  kHostR10,
  kHostR11,
  kHostR12,
  kHostR13,
  kHostR14,
  kHostR15,
  kNoHost = 0xff
};

struct Mem {
  std::uint8_t base = kNoHost;
  std::uint8_t index = kNoHost;
  std::uint8_t scale = 0;  // log2
  std::int32_t disp = 0;
};

// The second operand: a register or memory.
struct RegisterOrMem {
  bool is_memory;
  std::uint8_t reg;
  Mem mem;
  // NOLINTNEXTLINE(google-explicit-constructor): both are written where this is asked for
  RegisterOrMem(std::uint8_t r) : is_memory(false), reg(r), mem() {}
  RegisterOrMem(const Mem& m) : is_memory(true), reg(0), mem(m) {}  // NOLINT
};

// What stands before the ModRM byte.
struct Opcode {
  std::uint8_t code;
  std::uint8_t map = 0;        // 0: one byte, 1: 0F, 2: 0F 38, 3: 0F 3A
  std::uint8_t size = 4;       // of the operand: 1, 2 (66), 4, 8 (REX.W)
  std::uint8_t mandatory = 0;  // 66, F2 or F3 as a part of the opcode
};

// Condition codes as instructions encode them.
enum Condition : std::uint8_t {
  kOverflow,
  kNotOverflow,
  kBelow,
  kNotBelow,
  kEqual,
  kNotEqual,
  kNotAbove,
  kAbove,
  kSign,
  kNotSign
};

class Emitter {
 public:
  // `at` is where the code will execute.
  void begin(const std::uint8_t* at) {
    origin_ = at;
    bytes_.clear();
  }
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  const std::uint8_t* here() const { return origin_ + bytes_.size(); }

  void byte(unsigned value) { bytes_.push_back(static_cast<std::uint8_t>(value)); }
  void raw(const void* data, std::size_t n) {
    const auto* from = static_cast<const std::uint8_t*>(data);
    bytes_.insert(bytes_.end(), from, from + n);
  }
  void dword(std::uint32_t value) { raw(&value, 4); }
  void qword(std::uint64_t value) { raw(&value, 8); }

  // `wide_bytes`: byte registers 4 to 7 are SPL to DIL, not AH to BH.
  void op(Opcode o, std::uint8_t reg, const RegisterOrMem& rm, bool byte_reg = false,
          bool byte_rm = false) {
    if (o.size == 2) byte(0x66);
    if (o.mandatory != 0) byte(o.mandatory);
    std::uint8_t rex = o.size == 8 ? 0x48 : 0;
    if ((reg & 8) != 0) rex |= 0x44;
    if (byte_reg && reg >= 4) rex |= 0x40;
    if (!rm.is_memory) {
      if ((rm.reg & 8) != 0) rex |= 0x41;
      if (byte_rm && rm.reg >= 4) rex |= 0x40;
    } else {
      if (rm.mem.base != kNoHost && (rm.mem.base & 8) != 0) rex |= 0x41;
      if (rm.mem.index != kNoHost && (rm.mem.index & 8) != 0) rex |= 0x42;
    }
    if (rex != 0) byte(rex);
    opcode_bytes(o);
    modrm(reg, rm);
  }
  // Without REX: AH to BH are meant by 4 to 7.
  void op_legacy(Opcode o, std::uint8_t reg, const RegisterOrMem& rm) {
    if (o.size == 2) byte(0x66);
    if (o.mandatory != 0) byte(o.mandatory);
    opcode_bytes(o);
    modrm(reg, rm);
  }

  void mov(std::uint8_t to, std::uint8_t from, unsigned size = 8) {
    op({0x8b, 0, static_cast<std::uint8_t>(size)}, to, from);
  }
  void load(std::uint8_t to, const Mem& from, unsigned size = 8) {
    op({0x8b, 0, static_cast<std::uint8_t>(size)}, to, from);
  }
  void store(const Mem& to, std::uint8_t from, unsigned size = 8) {
    op({static_cast<std::uint8_t>(size == 1 ? 0x88 : 0x89), 0, static_cast<std::uint8_t>(size)},
       from, to, size == 1);
  }
  void lea(std::uint8_t to, const Mem& from, unsigned size = 8) {
    op({0x8d, 0, static_cast<std::uint8_t>(size)}, to, from);
  }
  void mov_imm(std::uint8_t to, std::uint64_t value) {
    if (value <= 0xffffffff) {
      if ((to & 8) != 0) byte(0x41);
      byte(0xb8 | (to & 7));
      dword(static_cast<std::uint32_t>(value));
    } else if (static_cast<std::int64_t>(value) ==
               static_cast<std::int32_t>(static_cast<std::uint32_t>(value))) {
      op({0xc7, 0, 8}, 0, to);
      dword(static_cast<std::uint32_t>(value));
    } else {
      byte((to & 8) != 0 ? 0x49 : 0x48);
      byte(0xb8 | (to & 7));
      qword(value);
    }
  }
  // Group 1 with an immediate: /0 ADD, /1 OR, /4 AND, /5 SUB, /6 XOR, /7 CMP.
  void alu_imm(unsigned digit, const RegisterOrMem& rm, std::int32_t value, unsigned size) {
    if (value >= -128 && value <= 127) {
      op({0x83, 0, static_cast<std::uint8_t>(size)}, static_cast<std::uint8_t>(digit), rm);
      byte(static_cast<std::uint8_t>(value));
    } else {
      op({0x81, 0, static_cast<std::uint8_t>(size)}, static_cast<std::uint8_t>(digit), rm);
      dword(static_cast<std::uint32_t>(value));
    }
  }
  // Group 2: /4 SHL, /5 SHR, /7 SAR.
  void shift_imm(unsigned digit, std::uint8_t reg, unsigned count, unsigned size) {
    op({0xc1, 0, static_cast<std::uint8_t>(size)}, static_cast<std::uint8_t>(digit), reg);
    byte(count);
  }

  // Jumps with 32-bit displacements; the place of the displacement is returned.
  std::size_t jcc(unsigned condition) {
    byte(0x0f);
    byte(0x80 | condition);
    dword(0);
    return size() - 4;
  }
  std::size_t jmp() {
    byte(0xe9);
    dword(0);
    return size() - 4;
  }
  void jmp_to(const std::uint8_t* target) { target_of(jmp(), target); }
  void call_to(const std::uint8_t* target) {
    byte(0xe8);
    dword(0);
    target_of(size() - 4, target);
  }
  void bind(std::size_t at) { bind_to(at, size()); }
  void bind_to(std::size_t at, std::size_t target) {
    const auto distance = static_cast<std::int32_t>(target - (at + 4));
    std::memcpy(bytes_.data() + at, &distance, 4);
  }
  void target_of(std::size_t at, const std::uint8_t* target) {
    const auto distance = static_cast<std::int32_t>(target - (origin_ + at + 4));
    std::memcpy(bytes_.data() + at, &distance, 4);
  }

 private:
  void opcode_bytes(Opcode o) {
    if (o.map != 0) byte(0x0f);
    if (o.map == 2) byte(0x38);
    if (o.map == 3) byte(0x3a);
    byte(o.code);
  }
  void modrm(std::uint8_t reg, const RegisterOrMem& rm) {
    const unsigned field = (reg & 7u) << 3;
    if (!rm.is_memory) {
      byte(0xc0 | field | (rm.reg & 7u));
      return;
    }
    const Mem& m = rm.mem;
    if (m.base == kNoHost) {  // index and 32-bit displacement, or the displacement alone
      byte(field | 4);
      byte(m.scale << 6 | (m.index == kNoHost ? 4u : m.index & 7u) << 3 | 5);
      dword(static_cast<std::uint32_t>(m.disp));
      return;
    }
    const bool sib = m.index != kNoHost || (m.base & 7) == 4;
    const bool none = m.disp == 0 && (m.base & 7) != 5;
    const bool small = m.disp >= -128 && m.disp <= 127;
    const unsigned mod = none ? 0 : small ? 0x40 : 0x80;
    byte(mod | field | (sib ? 4u : m.base & 7u));
    if (sib) byte(m.scale << 6 | (m.index == kNoHost ? 4u : m.index & 7u) << 3 | (m.base & 7u));
    if (none) return;
    if (small) {
      byte(static_cast<std::uint8_t>(m.disp));
    } else {
      dword(static_cast<std::uint32_t>(m.disp));
    }
  }

  const std::uint8_t* origin_ = nullptr;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace ice86::cpu::jit
