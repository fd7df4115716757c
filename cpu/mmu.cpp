// SPDX-License-Identifier: LGPL-2.1-or-later
// Linear to physical: TLB, page walk, page faults, and the slow paths of memory access.
// Reference: Intel SDM vol. 3A chapter 4.
#include <algorithm>

#include "cpu/core.h"

namespace ice86::cpu {

namespace {

// Page-table entry bits (SDM vol. 3A tables 4-5 and 4-6).
constexpr std::uint32_t kPresent = 1u << 0, kWritable = 1u << 1, kUser = 1u << 2,
                        kAccessed = 1u << 5, kDirty = 1u << 6, kLarge = 1u << 7;
// Page-fault error code bits (SDM vol. 3A section 4.7).
constexpr std::uint32_t kErrorPresent = 1u << 0, kErrorWrite = 1u << 1, kErrorUser = 1u << 2;

constexpr Gpa kA20 = 1u << 20;

}  // namespace

void Core::flush_tlb() {
  ++generation_;
  if (filled_.size() > kMostFilled) {
    for (auto& half : tlb) half.fill(TlbEntry{});
  } else {
    for (const std::uint16_t slot : filled_) tlb[slot >> 15][slot & kTlbMask] = TlbEntry{};
  }
  filled_.clear();
}

void Core::flush_tlb_page(std::uint64_t linear) {
  ++generation_;
  for (auto& half : tlb) half[linear >> kPageBits & kTlbMask] = TlbEntry{};
}

void Core::forget_writable(const std::uint8_t* page) {
  for (auto& half : tlb) {
    for (TlbEntry& entry : half) {
      if (entry.write_host == page) entry.write_tag = kNoTag;
    }
  }
}

bool Core::walk(std::uint64_t linear, Access access, bool as_user, Gpa& gpa, bool quiet) {
  const Gpa a20_mask = a20 ? ~Gpa{0} : ~kA20;
  if ((s.cr0 & cr0::kPg) == 0) {
    gpa = linear & a20_mask;
    return true;
  }
  const auto fail = [&](std::uint32_t error) {
    if (quiet) return false;
    s.cr2 = linear;
    return raise(kPf,
                 error | (access == Access::kWrite ? kErrorWrite : 0) | (as_user ? kErrorUser : 0));
  };
  const auto load = [&](Gpa at) {
    return static_cast<std::uint32_t>(quiet ? host.memory_peek(at & a20_mask, 4)
                                            : host.memory_read(at & a20_mask, 4));
  };
  const auto store = [&](Gpa at, std::uint32_t value) {
    host.memory_write(at & a20_mask, 4, value);
  };

  const Gpa directory_at = (s.cr3 & 0xfffff000) + (linear >> 22) * 4;
  std::uint32_t directory = load(directory_at);
  if ((directory & kPresent) == 0) return fail(0);
  const bool large = (directory & kLarge) != 0 && (s.cr4 & cr4::kPse) != 0;
  Gpa table_at = 0;
  std::uint32_t table = 0;
  std::uint32_t rights = directory;
  if (!large) {
    table_at = (directory & 0xfffff000) + (linear >> 12 & 0x3ff) * 4;
    table = load(table_at);
    if ((table & kPresent) == 0) return fail(0);
    rights &= table;
  }
  // Supervisor writes ignore read-only pages unless CR0.WP is set.
  if (as_user && (rights & kUser) == 0) return fail(kErrorPresent);
  if (access == Access::kWrite && (rights & kWritable) == 0 &&
      (as_user || (s.cr0 & cr0::kWp) != 0)) {
    return fail(kErrorPresent);
  }
  if (!quiet) {
    const std::uint32_t last_bits = kAccessed | (access == Access::kWrite ? kDirty : 0);
    const std::uint32_t directory_bits = large ? last_bits : kAccessed;
    if ((directory & directory_bits) != directory_bits)
      store(directory_at, directory | directory_bits);
    if (!large && (table & last_bits) != last_bits) store(table_at, table | last_bits);
  }
  if (large) {
    // PSE-36: bits 20:13 of the entry are bits 39:32 of the address.
    gpa = (directory & 0xffc00000) | static_cast<Gpa>(directory >> 13 & 0xff) << 32 |
          (linear & 0x3fffff);
  } else {
    gpa = (table & 0xfffff000) | (linear & kPageMask);
  }
  gpa &= a20_mask;
  return true;
}

bool Core::translate_and_fill(std::uint64_t linear, Access access, bool as_user, Gpa& gpa) {
  sync_count();
  if (!walk(linear, access, as_user, gpa, false)) return false;
  fill_tlb(linear, gpa, access, as_user);
  return true;
}

void Core::fill_tlb(std::uint64_t linear, Gpa gpa, Access access, bool as_user) {
  TlbEntry& entry = tlb[as_user][linear >> kPageBits & kTlbMask];
  const std::uint64_t tag = linear & ~kPageMask;
  const bool same = entry.read_tag == tag || entry.write_tag == tag || entry.execute_tag == tag;
  if (!same) {
    entry = TlbEntry{};
    ++generation_;  // an execute mapping may have gone
    if (filled_.size() <= kMostFilled) {
      filled_.push_back(static_cast<std::uint16_t>((linear >> kPageBits & kTlbMask) |
                                                   static_cast<std::uint64_t>(as_user) << 15));
    }
  }
  const PageView view = host.page(gpa);
  switch (access) {
    case Access::kRead:
      if (view.read != nullptr) {
        entry.read_tag = tag;
        entry.read_host = view.read;
      }
      break;
    case Access::kWrite:
      // Pages with decoded instructions stay on the slow path, so that stores to them are seen.
      if (view.write != nullptr && (*view.write_flags & Ram::kCode) == 0) {
        *view.write_flags |= Ram::kDirty;
        entry.write_tag = tag;
        entry.write_host = view.write;
      }
      break;
    case Access::kExecute:
      // Without a direct pointer execute_host is null, and bytes are fetched one by one.
      entry.execute_tag = tag;
      entry.execute_host = view.read;
      entry.execute_flags = view.read_flags;
      break;
  }
}

bool Core::read_slow(std::uint64_t linear, unsigned size, std::uint64_t& value, bool as_user) {
  if ((linear & kPageMask) + size > kPageSize) {
    // Both pages are translated before either is read: a fault has no side effects.
    Gpa first = 0;
    Gpa second = 0;
    const auto in_first = static_cast<unsigned>(kPageSize - (linear & kPageMask));
    const std::uint64_t next = (linear + in_first) & linear_mask;
    if (!translate_and_fill(linear, Access::kRead, as_user, first)) return false;
    if (!translate_and_fill(next, Access::kRead, as_user, second)) return false;
    value = 0;
    for (unsigned i = 0; i < size; ++i) {
      const Gpa gpa = i < in_first ? first + i : second + (i - in_first);
      value |= host.memory_read(gpa, 1) << (i * 8);
    }
    return true;
  }
  Gpa gpa = 0;
  if (!translate_and_fill(linear, Access::kRead, as_user, gpa)) return false;
  value = host.memory_read(gpa, size);
  return true;
}

bool Core::probe_write(std::uint64_t linear, unsigned size) {
  Gpa gpa = 0;
  if (!translate_and_fill(linear, Access::kWrite, user, gpa)) return false;
  if ((linear & kPageMask) + size > kPageSize) {
    return translate_and_fill((linear + size - 1) & linear_mask, Access::kWrite, user, gpa);
  }
  return true;
}

bool Core::write_slow(std::uint64_t linear, unsigned size, std::uint64_t value, bool as_user) {
  if ((linear & kPageMask) + size > kPageSize) {
    Gpa first = 0;
    Gpa second = 0;
    const auto in_first = static_cast<unsigned>(kPageSize - (linear & kPageMask));
    const std::uint64_t next = (linear + in_first) & linear_mask;
    if (!translate_and_fill(linear, Access::kWrite, as_user, first)) return false;
    if (!translate_and_fill(next, Access::kWrite, as_user, second)) return false;
    for (unsigned i = 0; i < size; ++i) {
      const Gpa gpa = i < in_first ? first + i : second + (i - in_first);
      store_physical(gpa, 1, value >> (i * 8) & 0xff);
    }
    return true;
  }
  Gpa gpa = 0;
  if (!translate_and_fill(linear, Access::kWrite, as_user, gpa)) return false;
  store_physical(gpa, size, value);
  return true;
}

void Core::store_physical(Gpa gpa, unsigned size, std::uint64_t value) {
  const PageView view = host.page(gpa);
  if (view.write == nullptr || (*view.write_flags & Ram::kCode) == 0) {
    host.memory_write(gpa, size, value);
    return;
  }
  // A page with decoded instructions: data beside code leaves them alone, and a store into code
  // drops just the blocks it hits.
  const auto offset = static_cast<std::uint32_t>(gpa & kPageMask);
  if (cache_.covers(view.write, offset, size)) {
    cache_.drop_range(view.write, offset, size);
    ++generation_;
    leave_after_current();
  }
  *view.write_flags |= Ram::kDirty;
  std::memcpy(view.write + offset, &value, size);
}

}  // namespace ice86::cpu
