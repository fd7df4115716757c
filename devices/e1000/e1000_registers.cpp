// SPDX-License-Identifier: LGPL-2.1-or-later
// 82540EM: the register file.
// Reference: the manual, chapter 13.
#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "devices/e1000/e1000.h"
#include "devices/e1000/e1000_registers.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace e = e1000;

namespace {

// Stored registers: where they are, how many in a row, how far apart, the value after a reset and
// the bits software can change. What is not here is computed, or reserved and reads as zero.
struct Range {
  std::uint32_t offset, count, stride, reset, writable;
};
constexpr std::uint32_t kAny = 0xFFFF'FFFF;
// In ascending order.
constexpr Range kRanges[] = {
    // The software pins and SLU come out of reset as the EEPROM of QEMU's card sets them.
    {e::kCtrl, 1, 4, e::ctrl::kSwdpin2 | e::ctrl::kSwdpin0 | e::ctrl::kSpeed1000 | e::ctrl::kSlu,
     e::ctrl::kWritable},
    {e::kEecd, 1, 4, e::eecd::kFweDisabled, 0x0000'007F},
    {e::kEerd, 1, 4, 0, 0},
    {e::kCtrlExt, 1, 4, 0, e::ctrl_ext::kWritable},
    {e::kFla, 1, 4, 0, 0},
    {e::kMdic, 1, 4, e::mdic::kReady, 0},
    {e::kFcal, 1, 4, 0, kAny},
    {e::kFcah, 1, 4, 0, 0xFFFF},
    {e::kFct, 1, 4, 0, 0xFFFF},
    {e::kVet, 1, 4, 0x8100, 0xFFFF},
    {e::kItr, 1, 4, 0, 0xFFFF},
    {e::kRctl, 1, 4, 0, e::rctl::kWritable},
    {e::kFcttv, 1, 4, 0, 0xFFFF},
    {e::kTxcw, 1, 4, 0, kAny},
    {e::kTctl, 1, 4, 0, e::tctl::kWritable},
    {e::kTipg, 1, 4, 0, 0x3FFF'FFFF},
    {e::kAifs, 1, 4, 0, 0xFFFF},
    {e::kLedctl, 1, 4, 0x0706'8302, 0xCFCF'CFCF},
    {e::kPba, 1, 4, 0x0010'0030, 0x0000'FFFF},
    {e::kFcrtl, 1, 4, 0, 0x8000'FFF8},
    {e::kFcrth, 1, 4, 0, 0x0000'FFF8},
    {e::kRdfh, 1, 4, 0, 0x1FFF},
    {e::kRdft, 1, 4, 0, 0x1FFF},
    {e::kRdfhs, 1, 4, 0, 0x1FFF},
    {e::kRdfts, 1, 4, 0, 0x1FFF},
    {e::kRdfpc, 1, 4, 0, 0x1FFF},
    {e::kRdbal, 1, 4, 0, 0xFFFF'FFF0},
    {e::kRdbah, 1, 4, 0, kAny},
    {e::kRdlen, 1, 4, 0, 0x000F'FF80},
    {e::kRdh, 1, 4, 0, 0xFFFF},
    {e::kRdt, 1, 4, 0, 0xFFFF},
    {e::kRdtr, 1, 4, 0, 0xFFFF},
    {e::kRxdctl, 1, 4, 0x0101'0000, 0x013F'3F3F},
    {e::kRadv, 1, 4, 0, 0xFFFF},
    {e::kRsrpd, 1, 4, 0, 0x0FFF},
    {e::kTxdmac, 1, 4, 0, 1},
    {e::kTdfh, 1, 4, 0, 0x1FFF},
    {e::kTdft, 1, 4, 0, 0x1FFF},
    {e::kTdfhs, 1, 4, 0, 0x1FFF},
    {e::kTdfts, 1, 4, 0, 0x1FFF},
    {e::kTdfpc, 1, 4, 0, 0x1FFF},
    {e::kTdbal, 1, 4, 0, 0xFFFF'FFF0},
    {e::kTdbah, 1, 4, 0, kAny},
    {e::kTdlen, 1, 4, 0, 0x000F'FF80},
    {e::kTdh, 1, 4, 0, 0xFFFF},
    {e::kTdt, 1, 4, 0, 0xFFFF},
    {e::kTidv, 1, 4, 0, 0xFFFF},
    {e::kTxdctl, 1, 4, 0, 0xFF3F'3F3F},
    {e::kTadv, 1, 4, 0, 0xFFFF},
    {e::kTspmt, 1, 4, 0x0100'0400, kAny},
    {e::kStatistics, e::kStatisticsCount, 4, 0, 0},
    {e::kRxcsum, 1, 4, 0, 0x07FF},
    {e::kMta, 128, 4, 0, kAny},
    {e::kRal0, 32, 4, 0, kAny},
    {e::kVfta, 128, 4, 0, kAny},
    {e::kWuc, 1, 4, 0, 0x000F},
    {e::kWufc, 1, 4, 0, 0x000F'80FF},
    {e::kWus, 1, 4, 0, 0},
    {e::kIpav, 1, 4, 0, 0x0001'000F},
    {e::kIp4at, 8, 4, 0, kAny},
    {e::kIp6at, 4, 4, 0, kAny},
    {e::kWupl, 1, 4, 0, 0x0FFF},
    {e::kWupm, 32, 4, 0, kAny},
    {e::kFflt, 4, 8, 0, 0x07FF},
    {e::kFfmt, 128, 8, 0, 0x0F},
    {e::kFfvt, 128, 8, 0, kAny},
};

constexpr std::size_t stored_registers() {
  std::size_t sum = 0;
  for (const Range& range : kRanges) sum += range.count;
  return sum;
}

struct Place {
  std::size_t index = 0;
  const Range* range = nullptr;  // null: not stored
};

// Where each range starts in the vector of registers.
constexpr auto kFirst = [] {
  std::array<std::size_t, std::size(kRanges)> first{};
  std::size_t sum = 0;
  for (std::size_t i = 0; i < std::size(kRanges); ++i) {
    first[i] = sum;
    sum += kRanges[i].count;
  }
  return first;
}();

Place find(std::uint32_t offset) {
  const Range* after =
      std::upper_bound(std::begin(kRanges), std::end(kRanges), offset,
                       [](std::uint32_t at, const Range& range) { return at < range.offset; });
  if (after == std::begin(kRanges)) return {};
  const Range& range = after[-1];
  const std::uint32_t distance = offset - range.offset;
  if (distance % range.stride != 0 || distance / range.stride >= range.count) return {};
  return {kFirst[static_cast<std::size_t>(&range - kRanges)] + distance / range.stride, &range};
}

bool is_statistic(std::uint32_t offset) {
  return offset >= e::kStatistics && offset < e::kStatistics + e::kStatisticsCount * 4;
}

}  // namespace

std::uint32_t& E1000::reg(std::uint32_t offset) {
  const Place place = find(offset);
  ICE86_ASSERT(place.range != nullptr);
  return registers_[place.index];
}

std::uint32_t E1000::reg(std::uint32_t offset) const {
  const Place place = find(offset);
  ICE86_ASSERT(place.range != nullptr);
  return registers_[place.index];
}

// Receive address 0 is the station's own (section 13.5.3).
void E1000::load_eeprom() {
  registers_.assign(stored_registers(), 0);
  for (std::size_t i = 0; i < std::size(kRanges); ++i) {
    std::fill_n(registers_.begin() + static_cast<std::ptrdiff_t>(kFirst[i]), kRanges[i].count,
                kRanges[i].reset);
  }
  reg(e::kRal0) = eeprom_.word(0) | static_cast<std::uint32_t>(eeprom_.word(1)) << 16;
  reg(e::kRah0) = eeprom_.word(2) | e::kAddressValid;
}

std::uint32_t E1000::status() const {
  const std::uint32_t control = reg(e::kCtrl);
  const bool duplex =
      (control & e::ctrl::kFrcdplx) != 0 ? (control & e::ctrl::kFd) != 0 : phy_.full_duplex();
  const bool up = phy_.link() && (control & e::ctrl::kSlu) != 0;
  return (duplex ? e::status::kFd : 0) | (up ? e::status::kLu : 0) |
         (clock_.now() < state_.tx.paused_until ? e::status::kTxoff : 0) |
         static_cast<std::uint32_t>(speed()) << e::status::kSpeedShift |
         static_cast<std::uint32_t>(phy_.speed()) << e::status::kAsdvShift;
}

std::uint32_t E1000::peek_register(std::uint32_t offset) const {
  switch (offset) {
    case e::kCtrlDup: return reg(e::kCtrl);
    case e::kStatus: return status();
    case e::kEecd:
      return reg(e::kEecd) | e::eecd::kPres | (eeprom_.data_out() ? e::eecd::kDo : 0) |
             ((reg(e::kEecd) & e::eecd::kReq) != 0 ? e::eecd::kGnt : 0);
    case e::kIcr: return state_.icr;
    case e::kIms: return state_.ims;
    default: {
      const Place place = find(offset);
      return place.range != nullptr ? registers_[place.index] : 0;
    }
  }
}

void E1000::read_effects(std::uint32_t offset) {
  if (offset == e::kIcr) {
    state_.icr = 0;
    update_interrupt();
  } else if (is_statistic(offset)) {
    // Counters clear when read; those of 64 bits as a whole when the upper half is read.
    switch (offset) {
      case e::kGorcl:
      case e::kGotcl:
      case e::kTorl:
      case e::kTotl: break;
      case e::kGorch:
      case e::kGotch:
      case e::kTorh:
      case e::kToth: reg(offset - 4) = 0; [[fallthrough]];
      default: reg(offset) = 0;
    }
  }
}

void E1000::write_ctrl(std::uint32_t value) {
  if ((value & e::ctrl::kPhyRst) != 0) phy_.reset();
  if ((value & e::ctrl::kRst) != 0) return reset_registers();
  reg(e::kCtrl) = value & e::ctrl::kWritable;
  kick_transmitter();
}

void E1000::write_eecd(std::uint32_t value) {
  constexpr std::uint32_t kKept = e::eecd::kFwe | e::eecd::kReq;
  const bool granted = (value & e::eecd::kReq) != 0;
  // The pins reach the EEPROM while software has it.
  const std::uint32_t pins = granted ? e::eecd::kSk | e::eecd::kCs | e::eecd::kDi : 0;
  reg(e::kEecd) = value & (kKept | pins);
  eeprom_.set_pins((value & pins & e::eecd::kCs) != 0, (value & pins & e::eecd::kSk) != 0,
                   (value & pins & e::eecd::kDi) != 0);
}

void E1000::write_mdic(std::uint32_t value) {
  constexpr std::uint32_t kPhyAddress = 1;
  const std::uint32_t operation = bits(value, 27, 26), phy = bits(value, 25, 21);
  const std::uint32_t index = bits(value, 20, 16);
  std::uint32_t& mdic = reg(e::kMdic);
  mdic = value & ~(e::mdic::kError | e::mdic::kReady);
  if (phy != kPhyAddress || (operation != e::mdic::kOpRead && operation != e::mdic::kOpWrite)) {
    mdic |= e::mdic::kError;
  } else if (operation == e::mdic::kOpRead) {
    mdic = (mdic & 0xFFFF'0000) | phy_.read(index);
  } else {
    phy_.write(index, static_cast<std::uint16_t>(value));
  }
  // A frame on MDIO takes 64 us; here it is done at once, as software only waits for the bit.
  // The PHY may have told of a link change meanwhile: `mdic` is still the same register.
  mdic |= e::mdic::kReady;
  if ((value & e::mdic::kInterrupt) != 0) raise(e::cause::kMdac);
  if (phy_.interrupting()) raise(e::cause::kPhyint);
}

void E1000::write_register(std::uint32_t offset, std::uint32_t value) {
  const Place place = find(offset);
  switch (offset) {
    case e::kCtrl:
    case e::kCtrlDup: return write_ctrl(value);
    case e::kEecd: return write_eecd(value);
    case e::kEerd:
      if ((value & e::eerd::kStart) == 0) {
        reg(e::kEerd) = value & 0xFF00;
      } else {
        const std::uint32_t word = bits(value, 15, 8);
        reg(e::kEerd) =
            static_cast<std::uint32_t>(eeprom_.word(word)) << 16 | word << 8 | e::eerd::kDone;
      }
      return;
    case e::kCtrlExt:
      if ((value & e::ctrl_ext::kEeRst) != 0) {
        reg(e::kRal0) = eeprom_.word(0) | static_cast<std::uint32_t>(eeprom_.word(1)) << 16;
        reg(e::kRah0) = eeprom_.word(2) | e::kAddressValid;
      }
      reg(e::kCtrlExt) = value & e::ctrl_ext::kWritable & ~e::ctrl_ext::kEeRst;
      return;
    case e::kMdic: return write_mdic(value);
    case e::kIcr: state_.icr &= ~value; return update_interrupt();
    case e::kIcs: return raise(value);
    case e::kIms: state_.ims |= value & e::cause::kAll; return update_interrupt();
    case e::kImc: state_.ims &= ~value; return update_interrupt();
    case e::kWus: reg(e::kWus) &= ~value; return;
    default: break;
  }
  if (place.range == nullptr) return;
  std::uint32_t& stored = registers_[place.index];
  stored = (stored & ~place.range->writable) | (value & place.range->writable);
  switch (offset) {
    case e::kPba: {
      // 64 KiB in all: what reception does not get, transmission has.
      const std::uint32_t receive = std::min<std::uint32_t>(value & 0xFF, 0x38);
      stored = receive | (0x40 - receive) << 16;
      break;
    }
    case e::kRdtr:
      if ((value & e::kFpd) != 0 && receive_delay_.armed()) flush_receive_delay();
      break;
    case e::kTidv:
      if ((value & e::kFpd) != 0 && transmit_delay_.armed()) flush_transmit_delay();
      break;
    case e::kTctl:
    case e::kTdt: kick_transmitter(); break;
    case e::kRctl:
      if ((value & e::rctl::kEn) == 0) {
        state_.rx_buffer.clear();
        state_.rx_buffered = state_.rx_written = 0;
        state_.no_buffer_counted = false;
        announce_ready();
      }
      fill_buffers();
      break;
    case e::kRdt: fill_buffers(); break;
    default: break;
  }
}

// Registers are doublewords (section 13.2). A narrower read gives a part of one; a narrower write
// is not supported by the chip, and is lost.
std::uint64_t E1000::peek_mmio(std::uint64_t offset, unsigned width) const {
  const auto at = static_cast<std::uint32_t>(offset & (e::kMmioSize - 1));
  if (width == 8) {
    return peek_register(at & ~3U) | std::uint64_t{peek_register((at & ~3U) + 4)} << 32;
  }
  return peek_register(at & ~3U) >> ((at & 3) * 8) & width_mask(width);
}

std::uint64_t E1000::read_mmio(std::uint64_t offset, unsigned width) {
  const auto at = static_cast<std::uint32_t>(offset & (e::kMmioSize - 1)) & ~3U;
  if (width == 8) {
    const std::uint64_t low = read_mmio(at, 4);
    return low | read_mmio(at + 4, 4) << 32;
  }
  const std::uint64_t value = peek_mmio(offset, width);
  read_effects(at);
  return value;
}

void E1000::write_mmio(std::uint64_t offset, unsigned width, std::uint64_t value) {
  const auto at = static_cast<std::uint32_t>(offset & (e::kMmioSize - 1));
  if (width < 4 || at % 4 != 0) {
    if (trace_.wants(TraceCategory::kNet)) {
      trace_.emit(TraceCategory::kNet, "narrow-write",
                  {{"nic", config_.name}, {"offset", at}, {"width", width}});
    }
    return;
  }
  write_register(at, static_cast<std::uint32_t>(value));
  if (width == 8) write_register(at + 4, static_cast<std::uint32_t>(value >> 32));
}

// IOADDR and IODATA (section 13.3): registers through two ports.
std::uint64_t E1000::peek_io(std::uint64_t offset, unsigned width) const {
  const std::uint64_t base = offset & ~std::uint64_t{3};
  const std::uint32_t value = base == 0   ? state_.io_address
                              : base == 4 ? peek_register(state_.io_address & ~3U)
                                          : 0;
  return value >> ((offset & 3) * 8) & width_mask(width);
}

std::uint64_t E1000::read_io(std::uint64_t offset, unsigned width) {
  const std::uint64_t value = peek_io(offset, width);
  if ((offset & ~std::uint64_t{3}) == 4) read_effects(state_.io_address & ~3U);
  return value;
}

void E1000::write_io(std::uint64_t offset, unsigned width, std::uint64_t value) {
  if (width != 4) return;
  if (offset == 0) state_.io_address = static_cast<std::uint32_t>(value) & (e::kMmioSize - 1);
  if (offset == 4) write_register(state_.io_address & ~3U, static_cast<std::uint32_t>(value));
}

std::uint64_t E1000::peek_rom(std::uint64_t offset, unsigned width) const {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    const std::uint8_t byte =
        offset + i < config_.option_rom.size() ? config_.option_rom[offset + i] : 0xFF;
    value |= std::uint64_t{byte} << (i * 8);
  }
  return value;
}

// --- statistics: counters stick at their end (section 13.7) ---

void E1000::count(std::uint32_t statistic, std::uint32_t by) {
  std::uint32_t& counter = reg(statistic);
  const std::uint32_t room = std::numeric_limits<std::uint32_t>::max() - counter;
  counter += std::min(by, room);
}

void E1000::count64(std::uint32_t low, std::uint32_t by) {
  const std::uint64_t value = reg(low) | std::uint64_t{reg(low + 4)} << 32;
  const std::uint64_t sum = value + by < value ? ~std::uint64_t{0} : value + by;
  reg(low) = static_cast<std::uint32_t>(sum);
  reg(low + 4) = static_cast<std::uint32_t>(sum >> 32);
}

// PRC64-PRC1522 and PTC64-PTC1522: by length with the frame check sequence.
void E1000::count_size(std::uint32_t first, std::size_t wire_bytes) {
  static constexpr std::size_t kLimits[] = {64, 127, 255, 511, 1023};
  std::uint32_t index = 0;
  while (index < std::size(kLimits) && wire_bytes > kLimits[index]) ++index;
  count(first + index * 4);
}

}  // namespace ice86::devices
