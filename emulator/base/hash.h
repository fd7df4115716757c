// SPDX-License-Identifier: LGPL-2.1-or-later
// SHA-256, for state hashes and for naming firmware in traces.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace ice86 {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void update(std::span<const std::uint8_t> bytes);
  // Ends the computation: 64 lower-case hexadecimal digits.
  std::string hex_digest();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256_hex(std::span<const std::uint8_t> bytes);

}  // namespace ice86
