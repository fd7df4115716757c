// SPDX-License-Identifier: LGPL-2.1-or-later
#include "devices/e1000/microwire_eeprom.h"

#include <fmt/core.h>

namespace ice86::devices {

namespace {

// Start bit, two bits of operation code, six of address.
constexpr unsigned kAddressBits = 6, kCommandBits = 2 + kAddressBits, kWordBits = 16;

}  // namespace

void MicrowireEeprom::set_pins(bool chip_select, bool clock, bool data_in) {
  const bool rising = clock && !state_.clock;
  state_.clock = clock;
  if (!chip_select) {
    if (state_.select) deselected();
    state_.select = false;
    return;
  }
  state_.select = true;
  if (rising) rising_edge(data_in);
}

// A write or erase is programmed when the command is complete and CS falls. It takes some
// milliseconds in the chip; here it is done at once, so DO shows ready to software that polls.
void MicrowireEeprom::deselected() {
  state_.phase = Phase::kIdle;
  state_.bits = 0;
  state_.shift = 0;
  state_.data_out = true;
}

void MicrowireEeprom::rising_edge(bool data_in) {
  State& s = state_;
  switch (s.phase) {
    case Phase::kIdle:
      if (data_in) {  // the start bit
        s.phase = Phase::kCommand;
        s.bits = 0;
        s.shift = 0;
      }
      break;
    case Phase::kCommand:
      s.shift = static_cast<std::uint16_t>(s.shift << 1 | (data_in ? 1 : 0));
      if (++s.bits == kCommandBits) decode();
      break;
    case Phase::kReading:
      // After the last bit the next word follows, for as long as the clock runs.
      s.data_out = (words_[s.address] >> (kWordBits - 1 - s.bits) & 1) != 0;
      if (++s.bits == kWordBits) {
        s.bits = 0;
        s.address = static_cast<std::uint8_t>((s.address + 1) % kWords);
      }
      break;
    case Phase::kWriting:
      s.shift = static_cast<std::uint16_t>(s.shift << 1 | (data_in ? 1 : 0));
      if (++s.bits < kWordBits) break;
      if (s.write_enabled && s.all) words_.fill(s.shift);
      if (s.write_enabled && !s.all) words_[s.address] = s.shift;
      s.phase = Phase::kDone;
      break;
    case Phase::kDone: break;
  }
}

void MicrowireEeprom::decode() {
  State& s = state_;
  const unsigned operation = s.shift >> kAddressBits & 3;
  s.address = static_cast<std::uint8_t>(s.shift & (kWords - 1));
  s.bits = 0;
  s.all = false;
  s.phase = Phase::kDone;
  switch (operation) {
    case 1: s.phase = Phase::kWriting; break;  // WRITE
    case 2:                                    // READ: a dummy zero comes before the first bit
      s.phase = Phase::kReading;
      s.data_out = false;
      break;
    case 3:  // ERASE
      if (s.write_enabled) words_[s.address] = 0xFFFF;
      break;
    default:  // the two upper address bits say which
      switch (s.address >> 4) {
        case 0: s.write_enabled = false; break;  // EWDS
        case 1:                                  // WRAL
          s.phase = Phase::kWriting;
          s.all = true;
          break;
        case 2:  // ERAL
          if (s.write_enabled) words_.fill(0xFFFF);
          break;
        default: s.write_enabled = true; break;  // EWEN
      }
  }
  s.shift = 0;
}

void MicrowireEeprom::serialize(Archive& archive) {
  archive.io(words_);
  archive.io(state_.phase, Phase::kDone);
  archive.io(state_.select);
  archive.io(state_.clock);
  archive.io(state_.data_out);
  archive.io(state_.write_enabled);
  archive.io(state_.all);
  archive.io(state_.bits);
  archive.io(state_.address);
  archive.io(state_.shift);
  if (archive.loading()) {
    state_.bits = static_cast<std::uint8_t>(state_.bits % kWordBits);
    state_.address = static_cast<std::uint8_t>(state_.address % kWords);
  }
}

std::string MicrowireEeprom::dump() const {
  std::string text;
  for (unsigned i = 0; i < kWords; ++i) {
    text += fmt::format("{}{:04x}", i % 16 == 0 ? "\n    " : " ", words_[i]);
  }
  return text + "\n";
}

}  // namespace ice86::devices
