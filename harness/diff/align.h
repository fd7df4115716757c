// SPDX-License-Identifier: LGPL-2.1-or-later
// Aligns two sequences, so that what both have stands beside each other whatever was inserted into
// one of them, or left out.
// Reference: E. W. Myers, An O(ND) Difference Algorithm and Its Variations, 1986.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace ice86::harness {

// Positions in both; none: this side has no partner. One of the two is always there.
using AlignedPair = std::pair<std::optional<std::size_t>, std::optional<std::size_t>>;

// Elements are equal when their numbers are. Everything of both is in the answer, in order. What
// both have exactly once holds its place; between, the edit script is the shortest, or, where the
// sequences have little in common, one that is near it.
std::vector<AlignedPair> align(std::span<const std::uint32_t> left,
                               std::span<const std::uint32_t> right);

}  // namespace ice86::harness
