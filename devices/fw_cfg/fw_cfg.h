// SPDX-License-Identifier: LGPL-2.1-or-later
// fw_cfg: the register window through which a virtual board tells its firmware what it is made of.
// Reference: QEMU, docs/specs/fw_cfg ("QEMU Firmware Configuration Device").
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "emulator/base/archive.h"
#include "emulator/base/result.h"
#include "emulator/bus/memory_space.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/trace.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

class FwCfg final {
 public:
  using Bytes = std::vector<std::uint8_t>;

  // Keys of items that are no files.
  enum Key : std::uint16_t {
    kSignature = 0x00,
    kId = 0x01,
    kUuid = 0x02,
    kRamSize = 0x03,
    kNoGraphic = 0x04,
    kCpus = 0x05,
    kBootMenu = 0x0e,
    kMostCpus = 0x0f,
    kFileDirectory = 0x19,
    kFirstFile = 0x20,
    kIrq0Override = 0x8002,  // 1: ISA interrupt 0 is on input 2 of the I/O APIC
  };
  static constexpr std::size_t kMostNameLength = 55;
  static constexpr unsigned kMostFiles = 0x1000;
  static constexpr std::size_t kMostFileSize = std::size_t{512} << 20;

  FwCfg(DmaPort dma, TraceBus& trace);

  // Wiring, before the first reset.
  void set_item(std::uint16_t key, Bytes bytes);
  // Errors: an empty or too long name, a file too large, too many files. A file of the same name is
  // replaced.
  Result<void> add_file(const std::string& name, Bytes bytes);
  // A file whose bytes (always `size` of them) are made anew whenever it is selected: for what
  // depends on where the firmware has put things meanwhile.
  Result<void> add_file(const std::string& name, std::size_t size, std::function<Bytes()> make);
  bool has_file(const std::string& name) const;

  // Selector and data: 2 ports (510h on a PC); claim them with most_width 2.
  RegisterBlock& ports() { return ports_; }
  // DMA address: 8 ports (514h), most_width 4.
  RegisterBlock& dma_ports() { return dma_ports_; }

  void reset(ResetKind kind);
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  struct State {
    std::uint16_t key = 0;
    std::uint32_t offset = 0;       // in the selected item
    std::uint32_t dma_address = 0;  // high half, until the low half arrives
  };
  struct Item {
    std::string name;  // of a file
    Bytes bytes;
    std::function<Bytes()> make;
  };

  Result<Item*> new_file(const std::string& name);
  void make_directory();
  const Item* selected() const;
  void select(std::uint16_t key);
  std::uint8_t next_byte();
  std::uint8_t current_byte() const;
  void run_dma(std::uint64_t address);
  bool transfer(std::uint32_t control, std::uint32_t length, std::uint64_t address);

  std::uint64_t read_port(std::uint64_t offset, unsigned width);
  void write_port(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_port(std::uint64_t offset, unsigned width) const;
  std::uint64_t read_dma(std::uint64_t offset, unsigned width) { return peek_dma(offset, width); }
  void write_dma(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_dma(std::uint64_t offset, unsigned width) const;

  DmaPort dma_;
  TraceBus& trace_;
  std::map<std::uint16_t, Item> items_;
  State state_;
  // Which making of the items' contents this is: the same number, the same bytes, in this process.
  std::uint64_t made_ = 0, last_made_ = 0;
  Window<FwCfg, &FwCfg::read_port, &FwCfg::write_port, &FwCfg::peek_port> ports_{*this};
  Window<FwCfg, &FwCfg::read_dma, &FwCfg::write_dma, &FwCfg::peek_dma> dma_ports_{*this};
};

}  // namespace ice86::devices
