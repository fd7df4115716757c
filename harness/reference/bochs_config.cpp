// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/reference/bochs_config.h"

#include <fmt/core.h>

#include <algorithm>

#include "emulator/base/files.h"

namespace ice86::harness {

namespace {

constexpr const char* kRomFile = "rom.bin";
constexpr const char* kVgaRomFile = "vga.bin";
constexpr std::uint64_t kSectorBytes = 512;
constexpr std::uint64_t kMostFloppyBytes = 4 << 20;

std::string disk_file(std::size_t place) {
  return fmt::format("disk{}.img", place);
}

std::string floppy_file(std::size_t place) {
  return fmt::format("floppy{}.img", place);
}

// Bochs knows these formats by name; any other is given by its size alone.
std::string floppy_type(const devices::FloppyFormat& format) {
  if (format.name == "1.44M") return "1_44";
  if (format.name == "2.88M") return "2_88";
  if (format.name == "1.2M") return "1_2";
  if (format.name == "720K") return "720k";
  if (format.name == "360K") return "360k";
  if (format.name == "320K") return "320k";
  if (format.name == "180K") return "180k";
  if (format.name == "160K") return "160k";
  return "image";
}

std::string boot_devices(const std::string& order) {
  std::string names;
  for (const char letter : order) {
    const char* name = letter == 'a'   ? "floppy"
                       : letter == 'd' ? "cdrom"
                       : letter == 'n' ? "network"
                                       : "disk";
    names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
  }
  return names;
}

// Bochs opens no image that is smaller than its geometry or ends in the middle of a sector: such a
// one gets a padded copy. The others are only linked to.
Result<void> place_disk(const BochsDisk& disk, const std::filesystem::path& place) {
  const auto failed = [&](const std::error_code& code) {
    return Error(fmt::format("{}: {}", disk.image.string(), code.message()));
  };
  const machine::DiskGeometry& g = disk.geometry;
  const std::uint64_t least =
      std::uint64_t{g.cylinders} * g.heads * g.sectors_per_track * kSectorBytes;
  std::error_code code;
  const std::uint64_t size = std::filesystem::file_size(disk.image, code);
  if (code) return failed(code);
  const std::uint64_t whole = (size + kSectorBytes - 1) / kSectorBytes * kSectorBytes;
  if (size >= least && size == whole) {
    const std::filesystem::path image = std::filesystem::absolute(disk.image, code);
    if (!code) std::filesystem::create_symlink(image, place, code);
    return code ? Result<void>(failed(code)) : Result<void>();
  }
  std::filesystem::copy_file(disk.image, place, code);
  if (!code) {
    std::filesystem::permissions(place, std::filesystem::perms::owner_all, code);
    std::filesystem::resize_file(place, std::max(least, whole), code);
  }
  return code ? Result<void>(failed(code)) : Result<void>();
}

}  // namespace

std::string bochsrc(const BochsMachine& machine) {
  std::string text = fmt::format("romimage: file={}\n", kRomFile);
  if (!machine.firmware.vga_rom.empty()) text += fmt::format("vgaromimage: file={}\n", kVgaRomFile);
  // A VGA BIOS for the expansion ROM register needs a card on the PCI bus; one at C0000 needs none.
  text += machine.firmware.vga_place == machine::VgaRomPlace::kPciRom
              ? "pci: enabled=1, chipset=i440fx, slot1=pcivga\n"
              : "pci: enabled=1, chipset=i440fx\n";
  // Bochs gets its memory from the host in blocks: no more than the guest's whole memory.
  text += fmt::format("memory: guest={0}, host={1}\n", machine.memory_mib,
                      std::min<std::uint64_t>(machine.memory_mib, 1024));
  // A triple fault ends the run as it ends ice86's.
  text += fmt::format("cpu: ips={}, reset_on_triple_fault=0\n",
                      machine.instructions_per_microsecond * 1'000'000);
  static constexpr const char* kPlaces[] = {"ata0-master", "ata0-slave", "ata1-master",
                                            "ata1-slave"};
  if (machine.disks[2] || machine.disks[3])
    text += "ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15\n";
  for (std::size_t i = 0; i < machine.disks.size(); ++i) {
    if (!machine.disks[i]) continue;
    const machine::DiskGeometry& g = machine.disks[i]->geometry;
    // "volatile" keeps what the guest writes in a journal that goes away with the run's folder.
    text += fmt::format(
        "{}: type=disk, path={}, mode=volatile, journal=disk{}.journal, cylinders={}, heads={}, "
        "spt={}, model=\"{}\"\n",
        kPlaces[i], disk_file(i), i, g.cylinders, g.heads, g.sectors_per_track,
        machine.disks[i]->model);
  }
  for (std::size_t i = 0; i < machine.floppies.size(); ++i) {
    const char drive = i == 0 ? 'a' : 'b';
    if (!machine.floppies[i]) {
      text += fmt::format("floppy{}: type=none\n", drive);  // A is there without being asked for
      continue;
    }
    if (machine.floppies[i]->image.empty()) {
      text += fmt::format("floppy{}: type=1_44\n", drive);
    } else {
      text += fmt::format("floppy{}: {}={}, status=inserted\n", drive,
                          floppy_type(machine.floppies[i]->format), floppy_file(i));
    }
  }
  text += fmt::format("boot: {}\n", boot_devices(machine.boot_order));
  text += fmt::format("clock: sync=none, time0={}\n", machine.power_on);
  text += fmt::format("com1: enabled=1, mode=file, dev={}\n", kBochsSerialFile);
  // Port E9 is left off: its output would run into the debugger's.
  text +=
      "display_library: term\n"
      "speaker: enabled=0\n"
      "sound: driver=dummy\n"
      "floppy_bootsig_check: disabled=0\n"
      "panic: action=fatal\n"
      "error: action=report\n"
      "info: action=ignore\n"
      "debug: action=ignore\n";
  text += fmt::format("log: {}\n", kBochsLogFile);
  return text;
}

Result<void> write_bochs_folder(const std::filesystem::path& folder, const BochsMachine& machine) {
  ICE86_TRY(write_file(folder / kRomFile, machine.firmware.rom));
  if (!machine.firmware.vga_rom.empty())
    ICE86_TRY(write_file(folder / kVgaRomFile, machine.firmware.vga_rom));
  for (std::size_t i = 0; i < machine.disks.size(); ++i) {
    if (!machine.disks[i]) continue;
    ICE86_TRY(place_disk(*machine.disks[i], folder / disk_file(i)));
  }
  for (std::size_t i = 0; i < machine.floppies.size(); ++i) {
    if (!machine.floppies[i] || machine.floppies[i]->image.empty()) continue;
    ICE86_TRY_ASSIGN(std::vector<std::uint8_t> bytes,
                     read_file(machine.floppies[i]->image, kMostFloppyBytes));
    // A whole diskette, whatever the image leaves out.
    bytes.resize(machine.floppies[i]->format.sectors * kSectorBytes);
    ICE86_TRY(write_file(folder / floppy_file(i), bytes));
  }
  ICE86_TRY(write_file(folder / kBochsStepFile, "c\nr\nsreg\nprint-stack 4\n"));
  return write_file(folder / kBochsConfigFile, bochsrc(machine));
}

}  // namespace ice86::harness
