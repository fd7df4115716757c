// SPDX-License-Identifier: LGPL-2.1-or-later
// PIIX4 power management: configuration, the PM register block, SCI, the PM timer, APM ports.
// Reference: Intel 82371AB datasheet (290562-001), sections 7.1 (configuration) and 7.2 (I/O
// registers).
#include "devices/piix4_pm/piix4_pm.h"

#include <fmt/core.h>

#include <utility>

#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

// Configuration registers.
constexpr unsigned kPmba = 0x40, kDevactb = 0x58, kPmregmisc = 0x80, kSmbba = 0x90,
                   kSmbhstcfg = 0xD2;
constexpr std::uint32_t kApmcEnable = std::uint32_t{1} << 25;
constexpr std::uint8_t kPmiose = 0x01, kSmbHostEnable = 0x01;

// The PM register block.
constexpr unsigned kPmtmr = 0x08, kGpsts = 0x0C, kGpen = 0x0E, kPlvl2 = 0x14, kGlbsts = 0x18,
                   kDevsts = 0x1C, kGlbctl = 0x28;
constexpr unsigned kGpireg = 0x30, kPmEnd = 0x38;

constexpr std::uint16_t kGpBits = 0x0F01;
constexpr std::uint8_t kBiosRelease = 0x02;  // BIOS_RLS in GLBCTL

constexpr std::uint8_t kAcpiEnable = 0xF1, kAcpiDisable = 0xF0;

std::uint8_t byte_of(std::uint32_t value, unsigned index) {
  return static_cast<std::uint8_t>(value >> (index * 8));
}

}  // namespace

