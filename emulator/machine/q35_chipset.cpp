// SPDX-License-Identifier: LGPL-2.1-or-later
// The chipset of the board `q35`, with its functions where QEMU's q35 has them. Its disks are on
// the SATA controller in IDE mode.
#include "devices/ata/piix3_ide.h"
#include "devices/ich9/ich9_lpc.h"
#include "devices/pci/enhanced_config.h"
#include "devices/q35_mch/q35_mch.h"
#include "emulator/machine/chipset.h"
#include "emulator/machine/touch_log.h"

namespace ice86::machine {

namespace {

using devices::Piix3Ide;

constexpr unsigned kIch9Device = 31, kSataFunction = 2;
// Devices 0 to 24 have the PIRQs from E on, going round as on `pc`; 25 to 31 are the ICH9's own.
constexpr unsigned kSlotPirq = 4, kSlotPirqs = 4;

Piix3Ide::Config sata_config(std::uint8_t drives) {
  Piix3Ide::Config config;
  config.decode_after_reset = true;  // as on `pc`: stock firmware for emulated boards relies on it
  config.part = Piix3Ide::Part::kIch9Sata;
  // Drives count channel by channel, ports first the masters and then the slaves.
  constexpr std::uint8_t kPortOfDrive[] = {0, 2, 1, 3};
  for (unsigned i = 0; i < 4; ++i) {
    if ((drives >> i & 1) != 0)
      config.ports_present =
          static_cast<std::uint8_t>(config.ports_present | 1U << kPortOfDrive[i]);
  }
  return config;
}

class Q35Chipset final : public Chipset {
 public:
  explicit Q35Chipset(const ChipsetWires& w)
      : enhanced_config_(w.pci),
        mch_(w.memory, enhanced_config_),
        lpc_(
            w.clock,
            {w.irq, w.high_inputs, w.a20_gate, w.ignne, w.init, w.system_reset, w.smi, w.power_off},
            w.trace, {.acpi_commands = true}),
        sata_(*w.ata[0], *w.ata[1], DmaPort(w.space), sata_config(w.drives)) {}

  std::vector<Function> functions() override {
    return {{0, 0, "q35-mch", &mch_},
            {kIch9Device, 0, "ich9-lpc", &lpc_},
            {kIch9Device, kSataFunction, "ich9-sata", &sata_}};
  }
  devices::ProcessorInterface& processor() override { return lpc_.processor(); }
  RegisterBlock& apm() override { return lpc_.power().apm(); }

  void set_isa_irq(unsigned irq, bool high) override { lpc_.set_isa_irq(irq, high); }
  void set_slot_irq(unsigned device, bool asserted) override {
    lpc_.set_pirq(kSlotPirq + device % kSlotPirqs, device, asserted);
  }
  void set_rtc_irq(bool high) override { lpc_.power().set_rtc_irq(high); }

  // Firmware gives base address registers what is behind the configuration window.
  AcpiBoard acpi(std::uint32_t pci_hole) const override {
    AcpiBoard board;
    board.board = Board::kQ35;
    board.pm_base = lpc_.pm_base();
    board.pci_hole = pci_hole;
    if (const auto window = mch_.pciex()) {
      constexpr std::uint64_t kFourGiB = std::uint64_t{1} << 32;
      board.config_base = window->base;
      board.config_buses = static_cast<unsigned>(window->length >> 20);
      const std::uint64_t end = window->base + window->length;
      if (end < kFourGiB && end > pci_hole) board.pci_hole = static_cast<std::uint32_t>(end);
    }
    return board;
  }

  void reset(ResetKind kind) override {
    mch_.reset(kind);
    lpc_.reset(kind);
    sata_.reset(kind);
  }
  std::vector<StatefulPart> parts() override {
    return {{[this](Archive& archive) { mch_.serialize(archive); }, group::kOther},
            {[this](Archive& archive) { lpc_.serialize(archive); }, group::kAlways},
            {[this](Archive& archive) { sata_.serialize(archive); }, group::kAta0 | group::kAta1}};
  }
  std::vector<std::pair<std::string, std::string>> dump() const override {
    return {{"q35-mch", mch_.dump()}, {"ich9-lpc", lpc_.dump()}, {"ich9-sata", sata_.dump()}};
  }

 private:
  devices::PciEnhancedConfig enhanced_config_;
  devices::Q35Mch mch_;
  devices::Ich9Lpc lpc_;
  Piix3Ide sata_;
};

}  // namespace

std::unique_ptr<Chipset> make_q35_chipset(const ChipsetWires& wires) {
  return std::make_unique<Q35Chipset>(wires);
}

}  // namespace ice86::machine
