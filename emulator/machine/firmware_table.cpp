// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/firmware_table.h"

#include <fmt/core.h>

#include "emulator/base/files.h"
#include "emulator/base/hash.h"

namespace ice86::machine {

namespace {

constexpr std::uint64_t kSmallestRom = 64 << 10;
constexpr std::uint64_t kLargestRom = 16 << 20;
constexpr std::uint64_t kRomGranule = 4 << 10;
// C0000-DFFFF; the BIOS begins above.
constexpr std::uint64_t kLargestVgaRom = 128 << 10;

std::filesystem::path resolve(std::string_view file, const std::filesystem::path& images) {
  const std::filesystem::path path(file);
  return path.is_absolute() ? path : images / path;
}

Result<std::vector<std::uint8_t>> read_rom(const std::filesystem::path& path) {
  auto bytes = read_file(path, kLargestRom);
  if (!bytes) return std::move(bytes).error().within("firmware");
  const std::uint64_t size = bytes->size();
  if (size < kSmallestRom || size % kRomGranule != 0) {
    return Error(
        fmt::format("firmware: {}: {} bytes is no ROM size: a multiple of 4 KiB from 64 KiB to "
                    "16 MiB is needed",
                    path.string(), size));
  }
  return bytes;
}

Result<std::vector<std::uint8_t>> read_option_rom(const std::filesystem::path& path) {
  auto bytes = read_file(path, kLargestVgaRom);
  if (!bytes) return std::move(bytes).error().within("VGA BIOS");
  if (bytes->size() < 512 || (*bytes)[0] != 0x55 || (*bytes)[1] != 0xaa) {
    return Error(fmt::format("VGA BIOS: {}: does not begin with the option ROM signature 55 AA",
                             path.string()));
  }
  return bytes;
}

}  // namespace

const std::vector<FirmwareEntry>& firmware_table() {
  static const std::vector<FirmwareEntry> table = {
      {"stack", "LinuxBIOS + ADLO around the 64 KiB Bochs BIOS, one 512 KiB part", "stack.rom", "",
       "", "", VgaRomPlace::kNone},
      {"bochs", "Bochs BIOS, the current one", "/usr/share/bochs/BIOS-bochs-latest", "bochsbios",
       "/usr/share/vgabios/vgabios.bin", "vgabios", VgaRomPlace::kC0000},
      {"bochs-legacy", "Bochs BIOS, 64 KiB, for 64 KiB parts", "/usr/share/bochs/BIOS-bochs-legacy",
       "bochsbios", "/usr/share/vgabios/vgabios.bin", "vgabios", VgaRomPlace::kC0000},
      {"seabios", "SeaBIOS as QEMU's pc uses it", "/usr/share/seabios/bios-256k.bin", "seabios",
       "/usr/share/seabios/vgabios-stdvga.bin", "seabios", VgaRomPlace::kPciRom},
      {"ovmf", "OVMF: UEFI for 64-bit machines, 4 MiB of flash", "/usr/share/OVMF/OVMF_CODE_4M.fd",
       "ovmf", "/usr/share/seabios/vgabios-stdvga.bin", "seabios", VgaRomPlace::kPciRom,
       "/usr/share/OVMF/OVMF_VARS_4M.fd"},
      {"ovmf32",
       "OVMF for 32-bit machines, with secure boot and system management mode, on board q35",
       "/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd", "ovmf-ia32",
       "/usr/share/seabios/vgabios-stdvga.bin", "seabios", VgaRomPlace::kPciRom,
       "/usr/share/OVMF/OVMF32_VARS_4M.fd", "", Board::kQ35, true},
      {"efi-python", "Python on EFI without an operating system: OVMF and its disk, on the console",
       "/usr/share/OVMF/OVMF_CODE_4M.fd", "ovmf", "/usr/share/seabios/vgabios-stdvga.bin",
       "seabios", VgaRomPlace::kPciRom, "/usr/share/OVMF/OVMF_VARS_4M.fd", "efi-python.img"},
  };
  return table;
}

std::optional<std::string> missing_file(const FirmwareEntry& entry,
                                        const std::filesystem::path& images) {
  const auto check = [&](std::string_view file,
                         std::string_view package) -> std::optional<std::string> {
    if (file.empty()) return std::nullopt;
    const auto path = resolve(file, images);
    std::error_code code;
    if (std::filesystem::is_regular_file(path, code)) return std::nullopt;
    return package.empty()
               ? fmt::format("{} is missing: build it with './run build'", path.string())
               : fmt::format("{} is missing: install the Debian package {}", path.string(),
                             package);
  };
  if (auto missing = check(entry.rom, entry.rom_package)) return missing;
  if (auto missing = check(entry.vars, entry.rom_package)) return missing;
  if (auto missing = check(entry.disk, "")) return missing;
  return check(entry.vga_rom, entry.vga_package);
}

Result<Firmware> load_firmware(const std::string& name,
                               const std::optional<std::filesystem::path>& vga_rom,
                               const std::filesystem::path& images) {
  Firmware firmware;
  firmware.name = name;
  const FirmwareEntry* found = nullptr;
  for (const FirmwareEntry& entry : firmware_table()) {
    if (entry.name == name) found = &entry;
  }
  if (found != nullptr) {
    if (auto missing = missing_file(*found, images)) {
      return Error(fmt::format("firmware {}: {}", name, *missing));
    }
    firmware.rom_path = resolve(found->rom, images);
    if (!found->vga_rom.empty()) firmware.vga_path = resolve(found->vga_rom, images);
    firmware.vga_place = found->vga_place;
    firmware.flash = !found->vars.empty();
    firmware.board = found->board;
    firmware.flash_for_smm = found->flash_for_smm;
  } else {
    std::error_code code;
    if (!std::filesystem::exists(name, code)) {
      std::string names;
      for (const FirmwareEntry& entry : firmware_table()) names += fmt::format(" {}", entry.name);
      return Error(
          fmt::format("firmware {}: there is no such file, and no firmware of that name (known:{})",
                      name, names));
    }
    firmware.rom_path = name;
    if (vga_rom) firmware.vga_place = VgaRomPlace::kC0000;
  }
  if (vga_rom) {
    firmware.vga_path = *vga_rom;
    if (firmware.vga_place == VgaRomPlace::kNone) firmware.vga_place = VgaRomPlace::kC0000;
  }
  ICE86_TRY_ASSIGN(firmware.rom, read_rom(firmware.rom_path));
  if (!firmware.vga_path.empty()) {
    ICE86_TRY_ASSIGN(firmware.vga_rom, read_option_rom(firmware.vga_path));
  }
  if (firmware.flash) {
    const auto path = resolve(found->vars, images);
    auto vars = read_file(path, kLargestRom);
    if (!vars) return std::move(vars).error().within("firmware");
    ICE86_TRY(set_flash_vars(firmware, path, std::move(*vars)));
  }
  return firmware;
}

Result<void> set_flash_vars(Firmware& firmware, std::filesystem::path path,
                            std::vector<std::uint8_t> vars) {
  if (vars.empty() || vars.size() % kRomGranule != 0 ||
      vars.size() + firmware.rom.size() > kLargestRom) {
    return Error(fmt::format(
        "flash variables: {}: {} bytes: a multiple of 4 KiB that makes at most 16 MiB with the "
        "code is needed",
        path.string(), vars.size()));
  }
  firmware.flash = true;
  firmware.vars_path = std::move(path);
  firmware.vars = std::move(vars);
  return {};
}

std::string Firmware::vga_sha256() const {
  return vga_rom.empty() ? "" : sha256_hex(vga_rom);
}

}  // namespace ice86::machine
