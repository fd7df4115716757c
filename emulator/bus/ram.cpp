// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/bus/ram.h"

#include <fmt/core.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <functional>

namespace ice86 {

namespace {

bool all_zero(const std::uint8_t* page) {
  return page[0] == 0 && std::memcmp(page, page + 1, kPageSize - 1) == 0;
}

}  // namespace

Result<std::unique_ptr<Ram>> Ram::create(std::string name, std::uint64_t size) {
  ICE86_ASSERT(size != 0 && (size & kPageMask) == 0);
  void* host = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (host == MAP_FAILED) {
    return Error(
        fmt::format("the host has no {} MiB of address space for guest memory", size >> 20));
  }
  return std::unique_ptr<Ram>(new Ram(std::move(name), static_cast<std::uint8_t*>(host), size));
}

Ram::Ram(std::string name, std::uint8_t* host, std::uint64_t size)
    : name_(std::move(name)), host_(host), size_(size), flags_(size >> kPageBits) {}

Ram::~Ram() {
  ::munmap(host_, size_);
}

void Ram::clear() {
  // Anonymous private pages read as zero again after MADV_DONTNEED (madvise(2)).
  ICE86_ASSERT(::madvise(host_, size_, MADV_DONTNEED) == 0);
  std::fill(flags_.begin(), flags_.end(), std::uint8_t{0});
}

void Ram::take_dirty(std::vector<std::uint32_t>& pages) {
  // A fuzzer asks many thousand times a second and mostly nothing is set: many flags at once.
  typedef std::uint64_t Flags __attribute__((vector_size(16)));
  constexpr std::size_t kAtOnce = 256;
  constexpr std::uint64_t kEach = 0x0101010101010101 * std::uint64_t{kDirty};
  for (std::size_t page = 0; page < flags_.size(); page += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, flags_.size() - page);
    if (count == kAtOnce) {
      Flags some{};
      for (std::size_t i = 0; i < kAtOnce; i += sizeof(Flags)) {
        Flags flags;
        std::memcpy(&flags, &flags_[page + i], sizeof flags);
        some |= flags;
      }
      if (((some[0] | some[1]) & kEach) == 0) continue;
    }
    for (std::size_t i = page; i < page + count; ++i) {
      if ((flags_[i] & kDirty) == 0) continue;
      flags_[i] = static_cast<std::uint8_t>(flags_[i] & ~kDirty);
      pages.push_back(static_cast<std::uint32_t>(i));
    }
  }
}

void Ram::serialize(Archive& archive) {
  archive.section(name_, 1, [&] {
    std::uint64_t size = size_;
    archive.io(size);
    if (archive.ok() && size != size_)
      return archive.fail("the machine has a different memory size");
    if (MemoryKeeper* keeper = archive.memories(); keeper != nullptr && archive.ok()) {
      if (!archive.loading()) return keeper->save(name_, bytes(), flags_);
      if (!keeper->load(name_, bytes(), flags_)) archive.fail("its pages are not there");
      return;
    }
    std::vector<std::uint32_t> stored;
    if (!archive.loading()) {
      for (std::uint64_t page = 0; page < flags_.size(); ++page) {
        if (!all_zero(host_ + page * kPageSize)) stored.push_back(static_cast<std::uint32_t>(page));
      }
    }
    archive.io(stored, flags_.size());
    if (!archive.ok()) return;
    if (archive.loading()) {
      if (!(std::adjacent_find(stored.begin(), stored.end(), std::greater_equal<>()) ==
            stored.end()) ||
          (!stored.empty() && stored.back() >= flags_.size())) {
        return archive.fail("the list of stored pages is damaged");
      }
      if (archive.remaining() < stored.size() * kPageSize) {
        return archive.fail("the archive is cut short");
      }
      clear();
    }
    for (const std::uint32_t page : stored) archive.io({host_ + page * kPageSize, kPageSize});
    if (archive.loading()) std::fill(flags_.begin(), flags_.end(), kWritten);
  });
}

}  // namespace ice86
