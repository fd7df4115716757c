// SPDX-License-Identifier: LGPL-2.1-or-later
// PIIX3 IDE: where the channels answer, and scatter/gather DMA between them and memory.
// Reference: Intel 82371SB (290550-002), sections 2.3 and 2.7; SFF-8038i revision 1.0,
// sections 1.2, 2; Intel ICH9 (316972), 15.1.
#include "devices/ata/piix3_ide.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

constexpr unsigned kIdetim = 0x40, kSidetim = 0x44, kBmibaIndex = 4;
constexpr std::uint16_t kIdeDecodeEnable = 0x8000;
// Of the ICH9 only.
constexpr unsigned kUltraControl = 0x48, kUltraTiming = 0x4A, kIdeConfig = 0x54, kMap = 0x90,
                   kPcs = 0x92;
constexpr std::array<std::uint64_t, 2> kCommandBase = {0x1F0, 0x170};
constexpr std::array<std::uint64_t, 2> kControlBase = {0x3F6, 0x376};

// Bus master registers, at 0 and 8 (section 2.7).
constexpr unsigned kBmCommand = 0, kBmStatus = 2, kBmTable = 4;
constexpr std::uint8_t kStart = 0x01, kToMemory = 0x08;
constexpr std::uint8_t kActive = 0x01, kError = 0x02, kInterrupt = 0x04, kDriveCapable = 0x60;

}  // namespace

Piix3Ide::Piix3Ide(AtaChannel& primary, AtaChannel& secondary, DmaPort memory, Config config)
    : PciFunction(
          {.vendor = 0x8086,
           .device = static_cast<std::uint16_t>(config.part == Part::kPiix3 ? 0x7010 : 0x2920),
           .class_code = 0x010180,  // IDE, bus master, both channels in compatibility mode
           .command = static_cast<std::uint16_t>(config.decode_after_reset ? pci::kCommandIo : 0),
           .command_writable = pci::kCommandIo | pci::kCommandMaster,
           .status = 0x0280}),
      channels_{&primary, &secondary},
      memory_(memory),
      name_(config.part == Part::kPiix3 ? "piix3-ide" : "ich9-sata") {
  define8(pci::kLatencyTimer, 0x00, 0xF0);
  const std::uint16_t idetim = config.decode_after_reset ? kIdeDecodeEnable : 0;
  define16(kIdetim, idetim, 0xFFFF);
  define16(kIdetim + 2, idetim, 0xFFFF);
  define8(kSidetim, 0x00, 0xFF);
  if (config.part == Part::kIch9Sata) {
    define8(kUltraControl, 0x00, 0x0F);
    define16(kUltraTiming, 0x0000, 0x3333);
    define32(kIdeConfig, 0, 0x000F'F0FF);
    // IDE mode, ports 0 and 2 on the primary channel: AHCI and native mode are not there to choose.
    define8(kMap, 0x00, 0x00);
    define8(kPcs, 0x00, 0x0F);
    define8(kPcs + 1, config.ports_present & 0x0F, 0x00);
  }
  define_bar(kBmibaIndex, PciWindow::Space::kIo, 16, &bus_master_);
  for (unsigned i = 0; i < kChannels; ++i) {
    define_own_window(kPrimaryCommand + i * 2, PciWindow::Space::kIo, 8,
                      &channels_[i]->command_block());
    define_own_window(kPrimaryControl + i * 2, PciWindow::Space::kIo, 1,
                      &channels_[i]->control_block());
    channels_[i]->connect(&ports_[i]);
  }
  place_windows();
}

void Piix3Ide::place_windows() {
  const bool io = (config16(pci::kCommand) & pci::kCommandIo) != 0;
  for (unsigned i = 0; i < kChannels; ++i) {
    const bool enabled = io && (config16(kIdetim + i * 2) & kIdeDecodeEnable) != 0;
    move_own_window(kPrimaryCommand + i * 2, kCommandBase[i], enabled);
    move_own_window(kPrimaryControl + i * 2, kControlBase[i], enabled);
  }
}

void Piix3Ide::config_written(unsigned offset, unsigned width, std::uint32_t) {
  const bool command = offset < pci::kCommand + 2 && offset + width > pci::kCommand;
  const bool timing = offset < kIdetim + 4 && offset + width > kIdetim;
  if (command || timing) place_windows();
  if (command) {
    for (unsigned i = 0; i < kChannels; ++i) transfer(i);  // bus mastering may be on now
  }
}

// --- transfers
// -----------------------------------------------------------------------------------------

void Piix3Ide::Port::interrupt_raised() {
  ide.state_[channel].status |= kInterrupt;
}

// Fetches the next physical region descriptor (section 1.2). False: there is none.
bool Piix3Ide::next_region(ChannelState& c) {
  if (c.region_last) return false;
  std::array<std::uint8_t, 8> descriptor{};
  memory_.read(c.next_descriptor, descriptor);
  c.next_descriptor += 8;
  const auto count = static_cast<std::uint32_t>(load_le<std::uint16_t>(&descriptor[4]) & 0xFFFE);
  c.region_base = load_le<std::uint32_t>(&descriptor[0]) & ~std::uint32_t{1};
  c.region_left = count == 0 ? 65536 : count;
  c.region_last = (descriptor[7] & 0x80) != 0;
  return true;
}

// Moves what the device has as far as the descriptors reach. A device that asks for the other
// direction than the host set waits for ever, as on hardware.
void Piix3Ide::transfer(unsigned channel) {
  ChannelState& c = state_[channel];
  AtaChannel& ata = *channels_[channel];
  std::vector<std::uint8_t> buffer;
  while ((c.status & kActive) != 0 && bus_master_enabled() && ata.dmarq() &&
         ata.dma_to_host() == ((c.command & kToMemory) != 0)) {
    if (c.region_left == 0 && !next_region(c)) break;
    buffer.resize(c.region_left);
    std::size_t moved = 0;
    if (ata.dma_to_host()) {
      moved = ata.dma_in(buffer);
      memory_.write(c.region_base, std::span<const std::uint8_t>(buffer).first(moved));
    } else {
      memory_.read(c.region_base, buffer);
      moved = ata.dma_out(buffer);
    }
    c.region_base += static_cast<std::uint32_t>(moved);
    c.region_left -= static_cast<std::uint32_t>(moved);
  }
  if (c.region_last && c.region_left == 0) c.status &= static_cast<std::uint8_t>(~kActive);
}

// --- bus master registers
// ------------------------------------------------------------------------------

std::uint8_t Piix3Ide::register_byte(unsigned offset) const {
  const ChannelState& c = state_[offset / 8];
  switch (offset % 8) {
    case kBmCommand: return c.command;
    case kBmStatus: return c.status;
    case kBmTable:
    case kBmTable + 1:
    case kBmTable + 2:
    case kBmTable + 3: return static_cast<std::uint8_t>(c.table >> ((offset % 8 - kBmTable) * 8));
    default: return 0;
  }
}

void Piix3Ide::write_byte(unsigned offset, std::uint8_t value) {
  ChannelState& c = state_[offset / 8];
  const unsigned index = offset % 8;
  if (index == kBmCommand) {
    const bool was_started = (c.command & kStart) != 0;
    c.command = value & (kStart | kToMemory);
    if ((value & kStart) == 0) {
      c.status &= static_cast<std::uint8_t>(~kActive);
    } else if (!was_started) {
      c.status |= kActive;
      c.next_descriptor = c.table;
      c.region_left = 0;
      c.region_last = false;
      transfer(offset / 8);
    }
  } else if (index == kBmStatus) {
    const std::uint8_t cleared = value & (kError | kInterrupt);
    c.status = static_cast<std::uint8_t>(((c.status & ~kDriveCapable) | (value & kDriveCapable)) &
                                         ~cleared);
  } else if (index >= kBmTable) {
    const unsigned shift = (index - kBmTable) * 8;
    c.table = (c.table & ~(0xFFU << shift)) | std::uint32_t{value} << shift;
    c.table &= ~std::uint32_t{3};
  }
}

void Piix3Ide::write_bus_master(std::uint64_t offset, unsigned width, std::uint64_t value) {
  for (unsigned i = 0; i < width && offset + i < 16; ++i) {
    write_byte(static_cast<unsigned>(offset) + i, static_cast<std::uint8_t>(value >> (i * 8)));
  }
}

std::uint64_t Piix3Ide::peek_bus_master(std::uint64_t offset, unsigned width) const {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    const std::uint8_t byte =
        offset + i < 16 ? register_byte(static_cast<unsigned>(offset) + i) : 0xFF;
    value |= std::uint64_t{byte} << (i * 8);
  }
  return value;
}

