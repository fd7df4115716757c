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
constexpr unsigned kPmsts = 0x00, kPmen = 0x02, kPmcntrl = 0x04, kPmtmr = 0x08, kGpsts = 0x0C;
constexpr unsigned kGpen = 0x0E, kPlvl2 = 0x14, kGlbsts = 0x18, kDevsts = 0x1C, kGlbctl = 0x28;
constexpr unsigned kGpireg = 0x30, kPmEnd = 0x38;

constexpr std::uint16_t kTmrof = 0x0001, kGbl = 0x0020, kPwrbtn = 0x0100, kRtc = 0x0400;
constexpr std::uint16_t kWake = 0x8000;
constexpr std::uint16_t kStatusBits = 0x8D31;  // TMROF, BM, GBL, PWRBTN, RTC, PWRBTNOR, WAK
constexpr std::uint16_t kEnableBits = kTmrof | kGbl | kPwrbtn | kRtc;
constexpr std::uint16_t kGpBits = 0x0F01;
constexpr std::uint16_t kSciEnable = 0x0001;
constexpr std::uint8_t kSuspendEnable = 0x20;  // SUS_EN in the high byte of PMCNTRL
constexpr std::uint8_t kBiosRelease = 0x02;    // BIOS_RLS in GLBCTL

constexpr std::uint8_t kAcpiEnable = 0xF1, kAcpiDisable = 0xF0;

// TMROF_STS: bit 23 of the 24-bit timer changes.
constexpr std::uint64_t kTimerHalf = std::uint64_t{1} << 23;
constexpr std::uint32_t kTimerMask = 0x00FF'FFFF;

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
      clock_(clock),
      pins_(pins),
      smbus_(smbus),
      config_options_(config),
      timer_status_(clock, "pm.timer",
                    [this](Nanoseconds) {
                      state_.pm1_status |= kTmrof;
                      update_irq9();
                    }),
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
  schedule_timer_status();
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

std::uint32_t Piix4Pm::pm_timer() const {
  return static_cast<std::uint32_t>(timer_rate_.ticks_at(clock_.now())) & kTimerMask;
}

void Piix4Pm::schedule_timer_status() {
  // A status that is set stays so: no event is needed until it is cleared.
  if ((state_.pm1_status & kTmrof) != 0) return timer_status_.cancel();
  const std::uint64_t half = timer_rate_.ticks_at(clock_.now()) / kTimerHalf;
  timer_status_.arm_at(timer_rate_.time_of((half + 1) * kTimerHalf));
}

bool Piix4Pm::sci() const {
  return (state_.pm1_control & kSciEnable) != 0 &&
         ((state_.pm1_status & state_.pm1_enable & kEnableBits) != 0 ||
          (state_.gp_status & state_.gp_enable) != 0);
}

bool Piix4Pm::irq9_level() const {
  return sci() || smbus_interrupts_on_irq9();
}

void Piix4Pm::update_irq9() {
  pins_.irq9.set(irq9_level());
}

void Piix4Pm::press_power_button() {
  state_.pm1_status |= kPwrbtn;
  update_irq9();
}

void Piix4Pm::set_rtc_irq(bool high) {
  if (high && !state_.rtc_irq) state_.pm1_status |= kRtc;
  state_.rtc_irq = high;
  update_irq9();
}

std::uint8_t Piix4Pm::pm_byte(unsigned offset) const {
  switch (offset & ~1U) {
    case kPmsts: return byte_of(state_.pm1_status, offset & 1);
    case kPmen: return byte_of(state_.pm1_enable, offset & 1);
    case kPmcntrl: return byte_of(state_.pm1_control, offset & 1);
    case kPmtmr:
    case kPmtmr + 2: return byte_of(pm_timer(), offset - kPmtmr);
    case kGpsts: return byte_of(state_.gp_status, offset & 1);
    case kGpen: return byte_of(state_.gp_enable, offset & 1);
    // Reading PLVL2 or PLVL3 stops the clock until an interrupt on hardware: it saves power only.
    case kPlvl2: return 0;
    default: return offset < kPmEnd ? state_.storage[offset] : 0;
  }
}

