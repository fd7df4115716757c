// SPDX-License-Identifier: LGPL-2.1-or-later
// The local APIC of one CPU: priorities, local interrupts with the timer, interprocessor
// interrupts, xAPIC registers in memory and x2APIC registers as MSRs.
// Reference: Intel SDM vol. 3A chapter 11.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "devices/common/apic_message.h"
#include "emulator/base/archive.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/trace.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

// The registers lie at multiples of 16, as 32-bit values (SDM table 11-1).
class LocalApic final : public RegisterBlock {
 public:
  static constexpr unsigned kLocalVectors = 6;
  // The bus clock that the timer divides, as in QEMU: a count is a nanosecond.
  static constexpr std::uint64_t kTimerHz = 1'000'000'000;

  struct Config {
    std::uint32_t id = 0;
    bool bootstrap = true;  // the BSP's LINT0 takes the 8259s' INTR after reset; see docs
  };

  struct Pins {
    LevelLine& intr;  // to the CPU: acknowledge() has a vector
    EdgeLine& nmi;
    EdgeLine& smi;
    EdgeLine& init;
  };

  struct Services {
    // INTA to the interrupt controllers on LINT0.
    std::function<std::uint8_t()> external_acknowledge;
    // A message to other APICs (an IPI that is not for this one alone). False: nobody took it.
    std::function<bool(const ApicMessage&)> send;
    // To the I/O APICs: a level-triggered interrupt has been served.
    std::function<void(std::uint8_t vector)> end_of_interrupt;
    // SIPI: the page at which a waiting CPU starts.
    std::function<void(std::uint8_t page)> startup;
    // When the time stamp counter (before the guest's offset) reaches a count.
    std::function<Nanoseconds(std::uint64_t count)> time_of_timestamp;
  };

  LocalApic(Clock& clock, Config config, Pins pins, Services services, TraceBus& trace);

  // IA32_APIC_BASE: global enable and x2APIC mode. Globally disabled it is as if it were not there:
  // LINT0 is INTR, LINT1 is NMI.
  void set_base(std::uint64_t apic_base);
  std::uint64_t base() const { return state_.base; }
  std::uint32_t id() const { return config_.id; }

  // LINT0 (0: the 8259s' INTR on a PC) and LINT1 (1: NMI).
  void set_lint(unsigned pin, bool high);

  // A message from the bus that names this APIC.
  void receive(const ApicMessage& message);
  bool is_destination(const ApicMessage& message) const;
  // For lowest-priority arbitration: the smaller, the readier.
  std::uint8_t arbitration_priority() const { return processor_priority(); }
  bool accepts_fixed() const { return enabled(); }

  // The CPU's INTA: the vector of the highest request, an 8259's, or the spurious one.
  std::uint8_t acknowledge();

  std::uint8_t task_priority() const { return state_.tpr; }
  void set_task_priority(std::uint8_t value);

  // RDMSR, WRMSR of 800h-8FFh in x2APIC mode; false: #GP.
  bool x2apic_read(std::uint32_t msr, std::uint64_t& value);
  bool x2apic_write(std::uint32_t msr, std::uint64_t value);

  std::uint64_t tsc_deadline() const { return state_.tsc_deadline; }
  void set_tsc_deadline(std::uint64_t count);

  // An edge at this LINT pin would wake a CPU that has interrupts off: an NMI or an SMI. Of the
  // other entries of the local vector table none can without a CPU that runs.
  bool may_signal_nmi(unsigned pin) const;

  void reset(ResetKind kind);
  std::uint64_t read(std::uint64_t offset, unsigned width) override;
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override;
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  // A bit for each vector.
  using Vectors = std::array<std::uint32_t, 8>;

  struct State {
    std::uint64_t base = 0;
    std::uint8_t tpr = 0;
    std::uint32_t ldr = 0;  // xAPIC mode; in x2APIC mode it follows from the number
    std::uint32_t dfr = 0;
    std::uint32_t svr = 0;
    Vectors isr{}, tmr{}, irr{};
    std::uint32_t esr = 0;          // as software sees it
    std::uint32_t esr_pending = 0;  // since it last looked
    std::uint64_t icr = 0;
    std::array<std::uint32_t, kLocalVectors> lvt{};
    std::uint32_t divide = 0;
    std::uint32_t initial_count = 0;
    std::uint32_t start_count = 0;  // what the timer counted at timer_start
    Nanoseconds timer_start = 0;
    bool timer_running = false;
    std::uint64_t tsc_deadline = 0;
    std::array<bool, 2> lint{};
    bool external = false;  // an ExtINT message waits
  };

  bool globally_enabled() const { return (state_.base & 1u << 11) != 0; }
  bool x2apic_mode() const { return (state_.base & 1u << 10) != 0; }
  bool enabled() const { return globally_enabled() && (state_.svr & 1u << 8) != 0; }

  std::optional<std::uint32_t> peek_register(unsigned index) const;
  bool write_register(unsigned index, std::uint32_t value);
  void write_spurious_vector(std::uint32_t value);
  void write_local_vector(unsigned entry, std::uint32_t value);
  void write_command(std::uint64_t value);
  void end_of_interrupt();
  void note_error(std::uint32_t bit);

  std::uint8_t processor_priority() const;
  std::optional<std::uint8_t> deliverable() const;
  bool external_request() const;
  void request(std::uint8_t vector, bool level);
  void local_interrupt(unsigned entry);
  void lint_level(unsigned pin);
  void update();

  unsigned timer_mode() const { return state_.lvt[0] >> 17 & 3; }
  Nanoseconds tick_time() const;
  std::uint32_t current_count() const;
  void restart_timer(std::uint32_t count);
  void arm_timer();
  void timer_expired();

  Config config_;
  Pins pins_;
  Services services_;
  Clock& clock_;
  TraceBus& trace_;
  State state_;
  Timer timer_;
};

}  // namespace ice86::devices
