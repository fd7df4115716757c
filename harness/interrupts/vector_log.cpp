// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/interrupts/vector_log.h"

#include <algorithm>

namespace ice86::harness {

namespace {

// A BIOS writes its table once; a guest that writes it for ever may not fill the host.
constexpr std::size_t kMostChanges = 10'000;

FarPointer pointer(std::uint64_t pair, unsigned half) {
  const auto value = static_cast<std::uint32_t>(pair >> (half * 32));
  return {static_cast<std::uint16_t>(value >> 16), value & 0xffff};
}

}  // namespace

void VectorLog::look(const MemoryView& memory, std::uint64_t call, const FarPointer& caller) {
  const bool first = pairs_.empty();
  if (first) pairs_.resize(kVectors / 2);
  for (unsigned vector = 0; vector < kVectors; vector += 2) {
    if (!watched(vector)) continue;
    const std::uint64_t now = memory(vector * 4, 8);
    std::uint64_t& before = pairs_[vector / 2];
    if (now == before) continue;
    for (unsigned half = 0; half < 2 && !first; ++half) {
      const VectorChange change{call, static_cast<std::uint8_t>(vector + half),
                                pointer(before, half), pointer(now, half), caller};
      if (change.before != change.after && changes_.size() < kMostChanges)
        changes_.push_back(change);
    }
    before = now;
  }
}

bool VectorLog::had(std::uint8_t vector, const FarPointer& handler) const {
  return std::any_of(changes_.begin(), changes_.end(), [&](const VectorChange& change) {
    return change.vector == vector && change.before == handler;
  });
}

std::vector<std::uint8_t> VectorLog::held(std::uint32_t handler, std::uint8_t first,
                                          std::uint8_t last) const {
  std::vector<std::uint8_t> vectors;
  for (unsigned vector = first; vector <= last && vector / 2 < pairs_.size(); ++vector) {
    const FarPointer at = pointer(pairs_[vector / 2], vector % 2);
    if ((std::uint32_t{at.segment} << 4) + at.offset == handler)
      vectors.push_back(static_cast<std::uint8_t>(vector));
  }
  return vectors;
}

}  // namespace ice86::harness
