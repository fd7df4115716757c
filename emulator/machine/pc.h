// SPDX-License-Identifier: LGPL-2.1-or-later
// A PC with one CPU: the board `pc` (i440FX + PIIX3, as QEMU's pc and Bochs' i440fx present it to
// firmware) or `q35` (Q35 + ICH9, as QEMU's q35).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cpu/cpu.h"
#include "devices/ata/ata_device.h"
#include "devices/mc146818/mc146818.h"
#include "emulator/base/archive.h"
#include "emulator/base/result.h"
#include "emulator/bus/block.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/trace.h"
#include "emulator/machine/board.h"
#include "emulator/machine/firmware_table.h"
#include "emulator/machine/input.h"
#include "emulator/machine/pc_network.h"

namespace ice86::devices {
class Vga;
class I8042;
}  // namespace ice86::devices

namespace ice86::machine {

class Checkpoint;
class PageKeeper;

struct DiskConfig {
  std::unique_ptr<BlockBackend> medium;  // null: a CD-ROM drive with an empty tray
  devices::AtaTiming timing;
  bool cdrom = false;
};

struct FloppyConfig {
  std::unique_ptr<BlockBackend> medium;  // null: an empty 1.44M drive
};

struct PcConfig {
  Board board = Board::kPc;
  std::uint64_t memory_mib = 128;  // 1 to 65536
  Firmware firmware;
  cpu::CpuModel cpu_model;  // without CPUID leaves: the default model
  cpu::Engine engine = cpu::Engine::kInterpreter;
  std::array<std::optional<DiskConfig>, 4> disks;  // primary master, primary slave, secondary ...
  std::array<std::optional<FloppyConfig>, 2> floppies;  // A and B; the medium's size is the type
  unsigned floppy_speed = 10;  // times that of real diskette drives, 1 to 10
  std::uint64_t instructions_per_microsecond = 100;
  // The rate of the time stamp counter: ten times that of instructions, but no more than CPUs of
  // the models' time had. Linux waits so many counts for ticks of the timer (its check_timer), and
  // finds it dead where they pass sooner.
  std::uint64_t cpu_megahertz() const {
    return instructions_per_microsecond < 400 ? instructions_per_microsecond * 10 : 4000;
  }
  devices::Mc146818::Date rtc;
  // First, second, third boot device: 'a' floppy, 'c' hard disk, 'd' CD-ROM, 'n' network.
  std::string boot_order = "c";
  // Whether SeaBIOS and OVMF offer a menu of boot devices, and for how long.
  bool boot_menu = false;
  std::optional<std::uint16_t> boot_menu_wait_ms;
  std::uint16_t debug_exit_port = 0x501;
  bool reset_on_triple_fault = false;
  bool end_on_reset = false;  // a reset that the guest asks for ends the run: RunEnd::kReset
  // Bytes the guest sends. Called at the instruction that completes the transfer.
  std::array<std::function<void(std::uint8_t)>, 4> serial;
  std::function<void(std::uint8_t)> parallel;       // what is printed on LPT1
  std::function<void(std::uint8_t)> debug_console;  // ports E9 and 402
  std::vector<NicConfig> nics;                      // at most PcNetwork::kMostCards
  // Where the flash chip of the variables is kept; null: in memory, for this run only. Its bytes
  // are those of `firmware.vars` when the machine is created.
  std::unique_ptr<BlockBackend> vars_store;
  bool acpi_tables = true;  // in fw_cfg
  // Files the firmware finds in fw_cfg, besides the board's own or in their place.
  std::vector<std::pair<std::string, std::vector<std::uint8_t>>> fw_cfg_files;
};

enum class RunEnd {
  kInstructionLimit,
  kTimeLimit,    // virtual
  kInterrupted,  // RunLimits::interrupted said so
  kStopped,      // Pc::stop
  kPowerOff,     // ACPI soft-off, or "Shutdown" at port 8900
  kDebugExit,    // a value at the debug exit port
  kCrashed,      // triple fault
  kStuck,        // halted, and nothing can wake it
  kReset,        // PcConfig::end_on_reset: the guest asked for a reset
};

struct RunLimits {
  std::optional<std::uint64_t> instructions;  // total since power-on
  std::optional<Nanoseconds> time;            // virtual, since power-on
  // Asked now and then (after at most a few million instructions); true ends the run at once.
  std::function<bool()> interrupted;
  // Somebody who looks at the machine and gives it input: called at the first instruction boundary
  // at which virtual time and instruction count have both reached what the last call returned, and
  // once when the run begins. How often it is called makes no difference to the guest.
  std::function<Instant()> attend;
};

struct RunResult {
  RunEnd end = RunEnd::kInstructionLimit;
  std::uint8_t debug_exit_value = 0;
};

class Pc {
 public:
  static constexpr unsigned kSerialPorts = 4;

