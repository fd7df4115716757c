// SPDX-License-Identifier: LGPL-2.1-or-later
// The fuzzers' random numbers: the same on every host (splitmix64).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ice86::fuzz {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  std::uint32_t below(std::uint32_t limit) {
    return static_cast<std::uint32_t>((next() >> 32) * limit >> 32);
  }
  bool one_in(std::uint32_t n) { return below(n) == 0; }
  template <typename T, std::size_t N>
  const T& pick(const T (&values)[N]) {
    return values[below(static_cast<std::uint32_t>(N))];
  }

  std::uint64_t state() const { return state_; }
  void set_state(std::uint64_t state) { state_ = state; }

 private:
  std::uint64_t state_;
};

// One number from several, for seeds and hashes.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t z = a ^ (b + 0x9e3779b97f4a7c15 + (a << 6) + (a >> 2));
  z = (z ^ z >> 32) * 0xd6e8feb86659fd93;
  return z ^ z >> 32;
}

}  // namespace ice86::fuzz
