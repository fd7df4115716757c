// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/interrupts/vector_log.h"

#include <algorithm>

#include "emulator/base/assert.h"
#include "emulator/base/bits.h"

namespace ice86::harness {

namespace {

// A BIOS writes its table once; a guest that writes it for ever may not fill the host.
constexpr std::size_t kMostChanges = 10'000;

constexpr unsigned kEntryBytes = 4;

FarPointer entry_in(std::span<const std::uint8_t> table, unsigned vector) {
  const std::uint8_t* at = table.data() + vector * kEntryBytes;
  return {load_le<std::uint16_t>(at + 2), load_le<std::uint16_t>(at)};
}

}  // namespace

bool VectorLog::look(std::span<const std::uint8_t> table, std::uint64_t call,
                     const FarPointer& caller) {
  ICE86_ASSERT(table.size() == kTableBytes);
  if (std::equal(table.begin(), table.end(), table_.begin(), table_.end())) return false;
  for (unsigned vector = 0; vector < kVectors && !table_.empty(); ++vector) {
    const VectorChange change{call, static_cast<std::uint8_t>(vector), entry_in(table_, vector),
                              entry_in(table, vector), caller};
    if (watched(vector) && change.before != change.after && changes_.size() < kMostChanges)
      changes_.push_back(change);
  }
  table_.assign(table.begin(), table.end());
  return true;
}

FarPointer VectorLog::holds(std::uint8_t vector) const {
  ICE86_ASSERT(vector < kVectors && !table_.empty());
  return entry_in(table_, vector);
}

bool VectorLog::had(std::uint8_t vector, const FarPointer& handler) const {
  return std::any_of(changes_.begin(), changes_.end(), [&](const VectorChange& change) {
    return change.vector == vector && change.before == handler;
  });
}

std::vector<std::uint8_t> VectorLog::held(std::uint32_t handler, std::uint8_t first,
                                          std::uint8_t last) const {
  std::vector<std::uint8_t> vectors;
  for (unsigned vector = first; vector <= last && !table_.empty(); ++vector) {
    const FarPointer at = entry_in(table_, vector);
    if ((std::uint32_t{at.segment} << 4) + at.offset == handler)
      vectors.push_back(static_cast<std::uint8_t>(vector));
  }
  return vectors;
}

}  // namespace ice86::harness
