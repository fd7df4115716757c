// SPDX-License-Identifier: LGPL-2.1-or-later
// Interrupt steering of Intel's bridges to ISA and LPC: the ISA requests and the PIRQs that route
// registers put beside them, ORed for the 16 inputs of the interrupt controllers.
// Reference: Intel 82371SB (290550-002), section 2.2.12; Intel ICH9 (316972), 13.1.
#pragma once

#include <array>
#include <cstdint>

#include "emulator/base/archive.h"
#include "emulator/base/assert.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

template <unsigned kPirqs>
class InterruptSteering final {
 public:
  static constexpr unsigned kIrqs = 16;
  static constexpr std::uint8_t kDisabled = 0x80;  // in a route register

  void set_isa(unsigned irq, bool high) {
    ICE86_ASSERT(irq < kIrqs);
    const auto mask = static_cast<std::uint16_t>(1U << irq);
    isa_levels_ = static_cast<std::uint16_t>(high ? isa_levels_ | mask : isa_levels_ & ~mask);
  }
  // PIRQs are shared: `source` (0-31) names the driver. True when the PIRQ's level has changed.
  bool set_pirq(unsigned pirq, unsigned source, bool asserted) {
    ICE86_ASSERT(pirq < kPirqs && source < 32);
    std::uint32_t& sources = sources_[pirq];
    const bool before = sources != 0;
    const std::uint32_t mask = std::uint32_t{1} << source;
    sources = asserted ? sources | mask : sources & ~mask;
    return before != (sources != 0);
  }
  bool pirq(unsigned number) const { return sources_.at(number) != 0; }
  std::uint32_t sources(unsigned number) const { return sources_.at(number); }
  std::uint16_t isa_levels() const { return isa_levels_; }

  // `route(pirq)`: its route register.
  template <typename Route>
  std::uint16_t levels(const Route& route) const {
    std::uint16_t levels = isa_levels_;
    for (unsigned i = 0; i < kPirqs; ++i) {
      const std::uint8_t to = route(i);
      if ((to & kDisabled) != 0 || sources_[i] == 0) continue;
      levels = static_cast<std::uint16_t>(levels | (1U << (to & 0x0F) & kSteerable));
    }
    return levels;
  }

  void serialize(Archive& archive) {
    archive.io(isa_levels_);
    archive.io(sources_);
  }

 private:
  // IRQ0, 1, 2, 8 and 13 are not available for steering.
  static constexpr std::uint16_t kSteerable = 0xDEF8;

  std::uint16_t isa_levels_ = 0;
  std::array<std::uint32_t, kPirqs> sources_{};
};

}  // namespace ice86::devices
