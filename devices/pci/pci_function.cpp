// SPDX-License-Identifier: LGPL-2.1-or-later
// Configuration header behaviour that all PCI functions share.
// Reference: PCI Local Bus Specification 2.1, sections 6.1-6.2.5.
#include "devices/pci/pci_function.h"

#include <utility>

#include "emulator/base/assert.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

constexpr std::uint32_t kIoBarFlag = 0x1;
constexpr std::uint32_t kPrefetchable = 0x8;
constexpr std::uint32_t kRomEnable = 0x1;

unsigned bar_offset(unsigned index) {
  return index == PciWindow::kRom ? pci::kRomBar : pci::kBar0 + index * 4;
}

}  // namespace

PciFunction::PciFunction(const Identity& identity) {
  define16(pci::kVendorId, identity.vendor, 0);
  define16(pci::kDeviceId, identity.device, 0);
  define16(pci::kCommand, identity.command, identity.command_writable);
  define16(pci::kStatus, identity.status, 0);
  // Master data parity, signalled and received target abort, received master abort, SERR#, parity
  // (section 6.2.3): the machine's buses never fail, but software clears them like this.
  define_write_one_clears(pci::kStatus + 1, 0xF9);
  define8(pci::kRevisionId, identity.revision, 0);
  define8(pci::kProgInterface, static_cast<std::uint8_t>(identity.class_code), 0);
  define8(pci::kSubClass, static_cast<std::uint8_t>(identity.class_code >> 8), 0);
  define8(pci::kBaseClass, static_cast<std::uint8_t>(identity.class_code >> 16), 0);
  define8(pci::kHeaderType, identity.multifunction ? 0x80 : 0x00, 0);
  define16(pci::kSubsystemVendorId, identity.subsystem_vendor, 0);
  define16(pci::kSubsystemId, identity.subsystem, 0);
  if (identity.interrupt_pin != 0) {
    define8(pci::kInterruptLine, 0, 0xFF);
    define8(pci::kInterruptPin, identity.interrupt_pin, 0);
  }
}

void PciFunction::define8(unsigned offset, std::uint8_t reset_value, std::uint8_t writable) {
  reset_values_.at(offset) = reset_value;
  config_.at(offset) = reset_value;
  writable_.at(offset) = writable;
}

void PciFunction::define16(unsigned offset, std::uint16_t reset_value, std::uint16_t writable) {
  for (unsigned i = 0; i < 2; ++i) {
    define8(offset + i, static_cast<std::uint8_t>(reset_value >> (i * 8)),
            static_cast<std::uint8_t>(writable >> (i * 8)));
  }
}

void PciFunction::define32(unsigned offset, std::uint32_t reset_value, std::uint32_t writable) {
  for (unsigned i = 0; i < 4; ++i) {
    define8(offset + i, static_cast<std::uint8_t>(reset_value >> (i * 8)),
            static_cast<std::uint8_t>(writable >> (i * 8)));
  }
}

void PciFunction::define_write_one_clears(unsigned offset, std::uint8_t mask) {
  write_one_clears_.at(offset) = mask;
}

