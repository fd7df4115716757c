// SPDX-License-Identifier: LGPL-2.1-or-later
// The chipset of the board `pc`, with its functions where QEMU's pc and Bochs have them.
#include "devices/ata/piix3_ide.h"
#include "devices/i440fx/i440fx.h"
#include "devices/piix3/piix3.h"
#include "devices/piix4_pm/piix4_pm.h"
#include "emulator/machine/chipset.h"
#include "emulator/machine/touch_log.h"

namespace ice86::machine {

namespace {

constexpr unsigned kBridgeDevice = 1, kIdeFunction = 1, kPowerFunction = 3;
constexpr unsigned kSciIrq = 9;

class PcChipset final : public Chipset {
 public:
  explicit PcChipset(const ChipsetWires& w)
      : host_bridge_({w.memory, w.init, w.system_reset}),
        isa_bridge_({w.irq, w.a20_gate, w.ignne, w.init, w.system_reset}, w.trace),
        // Bochs and QEMU decode the disk ports whatever IDETIM says, and stock firmware for them
        // relies on it.
        ide_(*w.ata[0], *w.ata[1], DmaPort(w.space), {.decode_after_reset = true}),
        power_(w.clock, {sci_, w.smi, w.power_off}, w.smbus,
               {.smm_taken = false, .acpi_commands = true}) {
    sci_.connect([this](bool high) { isa_bridge_.set_isa_irq(kSciIrq, high); });
  }

  std::vector<Function> functions() override {
    return {{0, 0, "i440fx", &host_bridge_},
            {kBridgeDevice, 0, "piix3", &isa_bridge_},
            {kBridgeDevice, kIdeFunction, "ide", &ide_},
            {kBridgeDevice, kPowerFunction, "piix4-pm", &power_}};
  }
  devices::ProcessorInterface& processor() override { return isa_bridge_.processor(); }
  RegisterBlock& apm() override { return power_.apm(); }

  void set_isa_irq(unsigned irq, bool high) override { isa_bridge_.set_isa_irq(irq, high); }
  // The PC's interrupt lines go round: INTA# of the device after is the next PIRQ.
  void set_slot_irq(unsigned device, bool asserted) override {
    isa_bridge_.set_pirq((device - 1) % devices::Piix3::kPirqs, device, asserted);
  }
  void set_rtc_irq(bool high) override { power_.set_rtc_irq(high); }

  AcpiBoard acpi(std::uint32_t pci_hole) const override {
    AcpiBoard board;
    board.pm_base = power_.pm_base();
    board.pci_hole = pci_hole;
    return board;
  }

  void reset(ResetKind kind) override {
    host_bridge_.reset(kind);
    isa_bridge_.reset(kind);
    ide_.reset(kind);
    power_.reset(kind);
  }
  std::vector<StatefulPart> parts() override {
    return {{[this](Archive& archive) { host_bridge_.serialize(archive); }, group::kOther},
            {[this](Archive& archive) { isa_bridge_.serialize(archive); }, group::kAlways},
            {[this](Archive& archive) { ide_.serialize(archive); }, group::kAta0 | group::kAta1},
            {[this](Archive& archive) { power_.serialize(archive); }, group::kRtc}};
  }
  std::vector<std::pair<std::string, std::string>> dump() const override {
    return {{"i440fx", host_bridge_.dump()},
            {"piix3", isa_bridge_.dump()},
            {"piix3-ide", ide_.dump()},
            {"piix4-pm", power_.dump()}};
  }

 private:
  LevelLine sci_;
  devices::I440fx host_bridge_;
  devices::Piix3 isa_bridge_;
  devices::Piix3Ide ide_;
  devices::Piix4Pm power_;
};

}  // namespace

std::unique_ptr<Chipset> make_pc_chipset(const ChipsetWires& wires) {
  return std::make_unique<PcChipset>(wires);
}

}  // namespace ice86::machine
