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
    // The GATE pins until set_gate(). On a PC the first two are tied high and port 61h, low after
    // reset, drives the third.
    std::array<bool, 3> gates{true, true, false};
    // An 8-bit cycle of the ISA bus lasts longer (some 1 us) than a CLK (838 ns): by the cycle
    // after the one that wrote a count the counting element has it, and drivers rely on that. In
    // this machine's time two accesses may be 10 ns apart, so reading looks ahead to that clock.
    bool reads_after_load = false;
  };

  I8254(Clock& clock, Config config);

  // The GATE pins; not changed by reset.
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
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  // What happened last to a counter, in CLK ticks since power-on; its count and OUT follow from the
  // time.
  struct Counter {
    std::uint8_t control = 0;  // RW1-0, M2-0, BCD as last written (bits 5-0)
    bool gate = true;
    bool programmed = false;  // a control word was written
    bool has_count = false;   // and a whole count after it
    // The counting element: it takes `reload` at `load_tick`, and has then made `base` steps, and
    // one for each tick after `run_start` while `running`.
    bool loaded = false;
    bool running = false;
    bool fresh = false;        // the load carries a newly written count (null count until then)
    bool half_low = false;     // mode 3: it begins with the low half
    std::uint32_t reload = 1;  // 1-65536, in BCD 1-10000
    std::uint64_t load_tick = 0;
    std::uint64_t run_start = 0;
    std::uint64_t base = 0;
    bool out_before = false;  // until load_tick
    std::uint32_t count_before = 0;
    // A count that waits for the end of the period, or (kNever) for a trigger.
    bool next_pending = false;
    std::uint32_t next_reload = 1;
    std::uint64_t next_at = kNever;
    std::uint64_t edges_before = 0;  // rising edges of OUT in earlier loads
    std::uint64_t last_tick = 0;     // until which edges have been driven
    // The register interface.
    bool write_high_next = false;
    std::uint8_t write_low = 0;
    bool read_high_next = false;
    bool count_latched = false;
    std::uint16_t latched_count = 0;
    bool status_latched = false;
    std::uint8_t latched_status = 0;
  };
  struct View {
    std::uint32_t count = 0;
    bool out = false;
    bool null_count = true;
    std::uint64_t rising_edges = 0;
    std::uint64_t next_edge = kNever;  // the tick of the next change of OUT
  };

  static unsigned mode_of(const Counter& counter);
  static std::uint64_t elapsed(const Counter& counter, std::uint64_t tick);
  static bool out_after(const Counter& counter, std::uint64_t steps);
  static std::uint64_t next_change(const Counter& counter, std::uint64_t steps);
  static std::uint64_t edges_after(const Counter& counter, std::uint64_t steps);
  static std::uint32_t count_after(const Counter& counter, std::uint64_t steps);
  // Lets a pending count take effect if its time has come.
  static void roll(Counter& counter, std::uint64_t tick);
  static bool counts(const Counter& counter, std::uint64_t tick);
  static View view(Counter counter, std::uint64_t tick);
  static std::uint16_t register_count(const Counter& counter, std::uint64_t tick);
  static std::uint8_t status(const Counter& counter, std::uint64_t tick);
  static std::uint8_t read_counter(Counter& counter, std::uint64_t tick);
  static void begin(Counter& counter, std::uint64_t tick, std::uint32_t count, bool fresh);

  std::uint64_t tick() const { return rate_.ticks_at(clock_.now()); }
  // The clock that reading a counter sees.
  std::uint64_t read_tick(const Counter& counter) const;
  void catch_up(unsigned index);
  void edge(unsigned index, Nanoseconds deadline);
  void drive(unsigned index, std::uint64_t tick);
  void control_word(std::uint8_t value);
  void read_back(std::uint8_t value);
  void write_counter(unsigned index, std::uint8_t value);
  void trigger(Counter& counter, std::uint64_t tick);
  void count_written(Counter& counter, std::uint64_t tick, std::uint32_t count);
  static void serialize_counter(Archive& archive, Counter& counter);

  Clock& clock_;
  Config config_;
  TickRate rate_;
  std::array<Counter, 3> state_{};
  std::array<std::unique_ptr<Timer>, 3> edge_timers_;
};

}  // namespace ice86::devices