// SUS_TYP and SUS_EN, bits 12-10 and 13 of PMCNTRL. Type 0 is soft off. The other types would
// suspend; the machine wakes from those at once, as from a wake event that is already there.
void Piix4Pm::write_control_high(std::uint8_t value) {
  state_.pm1_control =
      static_cast<std::uint16_t>((state_.pm1_control & 0x00FF) | (value & 0x1C) << 8);
  if ((value & kSuspendEnable) == 0) return;
  if ((value & 0x1C) == 0) {
    pins_.power_off.pulse();
  } else {
    state_.pm1_status |= kWake;
  }
}

void Piix4Pm::write_pm_byte(unsigned offset, std::uint8_t value) {
  const unsigned shift = (offset & 1) * 8;
  const auto merged = [&](std::uint16_t old, std::uint16_t writable) {
    const auto mask = static_cast<std::uint16_t>((0xFF << shift) & writable);
    return static_cast<std::uint16_t>((old & ~mask) | (value << shift & mask));
  };
  switch (offset & ~1U) {
    case kPmsts:
      state_.pm1_status =
          static_cast<std::uint16_t>(state_.pm1_status & ~(value << shift & kStatusBits));
      schedule_timer_status();
      break;
    case kPmen: state_.pm1_enable = merged(state_.pm1_enable, kEnableBits); break;
    case kPmcntrl:
      if (shift == 8) return write_control_high(value);
      // GBL_RLS (bit 2) is write-only.
      state_.pm1_control = merged(state_.pm1_control, 0x0003);
      break;
    case kPmtmr:
    case kPmtmr + 2: break;  // read-only
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
        state_.pm1_status |= kGbl;
        value = static_cast<std::uint8_t>(value & ~kBiosRelease);
      }
      state_.storage[offset] = value;
      break;
  }
}

std::uint64_t Piix4Pm::peek_pm(std::uint64_t offset, unsigned width) const {
  if (offset + width > 64) return floating_bus(width);
  // What a firmware's delays read again and again.
  if (offset == kPmtmr && width == 4) return pm_timer();
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
    state_.pm1_control &= static_cast<std::uint16_t>(~kSciEnable);
    if (value == kAcpiEnable) state_.pm1_control |= kSciEnable;
    update_irq9();
  }
  if ((config32(kDevactb) & kApmcEnable) != 0) pins_.smi.pulse();
}

void Piix4Pm::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  const bool rtc_irq = state_.rtc_irq;
  state_ = {};
  state_.rtc_irq = rtc_irq;
  transaction_.cancel();
  reset_config();
  place_windows();
  schedule_timer_status();
  update_irq9();
}

void Piix4Pm::serialize(Archive& archive) {
  archive.section("piix4-pm", 1, [&] {
    serialize_config(archive);
    archive.io(state_.pm1_status);
    archive.io(state_.pm1_enable);
    archive.io(state_.pm1_control);
    archive.io(state_.gp_status);
    archive.io(state_.gp_enable);
    archive.io(state_.storage);
    archive.io(state_.apm_control);
    archive.io(state_.apm_status);
    archive.io(state_.rtc_irq);
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
      "PIIX4 PM: PMBA {:04x}{}, SMBBA {:04x}{}, PMSTS {:04x} PMEN {:04x} PMCNTRL {:04x} timer "
      "{:06x} "
      "GPSTS {:04x} GPEN {:04x}, SMBus status {:02x} address {:02x} command {:02x}\n",
      config16(kPmba) & 0xFFC0, windows()[0].enabled ? "" : " off", config16(kSmbba) & 0xFFF0,
      windows()[1].enabled ? "" : " off", state_.pm1_status, state_.pm1_enable, state_.pm1_control,
      pm_timer(), state_.gp_status, state_.gp_enable, state_.host_status, state_.host_address,
      state_.host_command);
}

}  // namespace ice86::devices
