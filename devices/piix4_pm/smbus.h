// SPDX-License-Identifier: LGPL-2.1-or-later
// The System Management Bus: which device answers at which address, and what a slave does byte by
// byte. Reference: System Management Bus Specification 1.0 (February 1995), section 5.
#pragma once

#include <array>
#include <cstdint>

namespace ice86::devices {

// A slave. All protocols are made of these four moments.
class SmbusDevice {
 public:
  virtual ~SmbusDevice() = default;
  // Start (or repeated start) with the slave's address; false: no acknowledge.
  virtual bool start(bool read) = 0;
  virtual bool write(std::uint8_t byte) = 0;
  virtual std::uint8_t read() = 0;
  virtual void stop() = 0;
};

class Smbus {
 public:
  // `address` is the 7-bit one: 50h-57h for memory modules' EEPROMs. The device outlives the bus.
  void attach(std::uint8_t address, SmbusDevice& device) { devices_.at(address) = &device; }
  SmbusDevice* at(std::uint8_t address) const { return devices_.at(address & 0x7F); }

 private:
  std::array<SmbusDevice*, 128> devices_{};
};

}  // namespace ice86::devices
