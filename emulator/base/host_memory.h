// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>

namespace ice86 {

// Memory that will be filled from its beginning to its end, most of it: the host may back it with
// large pages, one page fault for 2 MiB instead of 512 (Linux, madvise(2): MADV_HUGEPAGE). A hint;
// what is not touched stays untouched but for the rest of a large page.
void expect_filling(void* begin, std::size_t bytes);

// Memory all of which is about to be written: the host may give its pages at once and not with a
// fault for each (Linux 5.14, madvise(2): MADV_POPULATE_WRITE). A hint, too; what it holds stays.
void about_to_fill(void* begin, std::size_t bytes);

}  // namespace ice86
