// SPDX-License-Identifier: LGPL-2.1-or-later
// What a chip shows to a bus: a block of registers at offsets from wherever the board puts it.
#pragma once

#include <cstdint>

#include "emulator/base/bits.h"

namespace ice86 {

class RegisterBlock {
 public:
  virtual ~RegisterBlock() = default;

  // `width` is 1, 2, 4 or 8 bytes; values are zero-extended. Any offset and value may come from a
  // guest.
  virtual std::uint64_t read(std::uint64_t offset, unsigned width) = 0;
  virtual void write(std::uint64_t offset, unsigned width, std::uint64_t value) = 0;
  // What read() would return, without its side effects (debugger, tests).
  virtual std::uint64_t peek(std::uint64_t offset, unsigned width) const = 0;
};

// One of several register blocks of a chip, bound to the chip's member functions:
//   Window<Vga, &Vga::read_port, &Vga::write_port, &Vga::peek_port> ports_{*this};
template <typename Chip, auto Read, auto Write, auto Peek>
class Window final : public RegisterBlock {
 public:
  explicit Window(Chip& chip) : chip_(chip) {}
  std::uint64_t read(std::uint64_t offset, unsigned width) override {
    return (chip_.*Read)(offset, width);
  }
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override {
    (chip_.*Write)(offset, width, value);
  }
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override {
    return (static_cast<const Chip&>(chip_).*Peek)(offset, width);
  }

 private:
  Chip& chip_;
};

// What an unclaimed bus floats to.
constexpr std::uint64_t floating_bus(unsigned width) {
  return width_mask(width);
}

}  // namespace ice86
