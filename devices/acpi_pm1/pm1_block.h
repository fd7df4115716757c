// SPDX-License-Identifier: LGPL-2.1-or-later
// ACPI's fixed registers as Intel's bridges have them: PM1 status, enable and control, and the
// 24-bit power management timer.
// Reference: ACPI 6.4, section 4.8.3; Intel 82371AB (290562-001), 7.2; Intel ICH9 (316972), 13.8.3.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "devices/common/tick_rate.h"
#include "emulator/base/archive.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

class Pm1Block final {
 public:
  static constexpr std::uint64_t kTimerHertz = 3'579'545;
  // Bits of status and enable.
  static constexpr std::uint16_t kTimerOverflow = 0x0001, kGlobal = 0x0020, kPowerButton = 0x0100,
                                 kRtc = 0x0400, kWake = 0x8000;
  // The block's bytes: status 0, enable 2, control 4, timer 8-11. 6 and 7 are not its own.
  static constexpr unsigned kControl = 4, kTimer = 8;
  static constexpr bool owns(unsigned offset) { return offset < 6 || (offset >= 8 && offset < 12); }

  struct Config {
    // One bit for each SLP_TYP that is soft off. The others would suspend; the machine wakes from
    // those at once, as from a wake event that is already there.
    std::uint8_t off_types = 0x01;
  };

  // `changed` is called after each change that may change asserts_sci().
  Pm1Block(Clock& clock, EdgeLine& power_off, std::function<void()> changed, Config config);

  std::uint8_t byte(unsigned offset) const;
  void write_byte(unsigned offset, std::uint8_t value);
  std::uint32_t timer() const;

  bool sci_enabled() const { return (state_.control & kSciEnable) != 0; }
  void enable_sci(bool enabled);
  // A status bit that is enabled, with SCI_EN.
  bool asserts_sci() const;
  // An event: sets its status bit.
  void raise(std::uint16_t status);
  // The real-time clock's interrupt line: its rising edge is an event.
  void set_rtc_irq(bool high);
  bool rtc_irq() const { return rtc_irq_; }

  // For the bridge it is a part of; the state has no section of its own.
  void reset(ResetKind kind);
  void serialize(Archive& archive);
  // Not with the rest, where a bridge's own registers are between them.
  void serialize_wires(Archive& archive) { archive.io(rtc_irq_); }
  std::string dump() const;

 private:
  static constexpr std::uint16_t kSciEnable = 0x0001;

  struct State {
    std::uint16_t status = 0, enable = 0, control = 0;
  };

  void schedule_timer_status();
  void write_control_high(std::uint8_t value);

  Clock& clock_;
  EdgeLine& power_off_;
  std::function<void()> changed_;
  Config config_;
  TickRate timer_rate_{kTimerHertz};
  State state_;
  bool rtc_irq_ = false;
  Timer timer_status_;
};

}  // namespace ice86::devices
