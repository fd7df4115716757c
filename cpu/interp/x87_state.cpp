// SPDX-License-Identifier: LGPL-2.1-or-later
// The x87 state as a whole: availability, exception summary, FNINIT, and the images of FSTENV and
// FSAVE.
// Reference: Intel SDM vol. 1 sections 8.1 and 8.7 and figures 8-9 to 8-12.
#include <cstring>

#include "cpu/interp/handlers.h"
#include "cpu/interp/x87_image.h"

namespace ice86::cpu {

namespace x87 {

void update_summary(Core& c) {
  c.x87_host_known = false;
  const bool pending = (c.s.fsw & ~c.s.fcw & kExceptions) != 0;
  c.s.fsw = static_cast<std::uint16_t>((c.s.fsw & ~(kSummary | kBusy)) |
                                       (pending ? kSummary | kBusy : 0));
  if (!pending && c.ferr) {
    c.ferr = false;
    c.sync_count();
    c.host.ferr_changed(false);
  }
}

Flow blocked(Core& c) {
  return (c.s.cr0 & (cr0::kEm | cr0::kTs)) != 0 ? c.raised(kNm) : pending(c);
}

Flow pending(Core& c) {
  if ((c.s.cr0 & cr0::kNe) != 0) return c.raised(kMf);
  // MS-DOS compatible reporting (SDM vol. 1 section 8.7.2 and appendix D): FERR# tells the board,
  // and without IGNNE# the processor freezes before this instruction until an interrupt comes.
  if (!c.ferr) {
    c.ferr = true;
    c.sync_count();
    c.host.ferr_changed(true);
  }
  if (c.ignne) return Flow::kNext;
  c.s.halted = true;
  return Flow::kAgain;
}

void initialize(Core& c) {
  c.s.fcw = kInitialControl;
  c.s.fsw = 0;
  c.s.x87_empty = 0xff;
  c.s.fop = c.s.fcs = c.s.fds = 0;
  c.s.fip = c.s.fdp = 0;
  update_summary(c);
}

std::uint16_t tag_word(const State& s) {
  constexpr unsigned kValid = 0, kZero = 1, kSpecial = 2, kEmpty = 3;
  unsigned word = 0;
  for (unsigned r = 0; r < 8; ++r) {
    const X87Register& value = s.x87[r];
    const unsigned exponent = value.sign_exponent & 0x7fffu;
    unsigned tag = kValid;
    if (is_empty(s, r)) {
      tag = kEmpty;
    } else if (exponent == 0 && value.significand == 0) {
      tag = kZero;
    } else if (exponent == 0 || exponent == 0x7fff || value.significand >> 63 == 0) {
      tag = kSpecial;
    }
    word |= tag << (2 * r);
  }
  return static_cast<std::uint16_t>(word);
}

void set_control_and_status(State& s, std::uint32_t control, std::uint32_t status) {
  s.fcw = static_cast<std::uint16_t>((control & kControlBits) | kControlFixed);
  s.fsw = static_cast<std::uint16_t>(status);
}

namespace {

// Calls transfer(done, T{}) for pieces of 8, 4 and 2 bytes.
template <typename Transfer>
bool in_pieces(unsigned size, Transfer transfer) {
  unsigned done = 0;
  for (; done + 8 <= size; done += 8) {
    if (!transfer(done, std::uint64_t{})) return false;
  }
  for (; done + 4 <= size; done += 4) {
    if (!transfer(done, std::uint32_t{})) return false;
  }
  return done == size || transfer(done, std::uint16_t{});
}

}  // namespace

bool read_block(Core& c, unsigned segment, std::uint64_t offset, std::uint8_t* to, unsigned size) {
  return in_pieces(size, [&](unsigned done, auto value) {
    if (!c.read(segment, offset + done, value)) return false;
    store_le(to + done, value);
    return true;
  });
}

bool check_block(Core& c, unsigned segment, std::uint64_t offset, unsigned size) {
  return c.check_write<std::uint8_t>(segment, offset) &&
         c.check_write<std::uint8_t>(segment, offset + size - 1);
}

bool write_block(Core& c, unsigned segment, std::uint64_t offset, const std::uint8_t* from,
                 unsigned size) {
  if (!check_block(c, segment, offset, size)) return false;
  return in_pieces(size, [&](unsigned done, auto value) {
    return c.write(segment, offset + done, load_le<decltype(value)>(from + done));
  });
}

}  // namespace x87

namespace {

using namespace x87;

// The environment has seven fields, of 2 or 4 bytes: control, status, tags, then pointers whose
// layout depends on size and mode.
constexpr unsigned kFields = 7, kMostEnvironment = kFields * 4, kRegisters = 8 * 10;

void put_environment(Core& c, unsigned size, std::uint8_t* at) {
  const State& s = c.s;
  std::uint32_t field[kFields] = {s.fcw, s.fsw, tag_word(s)};
  const auto ip = static_cast<std::uint32_t>(s.fip);
  const auto dp = static_cast<std::uint32_t>(s.fdp);
  // In real and virtual-8086 mode the pointers are linear, split at bit 16.
  const bool linear = c.real_or_v86();
  const std::uint32_t linear_ip = (static_cast<std::uint32_t>(s.fcs) << 4) + ip;
  const std::uint32_t linear_dp = (static_cast<std::uint32_t>(s.fds) << 4) + dp;
  if (linear) {
    field[3] = linear_ip & 0xffff;
    field[4] = (linear_ip >> 16) << 12 | s.fop;
    field[5] = linear_dp & 0xffff;
    field[6] = (linear_dp >> 16) << 12;
  } else {
    field[3] = ip;
    field[4] = s.fcs | (size == 4 ? static_cast<std::uint32_t>(s.fop) << 16 : 0);
    field[5] = dp;
    field[6] = s.fds;
  }
  if (size == 4) {
    // Reserved upper halves are stored as ones.
    for (const unsigned n : {0u, 1u, 2u}) field[n] |= 0xffff0000;
    if (linear) {
      field[3] |= 0xffff0000;
      field[5] |= 0xffff0000;
    } else {
      field[6] |= 0xffff0000;
    }
  }
  for (unsigned n = 0; n < kFields; ++n) {
    if (size == 4) {
      store_le<std::uint32_t>(at + n * 4, field[n]);
    } else {
      store_le<std::uint16_t>(at + n * 2, static_cast<std::uint16_t>(field[n]));
    }
  }
}

void take_environment(Core& c, unsigned size, const std::uint8_t* at) {
  State& s = c.s;
  std::uint32_t field[kFields];
  for (unsigned n = 0; n < kFields; ++n)
    field[n] = size == 4 ? load_le<std::uint32_t>(at + n * 4) : load_le<std::uint16_t>(at + n * 2);
  set_control_and_status(s, field[0], field[1]);
  s.x87_empty = 0;
  for (unsigned r = 0; r < 8; ++r) {
    if ((field[2] >> (2 * r) & 3) == 3) mark_empty(s, r);
  }
  if (c.real_or_v86()) {
    s.fip = (field[3] & 0xffff) | (field[4] >> 12) << 16;
    s.fdp = (field[5] & 0xffff) | (field[6] >> 12) << 16;
    s.fop = static_cast<std::uint16_t>(field[4] & 0x7ff);
    s.fcs = s.fds = 0;
  } else {
    s.fip = field[3];
    s.fcs = static_cast<std::uint16_t>(field[4]);
    if (size == 4) s.fop = static_cast<std::uint16_t>(field[4] >> 16 & 0x7ff);
    s.fdp = field[5];
    s.fds = static_cast<std::uint16_t>(field[6]);
  }
  update_summary(c);
}

unsigned field_size(const Insn& i) {
  return i.operand_size == 2 ? 2 : 4;
}

// FNSTENV, FNSAVE.
template <bool registers>
Flow store_environment(Core& c, const Insn& i) {
  if (const Flow flow = start_no_wait(c); flow != Flow::kNext) return flow;
  const unsigned size = field_size(i);
  std::uint8_t image[kMostEnvironment + kRegisters] = {};
  put_environment(c, size, image);
  unsigned length = kFields * size;
  if constexpr (registers) {
    for (unsigned n = 0; n < 8; ++n) to_bytes(c.s.x87[physical(c.s, n)], image + length + n * 10);
    length += kRegisters;
  }
  if (!write_block(c, i.segment, c.effective(i), image, length)) return Flow::kFault;
  if constexpr (registers) {
    initialize(c);
  } else {
    c.s.fcw |= kExceptions;
    update_summary(c);
  }
  return Flow::kNext;
}

// FLDENV, FRSTOR.
template <bool registers>
Flow load_environment(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  const unsigned size = field_size(i);
  const unsigned fields = kFields * size;
  std::uint8_t image[kMostEnvironment + kRegisters] = {};
  if (!read_block(c, i.segment, c.effective(i), image, fields + (registers ? kRegisters : 0)))
    return Flow::kFault;
  take_environment(c, size, image);
  if constexpr (registers) {
    for (unsigned n = 0; n < 8; ++n)
      c.s.x87[physical(c.s, n)] = from_bytes(image + fields + n * 10);
  }
  return Flow::kNext;
}

}  // namespace

Handler x87_image_handler(X87Image op) {
  switch (op) {
    case X87Image::kFnstenv: return store_environment<false>;
    case X87Image::kFnsave: return store_environment<true>;
    case X87Image::kFldenv: return load_environment<false>;
    case X87Image::kFrstor: return load_environment<true>;
  }
  return nullptr;
}

}  // namespace ice86::cpu
