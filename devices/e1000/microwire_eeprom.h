// SPDX-License-Identifier: LGPL-2.1-or-later
// 93C46: a serial EEPROM of 64 words of 16 bits, as beside an 82540EM.
// Reference: National Semiconductor NM93C46 datasheet (table "Instruction set"); Intel 317453
// section 5.6 (contents) and 13.4.3 (the pins in EECD).
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "emulator/base/archive.h"

namespace ice86::devices {

class MicrowireEeprom final {
 public:
  static constexpr unsigned kWords = 64;
  using Contents = std::array<std::uint16_t, kWords>;

  explicit MicrowireEeprom(const Contents& contents) : factory_(contents), words_(contents) {}

  std::uint16_t word(unsigned address) const { return words_[address % kWords]; }
  const Contents& words() const { return words_; }

  // The pins. Data moves at the rising edge of SK while CS is high.
  void set_pins(bool chip_select, bool clock, bool data_in);
  bool data_out() const { return state_.data_out; }

  // What software wrote stays, as in the chip; the interface forgets what it was doing, and writes
  // are disabled. Only replace_contents() brings the first contents back.
  void power_on() { state_ = {}; }
  void replace_contents() { words_ = factory_; }

  void serialize(Archive& archive);
  std::string dump() const;

 private:
  enum class Phase : std::uint8_t { kIdle, kCommand, kReading, kWriting, kDone };
  struct State {
    Phase phase = Phase::kIdle;
    bool select = false, clock = false, data_out = true;
    bool write_enabled = false;
    bool all = false;  // WRAL: the word goes everywhere
    std::uint8_t bits = 0;
    std::uint8_t address = 0;
    std::uint16_t shift = 0;
  };

  void rising_edge(bool data_in);
  void decode();
  void deselected();

  Contents factory_;
  Contents words_;
  State state_;
};

}  // namespace ice86::devices
