// SPDX-License-Identifier: LGPL-2.1-or-later
// What differs from board to board: the host bridge and the bridge to the old world with its
// functions. pc_parts.cpp puts the rest of the PC around it.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "devices/ata/ata_channel.h"
#include "devices/pci/pci_bus.h"
#include "devices/piix4_pm/smbus.h"
#include "devices/processor_interface/processor_interface.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/memory_space.h"
#include "emulator/bus/trace.h"
#include "emulator/machine/acpi/acpi_tables.h"
#include "emulator/machine/pc_memory.h"

namespace ice86::machine {

// A part of the machine that snapshots hold.
struct StatefulPart {
  std::function<void(Archive&)> serialize;
  unsigned groups;  // touch_log.h: it has changed only if one of these was touched
};

// What a chipset is wired to.
struct ChipsetWires {
  Clock& clock;
  TraceBus& trace;
  MemorySpace& space;
  PcMemory& memory;
  devices::PciBus& pci;
  devices::Smbus& smbus;
  std::array<devices::AtaChannel*, 2> ata;
  std::uint8_t drives;  // one bit each, from the primary master on
  std::array<LevelLine, 16>& irq;
  std::array<LevelLine, 8>& high_inputs;  // the I/O APIC's from 16 on
  LevelLine &a20_gate, &ignne;
  EdgeLine &init, &system_reset, &smi, &power_off;
};

class Chipset {
 public:
  virtual ~Chipset() = default;

  struct Function {
    unsigned device, function;
    const char* name;  // of its windows
    devices::PciFunction* chip;
  };
  virtual std::vector<Function> functions() = 0;
  virtual devices::ProcessorInterface& processor() = 0;
  virtual RegisterBlock& apm() = 0;

  virtual void set_isa_irq(unsigned irq, bool high) = 0;
  // INTA# of a card in a slot.
  virtual void set_slot_irq(unsigned device, bool asserted) = 0;
  // The real-time clock's line, as an event of power management.
  virtual void set_rtc_irq(bool high) = 0;

  // `pci_hole` is where windows could begin for the memory's sake.
  virtual AcpiBoard acpi(std::uint32_t pci_hole) const = 0;

  virtual void reset(ResetKind kind) = 0;
  // In the order in which snapshots hold them.
  virtual std::vector<StatefulPart> parts() = 0;
  // Each chip's name and text.
  virtual std::vector<std::pair<std::string, std::string>> dump() const = 0;
};

std::unique_ptr<Chipset> make_pc_chipset(const ChipsetWires& wires);
std::unique_ptr<Chipset> make_q35_chipset(const ChipsetWires& wires);

}  // namespace ice86::machine
