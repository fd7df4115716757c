// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: Intel ICH9 datasheet (316972-004), 13.8.3.
#include "devices/ich9/ich9_power.h"

#include <fmt/core.h>

#include <utility>

namespace ice86::devices {

namespace {

constexpr unsigned kGpe0Enable = 0x28, kSmiEn = 0x30, kSmiSts = 0x34;
constexpr unsigned kAltGpSmiEn = 0x38, kGpeCntl = 0x42, kPm2Cnt = 0x50;

// SMI_EN.
constexpr std::uint32_t kGblSmiEn = 1u << 0, kEos = 1u << 1, kBiosRelease = 1u << 7;
// The same places in SMI_EN and SMI_STS.
constexpr std::uint32_t kBios = 1u << 2, kSleep = 1u << 4, kApm = 1u << 5;
// GBL_SMI_EN, EOS, BIOS, LEGACY_USB, SLP, APMC, SWSMI_TMR, MCSMI, TCO, PERIODIC, LEGACY_USB2,
// INTEL_USB2.
constexpr std::uint32_t kSmiEnableBits = 0x0006'687F;
// What software clears. 8 (PM1), 9 (GPE0), 10 and 12 follow other registers.
constexpr std::uint32_t kSmiStatusBits = 0x0021'E87C;

constexpr std::uint8_t kGlobalRelease = 0x04;              // PM1_CNT bit 2
constexpr std::uint8_t kSleepEnable = 0x20;                // PM1_CNT bit 13
constexpr std::uint8_t kAcpiEnable = 2, kAcpiDisable = 3;  // Ich9Power::Config
// Soft off is SLP_TYP 7. QEMU's machine, and firmware for it, take 0, which is the working state on
// the chip: both here.
constexpr std::uint8_t kOffTypes = 1u << 0 | 1u << 7;

// Registers that keep what is written, byte by byte.
std::uint8_t storage_bits(unsigned offset) {
  switch (offset) {
    case kAltGpSmiEn:
    case kAltGpSmiEn + 1: return 0xFF;
    case kGpeCntl: return 0x02;  // SWGPE_CTRL
    case kPm2Cnt: return 0x01;   // ARB_DIS
    default: return 0;
  }
}

std::uint8_t byte_of(std::uint32_t value, unsigned index) {
  return static_cast<std::uint8_t>(value >> (index * 8));
}

}  // namespace

Ich9Power::Ich9Power(Clock& clock, Pins pins, std::function<void()> sci_changed, Config config)
    : pins_(pins),
      config_(config),
      pm1_(clock, pins.power_off, std::move(sci_changed), {.off_types = kOffTypes}) {}

bool Ich9Power::sci() const {
  return pm1_.asserts_sci();
}

// On the chip SMI# stays asserted while an enabled status is set, and the next one waits for EOS.
// QEMU's board gives one SMI for each event, and its firmware (OVMF) neither clears the status nor
// sets EOS.
void Ich9Power::raise_smi(std::uint32_t status) {
  state_.smi_status |= status;
  if ((state_.smi_enable & kGblSmiEn) == 0 || (state_.smi_enable & status) == 0) return;
  state_.smi_enable &= ~kEos;
  pins_.smi.pulse();
}

std::uint8_t Ich9Power::byte(unsigned offset) const {
  if (Pm1Block::owns(offset)) return pm1_.byte(offset);
  if (offset >= kGpe0Enable && offset < kGpe0Enable + 8)
    return state_.gpe0_enable[offset - kGpe0Enable];
  switch (offset & ~3U) {
    case kSmiEn: return byte_of(state_.smi_enable, offset & 3);
    case kSmiSts: return byte_of(state_.smi_status, offset & 3);
    default: return state_.storage[offset];
  }
}

void Ich9Power::write_smi_enable(unsigned index, std::uint8_t value) {
  const std::uint32_t mask = std::uint32_t{0xFF} << (index * 8);
  std::uint32_t writable = mask & kSmiEnableBits;
  if (smi_locked_) writable &= ~kGblSmiEn;
  const std::uint32_t written = std::uint32_t{value} << (index * 8);
  state_.smi_enable = (state_.smi_enable & ~writable) | (written & writable);
  if ((written & kBiosRelease) != 0) pm1_.raise(Pm1Block::kGlobal);
}

void Ich9Power::write_byte(unsigned offset, std::uint8_t value) {
  if (Pm1Block::owns(offset)) {
    if (offset == Pm1Block::kControl && (value & kGlobalRelease) != 0) raise_smi(kBios);
    // SLP_SMI_EN: the handler comes in place of the sleep state.
    if (offset == Pm1Block::kControl + 1 && (value & kSleepEnable) != 0 &&
        (state_.smi_enable & kSleep) != 0) {
      value = static_cast<std::uint8_t>(value & ~kSleepEnable);
      pm1_.write_byte(offset, value);
      return raise_smi(kSleep);
    }
    return pm1_.write_byte(offset, value);
  }
  if (offset >= kGpe0Enable && offset < kGpe0Enable + 8) {
    state_.gpe0_enable[offset - kGpe0Enable] = value;
    return;
  }
  const unsigned index = offset & 3;
  switch (offset & ~3U) {
    case kSmiEn: return write_smi_enable(index, value);
    case kSmiSts:
      state_.smi_status &= ~(std::uint32_t{value} << (index * 8) & kSmiStatusBits);
      return;
    default: state_.storage[offset] = value & storage_bits(offset); return;
  }
}

std::uint64_t Ich9Power::peek_ports(std::uint64_t offset, unsigned width) const {
  if (offset + width > kPorts) return floating_bus(width);
  // What a firmware's delays read again and again.
  if (offset == Pm1Block::kTimer && width == 4) return pm1_.timer();
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i)
    value |= std::uint64_t{byte(static_cast<unsigned>(offset) + i)} << (i * 8);
  return value;
}

