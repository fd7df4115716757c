// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/cpu/random_program.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace ice86::cpu::test {

namespace {

// Linear addresses. The code segment of the 16-bit and the small 32-bit mode begins at kCode, their
// data segment at kData, their stack segment at kStack.
constexpr std::uint32_t kGdt = 0x1000, kIdt = 0x1800, kCode = 0x10000, kData = 0x30000,
                        kStack = 0x50000, kTables = 0x60000;
// In the data segment: where the next chunk's number, the loops' counters and the table of chunks
// are.
constexpr std::uint32_t kNext = 0xf00, kCounters = 0xf10, kChunkTable = 0xe00;
constexpr unsigned kChunks = 16, kLeaves = 3;
constexpr std::uint32_t kStackTop = 0xff00;
constexpr unsigned kExternal = 0x20, kCall = 0x21;

bool is_long(ProgramMode mode) {
  return mode == ProgramMode::kLong64;
}

void put(std::uint8_t* at, std::uint64_t value, unsigned size) {
  std::memcpy(at, &value, size);
}

}  // namespace

// An operand at a fixed place of the data segment.
void RandomProgram::absolute(unsigned reg, std::uint32_t at) {
  if (mode_ == ProgramMode::kReal16) {
    byte(reg << 3 | 6);
    word(at);
    return;
  }
  if (mode_ != ProgramMode::kSmall32) at += kData;
  if (is_long(mode_)) {
    byte(reg << 3 | 4), byte(0x25);
  } else {
    byte(reg << 3 | 5);
  }
  dword(at);
}

// Mostly a page of data, often its end; sometimes code, sometimes nothing.
std::uint32_t RandomProgram::data_address() {
  const std::uint32_t base =
      mode_ == ProgramMode::kReal16 || mode_ == ProgramMode::kSmall32 ? 0 : kData;
  switch (below(24)) {
    case 0: return base + 0x2000 + below(0x100) - 8;
    case 1:
    case 2: return base + 0x1000 + 0x1000 * below(6) - below(20);
    case 3: return base + 0xffff - below(12);
    case 4: return base == 0 ? below(0x10000) : base + 0x8000 + below(0x4000);
    default: return base + (below(0x1000) & ~(one_in(3) ? 0U : 15U)) % 0xd00;
  }
}

void RandomProgram::modrm(bool memory_only, bool register_only) {
  const unsigned reg = below(8);
  if (register_only || (!memory_only && !one_in(3))) {
    byte(0xc0 | reg << 3 | below(8));
    return;
  }
  if (one_in(3)) {
    const std::uint32_t at = data_address();
    if (mode_ == ProgramMode::kReal16) {
      byte(reg << 3 | 6);
      word(at);
    } else if (is_long(mode_)) {
      byte(reg << 3 | 4), byte(0x25);
      dword(at);
    } else {
      byte(reg << 3 | 5);
      dword(at);
    }
    return;
  }
  // Registers that straight() has pointed to data: BX, SI, DI, EBX, ESI, EDI.
  if (mode_ == ProgramMode::kReal16) {
    static constexpr unsigned kForms[] = {4, 5, 7, 4, 5, 7, 0, 6};
    byte(0x40 | reg << 3 | kForms[below(8)]);
    byte(below(64));
    return;
  }
  static constexpr unsigned kBases[] = {3, 6, 7};
  if (one_in(4)) {
    byte(0x40 | reg << 3 | 4);
    byte(below(4) << 6 | (one_in(2) ? 4U : below(8)) << 3 | kBases[below(3)]);
  } else {
    byte(0x40 | reg << 3 | kBases[below(3)]);
  }
  byte(below(64));
}

void RandomProgram::prefixes(bool sizes) {
  operand_ = mode_ == ProgramMode::kReal16 ? 2 : 4;
  if (sizes && one_in(4)) {
    byte(0x66);
    operand_ = 6 - operand_;
  }
  if (!is_long(mode_) && one_in(24)) byte(0x26 + 8 * below(4));
  if (is_long(mode_) && one_in(2)) {
    const unsigned rex = 0x40 | below(16);
    byte(rex);
    if ((rex & 8) != 0) operand_ = 8;
  }
}

