// SPDX-License-Identifier: LGPL-2.1-or-later
// The one table that turns a firmware's name into files: what `--firmware NAME` means.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/base/result.h"
#include "emulator/machine/board.h"

namespace ice86::machine {

// Where the firmware expects to find the VGA BIOS.
enum class VgaRomPlace {
  kNone,    // it brings its own
  kC0000,   // in the ISA window at C0000, as Bochs maps it
  kPciRom,  // behind the expansion ROM base address register of the VGA card, as QEMU maps it
};

struct FirmwareEntry {
  std::string_view name;
  std::string_view description;
  std::string_view rom;          // file; relative ones are looked for in the build's images folder
  std::string_view rom_package;  // Debian package that has it
  std::string_view vga_rom;      // "" for none
  std::string_view vga_package;
  VgaRomPlace vga_place;
  // A pair of flash chips: `rom` is the code, this file the template of the variables' chip.
  std::string_view vars = "";
  // More than a firmware: a machine that does something by itself. Its disk goes on the primary
  // master, it has a network card, and its console is the first serial port.
  std::string_view disk = "";
  // The only board it runs on; none: any.
  std::optional<Board> board = std::nullopt;
  // It is built to find its flash chips writable in system management mode only.
  bool flash_for_smm = false;
};

// A firmware whose files have been read and checked.
struct Firmware {
  std::string name;  // as the user wrote it
  std::filesystem::path rom_path;
  std::vector<std::uint8_t> rom;
  std::filesystem::path vga_path;
  std::vector<std::uint8_t> vga_rom;
  VgaRomPlace vga_place = VgaRomPlace::kNone;
  // Not a ROM but flash chips (docs/devices/pflash.md): the code is write-protected; below it the
  // chip of the variables, when there is one. These bytes are the machine's own copy.
  bool flash = false;
  std::filesystem::path vars_path;
  std::vector<std::uint8_t> vars;
  // FirmwareEntry's.
  std::optional<Board> board;
  bool flash_for_smm = false;

  std::string vga_sha256() const;  // "" without one
};

const std::vector<FirmwareEntry>& firmware_table();

// `name` is an entry of the table or the path of a ROM image (64 KiB to 16 MiB, a multiple of 4
// KiB). `vga_rom`, when given, replaces the entry's VGA BIOS; for a plain path it is mapped at
// C0000. `images` is the folder of the images this build has made. Errors name the missing file,
// the Debian package that has it, or what is wrong with its size.
Result<Firmware> load_firmware(const std::string& name,
                               const std::optional<std::filesystem::path>& vga_rom,
                               const std::filesystem::path& images);

// Puts the chip of the variables beside the code, in place of the firmware's own template. Errors:
// a size that is no multiple of 4 KiB, or too large for the two together.
Result<void> set_flash_vars(Firmware& firmware, std::filesystem::path path,
                            std::vector<std::uint8_t> vars);

// Whether all files of an entry are there; otherwise what is missing and where to get it.
std::optional<std::string> missing_file(const FirmwareEntry& entry,
                                        const std::filesystem::path& images);

}  // namespace ice86::machine
