// SPDX-License-Identifier: LGPL-2.1-or-later
// One ATA channel (cable) with up to two devices: command block, control block, INTRQ and DMARQ.
// Reference: ATA/ATAPI-6 (T13/1410D revision 3b), sections 7, 9.1-9.3, 9.16.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "devices/ata/ata_device.h"
#include "devices/ata/ata_disk.h"
#include "devices/ata/atapi_cdrom.h"
#include "emulator/bus/block.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/register_block.h"

namespace ice86::devices {

// The host adapter's side of a channel that does bus mastering.
class AtaBusMaster {
 public:
  virtual ~AtaBusMaster() = default;
  virtual void dma_requested() = 0;
  virtual void interrupt_raised() = 0;
};

class AtaChannel final : private AtaHost {
 public:
  static constexpr unsigned kPlaces = 2;

  // `name` is unique on the machine ("ata0"); it names the parts in traces and snapshots.
  AtaChannel(Clock& clock, LevelLine& intrq, TraceBus& trace, std::string name);

  // Wiring, before the first reset: `place` 0 is device 0 (master), 1 is device 1 (slave). The
  // medium outlives the channel.
  void attach(unsigned place, BlockBackend& medium, AtaDisk::Config config = {});
  void attach_cdrom(unsigned place, BlockBackend* medium, AtapiCdrom::Config config = {});
  AtaDevice* device(unsigned place) const { return devices_.at(place).get(); }
  // null when it has a disk or nothing.
  AtapiCdrom* cdrom(unsigned place) const { return cdroms_.at(place); }

  // Command block: 8 registers. Data (offset 0) takes 2 and 4 bytes: claim it with most_width 4.
  RegisterBlock& command_block() { return command_block_; }
  // Control block: Device Control and Alternate Status, one register (port 3F6h on a PC).
  RegisterBlock& control_block() { return control_block_; }

  // Bus mastering.
  void connect(AtaBusMaster* master) { master_ = master; }
  bool dmarq() const;
  bool dma_to_host() const;
  std::size_t dma_in(std::span<std::uint8_t> bytes);
  std::size_t dma_out(std::span<const std::uint8_t> bytes);
  bool intrq() const;

  void reset(ResetKind kind);
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  struct State {
    std::uint8_t device_control = 0;
    bool selected1 = false;  // DEV as last written, also with no device there
  };

  AtaDevice* selected() const { return devices_[state_.selected1 ? 1 : 0].get(); }
  bool empty() const { return !devices_[0] && !devices_[1]; }
  void interrupt_changed() override;
  void dma_request() override;
  void violation(std::string_view what) const;
  std::uint8_t register_value(unsigned index) const;

  std::uint64_t read_command_block(std::uint64_t offset, unsigned width);
  void write_command_block(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_command_block(std::uint64_t offset, unsigned width) const;
  void write_register(unsigned index, std::uint8_t value);
  std::uint64_t read_control_block(std::uint64_t offset, unsigned width) {
    return peek_control_block(offset, width);
  }
  void write_control_block(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_control_block(std::uint64_t offset, unsigned width) const;

  Clock& clock_;
  LevelLine& intrq_;
  TraceBus& trace_;
  std::string name_;
  AtaBusMaster* master_ = nullptr;
  std::array<std::unique_ptr<AtaDevice>, kPlaces> devices_;
  std::array<AtapiCdrom*, kPlaces> cdroms_{};
  State state_;
  Window<AtaChannel, &AtaChannel::read_command_block, &AtaChannel::write_command_block,
         &AtaChannel::peek_command_block>
      command_block_{*this};
  Window<AtaChannel, &AtaChannel::read_control_block, &AtaChannel::write_control_block,
         &AtaChannel::peek_control_block>
      control_block_{*this};
};

}  // namespace ice86::devices
