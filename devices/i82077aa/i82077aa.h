// SPDX-License-Identifier: LGPL-2.1-or-later
// 82077AA floppy disk controller in PC/AT mode, with up to four drives.
// Reference: Intel 82077AA datasheet, order number 290166-007 (1994): section 2 (registers),
// 5 (commands), 6 (result status registers); NEC uPD765A datasheet for READ TRACK and SCAN.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "devices/i82077aa/floppy_drive.h"
#include "devices/i8237/i8237.h"
#include "emulator/base/archive.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/trace.h"

namespace ice86::devices {

// Offsets 0-5 and 7; 6 belongs to the disk controller beside it. As its DMA peripheral: DACK# moves
// a byte of the FIFO, TC ends a transfer.
class I82077aa final : public RegisterBlock, public DmaPeripheral {
 public:
  static constexpr unsigned kDrives = 4;
  static constexpr unsigned kMostSpeed = 10;

  struct Config {
    // READ and WRITE step to the cylinder they name, as if EIS were always set. The Bochs BIOS
    // never seeks, because the controllers of Bochs and QEMU behave so.
    bool always_implied_seek = false;
    // Until the guest has written a data rate, that of the diskette is taken. The Bochs BIOS never
    // writes one.
    bool rate_of_medium = false;
    // Disks turn and heads step so many times as fast as those of real drives: 1 to kMostSpeed. At
    // more, DMA could not keep up.
    unsigned speed = 10;
  };
  // INT and DRQ, both as gated by DMAGATE# of the DOR.
  struct Pins {
    LevelLine& irq;
    LevelLine& drq;
  };

  I82077aa(Clock& clock, Pins pins, TraceBus& trace, Config config);

  // Wiring: before the first reset.
  void attach(unsigned unit, FloppyDriveType type) { drives_.at(unit) = FloppyDrive(type); }
  FloppyDrive& drive(unsigned unit) { return drives_.at(unit); }

  void reset(ResetKind kind);
  std::uint64_t read(std::uint64_t offset, unsigned width) override;
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override;
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
  void serialize(Archive& archive);
  std::string dump() const;

  std::uint16_t dack_read() override;
  void dack_write(std::uint16_t unit) override;
  void terminal_count() override;

  // From the end of a reset to the interrupt that drive polling raises.
  static constexpr Nanoseconds kPollTime = 250'000;
  // Step pulses of RECALIBRATE.
  static constexpr unsigned kMostSteps = 79;

 private:
  enum class Phase : std::uint8_t { kCommand, kExecution, kResult };
  // What an execution phase waits for.
  enum class Step : std::uint8_t {
    kNothing,  // an index pulse that never comes
    kSeek,     // the head
    kSearch,   // the sector under the head
    kHost,     // the host to take or give the bytes of a sector, until the next one is there
    kLast,     // TC, which comes with the last byte
    kFailure,  // the index pulses that prove the error in st1 and st2
  };
  struct State {
    std::uint8_t dor = 0, tdr = 0, dsr = 2, rate = 2;
    bool rate_set = false;
    Phase phase = Phase::kCommand;
    Step step = Step::kNothing;
    std::array<std::uint8_t, 9> command{};
    std::uint8_t command_length = 0;  // bytes that have come
    std::array<std::uint8_t, 10> result{};
    std::uint8_t result_length = 0, result_position = 0;
    bool result_interrupt = false;
    // Transfer: the sector being moved (C, H, R, N), its bytes, and what the host has of them.
    std::uint8_t cylinder = 0, head = 0, record = 0, size = 0;
    std::uint8_t left = 0;        // sectors that FORMAT TRACK and VERIFY still have to do
    std::uint8_t last_count = 0;  // SC or EOT of the last command, for DUMPREG
    std::uint8_t st0 = 0, st1 = 0, st2 = 0;
    std::array<std::uint8_t, 512> buffer{};
    std::uint16_t position = 0, length = 0;
    bool to_host = false;
    bool terminal = false;    // TC has come
    bool requesting = false;  // a byte may be moved
    Nanoseconds started = 0;
    // SPECIFY, CONFIGURE, PERPENDICULAR MODE, LOCK.
    std::uint8_t srt_hut = 0, hlt_nd = 0;
    std::uint8_t configure = 0, precompensation_track = 0, perpendicular = 0;
    bool lock = false;
    std::array<std::uint8_t, kDrives> pcn{};
    std::uint8_t seeking = 0;        // drives under way: MSR bits 3-0
    std::uint8_t recalibrating = 0;  // those of them that look for track 0
    std::uint8_t sense_pending = 0;  // drives whose SEEK has ended
    std::array<std::uint8_t, kDrives> sense{};
    std::array<std::int16_t, kDrives> seek_steps{};
    std::uint8_t polls_left = 0;  // drive polling after a reset: statuses not asked for yet
    bool attention = false;       // INT for what SENSE INTERRUPT STATUS tells
  };
  struct Command;
  static const Command* find_command(std::uint8_t code);

