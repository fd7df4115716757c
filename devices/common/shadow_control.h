// SPDX-License-Identifier: LGPL-2.1-or-later
// What a host bridge decides about the memory map: shadow RAM (PAM) and memory of system management
// mode. The registers are alike from the i440FX to the Q35.
#pragma once

#include <cstdint>

namespace ice86::devices {

// The board applies it to its memory space.
class ShadowControl {
 public:
  static constexpr unsigned kSegments = 13;

  virtual ~ShadowControl() = default;
  // CPU accesses to one of the 13 PAM segments: whether reads come from DRAM (else from the PCI
  // bus: ROM), and whether writes go to DRAM. Segments 0-11 are 16 KiB each from C0000h; 12 is
  // F0000h-FFFFFh.
  virtual void set_shadow(unsigned segment, bool reads_dram, bool writes_dram) = 0;
  // The DRAM under A0000h-BFFFFh: for everyone (SMRAM open), for code that runs in SMM, and there
  // for code fetches only (data then goes to PCI: closed).
  struct Smram {
    bool open = false;
    bool enabled_in_smm = false;
    bool code_only = false;
    bool high = false;            // at FEDA0000h and not at A0000h
    std::uint64_t tseg_size = 0;  // so much at the top of low memory is treated likewise
  };
  virtual void set_smram(const Smram& smram) = 0;
};

// Attributes of one segment, in half a PAM register.
constexpr unsigned kPamReadEnable = 0x1, kPamWriteEnable = 0x2;
constexpr unsigned kPamRegisters = 7;

// One PAM register as it is now: PAM0 has F0000h-FFFFFh in its high half, PAM1-6 two segments each
// from C0000h.
inline void apply_pam_register(ShadowControl& shadow, unsigned index, std::uint8_t value) {
  const auto apply = [&](unsigned segment, unsigned attributes) {
    shadow.set_shadow(segment, (attributes & kPamReadEnable) != 0,
                      (attributes & kPamWriteEnable) != 0);
  };
  if (index == 0) return apply(12, value >> 4);
  apply((index - 1) * 2, value);
  apply((index - 1) * 2 + 1, value >> 4);
}

}  // namespace ice86::devices
