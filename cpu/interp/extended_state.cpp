// SPDX-License-Identifier: LGPL-2.1-or-later
// FXSAVE, FXRSTOR, XSAVE, XSAVEOPT, XRSTOR, XGETBV, XSETBV: x87, SSE and AVX state.
// Reference: Intel SDM vol. 1 table 10-2 (the FXSAVE area) and chapter 13 (XSAVE), vol. 2.
#include <algorithm>
#include <cstring>

#include "cpu/interp/handlers.h"
#include "cpu/interp/x87_image.h"

namespace ice86::cpu {

namespace {

using namespace x87;

constexpr unsigned kLegacyBytes = 512, kPointersEnd = 24, kMxcsrAt = 24, kMxcsrMaskAt = 28,
                   kX87At = 32, kXmmAt = 160;
constexpr std::uint32_t kMxcsrMask = 0xffff;

// State components: bits of XCR0 and XSTATE_BV.
constexpr std::uint64_t kX87 = 1u << 0, kSse = 1u << 1, kAvx = 1u << 2;
constexpr unsigned kHeaderAt = kLegacyBytes, kHeaderBytes = 64, kYmmAt = kHeaderAt + kHeaderBytes,
                   kYmmBytes = 16 * 16;

// Vector registers that this mode can name; the others are neither stored nor loaded.
unsigned vector_registers(const Core& c) {
  return c.code64 ? 16 : 8;
}

bool aligned(Core& c, const Insn& i, std::uint64_t offset, std::uint64_t to) {
  return ((c.views[i.segment].base + offset) & (to - 1)) == 0 || c.raise(kGp, 0);
}

// Bytes 0 to 23, and the registers: 128 bytes at kX87At.
void put_x87(const State& s, bool wide, std::uint8_t* image) {
  store_le<std::uint16_t>(image, s.fcw);
  store_le<std::uint16_t>(image + 2, s.fsw);
  image[4] = static_cast<std::uint8_t>(~s.x87_empty);
  image[5] = 0;
  store_le<std::uint16_t>(image + 6, s.fop);
  if (wide) {
    store_le<std::uint64_t>(image + 8, s.fip);
    store_le<std::uint64_t>(image + 16, s.fdp);
  } else {
    store_le<std::uint32_t>(image + 8, static_cast<std::uint32_t>(s.fip));
    store_le<std::uint32_t>(image + 12, s.fcs);
    store_le<std::uint32_t>(image + 16, static_cast<std::uint32_t>(s.fdp));
    store_le<std::uint32_t>(image + 20, s.fds);
  }
  for (unsigned n = 0; n < 8; ++n) {
    std::uint8_t* at = image + kX87At + n * 16;
    std::memset(at, 0, 16);
    to_bytes(s.x87[physical(s, n)], at);
  }
}

void take_x87(Core& c, bool wide, const std::uint8_t* image) {
  State& s = c.s;
  set_control_and_status(s, load_le<std::uint16_t>(image), load_le<std::uint16_t>(image + 2));
  s.x87_empty = static_cast<std::uint8_t>(~image[4]);
  s.fop = load_le<std::uint16_t>(image + 6) & 0x7ff;
  if (wide) {
    s.fip = load_le<std::uint64_t>(image + 8);
    s.fdp = load_le<std::uint64_t>(image + 16);
    s.fcs = s.fds = 0;
  } else {
    s.fip = load_le<std::uint32_t>(image + 8);
    s.fcs = load_le<std::uint16_t>(image + 12);
    s.fdp = load_le<std::uint32_t>(image + 16);
    s.fds = load_le<std::uint16_t>(image + 20);
  }
  for (unsigned n = 0; n < 8; ++n) s.x87[physical(s, n)] = from_bytes(image + kX87At + n * 16);
  update_summary(c);
}

// 16 bytes of each vector register: the lower or the upper half of YMM.
void put_halves(const State& s, bool upper, unsigned count, std::uint8_t* at) {
  for (unsigned n = 0; n < count; ++n) std::memcpy(at + n * 16, s.ymm[n].data() + upper * 2, 16);
}
void take_halves(State& s, bool upper, unsigned count, const std::uint8_t* at) {
  for (unsigned n = 0; n < count; ++n) std::memcpy(s.ymm[n].data() + upper * 2, at + n * 16, 16);
}

// ---- FXSAVE, FXRSTOR ----

bool fx_with_xmm(const Core& c) {
  return c.has(Feature::kSse) && (c.s.cr4 & cr4::kOsfxsr) != 0;
}

Flow fxsave(Core& c, const Insn& i) {
  if (const Flow flow = start_no_wait(c); flow != Flow::kNext) return flow;
  const std::uint64_t offset = c.effective(i);
  if (!aligned(c, i, offset, 16)) return Flow::kFault;
  // What is not stored keeps what memory held: reserved parts, and XMM without CR4.OSFXSR.
  std::uint8_t image[kXmmAt + 16 * 16];
  put_x87(c.s, i.operand_size == 8, image);
  const bool sse = c.has(Feature::kSse);
  store_le<std::uint32_t>(image + kMxcsrAt, sse ? c.s.mxcsr : 0);
  store_le<std::uint32_t>(image + kMxcsrMaskAt, sse ? kMxcsrMask : 0);
  unsigned length = kXmmAt;
  if (fx_with_xmm(c)) {
    const unsigned count = vector_registers(c);
    put_halves(c.s, false, count, image + kXmmAt);
    length += count * 16;
  }
  return check_block(c, i.segment, offset, kLegacyBytes) &&
                 write_block(c, i.segment, offset, image, length)
             ? Flow::kNext
             : Flow::kFault;
}

Flow fxrstor(Core& c, const Insn& i) {
  if (const Flow flow = start_no_wait(c); flow != Flow::kNext) return flow;
  const std::uint64_t offset = c.effective(i);
  if (!aligned(c, i, offset, 16)) return Flow::kFault;
  std::uint8_t image[kLegacyBytes];
  if (!read_block(c, i.segment, offset, image, kLegacyBytes)) return Flow::kFault;
  const bool xmm = fx_with_xmm(c);
  const auto mxcsr = load_le<std::uint32_t>(image + kMxcsrAt);
  if (xmm && (mxcsr & ~kMxcsrMask) != 0) return c.raised(kGp, 0);
  take_x87(c, i.operand_size == 8, image);
  if (xmm) {
    c.s.mxcsr = mxcsr;
    take_halves(c.s, false, vector_registers(c), image + kXmmAt);
  }
  return Flow::kNext;
}

// ---- XSAVE ----

// Components that are not in their initial state (SDM vol. 1 section 13.6): XINUSE.
std::uint64_t in_use(const State& s) {
  std::uint64_t components = 0;
  const bool x87_initial = s.fcw == kInitialControl && s.fsw == 0 && s.x87_empty == 0xff &&
                           s.fop == 0 && s.fip == 0 && s.fdp == 0 && s.fcs == 0 && s.fds == 0 &&
                           std::all_of(s.x87.begin(), s.x87.end(), [](const X87Register& value) {
                             return value.significand == 0 && value.sign_exponent == 0;
                           });
  if (!x87_initial) components |= kX87;
  for (const auto& value : s.ymm) {
    if ((value[0] | value[1]) != 0) components |= kSse;
    if ((value[2] | value[3]) != 0) components |= kAvx;
  }
  return components;
}

std::uint64_t edx_eax(const Core& c) {
  return (c.s.gpr[kRax] & 0xffffffff) | c.s.gpr[kRdx] << 32;
}
void set_edx_eax(Core& c, std::uint64_t value) {
  c.s.gpr[kRax] = value & 0xffffffff;
  c.s.gpr[kRdx] = value >> 32;
}

bool xsave_enabled(Core& c) {
  return (c.s.cr4 & cr4::kOsxsave) != 0 || c.raise(kUd);
}

// What the image instructions begin with.
bool start_xsave(Core& c, const Insn& i, std::uint64_t offset) {
  if (!xsave_enabled(c)) return false;
  if ((c.s.cr0 & cr0::kTs) != 0) return c.raise(kNm);
  return aligned(c, i, offset, 64);
}

unsigned area_bytes(std::uint64_t components) {
  return (components & kAvx) != 0 ? kYmmAt + kYmmBytes : kYmmAt;
}

// XSAVEOPT leaves the memory of components alone that are in their initial state.
template <bool optimized>
Flow xsave(Core& c, const Insn& i) {
  const std::uint64_t offset = c.effective(i);
  if (!start_xsave(c, i, offset)) return Flow::kFault;
  const std::uint64_t requested = c.s.xcr0 & edx_eax(c);
  const std::uint64_t used = in_use(c.s);
  const std::uint64_t stored = optimized ? requested & used : requested;
  if (!check_block(c, i.segment, offset, area_bytes(requested))) return Flow::kFault;
  std::uint64_t components = 0;
  if (!c.read(i.segment, offset + kHeaderAt, components)) return Flow::kFault;

  std::uint8_t image[kYmmAt + kYmmBytes];
  const auto write = [&](unsigned at, unsigned size) {
    return write_block(c, i.segment, offset + at, image + at, size);
  };
  const unsigned count = vector_registers(c);
  bool ok = true;
  if ((stored & kX87) != 0) {
    put_x87(c.s, i.operand_size == 8, image);
    ok = write(0, kPointersEnd) && write(kX87At, 8 * 16);
  }
  if ((requested & (kSse | kAvx)) != 0) {
    store_le<std::uint32_t>(image + kMxcsrAt, c.s.mxcsr);
    store_le<std::uint32_t>(image + kMxcsrMaskAt, kMxcsrMask);
    ok = ok && write(kMxcsrAt, 8);
  }
  if ((stored & kSse) != 0) {
    put_halves(c.s, false, count, image + kXmmAt);
    ok = ok && write(kXmmAt, count * 16);
  }
  if ((stored & kAvx) != 0) {
    put_halves(c.s, true, count, image + kYmmAt);
    ok = ok && write(kYmmAt, count * 16);
  }
  components = (components & ~requested) | (requested & used);
  ok = ok && c.write(i.segment, offset + kHeaderAt, components);
  return ok ? Flow::kNext : Flow::kFault;
}

Flow xrstor(Core& c, const Insn& i) {
  const std::uint64_t offset = c.effective(i);
  if (!start_xsave(c, i, offset)) return Flow::kFault;
  const std::uint64_t requested = c.s.xcr0 & edx_eax(c);
  std::uint8_t image[kYmmAt + kYmmBytes];
  if (!read_block(c, i.segment, offset, image, area_bytes(requested))) return Flow::kFault;
  // The standard form: XCOMP_BV and the 8 bytes after it are 0 (SDM vol. 1 section 13.8.1).
  const auto components = load_le<std::uint64_t>(image + kHeaderAt);
  if ((components & ~c.s.xcr0) != 0 || load_le<std::uint64_t>(image + kHeaderAt + 8) != 0 ||
      load_le<std::uint64_t>(image + kHeaderAt + 16) != 0) {
    return c.raised(kGp, 0);
  }
  // MXCSR is loaded whatever XSTATE_BV says.
  const bool with_mxcsr = (requested & (kSse | kAvx)) != 0;
  const auto mxcsr = load_le<std::uint32_t>(image + kMxcsrAt);
  if (with_mxcsr && (mxcsr & ~kMxcsrMask) != 0) return c.raised(kGp, 0);
  if (with_mxcsr) c.s.mxcsr = mxcsr;

  // Components that the image does not hold become initial.
  const unsigned count = vector_registers(c);
  if ((requested & kX87) != 0) {
    if ((components & kX87) != 0) {
      take_x87(c, i.operand_size == 8, image);
    } else {
      c.s.x87 = {};
      initialize(c);
    }
  }
  if ((requested & kSse) != 0) {
    if ((components & kSse) == 0) std::memset(image + kXmmAt, 0, 16 * 16);
    take_halves(c.s, false, count, image + kXmmAt);
  }
  if ((requested & kAvx) != 0) {
    if ((components & kAvx) == 0) std::memset(image + kYmmAt, 0, kYmmBytes);
    take_halves(c.s, true, count, image + kYmmAt);
  }
  return Flow::kNext;
}

Flow xgetbv(Core& c, const Insn&) {
  if (!xsave_enabled(c)) return Flow::kFault;
  const auto index = static_cast<std::uint32_t>(c.s.gpr[kRcx]);
  if (index == 0) {
    set_edx_eax(c, c.s.xcr0);
  } else if (index == 1 && c.has(Feature::kXgetbv1)) {
    set_edx_eax(c, c.s.xcr0 & in_use(c.s));
  } else {
    return c.raised(kGp, 0);
  }
  return Flow::kNext;
}

Flow xsetbv(Core& c, const Insn&) {
  if (!xsave_enabled(c)) return Flow::kFault;
  const std::uint64_t value = edx_eax(c);
  const std::uint64_t supported = kX87 | kSse | (c.has(Feature::kAvx) ? kAvx : 0);
  const bool avx_alone = (value & (kSse | kAvx)) == kAvx;
  if (c.cpl != 0 || static_cast<std::uint32_t>(c.s.gpr[kRcx]) != 0 || (value & ~supported) != 0 ||
      (value & kX87) == 0 || avx_alone) {
    return c.raised(kGp, 0);
  }
  c.s.xcr0 = value;
  return Flow::kNext;
}

}  // namespace

Handler extended_state_handler(ExtendedState op) {
  switch (op) {
    case ExtendedState::kFxsave: return fxsave;
    case ExtendedState::kFxrstor: return fxrstor;
    case ExtendedState::kXsave: return xsave<false>;
    case ExtendedState::kXsaveopt: return xsave<true>;
    case ExtendedState::kXrstor: return xrstor;
    case ExtendedState::kXgetbv: return xgetbv;
    case ExtendedState::kXsetbv: return xsetbv;
  }
  return nullptr;
}

}  // namespace ice86::cpu
