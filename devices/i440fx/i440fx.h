// SPDX-License-Identifier: LGPL-2.1-or-later
// i440FX host bridge (PMC): DRAM rows, shadow (PAM) and SMRAM control, PCI function 8086:1237.
// Reference: Intel 440FX PCIset, 82441FX PMC and 82442FX DBX, order number 290549-001 (May 1996),
// section 3.
#pragma once

#include <cstdint>
#include <string>

#include "devices/common/shadow_control.h"
#include "devices/pci/pci_function.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

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

  static constexpr unsigned kPamSegments = ShadowControl::kSegments;

 private:
  void config_written(unsigned offset, unsigned width, std::uint32_t old) override;
  void apply_pam(unsigned first_register, unsigned last_register);
  void apply_smram();

  Pins pins_;
};

}  // namespace ice86::devices
