// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/fw_cfg_setup.h"

#include <fmt/core.h>

#include "emulator/machine/acpi/bytes.h"
#include "emulator/machine/acpi/smbios_tables.h"

namespace ice86::machine {

namespace {

using devices::FwCfg;

constexpr std::uint64_t kFourGiB = std::uint64_t{1} << 32;
constexpr std::uint32_t kUsable = 1;  // ACPI 6.4, table 15.5: AddressRangeMemory
constexpr std::size_t kUuidBytes = 16;

Bytes little_endian(std::uint64_t value, unsigned bytes) {
  Bytes out;
  put(out, value, bytes);
  return out;
}

// Entries of base, length and type.
Bytes e820(std::uint64_t below_4g, std::uint64_t above_4g) {
  Bytes map;
  const auto add = [&](std::uint64_t base, std::uint64_t length) {
    put(map, base, 8);
    put(map, length, 8);
    put(map, kUsable, 4);
  };
  add(0, below_4g);
  if (above_4g != 0) add(kFourGiB, above_4g);
  return map;
}

// Made when they are asked for: where the chipset's ports are is up to the firmware.
Result<void> add_acpi_files(FwCfg& fw_cfg, std::function<AcpiBoard()> board) {
  const AcpiFiles sizes = acpi_files(board());
  const auto add = [&](const char* name, Bytes AcpiFiles::*file) {
    return fw_cfg.add_file(name, (sizes.*file).size(),
                           [board, file] { return std::move(acpi_files(board()).*file); });
  };
  ICE86_TRY(add("etc/acpi/tables", &AcpiFiles::tables));
  ICE86_TRY(add("etc/acpi/rsdp", &AcpiFiles::rsdp));
  return add("etc/table-loader", &AcpiFiles::loader);
}

}  // namespace

std::string boot_order_paths(const PcConfig& config) {
  const BoardInfo& board = board_info(config.board);
  std::string paths;
  for (const char letter : config.boot_order) {
    if (letter == 'a') {
      for (unsigned i = 0; i < config.floppies.size(); ++i) {
        if (config.floppies[i])
          paths += fmt::format("/pci@i0cf8/{}/fdc@03f0/floppy@{}\n", board.isa_path, i);
      }
    }
    for (std::size_t i = 0; letter == 'n' && i < config.nics.size(); ++i)
      paths += fmt::format("/pci@i0cf8/ethernet@{:x}/ethernet-phy@0\n", board.first_nic_device + i);
    if (letter != 'c' && letter != 'd') continue;
    for (unsigned i = 0; i < config.disks.size(); ++i) {
      if (!config.disks[i] || config.disks[i]->cdrom != (letter == 'd')) continue;
      paths += fmt::format("/pci@i0cf8/{}/drive@{}/disk@{}\n", board.ide_path, i / 2, i % 2);
    }
  }
  if (!paths.empty()) paths.back() = '\0';
  return paths;
}

Result<void> describe_board(FwCfg& fw_cfg, const PcConfig& config, std::uint64_t memory_below_4g,
                            std::function<AcpiBoard()> acpi) {
  const std::uint64_t memory = config.memory_mib << 20;
  fw_cfg.set_item(FwCfg::kUuid, Bytes(kUuidBytes));
  fw_cfg.set_item(FwCfg::kRamSize, little_endian(memory, 8));
  fw_cfg.set_item(FwCfg::kNoGraphic, little_endian(0, 2));
  fw_cfg.set_item(FwCfg::kCpus, little_endian(1, 2));
  fw_cfg.set_item(FwCfg::kBootMenu, little_endian(config.boot_menu ? 1 : 0, 2));
  fw_cfg.set_item(FwCfg::kMostCpus, little_endian(1, 2));
  ICE86_TRY(fw_cfg.add_file("etc/e820", e820(memory_below_4g, memory - memory_below_4g)));
  // S3, S4, S5: bit 7 says whether there is such a state, the rest is SLP_TYP. Only S5 here.
  ICE86_TRY(fw_cfg.add_file("etc/system-states", Bytes{0x80, 0, 0, 1, 2, 0x80}));
  ICE86_TRY(fw_cfg.add_file("etc/boot-fail-wait", little_endian(~std::uint64_t{0}, 4)));
  if (config.boot_menu_wait_ms) {
    ICE86_TRY(fw_cfg.add_file("etc/boot-menu-wait", little_endian(*config.boot_menu_wait_ms, 2)));
  }
  const std::string order = boot_order_paths(config);
  ICE86_TRY(fw_cfg.add_file("bootorder", Bytes(order.begin(), order.end())));
  // The timer is on input 2 of the I/O APIC.
  fw_cfg.set_item(FwCfg::kIrq0Override, Bytes{1});
  if (config.acpi_tables) ICE86_TRY(add_acpi_files(fw_cfg, std::move(acpi)));
  SmbiosBoard smbios;
  const BoardInfo& info = board_info(config.board);
  smbios.product = fmt::format("{} ({})", info.name, info.chipset);
  smbios.memory_bytes = memory;
  smbios.memory_below_4g = memory_below_4g;
  smbios.cpu_megahertz = static_cast<std::uint32_t>(config.cpu_megahertz());
  SmbiosFiles files = smbios_files(smbios);
  ICE86_TRY(fw_cfg.add_file("etc/smbios/smbios-tables", std::move(files.tables)));
  ICE86_TRY(fw_cfg.add_file("etc/smbios/smbios-anchor", std::move(files.anchor)));
  for (const auto& [name, bytes] : config.fw_cfg_files) ICE86_TRY(fw_cfg.add_file(name, bytes));
  return {};
}

}  // namespace ice86::machine
