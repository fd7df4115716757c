// SPDX-License-Identifier: LGPL-2.1-or-later
// i440FX host bridge (PMC): DRAM rows, shadow (PAM) and SMRAM control, PCI function 8086:1237.
// Reference: Intel 440FX PCIset, 82441FX PMC and 82442FX DBX, order number 290549-001 (May 1996),
// section 3.
#pragma once

#include <cstdint>
#include <string>

#include "devices/pci/pci_function.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

// What the bridge decides about the memory map. The board applies it to its memory space.
class ShadowControl {
 public:
  virtual ~ShadowControl() = default;
  // CPU accesses to one of the 13 PAM segments: whether reads come from DRAM (else from the PCI
  // bus: ROM), and whether writes go to DRAM. Segments 0-11 are 16 KiB each from C0000h; 12 is
  // F0000h-FFFFFh.
  virtual void set_shadow(unsigned segment, bool reads_dram, bool writes_dram) = 0;
  // A0000h-BFFFFh: DRAM for everyone (SMRAM open), DRAM for code that runs in SMM, and there for
  // code fetches only (data then goes to PCI: closed).
  struct Smram {
    bool open = false;
    bool enabled_in_smm = false;
    bool code_only = false;
  };
  virtual void set_smram(const Smram& smram) = 0;
};

class I440fx final : public PciFunction {
 public:
  struct Pins {
    ShadowControl& shadow;
    EdgeLine& init;          // CPU soft reset by the turbo reset control register (93h)
    EdgeLine& system_reset;  // hard reset by the same register
  };

  explicit I440fx(Pins pins);

  // Tells `shadow` the whole state, as do load and changes.
  void reset(ResetKind kind);
  void serialize(Archive& archive);
  std::string dump() const;

  static constexpr unsigned kPamSegments = 13;

 private:
  void config_written(unsigned offset, unsigned width, std::uint32_t old) override;
  void apply_pam(unsigned first_register, unsigned last_register);
  void apply_smram();

  Pins pins_;
};

}  // namespace ice86::devices
