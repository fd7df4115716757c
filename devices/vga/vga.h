// SPDX-License-Identifier: LGPL-2.1-or-later
// Standard VGA with the Bochs VBE extensions (DISPI) and a linear frame buffer: PCI 1234:1111 as
// QEMU's and Bochs' stdvga. Reference: IBM Personal System/2 Hardware Interface Technical
// Reference, Video Subsystem (May 1992); Intel OpenSource HD Graphics PRM volume 3 part 1 (VGA
// registers); Bochs VBE display interface (id B0C5h); QEMU docs/specs/standard-vga.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "devices/pci/pci_function.h"
#include "devices/vga/frame.h"
#include "emulator/base/archive.h"
#include "emulator/base/result.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/ram.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/trace.h"

namespace ice86::devices {

class Vga final : public PciFunction, public DisplaySource {
 public:
  static constexpr std::uint64_t kVramSize = 16 << 20;
  // windows(): BAR 0 is the linear frame buffer. It has no register block: the board maps vram()
  // there.
  static constexpr unsigned kFrameBufferBar = 0;
  static constexpr unsigned kMmioBar = 2;

  // `option_rom` (up to 64 KiB, may be empty) is what the expansion ROM BAR shows.
  static Result<std::unique_ptr<Vga>> create(Clock& clock, TraceBus& trace,
                                             std::vector<std::uint8_t> option_rom);

  // Ports 3B0h-3DFh (offset 0 is 3B0h, 48 ports, most_width 1).
  RegisterBlock& ports() { return ports_; }
  // Bochs VBE: index at offset 0 (1CEh), data at offset 1 (1CFh), 3 ports, most_width 2.
  RegisterBlock& dispi() { return dispi_; }
  // The 128 KiB window at A0000h (offset 0 is A0000h).
  RegisterBlock& legacy_memory() { return legacy_memory_; }
  Ram& vram() { return *vram_; }

  Frame frame() const override;
  LineRange update(Frame& frame) override;
  std::optional<TextScreen> text() const override;
  std::uint64_t generation() const override;

  void reset(ResetKind kind);
  void serialize(Archive& archive);
  std::string dump() const;

  // Everything but video memory and configuration space. Index registers are where the data sheets
  // have them: sequencer 3C4h, CRT controller 3D4h, graphics controller 3CEh, attribute controller
  // 3C0h.
  struct State {
    std::uint8_t misc_output = 0;
    std::uint8_t feature_control = 0;
    std::uint8_t video_subsystem_enable = 1;
    std::uint8_t sequencer_index = 0;
    std::array<std::uint8_t, 8> sequencer{};
    std::uint8_t crtc_index = 0;
    std::array<std::uint8_t, 32> crtc{};
    std::uint8_t graphics_index = 0;
    std::array<std::uint8_t, 16> graphics{};
    std::uint8_t attribute_index = 0;  // with PAS, bit 5
    bool attribute_data = false;       // the flip-flop: the next write to 3C0h is data
    std::array<std::uint8_t, 32> attribute{};
    std::uint8_t pel_mask = 0xFF;
    std::uint8_t dac_read_index = 0, dac_write_index = 0;
    std::uint8_t dac_component = 0;  // 0-2, of the next access to 3C9h
    bool dac_reading = false;        // 3C7h: the last address was written for reads
    std::array<std::uint8_t, 3> dac_latch{};
    std::array<std::uint8_t, 768> palette{};
    std::array<std::uint8_t, 4> latch{};
    std::uint16_t dispi_index = 0;
    std::array<std::uint16_t, 16> dispi{};
  };
  const State& state() const { return state_; }
  bool dispi_enabled() const { return (state_.dispi[4] & 0x01) != 0; }

  // The scan-out as the CRT controller's registers and the dot clock have it, in virtual time.
  struct Scan {
    std::uint64_t frame = 0;  // number of the picture since power-on
    bool vertical_retrace = false;
    bool display_enabled = false;
  };
  Scan scan() const;

