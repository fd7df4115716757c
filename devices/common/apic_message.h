// SPDX-License-Identifier: LGPL-2.1-or-later
// What travels between I/O APICs and local APICs.
// Reference: Intel SDM vol. 3A sections 11.6 and 11.11.
#pragma once

#include <cstdint>
#include <optional>

namespace ice86::devices {

enum class ApicDelivery : std::uint8_t {
  kFixed = 0,
  kLowestPriority = 1,
  kSmi = 2,
  kReserved = 3,
  kNmi = 4,
  kInit = 5,
  kStartup = 6,
  kExtInt = 7
};

struct ApicMessage {
  std::uint32_t destination = 0;
  bool logical = false;  // destination: a set of APICs, not a number
  bool x2apic = false;   // destination is 32 bits wide, FFFFFFFFh is everyone
  ApicDelivery delivery = ApicDelivery::kFixed;
  std::uint8_t vector = 0;
  bool level = false;        // trigger mode: the receiver's EOI goes back to the I/O APICs
  bool assert_level = true;  // INIT: false is the de-assert that only old APICs look at
  std::optional<std::uint32_t> all_but;  // not this one, whatever the destination says
};

}  // namespace ice86::devices