void PciFunction::define_bar(unsigned index, PciWindow::Space space, std::uint64_t size,
                             RegisterBlock* registers, bool prefetchable) {
  ICE86_ASSERT(index <= PciWindow::kRom);
  ICE86_ASSERT(size >= 4 && size <= 0x8000'0000 && (size & (size - 1)) == 0);
  // Address bits below the size are wired to zero, which is how software finds the size (6.2.5.1).
  const std::uint32_t address_bits = ~static_cast<std::uint32_t>(size - 1);
  if (index == PciWindow::kRom) {
    ICE86_ASSERT(space == PciWindow::Space::kMemory && size >= 2048);
    define32(pci::kRomBar, 0, address_bits | kRomEnable);
  } else if (space == PciWindow::Space::kIo) {
    define32(bar_offset(index), kIoBarFlag, address_bits);
  } else {
    ICE86_ASSERT(size >= 16);
    define32(bar_offset(index), prefetchable ? kPrefetchable : 0, address_bits);
  }
  windows_.push_back({index, space, size, prefetchable, registers, 0, false});
}

void PciFunction::define_own_window(unsigned index, PciWindow::Space space, std::uint64_t size,
                                    RegisterBlock* registers) {
  ICE86_ASSERT(index >= PciWindow::kOwn);
  windows_.push_back({index, space, size, false, registers, 0, false});
}

void PciFunction::move_own_window(unsigned index, std::uint64_t base, bool enabled) {
  for (PciWindow& window : windows_) {
    if (window.index == index) return place(window, base, enabled);
  }
  ICE86_UNREACHABLE();
}

void PciFunction::on_window_change(WindowListener listener) {
  listener_ = std::move(listener);
  if (!listener_) return;
  for (const PciWindow& window : windows_) listener_(window);
}

void PciFunction::place(PciWindow& window, std::uint64_t base, bool enabled) {
  if (window.base == base && window.enabled == enabled) return;
  window.base = base;
  window.enabled = enabled;
  if (listener_) listener_(window);
}

void PciFunction::update_windows() {
  const std::uint16_t command = config16(pci::kCommand);
  for (PciWindow& window : windows_) {
    if (window.index >= PciWindow::kOwn) continue;
    const std::uint32_t bar = config32(bar_offset(window.index));
    const std::uint32_t base = bar & ~static_cast<std::uint32_t>(window.size - 1);
    const bool io = window.space == PciWindow::Space::kIo;
    bool enabled = (command & (io ? pci::kCommandIo : pci::kCommandMemory)) != 0;
    if (window.index == PciWindow::kRom) enabled = enabled && (bar & kRomEnable) != 0;
    // Base 0 is how system software leaves a register it has not assigned (6.2.5.1, implementation
    // note); decoding there would shadow the board's low memory and ports.
    if (base == 0) enabled = false;
    place(window, base, enabled);
  }
}

std::uint16_t PciFunction::config16(unsigned offset) const {
  ICE86_ASSERT(offset + 2 <= config_.size());
  return load_le<std::uint16_t>(&config_[offset]);
}

std::uint32_t PciFunction::config32(unsigned offset) const {
  ICE86_ASSERT(offset + 4 <= config_.size());
  return load_le<std::uint32_t>(&config_[offset]);
}

void PciFunction::set_config16(unsigned offset, std::uint16_t value) {
  ICE86_ASSERT(offset + 2 <= config_.size());
  store_le(&config_[offset], value);
}

void PciFunction::set_config32(unsigned offset, std::uint32_t value) {
  ICE86_ASSERT(offset + 4 <= config_.size());
  store_le(&config_[offset], value);
}

std::uint32_t PciFunction::config_peek(unsigned offset, unsigned width) const {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < width && i < 4; ++i) {
    const std::uint32_t byte = offset + i < config_.size() ? config_[offset + i] : 0xFF;
    value |= byte << (i * 8);
  }
  return value;
}

void PciFunction::config_write(unsigned offset, unsigned width, std::uint32_t value) {
  if (width > 4 || offset + width > config_.size()) return;
  const std::uint32_t old = config_peek(offset, width);
  for (unsigned i = 0; i < width; ++i) {
    const auto written = static_cast<std::uint8_t>(value >> (i * 8));
    std::uint8_t& stored = config_[offset + i];
    const std::uint8_t mask = writable_[offset + i];
    stored = static_cast<std::uint8_t>((stored & ~mask) | (written & mask));
    stored = static_cast<std::uint8_t>(stored & ~(written & write_one_clears_[offset + i]));
  }
  config_written(offset, width, old);
  update_windows();
}

void PciFunction::reset_config() {
  config_ = reset_values_;
  update_windows();
}

void PciFunction::serialize_config(Archive& archive) {
  std::array<std::uint8_t, 256> stored = config_;
  archive.io(stored);
  if (!archive.loading() || !archive.ok()) return;
  // Read-only bits that no chip function sets are taken as they are: a chip may change them itself.
  config_ = stored;
  update_windows();
}

}  // namespace ice86::devices
