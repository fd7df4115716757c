// SPDX-License-Identifier: LGPL-2.1-or-later
// The TLB and the slow paths of memory access.
// Reference: Intel SDM vol. 3A chapter 4.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "cpu/core.h"
#include "cpu/jit/jit.h"
#include "emulator/base/bits.h"

namespace ice86::cpu {

void Core::flush_tlb() {
  forget_places();
  for (const std::uint16_t slot : filled_) tlb[slot >> kTlbBits][slot & kTlbMask] = TlbEntry{};
  filled_.clear();
  local_.clear();
  local_recent_.clear();
  large_pages_ = {};
}

void Core::mapping_changed() {
  flush_tlb();
  table_pages_.fill(TablePage{});
}

void Core::flush_tlb_but_global() {
  if ((s.cr4 & cr4::kPge) == 0) return flush_tlb();
  for (const std::uint16_t slot : local_) {
    TlbEntry& entry = tlb[slot >> kTlbBits][slot & kTlbMask];
    if (!entry.global) entry.forget_data();
    if (!entry.execute_global) entry.forget_execute();
    entry.in_local = false;
  }
  local_.clear();
  forget_local_code();
}

// Where code of pages that are not global was found is not known any more.
void Core::forget_local_code() {
  const bool jumps_known = jit_ == nullptr || jit_->forget_local();
  if (!jumps_known) ++jit_area.jump_generation;
  if (local_recent_.size() > kMostLocalRecent) {
    ++generation_;
  } else {
    for (const std::uint16_t place : local_recent_) recent_[place] = RecentBlock{};
  }
  local_recent_.clear();
}

void Core::flush_tlb_page(std::uint64_t linear) {
  const auto flush_execute = [this](TlbEntry& entry) {
    if (entry.execute_tag != kNoTag) forget_places();
    entry.forget_execute();
  };
  for (auto& part : tlb) {
    TlbEntry& entry = part[linear >> kPageBits & kTlbMask];
    entry.forget_data();
    flush_execute(entry);
  }
  // A large page lies in the TLB in pieces; all of them go (SDM vol. 3A section 4.10.4.1).
  if (large_pages_.count == 0 || ((linear ^ large_pages_.base) & large_pages_.mask) != 0) return;
  const auto inside = [linear](std::uint64_t tag, unsigned page_bits) {
    return page_bits > kPageBits && tag >> page_bits == linear >> page_bits;
  };
  for (auto& part : tlb) {
    for (TlbEntry& entry : part) {
      if (inside(entry.data_tag(), entry.page_bits)) entry.forget_data();
      if (inside(entry.execute_tag, entry.execute_page_bits)) flush_execute(entry);
    }
  }
}

void Core::forget_writable(const std::uint8_t* page) {
  for (auto& half : tlb) {
    for (TlbEntry& entry : half) {
      if (entry.write_tag != kNoTag && entry.write_at(entry.write_tag) == page)
        entry.write_tag = kNoTag;
    }
  }
}

// The Page records that code_lines points to go.
void Core::drop_all_code() {
  cache_.drop_all();
  for (auto& part : tlb) {
    for (TlbEntry& entry : part) {
      if (entry.write_tag != kNoTag && (entry.write_tag & kHasCode) != 0) entry.write_tag = kNoTag;
    }
  }
}

// A store to a page with decoded instructions that the TLB knows.
// CpuHost::code_write() is not told of these: a board with several CPUs on one memory must not fill
// kHasCode entries.
bool Core::store_in_code_page(std::uint64_t linear, unsigned size, std::uint64_t value, Rights as) {
  const auto part = static_cast<unsigned>(as);
  const std::uint64_t index = linear >> kPageBits & kTlbMask;
  const TlbEntry& entry = tlb[part][index];
  const auto offset = static_cast<std::uint32_t>(linear & kPageMask);
  if (entry.write_tag != ((linear & ~kPageMask) | kHasCode) || offset + size > kPageSize)
    return false;
  std::uint8_t* to = entry.write_at(linear);
  if ((*code_lines[part][index] & CodeCache::line_mask(offset, size)) != 0)
    note_store(to - offset, offset, size, &value);
  std::memcpy(to, &value, size);
  return true;
}

// Data beside code leaves decoded instructions alone, and a store into code drops just the blocks
// it hits; not even those when it changes what they expect to change. `bytes` are stored next;
// null: it is not known which.
void Core::note_store(const std::uint8_t* page, std::uint32_t offset, unsigned size,
                      const void* bytes) {
  if (!cache_.covers(page, offset, size)) return;
  const struct Store {
    const std::uint8_t* page;
    std::uint32_t offset;
    unsigned size;
    const void* bytes;
  } store{page, offset, size, bytes};
  const bool dropped = cache_.drop_range(page, offset, size, [this, &store](Block& block) {
    const auto first = static_cast<std::uint32_t>(block.host - store.page);
    return store.bytes != nullptr && store.offset >= first &&
           changes_immediate(block, store.offset - first, store.size, store.bytes);
  });
  if (!dropped) return;
  ++generation_;
  leave_after_current();
}

// Whether a store at an offset of a block is to an immediate operand, and the block is for the new
// value now. What is not expected to change yet will be, when it is decoded again.
bool Core::changes_immediate(Block& block, std::uint32_t offset, unsigned size, const void* bytes) {
  for (const SoftImmediate& soft : *block.soft) {
    if (offset >= soft.first && offset + size <= soft.end)
      return refresh(block, soft, offset, size, bytes);
  }
  const Insn* insns = insns_of(block);
  std::uint32_t start = 0;
  for (std::uint32_t i = 0; i < block.count && start <= offset; ++i) {
    const std::uint32_t next = start + insns[i].length;
    if (offset < next) {
      const std::uint8_t* insn = block.host + start;
      if (offset + size <= next) changed_[changed_place(insn)] = insn;
      break;
    }
    start = next;
  }
  return false;
}

bool Core::refresh(Block& block, const SoftImmediate& soft, std::uint32_t offset, unsigned size,
                   const void* bytes) {
  Insn& insn = insns_of(block)[soft.insn];
  if (current_ == &insn) return false;  // its own: it may not have been read for the last time
  std::array<std::uint8_t, 8> operand{};
  std::memcpy(operand.data(), block.host + soft.first, soft.end - soft.first);
  std::memcpy(operand.data() + (offset - soft.first), bytes, size);
  insn.imm = soft.extended(load_le<std::uint64_t>(operand.data()));
  return true;
}

std::uint8_t* Core::bulk_target(std::uint64_t linear, std::uint64_t& bytes) {
  const auto part = static_cast<unsigned>(rights);
  const std::uint64_t index = linear >> kPageBits & kTlbMask;
  const TlbEntry& entry = tlb[part][index];
  const auto offset = static_cast<std::uint32_t>(linear & kPageMask);
  bytes = std::min<std::uint64_t>(bytes, kPageSize - offset);
  if ((entry.write_tag & ~kHasCode) != (linear & ~kPageMask)) return nullptr;
  if ((entry.write_tag & kHasCode) != 0 && bytes != 0) {
    const std::uint64_t hit = *code_lines[part][index] & CodeCache::line_mask(offset, bytes);
    if (hit != 0) {
      const auto first = static_cast<std::uint32_t>(std::countr_zero(hit)) << CodeCache::kLineBits;
      bytes = first > offset ? first - offset : 0;
    }
  }
  return bytes != 0 ? entry.write_at(linear) : nullptr;
}

void Core::forget_all_writable() {
  // Pages of long ago would mean to look at their entries again and again.
  constexpr std::size_t kMost = 128;
  if (filled_.size() > kMost) return flush_tlb();
  for (const std::uint16_t slot : filled_)
    tlb[slot >> kTlbBits][slot & kTlbMask].write_tag = kNoTag;
}

bool Core::translate_and_fill(std::uint64_t linear, Access access, Rights as, Gpa& gpa) {
  sync_count();
  Translation to;
  if (!walk(linear, access, as, to, false)) return false;
  fill_tlb(linear, to, access, as);
  gpa = to.gpa;
  return true;
}

void Core::fill_tlb(std::uint64_t linear, const Translation& to, Access access, Rights as) {
  const auto part = static_cast<unsigned>(as);
  const std::uint64_t index = linear >> kPageBits & kTlbMask;
  TlbEntry& entry = tlb[part][index];
  const std::uint64_t tag = linear & ~kPageMask;
  const auto slot = static_cast<std::uint16_t>(index | part << kTlbBits);
  if (!entry.in_filled) {
    entry.in_filled = true;
    filled_.push_back(slot);
  }
  if (!to.global && !entry.in_local) {
    entry.in_local = true;
    local_.push_back(slot);
  }
  if (access == Access::kExecute) {
    if (entry.execute_tag != tag && entry.execute_tag != kNoTag) {
      ++generation_;
      if (jit_ != nullptr) jit_->forget_page(slot);
    }
    entry.execute_global = to.global;
    entry.execute_page_bits = to.page_bits;
  } else {
    // A write tag may have kHasCode.
    if ((entry.data_tag() & ~kHasCode) != tag) entry.forget_data();
    entry.global = to.global;
    entry.page_bits = to.page_bits;
  }
  if (to.page_bits > kPageBits) note_large_page(linear, to.page_bits);
  if (as == Rights::kUserAligned && access != Access::kExecute) return;
  if (data_breakpoints_ && access != Access::kExecute && data_breakpoint_in_page(linear)) return;
  const PageView view = host.page(to.gpa);
  switch (access) {
    case Access::kRead:
      if (view.read != nullptr) {
        entry.read_tag = tag;
        entry.read_addend = reinterpret_cast<std::uintptr_t>(view.read) - tag;
      }
      // The tables may have changed, and nobody was told: then this is where stores go now, too.
      if (entry.write_tag != kNoTag &&
          (view.read == nullptr || entry.write_addend != entry.read_addend))
        entry.write_tag = kNoTag;
      // Most pages that are read are written next. One that has not been written since the last
      // snapshot stays clean until it is.
      if (to.writable && view.write == view.read && view.write != nullptr &&
          (*view.write_flags & (Ram::kCode | Ram::kDirty)) == Ram::kDirty) {
        entry.write_tag = tag;
        entry.write_addend = reinterpret_cast<std::uintptr_t>(view.write) - tag;
      }
      break;
    case Access::kWrite:
      // Stores to pages with decoded instructions are looked at. One tag stands for reading and
      // writing what was read: both must be the same bytes.
      if (view.write != nullptr && view.write == view.read) {
        const bool code = (*view.write_flags & Ram::kCode) != 0;
        const std::uint64_t* lines = nullptr;
        if (code) lines = cache_.lines(view.write);
        if (code && lines == nullptr) {
          entry.write_tag = kNoTag;
        } else {
          *view.write_flags |= Ram::kWritten;
          entry.write_tag = code ? tag | kHasCode : tag;
          entry.write_addend = reinterpret_cast<std::uintptr_t>(view.write) - tag;
          code_lines[part][index] = lines;
        }
      }
      // What may be written may be read, by the same rights.
      if (view.read != nullptr) {
        entry.read_tag = tag;
        entry.read_addend = reinterpret_cast<std::uintptr_t>(view.read) - tag;
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

// Widens the range in which large pages are known to be, so that INVLPG elsewhere stays cheap.
void Core::note_large_page(std::uint64_t linear, unsigned page_bits) {
  const std::uint64_t page = ~((std::uint64_t{1} << page_bits) - 1);
  if (large_pages_.count == 0) {
    large_pages_ = {linear & page, page, 1};
    return;
  }
  large_pages_.mask &= page;
  while (((linear ^ large_pages_.base) & large_pages_.mask) != 0) large_pages_.mask <<= 1;
  large_pages_.base &= large_pages_.mask;
}

// SDM vol. 3A section 6.15, interrupt 17.
static bool misaligned(Rights as, std::uint64_t linear, unsigned size) {
  return as == Rights::kUserAligned && (linear & (size - 1)) != 0;
}

// An access that begins below the hole and reaches into it is #GP before any page is looked at.
bool Core::whole_canonical(std::uint64_t linear, unsigned size) {
  return !long_active() || canonical(linear + size - 1) ? true : raise(kGp, 0);
}

bool Core::read_slow(std::uint64_t linear, unsigned size, std::uint64_t& value, Rights as) {
  if (misaligned(as, linear, size)) return raise(kAc, 0);
  if (data_breakpoints_) note_data_access(linear, size, false);
  if ((linear & kPageMask) + size > kPageSize) {
    // Both pages are translated before either is read: a fault has no side effects.
    Gpa first = 0;
    Gpa second = 0;
    const auto in_first = static_cast<unsigned>(kPageSize - (linear & kPageMask));
    const std::uint64_t next = (linear + in_first) & linear_mask;
    if (!whole_canonical(linear, size)) return false;
    if (!translate_and_fill(linear, Access::kRead, as, first)) return false;
    if (!translate_and_fill(next, Access::kRead, as, second)) return false;
    value = 0;
    for (unsigned i = 0; i < size; ++i) {
      const Gpa gpa = i < in_first ? first + i : second + (i - in_first);
      value |= host.memory_read(gpa, 1) << (i * 8);
    }
    return true;
  }
  Gpa gpa = 0;
  if (!translate_and_fill(linear, Access::kRead, as, gpa)) return false;
  const TlbEntry& entry = tlb[static_cast<unsigned>(as)][linear >> kPageBits & kTlbMask];
  if (entry.read_tag == (linear & ~kPageMask)) {  // plain bytes, which it now has
    value = 0;
    std::memcpy(&value, entry.read_at(linear), size);
    return true;
  }
  value = host.memory_read(gpa, size);
  return true;
}

bool Core::probe_write(std::uint64_t linear, unsigned size) {
  if (misaligned(rights, linear, size)) return raise(kAc, 0);
  Gpa gpa = 0;
  if (!whole_canonical(linear, size)) return false;
  if (!translate_and_fill(linear, Access::kWrite, rights, gpa)) return false;
  if ((linear & kPageMask) + size > kPageSize) {
    return translate_and_fill(((linear | kPageMask) + 1) & linear_mask, Access::kWrite, rights,
                              gpa);
  }
  return true;
}

bool Core::write_slow(std::uint64_t linear, unsigned size, std::uint64_t value, Rights as) {
  if (store_in_code_page(linear, size, value, as)) return true;
  if (misaligned(as, linear, size)) return raise(kAc, 0);
  if (data_breakpoints_) note_data_access(linear, size, true);
  if ((linear & kPageMask) + size > kPageSize) {
    Gpa first = 0;
    Gpa second = 0;
    const auto in_first = static_cast<unsigned>(kPageSize - (linear & kPageMask));
    const std::uint64_t next = (linear + in_first) & linear_mask;
    if (!whole_canonical(linear, size)) return false;
    if (!translate_and_fill(linear, Access::kWrite, as, first)) return false;
    if (!translate_and_fill(next, Access::kWrite, as, second)) return false;
    for (unsigned i = 0; i < size; ++i) {
      const Gpa gpa = i < in_first ? first + i : second + (i - in_first);
      store_physical(gpa, 1, value >> (i * 8) & 0xff);
    }
    return true;
  }
  Gpa gpa = 0;
  if (!translate_and_fill(linear, Access::kWrite, as, gpa)) return false;
  const TlbEntry& entry = tlb[static_cast<unsigned>(as)][linear >> kPageBits & kTlbMask];
  if (entry.write_tag == (linear & ~kPageMask)) {
    std::memcpy(entry.write_at(linear), &value, size);
    return true;
  }
  store_physical(gpa, size, value);
  return true;
}

void Core::store_physical(Gpa gpa, unsigned size, std::uint64_t value) {
  const PageView view = host.page(gpa);
  if (view.write == nullptr || (*view.write_flags & Ram::kCode) == 0) {
    host.memory_write(gpa, size, value);
    return;
  }
  const auto offset = static_cast<std::uint32_t>(gpa & kPageMask);
  note_store(view.write, offset, size, &value);
  host.code_write(view.write);
  *view.write_flags |= Ram::kWritten;
  std::memcpy(view.write + offset, &value, size);
}

}  // namespace ice86::cpu
