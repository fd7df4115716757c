// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/app/firmware_options.h"

#include <fmt/core.h>

#include <charconv>

#include "devices/fw_cfg/fw_cfg.h"
#include "emulator/base/files.h"
#include "emulator/bus/block_image.h"

namespace ice86::app {

namespace {

constexpr std::uint64_t kMostFlash = 16 << 20;

}  // namespace

Result<std::pair<std::string, std::vector<std::uint8_t>>> read_fw_cfg_option(
    const std::string& text) {
  static constexpr const char* kOption = "-fw_cfg";
  ICE86_TRY_ASSIGN(const auto settings, split_settings(text, kOption));
  std::pair<std::string, std::vector<std::uint8_t>> file;
  std::optional<std::string> path, string;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const auto& [name, value] = settings[i];
    if (name == "name" || (name.empty() && i == 0)) {
      file.first = value;
    } else if (name == "file") {
      path = value;
    } else if (name == "string") {
      string = value;
    } else {
      return usage_error(fmt::format("-fw_cfg: '{}' is no setting (known: name file string)",
                                     name.empty() ? value : name));
    }
  }
  if (file.first.empty()) return usage_error(fmt::format("-fw_cfg {}: names no item", text));
  if (path.has_value() == string.has_value()) {
    return usage_error(fmt::format("-fw_cfg {}: file= or string=, one of them", text));
  }
  if (string) {
    file.second.assign(string->begin(), string->end());
  } else {
    auto bytes = read_file(*path, devices::FwCfg::kMostFileSize);
    if (!bytes) return std::move(bytes).error().within("-fw_cfg");
    file.second = std::move(*bytes);
  }
  return file;
}

Result<void> open_flash_vars(machine::PcConfig& config, const DriveSpec& drive) {
  const std::filesystem::path path(drive.file);
  std::error_code code;
  for (const machine::FirmwareEntry& entry : machine::firmware_table()) {
    if (drive.write && !entry.vars.empty() && std::filesystem::equivalent(path, entry.vars, code)) {
      return usage_error(
          fmt::format("flash variables: {}: is the template of firmware {}, which is not written: "
                      "name a file of your own",
                      drive.file, entry.name));
    }
  }
  if (drive.write && !std::filesystem::exists(path, code)) {
    if (config.firmware.vars.empty()) {
      return Error(
          fmt::format("flash variables: {}: there is no such file, and firmware {} has "
                      "no template to make it from",
                      drive.file, config.firmware.name));
    }
    ICE86_TRY(write_file(path, config.firmware.vars));
  }
  // Opened before it is read: nobody else writes to it from then on.
  if (drive.write) {
    ICE86_TRY_ASSIGN(config.vars_store, BlockImage::open(path, BlockImage::Writes::kFile));
  }
  auto bytes = read_file(path, kMostFlash);
  if (!bytes) return std::move(bytes).error().within("flash variables");
  return machine::set_flash_vars(config.firmware, path, std::move(*bytes));
}

Result<void> read_boot_option(const std::string& text, machine::PcConfig& config) {
  static constexpr const char* kOption = "--boot";
  ICE86_TRY_ASSIGN(const auto settings, split_settings(text, kOption));
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const auto& [name, value] = settings[i];
    if (name == "order" || (name.empty() && i == 0)) {
      config.boot_order = value;
    } else if (name == "menu") {
      ICE86_TRY_ASSIGN(config.boot_menu, parse_switch(name, value, kOption));
    } else if (name == "splash-time") {
      std::uint16_t wait = 0;
      const char* const end = value.data() + value.size();
      const auto [stop, problem] = std::from_chars(value.data(), end, wait);
      if (value.empty() || stop != end || problem != std::errc()) {
        return usage_error(
            fmt::format("--boot: splash-time={} is no number of milliseconds to 65535", value));
      }
      config.boot_menu_wait_ms = wait;
    } else {
      return usage_error(fmt::format("--boot: '{}' is no setting (known: order menu splash-time)",
                                     name.empty() ? value : name));
    }
  }
  return {};
}

}  // namespace ice86::app
