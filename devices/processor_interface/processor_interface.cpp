// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: Intel 82371SB (290550-002), section 2.5; Intel ICH9 (316972), 13.7.
#include "devices/processor_interface/processor_interface.h"

#include <fmt/core.h>

namespace ice86::devices {

namespace {

constexpr std::uint8_t kFullReset = 0x08, kResetCpu = 0x04, kSystemReset = 0x02;
constexpr std::uint8_t kFastInit = 0x01, kFastA20 = 0x02;

}  // namespace

// --- FERR#, IGNNE# and port F0h (coprocessor error register)
//
// The PIIX3 passes FERR# on only with XBCS bit 5 set, the ICH9 with OIC.CEN. Here it always does:
// firmware written for emulated boards leaves that bit clear and counts on IRQ13 all the same.

void ProcessorInterface::set_ferr(bool asserted) {
  if (asserted == state_.ferr) return;
  state_.ferr = asserted;
  if (asserted) {
    drive_irq13(true);
  } else {
    drive_ignne(false);
  }
}

void ProcessorInterface::drive_irq13(bool asserted) {
  state_.irq13 = asserted;
  pins_.irq13.set(asserted);
}

void ProcessorInterface::drive_ignne(bool asserted) {
  state_.ignne = asserted;
  pins_.ignne.set(asserted);
}

void ProcessorInterface::write_coprocessor_error(std::uint64_t offset, unsigned, std::uint64_t) {
  if (offset != 0) return;
  drive_irq13(false);
  if (state_.ferr) drive_ignne(true);
}

// Reads go on to the ISA bus, where nobody answers.
std::uint64_t ProcessorInterface::read_coprocessor_error(std::uint64_t offset, unsigned width) {
  return peek_coprocessor_error(offset, width);
}

std::uint64_t ProcessorInterface::peek_coprocessor_error(std::uint64_t, unsigned width) const {
  return floating_bus(width);
}

// --- port CF9h (reset control register): the reset starts when RCPU goes from 0 to 1

std::uint8_t ProcessorInterface::reset_control_bits() const {
  return kResetCpu | kSystemReset | (config_.full_reset ? kFullReset : 0);
}

void ProcessorInterface::write_reset_control(std::uint64_t offset, unsigned, std::uint64_t value) {
  if (offset != 0) return;
  const auto written = static_cast<std::uint8_t>(value & reset_control_bits());
  const bool starts = (state_.reset_control & kResetCpu) == 0 && (written & kResetCpu) != 0;
  state_.reset_control = written;
  if (starts) ((written & kSystemReset) != 0 ? pins_.system_reset : pins_.init).pulse();
}

std::uint64_t ProcessorInterface::read_reset_control(std::uint64_t offset, unsigned width) {
  return peek_reset_control(offset, width);
}

std::uint64_t ProcessorInterface::peek_reset_control(std::uint64_t offset, unsigned width) const {
  return offset == 0 ? state_.reset_control : floating_bus(width);
}

// --- port 92h

void ProcessorInterface::write_port92(std::uint64_t offset, unsigned, std::uint64_t value) {
  if (offset != 0) return;
  const auto written = static_cast<std::uint8_t>(value & (kFastInit | kFastA20));
  const bool init = (state_.port92 & kFastInit) == 0 && (written & kFastInit) != 0;
  state_.port92 = written;
  pins_.a20_gate.set((written & kFastA20) != 0);
  if (init) pins_.init.pulse();
}

std::uint64_t ProcessorInterface::read_port92(std::uint64_t offset, unsigned width) {
  return peek_port92(offset, width);
}

std::uint64_t ProcessorInterface::peek_port92(std::uint64_t offset, unsigned width) const {
  return offset == 0 ? (state_.port92 | config_.port92_ones) : floating_bus(width);
}

// --- state

void ProcessorInterface::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  state_.reset_control = 0;
  state_.port92 = 0;
  // The CPU is reset with this chip, and negates FERR#.
  state_.ferr = false;
  drive_irq13(false);
  drive_ignne(false);
  pins_.a20_gate.set(false);
}

void ProcessorInterface::serialize(Archive& archive) {
  archive.io(state_.reset_control);
  archive.io(state_.port92);
  archive.io(state_.ferr);
  archive.io(state_.irq13);
  archive.io(state_.ignne);
  if (!archive.loading()) return;
  state_.reset_control &= reset_control_bits();
  state_.port92 &= kFastInit | kFastA20;
  pins_.irq13.restore(state_.irq13);
  pins_.a20_gate.restore((state_.port92 & kFastA20) != 0);
  pins_.ignne.restore(state_.ignne);
}

std::string ProcessorInterface::dump() const {
  return fmt::format("RC {:02x}, port 92 {:02x}, FERR# {}, IGNNE# {}", state_.reset_control,
                     state_.port92 | config_.port92_ones, state_.ferr ? "asserted" : "negated",
                     state_.ignne ? "asserted" : "negated");
}

}  // namespace ice86::devices
