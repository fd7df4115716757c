// SPDX-License-Identifier: LGPL-2.1-or-later
// Small helpers for bit fields and little-endian bytes.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace ice86 {

static_assert(std::endian::native == std::endian::little,
              "guest memory is accessed in host byte order; a big-endian host needs swaps in "
              "load_le/store_le");

// bits(value, 7, 4) is value[7:4], as data sheets write it.
template <typename T>
constexpr T bits(T value, unsigned high, unsigned low) {
  using U = std::make_unsigned_t<T>;
  const unsigned width = high - low + 1;
  const U mask =
      width >= sizeof(T) * 8 ? static_cast<U>(~U{0}) : static_cast<U>((U{1} << width) - 1);
  return static_cast<T>((static_cast<U>(value) >> low) & mask);
}

template <typename T>
constexpr bool bit(T value, unsigned index) {
  return ((static_cast<std::make_unsigned_t<T>>(value) >> index) & 1) != 0;
}

// The all-ones value of an access of `width` bytes (1, 2, 4 or 8).
constexpr std::uint64_t width_mask(unsigned width) {
  return width >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (width * 8)) - 1;
}

template <typename T>
T load_le(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <typename T>
void store_le(void* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

constexpr std::uint64_t align_down(std::uint64_t value, std::uint64_t alignment) {
  return value & ~(alignment - 1);
}
constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

}  // namespace ice86
