// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: Intel ICH9 datasheet (316972-004), 10.1 (RCBA), 13.1 (configuration).
#include "devices/ich9/ich9_lpc.h"

#include <fmt/core.h>

#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

constexpr unsigned kPmbase = 0x40, kAcpiCntl = 0x44, kGpiobase = 0x48, kGc = 0x4C;
constexpr unsigned kPirqA = 0x60, kSirqCntl = 0x64, kPirqE = 0x68, kLpcIbdf = 0x6C;
constexpr unsigned kLpcIoDec = 0x80, kLpcEn = 0x82, kGen1Dec = 0x84, kGenPmcon1 = 0xA0;
constexpr unsigned kGenPmcon2 = 0xA2, kGenPmcon3 = 0xA4, kCxStateCnf = 0xA9, kGpiRout = 0xB8;
constexpr unsigned kFwhSel1 = 0xD0, kFwhSel2 = 0xD4, kFwhDecEn1 = 0xD8, kBiosCntl = 0xDC;
constexpr unsigned kRcba = 0xF0;

constexpr std::uint16_t kPmbaseBits = 0xFF80;
constexpr std::uint8_t kAcpiEnable = 0x80, kSciSelect = 0x07;
constexpr std::uint8_t kSmiLock = 0x10, kBiosLockEnable = 0x02;
constexpr std::uint32_t kRcbaBits = 0xFFFF'C000, kRcbaEnable = 0x1;
constexpr std::uint64_t kRootSize = 0x4000;

constexpr unsigned kFirstApicInput = 16;

// Where ACPI_CNTL.SCI_IRQ_SEL routes the SCI: an IRQ, or an input of the I/O APIC; 0 is reserved.
constexpr std::array<std::uint8_t, 8> kSciRoutes = {9, 10, 11, 0, 20, 21, 0, 0};

// Registers at RCBA that keep what is written: a doubleword each, or a word in its low half. They
// say which interrupt pin a function uses and where a device's pins go. On this board the routes
// are fixed as the registers have them after a reset.
struct RootRegister {
  std::uint16_t offset;
  std::uint32_t reset, writable;
};
constexpr RootRegister kRoot[] = {
    {0x3100, 0x0324'3200, 0xFFFF'FFFF},  // D31IP
    {0x3104, 0x0000'0000, 0x0000'0000},  // D30IP
    {0x3108, 0x1000'4321, 0xFFFF'FFFF},  // D29IP
    {0x310C, 0x0021'4321, 0xFFFF'FFFF},  // D28IP
    {0x3110, 0x0000'0001, 0xFFFF'FFFF},  // D27IP
    {0x3114, 0x3000'0321, 0xFFFF'FFFF},  // D26IP
    {0x3118, 0x0000'0001, 0xFFFF'FFFF},  // D25IP
    {0x3140, 0x3210'3210, 0x7777'7777},  // D31IR, D30IR
    {0x3144, 0x3210'3210, 0x7777'7777},  // D29IR, D28IR
    {0x3148, 0x0000'3210, 0x0000'7777},  // D27IR
    {0x314C, 0x0000'3210, 0x0000'7777},  // D26IR
    {0x3150, 0x0000'3210, 0x0000'7777},  // D25IR
    {0x31FC, 0x0000'0000, 0x0300'0000},  // OIC, at 31FEh: CEN, AEN
    {0x3400, 0x0000'0000, 0x0000'001C},  // RC: upper and lower CMOS locks
    {0x3404, 0x0000'0000, 0x0000'0083},  // HPTC; the timers answer at FED00000h at any rate
    {0x3410, 0x0000'0000, 0x0000'0FE7},  // GCS
    {0x3414, 0x0000'0000, 0x0000'00FF},  // BUC
    {0x3418, 0x0000'0000, 0x03FF'FFFF},  // FD: functions cannot be disabled here
    {0x341C, 0x0000'0000, 0xFFFF'FFFF},  // CG
    {0x3420, 0x0000'0000, 0x0000'0003},  // PDSW
};

// Byte `at` of a register file of doublewords.
std::uint8_t byte_of(std::uint32_t value, unsigned at) {
  return static_cast<std::uint8_t>(value >> (at * 8));
}
void merge_byte(std::uint32_t& value, unsigned at, std::uint8_t byte, std::uint32_t writable) {
  const std::uint32_t mask = std::uint32_t{0xFF} << (at * 8) & writable;
  value = (value & ~mask) | (std::uint32_t{byte} << (at * 8) & mask);
}

}  // namespace

