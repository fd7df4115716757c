// SPDX-License-Identifier: LGPL-2.1-or-later
// Construction, reset, snapshot and PCI side of the display adapter.
// Reference: QEMU docs/specs/standard-vga (PCI identity, BARs).
#include "devices/vga/vga.h"

#include <fmt/core.h>

#include <bit>
#include <utility>

#include "devices/vga/vga_registers.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {
constexpr std::size_t kMostOptionRom = 65536;
constexpr std::uint64_t kMmioSize = 4096;
}  // namespace

Result<std::unique_ptr<Vga>> Vga::create(Clock& clock, TraceBus& trace,
                                         std::vector<std::uint8_t> option_rom) {
  if (option_rom.size() > kMostOptionRom) {
    return Error(fmt::format("the VGA option ROM has {} bytes; it may have {}", option_rom.size(),
                             kMostOptionRom));
  }
  ICE86_TRY_ASSIGN(auto vram, Ram::create("vga-vram", kVramSize));
  return std::unique_ptr<Vga>(new Vga(clock, trace, std::move(vram), std::move(option_rom)));
}

Vga::Vga(Clock& clock, TraceBus& trace, std::unique_ptr<Ram> vram,
         std::vector<std::uint8_t> option_rom)
    : PciFunction({.vendor = 0x1234,
                   .device = 0x1111,
                   .class_code = 0x030000,
                   .revision = 0x02,
                   .command_writable = pci::kCommandIo | pci::kCommandMemory,
                   .subsystem_vendor = 0x1AF4,
                   .subsystem = 0x1100}),
      clock_(clock),
      trace_(trace),
      vram_(std::move(vram)),
      option_rom_(std::move(option_rom)) {
  define_bar(kFrameBufferBar, PciWindow::Space::kMemory, kVramSize, nullptr, true);
  define_bar(kMmioBar, PciWindow::Space::kMemory, kMmioSize, &mmio_);
  if (!option_rom_.empty()) {
    option_rom_.resize(std::bit_ceil(std::max<std::size_t>(option_rom_.size(), 2048)), 0xFF);
    define_bar(PciWindow::kRom, PciWindow::Space::kMemory, option_rom_.size(), &rom_);
  }
  reset(ResetKind::kPowerOn);
}

void Vga::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  if (kind == ResetKind::kPowerOn) vram_->clear();
  state_ = State();
  state_.dispi[vga::kId] = 0xB0C5;
  reset_config();
  changed();
}

std::uint64_t Vga::generation() const {
  // The frame buffer is written without our knowledge, and text blinks.
  const std::uint64_t frame = dispi_enabled() ? scan().frame : scan().frame / 8;
  return generation_ << 24 | (frame & 0xFF'FFFF);
}

std::uint64_t Vga::peek_rom(std::uint64_t offset, unsigned width) const {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    const std::uint8_t byte = offset + i < option_rom_.size() ? option_rom_[offset + i] : 0xFF;
    value |= std::uint64_t{byte} << (i * 8);
  }
  return value;
}

void Vga::serialize(Archive& archive) {
  archive.section("vga", 1, [&] {
    State& s = state_;
    serialize_config(archive);
    archive.io(s.misc_output);
    archive.io(s.feature_control);
    archive.io(s.video_subsystem_enable);
    archive.io(s.sequencer_index);
    archive.io(s.sequencer);
    archive.io(s.crtc_index);
    archive.io(s.crtc);
    archive.io(s.graphics_index);
    archive.io(s.graphics);
    archive.io(s.attribute_index);
    archive.io(s.attribute_data);
    archive.io(s.attribute);
    archive.io(s.pel_mask);
    archive.io(s.dac_read_index);
    archive.io(s.dac_write_index);
    archive.io(s.dac_component);
    archive.io(s.dac_reading);
    archive.io(s.dac_latch);
    archive.io(s.palette);
    archive.io(s.latch);
    archive.io(s.dispi_index);
    archive.io(s.dispi);
    if (archive.loading() && s.dac_component > 2) {
      s.dac_component = 0;
      archive.fail("the DAC's state is damaged");
    }
    vram_->serialize(archive);
  });
  changed();
}

std::string Vga::dump() const {
  const State& s = state_;
  std::string text = fmt::format(
      "vga: misc {:02x} feature {:02x} DAC mask {:02x} read {:02x} write {:02x}.{} latch {:02x} "
      "{:02x} {:02x} {:02x}\n",
      s.misc_output, s.feature_control, s.pel_mask, s.dac_read_index, s.dac_write_index,
      s.dac_component, s.latch[0], s.latch[1], s.latch[2], s.latch[3]);
  const auto row = [&text](const char* name, unsigned index, const std::uint8_t* values,
                           unsigned count) {
    text += fmt::format("  {} [{:02x}]", name, index);
    for (unsigned i = 0; i < count; ++i) text += fmt::format(" {:02x}", values[i]);
    text += '\n';
  };
  row("sequencer", s.sequencer_index, s.sequencer.data(), 5);
  row("CRTC     ", s.crtc_index, s.crtc.data(), 0x19);
  row("graphics ", s.graphics_index, s.graphics.data(), 9);
  row("attribute", s.attribute_index, s.attribute.data(), 0x15);
  text += fmt::format("  DISPI [{:x}]", s.dispi_index);
  for (unsigned i = 0; i < 10; ++i) text += fmt::format(" {:04x}", s.dispi[i]);
  text += '\n';
  return text;
}

}  // namespace ice86::devices