  // Errors: a memory size or boot order that does not fit, host memory that is not there.
  static Result<std::unique_ptr<Pc>> create(PcConfig config);
  ~Pc();
  Pc(const Pc&) = delete;
  Pc& operator=(const Pc&) = delete;

  RunResult run(const RunLimits& limits);
  // A debugger's stops: run() ends with kStopped at a hit, which is in `stops->hit`. Null: none.
  void set_debug_stops(cpu::DebugStops* stops);
  // Ends run() with kStopped after the current instruction: for observers and sinks of this
  // machine, so that a run that ends on what the guest does ends at the same instruction every
  // time.
  void stop();
  void reset(ResetKind kind);
  // Asked for, and not done yet: of a machine that stands before it, for DebugStops::reset. No part
  // of save().
  std::optional<ResetKind> pending_reset() const;
  void request_reset(ResetKind kind);

  Clock& clock();
  TraceBus& trace();
  cpu::Cpu& cpu();
  const cpu::Cpu& cpu() const;
  devices::Vga& vga();
  devices::I8042& keyboard_controller();
  PcNetwork& network();
  // A key, a mouse event, bytes on a serial line... reach the machine at this instant.
  void input(const Input& input);
  // Told of all that comes from outside, as it reaches the machine: what a replay has to give it.
  void on_input(std::function<void(const Input&)> told);
  Instant instant() const;
  // Without `firmware.rom`, whose bytes are in the machine's own memory.
  const PcConfig& config() const;
  // SHA-256 of the ROM image, in hexadecimal: computed when it is asked for, not when a boot waits.
  const std::string& rom_sha256() const;

  // Guest memory and ports as the CPU would see them, without side effects.
  std::uint64_t peek_memory(Gpa gpa, unsigned width) const;
  std::uint32_t peek_port(std::uint16_t port, unsigned width) const;
  void peek_memory(Gpa gpa, std::span<std::uint8_t> bytes) const;
  // The bytes where they are, until something runs; none: they are not all of one page of memory.
  std::span<const std::uint8_t> memory_in_place(Gpa gpa, std::size_t size) const;

  // The same with their side effects, as if the CPU's next instruction did it: for what drives the
  // machine from outside, between runs. Widths: memory 1, 2, 4 or 8 bytes, ports 1, 2 or 4.
  std::uint64_t read_memory(Gpa gpa, unsigned width);
  void write_memory(Gpa gpa, unsigned width, std::uint64_t value);
  void write_memory(Gpa gpa, std::span<const std::uint8_t> bytes);
  std::uint32_t read_port(std::uint16_t port, unsigned width);
  void write_port(std::uint16_t port, unsigned width, std::uint32_t value);

  // Bytes for the guest on COM1-COM4 (0-3); they arrive at line speed. Returns how many the line
  // took: it holds 4096 that the guest has not received.
  std::size_t receive_serial(unsigned port, std::span<const std::uint8_t> bytes);
  std::size_t serial_room(unsigned port) const;
  void break_serial(unsigned port);
  // What the guest wrote to COM1-COM4 (0-3) and line speed has not let out when a run ended.
  std::vector<std::uint8_t> unsent_serial(unsigned port) const;

  // The whole state in one versioned archive. Loading refuses a different machine and leaves this
  // one in power-on state when the bytes are damaged.
  std::vector<std::uint8_t> save();
  Result<void> load(std::span<const std::uint8_t> bytes);
  // The same with large memories in the keeper, in proportion to what has changed in them.
  std::vector<std::uint8_t> save(PageKeeper& keeper);
  Result<void> load(std::span<const std::uint8_t> bytes, PageKeeper& keeper);
  // SHA-256 of save().
  std::string state_hash();

  // After the last run: what is kept in files is on its way to the disk. Errors: a file of a
  // drive, of the network or of the flash variables that could not be read or written, since the
  // machine was made.
  Result<void> finish();

  // What every chip looks like now, for people.
  std::string dump() const;

 private:
  friend class Checkpoint;
  struct Parts;
  explicit Pc(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace ice86::machine
