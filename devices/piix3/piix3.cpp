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
// Section 2.5.5.2: bit 2 reads as one and bit 5 too after reset.
constexpr std::uint8_t kPort92Ones = 0x24;

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
      trace_(trace),
      processor_({irq13_, pins.a20_gate, pins.ignne, pins.init, pins.system_reset},
                 {.full_reset = false, .port92_ones = kPort92Ones}) {
  define8(kIort, 0x4D, 0xFF);
  define16(kXbcs, 0x0003, 0x01FF);
  for (unsigned i = 0; i < kPirqs; ++i)
    define8(kPirqrcA + i, InterruptSteering<kPirqs>::kDisabled, 0x8F);
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
  steering_.set_isa(irq, high);
  drive_irqs();
}

void Piix3::set_pirq(unsigned pirq, unsigned source, bool asserted) {
  if (steering_.set_pirq(pirq, source, asserted) && trace_.wants(TraceCategory::kIrq)) {
    trace_.emit(TraceCategory::kIrq, "pirq",
                {{"pirq", std::string(1, static_cast<char>('A' + pirq))},
                 {"level", unsigned{steering_.pirq(pirq)}},
                 {"route", config8(kPirqrcA + pirq)}});
  }
  drive_irqs();
}

std::uint16_t Piix3::levels() const {
  const std::uint16_t levels =
      steering_.levels([this](unsigned pirq) { return config8(kPirqrcA + pirq); });
  return static_cast<std::uint16_t>((levels | (irq13_.high() ? 1U << 13 : 0)) & ~0x0004U);
}

void Piix3::drive_irqs() {
  const std::uint16_t now = levels();
  for (unsigned i = 0; i < kIrqs; ++i) pins_.irq[i].set(bit(now, i));
}

void Piix3::config_written(unsigned offset, unsigned width, std::uint32_t) {
  if (offset < kPirqrcA + kPirqs && offset + width > kPirqrcA) drive_irqs();
}

void Piix3::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  reset_config();
  // The interrupt inputs are wires: they stay as their drivers hold them.
  processor_.reset(kind);
  drive_irqs();
}

void Piix3::serialize(Archive& archive) {
  archive.section("piix3", 2, [&] {
    serialize_config(archive);
    steering_.serialize(archive);
    processor_.serialize(archive);
  });
  if (!archive.loading()) return;
  const std::uint16_t now = levels();
  for (unsigned i = 0; i < kIrqs; ++i) pins_.irq[i].restore(bit(now, i));
}

std::string Piix3::dump() const {
  std::string text = fmt::format("PIIX3: XBCS {:04x}, {}, ISA levels {:04x}\n", config16(kXbcs),
                                 processor_.dump(), steering_.isa_levels());
  for (unsigned i = 0; i < kPirqs; ++i) {
    const std::uint8_t route = config8(kPirqrcA + i);
    text += fmt::format("  PIRQ{} {} sources {:08x}\n", static_cast<char>('A' + i),
                        (route & InterruptSteering<kPirqs>::kDisabled) != 0
                            ? std::string("off,")
                            : fmt::format("to IRQ{},", route & 0x0F),
                        steering_.sources(i));
  }
  return text;
}

}  // namespace ice86::devices
