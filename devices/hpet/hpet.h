// SPDX-License-Identifier: LGPL-2.1-or-later
// High precision event timer: a 64-bit counter at 100 MHz and three comparators.
// Reference: IA-PC HPET (High Precision Event Timers) Specification, revision 1.0a, chapter 2.
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

class Hpet final : public RegisterBlock {
 public:
  static constexpr std::uint64_t kSize = 0x400;
  static constexpr unsigned kTimers = 3;
  // The I/O APIC's inputs that every timer can be routed to.
  static constexpr unsigned kFirstInput = 20, kInputs = 4;
  // Low half of the capabilities, which is the event timer block ID of the ACPI table too: Intel,
  // legacy replacement, 64 bits, three timers, revision 1.
  static constexpr std::uint32_t kBlockId = 0x8086'a201;

  struct Pins {
    LevelLine& irq0;  // timer 0 and timer 1 in legacy replacement
    LevelLine& irq8;
    LevelLine& legacy;  // high: these two in the place of the 8254's and the RTC's
    std::array<LevelLine*, kInputs> inputs;
  };

  Hpet(Clock& clock, Pins pins);

  std::uint64_t read(std::uint64_t offset, unsigned width) override { return peek(offset, width); }
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override;
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override;

  void reset(ResetKind kind);
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  struct Comparator {
    std::uint32_t config = 0;
    std::uint64_t value = ~std::uint64_t{0};
    std::uint64_t period = 0;   // what was written last, in periodic mode
    std::uint64_t message = 0;  // the FSB route register: storage
    bool edge = false;          // an edge-triggered interrupt: high until it rises again
  };
  struct State {
    std::uint8_t config = 0;
    std::uint8_t status = 0;
    // The counter: what it stands at while it is halted, else what to add to the ticks so far.
    std::uint64_t counter = 0;
    std::array<Comparator, kTimers> timers;
  };

  bool running() const { return (state_.config & 1) != 0; }
  std::uint64_t counter() const;
  std::uint64_t reg(std::uint64_t offset) const;
  void write_config(std::uint64_t value);
  void write_timer_config(unsigned index, std::uint32_t value);
  void write_comparator(unsigned index, std::uint64_t value, std::uint64_t mask);
  void arm(unsigned index);
  void matched(unsigned index);
  bool asserted(unsigned index) const;
  struct Levels {
    bool irq0 = false, irq8 = false, legacy = false;
    std::array<bool, kInputs> inputs{};
  };
  Levels levels() const;
  void update_lines();

  Clock& clock_;
  Pins pins_;
  State state_;
  std::array<Timer, kTimers> matches_;
};

}  // namespace ice86::devices
