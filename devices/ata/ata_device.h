// SPDX-License-Identifier: LGPL-2.1-or-later
// What ATA and ATAPI devices share: the command block registers, BSY/DRQ/INTRQ, command timing, and
// the PIO and DMA data phases. A device is plugged into one of the two places of an AtaChannel.
// Reference: ATA/ATAPI-6 (T13/1410D revision 3b), sections 7 (registers), 9 (protocols).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/base/archive.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/trace.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

// Register offsets in the command block, and the bits of Status, Error, Device and Device Control.
namespace ata {
constexpr unsigned kData = 0, kErrorFeatures = 1, kSectorCount = 2, kLbaLow = 3, kLbaMid = 4;
constexpr unsigned kLbaHigh = 5, kDevice = 6, kStatusCommand = 7;
constexpr std::uint8_t kBsy = 0x80, kDrdy = 0x40, kDf = 0x20, kDsc = 0x10, kDrq = 0x08, kErr = 0x01;
constexpr std::uint8_t kUnc = 0x40, kIdnf = 0x10, kAbrt = 0x04;
constexpr std::uint8_t kDeviceLba = 0x40, kDeviceDev = 0x10;
constexpr std::uint8_t kHob = 0x80, kSrst = 0x04, kNien = 0x02;
}  // namespace ata

// How long things take, in virtual time. Real drives need seconds to spin up and milliseconds to
// seek; the defaults are small so that runs are short, but not zero, because firmware that never
// waits for BSY must fail here as it does on hardware.
struct AtaTiming {
  Nanoseconds spin_up = 1'000'000;  // BSY after power-on
  Nanoseconds reset = 5'000;        // BSY after SRST or RESET# (never less than spin_up's rest)
  Nanoseconds command_latency =
      50'000;  // from a command that uses the medium to its first data or end
  Nanoseconds register_latency = 2'000;  // the same for a command that does not
  Nanoseconds block_latency = 5'000;     // from one PIO data block to the next
};

// What a device needs from its channel.
class AtaHost {
 public:
  virtual ~AtaHost() = default;
  virtual void interrupt_changed() = 0;
  // The device has DMA data to move: see AtaDevice::dma_in and dma_out.
  virtual void dma_request() = 0;
};

class AtaDevice {
 public:
  virtual ~AtaDevice();
  AtaDevice(const AtaDevice&) = delete;
  AtaDevice& operator=(const AtaDevice&) = delete;

  // One 8-bit register of the command block (1-7); 7 is Status without clearing the interrupt.
  std::uint8_t peek_register(unsigned index, bool hob) const;
  void write_register(unsigned index, std::uint8_t value);  // 1-6: both devices see every write
  void write_command(std::uint8_t command);
  std::uint8_t status() const { return state_.status; }
  void acknowledge_interrupt();
  bool interrupt_pending() const { return state_.interrupt; }
  bool busy() const { return (state_.status & ata::kBsy) != 0; }
  bool drq() const { return (state_.status & ata::kDrq) != 0; }

  // PIO: one access of the Data register, 2 or 4 bytes.
  std::uint32_t read_data(unsigned width);
  std::uint32_t peek_data(unsigned width) const;
  void write_data(unsigned width, std::uint32_t value);

  // DMA: the bus master moves up to bytes.size() bytes while dma_pending(); returns how many it got
  // rid of (or received). The command ends by itself with the last byte.
  bool dma_pending() const {
    return state_.phase == Phase::kDmaIn || state_.phase == Phase::kDmaOut;
  }
  bool dma_to_host() const { return state_.phase == Phase::kDmaIn; }
  std::size_t dma_in(std::span<std::uint8_t> bytes);
  std::size_t dma_out(std::span<const std::uint8_t> bytes);

  // SRST set (held: BSY) and cleared again; EXECUTE DEVICE DIAGNOSTIC reaches both devices.
  void hold_reset();
  void release_reset();
  void run_diagnostic();
  void reset(ResetKind kind);

  const std::string& name() const { return name_; }
  void serialize(Archive& archive);
  std::string dump() const;

