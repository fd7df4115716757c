// SPDX-License-Identifier: LGPL-2.1-or-later
// Guest memory: zero-filled host pages that cost nothing until touched, with a flag byte for each
// page.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "emulator/base/archive.h"
#include "emulator/bus/types.h"

namespace ice86 {

class Ram {
 public:
  // Page flags. Whoever writes to a page sets kWritten, which is one flag for each party that wants
  // to know what changed since it last looked and clears its own. Whoever decodes instructions from
  // a page sets kCode and is told of the next write (MemorySpace::on_code_write).
  static constexpr std::uint8_t kCode = 0x01;
  static constexpr std::uint8_t kDirty = 0x02;    // snapshots
  static constexpr std::uint8_t kRepaint = 0x04;  // a display
  static constexpr std::uint8_t kWritten = kDirty | kRepaint;

  // `name` is the section name in snapshots; `size` is a multiple of the page size.
  static Result<std::unique_ptr<Ram>> create(std::string name, std::uint64_t size);
  ~Ram();
  Ram(const Ram&) = delete;
  Ram& operator=(const Ram&) = delete;

  std::uint64_t size() const { return size_; }
  std::uint8_t* data() { return host_; }
  const std::uint8_t* data() const { return host_; }
  std::span<std::uint8_t> bytes() { return {host_, size_}; }
  std::span<const std::uint8_t> bytes() const { return {host_, size_}; }
  std::uint8_t* page_flags(std::uint64_t offset) { return &flags_[offset >> kPageBits]; }

  // Pages with kDirty set, in rising order, appended to `pages`; the flag is cleared. Whoever keeps
  // pages writable without looking at the flags (a CPU's TLB) has to be told.
  void take_dirty(std::vector<std::uint32_t>& pages);

  // All zero again, at no cost for untouched pages. Flags are cleared.
  void clear();

  // Stores the pages that are not all zero.
  void serialize(Archive& archive);

 private:
  Ram(std::string name, std::uint8_t* host, std::uint64_t size);

  std::string name_;
  std::uint8_t* host_;
  std::uint64_t size_;
  std::vector<std::uint8_t> flags_;
};

}  // namespace ice86
