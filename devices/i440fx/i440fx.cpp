// SPDX-License-Identifier: LGPL-2.1-or-later
// i440FX host bridge registers.
// Reference: Intel 440FX PCIset datasheet (290549-001), section 3.2.
#include "devices/i440fx/i440fx.h"

#include <fmt/core.h>

#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

constexpr unsigned kPmccfg = 0x50, kDeturbo = 0x52, kDbc = 0x53, kAxc = 0x54, kDrt = 0x55;
constexpr unsigned kDramc = 0x57, kDramt = 0x58, kPam0 = 0x59, kPam6 = 0x5F, kDrb0 = 0x60;
constexpr unsigned kFdhc = 0x68, kMtt = 0x70, kClt = 0x71, kSmram = 0x72;
constexpr unsigned kErrcmd = 0x90, kErrsts = 0x91, kTrc = 0x93;

// SMRAM (section 3.2.22).
constexpr std::uint8_t kDopen = 0x40, kDcls = 0x20, kDlck = 0x10, kGsmrame = 0x08;
constexpr std::uint8_t kSmramBase = 0x02;  // C_BASE_SEG: A0000h is the only one supported

// TRC (section 3.2.27).
constexpr std::uint8_t kRcpu = 0x04, kSrmt = 0x02;

}  // namespace

I440fx::I440fx(Pins pins)
    : PciFunction({.vendor = 0x8086,
                   .device = 0x1237,
                   .class_code = 0x060000,
                   .revision = 0x02,
                   .command = 0x0006,  // memory and master are wired to one
                   .command_writable = 0x0100,
                   .status = 0x0280}),
      pins_(pins) {
  define8(pci::kLatencyTimer, 0x00, 0xF8);
  define16(kPmccfg, 0x0000, 0xFFFF);
  define8(kDeturbo, 0x00, 0xFF);
  define8(kDbc, 0x80, 0xFF);
  define8(kAxc, 0x00, 0xFF);
  define16(kDrt, 0x0000, 0xFFFF);
  define8(kDramc, 0x01, 0xFF);
  define8(kDramt, 0x10, 0xFF);
  define8(kPam0, 0x00, 0x30);
  for (unsigned i = kPam0 + 1; i <= kPam6; ++i) define8(i, 0x00, 0x33);
  // Row boundaries are storage: the board's DRAM answers as far as it is populated, whatever
  // firmware programs here. Software finds the size over SMBus or in CMOS and records it, as on the
  // real board.
  for (unsigned i = 0; i < 8; ++i) define8(kDrb0 + i, 0x01, 0xFF);
  define8(kFdhc, 0x00, 0xC0);
  define8(kMtt, 0x20, 0xFF);
  define8(kClt, 0x10, 0xFF);
  define8(kSmram, kSmramBase, kDopen | kDcls | kDlck | kGsmrame);
  define8(kErrcmd, 0x00, 0xFF);
  define_write_one_clears(kErrsts, 0x11);
  define8(kTrc, 0x00, 0x0E);
}

void I440fx::config_written(unsigned offset, unsigned width, std::uint32_t old) {
  const unsigned end = offset + width;
  if (offset <= kPam6 && end > kPam0) {
    apply_pam(offset < kPam0 ? kPam0 : offset, end > kPam6 ? kPam6 : end - 1);
  }
  if (offset <= kSmram && end > kSmram) {
    const auto before = static_cast<std::uint8_t>(old >> ((kSmram - offset) * 8));
    std::uint8_t now = config8(kSmram);
    // DLCK clears DOPEN, and both are read-only from then on until a reset.
    if ((before & kDlck) != 0) now |= kDlck;
    if ((now & kDlck) != 0) now &= static_cast<std::uint8_t>(~kDopen);
    set_config8(kSmram, now);
    apply_smram();
  }
  if (offset <= kTrc && end > kTrc) {
    const auto before = static_cast<std::uint8_t>(old >> ((kTrc - offset) * 8));
    const std::uint8_t now = config8(kTrc);
    if ((before & kRcpu) == 0 && (now & kRcpu) != 0) {
      ((now & kSrmt) != 0 ? pins_.system_reset : pins_.init).pulse();
    }
  }
}

void I440fx::apply_pam(unsigned first_register, unsigned last_register) {
  for (unsigned index = first_register; index <= last_register; ++index)
    apply_pam_register(pins_.shadow, index - kPam0, config8(index));
}

void I440fx::apply_smram() {
  const std::uint8_t value = config8(kSmram);
  const bool enabled = (value & kGsmrame) != 0;
  pins_.shadow.set_smram({.open = enabled && (value & kDopen) != 0,
                          .enabled_in_smm = enabled,
                          .code_only = (value & kDcls) != 0,
                          .high = false,
                          .tseg_size = 0});
}

void I440fx::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  reset_config();
  apply_pam(kPam0, kPam6);
  apply_smram();
}

void I440fx::serialize(Archive& archive) {
  archive.section("i440fx", 1, [&] { serialize_config(archive); });
  if (!archive.loading()) return;
  apply_pam(kPam0, kPam6);
  apply_smram();
}

std::string I440fx::dump() const {
  std::string text =
      fmt::format("i440FX: command {:04x}, SMRAM {:02x}, DRB", config16(4), config8(kSmram));
  for (unsigned i = 0; i < 8; ++i) text += fmt::format(" {:02x}", config8(kDrb0 + i));
  text += "\n  PAM ";
  constexpr const char* kWords[] = {"--", "r-", "-w", "rw"};
  for (unsigned segment = 0; segment < kPamSegments; ++segment) {
    const unsigned attributes =
        segment == 12 ? config8(kPam0) >> 4 : config8(kPam0 + 1 + segment / 2) >> (segment % 2 * 4);
    const unsigned base = segment == 12 ? 0xF0000 : 0xC0000 + segment * 0x4000;
    text += fmt::format(" {:05x}:{}", base, kWords[attributes & 3]);
  }
  return text + "\n";
}

}  // namespace ice86::devices
