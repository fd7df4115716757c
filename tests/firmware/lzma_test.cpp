// SPDX-License-Identifier: LGPL-2.1-or-later
// The firmware's own LZMA decoder, against liblzma's encoder: all settings it knows, and data that
// is cut off or damaged, which must stay within its bounds.
#include <gtest/gtest.h>
#include <lzma.h>

#include <cstring>
#include <random>
#include <vector>

extern "C" {
#include "firmware/common/lzma.h"
}

namespace ice86 {
namespace {

using Bytes = std::vector<std::uint8_t>;

// Text, machine code and noise in one: all kinds of symbols occur.
Bytes sample(unsigned seed, std::size_t size) {
  std::mt19937 random(seed);
  Bytes bytes;
  while (bytes.size() < size) {
    const unsigned kind = random() % 4, count = 1 + random() % 300;
    for (unsigned i = 0; i < count; ++i) {
      if (kind == 0 || bytes.size() < 16) {
        bytes.push_back(static_cast<std::uint8_t>(random()));
      } else if (kind == 1) {
        bytes.push_back(static_cast<std::uint8_t>('a' + random() % 4));
      } else {
        const std::size_t back = kind == 2 ? 1 + random() % 16 : 1 + random() % bytes.size();
        bytes.push_back(bytes[bytes.size() - back]);
        if (kind == 3 && bytes.size() > 5000) {
          const std::size_t from = random() % (bytes.size() - 300);
          const Bytes copy(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                           bytes.begin() + static_cast<std::ptrdiff_t>(from + count));
          bytes.insert(bytes.end(), copy.begin(), copy.end());
        }
      }
    }
  }
  bytes.resize(size);
  return bytes;
}

Bytes packed(const Bytes& bytes, std::uint32_t lc, std::uint32_t lp, std::uint32_t pb) {
  lzma_options_lzma options;
  EXPECT_FALSE(lzma_lzma_preset(&options, 6));
  options.lc = lc;
  options.lp = lp;
  options.pb = pb;
  const lzma_filter filters[] = {{LZMA_FILTER_LZMA1, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
  Bytes out(bytes.size() * 2 + 1000);
  out[0] = static_cast<std::uint8_t>((pb * 5 + lp) * 9 + lc);
  std::size_t end = 1;
  EXPECT_EQ(lzma_raw_buffer_encode(filters, nullptr, bytes.data(), bytes.size(), out.data(), &end,
                                   out.size()),
            LZMA_OK);
  out.resize(end);
  return out;
}

// With a guard behind the output.
const char* unpack(Bytes& out, const Bytes& in) {
  const std::size_t size = out.size();
  out.resize(size + 64, 0xa5);
  const char* const problem = lzma_unpack(out.data(), static_cast<std::uint32_t>(size), in.data(),
                                          static_cast<std::uint32_t>(in.size()));
  for (std::size_t i = size; i < size + 64; ++i) EXPECT_EQ(out[i], 0xa5) << "past the end";
  out.resize(size);
  return problem;
}

TEST(FirmwareLzma, UnpacksWhatLiblzmaPacks) {
  unsigned seed = 0;
  for (std::uint32_t lc = 0; lc <= 4; ++lc) {
    for (std::uint32_t lp = 0; lc + lp <= 4; lp += 2) {
      for (std::uint32_t pb = 0; pb <= 4; ++pb) {
        ++seed;
        const Bytes bytes = sample(seed, 1 + seed * 997);
        Bytes out(bytes.size());
        EXPECT_EQ(unpack(out, packed(bytes, lc, lp, pb)), nullptr) << lc << lp << pb;
        EXPECT_EQ(out, bytes) << lc << lp << pb;
      }
    }
  }
}

TEST(FirmwareLzma, SaysThatDataIsCutOff) {
  const Bytes bytes = sample(7, 20000), whole = packed(bytes, 3, 0, 2);
  for (std::size_t length = 0; length + 10 < whole.size(); length += 97) {
    Bytes out(bytes.size());
    // Exactly as long as it says, so that reading beyond it is found.
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_NE(unpack(out, cut), nullptr) << length;
  }
}

TEST(FirmwareLzma, DamagedDataStaysWithinItsBounds) {
  const Bytes bytes = sample(9, 5000), whole = packed(bytes, 3, 0, 2);
  std::mt19937 random(2003);
  unsigned refused = 0;
  for (int i = 0; i < 2000; ++i) {
    Bytes damaged = whole;
    for (unsigned n = 1 + random() % 3; n > 0; --n) {
      damaged[random() % damaged.size()] ^= static_cast<std::uint8_t>(1 + random() % 255);
    }
    Bytes out(bytes.size());
    refused += unpack(out, damaged) != nullptr;
  }
  EXPECT_GT(refused, 500u);
}

}  // namespace
}  // namespace ice86
