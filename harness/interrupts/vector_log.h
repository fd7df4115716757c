// SPDX-License-Identifier: LGPL-2.1-or-later
// The interrupt vector table as it changes: who hooked what. Pointers that are no handlers (disk
// parameters at 1Eh, 41h and 46h, video parameters, fonts) are entries like the others.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/trace/int_event.h"

namespace ice86::harness {

class VectorLog {
 public:
  // How much of the table is compared, from linear address 0.
  static constexpr unsigned kVectors = 0x78;
  static constexpr std::uint32_t kTableBytes = kVectors * 4;

  // Compares the table, kTableBytes of it, with what it was. `call` begins, and `caller` made it.
  // What the first look finds is where changes are counted from. Whether it is another table now.
  bool look(std::span<const std::uint8_t> table, std::uint64_t call, const FarPointer& caller);

  const std::vector<VectorChange>& changes() const { return changes_; }

  // What one of these vectors held at the last look; there has been one.
  FarPointer holds(std::uint8_t vector) const;

  // Whether this vector has held `handler` before.
  bool had(std::uint8_t vector, const FarPointer& handler) const;

  // The vectors from `first` to `last` that held a handler at this linear address at the last look.
  std::vector<std::uint8_t> held(std::uint32_t handler, std::uint8_t first,
                                 std::uint8_t last) const;

 private:
  // Vectors in use on a PC.
  static bool watched(unsigned vector) {
    return vector < 0x20 || (vector >= 0x40 && vector < 0x50) || vector >= 0x60;
  }

  std::vector<std::uint8_t> table_;  // empty before the first look
  std::vector<VectorChange> changes_;
};

}  // namespace ice86::harness
