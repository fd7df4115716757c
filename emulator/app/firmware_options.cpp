// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/app/firmware_options.h"

#include <fmt/core.h>

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
  if (drive.write && !std::filesystem::exists(path, code)) {
    if (config.firmware.vars.empty()) {
      return Error(
          fmt::format("flash variables: {}: there is no such file, and firmware {} has "
                      "no template to make it from",
                      drive.file, config.firmware.name));
    }
    ICE86_TRY(write_file(path, config.firmware.vars));
  }
  auto bytes = read_file(path, kMostFlash);
  if (!bytes) return std::move(bytes).error().within("flash variables");
  ICE86_TRY(machine::set_flash_vars(config.firmware, path, std::move(*bytes)));
  if (drive.write) {
    ICE86_TRY_ASSIGN(config.vars_store, BlockImage::open(path, BlockImage::Writes::kFile));
  }
  return {};
}

}  // namespace ice86::app
