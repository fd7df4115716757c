// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: Intel SDM vol. 2 chapter 2 (instruction format) and appendix A (opcode maps).
#include "tests/cpu/fuzz/stream.h"

#include <algorithm>

namespace ice86::cpu::fuzz {

namespace {

constexpr std::uint8_t kPrefixes[] = {0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e,
                                      0x36, 0x3e, 0x64, 0x65, 0x40, 0x48, 0x4f};
// One byte, or two behind 0F, that change more than registers and memory.
constexpr std::uint8_t kSystem1[] = {0x06, 0x07, 0x16, 0x17, 0x0e, 0x1e, 0x1f, 0x60, 0x61, 0x62,
                                     0x63, 0x6c, 0x6e, 0x8e, 0x8c, 0x9a, 0x9b, 0x9c, 0x9d, 0xc2,
                                     0xc4, 0xc5, 0xc8, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xe4,
                                     0xe6, 0xea, 0xec, 0xee, 0xf1, 0xf4, 0xfa, 0xfb, 0xfc, 0xfd,
                                     0xff, 0xff, 0xff, 0xd9, 0xdb, 0xdd, 0xdf, 0xf6, 0xf7};
constexpr std::uint8_t kSystem2[] = {0x00, 0x01, 0x01, 0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x08,
                                     0x09, 0x0b, 0x20, 0x21, 0x22, 0x22, 0x23, 0x30, 0x30, 0x31,
                                     0x32, 0x33, 0x34, 0x35, 0xa0, 0xa1, 0xa2, 0xa8, 0xa9, 0xaa,
                                     0xae, 0xae, 0xb2, 0xb4, 0xb5, 0xc7, 0xc7, 0x18, 0x1f, 0x77};
// MSRs of which something is known, and their neighbours (SDM vol. 4).
constexpr std::uint32_t kMsrs[] = {
    0x0,        0x10,       0x17,       0x1b,       0x2a,       0x3a,       0x3b,       0x79,
    0x8b,       0xc1,       0xce,       0xe7,       0xfe,       0x174,      0x175,      0x176,
    0x179,      0x17a,      0x17b,      0x186,      0x198,      0x199,      0x19a,      0x1a0,
    0x1d9,      0x200,      0x201,      0x20f,      0x210,      0x250,      0x258,      0x259,
    0x268,      0x26f,      0x277,      0x2ff,      0x38f,      0x400,      0x401,      0x402,
    0x403,      0x413,      0x600,      0x6e0,      0x800,      0x802,      0x808,      0x80b,
    0x830,      0x83f,      0x8ff,      0xda0,      0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083,
    0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103, 0xc0010010, 0xc0010015, 0xc0010114,
    0xffffffff};

class Writer {
 public:
  Writer(Random& random, std::span<std::uint8_t> code, unsigned bits, std::uint32_t addresses)
      : random_(random), code_(code), bits_(bits), addresses_(addresses) {}

  void fill() {
    while (at_ < code_.size()) {
      const std::uint32_t kind = random_.below(100);
      if (kind < 22) {
        bytes(1 + random_.below(15));
      } else if (kind < 62) {
        form();
      } else if (kind < 75) {
        system();
      } else if (kind < 88) {
        load_register();
      } else if (kind < 92) {
        repeated_string();
      } else if (kind < 94) {
        // A jump back or ahead a little: loops, and code that is executed twice.
        emit(random_.one_in(2) ? 0xeb : 0x70 + random_.below(16));
        emit(random_.below(64) - 40);
      } else {
        again();
      }
    }
  }

 private:
  void emit(std::uint32_t byte) {
    if (at_ < code_.size()) code_[at_++] = static_cast<std::uint8_t>(byte);
  }
  void emit(std::uint64_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i) emit(static_cast<std::uint32_t>(value >> (8 * i) & 0xff));
  }
  void bytes(unsigned count) {
    emit(random_.next(), std::min(count, 8u));
    if (count > 8) emit(random_.next(), count - 8);
  }
  void some_prefixes() {
    for (unsigned count = random_.one_in(40) ? random_.below(15) : random_.below(3); count > 0;
         --count)
      emit(random_.pick(kPrefixes));
    if (bits_ == 64 && random_.one_in(3)) emit(0x40 | random_.below(16));
  }
  void displacement_and_more() {
    if (random_.one_in(2)) {
      emit(random_.below(addresses_), 4);
    } else {
      emit(edge_value(random_), random_.below(9));
    }
  }

