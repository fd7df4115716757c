// SPDX-License-Identifier: LGPL-2.1-or-later
// The 64 KiB I/O port space.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emulator/base/result.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/trace.h"

namespace ice86 {

class PortSpace {
 public:
  struct Claim {
    std::string name;
    std::uint32_t base = 0;
    std::uint32_t count = 0;
    RegisterBlock* registers = nullptr;
    // The offset that `base` is for the chip (a chip may own several ranges).
    std::uint64_t offset = 0;
    // Wider accesses are split into this width, at ascending ports, as the ISA bus does.
    unsigned most_width = 1;
    // Base address registers move by the guest's will: they may overlap, and fixed claims win.
    bool movable = false;
    bool enabled = true;
  };

  explicit PortSpace(TraceBus& trace);
  PortSpace(const PortSpace&) = delete;
  PortSpace& operator=(const PortSpace&) = delete;

  // Two fixed claims on one port are an error of the board's wiring.
  Result<Claim*> add(Claim claim);
  void move(Claim& claim, std::uint32_t base, bool enabled);

  // `width` is 1, 2 or 4. A port that nobody claims reads as all ones.
  std::uint32_t read(std::uint16_t port, unsigned width);
  void write(std::uint16_t port, unsigned width, std::uint32_t value);
  std::uint32_t peek(std::uint16_t port, unsigned width) const;

  const std::vector<std::unique_ptr<Claim>>& claims() const { return claims_; }

 private:
  void render();
  const Claim* find(std::uint16_t port) const {
    return owner_[port] ? claims_[owner_[port] - 1U].get() : nullptr;
  }
  bool fits(const Claim* claim, std::uint16_t port, unsigned width) const;

  TraceBus& trace_;
  std::vector<std::unique_ptr<Claim>> claims_;
  std::vector<std::uint16_t> owner_;  // for each port 1 + index of its claim, or 0
};

}  // namespace ice86
