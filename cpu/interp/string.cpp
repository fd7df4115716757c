// SPDX-License-Identifier: LGPL-2.1-or-later
// String instructions and their repetition.
// Reference: Intel SDM vol. 2 (REP, MOVS, STOS, LODS, CMPS, SCAS, INS, OUTS). Registers are right
// after every iteration, so that a fault or a stop in between resumes where it was.
#include <algorithm>

#include "cpu/core.h"
#include "cpu/interp/handlers.h"
#include "cpu/interp/sized.h"

namespace ice86::cpu {

namespace {

constexpr std::uint64_t kAddressMask[] = {0xffff, 0xffffffff, ~std::uint64_t{0}};
constexpr unsigned kAxOffset = 0;

// RCX, RSI, RDI in the instruction's address size.
std::uint64_t get(Core& c, unsigned gpr, std::uint64_t mask) {
  return c.s.gpr[gpr] & mask;
}
void put(Core& c, unsigned gpr, std::uint64_t value, std::uint64_t mask) {
  c.s.gpr[gpr] = mask == 0xffff ? (c.s.gpr[gpr] & ~mask) | (value & mask) : value & mask;
}

template <String op, typename T>
bool iterate(Core& c, const Insn& i, std::uint64_t mask, std::uint64_t step) {
  const std::uint64_t si = get(c, kRsi, mask);
  const std::uint64_t di = get(c, kRdi, mask);
  T value;
  if constexpr (op == String::kMovs) {
    if (!c.read<T>(i.segment, si, value) || !c.write<T>(kEs, di, value)) return false;
  } else if constexpr (op == String::kStos) {
    if (!c.write<T>(kEs, di, c.reg<T>(kAxOffset))) return false;
  } else if constexpr (op == String::kLods) {
    if (!c.read<T>(i.segment, si, value)) return false;
    c.set_reg<T>(kAxOffset, value);
  } else if constexpr (op == String::kCmps) {
    T other;
    if (!c.read<T>(i.segment, si, value) || !c.read<T>(kEs, di, other)) return false;
    c.lf.set_sub<T>(value, other, static_cast<T>(value - other));
  } else if constexpr (op == String::kScas) {
    if (!c.read<T>(kEs, di, value)) return false;
    const T a = c.reg<T>(kAxOffset);
    c.lf.set_sub<T>(a, value, static_cast<T>(a - value));
  } else if constexpr (op == String::kIns) {
    const auto port = static_cast<std::uint16_t>(c.s.gpr[kRdx]);
    if (!c.check_io(port, sizeof(T)) || !c.check_write<T>(kEs, di)) return false;
    c.sync_count();
    if (!c.write<T>(kEs, di, static_cast<T>(c.host.port_read(port, sizeof(T))))) return false;
    c.port_accessed(port, sizeof(T));
  } else {
    const auto port = static_cast<std::uint16_t>(c.s.gpr[kRdx]);
    if (!c.check_io(port, sizeof(T)) || !c.read<T>(i.segment, si, value)) return false;
    c.sync_count();
    c.host.port_write(port, sizeof(T), value);
    c.port_accessed(port, sizeof(T));
  }
  if constexpr (op == String::kMovs || op == String::kLods || op == String::kCmps ||
                op == String::kOuts) {
    put(c, kRsi, si + step, mask);
  }
  if constexpr (op != String::kLods && op != String::kOuts) put(c, kRdi, di + step, mask);
  return true;
}

// Elements from `offset` upwards that stay inside one page, the segment and the address size.
template <typename T>
std::uint64_t run_length(std::uint64_t offset, std::uint64_t linear, std::uint64_t bytes_in_segment,
                         std::uint64_t mask) {
  if (offset >= bytes_in_segment) return 0;
  const std::uint64_t in_page = kPageSize - (linear & kPageMask);
  const std::uint64_t in_segment = bytes_in_segment - offset;
  const std::uint64_t in_mask = mask - offset + 1 == 0 ? mask : mask - offset + 1;
  return std::min({in_page, in_segment, in_mask}) / sizeof(T);
}

// Many upward iterations of MOVS or STOS between plain pages at once. 0: not possible here.
template <String op, typename T>
std::uint64_t bulk(Core& c, const Insn& i, std::uint64_t mask, std::uint64_t most) {
  const std::uint64_t di = get(c, kRdi, mask);
  const Core::SegmentView& to = c.views[kEs];
  const std::uint64_t to_linear = (to.base + di) & c.linear_mask;
  std::uint64_t n = std::min(most, run_length<T>(di, to_linear, to.writable, mask));
  std::uint64_t bytes = n * sizeof(T);
  std::uint8_t* target = c.bulk_target(to_linear, bytes);
  if (target == nullptr) return 0;
  n = bytes / sizeof(T);
  if constexpr (op == String::kStos) {
    if (n == 0) return 0;
    const T value = c.reg<T>(kAxOffset);
    for (std::uint64_t k = 0; k < n; ++k) store_le<T>(target + k * sizeof(T), value);
  } else {
    const std::uint64_t si = get(c, kRsi, mask);
    const Core::SegmentView& from = c.views[i.segment];
    const std::uint64_t from_linear = (from.base + si) & c.linear_mask;
    const Core::TlbEntry& from_entry =
        c.tlb[static_cast<unsigned>(c.rights)][from_linear >> kPageBits & Core::kTlbMask];
    if (from_entry.read_tag != (from_linear & ~kPageMask)) return 0;
    n = std::min(n, run_length<T>(si, from_linear, from.readable, mask));
    if (n == 0) return 0;
    const std::uint8_t* source = from_entry.read_at(from_linear);
    // Upward copies onto bytes just ahead repeat a pattern: element by element then.
    if (target > source && target < source + n * sizeof(T)) {
      for (std::uint64_t k = 0; k < n; ++k)
        store_le<T>(target + k * sizeof(T), load_le<T>(source + k * sizeof(T)));
    } else {
      std::memmove(target, source, n * sizeof(T));
    }
    put(c, kRsi, si + n * sizeof(T), mask);
  }
  put(c, kRdi, di + n * sizeof(T), mask);
  return n;
}

// Elements from `offset` downwards that stay inside one page and the segment.
template <typename T>
std::uint64_t run_length_down(std::uint64_t offset, std::uint64_t linear,
                              std::uint64_t bytes_in_segment) {
  if (offset + (sizeof(T) - 1) >= bytes_in_segment) return 0;
  const std::uint64_t in_page = linear & kPageMask;
  if (in_page + sizeof(T) > kPageSize) return 0;
  return std::min(in_page, offset) / sizeof(T) + 1;
}

// The same as bulk() downwards.
template <String op, typename T>
std::uint64_t bulk_down(Core& c, const Insn& i, std::uint64_t mask, std::uint64_t most) {
  const std::uint64_t di = get(c, kRdi, mask);
  const Core::SegmentView& to = c.views[kEs];
  const std::uint64_t to_linear = (to.base + di) & c.linear_mask;
  std::uint64_t n = std::min(most, run_length_down<T>(di, to_linear, to.writable));
  const std::uint8_t* source = nullptr;
  const std::uint64_t si = get(c, kRsi, mask);
  if constexpr (op == String::kMovs) {
    const Core::SegmentView& from = c.views[i.segment];
    const std::uint64_t from_linear = (from.base + si) & c.linear_mask;
    const Core::TlbEntry& from_entry =
        c.tlb[static_cast<unsigned>(c.rights)][from_linear >> kPageBits & Core::kTlbMask];
    if (from_entry.read_tag != (from_linear & ~kPageMask)) return 0;
    n = std::min(n, run_length_down<T>(si, from_linear, from.readable));
    source = from_entry.read_at(from_linear);
  }
  if (n == 0) return 0;
  const std::uint64_t behind = (n - 1) * sizeof(T);
  std::uint64_t bytes = n * sizeof(T);
  std::uint8_t* lowest = c.bulk_target(to_linear - behind, bytes);
  if (lowest == nullptr || bytes != n * sizeof(T)) return 0;
  if constexpr (op == String::kMovs) {
    const std::uint8_t* from_lowest = source - behind;
    if (lowest < from_lowest && from_lowest < lowest + bytes) {
      for (std::uint64_t k = n; k-- > 0;)
        store_le<T>(lowest + k * sizeof(T), load_le<T>(from_lowest + k * sizeof(T)));
    } else {
      std::memmove(lowest, from_lowest, bytes);
    }
    put(c, kRsi, si - bytes, mask);
  } else {
    const T value = c.reg<T>(kAxOffset);
    for (std::uint64_t k = 0; k < n; ++k) store_le<T>(lowest + k * sizeof(T), value);
  }
  put(c, kRdi, di - bytes, mask);
  return n;
}

template <String op>
struct StringOp {
  template <typename T>
  struct Family {
    static Flow run(Core& c, const Insn& i) {
      const std::uint64_t mask = kAddressMask[i.address_size];
      const bool down = (c.s.rflags & flag::kDf) != 0;
      const std::uint64_t step = down ? ~std::uint64_t{sizeof(T)} + 1 : sizeof(T);
      if (!i.rep && !i.repne) return iterate<op, T>(c, i, mask, step) ? Flow::kNext : Flow::kFault;

      std::uint64_t count = get(c, kRcx, mask);
      if constexpr (op == String::kIns || op == String::kOuts) {
        // The right to the port is checked even when there is nothing to transfer.
        if (!c.check_io(static_cast<std::uint16_t>(c.s.gpr[kRdx]), sizeof(T))) return Flow::kFault;
      }
      if (count == 0) return Flow::kNext;
      const std::uint64_t most = c.iterations_left();
      std::uint64_t done = 0;
      std::uint64_t last_chunk = 0;
      for (;;) {
        std::uint64_t n = 0;
        if constexpr (op == String::kMovs || op == String::kStos) {
          const std::uint64_t now = std::min(count, most - done);
          n = down ? bulk_down<op, T>(c, i, mask, now) : bulk<op, T>(c, i, mask, now);
        }
        if (n == 0) {
          if (!iterate<op, T>(c, i, mask, step)) {
            return Flow::kFault;
          }
          n = 1;
        }
        done += n;
        last_chunk = n;
        count -= n;
        put(c, kRcx, count, mask);
        bool more = count != 0;
        if constexpr (op == String::kCmps || op == String::kScas) more = more && c.lf.zf() == i.rep;
        if (!more) break;
        // The clock is exact at every iteration: the next one may look at it.
        c.count_iterations(n);
        if (done >= most || c.leave_pending()) return Flow::kAgain;
      }
      // Retiring the instruction counts one.
      c.count_iterations(last_chunk - 1);
      return done > 1 ? Flow::kLeave : Flow::kNext;
    }
  };
};

}  // namespace

Handler string_handler(String op, unsigned size) {
  switch (op) {
    case String::kMovs: return sized<StringOp<String::kMovs>::Family>(size);
    case String::kStos: return sized<StringOp<String::kStos>::Family>(size);
    case String::kLods: return sized<StringOp<String::kLods>::Family>(size);
    case String::kCmps: return sized<StringOp<String::kCmps>::Family>(size);
    case String::kScas: return sized<StringOp<String::kScas>::Family>(size);
    case String::kIns: return sized_port<StringOp<String::kIns>::Family>(size);
    case String::kOuts: return sized_port<StringOp<String::kOuts>::Family>(size);
  }
  return nullptr;
}

}  // namespace ice86::cpu
