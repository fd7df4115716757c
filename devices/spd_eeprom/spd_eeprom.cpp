// SPDX-License-Identifier: LGPL-2.1-or-later
// SDRAM SPD contents and the EEPROM that holds them.
// Reference: JEDEC Standard 21-C, 4.1.2.5; Atmel AT24C02 datasheet, "Device operation".
#include "devices/spd_eeprom/spd_eeprom.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace ice86::devices {

namespace {

constexpr unsigned kSmallest = 8, kLargest = 1024;

struct Geometry {
  unsigned mib;
  std::uint8_t rows, columns, module_rows, banks;
};

// A module row is 64 bits wide: 2^(rows + columns) * banks * 8 bytes.
constexpr Geometry kGeometries[] = {
    {8, 11, 8, 1, 2},   {16, 11, 9, 1, 2},   {32, 12, 8, 1, 4},   {64, 12, 9, 1, 4},
    {128, 13, 9, 1, 4}, {256, 13, 10, 1, 4}, {512, 13, 11, 1, 4}, {1024, 13, 11, 2, 4},
};

void put_text(SpdContents& spd, std::size_t at, std::size_t length, std::string_view text) {
  for (std::size_t i = 0; i < length; ++i) {
    spd[at + i] = static_cast<std::uint8_t>(i < text.size() ? text[i] : ' ');
  }
}

}  // namespace

Result<SpdContents> sdram_spd(unsigned mib) {
  const auto* const geometry = std::find_if(std::begin(kGeometries), std::end(kGeometries),
                                            [mib](const Geometry& g) { return g.mib == mib; });
  if (geometry == std::end(kGeometries)) {
    return usage_error(
        fmt::format("there is no memory module of {} MiB: use a power of two from {} to {}", mib,
                    kSmallest, kLargest));
  }
  SpdContents spd{};
  spd[0] = 128;  // bytes written by the manufacturer
  spd[1] = 8;    // log2 of the EEPROM's size
  spd[2] = 4;    // SDRAM
  spd[3] = geometry->rows;
  spd[4] = geometry->columns;
  spd[5] = geometry->module_rows;
  spd[6] = 64;  // data width
  spd[7] = 0;
  spd[8] = 1;      // LVTTL
  spd[9] = 0x80;   // cycle time 8.0 ns at the highest CAS latency
  spd[10] = 0x60;  // access time 6.0 ns
  spd[11] = 0;     // no parity or ECC
  spd[12] = 0x80;  // refresh 15.625 us, self refresh
  spd[13] = 8;     // width of the chips
  spd[14] = 0;
  spd[15] = 1;     // clocks between random column accesses
  spd[16] = 0x8F;  // burst lengths 1, 2, 4, 8 and page
  spd[17] = geometry->banks;
  spd[18] = 0x06;  // CAS latencies 2 and 3
  spd[19] = 0x01;  // CS latency 0
  spd[20] = 0x01;  // write latency 0
  spd[21] = 0x00;  // unbuffered, unregistered
  spd[22] = 0x0E;  // precharge all, auto-precharge, write-1/read burst
  spd[23] = 0xA0;  // CAS latency 2: 10.0 ns
  spd[24] = 0x60;
  spd[27] = 20;  // row precharge, ns
  spd[28] = 16;  // row active to row active
  spd[29] = 20;  // RAS to CAS
  spd[30] = 50;  // RAS pulse width
  // Density of each module row in units of 4 MiB, one bit set.
  spd[31] = static_cast<std::uint8_t>(mib / geometry->module_rows / 4);
  spd[32] = 0x20;  // set-up and hold times, 2.0 and 1.0 ns
  spd[33] = 0x10;
  spd[34] = 0x20;
  spd[35] = 0x10;
  spd[62] = 0x12;  // SPD revision 1.2
  unsigned sum = 0;
  for (unsigned i = 0; i < 63; ++i) sum += spd[i];
  spd[63] = static_cast<std::uint8_t>(sum);
  put_text(spd, 73, 18, fmt::format("ICE86-SDRAM-{}M", mib));
  spd[126] = 0x64;  // 100 MHz
  spd[127] = 0xC7;  // clock lines, CAS latencies, concurrent auto-precharge
  // What a manufacturer does not write stays erased.
  std::fill(spd.begin() + 128, spd.end(), std::uint8_t{0xFF});
  return spd;
}

std::vector<unsigned> choose_modules(std::uint64_t mib, unsigned slots) {
  std::vector<unsigned> modules;
  for (unsigned size = kLargest; size >= kSmallest; size /= 2) {
    while (mib >= size && modules.size() < slots) {
      modules.push_back(size);
      mib -= size;
    }
  }
  return modules;
}

SpdEeprom::SpdEeprom(std::string name, const SpdContents& contents)
    : name_(std::move(name)), contents_(contents) {}

bool SpdEeprom::start(bool read) {
  if (!read) state_.expects_address = true;
  return true;
}

bool SpdEeprom::write(std::uint8_t byte) {
  if (!state_.expects_address) return false;
  state_.address = byte;
  state_.expects_address = false;
  return true;
}

// Sequential reads step through the whole array and wrap.
std::uint8_t SpdEeprom::read() {
  return contents_[state_.address++];
}

void SpdEeprom::stop() {
  state_.expects_address = true;
}

void SpdEeprom::reset(ResetKind kind) {
  // On the bus's own supply: only power-on clears its address counter.
  if (kind == ResetKind::kPowerOn) state_ = {};
}

void SpdEeprom::serialize(Archive& archive) {
  archive.section(name_, 1, [&] {
    archive.io(state_.address);
    archive.io(state_.expects_address);
  });
}

std::string SpdEeprom::dump() const {
  return fmt::format("{}: {} x {} MiB SDRAM, address {:02x}\n", name_, contents_[5],
                     contents_[31] * 4, state_.address);
}

}  // namespace ice86::devices