Piix4Pm::Piix4Pm(Clock& clock, Pins pins, Smbus& smbus, Config config)
    : PciFunction({.vendor = 0x8086,
                   .device = 0x7113,
                   .class_code = 0x068000,
                   // PIIX4M, as QEMU's: systems work around a timer bug of the steppings before.
                   .revision = 0x03,
                   .interrupt_pin = 1,
                   .command_writable = 0x0009,
                   .status = 0x0280}),
      pins_(pins),
      smbus_(smbus),
      config_options_(config),
      pm1_(clock, pins.power_off, [this] { update_irq9(); }, {.off_types = 0x01}),
      transaction_(clock, "pm.smbus", [this](Nanoseconds) { transaction_done(); }) {
  define32(kPmba, 0x0000'0001, 0x0000'FFC0);
  for (unsigned offset = 0x44; offset < 0x80; offset += 4) define32(offset, 0, 0xFFFF'FFFF);
  define32(kDevactb, config.smm_taken ? kApmcEnable : 0, 0xFFFF'FFFF);
  define8(kPmregmisc, 0x00, kPmiose);
  define32(kSmbba, 0x0000'0001, 0x0000'FFF0);
  define8(kSmbhstcfg, 0x00, 0x0F);
  for (unsigned offset = 0xD3; offset <= 0xD5; ++offset) define8(offset, 0x00, 0xFF);
  define_own_window(kPmWindow, PciWindow::Space::kIo, 64, &pm_);
  define_own_window(kSmbusWindow, PciWindow::Space::kIo, 16, &host_);
}

void Piix4Pm::config_written(unsigned, unsigned, std::uint32_t) {
  place_windows();
  update_irq9();
}

void Piix4Pm::place_windows() {
  const std::uint16_t pm_base = config16(kPmba) & 0xFFC0;
  move_own_window(kPmWindow, pm_base, pm_base != 0 && (config8(kPmregmisc) & kPmiose) != 0);
  // By the datasheet I/O space enable in the command register decodes this block, and the host
  // enable bit lets it execute. QEMU's model decodes by the host enable bit; firmware that was only
  // tested there sets no other, so either will do.
  const std::uint16_t smbus_base = config16(kSmbba) & 0xFFF0;
  const bool decodes = (config16(pci::kCommand) & pci::kCommandIo) != 0 ||
                       (config8(kSmbhstcfg) & kSmbHostEnable) != 0;
  move_own_window(kSmbusWindow, smbus_base, smbus_base != 0 && decodes);
}

std::uint16_t Piix4Pm::pm_base() const {
  return config16(kPmba) & 0xFFC0;
}

bool Piix4Pm::irq9_level() const {
  const bool general = pm1_.sci_enabled() && (state_.gp_status & state_.gp_enable) != 0;
  return pm1_.asserts_sci() || general || smbus_interrupts_on_irq9();
}

void Piix4Pm::update_irq9() {
  pins_.irq9.set(irq9_level());
}

void Piix4Pm::press_power_button() {
  pm1_.raise(Pm1Block::kPowerButton);
}

void Piix4Pm::set_rtc_irq(bool high) {
  pm1_.set_rtc_irq(high);
}

std::uint8_t Piix4Pm::pm_byte(unsigned offset) const {
  if (Pm1Block::owns(offset)) return pm1_.byte(offset);
  switch (offset & ~1U) {
    case kGpsts: return byte_of(state_.gp_status, offset & 1);
    case kGpen: return byte_of(state_.gp_enable, offset & 1);
    // Reading PLVL2 or PLVL3 stops the clock until an interrupt on hardware: it saves power only.
    case kPlvl2: return 0;
    default: return offset < kPmEnd ? state_.storage[offset] : 0;
  }
}

void Piix4Pm::write_pm_byte(unsigned offset, std::uint8_t value) {
  if (Pm1Block::owns(offset)) return pm1_.write_byte(offset, value);
  const unsigned shift = (offset & 1) * 8;
  const auto merged = [&](std::uint16_t old, std::uint16_t writable) {
    const auto mask = static_cast<std::uint16_t>((0xFF << shift) & writable);
    return static_cast<std::uint16_t>((old & ~mask) | (value << shift & mask));
  };
  switch (offset & ~1U) {
    case kGpsts:
      state_.gp_status = static_cast<std::uint16_t>(state_.gp_status & ~(value << shift));
      break;
    case kGpen: state_.gp_enable = merged(state_.gp_enable, kGpBits); break;
    case kPlvl2: break;
    case kGlbsts:
    case kDevsts:
    case kDevsts + 2:
      state_.storage[offset] = static_cast<std::uint8_t>(state_.storage[offset] & ~value);
      break;
    case kGpireg:
    case kGpireg + 2: break;  // inputs
    default:
      if (offset >= kPmEnd) break;
      if (offset == kGlbctl && (value & kBiosRelease) != 0) {
        pm1_.raise(Pm1Block::kGlobal);
        value = static_cast<std::uint8_t>(value & ~kBiosRelease);
      }
      state_.storage[offset] = value;
      break;
  }
}

std::uint64_t Piix4Pm::peek_pm(std::uint64_t offset, unsigned width) const {
  if (offset + width > 64) return floating_bus(width);
  // What a firmware's delays read again and again.
  if (offset == kPmtmr && width == 4) return pm1_.timer();
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    value |= std::uint64_t{pm_byte(static_cast<unsigned>(offset) + i)} << (i * 8);
  }
  return value;
}

void Piix4Pm::write_pm(std::uint64_t offset, unsigned width, std::uint64_t value) {
  if (offset + width > 64) return;
  for (unsigned i = 0; i < width; ++i) {
    write_pm_byte(static_cast<unsigned>(offset) + i, static_cast<std::uint8_t>(value >> (i * 8)));
  }
  update_irq9();
}

std::uint64_t Piix4Pm::peek_apm(std::uint64_t offset, unsigned width) const {
  if (offset == 0) return state_.apm_control;
  return offset == 1 ? state_.apm_status : floating_bus(width);
}

void Piix4Pm::write_apm(std::uint64_t offset, unsigned, std::uint64_t value) {
  if (offset == 1) state_.apm_status = static_cast<std::uint8_t>(value);
  if (offset != 0) return;
  state_.apm_control = static_cast<std::uint8_t>(value);
  if (config_options_.acpi_commands && (value == kAcpiEnable || value == kAcpiDisable)) {
    pm1_.enable_sci(value == kAcpiEnable);
  }
  if ((config32(kDevactb) & kApmcEnable) != 0) pins_.smi.pulse();
}

void Piix4Pm::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  state_ = {};
  transaction_.cancel();
  reset_config();
  place_windows();
  pm1_.reset(kind);
  update_irq9();
}

void Piix4Pm::serialize(Archive& archive) {
  archive.section("piix4-pm", 1, [&] {
    serialize_config(archive);
    pm1_.serialize(archive);
    archive.io(state_.gp_status);
    archive.io(state_.gp_enable);
    archive.io(state_.storage);
    archive.io(state_.apm_control);
    archive.io(state_.apm_status);
    pm1_.serialize_wires(archive);
    archive.io(state_.host_status);
    archive.io(state_.host_control);
    archive.io(state_.host_command);
    archive.io(state_.host_address);
    archive.io(state_.data0);
    archive.io(state_.data1);
    archive.io(state_.block);
    archive.io(state_.block_index);
    archive.io(state_.slave);
  });
  if (!archive.loading()) return;
  state_.block_index %= kBlock;
  place_windows();
  pins_.irq9.restore(irq9_level());
}

std::string Piix4Pm::dump() const {
  return fmt::format(
      "PIIX4 PM: PMBA {:04x}{}, SMBBA {:04x}{}, {}, GPSTS {:04x} GPEN {:04x}, SMBus status {:02x} "
      "address {:02x} command {:02x}\n",
      config16(kPmba) & 0xFFC0, windows()[0].enabled ? "" : " off", config16(kSmbba) & 0xFFF0,
      windows()[1].enabled ? "" : " off", pm1_.dump(), state_.gp_status, state_.gp_enable,
      state_.host_status, state_.host_address, state_.host_command);
}

}  // namespace ice86::devices
