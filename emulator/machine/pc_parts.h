// SPDX-License-Identifier: LGPL-2.1-or-later
// All parts of a PC around the chipset of its board, and the wires between them. Only pc.cpp and
// pc_parts.cpp know this.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cpu/cpu.h"
#include "devices/ata/ata_channel.h"
#include "devices/debug_ports/debug_ports.h"
#include "devices/fw_cfg/fw_cfg.h"
#include "devices/hpet/hpet.h"
#include "devices/i8042/i8042.h"
#include "devices/i8042/ps2_keyboard.h"
#include "devices/i8042/ps2_mouse.h"
#include "devices/i82077aa/i82077aa.h"
#include "devices/i8237/isa_dma.h"
#include "devices/i8254/i8254.h"
#include "devices/i8259a/i8259a.h"
#include "devices/ioapic/ioapic.h"
#include "devices/local_apic/apic_bus.h"
#include "devices/local_apic/local_apic.h"
#include "devices/mc146818/mc146818.h"
#include "devices/ns16550/ns16550.h"
#include "devices/parallel_port/parallel_port.h"
#include "devices/pci/config_mechanism.h"
#include "devices/pci/pci_bus.h"
#include "devices/pflash/cfi_flash.h"
#include "devices/port61/port61.h"
#include "devices/spd_eeprom/spd_eeprom.h"
#include "devices/vga/vga.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/memory_space.h"
#include "emulator/bus/port_space.h"
#include "emulator/machine/chipset.h"
#include "emulator/machine/pc.h"
#include "emulator/machine/pc_memory.h"
#include "emulator/machine/pc_network.h"

namespace ice86::machine {

struct Pc::Parts final : public cpu::CpuHost {
  static constexpr unsigned kUarts = Pc::kSerialPorts;
  static constexpr unsigned kDimmSlots = 4;

  static Result<std::unique_ptr<Parts>> create(PcConfig config);

  // Where an access comes from that the guest's instruction makes: CpuHost.
  PageView page(Gpa gpa) override { return space.page(gpa); }
  std::uint64_t memory_read(Gpa gpa, unsigned width) override { return space.read(gpa, width); }
  void memory_write(Gpa gpa, unsigned width, std::uint64_t value) override {
    space.write(gpa, width, value);
  }
  std::uint64_t memory_peek(Gpa gpa, unsigned width) const override {
    return space.peek(gpa, width);
  }
  void code_write(const std::uint8_t*) override {}  // no other CPU
  std::uint32_t port_read(std::uint16_t port, unsigned width) override {
    return ports.read(port, width);
  }
  void port_write(std::uint16_t port, unsigned width, std::uint32_t value) override {
    ports.write(port, width, value);
  }
  void ferr_changed(bool asserted) override { chipset->processor().set_ferr(asserted); }
  void smm_changed(bool in_smm) override { memory->set_smm(in_smm); }
  std::uint8_t acknowledge_interrupt() override { return local_apic.acknowledge(); }
  std::uint32_t apic_id() const override { return local_apic.id(); }
  void apic_base_changed(std::uint64_t value) override;
  bool x2apic_read(std::uint32_t index, std::uint64_t& value) override {
    return local_apic.x2apic_read(index, value);
  }
  bool x2apic_write(std::uint32_t index, std::uint64_t value) override {
    return local_apic.x2apic_write(index, value);
  }
  std::uint64_t tsc_deadline() const override { return local_apic.tsc_deadline(); }
  void set_tsc_deadline(std::uint64_t count) override { local_apic.set_tsc_deadline(count); }
  std::optional<std::uint8_t> task_priority() const override {
    return static_cast<std::uint8_t>(local_apic.task_priority() >> 4);
  }
  void set_task_priority(std::uint8_t priority) override {
    local_apic.set_task_priority(static_cast<std::uint8_t>(priority << 4));
  }
  std::uint64_t& instructions() override { return clock.instructions(); }
  std::uint64_t timestamp_counter() const override;
  std::uint64_t timestamp_hz() const override { return config.cpu_megahertz() * 1'000'000; }

  void reset(ResetKind kind);
  void request_reset(ResetKind kind);
  bool reset_pending() const { return pending_reset.has_value(); }
  void apply_pending_reset();
  void finish(RunEnd how);
  Result<void> finish_media();
  Result<void> finish_vars();
  // A halted CPU could still be woken: interrupts are on, or an NMI or SMI may come.
  bool can_wake() const;
  void serialize(Archive& archive);
  using StatefulPart = machine::StatefulPart;
  std::vector<StatefulPart> stateful_parts();
  void loaded();
  std::string dump() const;
  const std::string& rom_sha256();

  std::string rom_sha256_;  // "": nobody has asked

  // Services, in the order everything below needs them.
  PcConfig config;
  Clock clock;
  TraceBus trace{clock};
  MemorySpace space{trace};
  PortSpace ports{trace};