 private:
  Vga(Clock& clock, TraceBus& trace, std::unique_ptr<Ram> vram,
      std::vector<std::uint8_t> option_rom);

  // vga_ports.cpp
  std::uint64_t read_ports(std::uint64_t offset, unsigned width);
  void write_ports(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_ports(std::uint64_t offset, unsigned width) const;
  std::uint8_t peek_port(unsigned offset) const;
  void read_port_effects(unsigned offset);
  void write_port(unsigned offset, std::uint8_t value);
  void write_crtc(std::uint8_t value);
  void write_attribute(std::uint8_t value);
  void write_dac(std::uint8_t value);
  std::uint8_t input_status0() const;
  std::uint8_t input_status1() const;

  // vga_memory.cpp
  std::uint64_t read_legacy(std::uint64_t offset, unsigned width);
  void write_legacy(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_legacy(std::uint64_t offset, unsigned width) const;
  struct Address {
    bool mapped = false;
    bool linear = false;       // VBE: `offset` is a byte of video memory, planes play no part
    std::uint32_t offset = 0;  // in each plane
    std::uint8_t planes = 0;   // that the access can reach
    std::uint8_t plane = 0;    // that a read in mode 0 returns
  };
  Address decode(std::uint64_t offset, bool write) const;
  std::uint8_t planar_value(const Address& at, const std::array<std::uint8_t, 4>& latch) const;
  std::array<std::uint8_t, 4> planes_at(std::uint32_t offset) const;
  std::uint8_t read_byte(std::uint64_t offset);
  std::uint8_t peek_byte(std::uint64_t offset) const;
  void write_byte(std::uint64_t offset, std::uint8_t value);
  void mark_dirty(std::uint64_t vram_offset);

  // vga_dispi.cpp
  std::uint64_t read_dispi(std::uint64_t offset, unsigned width);
  void write_dispi(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_dispi(std::uint64_t offset, unsigned width) const;
  std::uint16_t dispi_register(unsigned index) const;
  void write_dispi_register(unsigned index, std::uint16_t value);
  void enable_dispi(std::uint16_t value);
  void set_virtual_width(std::uint16_t width);
  std::uint64_t read_mmio(std::uint64_t offset, unsigned width);
  void write_mmio(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_mmio(std::uint64_t offset, unsigned width) const;
  std::uint8_t peek_mmio_byte(unsigned offset) const;
  std::uint64_t read_rom(std::uint64_t offset, unsigned width) { return peek_rom(offset, width); }
  void write_rom(std::uint64_t, unsigned, std::uint64_t) {}
  std::uint64_t peek_rom(std::uint64_t offset, unsigned width) const;

  // A register, and with it perhaps every dot.
  void changed() {
    ++generation_;
    ++settings_;
  }
  bool written_since_update(std::uint64_t offset, std::uint64_t size) const;
  LineRange update_lines(Frame& frame);
  LineRange update_whole(Frame& frame);

  Clock& clock_;
  TraceBus& trace_;
  std::unique_ptr<Ram> vram_;
  std::vector<std::uint8_t> option_rom_;
  State state_;
  std::uint64_t generation_ = 0;
  std::uint64_t settings_ = 0;
  // What update() last drew.
  struct Drawn {
    std::uint64_t settings = 0;
    std::uint64_t blink = 0;
    bool operator==(const Drawn&) const = default;
  };
  Drawn drawn_;
  Window<Vga, &Vga::read_ports, &Vga::write_ports, &Vga::peek_ports> ports_{*this};
  Window<Vga, &Vga::read_dispi, &Vga::write_dispi, &Vga::peek_dispi> dispi_{*this};
  Window<Vga, &Vga::read_legacy, &Vga::write_legacy, &Vga::peek_legacy> legacy_memory_{*this};
  Window<Vga, &Vga::read_mmio, &Vga::write_mmio, &Vga::peek_mmio> mmio_{*this};
  Window<Vga, &Vga::read_rom, &Vga::write_rom, &Vga::peek_rom> rom_{*this};
};

}  // namespace ice86::devices