void RandomProgram::immediate(unsigned size) {
  if (size == 8) size = 4;
  immediates_.push_back(code_.size());
  std::uint64_t value = random_();
  if (one_in(2)) value = static_cast<std::uint64_t>(static_cast<std::int64_t>(below(9)) - 4);
  for (unsigned i = 0; i < size; ++i) byte(static_cast<unsigned>(value >> (8 * i) & 0xff));
}

void RandomProgram::jump(unsigned opcode, std::size_t target) {
  if (opcode > 0xff) byte(opcode >> 8);
  byte(opcode & 0xff);
  const std::size_t end = code_.size() + (mode_ == ProgramMode::kReal16 ? 2 : 4);
  address(static_cast<std::uint32_t>(target - end));
}

void RandomProgram::general() {
  prefixes();
  const unsigned byte_form = one_in(4) ? 0 : 1;
  const unsigned size = byte_form == 0 ? 1 : operand_;
  switch (below(26)) {
    case 0:
    case 1:
    case 2:
    case 3: {
      byte(below(8) << 3 | below(4));
      modrm();
      break;
    }
    case 4: {
      byte(below(8) << 3 | 4 | byte_form);
      immediate(size);
      break;
    }
    case 5:
    case 6: {
      byte(0x80 | byte_form);
      modrm();
      immediate(size);
      break;
    }
    case 7: {
      byte(0x83);
      modrm();
      immediate(1);
      break;
    }
    case 8: {
      byte(0x84 + below(8));
      modrm();
      break;
    }
    case 9: {
      byte(0xc0 | byte_form);
      modrm();
      byte(below(one_in(3) ? 256 : 34));
      break;
    }
    case 10: {
      byte(0xd0 + below(4));
      modrm();
      break;
    }
    case 11: {
      byte(0xf6 | byte_form);
      const std::size_t at = code_.size();
      modrm();
      if ((code_[at] & 0x30) == 0) immediate(size);
      break;
    }
    case 12: {
      byte(0xfe | byte_form);
      const std::size_t at = code_.size();
      modrm();
      code_[at] &= 0xcf;
      break;
    }
    case 13: {
      byte(0x8d);
      modrm(true);
      break;
    }
    case 14: {
      byte(one_in(2) ? 0x69 : 0x6b);
      const bool wide = code_.back() == 0x69;
      modrm();
      immediate(wide ? operand_ : 1);
      break;
    }
    case 15: {
      byte(0x0f), byte(0x40 + below(16));
      modrm();
      break;
    }
    case 16: {
      byte(0x0f), byte(0x90 + below(16));
      modrm();
      break;
    }
    case 17: {
      static constexpr unsigned kOps[] = {0xaf, 0xb6, 0xb7, 0xbe, 0xbf, 0xbc, 0xbd, 0xa3,
                                          0xab, 0xb3, 0xbb, 0xc0, 0xc1, 0xb0, 0xb1};
      byte(0x0f), byte(kOps[below(15)]);
      modrm();
      break;
    }
    case 18: {
      byte(0x0f), byte(0xba);
      const std::size_t at = code_.size();
      modrm();
      code_[at] |= 0x20;
      byte(below(70));
      break;
    }
    case 19: {
      static constexpr unsigned kOps[] = {0xa4, 0xa5, 0xac, 0xad};
      const unsigned op = kOps[below(4)];
      byte(0x0f), byte(op);
      modrm();
      if ((op & 1) == 0) byte(below(40));
      break;
    }
    case 20: {
      byte(0x0f), byte(0xc8 + below(8));
      if (code_.back() == 0xcc) code_.back() = 0xcb;  // not ESP
      break;
    }
    case 21: {
      byte(0xb0 + below(4));
      immediate(1);
      break;
    }
    case 22: {
      static constexpr unsigned kOps[] = {0x98, 0x99, 0x9e, 0x9f, 0xf5, 0xf8, 0xf9, 0x90};
      byte(kOps[below(8)]);
      break;
    }
    case 23: {
      byte(0xc6 | byte_form);
      const std::size_t at = code_.size();
      modrm();
      code_[at] &= 0xc7;
      immediate(size);
      break;
    }
    case 24: {
      if (is_long(mode_)) {
        byte(0x63);
        modrm();
      } else {
        byte(0x40 + (below(16) & ~4U));  // not ESP
      }
      break;
    }
    default: {
      byte(0x91 + below(2));
      break;
    }
  }
}

