// SPDX-License-Identifier: LGPL-2.1-or-later
// An ATAPI CD-ROM drive on a block back end of 2048-byte sectors.
// Reference: ATA/ATAPI-6 (T13/1410D revision 3b), sections 8.23-8.24, 9.8; MMC-3 (T10/1363-D).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "devices/ata/ata_device.h"
#include "emulator/bus/block.h"

namespace ice86::devices {

class AtapiCdrom final : public AtaDevice {
 public:
  struct Config {
    AtaTiming timing;
    std::string model =
        "ICE86 CD-ROM";  // at most 40 characters; the first 8 and next 16 in INQUIRY
    std::string serial;  // at most 20; empty: made from the drive's name
  };

  // `medium` null: the tray is empty.
  AtapiCdrom(Clock& clock, TraceBus& trace, AtaHost& host, std::string name, unsigned position,
             BlockBackend* medium, Config config);

  // The person before the machine changes the disc; the guest sees a unit attention.
  void change_medium(BlockBackend* medium);

 private:
  struct CdState {
    std::array<std::uint8_t, 12> packet{};
    bool packet_phase = false;     // the data block is the command packet
    bool packet_pending = false;   // it is here, and its latency is passing
    bool dma = false;              // Features.DMA of the PACKET command
    std::uint8_t dma_mode = 0x42;  // as SET FEATURES takes it
    std::uint16_t byte_limit = 0;
    std::uint8_t sense_key = 0, asc = 0, ascq = 0;
    bool attention = false;  // unit attention: the medium may have changed
    bool event = false;      // the same for GET EVENT STATUS NOTIFICATION
    bool tray_open = false, locked = false;
    bool reading = false;  // lba/left/sector_bytes describe a read in progress
    std::uint32_t lba = 0, left = 0;
    std::uint8_t layout = 0;          // READ CD: which parts of a raw sector are sent
    std::vector<std::uint8_t> reply;  // the rest of what the command returns
    std::uint32_t reply_position = 0;
  };

  Nanoseconds start_command() override;
  void execute() override;
  void next_block() override;
  bool continues_after_read() const override;
  void dma_block_moved() override;
  void device_reset(std::optional<ResetKind> kind) override;
  void set_signature() override;
  void serialize_device(Archive& archive) override;
  std::string dump_device() const override;
  std::string_view command_name() const override;
  std::uint8_t status_after_reset() const override { return 0; }

  struct Packet;
  static const Packet* find(std::uint8_t operation);

  void run_packet();
  void reply(std::vector<std::uint8_t> bytes, std::size_t allocation_length);
  void start_read(std::uint32_t lba, std::uint32_t count, std::uint8_t layout);
  bool fill_reply();
  void send_next();
  void good();
  void check_condition(std::uint8_t key, std::uint8_t asc, std::uint8_t ascq = 0);
  bool has_medium() const { return medium_ != nullptr && !cd_.tray_open; }
  std::uint32_t sectors() const;
  std::uint32_t parameter(unsigned at, unsigned bytes) const;  // big-endian field of the packet

  void identify();
  void set_features();
  void request_sense();
  void inquiry();
  void read_10();
  void read_12();
  void read_cd();
  void read_cd_msf();
  void read_capacity();
  void read_toc();
  void read_subchannel();
  void mode_sense_10();
  void get_configuration();
  void event_status();
  void start_stop();
  void prevent_removal();
  void disc_information();
  void mechanism_status();
  void seek_10();

  BlockBackend* medium_;
  Config config_;
  CdState cd_;
};

}  // namespace ice86::devices
