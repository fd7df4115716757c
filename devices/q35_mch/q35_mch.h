// SPDX-License-Identifier: LGPL-2.1-or-later
// Q35 memory controller hub, device 0: the host bridge with shadow (PAM), compatible and extended
// SMRAM (TSEG) and the window of PCI Express configuration; 8086:29C0.
// Reference: Intel 3 Series Express Chipset Family datasheet, order number 316966-002 (October
// 2007), chapters 3 and 5.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "devices/common/shadow_control.h"
#include "devices/pci/pci_function.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

class Q35Mch final : public PciFunction {
 public:
  // windows(): PCIEXBAR's, one for each of its lengths; at most one decodes.
  static constexpr std::array<std::uint64_t, 3> kPciexLengths = {256 << 20, 128 << 20, 64 << 20};
  static constexpr unsigned kPciexWindow = PciWindow::kOwn;  // and the two after it

  // `enhanced_config` answers in those windows.
  Q35Mch(ShadowControl& shadow, RegisterBlock& enhanced_config);

  // PCIEXBAR, when it is enabled.
  struct Pciex {
    std::uint64_t base, length;
  };
  std::optional<Pciex> pciex() const;

  // Tells `shadow` the whole state, as do load and changes.
  void reset(ResetKind kind);
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  void config_written(unsigned offset, unsigned width, std::uint32_t old) override;
  void apply_all();
  void apply_pam(unsigned first_register, unsigned last_register);
  void apply_smram();
  void place_pciex();

  ShadowControl& shadow_;
};

}  // namespace ice86::devices
