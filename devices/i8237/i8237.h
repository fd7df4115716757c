// SPDX-License-Identifier: LGPL-2.1-or-later
// 8237A DMA controller: one chip with four channels. The PC's pair is IsaDma.
// Reference: Intel 8237A datasheet, order number 231466-005 (September 1993); PIIX3 datasheet
// (290550-002), section 2.5.1, whose DMA has no memory-to-memory transfers.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "emulator/base/archive.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

// The peripheral on a channel: what happens when its DACK# is active.
class DmaPeripheral {
 public:
  virtual ~DmaPeripheral() = default;
  // One unit from the peripheral (it goes to memory), and one to it.
  virtual std::uint16_t dack_read() = 0;
  virtual void dack_write(std::uint16_t unit) = 0;
  // End of process: the count has run out with this unit.
  virtual void terminal_count() = 0;
};

// Offsets 0-15.
class I8237 final : public RegisterBlock {
 public:
  // The bus side of a transfer, given by the board: `address` is what the chip puts on A0-A15.
  struct Bus {
    std::function<std::uint16_t(unsigned channel, std::uint16_t address)> read_memory;
    std::function<void(unsigned channel, std::uint16_t address, std::uint16_t unit)> write_memory;
    // HLDA: the bus is ours. Empty: always.
    std::function<bool()> granted;
  };

  I8237(Clock& clock, std::string name, Bus bus);

  // Wiring. The peripheral outlives the chip.
  void connect(unsigned channel, DmaPeripheral& peripheral);
  // While DREQ is high and the channel is free to run, a unit moves every kTransferTime.
  void set_dreq(unsigned channel, bool high);
  // Another controller behind `channel` may have the bus: cascade mode, unmasked, controller
  // enabled.
  bool cascades(unsigned channel) const;
  // What `granted` says may have changed.
  void reconsider() { schedule(); }

  void reset(ResetKind kind);
  std::uint64_t read(std::uint64_t offset, unsigned width) override;
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override;
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
  void serialize(Archive& archive);
  std::string dump() const;

  static constexpr Nanoseconds kTransferTime = 1'000;

 private:
  struct Channel {
    std::uint16_t base_address = 0, base_count = 0;
    std::uint16_t address = 0, count = 0;
    std::uint8_t mode = 0;  // bits 7-2
  };
  struct State {
    std::array<Channel, 4> channels{};
    std::uint8_t command = 0;
    std::uint8_t mask = 0x0F;
    std::uint8_t requests = 0;  // software requests
    std::uint8_t dreq = 0;      // pins
    std::uint8_t terminal_counts = 0;
    bool high_byte = false;        // the byte pointer flip-flop
    std::uint8_t lowest = 3;       // the channel of lowest priority
    std::uint8_t block = kNobody;  // the channel of a block transfer under way
  };
  static constexpr std::uint8_t kNobody = 4;

  void master_clear();
  std::optional<unsigned> next_channel() const;
  void schedule();
  void transfer();
  void write_word(std::uint16_t& base, std::uint16_t& current, std::uint8_t value);

  std::string name_;
  Bus bus_;
  std::array<DmaPeripheral*, 4> peripherals_{};
  State state_;
  Timer timer_;
};

}  // namespace ice86::devices
