// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: Intel 3 Series Express Chipset Family datasheet (316966-002), section 5.1.
#include "devices/q35_mch/q35_mch.h"

#include <fmt/core.h>

#include <algorithm>

#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

constexpr unsigned kEpbar = 0x40, kMchbar = 0x48, kReserved50 = 0x50, kGgc = 0x52, kDeven = 0x54;
constexpr unsigned kPciexbar = 0x60, kDmibar = 0x68, kPam0 = 0x90, kPam6 = 0x96, kLac = 0x97;
constexpr unsigned kRemapbase = 0x98, kRemaplimit = 0x9A, kSmram = 0x9D, kEsmramc = 0x9E;
constexpr unsigned kTom = 0xA0, kTouud = 0xA2, kGbsm = 0xA4, kBgsm = 0xA8, kTsegmb = 0xAC;
constexpr unsigned kTolud = 0xB0, kErrsts = 0xC8, kErrcmd = 0xCA, kSmicmd = 0xCC, kSkpd = 0xDC;

// SMRAM.
constexpr std::uint8_t kDopen = 0x40, kDcls = 0x20, kDlck = 0x10, kGsmrame = 0x08;
constexpr std::uint8_t kSmramBase = 0x02;  // C_BASE_SEG: A0000h is the only one supported

// ESMRAMC.
constexpr std::uint8_t kHsmrame = 0x80, kEsmerr = 0x40, kTsegSize = 0x06, kTsegEnable = 0x01;
constexpr std::uint8_t kSmramCached = 0x38;  // SM_CACHE, SM_L1, SM_L2: wired to one

// PCIEXBAR.
constexpr std::uint64_t kPciexEnable = 0x1;
constexpr unsigned kPciexLength = 0x6;
constexpr std::uint64_t kPciexWritable = 0xF'FC00'0007;

// TSEG_SZ: 1, 2 and 8 MiB; 11b is reserved and shows none.
std::uint64_t tseg_size(std::uint8_t esmramc) {
  constexpr std::array<std::uint64_t, 4> kSizes = {1 << 20, 2 << 20, 8 << 20, 0};
  return kSizes[(esmramc & kTsegSize) >> 1];
}

bool touches(unsigned offset, unsigned width, unsigned first, unsigned last) {
  return offset <= last && offset + width > first;
}

}  // namespace