void RandomProgram::stack() {
  prefixes();
  static constexpr unsigned kRegisters[] = {0, 1, 2, 3, 5, 6, 7};
  switch (below(8)) {
    case 0:
    case 1: byte(0x50 + kRegisters[below(7)]); break;
    case 2: byte(0x58 + kRegisters[below(7)]); break;
    case 3: {
      byte(0x68);
      immediate(operand_);
      break;
    }
    case 4: {
      byte(0xff);
      const std::size_t at = code_.size();
      modrm();
      code_[at] = static_cast<std::uint8_t>((code_[at] & 0xc7) | 0x30);
      break;
    }
    case 5: byte(0x9c); break;
    default: {
      byte(0x8f);
      const std::size_t at = code_.size();
      modrm();
      code_[at] &= 0xc7;
      if (code_[at] == 0xc4) code_[at] = 0xc3;  // not ESP
      break;
    }
  }
}

void RandomProgram::string() {
  if (!one_in(3)) byte(0xf2 + below(2));
  prefixes();
  static constexpr unsigned kOps[] = {0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf};
  byte(kOps[below(10)]);
}

void RandomProgram::sse() {
  static constexpr unsigned kPrefixes[] = {0, 0x66, 0xf3, 0xf2};
  static constexpr unsigned kMoves[] = {0x10, 0x11, 0x28, 0x29, 0x12, 0x13, 0x16, 0x17, 0x14, 0x15,
                                        0x6e, 0x6f, 0x7e, 0x7f, 0xd6, 0xe7, 0x2b, 0x50, 0xd7};
  static constexpr unsigned kFloat[] = {0x51, 0x58, 0x59, 0x5c, 0x5d, 0x5e, 0x5f, 0x2e,
                                        0x2f, 0x2a, 0x2c, 0x2d, 0x5a, 0x5b, 0x54, 0x55,
                                        0x56, 0x57, 0xe6, 0x7c, 0x7d, 0xd0};
  if (one_in(30)) {  // LDMXCSR
    byte(0x0f), byte(0xae);
    absolute(2, 0xd00 + 4 * below(16));
    return;
  }
  const unsigned prefix = kPrefixes[below(4)];
  if (prefix != 0) byte(prefix);
  if (is_long(mode_) && one_in(3)) byte(0x40 | below(16));
  byte(0x0f);
  const unsigned kind = below(10);
  if (kind < 3) {
    byte(kMoves[below(std::size(kMoves))]);
    modrm();
  } else if (kind < 7) {
    byte(kFloat[below(std::size(kFloat))]);
    modrm();
  } else if (kind == 7) {
    static constexpr unsigned kWithByte[] = {0x70, 0xc2, 0xc4, 0xc5, 0xc6};
    byte(kWithByte[below(5)]);
    modrm();
    byte(below(256));
  } else {
    byte(kind == 8 ? 0x60 + below(16) : 0xd0 + below(0x30));
    modrm();
  }
}

void RandomProgram::x87() {
  byte(0xd8 + below(8));
  modrm();
}

// Segment registers and far calls of real mode. The code is seen from several segments.
void RandomProgram::segments() {
  const unsigned register_number = below(4);
  const auto alias = [this](std::size_t at) {
    const unsigned paragraphs = below(3);
    return std::pair(static_cast<std::uint32_t>(at + 16 * paragraphs), (kCode >> 4) - paragraphs);
  };
  static constexpr unsigned kSegments[] = {0, 3, 4, 5};  // ES, DS, FS, GS
  switch (below(8)) {
    case 0:  // MOV of a constant by way of a register
      byte(0xb8 | register_number);
      word((kData >> 4) + (one_in(4) ? below(16) : 0));
      byte(0x8e), byte(0xc0 | kSegments[below(4)] << 3 | register_number);
      break;
    case 1: byte(0x8c), byte(0xc0 | below(6) << 3 | register_number); break;
    case 2:  // to and from memory
      byte(0x8c), absolute(kSegments[below(4)], kCounters - 8);
      byte(0x8e), absolute(kSegments[below(4)], kCounters - 8);
      break;
    case 3:
      byte(0x06 | kSegments[below(2)] << 3);
      if (one_in(2)) {
        byte(0x0f), byte(0xa1 | below(2) << 3);
      } else {
        byte(0x07);
      }
      break;
    case 4: {
      const auto [offset, selector] = alias(far_leaf_);
      byte(0x9a), word(offset), word(selector);
      break;
    }
    case 5: {
      const auto [offset, selector] = alias(far_leaf_);
      byte(0xc7), absolute(0, kCounters - 12), word(offset);
      byte(0xc7), absolute(0, kCounters - 10), word(selector);
      byte(0xff), absolute(3, kCounters - 12);
      break;
    }
    case 6: {  // the other way round: RETF goes there
      const auto [offset, selector] = alias(far_leaf_);
      byte(0x0e), byte(0x68);
      const std::size_t back = code_.size();
      word(0);
      byte(0x68), word(selector), byte(0x68), word(offset), byte(0xcb);
      code_[back] = static_cast<std::uint8_t>(code_.size());
      code_[back + 1] = static_cast<std::uint8_t>(code_.size() >> 8);
      break;
    }
    default: {
      byte(0xea);
      const std::size_t to = code_.size() + 4;
      word(static_cast<std::uint32_t>(to)), word(kCode >> 4);
      break;
    }
  }
}

