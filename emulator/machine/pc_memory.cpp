// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/pc_memory.h"

#include <algorithm>
#include <cstring>

#include "emulator/base/host_memory.h"

namespace ice86::machine {

namespace {

using Region = MemorySpace::Region;
using Priority = MemorySpace::Priority;

constexpr std::uint64_t kVideoBase = 0xa0000;
constexpr std::uint64_t kVideoSize = 0x20000;
constexpr std::uint64_t kRomAreaBase = 0xc0000;
constexpr std::uint64_t kOneMiB = 0x100000;
constexpr std::uint64_t kFourGiB = std::uint64_t{1} << 32;
// H_SMRAME shows the same memory as at A0000 here.
constexpr std::uint64_t kHighSmramBase = 0xfeda0000;
constexpr std::array<std::uint64_t, 3> kTsegSizes = {1 << 20, 2 << 20, 8 << 20};
constexpr std::uint64_t kSegmentSize = 0x4000;
// The ISA window shows the last 128 KiB of the ROM at E0000.
constexpr std::uint64_t kIsaRomWindow = 0x20000;

// An address that nobody answers at.
class Nobody final : public RegisterBlock {
 public:
  std::uint64_t read(std::uint64_t, unsigned width) override { return floating_bus(width); }
  void write(std::uint64_t, unsigned, std::uint64_t) override {}
  std::uint64_t peek(std::uint64_t, unsigned width) const override { return floating_bus(width); }
};
}  // namespace

Result<std::unique_ptr<PcMemory>> PcMemory::create(MemorySpace& space, std::uint64_t memory_bytes,
                                                   std::uint64_t below_4g,
                                                   const Firmware& firmware) {
  ICE86_TRY_ASSIGN(auto ram, Ram::create("ram", memory_bytes));
  std::unique_ptr<PcMemory> memory(new PcMemory(space, std::move(ram)));
  memory->below_4g_ = below_4g;
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
  ICE86_TRY_ASSIGN(high_smram_,
                   add_ram("smram", kHighSmramBase, kVideoSize, kVideoBase, Priority::kSmram));
  space_.move(*high_smram_, kHighSmramBase, false);
  nobody_ = std::make_unique<Nobody>();
  for (const std::uint64_t size : kTsegSizes) {
    if (below_4g_ < kOneMiB + size) continue;
    Region region;
    region.name = "tseg";
    region.base = below_4g_ - size;
    region.size = size;
    region.priority = Priority::kSmram;
    region.registers = nobody_.get();
    region.enabled = false;
    ICE86_TRY_ASSIGN(Region* const hidden, space_.add(std::move(region)));
    tsegs_.push_back({size, hidden});
  }
  return {};
}

Result<void> PcMemory::map_rom(const Firmware& firmware) {
  const auto copy = [](const char* name,
                       const std::vector<std::uint8_t>& bytes) -> Result<std::unique_ptr<Ram>> {
    ICE86_TRY_ASSIGN(auto memory, Ram::create(name, align_up(bytes.size(), kPageSize)));
    about_to_fill(memory->data(), memory->size());
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
  const bool shown = smram_control_.open || (smram_control_.enabled_in_smm && in_smm_);
  space_.move(*smram_, kVideoBase, shown && !smram_control_.high);
  space_.move(*high_smram_, kHighSmramBase, shown && smram_control_.high);
  for (const Tseg& tseg : tsegs_)
    space_.move(*tseg.hidden, tseg.hidden->base, tseg.size == smram_control_.tseg_size && !shown);
}

}  // namespace ice86::machine
