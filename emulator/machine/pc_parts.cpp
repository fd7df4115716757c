// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/pc_parts.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "emulator/base/hash.h"
#include "emulator/machine/cmos_setup.h"
#include "emulator/machine/fw_cfg_setup.h"
#include "emulator/machine/touch_log.h"

namespace ice86::machine {

namespace {

using devices::PciWindow;

constexpr unsigned kFloppyDma = 2;
constexpr unsigned kFirstHighInput = 16;  // of the I/O APIC: behind those of the ISA lines

// OVMF puts PCI windows from here to the I/O APIC, SeaBIOS from E0000000.
constexpr std::uint64_t kLowestPciHole = std::uint64_t{2} << 30;

// COM1-COM4.
constexpr std::array<std::uint16_t, Pc::kSerialPorts> kUartPorts = {0x3f8, 0x2f8, 0x3e8, 0x2e8};

}  // namespace

Pc::Parts::Parts(PcConfig configuration)
    : config(std::move(configuration)),
      clock(config.instructions_per_microsecond),
      local_apic(clock, {.id = 0, .bootstrap = true}, {intr, nmi, smi, init},
                 {[this] { return pics[0].acknowledge(); },
                  [this](const devices::ApicMessage& message) { return apic_bus.send(message); },
                  [this](std::uint8_t vector) { ioapic.end_of_interrupt(vector); },
                  nullptr,  // the only CPU never waits for a SIPI
                  [this](std::uint64_t count) { return time_of_timestamp(count); }},
                 trace),
      rtc(clock, rtc_irq, config.rtc),
      console_e9("port-e9", config.debug_console),
      console_402("port-402", config.debug_console),
      debug_exit([this](std::uint8_t value) {
        debug_exit_value = value;
        finish(RunEnd::kDebugExit);
      }) {}

Result<std::unique_ptr<Pc::Parts>> Pc::Parts::create(PcConfig config) {
  std::unique_ptr<Parts> parts(new Parts(std::move(config)));
  ICE86_TRY(parts->wire());
  parts->reset(ResetKind::kPowerOn);
  return parts;
}

Result<void> Pc::Parts::wire() {
  ICE86_TRY_ASSIGN(memory, PcMemory::create(space, config.memory_mib << 20,
                                            memory_below_4g(config.board, config.memory_mib << 20),
                                            config.firmware));
  config.firmware.rom = std::vector<std::uint8_t>();
  if (config.firmware.flash) ICE86_TRY(wire_flash());
  space.on_mapping_change([this] { cpu.mapping_changed(); });
  space.on_code_write([this](const std::uint8_t* page) { cpu.code_page_written(page); });
  clock.on_nearer_deadline([this] { cpu.request_stop(); });
  for (unsigned i = 0; i < kUarts; ++i) {
    uarts[i] = std::make_unique<devices::Ns16550>(
        clock, uart_irq[i],
        // As QEMU's back ends do: what is pasted arrives.
        devices::Ns16550::Config{fmt::format("uart{}", i), config.serial[i], true});
  }
  for (unsigned i = 0; i < ata.size(); ++i) {
    ata[i] =
        std::make_unique<devices::AtaChannel>(clock, ata_irq[i], trace, fmt::format("ata{}", i));
    for (unsigned drive = 0; drive < 2; ++drive) {
      if (auto& disk = config.disks[i * 2 + drive]) {
        attach_drive(*ata[i], drive, *disk);
      }
    }
  }
  ICE86_TRY(attach_floppies());
  make_chipset();
  wire_lines();
  ICE86_TRY(wire_ports());
  ICE86_TRY(wire_apics());
  ICE86_TRY(plug_memory_modules());
  ICE86_TRY(wire_pci());
  ICE86_TRY(describe_board(fw_cfg, config, memory->below_4g(), [this] { return acpi_board(); }));
  return write_cmos();
}

void Pc::Parts::make_chipset() {
  unsigned drives = 0;
  for (unsigned i = 0; i < config.disks.size(); ++i) drives |= config.disks[i] ? 1U << i : 0U;
  const ChipsetWires wires{clock,
                           trace,
                           space,
                           *memory,
                           pci,
                           smbus,
                           {ata[0].get(), ata[1].get()},
                           static_cast<std::uint8_t>(drives),
                           irq,
                           high_inputs,
                           a20_fast,
                           ignne,
                           init,
                           system_reset,
                           smi,
                           power_off};
  chipset = config.board == Board::kQ35 ? make_q35_chipset(wires) : make_pc_chipset(wires);
}

AcpiBoard Pc::Parts::acpi_board() const {
  AcpiBoard board =
      chipset->acpi(static_cast<std::uint32_t>(std::max(memory->below_4g(), kLowestPciHole)));
  board.hpet_block_id = devices::Hpet::kBlockId;
  return board;
}

void Pc::Parts::attach_drive(devices::AtaChannel& channel, unsigned place, DiskConfig& drive) {
  if (drive.cdrom) {
    devices::AtapiCdrom::Config drive_config;
    drive_config.timing = drive.timing;
    return channel.attach_cdrom(place, drive.medium.get(), drive_config);
  }
  ICE86_ASSERT(drive.medium != nullptr);
  devices::AtaDisk::Config drive_config;
  drive_config.timing = drive.timing;
  channel.attach(place, *drive.medium, drive_config);
}

Result<void> Pc::Parts::attach_floppies() {
  for (unsigned i = 0; i < config.floppies.size(); ++i) {
    if (!config.floppies[i]) continue;
    BlockBackend* const medium = config.floppies[i]->medium.get();
    if (medium == nullptr) {
      floppy.attach(i, devices::FloppyDriveType::k1440K);
      continue;
    }
    const auto format = devices::floppy_format(medium->sectors() * kSectorSize);
    if (!format) {
      return Error(fmt::format("drive {}: {} KiB are more than a 2.88M diskette holds",
                               i == 0 ? 'A' : 'B', medium->sectors() / 2));
    }
    floppy.attach(i, format->drive);
    floppy.drive(i).insert(medium, *format);
  }
  return {};
}

void Pc::Parts::wire_lines() {
  // Interrupt controllers: 0-7 on the first, 8-15 on the second, which hangs on input 2 of the
  // first.
  // The I/O APIC sees the same lines, the timer on its input 2 and the 8259s themselves on 0.
  for (unsigned i = 0; i < irq.size(); ++i) {
    if (i == 2) continue;
    irq[i].connect([this, i](bool high) {
      pics[i / 8].set_ir(i % 8, high);
      ioapic.set_input(i == 0 ? 2 : i, high);
    });
  }
  pics[0].connect_slave(2, pics[1]);
  slave_intr.connect([this](bool high) { pics[0].set_ir(2, high); });
  pic_intr.connect([this](bool high) {
    ioapic.set_input(0, high);
    local_apic.set_lint(0, high);
  });
  intr.connect([this](bool high) { cpu.set_intr(high); });
  nmi.connect([this] { cpu.pulse_nmi(); });

  const auto isa = [this](LevelLine& line, unsigned number) {
    line.connect([this, number](bool high) { chipset->set_isa_irq(number, high); });
  };
  isa(keyboard_irq, 1);
  rtc_irq.connect([this](bool high) {
    update_timer_irqs();
    chipset->set_rtc_irq(high);
  });
  for (LevelLine* const line : {&timer_irq, &hpet_irq0, &hpet_irq8, &hpet_legacy})
    line->connect([this](bool) { update_timer_irqs(); });
  for (unsigned i = 0; i < hpet_inputs.size(); ++i) {
    hpet_inputs[i].connect(
        [this, i](bool) { update_high_input(devices::Hpet::kFirstInput - kFirstHighInput + i); });
  }
  for (unsigned i = 0; i < high_inputs.size(); ++i)
    high_inputs[i].connect([this, i](bool) { update_high_input(i); });
  isa(floppy_irq, 6);
  isa(parallel_irq, 7);
  isa(auxiliary_irq, 12);
  isa(ata_irq[0], 14);
  isa(ata_irq[1], 15);
  for (LevelLine& line : uart_irq) {
    line.connect([this](bool) { update_shared_serial_irq(); });
  }

  floppy_drq.connect([this](bool high) { dma.set_dreq(kFloppyDma, high); });
  dma.connect(kFloppyDma, floppy);

  a20_keyboard.connect([this](bool) { update_a20(); });
  a20_fast.connect([this](bool) { update_a20(); });
  timer2_gate.connect([this](bool high) { timer.set_gate(2, high); });
  init.connect([this] { request_reset(ResetKind::kInit); });
  system_reset.connect([this] { request_reset(ResetKind::kHard); });
  power_off.connect([this] { finish(RunEnd::kPowerOff); });
  smi.connect([this] { cpu.pulse_smi(); });
  ignne.connect([this](bool asserted) { cpu.set_ignne(asserted); });
}

// HPET 1.0a, 2.3.2.2: legacy replacement takes the 8254 and the RTC off their lines.
void Pc::Parts::update_timer_irqs() {
  const bool legacy = hpet_legacy.high();
  chipset->set_isa_irq(0, (legacy ? hpet_irq0 : timer_irq).high());
  chipset->set_isa_irq(8, (legacy ? hpet_irq8 : rtc_irq).high());
}

// The HPET's timers share the last four of the I/O APIC's inputs with PIRQs.
void Pc::Parts::update_high_input(unsigned number) {
  constexpr unsigned kFirstHpet = devices::Hpet::kFirstInput - kFirstHighInput;
  const bool hpet_high = number >= kFirstHpet && hpet_inputs[number - kFirstHpet].high();
  ioapic.set_input(kFirstHighInput + number, hpet_high || high_inputs[number].high());
}

// COM1 and COM3 share a line, as do COM2 and COM4.
void Pc::Parts::update_shared_serial_irq() {
  chipset->set_isa_irq(4, uart_irq[0].high() || uart_irq[2].high());
  chipset->set_isa_irq(3, uart_irq[1].high() || uart_irq[3].high());
}

void Pc::Parts::update_a20() {
  cpu.set_a20(a20_keyboard.high() || a20_fast.high());
}

Result<void> Pc::Parts::claim(const char* name, std::uint32_t base, std::uint32_t count,
                              RegisterBlock& registers, std::uint64_t offset, unsigned most_width) {
  PortSpace::Claim entry;
  entry.name = name;
  entry.base = base;
  entry.count = count;
  entry.registers = &registers;
  entry.offset = offset;
  entry.most_width = most_width;
  ICE86_TRY(ports.add(std::move(entry)));
  return {};
}

Result<void> Pc::Parts::wire_ports() {
  ICE86_TRY(claim("dma1", 0x00, 16, dma.controller1()));
  ICE86_TRY(claim("pic0", 0x20, 2, pics[0]));
  ICE86_TRY(claim("pit", 0x40, 4, timer));
  ICE86_TRY(claim("i8042", 0x60, 1, keyboard_controller, 0));
  ICE86_TRY(claim("port61", 0x61, 1, port61));
  ICE86_TRY(claim("i8042", 0x64, 1, keyboard_controller, 1));
  ICE86_TRY(claim("rtc", 0x70, 2, rtc));
  ICE86_TRY(claim("post", 0x80, 1, post));
  ICE86_TRY(claim("dma-pages", 0x81, 15, dma.pages(), 1));
  ICE86_TRY(claim("port92", 0x92, 1, chipset->processor().port92()));
  ICE86_TRY(claim("coprocessor-error", 0xf0, 1, chipset->processor().coprocessor_error()));
  ICE86_TRY(claim("pic1", 0xa0, 2, pics[1]));
  ICE86_TRY(claim("apm", 0xb2, 2, chipset->apm()));
  ICE86_TRY(claim("dma2", 0xc0, 32, dma.controller2()));
  ICE86_TRY(claim("port-e9", 0xe9, 1, console_e9));
  ICE86_TRY(claim("lpt0", 0x378, 3, parallel));
  ICE86_TRY(claim("floppy", 0x3f0, 6, floppy));
  ICE86_TRY(claim("floppy", 0x3f7, 1, floppy, 7));
  ICE86_TRY(claim("port-402", 0x402, 1, console_402));
  ICE86_TRY(claim("elcr0", 0x4d0, 1, pics[0].elcr()));
  ICE86_TRY(claim("elcr1", 0x4d1, 1, pics[1].elcr()));
  ICE86_TRY(claim("fw-cfg", 0x510, 2, fw_cfg.ports(), 0, 2));
  ICE86_TRY(claim("fw-cfg-dma", 0x514, 8, fw_cfg.dma_ports(), 0, 4));
  ICE86_TRY(claim("pci-config", 0xcf8, 8, pci_config, 0, 4));
  ICE86_TRY(claim("bochs-shutdown", 0x8900, 1, bochs_shutdown));
  ICE86_TRY(claim("debug-exit", config.debug_exit_port, 1, debug_exit, 0, 4));
  for (unsigned i = 0; i < kUarts; ++i) ICE86_TRY(claim("uart", kUartPorts[i], 8, *uarts[i]));
  pci_config.pass_through(1, chipset->processor().reset_control());
  return {};
}

Result<void> Pc::Parts::wire_pci() {
  ICE86_TRY_ASSIGN(vga_card, devices::Vga::create(clock, trace,
                                                  config.firmware.vga_place == VgaRomPlace::kPciRom
                                                      ? config.firmware.vga_rom
                                                      : std::vector<std::uint8_t>()));
  ICE86_TRY(claim("vga", 0x3b0, 48, vga_card->ports()));
  ICE86_TRY(claim("vga-dispi", 0x1ce, 3, vga_card->dispi(), 0, 2));
  MemorySpace::Region window;
  window.name = "vga-window";
  window.base = 0xa0000;
  window.size = 0x20000;
  window.registers = &vga_card->legacy_memory();
  ICE86_TRY(space.add(std::move(window)));
  const BoardInfo& places = board_info(config.board);
  for (const Chipset::Function& one : chipset->functions()) {
    pci.attach(one.device, one.function, *one.chip);
    wire_windows(*one.chip, one.name);
  }
  pci.attach(places.vga_device, 0, *vga_card);
  wire_windows(*vga_card, "vga");
  ICE86_TRY(
      network.plug(config.nics, places.first_nic_device, clock, trace, space, pci,
                   [this](unsigned device, bool high) { chipset->set_slot_irq(device, high); }));
  for (std::size_t i = 0; i < network.count(); ++i) wire_windows(network.card(i), "e1000");
  return {};
}

Result<void> Pc::Parts::wire_apics() {
  apic_bus.attach(local_apic);
  MemorySpace::Region window;
  window.name = "ioapic";
  window.base = 0xfec00000;
  window.size = 0x1000;
  window.registers = &ioapic;
  ICE86_TRY(space.add(std::move(window)));
  window = {};
  window.name = "hpet";
  window.base = 0xfed00000;
  window.size = devices::Hpet::kSize;
  window.registers = &hpet;
  ICE86_TRY(space.add(std::move(window)));
  window = {};
  window.name = "local-apic";
  window.base = 0xfee00000;
  window.size = 0x1000;
  // It answers inside the CPU, before any bus is asked: the highest priority there is.
  window.priority = MemorySpace::Priority::kSmram;
  window.registers = &local_apic;
  window.enabled = false;
  ICE86_TRY_ASSIGN(apic_window, space.add(std::move(window)));
  return {};
}

void Pc::Parts::apic_base_changed(std::uint64_t value) {
  constexpr std::uint64_t kX2apic = 1u << 10, kEnable = 1u << 11;
  local_apic.set_base(value);
  space.move(*apic_window, value & 0x000ffffffffff000, (value & (kEnable | kX2apic)) == kEnable);
}

// A window that the guest moves follows as a port claim or memory region of its own.
void Pc::Parts::wire_windows(devices::PciFunction& function, const char* name) {
  struct Placed {
    PortSpace::Claim* claim = nullptr;
    MemorySpace::Region* region = nullptr;
  };
  auto placed = std::make_shared<std::map<unsigned, Placed>>();
  function.on_window_change([this, placed, name](const PciWindow& window) {
    Placed& at = (*placed)[window.index];
    if (window.space == PciWindow::Space::kIo) {
      if (at.claim == nullptr) {
        PortSpace::Claim claim;
        claim.name = name;
        claim.count = static_cast<std::uint32_t>(window.size);
        claim.registers = window.registers;
        claim.most_width = 4;
        claim.movable = true;
        claim.enabled = false;
        at.claim = *ports.add(std::move(claim));
      }
      ports.move(*at.claim, static_cast<std::uint32_t>(window.base), window.enabled);
    } else {
      if (at.region == nullptr) {
        MemorySpace::Region region;
        region.name = name;
        region.base = window.base;
        region.size = window.size;
        region.priority = MemorySpace::Priority::kBar;
        region.registers = window.registers;
        if (window.registers == nullptr)
          region.ram = &vga_card->vram();  // the only window of plain memory
        region.enabled = false;
        at.region = *space.add(std::move(region));
      }
      space.move(*at.region, window.base, window.enabled);
    }
  });
}

Result<void> Pc::Parts::wire_flash() {
  using Chip = PcMemory::Chip;
  for (const Chip chip : {Chip::kCode, Chip::kVars}) {
    Ram* const array = chip == Chip::kCode ? &memory->rom() : memory->vars();
    if (array == nullptr) continue;
    devices::CfiFlash::Board board;
    board.reads_array = [this, chip](bool shown) { memory->show_flash_array(chip, shown); };
    // The chipset keeps it for system management mode.
    if (config.firmware.flash_for_smm) board.accessible = [this] { return cpu.state().in_smm; };
    board.changing = [this, chip](std::uint64_t offset) { memory->flash_changing(chip, offset); };
    if (chip == Chip::kVars && config.vars_store != nullptr) {
      board.changed = [this](std::uint64_t offset, std::uint64_t size) { keep_vars(offset, size); };
    }
    const auto index = static_cast<unsigned>(chip);
    flash[index] = std::make_unique<devices::CfiFlash>(
        *array, trace, std::move(board),
        devices::CfiFlash::Config{fmt::format("flash{}", index), chip == Chip::kCode});
    ICE86_TRY(memory->map_flash(chip, *flash[index]));
  }
  return {};
}

// Written through at once, so that a program that dies leaves what the guest had written. A failure
// is told at the end of the run: the chip itself cannot fail.
void Pc::Parts::keep_vars(std::uint64_t offset, std::uint64_t size) {
  const std::uint64_t first = align_down(offset, kSectorSize);
  const std::uint64_t behind = align_up(offset + size, kSectorSize);
  const auto bytes = memory->vars()->bytes().subspan(first, behind - first);
  static_cast<void>(config.vars_store->write(first / kSectorSize, bytes));
}

namespace {

// What the guest has not flushed must still outlive this program and a loss of power.
Result<void> finish_medium(BlockBackend& medium) {
  if (const std::string failure = medium.host_failure(); !failure.empty()) return Error(failure);
  return medium.flush();
}

}  // namespace

Result<void> Pc::Parts::finish_media() {
  const auto finish_drive = [](const auto& drive) -> Result<void> {
    if (!drive || drive->medium == nullptr) return {};
    return finish_medium(*drive->medium);
  };
  for (const auto& disk : config.disks) ICE86_TRY(finish_drive(disk));
  for (const auto& diskette : config.floppies) ICE86_TRY(finish_drive(diskette));
  return {};
}

Result<void> Pc::Parts::finish_vars() {
  if (config.vars_store == nullptr) return {};
  auto kept = finish_medium(*config.vars_store);
  if (!kept) return std::move(kept).error().within("flash variables are not kept");
  return kept;
}

Result<void> Pc::Parts::plug_memory_modules() {
  unsigned slot = 0;
  for (const unsigned mib : devices::choose_modules(config.memory_mib, kDimmSlots)) {
    ICE86_TRY_ASSIGN(const devices::SpdContents contents, devices::sdram_spd(mib));
    modules.push_back(std::make_unique<devices::SpdEeprom>(fmt::format("spd{}", slot), contents));
    smbus.attach(static_cast<std::uint8_t>(0x50 + slot), *modules.back());
    ++slot;
  }
  return {};
}

Result<void> Pc::Parts::write_cmos() {
  std::array<std::optional<DiskGeometry>, 4> geometries;
  for (unsigned i = 0; i < geometries.size(); ++i) {
    if (config.disks[i] && !config.disks[i]->cdrom)
      geometries[i] = geometry_of(config.disks[i]->medium->sectors());
  }
  const std::array<devices::FloppyDriveType, 2> floppies = {floppy.drive(0).type(),
                                                            floppy.drive(1).type()};
  ICE86_TRY_ASSIGN(const auto bytes, cmos_setup(config.memory_mib << 20, memory->below_4g(),
                                                geometries, floppies, config.boot_order));
  for (const auto& [index, value] : bytes) rtc.set_cmos(index, value);
  return {};
}

std::uint64_t Pc::Parts::timestamp_counter() const {
  return clock.now() * (config.cpu_megahertz() / 10) / 100;
}

// The first nanosecond at which timestamp_counter() has reached `count`.
Nanoseconds Pc::Parts::time_of_timestamp(std::uint64_t count) const {
  const std::uint64_t rate = config.cpu_megahertz() / 10;
  constexpr Nanoseconds kNever = std::numeric_limits<std::int64_t>::max();
  if (count / rate >= kNever / 100 - 1) return kNever;
  return count / rate * 100 + (count % rate * 100 + rate - 1) / rate;
}

void Pc::Parts::request_reset(ResetKind kind) {
  // A hard reset covers a soft one that was asked for in the same instruction.
  if (!pending_reset || kind == ResetKind::kHard) pending_reset = kind;
  cpu.request_stop();
}

void Pc::Parts::apply_pending_reset() {
  if (!pending_reset) return;
  if (config.end_on_reset) return finish(RunEnd::kReset);
  if (stops != nullptr && stops->reset && stops->pass != clock.instructions()) {
    stops->hit = {.kind = cpu::DebugStops::Kind::kReset,
                  .count = std::max<std::uint64_t>(clock.instructions(), 1) - 1};
    if (stops->stop) return;
  }
  // The first instruction after it may be one to stop at.
  if (stops != nullptr) stops->pass.reset();
  const ResetKind kind = *pending_reset;
  pending_reset.reset();
  reset(kind);
}

void Pc::Parts::set_debug_stops(cpu::DebugStops* debug_stops) {
  stops = debug_stops;
  cpu.set_debug_stops(stops);
  const bool watches = stops != nullptr && !stops->data.empty();
  if (watches == dma_listener.has_value()) return;
  if (!watches) return trace.unsubscribe(*std::exchange(dma_listener, std::nullopt));
  dma_listener =
      trace.subscribe(TraceBus::mask_of(TraceCategory::kMmio), [this](const TraceEvent& event) {
        if (event.name == "dma-write")
          look_for_stops(std::get<std::uint64_t>(event.fields[0].value),
                         std::get<std::uint64_t>(event.fields[1].value));
      });
}

// A bus master writes these bytes: watched are those at the linear address as it is mapped now.
void Pc::Parts::look_for_stops(Gpa gpa, std::uint64_t size) {
  for (const cpu::DebugStops::Watch& watch : stops->data) {
    if (!watch.on_write) continue;
    for (std::uint64_t at = watch.address; at < watch.address + watch.size;) {
      const std::uint64_t part =
          std::min(watch.address + watch.size - at, kPageSize - (at & kPageMask));
      Gpa watched = 0;
      if (cpu.translate(at, watched) && gpa < watched + part && watched < gpa + size) {
        // It may come between two instructions: going back to before it is to before the last.
        stops->hit = {.kind = cpu::DebugStops::Kind::kWrite,
                      .address = watch.address,
                      .count = std::max<std::uint64_t>(clock.instructions(), 1) - 1,
                      .value = std::max(gpa, watched),
                      .dma = true};
        if (stops->stop) cpu.request_stop();
      }
      at += part;
    }
  }
}

void Pc::Parts::finish(RunEnd how) {
  if (!end) end = how;
  cpu.request_stop();
}

// LINT1, where firmware likes to set an NMI up, is not wired on this board; LINT0 has the 8259s.
bool Pc::Parts::can_wake() const {
  return (cpu.state().rflags & cpu::flag::kIf) != 0 || local_apic.may_signal_nmi(0) ||
         ioapic.may_signal_nmi();
}

void Pc::Parts::reset(ResetKind kind) {
  touched_from_outside = true;
  cpu.reset(kind);
  local_apic.reset(kind);
  if (kind == ResetKind::kInit) return;
  memory->set_smm(false);
  if (kind == ResetKind::kPowerOn) memory->ram().clear();
  chipset->reset(kind);
  vga_card->reset(kind);
  network.reset(kind);
  pci_config.reset(kind);
  for (auto& pic : pics) pic.reset(kind);
  ioapic.reset(kind);
  hpet.reset(kind);
  timer.reset(kind);
  port61.reset(kind);
  rtc.reset(kind);
  keyboard.reset(kind);
  mouse.reset(kind);
  keyboard_controller.reset(kind);
  for (auto& uart : uarts) uart->reset(kind);
  dma.reset(kind);
  floppy.reset(kind);
  parallel.reset(kind);
  for (auto& module : modules) module->reset(kind);
  for (auto& channel : ata) channel->reset(kind);
  post.reset(kind);
  console_e9.reset(kind);
  console_402.reset(kind);
  debug_exit.reset(kind);
  bochs_shutdown.reset(kind);
  fw_cfg.reset(kind);
  for (auto& chip : flash) {
    if (chip) chip->reset(kind);
  }
  update_a20();
}

// All that has state, in the order in which snapshots hold it.
std::vector<Pc::Parts::StatefulPart> Pc::Parts::stateful_parts() {
  std::vector<StatefulPart> parts;
  const auto add = [&parts](auto& part, unsigned groups) {
    parts.push_back({[&part](Archive& archive) { part.serialize(archive); }, groups});
  };
  // The second channel's bit is the one after the first's.
  const auto channel = [](unsigned number) { return group::kAta0 << number; };
  add(clock, group::kAlways);
  add(memory->ram(), group::kAlways);
  for (StatefulPart& part : chipset->parts()) parts.push_back(std::move(part));
  add(*vga_card, group::kVideo);
  add(network, network.count() != 0 ? group::kAlways : group::kOther);
  add(pci_config, group::kOther);
  for (auto& pic : pics) add(pic, group::kAlways);
  add(local_apic, group::kAlways);
  add(ioapic, group::kAlways);
  add(timer, group::kTimer);
  add(hpet, group::kHpet);
  add(port61, group::kTimer);
  add(rtc, group::kRtc);
  add(keyboard, group::kKeyboard);
  add(mouse, group::kKeyboard);
  add(keyboard_controller, group::kKeyboard);
  for (auto& uart : uarts) add(*uart, group::kSerial);
  add(dma, group::kFloppy);
  add(floppy, group::kFloppy);
  add(parallel, group::kParallel);
  for (auto& drive : config.floppies) {
    if (drive && drive->medium) add(*drive->medium, group::kFloppy);
  }
  for (auto& module : modules) add(*module, group::kOther);
  for (unsigned i = 0; i < ata.size(); ++i) add(*ata[i], channel(i));
  for (unsigned i = 0; i < config.disks.size(); ++i) {
    auto& disk = config.disks[i];
    if (disk && disk->medium) add(*disk->medium, channel(i / 2));
  }
  add(post, group::kDebug);
  add(console_e9, group::kDebug);
  add(console_402, group::kDebug);
  add(debug_exit, group::kAlways);
  add(bochs_shutdown, group::kOther);
  add(fw_cfg, group::kOther);
  for (auto& chip : flash) {
    if (chip) add(*chip, group::kOther);
  }
  add(cpu, group::kAlways);
  return parts;
}

// Nothing writes it: a flash chip with code is write-protected.
const std::string& Pc::Parts::rom_sha256() {
  if (rom_sha256_.empty()) rom_sha256_ = sha256_hex({memory->rom().data(), memory->rom().size()});
  return rom_sha256_;
}

void Pc::Parts::serialize(Archive& archive) {
  archive.section(std::string(board_info(config.board).name), 4, [&] {
    std::uint64_t memory_mib = config.memory_mib;
    archive.io(memory_mib);
    std::string rom = rom_sha256();
    archive.io(rom, 64);
    if (!archive.ok()) return;
    if (memory_mib != config.memory_mib)
      return archive.fail("it is of a machine with another memory size");
    if (rom != rom_sha256()) return archive.fail("it is of a machine with another firmware");
    for (const auto& part : stateful_parts()) part.serialize(archive);
  });
  if (archive.loading()) {
    loaded();
    // Loaded memory and a loaded memory map: nothing that the CPU has cached is true any more.
    cpu.mapping_changed();
    cpu.forget_code();
  }
}

// What follows from the state of several parts.
void Pc::Parts::loaded() {
  memory->set_smm(cpu.state().in_smm);
  apic_base_changed(local_apic.base());
  update_a20();
  end.reset();
  pending_reset.reset();
}

std::string Pc::Parts::dump() const {
  std::string text;
  const auto add = [&text](std::string_view name, const std::string& body) {
    text += fmt::format("[{}]\n{}", name, body);
    if (!body.empty() && body.back() != '\n') text += '\n';
  };
  for (const auto& [name, body] : chipset->dump()) add(name, body);
  add("pic0", pics[0].dump());
  add("pic1", pics[1].dump());
  add("local-apic", local_apic.dump());
  add("ioapic", ioapic.dump());
  add("pit", timer.dump());
  add("hpet", hpet.dump());
  add("rtc", rtc.dump());
  add("i8042", keyboard_controller.dump());
  add("keyboard", keyboard.dump());
  add("mouse", mouse.dump());
  for (const auto& uart : uarts) add("uart", uart->dump());
  for (const auto& channel : ata) add("ata", channel->dump());
  add("dma", dma.dump());
  add("floppy", floppy.dump());
  add("parallel", parallel.dump());
  add("vga", vga_card->dump());
  if (network.count() != 0) add("network", network.dump());
  add("fw-cfg", fw_cfg.dump());
  for (const auto& chip : flash) {
    if (chip) add("flash", chip->dump());
  }
  return text;
}

}  // namespace ice86::machine
