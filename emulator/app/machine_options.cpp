// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/app/machine_options.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "devices/i82077aa/floppy_drive.h"
#include "emulator/app/cpu_option.h"
#include "emulator/app/firmware_options.h"
#include "emulator/bus/block_image.h"
#include "emulator/machine/machine_file.h"

namespace ice86::app {

namespace {

using machine::DiskConfig;
using machine::FloppyConfig;
using machine::PcConfig;
using RtcDate = devices::Mc146818::Date;

Result<RtcDate> parse_date(const std::string& text) {
  RtcDate date;
  char separator = 0;
  int used = 0;
  const int fields =
      std::sscanf(text.c_str(), "%4u-%2u-%2u%c%2u:%2u:%2u%n", &date.year, &date.month, &date.day,
                  &separator, &date.hour, &date.minute, &date.second, &used);
  const bool whole = fields == 7 && static_cast<std::size_t>(used) == text.size() &&
                     (separator == 'T' || separator == ' ');
  static constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (whole && date.year >= 1980 && date.year <= 2099 && date.month >= 1 && date.month <= 12 &&
      date.hour < 24 && date.minute < 60 && date.second < 60) {
    const unsigned days = kDays[date.month - 1] + (date.month == 2 && date.year % 4 == 0 ? 1 : 0);
    if (date.day >= 1 && date.day <= days) return date;
  }
  return usage_error(fmt::format(
      "--rtc: '{}' is no date from 1980 to 2099 in the form YYYY-MM-DDTHH:MM:SS", text));
}

Result<std::function<void(std::uint8_t)>> byte_sink(const std::string& where, const char* option) {
  if (where == "null" || where == "none") return std::function<void(std::uint8_t)>();
  std::shared_ptr<std::FILE> file;
  if (where == "stdio" || where == "mon:stdio") {
    file = std::shared_ptr<std::FILE>(stdout, [](std::FILE*) {});
  } else if (where.rfind("file:", 0) == 0 && where.size() > 5) {
    file = std::shared_ptr<std::FILE>(std::fopen(where.c_str() + 5, "wb"), [](std::FILE* f) {
      if (f != nullptr) std::fclose(f);
    });
    if (!file) return Error(fmt::format("{}: {} cannot be written", option, where.substr(5)));
  } else {
    return usage_error(
        fmt::format("{}: '{}' is none of stdio, mon:stdio, null, file:PATH", option, where));
  }
  return std::function<void(std::uint8_t)>([file](std::uint8_t byte) {
    std::fputc(byte, file.get());
    if (byte == '\n') std::fflush(file.get());
  });
}

constexpr std::uint64_t kCdSector = 2048;

Result<std::unique_ptr<BlockImage>> open_image(const DriveSpec& spec) {
  const auto writes = spec.cdrom || spec.write_protected ? BlockImage::Writes::kRefused
                      : spec.write                       ? BlockImage::Writes::kFile
                                                         : BlockImage::Writes::kOverlay;
  return BlockImage::open(spec.file, writes);
}

Result<FloppyConfig> open_floppy(const DriveSpec& spec) {
  FloppyConfig drive;
  if (spec.file.empty()) return drive;
  ICE86_TRY_ASSIGN(drive.medium, open_image(spec));
  if (!devices::floppy_format(drive.medium->sectors() * kSectorSize)) {
    return Error(fmt::format("diskette image {}: is larger than a 2.88M diskette", spec.file));
  }
  return drive;
}

Result<DiskConfig> open_drive(const DriveSpec& spec, Nanoseconds spin_up, Nanoseconds latency) {
  DiskConfig drive;
  drive.cdrom = spec.cdrom;
  if (!spec.file.empty()) {
    ICE86_TRY_ASSIGN(drive.medium, open_image(spec));
    if (spec.cdrom && drive.medium->sectors() * kSectorSize < kCdSector) {
      return Error(fmt::format("disk image {}: is shorter than the 2048 bytes of one CD-ROM sector",
                               spec.file));
    }
  }
  if (spin_up != 0) drive.timing.spin_up = spin_up;
  if (latency != 0) drive.timing.command_latency = latency;
  const DriveTimings& own = spec.timings;
  if (own.spin_up) drive.timing.spin_up = *own.spin_up;
  if (own.reset) drive.timing.reset = *own.reset;
  if (own.latency) drive.timing.command_latency = *own.latency;
  if (own.register_latency) drive.timing.register_latency = *own.register_latency;
  if (own.block_latency) drive.timing.block_latency = *own.block_latency;
  return drive;
}

Result<DriveSpec> drive_of(const machine::MachineFile::Drive& drive, bool snapshot) {
  DriveSpec spec;
  spec.file = drive.file;
  spec.cdrom = drive.cdrom;
  spec.write = drive.write && !snapshot;
  spec.write_protected = drive.write_protected;
  const std::pair<const std::optional<std::string>&, std::optional<Nanoseconds>&> timings[] = {
      {drive.spin_up, spec.timings.spin_up},
      {drive.reset, spec.timings.reset},
      {drive.latency, spec.timings.latency},
      {drive.register_latency, spec.timings.register_latency},
      {drive.block_latency, spec.timings.block_latency}};
  for (const auto& [text, time] : timings) {
    if (text) {
      ICE86_TRY_ASSIGN(time, parse_duration_ns(*text));
    }
  }
  return spec;
}

Result<machine::Board> choose_board(const MachineOptions& options,
                                    const machine::Firmware& firmware) {
  const auto asked = machine::board_named(options.board);
  if (firmware.board && asked.value_or(*firmware.board) != *firmware.board) {
    return usage_error(fmt::format("firmware {} runs on board {} only, not on {}", firmware.name,
                                   machine::board_info(*firmware.board).name, options.board));
  }
  return asked.value_or(firmware.board.value_or(machine::Board::kPc));
}

}  // namespace

std::string default_engine() {
  return cpu::engine_available(cpu::Engine::kJit) ? "jit" : "interp";
}

void add_board_options(CLI::App& command, MachineOptions& o) {
  o.given = [&command](const char* option) {
    const CLI::Option* const found = command.get_option_no_throw(option);
    return found != nullptr && found->count() > 0;
  };
  command.add_option(
      "--machine,-M", o.board,
      "pc (i440FX), q35, or a machine file FILE.toml (docs/machine-files.md), before "
      "which options go; default: what the firmware runs on, pc if any will do");
  command
      .add_option("--firmware,--bios", o.firmware,
                  "name ('ice86 firmware' lists them) or ROM image")
      ->capture_default_str();
  command.add_option("--vgabios", o.vga_rom, "VGA BIOS image instead of the firmware's own");
  command.add_option("--pflash-vars", o.flash_vars,
                     "file that keeps the flash chip of UEFI variables; made when it is not there");
  command
      .add_option("--fw-cfg,--fw_cfg", o.fw_cfg,
                  "a file for the firmware: name=NAME,file=FILE or name=NAME,string=TEXT")
      ->allow_extra_args(false);
  command.add_option("-m,--memory", o.memory, "memory: 128M, 2G; a plain number is MiB")
      ->capture_default_str();
  command.add_option("--cpu", o.cpu,
                     fmt::format("CPU model ('--cpu help' lists them) or model file; default {}",
                                 cpu::kDefaultCpuModel));
  command
      .add_option(
          "--engine", o.engine,
          "what executes: jit (translates to host code; the default where there is one), interp "
          "(the interpreter; the results are the same), or check (both side by side, until they "
          "differ: exit 7)")
      ->capture_default_str();
  static constexpr const char* kSlots[] = {"--hda", "--hdb", "--hdc", "--hdd"};
  static constexpr const char* kPlaces[] = {"primary master", "primary slave", "secondary master",
                                            "secondary slave"};
  for (unsigned i = 0; i < 4; ++i) {
    command.add_option(
        kSlots[i], o.disks[i],
        fmt::format("disk image on the {}: FILE[,write=on][,media=cdrom]", kPlaces[i]));
  }
  static constexpr const char* kFloppyNames[] = {"--fda,--floppy", "--fdb"};
  for (unsigned i = 0; i < o.floppies.size(); ++i) {
    command.add_option(kFloppyNames[i], o.floppies[i],
                       fmt::format("diskette image in drive {}: FILE[,write=on][,readonly=on]",
                                   i == 0 ? 'A' : 'B'));
  }
  command
      .add_option("--floppy-speed", o.floppy_speed,
                  "diskette drives at so many times the speed of real ones")
      ->check(CLI::Range(1, 10))
      ->capture_default_str();
  command.add_option("--cdrom", o.cdrom, "CD-ROM image on the secondary master");
  command
      .add_option("--drive", o.drives,
                  "a drive as QEMU spells it: file=F,if=ide|floppy,media=disk|cdrom,index=0..3,...")
      ->allow_extra_args(false);
  command.add_flag("--snapshot", o.snapshot,
                   "write no image file: as without write=on, which it forbids");
  command.add_option("--disk", o.disk_list, "disk image in the next free place: FILE[,write=on]");
  command.add_option(
      "--boot", o.boot,
      "boot order: letters of a (floppy), c (disk), d (CD), n (network); default c, or a "
      "when a diskette is all there is; then [,menu=on|off][,splash-time=MILLISECONDS] for SeaBIOS "
      "and OVMF");
  command.add_option("--rtc", o.rtc, "the guest's date at power-on")->capture_default_str();
  command.add_option("--rate", o.rate, "nominal speed in instructions per microsecond")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
}

void add_machine_options(CLI::App& command, MachineOptions& o) {
  add_board_options(command, o);
  command.add_option("--disk-spin-up", o.spin_up, "time a disk is busy after power-on, such as 5s")
      ->capture_default_str();
  command
      .add_option("--disk-latency", o.latency,
                  "time of each disk command, such as 20ms; 0 is the drive's own")
      ->capture_default_str();
  command
      .add_option("--debug-exit", o.debug_exit,
                  "port whose written value ends the run with exit code (value << 1) | 1")
      ->capture_default_str();
  command.add_flag("--reset-on-triple-fault", o.reset_on_triple_fault,
                   "reset the machine, as a PC does, instead of ending the run");
  command.add_flag("--no-acpi", o.no_acpi,
                   "fw_cfg has no ACPI tables: the firmware makes its own, or none");
  command.add_flag("--no-reboot", o.no_reboot,
                   "end the run when the guest resets the machine (exit 0)");
  command.add_option(
      "--serial", o.serial,
      "COM1, COM2, ...: stdio, mon:stdio (Ctrl-C is the guest's, Ctrl-A x quits), null or "
      "file:PATH");
  command.add_option("--parallel", o.parallel, "what LPT1 prints: stdio, null or file:PATH")
      ->capture_default_str();
  command.add_option("--debugcon", o.debugcon, "ports E9 and 402: stdio, null or file:PATH")
      ->capture_default_str();
  add_network_options(command, o.network);
  add_limit_options(command, o);
}

void add_limit_options(CLI::App& command, MachineOptions& o) {
  command.add_option("--max-time", o.max_time, "end after this virtual time: 30s, 500ms (exit 3)");
  command.add_option("--max-instructions", o.max_instructions,
                     "end after so many instructions (exit 3)");
  command.add_option("--max-wall", o.max_wall, "end after this time on the host's clock (exit 3)");
}

std::filesystem::path images_folder() {
  std::error_code code;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", code);
  return code ? std::filesystem::path("images") : program.parent_path().parent_path() / "images";
}

Result<void> apply_machine_file(MachineOptions& o) {
  if (o.board.empty()) return {};
  if (std::filesystem::path(o.board).extension() != ".toml") {
    if (machine::board_named(o.board)) return {};
    return usage_error(fmt::format(
        "-machine {}: the board is pc (i440FX) or q35, or a machine file FILE.toml", o.board));
  }
  ICE86_TRY_ASSIGN(machine::MachineFile file, machine::read_machine_file(o.board));
  return use_machine_file(std::move(file), o);
}

Result<void> use_machine_file(machine::MachineFile file, MachineOptions& o) {
  std::string origin = std::exchange(o.board, file.board.value_or(""));
  if (origin.empty()) origin = "machine";
  const auto take = [&](const char* option, auto& from, auto& to) {
    if (from && !o.given(option)) to = std::move(*from);
  };
  take("--firmware", file.firmware, o.firmware);
  take("--vgabios", file.vgabios, o.vga_rom);
  take("--pflash-vars", file.pflash_vars, o.flash_vars);
  take("--memory", file.memory, o.memory);
  take("--cpu", file.cpu, o.cpu);
  take("--boot", file.boot, o.boot);
  take("--rtc", file.rtc, o.rtc);
  take("--debug-exit", file.debug_exit, o.debug_exit);
  take("--parallel", file.parallel, o.parallel);
  take("--debugcon", file.debugcon, o.debugcon);
  take("--pcap", file.pcap, o.network.pcap);
  take("--max-time", file.max_time, o.max_time);
  take("--max-wall", file.max_wall, o.max_wall);
  take("--max-instructions", file.max_instructions, o.max_instructions);
  take("--reset-on-triple-fault", file.reset_on_triple_fault, o.reset_on_triple_fault);
  take("--no-reboot", file.no_reboot, o.no_reboot);
  take("--no-acpi", file.no_acpi, o.no_acpi);
  take("--serial", file.serial, o.serial);
  take("--fw-cfg", file.fw_cfg, o.fw_cfg);
  take("--nic", file.nic, o.network.nics);
  take("--netdev", file.netdev, o.network.netdevs);
  take("--device", file.device, o.network.devices);
  const auto take_number = [&](const char* option, const std::optional<std::uint64_t>& from,
                               std::uint64_t most, auto& to) -> Result<void> {
    if (!from || o.given(option)) return {};
    if (*from < 1 || *from > most)
      return usage_error(fmt::format("{}: {} is a number from 1 to {}", origin, option + 2, most));
    to = static_cast<std::remove_reference_t<decltype(to)>>(*from);
    return {};
  };
  ICE86_TRY(take_number("--rate", file.rate, 1'000'000, o.rate));
  ICE86_TRY(take_number("--floppy-speed", file.floppy_speed, 10, o.floppy_speed));
  for (const machine::MachineFile::Drive& drive : file.drives) {
    auto spec = drive_of(drive, o.snapshot);
    if (!spec) return std::move(spec).error().within(origin);
    const auto place = static_cast<std::size_t>(drive.place);
    if (drive.place >= machine::MachineFile::Place::kA) {
      o.file_drives.floppies[place - 4] = std::move(*spec);
    } else {
      o.file_drives.ide[place] = std::move(*spec);
    }
  }
  return {};
}

void apply_firmware_defaults(MachineOptions& o, bool for_person) {
  const auto& table = machine::firmware_table();
  const auto entry = std::find_if(table.begin(), table.end(), [&](const auto& candidate) {
    return candidate.name == o.firmware;
  });
  if (entry == table.end() || entry->disk.empty()) return;
  if (o.disks[0].empty() && !o.file_drives.ide[0] && o.drives.empty()) {
    DriveSpec spec;
    spec.file = (images_folder() / entry->disk).string();
    o.file_drives.ide[0] = spec;
  }
  NetworkOptions& network = o.network;
  if (network.nics.empty() && network.netdevs.empty() && network.devices.empty())
    network.nics.push_back("user,model=e1000");
  if (!for_person) return;
  if (o.serial.empty()) o.serial.push_back("mon:stdio");
}

Result<PcConfig> machine_config(const MachineOptions& options) {
  PcConfig config;
  auto memory = parse_size(options.memory, 1 << 20);
  if (!memory) return std::move(memory).error().within("-m");
  if (*memory % (1 << 20) != 0) return usage_error("-m: memory is a whole number of MiB");
  config.memory_mib = *memory >> 20;
  if (options.cpu) {
    ICE86_TRY_ASSIGN(config.cpu_model, choose_cpu_model(*options.cpu));
    if (const auto missing = config.cpu_model.missing(); !missing.empty()) {
      fmt::print(stderr, "ice86: --cpu {}: not there yet, and left out of CPUID: {}\n",
                 *options.cpu, fmt::join(missing, " "));
    }
  }
  if (options.engine == "jit" || options.engine == "check") {
    if (!cpu::engine_available(cpu::Engine::kJit))
      return usage_error(fmt::format(
          "--engine {}: not in this build, or not for this host; use interp", options.engine));
    config.engine = cpu::Engine::kJit;
  } else if (options.engine != "interp") {
    return usage_error(
        fmt::format("--engine: '{}' is none; there are interp, jit and check", options.engine));
  }
  std::optional<std::filesystem::path> vga_rom;
  if (options.vga_rom) vga_rom = *options.vga_rom;
  ICE86_TRY_ASSIGN(const DriveTable drives, drive_table(options));
  ICE86_TRY_ASSIGN(config.firmware, machine::load_firmware(drives.pflash[0] ? drives.pflash[0]->file
                                                                            : options.firmware,
                                                           vga_rom, images_folder()));
  if (drives.pflash[0]) config.firmware.flash = true;
  ICE86_TRY_ASSIGN(config.board, choose_board(options, config.firmware));
  for (const std::string& text : options.fw_cfg) {
    ICE86_TRY_ASSIGN(auto file, read_fw_cfg_option(text));
    config.fw_cfg_files.push_back(std::move(file));
  }
  auto spin_up = parse_duration_ns(options.spin_up);
  if (!spin_up) return std::move(spin_up).error().within("--disk-spin-up");
  auto latency = parse_duration_ns(options.latency);
  if (!latency) return std::move(latency).error().within("--disk-latency");
  for (unsigned i = 0; i < drives.ide.size(); ++i) {
    if (!drives.ide[i]) continue;
    ICE86_TRY_ASSIGN(config.disks[i], open_drive(*drives.ide[i], *spin_up, *latency));
  }
  config.instructions_per_microsecond = options.rate;
  ICE86_TRY_ASSIGN(config.rtc, parse_date(options.rtc));
  for (unsigned i = 0; i < drives.floppies.size(); ++i) {
    if (!drives.floppies[i]) continue;
    ICE86_TRY_ASSIGN(config.floppies[i], open_floppy(*drives.floppies[i]));
  }
  const bool diskette_only = config.floppies[0] && config.floppies[0]->medium &&
                             std::none_of(config.disks.begin(), config.disks.end(),
                                          [](const auto& disk) { return disk.has_value(); });
  config.floppy_speed = options.floppy_speed;
  config.boot_order = diskette_only ? "a" : "c";
  if (options.boot) ICE86_TRY(read_boot_option(*options.boot, config));
  char* end = nullptr;
  const unsigned long port = std::strtoul(options.debug_exit.c_str(), &end, 0);
  if (end == options.debug_exit.c_str() || *end != 0 || port > 0xffff) {
    return usage_error(fmt::format("--debug-exit: '{}' is no port number", options.debug_exit));
  }
  config.debug_exit_port = static_cast<std::uint16_t>(port);
  config.reset_on_triple_fault = options.reset_on_triple_fault;
  config.end_on_reset = options.no_reboot;
  config.acpi_tables = !options.no_acpi;
  if (options.serial.size() > config.serial.size())
    return usage_error("--serial: there are four serial ports");
  for (std::size_t i = 0; i < options.serial.size(); ++i) {
    ICE86_TRY_ASSIGN(config.serial[i], byte_sink(options.serial[i], "--serial"));
  }
  ICE86_TRY_ASSIGN(config.parallel, byte_sink(options.parallel, "--parallel"));
  ICE86_TRY_ASSIGN(config.debug_console, byte_sink(options.debugcon, "--debugcon"));
  ICE86_TRY_ASSIGN(config.nics, nic_configs(options.network));
  std::optional<DriveSpec> vars = drives.pflash[1];
  if (options.flash_vars) {
    if (vars) return usage_error("--pflash-vars and -drive if=pflash,unit=1 name the same chip");
    vars.emplace();
    vars->file = *options.flash_vars;
    vars->write = !options.snapshot;
  }
  // The last, as it may make a file.
  if (vars) ICE86_TRY(open_flash_vars(config, *vars));
  return config;
}

Result<machine::RunLimits> run_limits(const MachineOptions& options) {
  machine::RunLimits limits;
  limits.instructions = options.max_instructions;
  if (options.max_time) {
    auto time = parse_duration_ns(*options.max_time);
    if (!time) return std::move(time).error().within("--max-time");
    limits.time = *time;
  }
  return limits;
}

Result<std::optional<std::uint64_t>> wall_limit_ns(const MachineOptions& options) {
  if (!options.max_wall) return std::optional<std::uint64_t>();
  auto wall = parse_duration_ns(*options.max_wall);
  if (!wall) return std::move(wall).error().within("--max-wall");
  return std::optional<std::uint64_t>(*wall);
}

}  // namespace ice86::app
