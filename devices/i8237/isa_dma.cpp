// SPDX-License-Identifier: LGPL-2.1-or-later
// The PC's two DMA controllers and their page registers.
// Reference: PIIX3 datasheet (290550-002), section 2.5.1; IBM AT Technical Reference, "DMA".
#include "devices/i8237/isa_dma.h"

#include <fmt/core.h>

#include <array>

#include "emulator/base/assert.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {
// The page register (port 80h + index) of each channel.
constexpr std::array<std::uint8_t, 8> kPageOf = {7, 3, 1, 2, 15, 11, 9, 10};
constexpr unsigned kCascade = 4;
}  // namespace

IsaDma::IsaDma(Clock& clock, DmaPort memory)
    : memory_(memory),
      bytes_(clock, "dma1",
             {.read_memory =
                  [this](unsigned channel, std::uint16_t address) {
                    std::uint8_t unit = 0;
                    memory_.read(memory_address(channel, address), {&unit, 1});
                    return std::uint16_t{unit};
                  },
              .write_memory =
                  [this](unsigned channel, std::uint16_t address, std::uint16_t unit) {
                    const auto byte = static_cast<std::uint8_t>(unit);
                    memory_.write(memory_address(channel, address), {&byte, 1});
                  },
              .granted = [this] { return words_.cascades(0); }}),
      words_(clock, "dma2",
             {.read_memory =
                  [this](unsigned channel, std::uint16_t address) {
                    std::array<std::uint8_t, 2> unit{};
                    memory_.read(memory_address(channel + 4, address), unit);
                    return load_le<std::uint16_t>(unit.data());
                  },
              .write_memory =
                  [this](unsigned channel, std::uint16_t address, std::uint16_t word) {
                    std::array<std::uint8_t, 2> unit{};
                    store_le(unit.data(), word);
                    memory_.write(memory_address(channel + 4, address), unit);
                  },
              .granted = {}}) {}

// Bytes: page and 16 address bits. Words: the address counts words, and bit 0 of the page is not
// used.
Gpa IsaDma::memory_address(unsigned channel, std::uint16_t address) const {
  const Gpa page = state_.pages[kPageOf[channel]];
  if (channel < 4) return page << 16 | address;
  return (page & 0xFE) << 16 | Gpa{address} << 1;
}

void IsaDma::connect(unsigned channel, DmaPeripheral& peripheral) {
  ICE86_ASSERT(channel < 8 && channel != kCascade);
  (channel < 4 ? bytes_ : words_).connect(channel % 4, peripheral);
}

void IsaDma::set_dreq(unsigned channel, bool high) {
  ICE86_ASSERT(channel < 8 && channel != kCascade);
  (channel < 4 ? bytes_ : words_).set_dreq(channel % 4, high);
}

std::uint64_t IsaDma::read2(std::uint64_t offset, unsigned width) {
  return words_.read(offset / 2, width);
}

void IsaDma::write2(std::uint64_t offset, unsigned width, std::uint64_t value) {
  words_.write(offset / 2, width, value);
  bytes_.reconsider();
}

std::uint64_t IsaDma::peek2(std::uint64_t offset, unsigned width) const {
  return words_.peek(offset / 2, width);
}

std::uint64_t IsaDma::read_page(std::uint64_t offset, unsigned width) {
  return peek_page(offset, width);
}

void IsaDma::write_page(std::uint64_t offset, unsigned, std::uint64_t value) {
  if (offset < state_.pages.size()) state_.pages[offset] = static_cast<std::uint8_t>(value);
}

std::uint64_t IsaDma::peek_page(std::uint64_t offset, unsigned width) const {
  return offset < state_.pages.size() ? state_.pages[offset] : floating_bus(width);
}

void IsaDma::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  if (kind == ResetKind::kPowerOn) state_ = {};
  words_.reset(kind);
  bytes_.reset(kind);
}

void IsaDma::serialize(Archive& archive) {
  archive.section("dma-pages", 1, [&] { archive.io(state_.pages); });
  words_.serialize(archive);
  bytes_.serialize(archive);
}

std::string IsaDma::dump() const {
  std::string text = bytes_.dump() + words_.dump() + "page registers:";
  for (const std::uint8_t page : state_.pages) text += fmt::format(" {:02x}", page);
  return text + "\n";
}

}  // namespace ice86::devices
