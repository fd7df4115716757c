// SPDX-License-Identifier: LGPL-2.1-or-later
// 8254 programmable interval timer: three counters, computed from virtual time when somebody looks.
// Reference: Intel 8254 datasheet, order number 231164-005 (September 1993).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "devices/common/tick_rate.h"
#include "emulator/base/archive.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

// Offsets 0-2: counters; offset 3: control word register.
class I8254 final : public RegisterBlock {
 public:
  static constexpr std::uint64_t kPcClockHertz = 1'193'182;

  struct Config {
    std::string name = "pit";  // section and timer names
    // The OUT pins. A connected line follows every edge by a timer event; where there is none
    // (nullptr), out() tells the level when asked, at no cost in between.
    std::array<LevelLine*, 3> out{};
    std::uint64_t clock_hertz = kPcClockHertz;  // of all three CLK pins
  };

  I8254(Clock& clock, Config config);

  // The GATE pins: high after construction; not changed by reset.
  void set_gate(unsigned counter, bool high);
  bool gate(unsigned counter) const { return state_[counter].gate; }
  bool out(unsigned counter) const;
  // The refresh requests so far: rising edges of OUT since the counter was last programmed. Their
  // lowest bit is the refresh toggle of port 61h.
  std::uint64_t rising_edges(unsigned counter) const;

  void reset(ResetKind kind);
  std::uint64_t read(std::uint64_t offset, unsigned width) override;
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override;
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  // What happened last to the counting element, in CLK ticks since power-on; all else follows from
  // time.
  struct Counter {
    std::uint8_t control = 0;  // RW1-0, M2-0, BCD as last written (bits 5-0)
    bool gate = true;
    bool programmed = false;  // a control word was written
    bool loaded = false;      // the counting element holds a count
    bool null_count = true;
    bool running = false;      // modes 0 and 4: GATE high; others: see i8254.cpp
    bool triggered = false;    // modes 1 and 5: a one-shot is under way or has ended
    std::uint32_t reload = 0;  // the count register, 1-65536 or 1-10000
    std::uint64_t start = 0;   // tick at which the counting element held `start_count`
    std::uint32_t start_count = 0;
    std::uint32_t next_reload = 0;  // modes 2 and 3: written during a period, loaded at its end
    bool next_pending = false;
    bool write_high_next = false;
    std::uint8_t write_low = 0;
    bool read_high_next = false;
    bool count_latched = false;
    std::uint16_t latched_count = 0;
    bool status_latched = false;
    std::uint8_t latched_status = 0;
    std::uint64_t edges_before = 0;
  };
  struct View {
    std::uint32_t count;
    bool out;
    bool null_count;
    std::uint64_t rising_edges;
    std::optional<std::uint64_t> next_edge;  // the tick of the next change of OUT
  };

  View view(const Counter& counter, std::uint64_t tick) const;
  std::uint64_t tick() const { return rate_.ticks_at(clock_.now()); }
  void settle(unsigned index);
  void control_word(std::uint8_t value);
  void read_back(std::uint8_t value);
  void latch_count(Counter& counter);
  void latch_status(Counter& counter);
  void write_count(unsigned index, std::uint8_t value);
  void load(unsigned index, std::uint32_t count);
  std::uint8_t read_count(unsigned index, bool side_effects, Counter& copy) const;
  void drive(unsigned index);

  Clock& clock_;
  Config config_;
  TickRate rate_;
  std::array<Counter, 3> state_{};
  std::array<std::unique_ptr<Timer>, 3> edge_timers_;
};

}  // namespace ice86::devices
