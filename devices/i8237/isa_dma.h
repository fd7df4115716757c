// SPDX-License-Identifier: LGPL-2.1-or-later
// The DMA of a PC/AT: two cascaded 8237A, the second one moving 16-bit words, and the page
// registers. Reference: PIIX3 datasheet (290550-002), section 2.5.1 (DMA registers); IBM AT
// Technical Reference.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "devices/i8237/i8237.h"
#include "emulator/bus/memory_space.h"

namespace ice86::devices {

class IsaDma final {
 public:
  IsaDma(Clock& clock, DmaPort memory);

  // Channels 0-3 move bytes, 5-7 words; 4 is the cascade.
  void connect(unsigned channel, DmaPeripheral& peripheral);
  void set_dreq(unsigned channel, bool high);

  // Ports 00h-0Fh; ports C0h-DFh (a register at each even port); ports 80h-8Fh at offsets 0-15, of
  // which the board may give port 80h to a POST code display.
  RegisterBlock& controller1() { return bytes_; }
  RegisterBlock& controller2() { return controller2_; }
  RegisterBlock& pages() { return pages_; }

  void reset(ResetKind kind);
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  struct State {
    std::array<std::uint8_t, 16> pages{};
  };

  Gpa memory_address(unsigned channel, std::uint16_t address) const;
  std::uint64_t read2(std::uint64_t offset, unsigned width);
  void write2(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek2(std::uint64_t offset, unsigned width) const;
  std::uint64_t read_page(std::uint64_t offset, unsigned width);
  void write_page(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_page(std::uint64_t offset, unsigned width) const;

  DmaPort memory_;
  State state_;
  I8237 bytes_;
  I8237 words_;
  Window<IsaDma, &IsaDma::read2, &IsaDma::write2, &IsaDma::peek2> controller2_{*this};
  Window<IsaDma, &IsaDma::read_page, &IsaDma::write_page, &IsaDma::peek_page> pages_{*this};
};

}  // namespace ice86::devices
