// SPDX-License-Identifier: LGPL-2.1-or-later
// Parallel port registers and the handshake of compatibility mode.
// Reference: IBM AT Technical Reference (6183355), "Printer adapter".
#include "devices/parallel_port/parallel_port.h"

#include <fmt/core.h>

#include <utility>

namespace ice86::devices {

namespace {

constexpr unsigned kData = 0, kStatus = 1, kControl = 2;

// Status: nBusy, nAck, PE, Select, nError, nIRQ. Bits 1-0 read as zeros: SeaBIOS hands bit 0 on as
// INT 17h's time-out.
constexpr std::uint8_t kNotBusy = 0x80, kNotAck = 0x40, kSelect = 0x10, kNotError = 0x08;
constexpr std::uint8_t kNotInterrupt = 0x04;
// Control.
constexpr std::uint8_t kStrobe = 0x01, kNotInit = 0x04, kSelectIn = 0x08, kIrqEnable = 0x10;
constexpr std::uint8_t kDirection = 0x20, kControlBits = 0x3F, kControlOnes = 0xC0;

}  // namespace

ParallelPort::ParallelPort(Clock& clock, LevelLine& irq, std::string name,
                           std::function<void(std::uint8_t)> print)
    : irq_(irq),
      name_(std::move(name)),
      print_(std::move(print)),
      timer_(clock, name_, [this](Nanoseconds) { printer_goes_on(); }) {}

void ParallelPort::drive_irq() {
  irq_.set(state_.interrupt && (state_.control & kIrqEnable) != 0);
}

void ParallelPort::printer_goes_on() {
  if (state_.printer == Printer::kBusy) {
    state_.printer = Printer::kAcknowledging;
    timer_.arm_in(kAckTime);
    return;
  }
  state_.printer = Printer::kIdle;
  state_.interrupt = (state_.control & kIrqEnable) != 0;
  drive_irq();
}

void ParallelPort::write_control(std::uint8_t value) {
  const bool strobed = (value & kStrobe) != 0 && (state_.control & kStrobe) == 0;
  state_.control = value & kControlBits;
  if ((value & kIrqEnable) == 0) state_.interrupt = false;
  if ((value & kNotInit) == 0) {
    // The printer starts anew; what it was busy with is lost.
    timer_.cancel();
    state_.printer = Printer::kIdle;
  } else if (strobed && (value & kSelectIn) != 0 && (value & kDirection) == 0 &&
             state_.printer != Printer::kBusy) {
    if (print_) print_(state_.data);
    state_.printer = Printer::kBusy;
    state_.interrupt = false;
    timer_.arm_in(kBusyTime);
  }
  drive_irq();
}

std::uint64_t ParallelPort::peek(std::uint64_t offset, unsigned width) const {
  const State& s = state_;
  switch (offset) {
    // As an input the pins float high: this printer never sends.
    case kData: return (s.control & kDirection) != 0 ? 0xFF : s.data;
    case kStatus:
      return kSelect | kNotError | (s.printer == Printer::kBusy ? 0 : kNotBusy) |
             (s.printer == Printer::kAcknowledging ? 0 : kNotAck) |
             (s.interrupt ? 0 : kNotInterrupt);
    case kControl: return s.control | kControlOnes;
    default: return floating_bus(width);
  }
}

std::uint64_t ParallelPort::read(std::uint64_t offset, unsigned width) {
  const std::uint64_t value = peek(offset, width);
  if (offset == kStatus && state_.interrupt) {
    state_.interrupt = false;
    drive_irq();
  }
  return value;
}

void ParallelPort::write(std::uint64_t offset, unsigned, std::uint64_t value) {
  if (offset == kData) state_.data = static_cast<std::uint8_t>(value);
  if (offset == kControl) write_control(static_cast<std::uint8_t>(value));
}

void ParallelPort::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  state_ = State();
  timer_.cancel();
  drive_irq();
}

void ParallelPort::serialize(Archive& archive) {
  archive.section(name_, 1, [&] {
    archive.io(state_.data);
    archive.io(state_.control);
    archive.io(state_.printer, Printer::kAcknowledging);
    archive.io(state_.interrupt);
  });
  if (!archive.loading()) return;
  state_.control &= kControlBits;
  irq_.restore(state_.interrupt && (state_.control & kIrqEnable) != 0);
}

std::string ParallelPort::dump() const {
  return fmt::format("{}: data {:02x} status {:02x} control {:02x}\n", name_, state_.data,
                     peek(kStatus, 1), state_.control);
}

}  // namespace ice86::devices
