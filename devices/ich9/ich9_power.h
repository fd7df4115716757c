// SPDX-License-Identifier: LGPL-2.1-or-later
// Power management of the ICH9's LPC bridge: the 128 ports at PMBASE with PM1, the PM timer and the
// SMI registers, and the APM ports.
// Reference: Intel I/O Controller Hub 9 (ICH9) Family datasheet, 316972-004 (August 2008), 13.8.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "devices/acpi_pm1/pm1_block.h"
#include "emulator/base/archive.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

// What is there: the fixed ACPI registers, SMIs by the APM port, by GBL_RLS and in place of a sleep
// state, and the lock of the SMI enable. What is not: general purpose events (their registers are
// there, and nothing sets a status), SMIs of timers, of USB and of PM1 events, and the TCO timer
// (60h-7Fh read as zero).
class Ich9Power final {
 public:
  static constexpr unsigned kPorts = 128;

  struct Pins {
    EdgeLine& smi;
    EdgeLine& power_off;
  };
  struct Config {
    // 02h and 03h written to APM_CNT set and clear SCI_EN. Elsewhere the firmware's SMI handler
    // does that; SeaBIOS and OVMF leave it to the board, as QEMU's does it.
    bool acpi_commands = false;
  };

  // `sci_changed` is called after each change that may change sci().
  Ich9Power(Clock& clock, Pins pins, std::function<void()> sci_changed, Config config);

  bool sci() const;
  // GEN_PMCON_1.SMI_LOCK: GBL_SMI_EN keeps its value.
  void lock_smi(bool locked) { smi_locked_ = locked; }

  void press_power_button() { pm1_.raise(Pm1Block::kPowerButton); }
  void set_rtc_irq(bool high) { pm1_.set_rtc_irq(high); }

  // The ports at PMBASE; APM_CNT and APM_STS, ports B2h and B3h (offsets 0 and 1).
  RegisterBlock& ports() { return ports_; }
  RegisterBlock& apm() { return apm_; }

  // For the bridge it is a part of; the state has no section of its own.
  void reset(ResetKind kind);
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  struct State {
    std::uint32_t smi_enable = 0, smi_status = 0;
    std::array<std::uint8_t, 8> gpe0_enable{};
    std::array<std::uint8_t, kPorts> storage{};  // registers without an effect here
    std::uint8_t apm_control = 0, apm_status = 0;
  };

  void raise_smi(std::uint32_t status);
  std::uint8_t byte(unsigned offset) const;
  void write_byte(unsigned offset, std::uint8_t value);
  void write_smi_enable(unsigned index, std::uint8_t value);
  std::uint64_t read_ports(std::uint64_t offset, unsigned width) {
    return peek_ports(offset, width);
  }
  void write_ports(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_ports(std::uint64_t offset, unsigned width) const;
  std::uint64_t read_apm(std::uint64_t offset, unsigned width) { return peek_apm(offset, width); }
  void write_apm(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_apm(std::uint64_t offset, unsigned width) const;

  Pins pins_;
  Config config_;
  Pm1Block pm1_;
  State state_;
  bool smi_locked_ = false;  // follows the configuration register
  Window<Ich9Power, &Ich9Power::read_ports, &Ich9Power::write_ports, &Ich9Power::peek_ports> ports_{
      *this};
  Window<Ich9Power, &Ich9Power::read_apm, &Ich9Power::write_apm, &Ich9Power::peek_apm> apm_{*this};
};

}  // namespace ice86::devices