// --- state
// ---------------------------------------------------------------------------------------------

void Piix3Ide::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  state_ = {};
  reset_config();
  place_windows();
}

void Piix3Ide::serialize(Archive& archive) {
  archive.section(name_, 1, [&] {
    serialize_config(archive);
    for (ChannelState& c : state_) {
      archive.io(c.command);
      archive.io(c.status);
      archive.io(c.table);
      archive.io(c.next_descriptor);
      archive.io(c.region_base);
      archive.io(c.region_left);
      archive.io(c.region_last);
      if (archive.loading() && c.region_left > 65536) {
        c.region_left = 0;
        archive.fail("a bus master region is damaged");
      }
    }
  });
  if (archive.loading()) place_windows();
}

std::string Piix3Ide::dump() const {
  std::string text = fmt::format("{}: command {:04x} IDETIM {:04x} {:04x}\n", name_,
                                 config16(pci::kCommand), config16(kIdetim), config16(kIdetim + 2));
  for (unsigned i = 0; i < kChannels; ++i) {
    const ChannelState& c = state_[i];
    text += fmt::format(
        "  channel {}: command {:02x} status {:02x} table {:08x} next {:08x} region "
        "{:08x}+{:x}{}\n",
        i, c.command, c.status, c.table, c.next_descriptor, c.region_base, c.region_left,
        c.region_last ? " last" : "");
  }
  return text;
}

}  // namespace ice86::devices