  void form() {
    some_prefixes();
    switch (random_.below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4: emit(random_.below(256)); break;
      case 5: emit(0xd8 | random_.below(8)); break;
      case 6:
      case 7:
      case 8:
      case 9:
        emit(0x0f);
        emit(random_.below(256));
        break;
      case 10:
        emit(0x0f);
        emit(0x38);
        emit(random_.below(256));
        break;
      case 11:
        emit(0x0f);
        emit(0x3a);
        emit(random_.below(0x70));
        break;
      case 12:
        emit(0xc5);
        emit(random_.below(256));
        emit(random_.below(256));
        break;
      case 13:
      case 14:
        emit(0xc4);
        emit((random_.below(256) & 0xe0) |
             (random_.one_in(32) ? random_.below(32) : 1 + random_.below(3)));
        emit(random_.below(256));
        emit(random_.below(256));
        break;
      default:  // the rows of stack, string and arithmetic instructions
        emit(random_.pick(kSystem1));
        break;
    }
    emit(random_.below(256));  // ModRM
    if (random_.one_in(2)) emit(random_.below(256));
    displacement_and_more();
  }

  void system() {
    if (random_.one_in(4)) return msr_access();
    some_prefixes();
    if (random_.one_in(2)) {
      emit(random_.pick(kSystem1));
    } else {
      emit(0x0f);
      emit(random_.pick(kSystem2));
    }
    emit(random_.below(256));
    displacement_and_more();
  }

  void msr_access() {
    const std::uint32_t index = random_.one_in(8) ? static_cast<std::uint32_t>(random_.next())
                                                  : random_.pick(kMsrs) + random_.below(2);
    operand_size_32();
    emit(0xb9);
    emit(index, 4);
    if (random_.one_in(2)) {
      operand_size_32();
      emit(0xb8);
      emit(edge_value(random_), 4);
      operand_size_32();
      emit(0xba);
      emit(random_.one_in(2) ? 0 : edge_value(random_), 4);
    }
    emit(0x0f);
    emit(random_.one_in(3) ? 0x32 : 0x30);
  }

  void operand_size_32() {
    if (bits_ == 16) emit(0x66);
  }

  void load_register() {
    const std::uint32_t reg = random_.below(8);
    const bool pointer = random_.one_in(2);
    const std::uint64_t value = pointer ? random_.below(addresses_) : edge_value(random_);
    if (bits_ == 64 && random_.one_in(2)) {
      emit(0x48 | random_.below(2));
      emit(0xb8 | reg);
      emit(value, 8);
    } else {
      operand_size_32();
      emit(0xb8 | reg);
      emit(value, 4);
    }
    if (random_.one_in(4)) {  // into a control or debug register
      emit(0x0f);
      emit(random_.one_in(2) ? 0x22 : 0x23);
      emit(0xc0 | random_.below(8) << 3 | reg);
    }
  }

  void repeated_string() {
    static constexpr std::uint8_t kStrings[] = {0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac,
                                                0xad, 0xae, 0xaf, 0x6c, 0x6d, 0x6e, 0x6f};
    operand_size_32();
    emit(0xb9);  // ECX
    emit(edge_value(random_), 4);
    if (random_.one_in(2)) {
      operand_size_32();
      emit(random_.one_in(2) ? 0xbf : 0xbe);
      emit(random_.below(addresses_), 4);
    }
    some_prefixes();
    emit(0xf2 | random_.below(2));
    emit(random_.pick(kStrings));
  }

  void again() {
    if (at_ == 0) return bytes(1);
    const std::size_t from = random_.below(static_cast<std::uint32_t>(at_));
    const std::size_t count = 1 + random_.below(16);
    for (std::size_t i = 0; i < count && from + i < at_; ++i) {
      std::uint32_t byte = code_[from + i];
      if (random_.one_in(6)) byte ^= 1u << random_.below(8);
      emit(byte);
    }
  }

  Random& random_;
  std::span<std::uint8_t> code_;
  unsigned bits_;
  std::uint32_t addresses_;
  std::size_t at_ = 0;
};

}  // namespace

void fill_stream(Random& random, std::span<std::uint8_t> code, unsigned bits,
                 std::uint32_t addresses) {
  Writer(random, code, bits, addresses).fill();
}

std::uint64_t edge_value(Random& random) {
  switch (random.below(8)) {
    case 0: return random.below(16);
    case 1: return ~std::uint64_t{random.below(16)};
    case 2: return (std::uint64_t{1} << random.below(64)) - random.below(3);
    case 3: return 0x00007fffffffffff + random.below(32) - 16;
    case 4: return 0xffff800000000000 - random.below(16);
    case 5: return 0xffffffff + random.below(32) - 16;
    case 6: return random.below(0x10000);
    default: return random.next();
  }
}

}  // namespace ice86::cpu::fuzz
