// SPDX-License-Identifier: LGPL-2.1-or-later
// PIIX3 ISA bridge: configuration, interrupt steering, reset control, port 92h.
// Reference: Intel 82371FB/82371SB datasheet (290550-002), sections 2.2 and 2.5.
#include "devices/piix3/piix3.h"

#include <fmt/core.h>

#include "emulator/base/assert.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

constexpr unsigned kIort = 0x4C, kXbcs = 0x4E, kPirqrcA = 0x60, kTom = 0x69, kMstat = 0x6A;
constexpr unsigned kMbirq0 = 0x70, kMbdma0 = 0x76, kPcsc = 0x78, kApicbase = 0x80, kDlc = 0x82;
constexpr unsigned kSmicntl = 0xA0, kSmien = 0xA2, kSee = 0xA4, kFtmr = 0xA8, kSmireq = 0xAA;
constexpr unsigned kCtltmr = 0xAC, kCthtmr = 0xAE;

constexpr std::uint8_t kSteeringDisabled = 0x80;
// IRQ0, 1, 2, 8 and 13 are not available for steering (section 2.2.12).
constexpr std::uint16_t kSteerable = 0xDEF8;

constexpr std::uint8_t kResetCpu = 0x04, kSystemReset = 0x02;
constexpr std::uint8_t kFastInit = 0x01, kFastA20 = 0x02;
// Bit 2 reads as one and bit 5 too after reset: the default of the register is 24h.
constexpr std::uint8_t kPort92Fixed = 0x24;

}  // namespace

Piix3::Piix3(Pins pins, TraceBus& trace)
    : PciFunction({.vendor = 0x8086,
                   .device = 0x7000,
                   .class_code = 0x060100,
                   .multifunction = true,
                   .command = 0x0007,  // I/O, memory and master are wired to one
                   .command_writable = 0x0108,
                   .status = 0x0200}),
      pins_(pins),
      trace_(trace) {
  define8(kIort, 0x4D, 0xFF);
  define16(kXbcs, 0x0003, 0x01FF);
  for (unsigned i = 0; i < kPirqs; ++i) define8(kPirqrcA + i, kSteeringDisabled, 0x8F);
  define8(kTom, 0x02, 0xFE);
  define16(kMstat, 0x0000, 0x8080);
  define8(kMbirq0, 0x80, 0xEF);
  define8(kMbirq0 + 1, 0x80, 0xEF);
  define8(kMbdma0, 0x0C, 0x8F);
  define8(kMbdma0 + 1, 0x0C, 0x8F);
  define16(kPcsc, 0x0002, 0xFFFF);
  define8(kApicbase, 0x00, 0x7F);
  define8(kDlc, 0x00, 0x0F);
  define8(kSmicntl, 0x08, 0x1F);
  define16(kSmien, 0x0000, 0x01FF);
  define32(kSee, 0x0000'0000, 0xFFFF'FFFF);
  define8(kFtmr, 0x0F, 0xFF);
  define16(kSmireq, 0x0000, 0x01FF);
  define8(kCtltmr, 0x00, 0xFF);
  define8(kCthtmr, 0x00, 0xFF);
}

void Piix3::set_isa_irq(unsigned irq, bool high) {
  ICE86_ASSERT(irq < kIrqs);
  const auto mask = static_cast<std::uint16_t>(1U << irq);
  state_.isa_levels =
      static_cast<std::uint16_t>(high ? state_.isa_levels | mask : state_.isa_levels & ~mask);
  drive_irqs();
}

void Piix3::set_pirq(unsigned pirq, unsigned source, bool asserted) {
  ICE86_ASSERT(pirq < kPirqs && source < 32);
  std::uint32_t& sources = state_.pirq_sources[pirq];
  const bool before = sources != 0;
  const std::uint32_t mask = std::uint32_t{1} << source;
  sources = asserted ? sources | mask : sources & ~mask;
  if (before != (sources != 0) && trace_.wants(TraceCategory::kIrq)) {
    trace_.emit(TraceCategory::kIrq, "pirq",
                {{"pirq", std::string(1, static_cast<char>('A' + pirq))},
                 {"level", unsigned{sources != 0}},
                 {"route", config8(kPirqrcA + pirq)}});
  }
  drive_irqs();
}

std::uint16_t Piix3::levels() const {
  std::uint16_t levels = state_.isa_levels;
  if (state_.irq13) levels |= 1U << 13;
  for (unsigned i = 0; i < kPirqs; ++i) {
    const std::uint8_t route = config8(kPirqrcA + i);
    if ((route & kSteeringDisabled) != 0 || state_.pirq_sources[i] == 0) continue;
    levels = static_cast<std::uint16_t>(levels | (1U << (route & 0x0F) & kSteerable));
  }
  return static_cast<std::uint16_t>(levels & ~0x0004U);
}

void Piix3::drive_irqs() {
  const std::uint16_t now = levels();
  for (unsigned i = 0; i < kIrqs; ++i) pins_.irq[i].set(bit(now, i));
}

