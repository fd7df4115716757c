// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/app/drive_options.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

namespace ice86::app {

namespace {

constexpr const char* kPlaces[] = {
    "primary master (-hda, index=0)", "primary slave (-hdb, index=1)",
    "secondary master (-hdc, -cdrom, index=2)", "secondary slave (-hdd, index=3)"};
constexpr unsigned kCdromPlace = 2;

Result<unsigned> small_number(const std::string& name, const std::string& value, unsigned most,
                              const char* option) {
  char* end = nullptr;
  const unsigned long number = std::strtoul(value.c_str(), &end, 10);
  if (value.empty() || value[0] < '0' || value[0] > '9' || *end != 0 || number > most) {
    return usage_error(
        fmt::format("{}: {}={} is no number from 0 to {}", option, name, value, most));
  }
  return static_cast<unsigned>(number);
}

constexpr const char* kFloppyPlaces[] = {"A (-fda, if=floppy,index=0)",
                                         "B (-fdb, if=floppy,index=1)"};

Result<void> put_floppy(DriveTable& table, unsigned place, DriveSpec spec) {
  if (table.floppies[place]) {
    return usage_error(
        fmt::format("two diskettes are said to be in drive {}", kFloppyPlaces[place]));
  }
  table.floppies[place] = std::move(spec);
  return {};
}

Result<void> put(DriveTable& table, unsigned place, DriveSpec spec) {
  if (table.ide[place]) {
    return usage_error(fmt::format("two drives are said to be the {}", kPlaces[place]));
  }
  table.ide[place] = std::move(spec);
  return {};
}

Result<void> put_in_free_place(DriveTable& table, DriveSpec spec, const char* option) {
  const auto place = std::find(table.ide.begin(), table.ide.end(), std::nullopt);
  if (place == table.ide.end()) {
    return usage_error(fmt::format("{}: there is place for four drives", option));
  }
  *place = std::move(spec);
  return {};
}

Result<void> put_flash(DriveTable& table, DriveSpec spec, std::optional<unsigned> unit) {
  if (spec.cdrom) return usage_error("-drive: if=pflash and media=cdrom contradict");
  if (!unit) unit = table.pflash[0] ? 1 : 0;
  if (*unit > 1) return usage_error("-drive: if=pflash: there are unit=0 and unit=1");
  if (table.pflash[*unit]) {
    return usage_error(fmt::format("-drive: if=pflash,unit={} is said twice", *unit));
  }
  if (*unit == 0 && spec.write) {
    return usage_error("-drive: if=pflash,unit=0 is the firmware's code, which is not written");
  }
  table.pflash[*unit] = std::move(spec);
  return {};
}

Result<void> set_media(DriveSpec& spec, const std::string& value, const char* option) {
  if (value != "disk" && value != "cdrom") {
    return usage_error(fmt::format("{}: media={} is neither disk nor cdrom", option, value));
  }
  spec.cdrom = value == "cdrom";
  return {};
}

Result<void> check(const DriveSpec& spec, const std::string& text, const char* option,
                   bool snapshot, bool may_be_empty) {
  const auto refuse = [&](const char* why) {
    return usage_error(fmt::format("{} {}: {}", option, text, why));
  };
  if (spec.file.empty() && !may_be_empty) return refuse("names no file");
  if (spec.write && spec.cdrom) return refuse("a CD-ROM cannot be written");
  if (spec.write && spec.write_protected) return refuse("write=on and readonly=on contradict");
  if (spec.write && snapshot) return refuse("write=on and -snapshot contradict");
  return {};
}

// "disk.img", "disk.img,write=on", "boot.iso,media=cdrom", "a.img,readonly=on": a comma that begins
// no setting of ours belongs to the file's name.
Result<DriveSpec> plain_drive(const std::string& text, const char* option, bool snapshot) {
  DriveSpec spec;
  spec.file = text;
  for (;;) {
    const std::size_t comma = spec.file.rfind(',');
    if (comma == std::string::npos) break;
    const std::string setting = spec.file.substr(comma + 1);
    if (setting.rfind("write=", 0) == 0) {
      ICE86_TRY_ASSIGN(spec.write, parse_switch("write", setting.substr(6), option));
    } else if (setting.rfind("readonly=", 0) == 0) {
      ICE86_TRY_ASSIGN(spec.write_protected, parse_switch("readonly", setting.substr(9), option));
    } else if (setting.rfind("media=", 0) == 0) {
      ICE86_TRY(set_media(spec, setting.substr(6), option));
    } else {
      break;
    }
    spec.file.resize(comma);
  }
  ICE86_TRY(check(spec, text, option, snapshot, spec.cdrom));
  return spec;
}

Result<void> add_drive(DriveTable& table, const std::string& text, bool snapshot,
                       std::vector<DriveSpec>& unplaced) {
  static constexpr const char* kOption = "-drive";
  ICE86_TRY_ASSIGN(const auto settings, split_settings(text, kOption));
  DriveSpec spec;
  std::optional<unsigned> index, bus, unit;
  bool flash = false;
  bool floppy = false;
  for (const auto& [name, value] : settings) {
    if (name == "file") {
      spec.file = value;
    } else if (name == "if") {
      if (value != "ide" && value != "floppy" && value != "pflash") {
        return usage_error(
            fmt::format("-drive: if={}: this board has if=ide, if=floppy and if=pflash", value));
      }
      floppy = value == "floppy";
      flash = value == "pflash";
    } else if (name == "media") {
      ICE86_TRY(set_media(spec, value, kOption));
    } else if (name == "index") {
      ICE86_TRY_ASSIGN(index, small_number(name, value, 3, kOption));
    } else if (name == "bus") {
      ICE86_TRY_ASSIGN(bus, small_number(name, value, 1, kOption));
    } else if (name == "unit") {
      ICE86_TRY_ASSIGN(unit, small_number(name, value, 1, kOption));
    } else if (name == "format") {
      if (value != "raw") {
        return usage_error(fmt::format("-drive: format={}: images are raw here", value));
      }
    } else if (name == "readonly" || name == "read-only") {
      ICE86_TRY_ASSIGN(spec.write_protected, parse_switch(name, value, kOption));
    } else if (name == "write") {
      ICE86_TRY_ASSIGN(spec.write, parse_switch(name, value, kOption));
    } else if (name == "snapshot") {
      // What happens anyway without write=on.
      ICE86_TRY_ASSIGN(const bool on, parse_switch(name, value, kOption));
      snapshot = snapshot || on;
    } else if (name != "id" && name != "cache" && name != "aio") {  // no meaning here
      return usage_error(fmt::format(
          "-drive: '{}' is no setting (known: file if media index bus unit format readonly "
          "snapshot write id)",
          name.empty() ? value : name));
    }
  }
  ICE86_TRY(check(spec, text, kOption, snapshot, spec.cdrom || floppy));
  if (floppy) {
    if (spec.cdrom) return usage_error("-drive: if=floppy and media=cdrom contradict");
    const unsigned place = index.value_or(unit.value_or(table.floppies[0] ? 1 : 0));
    if (place > 1 || bus.value_or(0) != 0) {
      return usage_error("-drive: if=floppy: index=0 and index=1 are the drives");
    }
    return put_floppy(table, place, std::move(spec));
  }
  if (index && (bus || unit)) return usage_error("-drive: index= or bus= and unit=, not both");
  if (flash) return put_flash(table, std::move(spec), index ? index : unit);
  if (bus || unit) index = bus.value_or(0) * 2 + unit.value_or(0);
  if (index) return put(table, *index, std::move(spec));
  unplaced.push_back(std::move(spec));
  return {};
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> split_settings(const std::string& text,
                                                                        const char* option) {
  std::vector<std::pair<std::string, std::string>> settings;
  std::string part;
  const auto finish = [&]() -> Result<void> {
    if (part.empty()) return usage_error(fmt::format("{} {}: an empty setting", option, text));
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos) {
      settings.emplace_back("", part);
    } else {
      settings.emplace_back(part.substr(0, equals), part.substr(equals + 1));
    }
    part.clear();
    return {};
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ',') {
      part += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == ',') {
      part += ',';
      ++i;
    } else {
      ICE86_TRY(finish());
    }
  }
  ICE86_TRY(finish());
  return settings;
}

Result<bool> parse_switch(const std::string& name, const std::string& value, const char* option) {
  if (value == "on") return true;
  if (value == "off") return false;
  return usage_error(fmt::format("{}: {}={} is neither on nor off", option, name, value));
}

Result<DriveTable> drive_table(const DriveOptions& options) {
  static constexpr const char* kNames[] = {"-hda", "-hdb", "-hdc", "-hdd"};
  DriveTable table;
  for (unsigned i = 0; i < options.disks.size(); ++i) {
    if (options.disks[i].empty()) continue;
    ICE86_TRY_ASSIGN(DriveSpec spec, plain_drive(options.disks[i], kNames[i], options.snapshot));
    ICE86_TRY(put(table, i, std::move(spec)));
  }
  static constexpr const char* kFloppyNames[] = {"-fda", "-fdb"};
  for (unsigned i = 0; i < options.floppies.size(); ++i) {
    if (options.floppies[i].empty()) continue;
    ICE86_TRY_ASSIGN(DriveSpec spec,
                     plain_drive(options.floppies[i], kFloppyNames[i], options.snapshot));
    if (spec.cdrom) {
      return usage_error(fmt::format("{}: media=cdrom does not fit there", kFloppyNames[i]));
    }
    ICE86_TRY(put_floppy(table, i, std::move(spec)));
  }
  if (options.cdrom) {
    DriveSpec spec;
    spec.file = *options.cdrom;
    spec.cdrom = true;
    ICE86_TRY(put(table, kCdromPlace, std::move(spec)));
  }
  std::vector<DriveSpec> unplaced;
  for (const std::string& text : options.drives) {
    ICE86_TRY(add_drive(table, text, options.snapshot, unplaced));
  }
  for (std::size_t i = 0; i < table.ide.size(); ++i) {
    if (!table.ide[i]) table.ide[i] = options.file_drives.ide[i];
  }
  for (std::size_t i = 0; i < table.floppies.size(); ++i) {
    if (!table.floppies[i]) table.floppies[i] = options.file_drives.floppies[i];
  }
  for (DriveSpec& spec : unplaced) {
    ICE86_TRY(put_in_free_place(table, std::move(spec), "-drive"));
  }
  for (const std::string& text : options.disk_list) {
    ICE86_TRY_ASSIGN(DriveSpec spec, plain_drive(text, "--disk", options.snapshot));
    ICE86_TRY(put_in_free_place(table, std::move(spec), "--disk"));
  }
  return table;
}

}  // namespace ice86::app
