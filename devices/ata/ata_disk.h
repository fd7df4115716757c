// SPDX-License-Identifier: LGPL-2.1-or-later
// An ATA hard disk: CHS, LBA28 and LBA48 addressing, PIO and DMA, on a block back end.
// Reference: ATA/ATAPI-6 (T13/1410D revision 3b), section 8.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "devices/ata/ata_device.h"
#include "emulator/bus/block.h"

namespace ice86::devices {

// The default CHS translation of a disk (IDENTIFY words 1, 3, 6), as drives of the time report it:
// 16 heads and 63 sectors, at most 16383 cylinders. A BIOS derives its own from CMOS or these.
struct AtaGeometry {
  std::uint16_t cylinders = 0, heads = 0, sectors = 0;
};

class AtaDisk final : public AtaDevice {
 public:
  struct Config {
    AtaTiming timing;
    std::string model = "ICE86 HARDDISK";  // at most 40 characters
    std::string serial;                    // at most 20; empty: made from the drive's name
    AtaGeometry geometry;                  // zeros: default_geometry()
  };

  static AtaGeometry default_geometry(std::uint64_t sectors);

  AtaDisk(Clock& clock, TraceBus& trace, AtaHost& host, std::string name, unsigned position,
          BlockBackend& medium, Config config);

  static constexpr unsigned kMostMultiple = 16;  // sectors a block in READ/WRITE MULTIPLE

 private:
  enum class Power : std::uint32_t { kActive, kIdle, kStandby, kSleep };

  struct DiskState {
    std::uint16_t logical_cylinders = 0, logical_heads = 0, logical_sectors = 0;
    std::uint8_t multiple = 0;  // 0: READ/WRITE MULTIPLE are disabled
    bool write_cache = true, look_ahead = true;
    bool keep_settings = false;    // SET FEATURES 66h: software reset does not revert them
    std::uint8_t pio_mode = 0x0C;  // transfer modes as SET FEATURES takes them
    std::uint8_t dma_mode = 0x42;
    Power power = Power::kActive;
    std::uint64_t lba = 0;   // next sector of the transfer in progress
    std::uint32_t left = 0;  // sectors not yet moved
    std::uint32_t block_sectors = 1;
  };

  struct Command;
  static const Command* find(std::uint8_t code);

  Nanoseconds start_command() override;
  void execute() override;
  void next_block() override;
  bool continues_after_read() const override;
  bool buffers_writes() const override { return true; }
  void dma_block_moved() override;
  void device_reset(std::optional<ResetKind> kind) override;
  void set_signature() override;
  void serialize_device(Archive& archive) override;
  std::string dump_device() const override;
  std::string_view command_name() const override;

  bool decode_address(bool extended);
  void show_address(std::uint64_t lba, bool extended);
  void read_next();
  void write_received();
  void identify();
  void set_features();
  void initialize_parameters();
  void set_multiple();
  void read_native_max();
  void media_failure(std::uint64_t lba, std::uint8_t error, std::uint8_t more_status);
  bool extended() const;

  void do_transfer();
  void do_verify();
  void do_seek();
  void do_flush();
  void do_power();
  void do_nothing();
  void do_abort();

  BlockBackend& medium_;
  Config config_;
  DiskState disk_;
};

}  // namespace ice86::devices
