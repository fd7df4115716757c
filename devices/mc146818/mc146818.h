// SPDX-License-Identifier: LGPL-2.1-or-later
// MC146818A real-time clock with 128 bytes of battery-backed CMOS RAM, behind an index and a data
// port. Reference: Motorola MC146818A datasheet (ADI1018, 1984) and the Dallas DS12885 for the
// 128-byte part; century byte at 32h as AT BIOSes use it (IBM AT Technical Reference, 6183355,
// section 1).
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "emulator/base/archive.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

// Offset 0: index (bit 7 masks NMI), offset 1: data.
class Mc146818 final : public RegisterBlock {
 public:
  static constexpr unsigned kBytes = 128;

  // A date of the Gregorian calendar, 1980 to 9999, and a time of day (0-23 hours).
  struct Date {
    unsigned year = 2003, month = 6, day = 9;
    unsigned hour = 12, minute = 0, second = 0;
  };

  // The clock shows `date` at construction, in BCD and 24-hour form, and runs on virtual time.
  Mc146818(Clock& clock, LevelLine& irq, const Date& date);

  // What the battery keeps: the board's set-up values (index 0Eh and up; the clock's own registers
  // too).
  void set_cmos(unsigned index, std::uint8_t value);
  std::uint8_t cmos(unsigned index) const;
  // Bit 7 of the index port: NMI is masked. Set by reset.
  bool nmi_masked() const { return state_.nmi_masked; }

  // RESET# clears interrupt enables and flags; time and RAM live on the battery through every
  // reset.
  void reset(ResetKind kind);
  std::uint64_t read(std::uint64_t offset, unsigned width) override;
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override;
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  struct State {
    std::array<std::uint8_t, kBytes> ram{};  // registers A, B, D and the time as of the last update
    std::uint8_t flags = 0;                  // register C: IRQF, PF, AF, UF
    std::uint8_t index = 0;
    bool nmi_masked = true;
    Nanoseconds next_update = 0;  // end of the next update cycle, while the divider chain runs
    bool hour_repeated = false;   // the end of daylight saving has been, today
  };

  bool dividing() const;
  bool update_in_progress() const;
  void update_cycle(Nanoseconds deadline);
  void periodic_tick();
  bool change_daylight_saving();
  void advance_time();
  void advance_date();
  bool alarm_matches() const;
  void set_flags(std::uint8_t flags);
  void drive_irq();
  void schedule_periodic();
  std::uint8_t register_value(unsigned index) const;
  void write_register(unsigned index, std::uint8_t value);
  unsigned decode(std::uint8_t value) const;
  std::uint8_t encode(unsigned value) const;
  unsigned decode_hour(std::uint8_t value) const;
  std::uint8_t encode_hour(unsigned hour) const;

  Clock& clock_;
  LevelLine& irq_;
  State state_;
  Timer update_timer_;
  Timer periodic_timer_;
};

}  // namespace ice86::devices
