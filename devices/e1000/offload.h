// SPDX-License-Identifier: LGPL-2.1-or-later
// The one's complement sum of the Internet protocols, and the Ethernet frame check sequence.
// Reference: RFC 1071; IEEE 802.3-2002 clause 3.2.8.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace ice86::devices::offload {

inline std::uint16_t load_be16(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
inline void store_be16(std::span<std::uint8_t> bytes, std::size_t at, std::uint32_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}
inline std::uint32_t load_be32(std::span<const std::uint8_t> bytes, std::size_t at) {
  return std::uint32_t{load_be16(bytes, at)} << 16 | load_be16(bytes, at + 2);
}
inline void store_be32(std::span<std::uint8_t> bytes, std::size_t at, std::uint32_t value) {
  store_be16(bytes, at, value >> 16);
  store_be16(bytes, at + 2, value);
}

// Big-endian 16-bit words, the last byte padded with zero, added to `start` and folded.
inline std::uint16_t ones_complement_sum(std::span<const std::uint8_t> bytes,
                                         std::uint32_t start = 0) {
  std::uint64_t sum = start;
  std::size_t i = 0;
  for (; i + 1 < bytes.size(); i += 2) sum += load_be16(bytes, i);
  if (i < bytes.size()) sum += static_cast<std::uint32_t>(bytes[i]) << 8;
  while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

constexpr auto kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int k = 0; k < 8; ++k) value = (value & 1) != 0 ? value >> 1 ^ 0xEDB8'8320U : value >> 1;
    table[i] = value;
  }
  return table;
}();

// As it follows the frame, least significant byte first.
inline std::uint32_t frame_check_sequence(std::span<const std::uint8_t> frame) {
  std::uint32_t crc = 0xFFFF'FFFF;
  for (const std::uint8_t byte : frame) crc = crc >> 8 ^ kCrcTable[(crc ^ byte) & 0xFF];
  return ~crc;
}

}  // namespace ice86::devices::offload
