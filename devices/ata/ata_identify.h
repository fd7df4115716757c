// SPDX-License-Identifier: LGPL-2.1-or-later
// The 256 words that a device tells about itself.
// Reference: ATA/ATAPI-6 (T13/1410D revision 3b), section 8.15.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "emulator/base/bits.h"

namespace ice86::devices {

struct IdentifyData {
  std::array<std::uint8_t, 512> bytes{};

  void word(unsigned index, std::uint16_t value) { store_le(&bytes[index * 2], value); }
  void dword(unsigned index, std::uint32_t value) { store_le(&bytes[index * 2], value); }
  // `value` is cut or padded with spaces.
  void text(unsigned first, unsigned words, std::string_view value);
  // Signature and checksum, word 255.
  void seal();
};

}  // namespace ice86::devices
