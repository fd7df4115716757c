// SPDX-License-Identifier: LGPL-2.1-or-later
// PIIX3 function 1: the PCI IDE interface with two bus-mastering channels; 8086:7010. And what
// the ICH9's SATA controller of four ports is in IDE mode: the same with its own 8086:2920.
// Reference: Intel 82371FB (PIIX) and 82371SB (PIIX3), order number 290550-002 (April 1997),
// sections 2.3, 2.7; Intel ICH9 (316972), chapter 15; Programming Interface for Bus Master IDE
// Controller (SFF-8038i), revision 1.0.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "devices/ata/ata_channel.h"
#include "devices/pci/pci_function.h"
#include "emulator/bus/memory_space.h"

namespace ice86::devices {

class Piix3Ide final : public PciFunction {
 public:
  static constexpr unsigned kChannels = 2;
  // windows(): BAR 4 is BMIBA (16 ports). These are at the fixed legacy addresses, decoded as
  // IDETIM and the command register say: command blocks of 8 ports, control blocks of 1.
  static constexpr unsigned kPrimaryCommand = PciWindow::kOwn;        // 1F0h
  static constexpr unsigned kPrimaryControl = PciWindow::kOwn + 1;    // 3F6h
  static constexpr unsigned kSecondaryCommand = PciWindow::kOwn + 2;  // 170h
  static constexpr unsigned kSecondaryControl = PciWindow::kOwn + 3;  // 376h

  enum class Part { kPiix3, kIch9Sata };
  struct Config {
    // The chip comes out of reset with both channels off, and firmware switches them on (IDETIM,
    // IOSE). A BIOS that knows nothing of PCI finds disks only on a board that decodes from the
    // start.
    bool decode_after_reset = false;
    Part part = Part::kPiix3;
    // kIch9Sata, PCS: one bit for each port with a drive. Port 0 is the primary master, 1 the
    // secondary master, 2 the primary slave, 3 the secondary slave.
    std::uint8_t ports_present = 0;
  };

  Piix3Ide(AtaChannel& primary, AtaChannel& secondary, DmaPort memory, Config config);
  Piix3Ide(AtaChannel& primary, AtaChannel& secondary, DmaPort memory)
      : Piix3Ide(primary, secondary, memory, Config()) {}

  void reset(ResetKind kind);
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  // The bus master registers of one channel (SFF-8038i, section 2).
  struct ChannelState {
    std::uint8_t command = 0;
    std::uint8_t status = 0;
    std::uint32_t table = 0;
    // The place in the descriptor table while a transfer is active.
    std::uint32_t next_descriptor = 0;
    std::uint32_t region_base = 0, region_left = 0;
    bool region_last = false;
  };
  struct Port final : public AtaBusMaster {
    Port(Piix3Ide& owner, unsigned number) : ide(owner), channel(number) {}
    void dma_requested() override { ide.transfer(channel); }
    void interrupt_raised() override;
    Piix3Ide& ide;
    unsigned channel;
  };

  void config_written(unsigned offset, unsigned width, std::uint32_t old) override;
  void place_windows();
  void transfer(unsigned channel);
  bool next_region(ChannelState& c);
  std::uint8_t register_byte(unsigned offset) const;
  void write_byte(unsigned offset, std::uint8_t value);
  std::uint64_t read_bus_master(std::uint64_t offset, unsigned width) {
    return peek_bus_master(offset, width);
  }
  void write_bus_master(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_bus_master(std::uint64_t offset, unsigned width) const;

  std::array<AtaChannel*, kChannels> channels_;
  DmaPort memory_;
  const char* name_;
  std::array<ChannelState, kChannels> state_;
  std::array<Port, kChannels> ports_{Port(*this, 0), Port(*this, 1)};
  Window<Piix3Ide, &Piix3Ide::read_bus_master, &Piix3Ide::write_bus_master,
         &Piix3Ide::peek_bus_master>
      bus_master_{*this};
};

}  // namespace ice86::devices
