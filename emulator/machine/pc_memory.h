// SPDX-License-Identifier: LGPL-2.1-or-later
// The memory map of a board: RAM below and above the PCI hole, ROM at the top and below 1 MiB, the
// shadow RAM that the host bridge's PAM registers lay over the ROM, and the memory of system
// management mode. Reference: Intel 82441FX (i440FX PMC), sections 3.2.18 (PAM) and 4.1 (address
// map); Intel 3 Series Express Chipset Family (316966), chapter 3.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "devices/common/shadow_control.h"
#include "emulator/bus/memory_space.h"
#include "emulator/bus/ram.h"
#include "emulator/machine/firmware_table.h"

namespace ice86::machine {

class PcMemory final : public devices::ShadowControl {
 public:
  static Result<std::unique_ptr<PcMemory>> create(MemorySpace& space, std::uint64_t memory_bytes,
                                                  std::uint64_t below_4g, const Firmware& firmware);

  Ram& ram() { return *ram_; }
  Ram& rom() { return *rom_; }
  // The chip of the variables; null without one.
  Ram* vars() { return vars_.get(); }
  std::uint64_t below_4g() const { return below_4g_; }

  void set_shadow(unsigned segment, bool reads_dram, bool writes_dram) override;
  void set_smram(const Smram& smram) override;
  void set_smm(bool in_smm);

  // Flash chips below 4 GiB: `registers` answer there, the array in their place while `array` says
  // so. The code's chip is the one at the top.
  enum class Chip : unsigned { kCode = 0, kVars = 1 };
  Result<void> map_flash(Chip chip, RegisterBlock& registers);
  void show_flash_array(Chip chip, bool array);
  void flash_changing(Chip chip, std::uint64_t offset);

 private:
  void show_smram();
  PcMemory(MemorySpace& space, std::unique_ptr<Ram> ram) : space_(space), ram_(std::move(ram)) {}
  Result<void> map_ram();
  Result<void> map_rom(const Firmware& firmware);

  MemorySpace& space_;
  std::unique_ptr<Ram> ram_;
  // ROMs are in page-aligned memory of their own, as the CPU's decoded-code cache wants it.
  std::unique_ptr<Ram> rom_;
  std::unique_ptr<Ram> vars_;     // flash, below the ROM
  std::unique_ptr<Ram> vga_rom_;  // at C0000
  std::uint64_t below_4g_ = 0;
  std::array<MemorySpace::Region*, kSegments> shadow_{};
  MemorySpace::Region* smram_ = nullptr;
  MemorySpace::Region* high_smram_ = nullptr;
  struct Tseg {
    std::uint64_t size;
    MemorySpace::Region* hidden;  // in place of the memory, for who may not see it
  };
  std::vector<Tseg> tsegs_;
  std::unique_ptr<RegisterBlock> nobody_;
  std::array<MemorySpace::Region*, 2> flash_array_{};
  Smram smram_control_;
  bool in_smm_ = false;
};

}  // namespace ice86::machine
