// SPDX-License-Identifier: LGPL-2.1-or-later
// PIIX4 function 3: ACPI power management and the SMBus host controller; 8086:7113.
// Reference: Intel 82371AB (PIIX4), order number 290562-001 (April 1997), sections 7 and 11.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "devices/acpi_pm1/pm1_block.h"
#include "devices/pci/pci_function.h"
#include "devices/piix4_pm/smbus.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

class Piix4Pm final : public PciFunction {
 public:
  static constexpr std::uint64_t kPmTimerHertz = Pm1Block::kTimerHertz;
  // windows(): the two I/O ranges of the chip's own base registers.
  static constexpr unsigned kPmWindow = PciWindow::kOwn;         // PMBA 40h, 64 ports
  static constexpr unsigned kSmbusWindow = PciWindow::kOwn + 1;  // SMBBA 90h, 16 ports

  struct Pins {
    LevelLine& irq9;      // SCI, and SMBus interrupts when routed to IRQ9
    EdgeLine& smi;        // SMBus interrupts when routed to SMI#; APMC writes when APMC_EN is set
    EdgeLine& power_off;  // SLP_EN with the soft-off type
  };

  struct Config {
    // Firmware finds APMC_EN (DEVACTB bit 25) set and leaves system management mode alone. For
    // boards whose CPU has none: QEMU says the same in that case, and SeaBIOS would wait for ever
    // for its SMI otherwise.
    bool smm_taken = false;
    // F1h and F0h written to APMC set and clear SCI_EN. Elsewhere the firmware's SMI handler does
    // that; SeaBIOS and OVMF leave it to the board, as QEMU's does it.
    bool acpi_commands = false;
  };

  Piix4Pm(Clock& clock, Pins pins, Smbus& smbus) : Piix4Pm(clock, pins, smbus, Config()) {}
  Piix4Pm(Clock& clock, Pins pins, Smbus& smbus, Config config);

  // Where the firmware has put the power management ports; 0: nowhere yet.
  std::uint16_t pm_base() const;

  // The front panel button: sets PWRBTN_STS.
  void press_power_button();
  // The real-time clock's interrupt line: its rising edge sets RTC_STS.
  void set_rtc_irq(bool high);
  // Advanced power management control and status, ports B2h and B3h (offsets 0 and 1).
  RegisterBlock& apm() { return apm_; }

  void reset(ResetKind kind);
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  static constexpr unsigned kBlock = 32;

  struct State {
    std::uint16_t gp_status = 0, gp_enable = 0;
    std::array<std::uint8_t, 64>
        storage{};  // registers without an effect here keep what is written
    std::uint8_t apm_control = 0, apm_status = 0;
    // The SMBus host; registers by their offset.
    std::uint8_t host_status = 0, host_control = 0, host_command = 0, host_address = 0;
    std::uint8_t data0 = 0, data1 = 0;
    std::array<std::uint8_t, kBlock> block{};
    std::uint8_t block_index = 0;
    std::array<std::uint8_t, 6> slave{};  // 08h-0Dh: slave control, shadow command, event, data
  };

  void config_written(unsigned offset, unsigned width, std::uint32_t old) override;
  void place_windows();
  bool irq9_level() const;
  void update_irq9();

  std::uint8_t pm_byte(unsigned offset) const;
  void write_pm_byte(unsigned offset, std::uint8_t value);
  std::uint64_t read_pm(std::uint64_t offset, unsigned width) { return peek_pm(offset, width); }
  void write_pm(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_pm(std::uint64_t offset, unsigned width) const;

  // smbus_host.cpp
  std::uint8_t smbus_byte(unsigned offset) const;
  void write_smbus_byte(unsigned offset, std::uint8_t value);
  void start_transaction();
  void transaction_done();
  bool run_protocol(SmbusDevice& device);
  bool smbus_interrupts_on_irq9() const;
  std::uint64_t read_smbus(std::uint64_t offset, unsigned width);
  void write_smbus(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_smbus(std::uint64_t offset, unsigned width) const;

  std::uint64_t read_apm(std::uint64_t offset, unsigned width) { return peek_apm(offset, width); }
  void write_apm(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_apm(std::uint64_t offset, unsigned width) const;

  Pins pins_;
  Smbus& smbus_;
  Config config_options_;
  State state_;
  Pm1Block pm1_;
  Timer transaction_;
  Window<Piix4Pm, &Piix4Pm::read_pm, &Piix4Pm::write_pm, &Piix4Pm::peek_pm> pm_{*this};
  Window<Piix4Pm, &Piix4Pm::read_smbus, &Piix4Pm::write_smbus, &Piix4Pm::peek_smbus> host_{*this};
  Window<Piix4Pm, &Piix4Pm::read_apm, &Piix4Pm::write_apm, &Piix4Pm::peek_apm> apm_{*this};
};

}  // namespace ice86::devices