void Ich9Power::write_ports(std::uint64_t offset, unsigned width, std::uint64_t value) {
  if (offset + width > kPorts) return;
  for (unsigned i = 0; i < width; ++i)
    write_byte(static_cast<unsigned>(offset) + i, static_cast<std::uint8_t>(value >> (i * 8)));
}

std::uint64_t Ich9Power::peek_apm(std::uint64_t offset, unsigned width) const {
  if (offset == 0) return state_.apm_control;
  return offset == 1 ? state_.apm_status : floating_bus(width);
}

void Ich9Power::write_apm(std::uint64_t offset, unsigned, std::uint64_t value) {
  if (offset == 1) state_.apm_status = static_cast<std::uint8_t>(value);
  if (offset != 0) return;
  state_.apm_control = static_cast<std::uint8_t>(value);
  if (config_.acpi_commands && (value == kAcpiEnable || value == kAcpiDisable))
    pm1_.enable_sci(value == kAcpiEnable);
  raise_smi(kApm);
}

void Ich9Power::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  state_ = {};
  pm1_.reset(kind);
}

void Ich9Power::serialize(Archive& archive) {
  pm1_.serialize(archive);
  pm1_.serialize_wires(archive);
  archive.io(state_.smi_enable);
  archive.io(state_.smi_status);
  archive.io(state_.gpe0_enable);
  archive.io(state_.storage);
  archive.io(state_.apm_control);
  archive.io(state_.apm_status);
  if (!archive.loading()) return;
  state_.smi_enable &= kSmiEnableBits;
  state_.smi_status &= kSmiStatusBits;
  for (unsigned i = 0; i < kPorts; ++i) state_.storage[i] &= storage_bits(i);
}

std::string Ich9Power::dump() const {
  return fmt::format("{}, SMI_EN {:08x} SMI_STS {:08x}{}, APM {:02x} {:02x}", pm1_.dump(),
                     state_.smi_enable, state_.smi_status, smi_locked_ ? " locked" : "",
                     state_.apm_control, state_.apm_status);
}

}  // namespace ice86::devices