 protected:
  enum class Phase : std::uint32_t {
    kIdle,
    kExecuting,  // BSY: the timer will call execute()
    kNextBlock,  // BSY: the timer will call next_block()
    kDataIn,     // DRQ, device to host
    kDataOut,    // DRQ, host to device
    kDmaIn,
    kDmaOut,
    kReset,      // BSY: the timer will end the reset
    kHeldReset,  // BSY: SRST is set
  };

  // The registers and the transfer in progress: all that a device of either kind keeps.
  struct State {
    std::uint8_t status = 0, error = 0, features = 0, sector_count = 0;
    std::uint8_t lba_low = 0, lba_mid = 0, lba_high = 0, device = 0;
    // What the registers held before the last write to each (48-bit commands).
    std::uint8_t previous_features = 0, previous_count = 0;
    std::uint8_t previous_low = 0, previous_mid = 0, previous_high = 0;
    std::uint8_t command = 0;
    bool interrupt = false;
    bool diagnosing = false;  // the reset in progress is EXECUTE DEVICE DIAGNOSTIC
    Phase phase = Phase::kIdle;
    std::uint32_t position = 0;  // of the next byte in the data block
    std::vector<std::uint8_t> block;
    Nanoseconds started = 0;      // when the command was written
    Nanoseconds ready_at = 0;     // end of spin-up
    std::uint64_t first_lba = 0;  // for the trace
    std::uint32_t count = 0;
  };

  AtaDevice(Clock& clock, TraceBus& trace, AtaHost& host, std::string name, unsigned position,
            AtaTiming timing);

  // The device's own part. start_command() looks at the registers when the command is written and
  // returns its latency; execute() runs when it has passed, next_block() after a data block.
  virtual Nanoseconds start_command() = 0;
  virtual void execute() = 0;
  virtual void next_block() = 0;
  // After the host read a PIO block: true when next_block() has something to say, else the command
  // is over.
  virtual bool continues_after_read() const = 0;
  // A block from the host goes into a buffer: what comes after it shows without a visible BSY.
  virtual bool buffers_writes() const { return false; }
  // The DMA block was moved: load the next one, complete or fail.
  virtual void dma_block_moved() = 0;
  // `kind` none: SRST or EXECUTE DEVICE DIAGNOSTIC.
  virtual void device_reset(std::optional<ResetKind> kind) = 0;
  virtual void set_signature() = 0;
  virtual void serialize_device(Archive& archive) = 0;
  virtual std::string dump_device() const = 0;
  // Status after a reset (packet devices keep DRDY low until their first PACKET command).
  virtual std::uint8_t status_after_reset() const { return kReady; }

  // Steps of a command.
  void data_in();  // state_.block is there for the host: DRQ and INTRQ
  void data_out(std::size_t bytes, bool interrupt);  // at most kMostBlock
  void dma_in_block();                               // state_.block is there for the bus master
  void dma_out_block(std::size_t bytes);
  void wait(Nanoseconds delay) { set_busy(Phase::kNextBlock, delay); }
  void complete(bool interrupt = true);
  void fail(std::uint8_t error, std::uint8_t more_status = 0);
  void violation(std::string_view what) const;
  void set_interrupt(bool pending);
  void trace_result(std::string_view result) const;
  virtual std::string_view command_name() const = 0;
  void restart_address(std::uint64_t lba, std::uint32_t count) {
    state_.first_lba = lba;
    state_.count = count;
  }
  static constexpr std::uint8_t kReady = ata::kDrdy | ata::kDsc;
  static constexpr std::size_t kMostBlock = 128 * 1024;

  Clock& clock_;
  TraceBus& trace_;
  AtaTiming timing_;
  std::string name_;
  unsigned position_;  // 0: device 0, 1: device 1
  State state_;

 private:
  void begin_reset(Nanoseconds delay);
  void finish_reset();
  void timer_expired();
  void serialize_state(Archive& archive);
  void dma_phase(Phase phase);
  void set_busy(Phase phase, Nanoseconds delay);

  AtaHost& host_;
  Timer timer_;
};

}  // namespace ice86::devices
