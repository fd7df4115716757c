// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/session/run_directory.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "devices/vga/vga.h"
#include "emulator/base/files.h"
#include "emulator/display/screen.h"

namespace ice86::harness {

std::string shell_word(const std::string& word) {
  static constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./:,+@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

Result<void> create_run_directory(const std::filesystem::path& folder) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  if (code) return Error(fmt::format("run directory {}: {}", folder.string(), code.message()));
  return {};
}

Result<void> write_run_directory(const std::filesystem::path& folder, machine::Pc& pc,
                                 const RunRecord& record) {
  std::string command;
  for (const std::string& word : record.command)
    command += (command.empty() ? "" : " ") + shell_word(word);
  ICE86_TRY(write_file(folder / "command.txt", command + "\n"));

  const machine::PcConfig& config = pc.config();
  nlohmann::ordered_json machine;
  machine["board"] = machine::board_info(config.board).name;
  machine["memory_mib"] = config.memory_mib;
  machine["instructions_per_microsecond"] = config.instructions_per_microsecond;
  machine["firmware"] = {{"name", config.firmware.name},
                         {"rom", config.firmware.rom_path.string()},
                         {"rom_sha256", pc.rom_sha256()}};
  if (!config.firmware.vga_rom.empty()) {
    machine["firmware"]["vga_rom"] = config.firmware.vga_path.string();
    machine["firmware"]["vga_sha256"] = config.firmware.vga_sha256();
  }
  machine["ending"] = record.ending;
  machine["instructions"] = pc.clock().instructions();
  machine["time_ns"] = pc.clock().now();
  machine["state_sha256"] = pc.state_hash();
  ICE86_TRY(write_file(folder / "machine.json", machine.dump(2) + "\n"));

  if (record.serial != nullptr)
    ICE86_TRY(write_file(folder / "serial.log", record.serial->bytes()));
  if (record.debug_console != nullptr) {
    ICE86_TRY(write_file(folder / "debugcon.log", record.debug_console->bytes()));
  }
  ICE86_TRY(display::write_screen(pc.vga(), folder));
  ICE86_TRY(write_file(folder / "state.snap", pc.save()));
  return {};
}

}  // namespace ice86::harness