  // Wires.
  std::array<LevelLine, 16> irq;   // inputs of the interrupt controllers
  LevelLine pic_intr, slave_intr;  // the interrupt controllers' INT outputs
  LevelLine intr;                  // the local APIC's, to the CPU
  LevelLine a20_keyboard, a20_fast, ignne;
  EdgeLine init, nmi, system_reset, power_off, smi;
  LevelLine timer_irq, rtc_irq, keyboard_irq, auxiliary_irq;
  std::array<LevelLine, 8> high_inputs;  // the chipset's to the I/O APIC, from input 16 on
  std::array<LevelLine, kUarts> uart_irq;
  std::array<LevelLine, 2> ata_irq;
  LevelLine floppy_irq, floppy_drq, parallel_irq;
  LevelLine timer2_gate, speaker;

  // Chips.
  cpu::Cpu cpu{*this, trace, config.cpu_model, config.engine};
  std::unique_ptr<PcMemory> memory;
  devices::PciBus pci{trace};
  devices::PciConfigMechanism pci_config{pci};
  std::array<devices::I8259a, 2> pics{
      devices::I8259a({"pic0", devices::I8259a::Role::kMaster, 0xf8}, pic_intr, trace),
      devices::I8259a({"pic1", devices::I8259a::Role::kSlave, 0xde}, slave_intr, trace)};
  devices::ApicBus apic_bus;
  devices::LocalApic local_apic;
  devices::IoApic ioapic{[this](const devices::ApicMessage& message) { apic_bus.send(message); },
                         trace};
  MemorySpace::Region* apic_window = nullptr;  // where IA32_APIC_BASE puts the registers
  std::unique_ptr<Chipset> chipset;
  devices::I8254 timer{
      clock, {.name = "pit", .out = {&timer_irq, nullptr, nullptr}, .reads_after_load = true}};
  LevelLine hpet_irq0, hpet_irq8, hpet_legacy;
  std::array<LevelLine, devices::Hpet::kInputs> hpet_inputs;
  devices::Hpet hpet{clock,
                     {hpet_irq0,
                      hpet_irq8,
                      hpet_legacy,
                      {&hpet_inputs[0], &hpet_inputs[1], &hpet_inputs[2], &hpet_inputs[3]}}};
  devices::Port61 port61{{timer2_gate, speaker, [this] { return timer.out(2); },
                          [this] { return (timer.rising_edges(1) & 1) != 0; }}};
  devices::Mc146818 rtc;
  devices::Ps2Keyboard keyboard{clock};
  devices::Ps2Mouse mouse{clock};
  devices::I8042 keyboard_controller{
      clock, {keyboard_irq, auxiliary_irq, a20_keyboard, init}, &keyboard, &mouse};
  std::array<std::unique_ptr<devices::Ns16550>, kUarts> uarts;
  devices::IsaDma dma{clock, DmaPort(space)};
  // The Bochs BIOS neither seeks nor sets a data rate.
  devices::I82077aa floppy{
      clock,
      {floppy_irq, floppy_drq},
      trace,
      {.always_implied_seek = true, .rate_of_medium = true, .speed = config.floppy_speed}};
  devices::ParallelPort parallel{clock, parallel_irq, "lpt0", config.parallel};
  devices::Smbus smbus;
  std::vector<std::unique_ptr<devices::SpdEeprom>> modules;
  std::array<std::unique_ptr<devices::AtaChannel>, 2> ata;
  std::unique_ptr<devices::Vga> vga_card;
  PcNetwork network;
  devices::PostPort post{trace};
  devices::DebugConsole console_e9, console_402;
  devices::DebugExit debug_exit;
  devices::BochsShutdown bochs_shutdown{power_off};
  std::array<std::unique_ptr<devices::CfiFlash>, 2> flash;  // code, variables
  devices::FwCfg fw_cfg{DmaPort(space), trace};

  void set_debug_stops(cpu::DebugStops* debug_stops);
  // A reset has been asked for, and a debugger wants to look before it.
  bool stops_at_reset() const {
    return pending_reset && stops != nullptr && stops->stop && stops->hit &&
           stops->hit->kind == cpu::DebugStops::Kind::kReset;
  }
  cpu::DebugStops* stops = nullptr;
  std::optional<unsigned> dma_listener;  // while there are watchpoints
  std::function<void(const Input&)> input_told;

  std::optional<ResetKind> pending_reset;
  std::optional<RunEnd> end;
  bool touched_from_outside = false;  // by other ways than the guest's: input, reset
  std::uint8_t debug_exit_value = 0;

 private:
  explicit Parts(PcConfig configuration);
  Result<void> wire();
  void make_chipset();
  AcpiBoard acpi_board() const;
  Result<void> attach_floppies();
  static void attach_drive(devices::AtaChannel& channel, unsigned place, DiskConfig& drive);
  void wire_lines();
  Result<void> wire_ports();
  Result<void> wire_pci();
  Result<void> wire_apics();
  Nanoseconds time_of_timestamp(std::uint64_t count) const;
  void wire_windows(devices::PciFunction& function, const char* name);
  Result<void> claim(const char* name, std::uint32_t base, std::uint32_t count,
                     RegisterBlock& registers, std::uint64_t offset = 0, unsigned most_width = 1);
  Result<void> wire_flash();
  void keep_vars(std::uint64_t offset, std::uint64_t size);
  Result<void> plug_memory_modules();
  Result<void> write_cmos();
  void update_a20();
  void update_shared_serial_irq();
  void update_timer_irqs();
  void update_high_input(unsigned number);
  void look_for_stops(Gpa gpa, std::uint64_t size);
};

}  // namespace ice86::machine