void Piix3::config_written(unsigned offset, unsigned width, std::uint32_t) {
  if (offset < kPirqrcA + kPirqs && offset + width > kPirqrcA) drive_irqs();
}

// FERR#, IGNNE# and port F0h (section 2.5, Coprocessor Error Register). The chip passes FERR# on only with XBCS bit 5 set;
// here it always does: firmware written for emulated boards leaves that bit clear and counts on
// IRQ13 all the same.
void Piix3::set_ferr(bool asserted) {
  if (asserted == state_.ferr) return;
  state_.ferr = asserted;
  if (asserted) {
    state_.irq13 = true;
  } else {
    drive_ignne(false);
  }
  drive_irqs();
}

void Piix3::drive_ignne(bool asserted) {
  state_.ignne = asserted;
  pins_.ignne.set(asserted);
}

void Piix3::write_coprocessor_error(std::uint64_t offset, unsigned, std::uint64_t) {
  if (offset != 0) return;
  state_.irq13 = false;
  drive_irqs();
  if (state_.ferr) drive_ignne(true);
}

// Reads go on to the ISA bus, where nobody answers.
std::uint64_t Piix3::read_coprocessor_error(std::uint64_t offset, unsigned width) {
  return peek_coprocessor_error(offset, width);
}

std::uint64_t Piix3::peek_coprocessor_error(std::uint64_t, unsigned width) const {
  return floating_bus(width);
}

// RC, reset control register, CF9h (section 2.5.6.2): the reset starts when RCPU goes from 0 to 1.
void Piix3::write_reset_control(std::uint64_t offset, unsigned, std::uint64_t value) {
  if (offset != 0) return;
  const auto written = static_cast<std::uint8_t>(value & (kResetCpu | kSystemReset));
  const bool starts = (state_.reset_control & kResetCpu) == 0 && (written & kResetCpu) != 0;
  state_.reset_control = written;
  if (starts) ((written & kSystemReset) != 0 ? pins_.system_reset : pins_.init).pulse();
}

std::uint64_t Piix3::read_reset_control(std::uint64_t offset, unsigned width) {
  return peek_reset_control(offset, width);
}

std::uint64_t Piix3::peek_reset_control(std::uint64_t offset, unsigned width) const {
  return offset == 0 ? state_.reset_control : floating_bus(width);
}

void Piix3::write_port92(std::uint64_t offset, unsigned, std::uint64_t value) {
  if (offset != 0) return;
  const auto written = static_cast<std::uint8_t>(value & (kFastInit | kFastA20));
  const bool init = (state_.port92 & kFastInit) == 0 && (written & kFastInit) != 0;
  state_.port92 = written;
  pins_.a20_gate.set((written & kFastA20) != 0);
  if (init) pins_.init.pulse();
}

std::uint64_t Piix3::read_port92(std::uint64_t offset, unsigned width) {
  return peek_port92(offset, width);
}

std::uint64_t Piix3::peek_port92(std::uint64_t offset, unsigned width) const {
  return offset == 0 ? (state_.port92 | kPort92Fixed) : floating_bus(width);
}

void Piix3::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  reset_config();
  // The interrupt inputs are wires: they stay as their drivers hold them.
  state_.reset_control = 0;
  state_.port92 = 0;
  // The CPU is reset with this chip, and negates FERR#.
  state_.ferr = state_.irq13 = false;
  drive_ignne(false);
  pins_.a20_gate.set(false);
  drive_irqs();
}

void Piix3::serialize(Archive& archive) {
  archive.section("piix3", 2, [&] {
    serialize_config(archive);
    archive.io(state_.isa_levels);
    archive.io(state_.pirq_sources);
    archive.io(state_.reset_control);
    archive.io(state_.port92);
    archive.io(state_.ferr);
    archive.io(state_.irq13);
    archive.io(state_.ignne);
  });
  if (!archive.loading()) return;
  state_.reset_control &= kResetCpu | kSystemReset;
  state_.port92 &= kFastInit | kFastA20;
  const std::uint16_t now = levels();
  for (unsigned i = 0; i < kIrqs; ++i) pins_.irq[i].restore(bit(now, i));
  pins_.a20_gate.restore((state_.port92 & kFastA20) != 0);
  pins_.ignne.restore(state_.ignne);
}

std::string Piix3::dump() const {
  std::string text = fmt::format(
      "PIIX3: XBCS {:04x}, RC {:02x}, port 92 {:02x}, ISA levels {:04x}, FERR# {}, IGNNE# {}\n",
      config16(kXbcs), state_.reset_control, state_.port92 | kPort92Fixed, state_.isa_levels,
      state_.ferr ? "asserted" : "negated", state_.ignne ? "asserted" : "negated");
  for (unsigned i = 0; i < kPirqs; ++i) {
    const std::uint8_t route = config8(kPirqrcA + i);
    text += fmt::format("  PIRQ{} {} sources {:08x}\n", static_cast<char>('A' + i),
                        (route & kSteeringDisabled) != 0 ? std::string("off,")
                                                         : fmt::format("to IRQ{},", route & 0x0F),
                        state_.pirq_sources[i]);
  }
  return text;
}

}  // namespace ice86::devices
