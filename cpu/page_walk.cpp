// SPDX-License-Identifier: LGPL-2.1-or-later
// The three paging modes: 32-bit, PAE and 4-level; rights, reserved bits, accessed and dirty bits.
// Reference: Intel SDM vol. 3A chapter 4.
#include <algorithm>
#include <array>

#include "cpu/core.h"

namespace ice86::cpu {

namespace {

// Paging-structure entry bits (SDM vol. 3A tables 4-5 to 4-20).
constexpr std::uint64_t kPresent = 1u << 0, kWritable = 1u << 1, kUserPage = 1u << 2,
                        kAccessed = 1u << 5, kDirty = 1u << 6, kLarge = 1u << 7, kGlobal = 1u << 8,
                        kExecuteDisable = std::uint64_t{1} << 63;
// Bits of an entry of 8 bytes that hold an address.
constexpr std::uint64_t kAddress = 0x000ffffffffff000;
// A PDPTE register's reserved bits besides those of the address (SDM vol. 3A table 4-8).
constexpr std::uint64_t kPdpteReserved = 0x1e6 | 0xfff0000000000000;

// Page-fault error code bits (SDM vol. 3A section 4.7).
constexpr std::uint32_t kErrorPresent = 1u << 0, kErrorWrite = 1u << 1, kErrorUser = 1u << 2,
                        kErrorReserved = 1u << 3, kErrorFetch = 1u << 4;

constexpr Gpa kA20 = 1u << 20;

// Levels of an entry, as the number of linear-address bits below those that index it.
enum Level : unsigned { kPte = 12, kPde = 21, kPde32 = 22, kPdpte = 30, kPml4e = 39 };

}  // namespace

static unsigned physical_bits_of(const CpuModel& model, const FeatureSet& features) {
  if (const CpuModel::Leaf* const sizes = model.find(0x80000008, 0))
    return std::clamp(sizes->values[0] & 0xff, 32u, 52u);
  return features.has(Feature::kPae) || features.has(Feature::kPse36) ? 36 : 32;
}

unsigned Core::physical_bits() const {
  if (physical_bits_ == 0) physical_bits_ = physical_bits_of(model, features);
  return physical_bits_;
}

// Address bits of an entry that are beyond the physical address width.
static std::uint64_t beyond(const Core& c) {
  return kAddress & ~((std::uint64_t{1} << c.physical_bits()) - 1);
}

// What must be clear in a present entry; `level` as above.
static std::uint64_t reserved_bits(const Core& c, unsigned level, bool leaf, bool large_allowed) {
  if (level == kPde32 || (level == kPte && (c.s.cr4 & cr4::kPae) == 0)) {
    if (level == kPte || !leaf) return 0;
    // 4-MByte pages: bits 20:13 are address bits 39:32, as far as there are any (PSE-36).
    const unsigned high = c.has(Feature::kPse36) && c.physical_bits() > 32
                              ? std::min(c.physical_bits(), 40u) - 32
                              : 0;
    const std::uint64_t used = ((std::uint64_t{1} << high) - 1) << 13;
    return 0x003fe000 & ~used;
  }
  std::uint64_t mask = beyond(c);
  if ((c.s.efer & efer::kNxe) == 0) mask |= kExecuteDisable;
  if ((c.s.efer & efer::kLma) == 0) mask |= 0x7ff0000000000000;  // ignored in 4-level paging only
  if (!large_allowed && level != kPte) mask |= kLarge;
  if (leaf && level == kPdpte) mask |= 0x3fffe000;
  if (leaf && level == kPde) mask |= 0x001fe000;
  return mask;
}

std::uint64_t Core::read_table(Gpa at, unsigned width) {
  TablePage& known = table_pages_[at >> kPageBits & (kTablePages - 1)];
  const Gpa page = at & ~Gpa{kPageMask};
  if (known.page != page) {
    const PageView view = host.page(at);
    if (view.read == nullptr) return host.memory_read(at, width);
    known = {page, view.read};
  }
  const std::uint8_t* entry = known.host + (at & kPageMask);
  return width == 8 ? load_le<std::uint64_t>(entry) : load_le<std::uint32_t>(entry);
}

bool Core::walk(std::uint64_t linear, Access access, Rights as, Translation& to, bool quiet) {
  const Gpa a20_mask = a20 ? ~Gpa{0} : ~kA20;
  if (!canonical(linear) && long_active()) return quiet ? false : raise(kGp, 0);
  to.page_bits = kPageBits;
  to.global = false;
  if ((s.cr0 & cr0::kPg) == 0) {
    to.gpa = linear & a20_mask;
    to.writable = true;
    return true;
  }
  const bool as_user = as == Rights::kUser || as == Rights::kUserAligned;
  const bool no_execute = (s.cr4 & cr4::kPae) != 0 && (s.efer & efer::kNxe) != 0;
  const auto fail = [&](std::uint32_t error) {
    if (quiet) return false;
    s.cr2 = linear;
    if (access == Access::kWrite) error |= kErrorWrite;
    if (as_user) error |= kErrorUser;
    if (access == Access::kExecute && (no_execute || (s.cr4 & cr4::kSmep) != 0))
      error |= kErrorFetch;
    return raise(kPf, error);
  };

  unsigned level = kPde32;
  unsigned index_bits = 10;
  unsigned width = 4;
  Gpa table = s.cr3 & 0xfffff000;
  if ((s.cr4 & cr4::kPae) != 0) {
    index_bits = 9;
    width = 8;
    if ((s.efer & efer::kLma) != 0) {
      level = kPml4e;
      table = s.cr3 & kAddress;
    } else {
      level = kPde;
      const std::uint64_t pdpte = s.pdpte[linear >> 30 & 3];
      if ((pdpte & kPresent) == 0) return fail(0);
      table = pdpte & kAddress;
    }
  }

  struct Visited {
    Gpa at;
    std::uint64_t entry;
  };
  std::array<Visited, 4> visited{};
  unsigned visits = 0;
  std::uint64_t all = kWritable | kUserPage;  // rights are those that every level gives
  std::uint64_t any = 0;
  for (;; level -= index_bits) {
    const Gpa index = linear >> level & ((1u << index_bits) - 1);
    const Gpa at = (table + index * width) & a20_mask;
    const std::uint64_t entry = quiet ? host.memory_peek(at, width) : read_table(at, width);
    visited[visits++] = {at, entry};
    if ((entry & kPresent) == 0) return fail(0);
    const bool large_allowed = level == kPde || (level == kPde32 && (s.cr4 & cr4::kPse) != 0) ||
                               (level == kPdpte && has(Feature::kPdpe1gb));
    const bool leaf = level == kPte || (large_allowed && (entry & kLarge) != 0);
    if ((entry & reserved_bits(*this, level, leaf, large_allowed)) != 0)
      return fail(kErrorPresent | kErrorReserved);
    all &= entry;
    any |= entry;
    if (leaf) break;
    table = entry & (width == 8 ? kAddress : 0xfffff000);
  }

  // Rights (SDM vol. 3A section 4.6.1).
  const bool user_page = (all & kUserPage) != 0;
  bool allowed = true;
  if (as_user) {
    allowed = user_page && (access != Access::kWrite || (all & kWritable) != 0);
  } else if (access == Access::kExecute) {
    allowed = !user_page || (s.cr4 & cr4::kSmep) == 0;
  } else {
    // Supervisor writes ignore read-only pages unless CR0.WP is set.
    allowed = access != Access::kWrite || (all & kWritable) != 0 || (s.cr0 & cr0::kWp) == 0;
    if (user_page && (s.cr4 & cr4::kSmap) != 0 && as != Rights::kSupervisorAc) allowed = false;
  }
  if (access == Access::kExecute && no_execute && (any & kExecuteDisable) != 0) allowed = false;
  if (!allowed) return fail(kErrorPresent);

  if (!quiet) {
    for (unsigned i = 0; i < visits; ++i) {
      const bool last = i + 1 == visits;
      const std::uint64_t wanted =
          kAccessed | (last && access == Access::kWrite ? kDirty : std::uint64_t{0});
      if ((visited[i].entry & wanted) != wanted)
        host.memory_write(visited[i].at, width, visited[i].entry | wanted);
    }
  }
  const std::uint64_t entry = visited[visits - 1].entry;
  const std::uint64_t inside = (std::uint64_t{1} << level) - 1;
  if (level == kPde32) {
    to.gpa = (entry & 0xffc00000) | (entry >> 13 & 0xff) << 32 | (linear & inside);
  } else {
    to.gpa = (entry & (width == 8 ? kAddress : 0xfffff000) & ~inside) | (linear & inside);
  }
  to.gpa &= a20_mask;
  to.page_bits = static_cast<std::uint8_t>(level);
  to.writable = (access == Access::kWrite || (entry & kDirty) != 0) &&
                ((all & kWritable) != 0 || (!as_user && (s.cr0 & cr0::kWp) == 0));
  to.global = (entry & kGlobal) != 0 && (s.cr4 & cr4::kPge) != 0;
  return true;
}

bool Core::load_pdptes(std::uint64_t from_cr3) {
  const Gpa a20_mask = a20 ? ~Gpa{0} : ~kA20;
  std::array<std::uint64_t, 4> loaded{};
  for (unsigned i = 0; i < loaded.size(); ++i) {
    loaded[i] = host.memory_read(((from_cr3 & 0xffffffe0) + i * 8) & a20_mask, 8);
    if ((loaded[i] & kPresent) != 0 && (loaded[i] & (kPdpteReserved | beyond(*this))) != 0)
      return raise(kGp, 0);
  }
  s.pdpte = loaded;
  return true;
}

}  // namespace ice86::cpu