Q35Mch::Q35Mch(ShadowControl& shadow, RegisterBlock& enhanced_config)
    : PciFunction({.vendor = 0x8086,
                   .device = 0x29C0,
                   .class_code = 0x060000,
                   .revision = 0x02,
                   .command = 0x0006,  // memory and master are wired to one
                   .command_writable = 0x0100,
                   // No capability list: its one entry tells of fuses that nothing here has.
                   .status = 0x0080}),
      shadow_(shadow) {
  // Base addresses of register blocks behind the root complex, graphics and its stolen memory, and
  // the tops of memory: storage. The board's DRAM answers as far as it is there.
  for (const unsigned offset : {kEpbar, kMchbar, kDmibar}) {
    define32(offset, 0, 0xFFFF'F001);
    define32(offset + 4, 0, 0x0000'000F);
  }
  // Reserved on the chip. QEMU's takes what is written here for storage or, on a machine that has a
  // larger TSEG, answers FFFFh with its size. Firmware asks that way: storage says there is none.
  define16(kReserved50, 0, 0xFFFF);
  define16(kGgc, 0x0030, 0x0FF2);
  define32(kDeven, 0x0000'03DB, 0x0000'03DA);
  define32(kPciexbar, 0xE000'0000, static_cast<std::uint32_t>(kPciexWritable));
  define32(kPciexbar + 4, 0, static_cast<std::uint32_t>(kPciexWritable >> 32));
  define8(kPam0, 0x00, 0x30);
  for (unsigned i = kPam0 + 1; i <= kPam6; ++i) define8(i, 0x00, 0x33);
  define8(kLac, 0x00, 0x81);
  define16(kRemapbase, 0x03FF, 0x03FF);
  define16(kRemaplimit, 0x0000, 0x03FF);
  define8(kSmram, kSmramBase, kDopen | kDcls | kDlck | kGsmrame);
  define8(kEsmramc, kSmramCached, kHsmrame | kTsegSize | kTsegEnable);
  define_write_one_clears(kEsmramc, kEsmerr);
  define16(kTom, 0x0001, 0x03FF);
  define16(kTouud, 0x0000, 0xFFFF);
  define32(kGbsm, 0, 0xFFF0'0000);
  define32(kBgsm, 0, 0xFFF0'0000);
  define32(kTsegmb, 0, 0xFFF0'0000);
  define16(kTolud, 0x0010, 0xFFF0);
  define_write_one_clears(kErrsts, 0xFF);
  define_write_one_clears(kErrsts + 1, 0x1F);
  define16(kErrcmd, 0x0000, 0x1FFF);
  define16(kSmicmd, 0x0000, 0x1FFF);
  define32(kSkpd, 0, 0xFFFF'FFFF);
  for (unsigned i = 0; i < kPciexLengths.size(); ++i) {
    define_own_window(kPciexWindow + i, PciWindow::Space::kMemory, kPciexLengths[i],
                      &enhanced_config);
  }
  place_pciex();
}

void Q35Mch::config_written(unsigned offset, unsigned width, std::uint32_t old) {
  if (touches(offset, width, kPciexbar, kPciexbar + 7)) place_pciex();
  if (touches(offset, width, kPam0, kPam6))
    apply_pam(std::max(offset, kPam0), std::min(offset + width - 1, kPam6));
  if (!touches(offset, width, kSmram, kEsmramc)) return;
  const auto before = [&](unsigned at) {
    return offset <= at && at < offset + width
               ? static_cast<std::uint8_t>(old >> ((at - offset) * 8))
               : config8(at);
  };
  const std::uint8_t old_smram = before(kSmram), old_esmramc = before(kEsmramc);
  if ((old_smram & kDlck) != 0) {
    // Locked until a reset: what is left is D_CLS and the error status.
    set_config8(kSmram,
                static_cast<std::uint8_t>((old_smram & ~kDcls) | (config8(kSmram) & kDcls)));
    set_config8(kEsmramc, static_cast<std::uint8_t>((old_esmramc & ~kEsmerr) |
                                                    (config8(kEsmramc) & kEsmerr)));
  }
  if ((config8(kSmram) & kDlck) != 0)
    set_config8(kSmram, static_cast<std::uint8_t>(config8(kSmram) & ~kDopen));
  apply_smram();
}

void Q35Mch::apply_pam(unsigned first_register, unsigned last_register) {
  for (unsigned index = first_register; index <= last_register; ++index)
    apply_pam_register(shadow_, index - kPam0, config8(index));
}

// Nothing is SMRAM without G_SMRAME. TSEG lies where the chip's TSEGMB says; here,
// as QEMU has it, at the top of low memory whatever is written there. Firmware puts it there.
void Q35Mch::apply_smram() {
  const std::uint8_t smram = config8(kSmram), esmramc = config8(kEsmramc);
  const bool enabled = (smram & kGsmrame) != 0;
  shadow_.set_smram(
      {.open = enabled && (smram & kDopen) != 0,
       .enabled_in_smm = enabled,
       .code_only = (smram & kDcls) != 0,
       .high = (esmramc & kHsmrame) != 0,
       .tseg_size = enabled && (esmramc & kTsegEnable) != 0 ? tseg_size(esmramc) : 0});
}

std::optional<Q35Mch::Pciex> Q35Mch::pciex() const {
  const std::uint64_t bar = config32(kPciexbar) | std::uint64_t{config32(kPciexbar + 4)} << 32;
  const unsigned length = (bar & kPciexLength) >> 1;  // 11b is reserved
  if ((bar & kPciexEnable) == 0 || length >= kPciexLengths.size()) return std::nullopt;
  const std::uint64_t size = kPciexLengths[length];
  return Pciex{bar & kPciexWritable & ~(size - 1), size};
}

void Q35Mch::place_pciex() {
  const auto window = pciex();
  for (unsigned i = 0; i < kPciexLengths.size(); ++i) {
    const bool this_one = window && window->length == kPciexLengths[i];
    move_own_window(kPciexWindow + i, this_one ? window->base : 0, this_one);
  }
}

void Q35Mch::apply_all() {
  apply_pam(kPam0, kPam6);
  apply_smram();
  place_pciex();
}

void Q35Mch::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  reset_config();
  apply_all();
}

void Q35Mch::serialize(Archive& archive) {
  archive.section("q35-mch", 1, [&] { serialize_config(archive); });
  if (archive.loading()) apply_all();
}

std::string Q35Mch::dump() const {
  const auto window = pciex();
  std::string text = fmt::format(
      "Q35 MCH: command {:04x}, SMRAM {:02x}, ESMRAMC {:02x}, PCIEXBAR {}, TOLUD {:04x}\n  PAM",
      config16(pci::kCommand), config8(kSmram), config8(kEsmramc),
      window ? fmt::format("{:x}+{:x}", window->base, window->length) : "off", config16(kTolud));
  for (unsigned i = kPam0; i <= kPam6; ++i) text += fmt::format(" {:02x}", config8(i));
  return text + "\n";
}

}  // namespace ice86::devices
