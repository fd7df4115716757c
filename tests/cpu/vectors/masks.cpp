// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/cpu/vectors/masks.h"

#include <cstdlib>
#include <string_view>

namespace ice86::cpu::test {

namespace {

bool is_prefix(unsigned byte) {
  switch (byte) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0xf0:
    case 0xf2:
    case 0xf3: return true;
    default: return false;
  }
}

unsigned byte_at(const std::string& hex, std::size_t index) {
  return static_cast<unsigned>(std::strtoul(hex.substr(index * 2, 2).c_str(), nullptr, 16));
}

// Offset of the opcode behind the prefixes.
std::size_t opcode_at(const std::string& bytes) {
  std::size_t at = 0;
  while (at * 2 + 1 < bytes.size() && is_prefix(byte_at(bytes, at))) ++at;
  return at;
}

bool has_prefix(const std::string& bytes, unsigned wanted) {
  for (std::size_t i = 0; i < opcode_at(bytes); ++i) {
    if (byte_at(bytes, i) == wanted) return true;
  }
  return false;
}

// Forms that move SI, DI, CX or SP before the access that faults.
constexpr std::string_view kMovingForms[] = {"6D", "6F", "A5", "A7", "AB", "AD",
                                             "AF", "8F", "C2", "C9", "CA"};

constexpr unsigned kCf = 0x001, kPf = 0x004, kAf = 0x010, kZf = 0x040, kSf = 0x080, kOf = 0x800;

// What the manuals leave undefined (Intel SDM vol. 2, each instruction's "Flags affected").
struct Undefined {
  std::string_view form;  // a leading part of the form's name
  unsigned flags;
};
constexpr Undefined kUndefined[] = {
    {"27", kOf},                    // DAA
    {"2F", kOf},                    // DAS
    {"37", kOf | kSf | kZf | kPf},  // AAA
    {"3F", kOf | kSf | kZf | kPf},  // AAS
    {"D4", kOf | kAf | kCf},        // AAM
    {"D5", kOf | kAf | kCf},        // AAD
    {"69", kSf | kZf | kAf | kPf},  // IMUL
    {"6B", kSf | kZf | kAf | kPf},
    {"F6.4", kSf | kZf | kAf | kPf},  // MUL
    {"F7.4", kSf | kZf | kAf | kPf},
    {"F6.5", kSf | kZf | kAf | kPf},  // IMUL
    {"F7.5", kSf | kZf | kAf | kPf},
    {"F6.6", kCf | kOf | kSf | kZf | kAf | kPf},  // DIV
    {"F7.6", kCf | kOf | kSf | kZf | kAf | kPf},
    {"F6.7", kCf | kOf | kSf | kZf | kAf | kPf},  // IDIV
    {"F7.7", kCf | kOf | kSf | kZf | kAf | kPf},
};

// Shifts and rotates: group and count. Counts above 1 leave OF undefined; shifts leave AF
// undefined, and CF when the count reaches the operand's size (SHL, SHR).
unsigned undefined_after_shift(const std::string& form, const std::string& bytes) {
  const std::string_view group = std::string_view(form).substr(0, 2);
  const bool is_shift_group = group == "C0" || group == "C1" || group == "D0" || group == "D1" ||
                              group == "D2" || group == "D3";
  if (!is_shift_group || form.size() < 4) return 0;
  const bool is_shift = form[3] >= '4';
  const bool by_one = group == "D0" || group == "D1";
  unsigned flags = is_shift ? kAf : 0;
  if (!by_one) flags |= kOf;
  const bool byte_operand = group == "C0" || group == "D0" || group == "D2";
  if (is_shift && form[3] != '7' && !by_one) {
    // The count is the last byte before the HLT, or CL, which is not looked at here.
    const unsigned count = group[0] == 'C' ? byte_at(bytes, bytes.size() / 2 - 2) & 31 : 31;
    if (count >= (byte_operand ? 8U : 16U)) flags |= kCf;
  }
  return flags;
}

}  // namespace

const char* mask_of(const VectorCase& vector) {
  const std::string& bytes = vector.bytes;
  if (has_prefix(bytes, 0xf0)) {
    return "the 80286 takes LOCK before every instruction; later chips raise #UD but for a few";
  }
  if (vector.recorded_exception < 0) return nullptr;
  const std::size_t length = bytes.size() / 2 - 1;
  if (length > 10 && vector.recorded_exception == 6) {
    return "the 80286 takes at most 10 bytes an instruction; later chips 15";
  }
  if (length > 10 && vector.recorded_exception == 13) {
    return "the 80286 takes at most 10 bytes an instruction; later chips 15";
  }
  const unsigned opcode = byte_at(bytes, opcode_at(bytes));
  const unsigned modrm = byte_at(bytes, opcode_at(bytes) + 1);
  if ((opcode == 0x8c || opcode == 0x8e) && (modrm >> 3 & 7) >= 4 && (modrm >> 3 & 7) <= 5) {
    return "FS and GS came with the 80386";
  }
  if (vector.recorded_exception == 13 && vector.our_exception == 12) {
    return "the 80286 raises 13 for a word across the end of any segment in real mode; later chips "
           "12 for SS";
  }
  if (vector.recorded_exception == 12 || vector.recorded_exception == 13) {
    for (const std::string_view form : kMovingForms) {
      if (vector.form == form)
        return "the 80286 does not take back SI, DI, CX or SP when the access faults";
    }
    if (opcode >= 0xd8 && opcode <= 0xdf && vector.our_exception < 0) {
      return "without a coprocessor our CPU ignores ESC and its operand; the 80286 still checks "
             "the operand";
    }
  }
  return nullptr;
}

unsigned undefined_flags(const std::string& form, const std::string& bytes) {
  for (const Undefined& entry : kUndefined) {
    if (form == entry.form) return entry.flags;
  }
  return undefined_after_shift(form, bytes);
}

}  // namespace ice86::cpu::test
