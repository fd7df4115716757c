// SPDX-License-Identifier: LGPL-2.1-or-later
// Serial presence detect EEPROM of an SDRAM memory module: 256 bytes behind an SMBus address.
// Reference: JEDEC Standard 21-C, 4.1.2.5 (SPD for SDRAM); Intel PC SDRAM SPD specification 1.2B;
// Atmel AT24C02 datasheet for the bus behaviour.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "devices/piix4_pm/smbus.h"
#include "emulator/base/archive.h"
#include "emulator/base/result.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

using SpdContents = std::array<std::uint8_t, 256>;

// The SPD of a PC-100 unbuffered 168-pin module. Sizes: powers of two from 8 to 1024 MiB.
Result<SpdContents> sdram_spd(unsigned mib);

// Module sizes, largest first, that make up `mib` in at most `slots` slots; what is no multiple of
// 8 MiB, or more than the slots hold, is left out.
std::vector<unsigned> choose_modules(std::uint64_t mib, unsigned slots);

class SpdEeprom final : public SmbusDevice {
 public:
  // `name` is the section name. Writes are not acknowledged: module EEPROMs are write-protected.
  SpdEeprom(std::string name, const SpdContents& contents);

  bool start(bool read) override;
  bool write(std::uint8_t byte) override;
  std::uint8_t read() override;
  void stop() override;

  void reset(ResetKind kind);
  std::uint8_t peek(std::uint8_t address) const { return contents_[address]; }
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  struct State {
    std::uint8_t address = 0;     // the address counter
    bool expects_address = true;  // the first byte written sets it
  };

  std::string name_;
  SpdContents contents_;
  State state_;
};

}  // namespace ice86::devices