  // Registers and the command and result phases.
  void write_dor(std::uint8_t value);
  void write_dsr(std::uint8_t value);
  void write_fifo(std::uint8_t value);
  std::uint8_t main_status() const;
  bool drive_selected(unsigned unit) const;
  bool in_reset() const { return (state_.dor & 0x04) == 0; }
  bool dma() const { return (state_.hlt_nd & 1) == 0; }
  void software_reset();
  void start_poll();
  void execute(const Command& command);
  void to_command_phase();
  void to_result(std::initializer_list<std::uint8_t> bytes, bool interrupt = false);
  void drive_pins();
  void trace_command(std::string_view result);

  void specify();
  void sense_drive_status();
  void sense_interrupt_status();
  void configure();
  void perpendicular_mode();
  void lock();
  void version();
  void dump_registers();
  void invalid();

  // Seeks.
  void recalibrate();
  void seek();
  void relative_seek();
  void start_seek(unsigned unit, unsigned steps);
  void seek_ended(unsigned unit);
  Nanoseconds step_time() const;

  // Transfers.
  void read_id();
  void transfer();
  void format_track();
  unsigned unit() const { return state_.command[1] & 3; }
  unsigned side() const { return state_.command[1] >> 2 & 1; }
  bool flag(std::uint8_t mask) const { return (state_.command[0] & mask) != 0; }
  std::uint8_t opcode() const { return state_.command[0] & 0x1F; }
  void begin(std::uint8_t cylinder, std::uint8_t head, std::uint8_t record, std::uint8_t size);
  bool host_gives() const;
  bool writes_medium() const;
  bool scans() const;
  bool rate_fits() const;
  Nanoseconds turn() const;
  bool track_readable() const;
  void at_track();
  void at_sector();
  bool sector_exists() const;
  void request_sector(unsigned length, bool to_host);
  void host_is_done();
  void execution_expired();
  void host_time_over();
  bool load_sector();
  bool store_sector();
  bool format_sector();
  bool scan_sector();
  bool is_last_sector() const;
  void next_sector();
  void advance_id();
  void fail_after(Nanoseconds delay, std::uint8_t st1, std::uint8_t st2);
  void end_transfer(std::uint8_t st0, std::string_view result);
  void wait(Step step, Nanoseconds delay);
  void set_request(bool on);
  std::uint8_t take_byte();
  void give_byte(std::uint8_t value);
  Nanoseconds sector_time() const;

  Clock& clock_;
  Pins pins_;
  TraceBus& trace_;
  Config config_;
  std::array<FloppyDrive, kDrives> drives_;
  State state_;
  Timer poll_timer_;
  Timer execution_timer_;
  std::array<Timer, kDrives> seek_timers_;
};

}  // namespace ice86::devices
