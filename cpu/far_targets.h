// SPDX-License-Identifier: LGPL-2.1-or-later
// Where far transfers of real mode lead that an observer wants to see. A guest makes hundreds of
// thousands of them, and few are calls or returns that anybody waits for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ice86::cpu {

// A set of linear addresses that may hold others as well: each stands for all of its place.
class FarTargets {
 public:
  static constexpr std::size_t kPlaces = std::size_t{1} << 16;

  // What translated code computes, too.
  static constexpr std::uint32_t place_of(std::uint32_t linear) {
    return (linear ^ linear >> 16) & (kPlaces - 1);
  }

  static const FarTargets& all() {
    static const FarTargets kAll(1);
    return kAll;
  }

  FarTargets() = default;

  void add(std::uint32_t linear) { places_[place_of(linear)] = 1; }
  bool may_have(std::uint32_t linear) const { return places_[place_of(linear)] != 0; }

 private:
  explicit FarTargets(std::uint8_t value) { places_.fill(value); }

  // 0: nothing is there. Translated code reads them.
  std::array<std::uint8_t, kPlaces> places_{};
};
static_assert(sizeof(FarTargets) == FarTargets::kPlaces);

}  // namespace ice86::cpu
