// SPDX-License-Identifier: LGPL-2.1-or-later
// A parallel NOR flash chip, 8 bits wide, with the Intel command set and CFI.
// Reference: Intel 290667 (28F128J3, 3 Volt StrataFlash Memory), section 4 "Bus and command
// operations"; JEDEC JESD68.01 (CFI); AMD 21504 and Intel AP-646 (CFI identifier 0001h).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "emulator/base/archive.h"
#include "emulator/bus/ram.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/trace.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

class CfiFlash final : public RegisterBlock {
 public:
  struct Config {
    std::string name;              // of the snapshot section and in traces
    bool write_protected = false;  // VPEN low: no program or erase
  };
  // What the board does about a chip that is also memory.
  struct Board {
    // Reads give the array's bytes (true), or status, identifiers and the like (false).
    std::function<void(bool array)> reads_array;
    // Bytes of the array are about to change, then have changed: all inside one block.
    std::function<void(std::uint64_t offset)> changing;
    std::function<void(std::uint64_t offset, std::uint64_t size)> changed;
    // Whether bus cycles reach the chip's command logic now; without it always. When they do not,
    // reads give the array and writes are lost: a chipset keeps the chip for system management
    // mode.
    std::function<bool()> accessible = {};
  };

  static constexpr std::uint64_t kBlock = 4096;
  static constexpr std::size_t kBuffer = 64;  // of buffered programming

  // The array is a whole number of blocks and keeps its contents through every reset.
  CfiFlash(Ram& array, TraceBus& trace, Board board, Config config);

  std::uint64_t size() const { return array_.size(); }

  std::uint64_t read(std::uint64_t offset, unsigned width) override { return peek(offset, width); }
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override;
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override;

  void reset(ResetKind kind);
  // With the array, unless it is write-protected and cannot have changed.
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  enum class Reads : std::uint8_t { kArray, kStatus, kIdentifier, kQuery, kExtendedStatus };
  enum class Expects : std::uint8_t {
    kCommand,
    kProgramData,
    kEraseConfirm,
    kLockConfirm,
    kBufferCount,
    kBufferData,
    kBufferConfirm,
  };
  struct State {
    Reads reads = Reads::kArray;
    Expects expects = Expects::kCommand;
    std::uint8_t status = 0x80;
    std::uint64_t block = 0;  // of the operation that waits for its confirmation
    std::uint32_t count = 0;  // bytes of the buffer that are to come
    std::uint32_t filled = 0;
    std::uint64_t buffer_start = 0;    // of the first byte of the buffer
    std::vector<std::uint8_t> buffer;  // kBuffer bytes, erased ones where nothing was put
    std::vector<std::uint8_t> locks;   // for each block
  };

  bool accessible() const { return !board_.accessible || board_.accessible(); }
  std::uint8_t byte_at(std::uint64_t offset) const;
  void write_byte(std::uint64_t offset, std::uint8_t value);
  void command(std::uint64_t offset, std::uint8_t value);
  void show(Reads reads);
  void program(std::uint64_t offset, const std::uint8_t* bytes, std::size_t size);
  void erase(std::uint64_t block);
  bool may_change(std::uint64_t offset, std::uint8_t error);
  void sequence_error();
  std::uint64_t block_of(std::uint64_t offset) const { return offset / kBlock; }

  Ram& array_;
  TraceBus& trace_;
  Board board_;
  Config config_;
  std::vector<std::uint8_t> query_;  // CFI, from 10h
  State state_;
};

}  // namespace ice86::devices
