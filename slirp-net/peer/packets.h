// SPDX-License-Identifier: LGPL-2.1-or-later
// Bytes of packets in network order, and the Internet checksum.
// Reference: RFC 1071.
#pragma once

#include <cstdint>
#include <iterator>
#include <span>
#include <vector>

#include "slirp-net/user_options.h"

namespace ice86::slirp_net::peer {

using Bytes = std::vector<std::uint8_t>;
using View = std::span<const std::uint8_t>;

constexpr std::uint8_t kIcmpProtocol = 1, kTcpProtocol = 6, kUdpProtocol = 17;

inline std::uint16_t word(View bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
inline std::uint32_t number(View bytes, std::size_t at) {
  return std::uint32_t{word(bytes, at)} << 16 | word(bytes, at + 2);
}
inline void append16(Bytes& bytes, std::uint32_t value) {
  bytes.push_back(static_cast<std::uint8_t>(value >> 8));
  bytes.push_back(static_cast<std::uint8_t>(value));
}
inline void append32(Bytes& bytes, std::uint32_t value) {
  append16(bytes, value >> 16);
  append16(bytes, value & 0xFFFF);
}
template <typename Range>
void append_all(Bytes& bytes, const Range& range) {
  bytes.insert(bytes.end(), std::begin(range), std::end(range));
}
inline void put16(Bytes& bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

// Of `bytes`, whose sum begins with `start`; 0 when a checksum in it is right.
inline std::uint16_t checksum(View bytes, std::uint32_t start = 0) {
  std::uint64_t sum = start;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    sum += i % 2 == 0 ? std::uint32_t{bytes[i]} << 8 : bytes[i];
  while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

// What TCP and UDP begin with (RFC 9293 section 3.1).
inline std::uint32_t pseudo_header_sum(const Ipv4& from, const Ipv4& to, std::uint8_t protocol,
                                       std::size_t size) {
  return (std::uint32_t{from[0]} << 8 | from[1]) + (std::uint32_t{from[2]} << 8 | from[3]) +
         (std::uint32_t{to[0]} << 8 | to[1]) + (std::uint32_t{to[2]} << 8 | to[3]) + protocol +
         static_cast<std::uint32_t>(size);
}

}  // namespace ice86::slirp_net::peer