void RandomProgram::system() {
  if (mode_ == ProgramMode::kReal16 && one_in(2)) return segments();
  switch (below(8)) {
    case 0: byte(0xcd), byte(kCall); break;
    case 1: byte(0xfa); break;
    case 2: byte(0xfb); break;
    case 3: byte(0xfc); break;
    case 4: byte(0xfd), byte(0xfc); break;
    case 5: byte(0x0f), byte(0xa2); break;  // CPUID
    case 6: {
      byte(0x9c);  // PUSHF, OR of some bits, POPF
      if (is_long(mode_)) byte(0x48);
      byte(mode_ == ProgramMode::kReal16 ? 0x81 : 0x81);
      if (mode_ == ProgramMode::kReal16) {
        // BP is no stack pointer here: pop into it, change it, push it.
        code_.pop_back();
        byte(0x5d), byte(0x81), byte(0xcd), word(0x200 | below(0x100) | (one_in(8) ? 0x100 : 0));
        byte(0x55);
      } else {
        byte(0x0c), byte(0x24);
        dword(0x200 | below(0x100) | (one_in(8) ? 0x100 : 0));
      }
      byte(0x9d);
      break;
    }
    default: byte(0x0f), byte(0x0b); break;  // UD2
  }
}

// Stores a byte into an immediate operand of the program.
void RandomProgram::change_code() {
  if (immediates_.empty()) return;
  const auto at = static_cast<std::uint32_t>(
      immediates_[below(static_cast<std::uint32_t>(immediates_.size()))]);
  if (mode_ == ProgramMode::kReal16) {
    byte(0x2e);  // CS: may be written in real mode
    byte(0xc6), byte(0x06), word(at);
  } else if (is_long(mode_)) {
    byte(0xc6), byte(0x04), byte(0x25), dword(kCode + at);
  } else if (mode_ == ProgramMode::kSmall32) {
    byte(0x26);  // ES: all of memory
    byte(0xc6), byte(0x05), dword(kCode + at);
  } else {
    byte(0xc6), byte(0x05), dword(kCode + at);
  }
  byte(below(256));
}

void RandomProgram::instruction() {
  switch (below(32)) {
    case 0:
    case 1:
    case 2:
    case 3: return stack();
    case 4:
    case 5:
    case 6:
    case 7:
    case 8: return sse();
    case 9:
    case 10: return x87();
    case 11: return string();
    case 12:
      if (one_in(3)) return system();
      if (one_in(6)) return change_code();
      return general();
    default: return general();
  }
}

// With jumps forward over some of them.
void RandomProgram::straight(unsigned count) {
  const auto point = [this] {
    static constexpr unsigned kPointers[] = {3, 6, 7};
    byte(0xb8 + kPointers[below(3)]);
    address(data_address());
  };
  point();
  byte(0xb8 + 1);  // a small count for string instructions
  address(below(20));
  for (unsigned i = 0; i < count; ++i) {
    if (one_in(6)) point();
    if (one_in(8)) {
      byte(0x70 + below(16));
      const std::size_t at = code_.size();
      byte(0);
      for (unsigned k = below(3) + 1; k > 0; --k) instruction();
      code_[at] = static_cast<std::uint8_t>(code_.size() - at - 1);
      continue;
    }
    if (one_in(12) && !leaves_.empty()) {
      jump(0xe8, leaves_[below(static_cast<std::uint32_t>(leaves_.size()))]);
      continue;
    }
    instruction();
  }
}

