// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/base/host_memory.h"

#include <sys/mman.h>

#include <cstdint>

namespace ice86 {

namespace {

// For the whole units, a power of two each, that lie in this memory.
[[maybe_unused]] void advise(void* begin, std::size_t bytes, std::uintptr_t unit, int advice) {
  const auto first = reinterpret_cast<std::uintptr_t>(begin);
  const std::uintptr_t from = (first + unit - 1) & ~(unit - 1);
  const std::uintptr_t to = (first + bytes) & ~(unit - 1);
  if (from < to) ::madvise(reinterpret_cast<void*>(from), to - from, advice);
}

}  // namespace

void expect_filling([[maybe_unused]] void* begin, [[maybe_unused]] std::size_t bytes) {
#ifdef MADV_HUGEPAGE
  constexpr std::uintptr_t kLargePage = std::uintptr_t{2} << 20;
  advise(begin, bytes, kLargePage, MADV_HUGEPAGE);
#endif
}

void about_to_fill([[maybe_unused]] void* begin, [[maybe_unused]] std::size_t bytes) {
#ifdef MADV_POPULATE_WRITE
  constexpr std::uintptr_t kPage = 4096;
  advise(begin, bytes, kPage, MADV_POPULATE_WRITE);
#endif
}

}  // namespace ice86
