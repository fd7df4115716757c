// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/base/host_memory.h"

#include <sys/mman.h>

#include <cstdint>

namespace ice86 {

void expect_filling(void* begin, std::size_t bytes) {
#ifdef MADV_HUGEPAGE
  constexpr std::uintptr_t kLargePage = std::uintptr_t{2} << 20;
  const auto first = reinterpret_cast<std::uintptr_t>(begin);
  const std::uintptr_t from = (first + kLargePage - 1) & ~(kLargePage - 1);
  const std::uintptr_t to = (first + bytes) & ~(kLargePage - 1);
  if (from < to) ::madvise(reinterpret_cast<void*>(from), to - from, MADV_HUGEPAGE);
#else
  static_cast<void>(begin);
  static_cast<void>(bytes);
#endif
}

void about_to_fill(void* begin, std::size_t bytes) {
#ifdef MADV_POPULATE_WRITE
  constexpr std::uintptr_t kPage = 4096;
  const auto first = reinterpret_cast<std::uintptr_t>(begin);
  const std::uintptr_t from = (first + kPage - 1) & ~(kPage - 1);
  const std::uintptr_t to = (first + bytes) & ~(kPage - 1);
  if (from < to) ::madvise(reinterpret_cast<void*>(from), to - from, MADV_POPULATE_WRITE);
#else
  static_cast<void>(begin);
  static_cast<void>(bytes);
#endif
}

}  // namespace ice86