Ich9Lpc::Ich9Lpc(Clock& clock, Pins pins, TraceBus& trace, Ich9Power::Config config)
    : PciFunction({.vendor = 0x8086,
                   .device = 0x2918,
                   .class_code = 0x060100,
                   .revision = 0x02,
                   .multifunction = true,
                   .command = 0x0007,  // I/O, memory and master are wired to one
                   .command_writable = 0x0140,
                   // No capability list: its one entry tells of features that nothing here has.
                   .status = 0x0200}),
      pins_(pins),
      trace_(trace),
      processor_({irq13_, pins.a20_gate, pins.ignne, pins.init, pins.system_reset},
                 {.full_reset = true}),
      power_(
          clock, {pins.smi, pins.power_off}, [this] { drive_irqs(); }, config) {
  static_assert(std::size(kRoot) == kRootRegisters);
  define32(kPmbase, 0x0000'0001, kPmbaseBits);
  define8(kAcpiCntl, 0x00, kAcpiEnable | kSciSelect);
  // Nothing is connected to the GPIO pins, and their ports are not there.
  define32(kGpiobase, 0x0000'0001, 0xFFC0);
  define8(kGc, 0x00, 0x11);
  for (unsigned i = 0; i < 4; ++i) {
    define8(kPirqA + i, InterruptSteering<kPirqs>::kDisabled, 0x8F);
    define8(kPirqE + i, InterruptSteering<kPirqs>::kDisabled, 0x8F);
  }
  define8(kSirqCntl, 0x10, 0xFF);
  define16(kLpcIbdf, 0x00F8, 0xFFFF);
  // What the bridge decodes for LPC: the board's devices answer whatever is written here.
  define16(kLpcIoDec, 0x0000, 0x1377);
  define16(kLpcEn, 0x0000, 0x3F0F);
  for (unsigned i = 0; i < 4; ++i) define32(kGen1Dec + i * 4, 0, 0x00FC'FFFD);
  define16(kGenPmcon1, 0x0000, 0x06BF);
  define8(kGenPmcon2, 0x00, 0x60);
  define8(kGenPmcon3, 0x00, 0xFB);
  for (unsigned offset = kCxStateCnf; offset <= 0xAB; ++offset) define8(offset, 0x00, 0xFF);
  define32(kGpiRout, 0, 0xFFFF'FFFF);
  define32(kFwhSel1, 0x0011'2233, 0xFFFF'FFF0);
  define16(kFwhSel2, 0x4567, 0xFFFF);
  define16(kFwhDecEn1, 0xFFCF, 0x7FCF);
  // Who may write to the flash chip is up to the board; BIOSWE has no effect, and no SMI either.
  define8(kBiosCntl, 0x00, 0x0F);
  define32(kRcba, 0, kRcbaBits | kRcbaEnable);
  define_own_window(kPmWindow, PciWindow::Space::kIo, Ich9Power::kPorts, &power_.ports());
  define_own_window(kRootWindow, PciWindow::Space::kMemory, kRootSize, &root_window_);
  reset(ResetKind::kPowerOn);
}

// --- interrupts

void Ich9Lpc::set_isa_irq(unsigned irq, bool high) {
  steering_.set_isa(irq, high);
  drive_irqs();
}

void Ich9Lpc::set_pirq(unsigned pirq, unsigned source, bool asserted) {
  if (steering_.set_pirq(pirq, source, asserted) && trace_.wants(TraceCategory::kIrq)) {
    trace_.emit(TraceCategory::kIrq, "pirq",
                {{"pirq", std::string(1, static_cast<char>('A' + pirq))},
                 {"level", unsigned{steering_.pirq(pirq)}},
                 {"route", route(pirq)}});
  }
  drive_irqs();
}

std::uint8_t Ich9Lpc::route(unsigned pirq) const {
  return config8(pirq < 4 ? kPirqA + pirq : kPirqE + pirq - 4);
}

std::uint16_t Ich9Lpc::irq_levels() const {
  unsigned levels = steering_.levels([this](unsigned pirq) { return route(pirq); });
  if (irq13_.high()) levels |= 1U << 13;
  const std::uint8_t sci = kSciRoutes[config8(kAcpiCntl) & kSciSelect];
  if (power_.sci() && sci != 0 && sci < kIrqs) levels |= 1U << sci;
  return static_cast<std::uint16_t>(levels & ~0x0004U);
}

std::uint8_t Ich9Lpc::apic_levels() const {
  unsigned levels = 0;
  for (unsigned i = 0; i < kPirqs; ++i) levels |= (steering_.pirq(i) ? 1U : 0U) << i;
  const std::uint8_t sci = kSciRoutes[config8(kAcpiCntl) & kSciSelect];
  if (power_.sci() && sci >= kFirstApicInput) levels |= 1U << (sci - kFirstApicInput);
  return static_cast<std::uint8_t>(levels);
}

void Ich9Lpc::drive_irqs() {
  const std::uint16_t irqs = irq_levels();
  for (unsigned i = 0; i < kIrqs; ++i) pins_.irq[i].set(bit(irqs, i));
  const std::uint8_t inputs = apic_levels();
  for (unsigned i = 0; i < kPirqs; ++i) pins_.apic[i].set(bit(inputs, i));
}

// --- configuration

void Ich9Lpc::config_written(unsigned offset, unsigned width, std::uint32_t old) {
  const auto before = [&](unsigned at) {
    return offset <= at && at < offset + width
               ? static_cast<std::uint8_t>(old >> ((at - offset) * 8))
               : config8(at);
  };
  // Once set they stay, until a reset.
  const auto keep = [&](unsigned at, std::uint8_t lock) {
    set_config8(at, static_cast<std::uint8_t>(config8(at) | (before(at) & lock)));
  };
  keep(kGenPmcon1, kSmiLock);
  keep(kBiosCntl, kBiosLockEnable);
  follow_config();
}

void Ich9Lpc::follow_config() {
  power_.lock_smi((config8(kGenPmcon1) & kSmiLock) != 0);
  place_windows();
  drive_irqs();
}

std::uint16_t Ich9Lpc::pm_base() const {
  return config16(kPmbase) & kPmbaseBits;
}

void Ich9Lpc::place_windows() {
  move_own_window(kPmWindow, pm_base(), pm_base() != 0 && (config8(kAcpiCntl) & kAcpiEnable) != 0);
  const std::uint32_t root = config32(kRcba);
  move_own_window(kRootWindow, root & kRcbaBits,
                  (root & kRcbaEnable) != 0 && (root & kRcbaBits) != 0);
}

// --- register files

std::uint64_t Ich9Lpc::peek_root(std::uint64_t offset, unsigned width) const {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    for (unsigned k = 0; k < kRootRegisters; ++k) {
      const std::uint64_t at = offset + i - kRoot[k].offset;
      if (at < 4) value |= std::uint64_t{byte_of(root_[k], static_cast<unsigned>(at))} << (i * 8);
    }
  }
  return value;
}

void Ich9Lpc::write_root(std::uint64_t offset, unsigned width, std::uint64_t value) {
  for (unsigned i = 0; i < width; ++i) {
    for (unsigned k = 0; k < kRootRegisters; ++k) {
      const std::uint64_t at = offset + i - kRoot[k].offset;
      if (at < 4) {
        merge_byte(root_[k], static_cast<unsigned>(at), static_cast<std::uint8_t>(value >> (i * 8)),
                   kRoot[k].writable);
      }
    }
  }
}

// --- state

void Ich9Lpc::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  reset_config();
  for (unsigned i = 0; i < kRootRegisters; ++i) root_[i] = kRoot[i].reset;
  power_.reset(kind);
  processor_.reset(kind);
  // The interrupt inputs are wires: they stay as their drivers hold them.
  follow_config();
}

void Ich9Lpc::serialize(Archive& archive) {
  archive.section("ich9-lpc", 1, [&] {
    serialize_config(archive);
    steering_.serialize(archive);
    processor_.serialize(archive);
    power_.serialize(archive);
    archive.io(root_);
  });
  if (!archive.loading()) return;
  power_.lock_smi((config8(kGenPmcon1) & kSmiLock) != 0);
  place_windows();
  const std::uint16_t irqs = irq_levels();
  for (unsigned i = 0; i < kIrqs; ++i) pins_.irq[i].restore(bit(irqs, i));
  const std::uint8_t inputs = apic_levels();
  for (unsigned i = 0; i < kPirqs; ++i) pins_.apic[i].restore(bit(inputs, i));
}

std::string Ich9Lpc::dump() const {
  std::string text = fmt::format(
      "ICH9 LPC: PMBASE {:04x} ACPI_CNTL {:02x} RCBA {:08x}, {}, ISA levels {:04x}\n  {}\n",
      config16(kPmbase), config8(kAcpiCntl), config32(kRcba), processor_.dump(),
      steering_.isa_levels(), power_.dump());
  for (unsigned i = 0; i < kPirqs; ++i) {
    const std::uint8_t to = route(i);
    text += fmt::format("  PIRQ{} {} sources {:08x}\n", static_cast<char>('A' + i),
                        (to & InterruptSteering<kPirqs>::kDisabled) != 0
                            ? std::string("off,")
                            : fmt::format("to IRQ{},", to & 0x0F),
                        steering_.sources(i));
  }
  return text;
}

}  // namespace ice86::devices
