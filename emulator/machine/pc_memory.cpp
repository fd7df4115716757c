// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/pc_memory.h"

#include <algorithm>
#include <cstring>

namespace ice86::machine {

namespace {

using Region = MemorySpace::Region;
using Priority = MemorySpace::Priority;

constexpr std::uint64_t kVideoBase = 0xa0000;
constexpr std::uint64_t kVideoSize = 0x20000;
constexpr std::uint64_t kRomAreaBase = 0xc0000;
constexpr std::uint64_t kOneMiB = 0x100000;
constexpr std::uint64_t kFourGiB = std::uint64_t{1} << 32;
// RAM beyond 3 GiB moves above 4 GiB, so that base address registers have room: as QEMU's pc does.
constexpr std::uint64_t kMostBelow4G = std::uint64_t{3} << 30;
constexpr std::uint64_t kSegmentSize = 0x4000;
// The ISA window shows the last 128 KiB of the ROM at E0000.
constexpr std::uint64_t kIsaRomWindow = 0x20000;

}  // namespace

Result<std::unique_ptr<PcMemory>> PcMemory::create(MemorySpace& space, std::uint64_t memory_bytes,
                                                   const Firmware& firmware) {
  ICE86_TRY_ASSIGN(auto ram, Ram::create("ram", memory_bytes));
  std::unique_ptr<PcMemory> memory(new PcMemory(space, std::move(ram)));
  memory->below_4g_ = std::min(memory_bytes, kMostBelow4G);
  ICE86_TRY(memory->map_ram());
  ICE86_TRY(memory->map_rom(firmware));
  return memory;
}

Result<void> PcMemory::map_ram() {
  const auto add_ram = [&](const char* name, Gpa base, std::uint64_t size, std::uint64_t offset,
                           Priority priority) -> Result<Region*> {
    Region region;
    region.name = name;
    region.base = base;
    region.size = size;
    region.priority = priority;
    region.ram = ram_.get();
    region.ram_offset = offset;
    return space_.add(std::move(region));
  };
  ICE86_TRY(add_ram("ram", 0, std::min(below_4g_, kVideoBase), 0, Priority::kRam));
  if (below_4g_ > kOneMiB) {
    ICE86_TRY(add_ram("ram-extended", kOneMiB, below_4g_ - kOneMiB, kOneMiB, Priority::kRam));
  }
  if (ram_->size() > below_4g_) {
    ICE86_TRY(add_ram("ram-high", kFourGiB, ram_->size() - below_4g_, below_4g_, Priority::kRam));
  }
  for (unsigned segment = 0; segment < kSegments; ++segment) {
    const Gpa base = kRomAreaBase + segment * kSegmentSize;
    const std::uint64_t size = segment == kSegments - 1 ? 4 * kSegmentSize : kSegmentSize;
    ICE86_TRY_ASSIGN(shadow_[segment], add_ram("shadow", base, size, base, Priority::kShadow));
    space_.set_visibility(*shadow_[segment], false, false);
  }
  ICE86_TRY_ASSIGN(smram_, add_ram("smram", kVideoBase, kVideoSize, kVideoBase, Priority::kSmram));
  space_.move(*smram_, kVideoBase, false);
  return {};
}

Result<void> PcMemory::map_rom(const Firmware& firmware) {
  const auto copy = [](const char* name,
                       const std::vector<std::uint8_t>& bytes) -> Result<std::unique_ptr<Ram>> {
    ICE86_TRY_ASSIGN(auto memory, Ram::create(name, align_up(bytes.size(), kPageSize)));
    std::memcpy(memory->data(), bytes.data(), bytes.size());
    std::memset(memory->data() + bytes.size(), 0xff, memory->size() - bytes.size());
    return memory;
  };
  const auto add_rom = [&](const char* name, Gpa base, const std::uint8_t* bytes,
                           std::uint64_t size) -> Result<Region*> {
    Region region;
    region.name = name;
    region.base = base;
    region.size = size;
    region.rom = bytes;
    return space_.add(std::move(region));
  };
  ICE86_TRY_ASSIGN(rom_, copy("rom", firmware.rom));
  if (!firmware.flash)
    ICE86_TRY(add_rom("rom", kFourGiB - rom_->size(), rom_->data(), rom_->size()));
  if (!firmware.vars.empty()) {
    ICE86_TRY_ASSIGN(vars_, copy("vars", firmware.vars));
  }
  const std::uint64_t window = std::min(rom_->size(), kIsaRomWindow);
  ICE86_TRY(add_rom("rom-isa", kOneMiB - window, rom_->data() + (rom_->size() - window), window));
  if (firmware.vga_place == VgaRomPlace::kC0000 && !firmware.vga_rom.empty()) {
    ICE86_TRY_ASSIGN(vga_rom_, copy("vga-rom", firmware.vga_rom));
    ICE86_TRY(add_rom("vga-rom", kRomAreaBase, vga_rom_->data(), vga_rom_->size()));
  }
  return {};
}

Result<void> PcMemory::map_flash(Chip chip, RegisterBlock& registers) {
  Ram& array = chip == Chip::kCode ? *rom_ : *vars_;
  Region region;
  region.name = chip == Chip::kCode ? "flash0" : "flash1";
  region.base = kFourGiB - rom_->size() - (chip == Chip::kVars ? array.size() : 0);
  region.size = array.size();
  region.registers = &registers;
  ICE86_TRY(space_.add(region));
  // Reads at full speed, over the registers, which still get the writes.
  region.registers = nullptr;
  region.priority = Priority::kShadow;
  region.ram = &array;
  region.answers_writes = false;
  ICE86_TRY_ASSIGN(flash_array_[static_cast<unsigned>(chip)], space_.add(std::move(region)));
  return {};
}

void PcMemory::show_flash_array(Chip chip, bool array) {
  space_.set_visibility(*flash_array_[static_cast<unsigned>(chip)], array, false);
}

void PcMemory::flash_changing(Chip chip, std::uint64_t offset) {
  Ram& array = chip == Chip::kCode ? *rom_ : *vars_;
  std::uint8_t* const flags = array.page_flags(offset);
  if ((*flags & Ram::kCode) != 0)
    space_.note_code_write(array.data() + align_down(offset, kPageSize));
  *flags |= Ram::kWritten;
}

void PcMemory::set_shadow(unsigned segment, bool reads_dram, bool writes_dram) {
  space_.set_visibility(*shadow_.at(segment), reads_dram, writes_dram);
}

void PcMemory::set_smram(const Smram& smram) {
  smram_control_ = smram;
  show_smram();
}

void PcMemory::set_smm(bool in_smm) {
  in_smm_ = in_smm;
  show_smram();
}

// Code-only SMRAM (D_CLS) shows data accesses the video memory; telling them apart is not modelled,
// and code and data both see SMRAM then.
void PcMemory::show_smram() {
  space_.move(*smram_, kVideoBase,
              smram_control_.open || (smram_control_.enabled_in_smm && in_smm_));
}

}  // namespace ice86::machine