// Straight pieces, some of them in a loop.
void RandomProgram::chunk() {
  chunks_.push_back(code_.size());
  for (unsigned i = below(3) + 1; i > 0; --i) {
    if (one_in(3)) {
      straight(below(10) + 1);
      continue;
    }
    const std::uint32_t counter = kCounters + 2 * (loops_++ % 32);
    if (mode_ != ProgramMode::kReal16) byte(0x66);
    byte(0xc7);  // MOV of a word
    absolute(0, counter);
    word(20 + below(60));
    const std::size_t top = code_.size();
    straight(below(8) + 1);
    if (mode_ != ProgramMode::kReal16) byte(0x66);
    byte(0xff);  // DEC of a word
    absolute(1, counter);
    jump(0x0f85, top);
  }
  jump(0xe9, next_);
}

RandomProgram::RandomProgram(std::uint64_t seed, ProgramMode mode) : random_(seed), mode_(mode) {
  const bool real = mode_ == ProgramMode::kReal16;
  const unsigned width = real ? 2 : is_long(mode_) ? 8 : 4;
  // What all faults go to: the stack is made anew, and the next chunk runs.
  next_ = 0;
  if (is_long(mode_)) byte(0x48);
  byte(is_long(mode_) ? 0xc7 : 0xbc);
  if (is_long(mode_)) byte(0xc4);
  const std::uint32_t top = real || mode_ == ProgramMode::kSmall32 ? kStackTop : kStack + kStackTop;
  address(top);
  if (real) {  // DS and ES may be any
    byte(0xbb), word(kData >> 4);
    byte(0x8e), byte(0xdb), byte(0x8e), byte(0xc3);
  }
  byte(0xfb);  // STI
  byte(0x8b);
  absolute(kRbx, kNext);
  if (real) byte(0x80), absolute(0, kNext), byte(1);
  if (!real) byte(0x80), absolute(0, kNext), byte(1);
  byte(0x80), absolute(4, kNext), byte(kChunks - 1);
  byte(0x83), byte(0xe3), byte(kChunks - 1);  // and ebx, ...
  if (real) {
    byte(0x01), byte(0xdb);  // add bx, bx
    byte(0xff), byte(0xa7), word(kChunkTable);
  } else {
    byte(0xff), byte(0x24), byte((width == 8 ? 3U : 2U) << 6 | 3 << 3 | 5);
    dword(kChunkTable + (mode_ == ProgramMode::kSmall32 ? 0 : kData));
  }
  for (unsigned i = 0; i < kLeaves; ++i) {
    const std::size_t at = code_.size();
    for (unsigned k = below(5); k > 0; --k) general();
    if (one_in(3)) {
      byte(0xc2), word(0);
    } else {
      byte(0xc3);
    }
    leaves_.push_back(at);
  }
  far_leaf_ = code_.size();
  for (unsigned k = 3; k > 0; --k) general();
  if (one_in(3)) {
    byte(0xca), word(0);
  } else {
    byte(0xcb);
  }
  for (unsigned i = 0; i < kChunks; ++i) chunk();
  state_seed_ = random_();
}

