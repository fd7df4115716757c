// SPDX-License-Identifier: LGPL-2.1-or-later
// The memory map of the board: RAM below and above the PCI hole, ROM at the top and below 1 MiB, and the
// shadow RAM that the host bridge's PAM registers lay over the ROM.
// Reference: Intel 82441FX (i440FX PMC), sections 3.2.18 (PAM) and 4.1 (address map).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "devices/i440fx/i440fx.h"
#include "emulator/bus/memory_space.h"
#include "emulator/bus/ram.h"
#include "emulator/machine/firmware_table.h"

namespace ice86::machine {

class PcMemory final : public devices::ShadowControl {
 public:
  // The thirteen PAM segments: twelve of 16 KiB from C0000, then F0000-FFFFF as one of 64 KiB.
  static constexpr unsigned kSegments = 13;

  static Result<std::unique_ptr<PcMemory>> create(MemorySpace& space, std::uint64_t memory_bytes,
                                                  const Firmware& firmware);

  Ram& ram() { return *ram_; }
  std::uint64_t below_4g() const { return below_4g_; }

  void set_shadow(Gpa base, std::uint64_t size, bool dram_reads, bool dram_writes) override;
  void set_smram(const Smram& smram) override;

 private:
  PcMemory(MemorySpace& space, std::unique_ptr<Ram> ram) : space_(space), ram_(std::move(ram)) {}
  Result<void> map_ram();
  Result<void> map_rom(const Firmware& firmware);

  MemorySpace& space_;
  std::unique_ptr<Ram> ram_;
  std::vector<std::uint8_t> rom_;      // as mapped: padded to whole pages
  std::vector<std::uint8_t> vga_rom_;  // at C0000
  std::uint64_t below_4g_ = 0;
  std::array<MemorySpace::Region*, kSegments> shadow_{};
  MemorySpace::Region* smram_ = nullptr;
};

}  // namespace ice86::machine
