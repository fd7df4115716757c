// SPDX-License-Identifier: LGPL-2.1-or-later
// ICH9 device 31 function 0: the LPC bridge with interrupt routing, power management, the
// processor's pins and the root complex's registers; 8086:2918.
// Reference: Intel I/O Controller Hub 9 (ICH9) Family datasheet, 316972-004 (August 2008),
// chapters 10 and 13.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "devices/common/interrupt_steering.h"
#include "devices/ich9/ich9_power.h"
#include "devices/pci/pci_function.h"
#include "devices/processor_interface/processor_interface.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/trace.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

class Ich9Lpc final : public PciFunction {
 public:
  static constexpr unsigned kPirqs = 8;  // A-H
  static constexpr unsigned kIrqs = 16;
  // windows(): PMBASE (128 ports), RCBA (16 KiB).
  static constexpr unsigned kPmWindow = PciWindow::kOwn, kRootWindow = PciWindow::kOwn + 1;

  struct Pins {
    // The 8259s' 16 inputs: an ISA request, the PIRQs routed to it and the SCI, ORed. Numbers 0-7
    // are the first controller's; number 2 is never driven (the cascade is there).
    std::array<LevelLine, kIrqs>& irq;
    // The I/O APIC's inputs 16-23: PIRQA-PIRQH, and the SCI where it is routed there.
    std::array<LevelLine, kPirqs>& apic;
    LevelLine& a20_gate;  // these four: ProcessorInterface
    LevelLine& ignne;
    EdgeLine& init;
    EdgeLine& system_reset;
    EdgeLine& smi;
    EdgeLine& power_off;
  };

  // `trace` gets an "irq" event for each change of a PIRQ.
  Ich9Lpc(Clock& clock, Pins pins, TraceBus& trace, Ich9Power::Config config);

  void set_isa_irq(unsigned irq, bool high);
  // PIRQs are shared: `source` (0-31) names the driver; the board uses the device number.
  void set_pirq(unsigned pirq, unsigned source, bool asserted);

  ProcessorInterface& processor() { return processor_; }
  Ich9Power& power() { return power_; }
  // Where the firmware has put the power management ports; 0: nowhere yet.
  std::uint16_t pm_base() const;

  void reset(ResetKind kind);
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  static constexpr unsigned kRootRegisters = 20;

  void config_written(unsigned offset, unsigned width, std::uint32_t old) override;
  void follow_config();
  void place_windows();
  std::uint16_t irq_levels() const;
  std::uint8_t apic_levels() const;
  std::uint8_t route(unsigned pirq) const;
  void drive_irqs();

  std::uint64_t read_root(std::uint64_t offset, unsigned width) { return peek_root(offset, width); }
  void write_root(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_root(std::uint64_t offset, unsigned width) const;

  Pins pins_;
  TraceBus& trace_;
  InterruptSteering<kPirqs> steering_;
  LevelLine irq13_{[this](bool) { drive_irqs(); }};
  ProcessorInterface processor_;
  Ich9Power power_;
  std::array<std::uint32_t, kRootRegisters> root_{};
  Window<Ich9Lpc, &Ich9Lpc::read_root, &Ich9Lpc::write_root, &Ich9Lpc::peek_root> root_window_{
      *this};
};

}  // namespace ice86::devices