void RandomProgram::load(FlatHost& host) const {
  std::uint8_t* memory = host.memory();
  std::mt19937_64 random(state_seed_);
  const bool real = mode_ == ProgramMode::kReal16;
  const bool small = mode_ == ProgramMode::kSmall32;
  const unsigned width = real ? 2 : is_long(mode_) ? 8 : 4;
  for (unsigned i = 0; i < 0x10000; i += 8) put(memory + kData + i, random(), 8);
  for (unsigned i = 0; i < 16; ++i)  // masks of MXCSR that are valid; most mask all exceptions
    put(memory + kData + 0xd00 + 4 * i, i < 12 ? 0x1f80 | (i & 3) << 13 : random() & 0xffff, 4);
  std::copy(code_.begin(), code_.end(), memory + kCode);
  const std::uint32_t code_base = real || small ? kCode : 0;
  put(memory + kData + kNext, 0, 4);
  for (unsigned i = 0; i < kChunks; ++i)
    put(memory + kData + kChunkTable + i * width, kCode - code_base + chunks_[i], width);
  // An interrupt that returns stands behind the program.
  const auto back = static_cast<std::uint32_t>(code_.size());
  if (is_long(mode_)) memory[kCode + back] = 0x48;
  memory[kCode + back + (is_long(mode_) ? 1 : 0)] = 0xcf;
  State& s = host.cpu().mutable_state();
  const auto segment = [&](unsigned which, std::uint16_t selector, std::uint32_t attributes,
                           std::uint32_t base, std::uint32_t limit) {
    s.segment[which] = {
        .selector = selector, .attributes = attributes, .base = base, .limit = limit};
  };
  for (auto& reg : s.gpr) reg = is_long(mode_) ? random() : random() & 0xffffffff;
  for (auto& reg : s.ymm) reg[0] = random(), reg[1] = random();
  s.rip = kCode - code_base + chunks_[0];
  s.rflags = flag::kFixed | flag::kIf;
  s.gpr[kRsp] = (real || small ? 0 : kStack) + kStackTop;
  s.cr4 |= cr4::kOsfxsr | cr4::kOsxmmexcpt;
  s.cr0 |= cr0::kNe | cr0::kMp;
  s.cr0 &= ~(cr0::kEm | cr0::kTs);
  s.fcw = 0x37f;
  for (unsigned vector = 0; vector < 256; ++vector) {
    const std::uint32_t offset = kCode - code_base + (vector >= kExternal ? back : 0);
    if (real) {
      put(memory + 4 * vector, offset | kCode >> 4 << 16, 4);
    } else {
      const std::uint64_t gate = (offset & 0xffff) | 8U << 16 | std::uint64_t{0x8f00} << 32 |
                                 static_cast<std::uint64_t>(offset >> 16) << 48;
      put(memory + kIdt + vector * width * 2, gate, 8);
      if (width == 8) put(memory + kIdt + vector * 16 + 8, 0, 8);
    }
  }
  if (real) {
    segment(kCs, kCode >> 4, 0x9300, kCode, 0xffff);
    segment(kDs, kData >> 4, 0x9300, kData, 0xffff);
    segment(kEs, kData >> 4, 0x9300, kData, 0xffff);
    segment(kSs, kStack >> 4, 0x9300, kStack, 0xffff);
    return;
  }
  const std::uint32_t code_type = is_long(mode_) ? 0xa09b00 : 0xc09b00;
  const auto descriptor = [&](unsigned number, std::uint64_t base, std::uint64_t type) {
    put(memory + kGdt + 8 * number, 0xffff | base << 16 | (type | 0xf0000) << 32, 8);
  };
  descriptor(1, code_base, code_type);
  descriptor(2, 0, 0xc09300);
  s.gdtr = {kGdt, 0x17};
  s.idtr = {kIdt, 0xfff};
  s.cr0 |= cr0::kPe;
  segment(kCs, 8, code_type, code_base, 0xffffffff);
  segment(kEs, 16, 0xc09300, 0, 0xffffffff);
  segment(kDs, 16, 0xc09300, small ? kData : 0, small ? 0xffff : 0xffffffff);
  segment(kSs, 16, 0xc09300, small ? kStack : 0, 0xffffffff);
  if (small) s.segment[kDs].attributes = 0x409300;
  if (mode_ != ProgramMode::kPaged32 && !is_long(mode_)) return;
  // Page tables: each page is itself, but for one that is not there and one that is read-only.
  const unsigned entry = is_long(mode_) ? 8 : 4;
  std::uint32_t table = kTables;
  if (is_long(mode_)) {
    for (unsigned level = 0; level < 3; ++level, table += 0x1000)
      put(memory + table, (table + 0x1000) | 7, 8);
    s.cr4 |= cr4::kPae;
    s.efer |= efer::kLme | efer::kLma;
  } else {
    put(memory + table, (table + 0x1000) | 7, 4);
    table += 0x1000;
  }
  for (std::uint32_t page = 0; page < kMemory >> 12; ++page) {
    std::uint32_t rights = 7;
    if (page == (kData >> 12) + 3) rights = 6;
    if (page == (kData >> 12) + 5) rights = 5;
    put(memory + table + page * entry, page << 12 | rights, entry);
  }
  s.cr3 = kTables;
  s.cr0 |= cr0::kPg | cr0::kWp;
}

}  // namespace ice86::cpu::test
