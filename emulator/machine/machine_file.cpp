// SPDX-License-Identifier: LGPL-2.1-or-later
// Strict, so that a slip is found when the file is read.
#include "emulator/machine/machine_file.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "emulator/base/files.h"
#include "emulator/machine/board.h"
#include "emulator/machine/machine_table.h"

namespace ice86::machine {

namespace {

using Place = MachineFile::Place;

constexpr std::size_t kMostBytes = 1 << 20;

class Parser {
 public:
  Parser(const std::string& origin, const std::filesystem::path& folder)
      : origin_(origin), folder_(folder) {}

  Result<MachineFile> parse(std::string_view text) const {
    ICE86_TRY_ASSIGN(const toml::table table, parse_toml(text, origin_));
    return read(table);
  }

  Result<MachineFile> read(const toml::table& table) const {
    MachineFile file;
    for (const auto& [key, node] : table) {
      const std::size_t line = key.source().begin.line;
      ICE86_TRY_ASSIGN(const bool known, read_key(file, key.str(), node));
      if (!known) return wrong(line, fmt::format("'{}' is not known here", key.str()));
    }
    return file;
  }

 private:
  Error wrong(std::size_t line, const std::string& what) const {
    return usage_error(fmt::format("{}:{}: {}", origin_, line, what));
  }
  Error wrong(const toml::node& at, const std::string& what) const {
    return wrong(at.source().begin.line, what);
  }

  Result<bool> read_key(MachineFile& file, std::string_view key, const toml::node& node) const {
    if (key == "drive") {
      ICE86_TRY(read_drives(file, node));
      return true;
    }
    const std::pair<std::string_view, std::optional<std::string>*> texts[] = {
        {"memory", &file.memory},
        {"boot", &file.boot},
        {"rtc", &file.rtc},
        {"debug-exit", &file.debug_exit},
        {"parallel", &file.parallel},
        {"debugcon", &file.debugcon},
        {"pcap", &file.pcap},
        {"max-time", &file.max_time},
        {"max-wall", &file.max_wall},
        {"firmware", &file.firmware},
        {"vgabios", &file.vgabios},
        {"pflash-vars", &file.pflash_vars},
        {"cpu", &file.cpu}};
    for (const auto& [name, to] : texts) {
      if (name != key) continue;
      ICE86_TRY_ASSIGN(*to, text(node, key));
      // A name of the firmware's table has no folder, a model's no ".toml".
      const bool path = key == "vgabios" || key == "pflash-vars" ||
                        (key == "firmware" && (*to)->find('/') != std::string::npos) ||
                        (key == "cpu" && std::filesystem::path(**to).extension() == ".toml");
      if (path) *to = located(**to);
      return true;
    }
    if (key == "board") {
      ICE86_TRY_ASSIGN(file.board, text(node, key));
      if (!board_named(*file.board))
        return wrong(node, fmt::format("'{}' is no board: there are pc and q35", *file.board));
      return true;
    }
    const std::pair<std::string_view, std::optional<std::uint64_t>*> numbers[] = {
        {"rate", &file.rate},
        {"floppy-speed", &file.floppy_speed},
        {"max-instructions", &file.max_instructions}};
    for (const auto& [name, to] : numbers) {
      if (name != key) continue;
      const auto* value = node.as_integer();
      if (value == nullptr || value->get() < 0)
        return wrong(node, fmt::format("'{}' is not a number", key));
      *to = static_cast<std::uint64_t>(value->get());
      return true;
    }
    const std::pair<std::string_view, std::optional<bool>*> truths[] = {
        {"reset-on-triple-fault", &file.reset_on_triple_fault},
        {"no-reboot", &file.no_reboot},
        {"no-acpi", &file.no_acpi}};
    for (const auto& [name, to] : truths) {
      if (name != key) continue;
      ICE86_TRY_ASSIGN(*to, truth(node, key));
      return true;
    }
    const std::pair<std::string_view, std::optional<std::vector<std::string>>*> lists[] = {
        {"serial", &file.serial},
        {"fw-cfg", &file.fw_cfg},
        {"nic", &file.nic},
        {"netdev", &file.netdev},
        {"device", &file.device}};
    for (const auto& [name, to] : lists) {
      if (name != key) continue;
      to->emplace();
      if (const auto* array = node.as_array()) {
        for (const toml::node& element : *array) {
          ICE86_TRY_ASSIGN(std::string one, text(element, key));
          (*to)->push_back(std::move(one));
        }
      } else {
        ICE86_TRY_ASSIGN(std::string one, text(node, key));
        (*to)->push_back(std::move(one));
      }
      return true;
    }
    return false;
  }

  Result<void> read_drives(MachineFile& file, const toml::node& node) const {
    const auto* array = node.as_array();
    if (array == nullptr) return wrong(node, "drives are tables: [[drive]]");
    for (const toml::node& element : *array) {
      const auto* table = element.as_table();
      if (table == nullptr) return wrong(element, "drives are tables: [[drive]]");
      ICE86_TRY_ASSIGN(MachineFile::Drive drive, read_drive(*table));
      for (const MachineFile::Drive& other : file.drives) {
        if (other.place == drive.place) {
          return wrong(*table, fmt::format("there is another drive at {}",
                                           kDrivePlaces[static_cast<std::size_t>(drive.place)]));
        }
      }
      file.drives.push_back(std::move(drive));
    }
    return {};
  }

  Result<MachineFile::Drive> read_drive(const toml::table& table) const {
    MachineFile::Drive drive;
    const std::pair<std::string_view, std::optional<std::string>*> timings[] = {
        {"spin-up", &drive.spin_up},
        {"reset", &drive.reset},
        {"latency", &drive.latency},
        {"register-latency", &drive.register_latency},
        {"block-latency", &drive.block_latency}};
    bool placed = false;
    for (const auto& [key, node] : table) {
      const auto* timing =
          std::find_if(std::begin(timings), std::end(timings),
                       [&name = key](const auto& one) { return one.first == name.str(); });
      if (timing != std::end(timings)) {
        ICE86_TRY_ASSIGN(*timing->second, text(node, key.str()));
      } else if (key == "place") {
        ICE86_TRY_ASSIGN(const std::string place, text(node, key.str()));
        const auto* found = std::find(kDrivePlaces.begin(), kDrivePlaces.end(), place);
        if (found == kDrivePlaces.end()) {
          return wrong(node, fmt::format("'{}' is no place for a drive ({})", place,
                                         fmt::join(kDrivePlaces, ", ")));
        }
        drive.place = static_cast<Place>(found - kDrivePlaces.begin());
        placed = true;
      } else if (key == "file") {
        ICE86_TRY_ASSIGN(const std::string path, text(node, key.str()));
        drive.file = located(path);
      } else if (key == "media") {
        ICE86_TRY_ASSIGN(const std::string media, text(node, key.str()));
        if (media != "disk" && media != "cdrom")
          return wrong(node, fmt::format("media is disk or cdrom, not '{}'", media));
        drive.cdrom = media == "cdrom";
      } else if (key == "write") {
        ICE86_TRY_ASSIGN(drive.write, truth(node, key.str()));
      } else if (key == "readonly") {
        ICE86_TRY_ASSIGN(drive.write_protected, truth(node, key.str()));
      } else {
        return wrong(key.source().begin.line, fmt::format("'{}' is not known here", key.str()));
      }
    }
    if (!placed) return wrong(table, "'place' is missing");
    const bool floppy = drive.place >= Place::kA;
    const bool timed = std::any_of(std::begin(timings), std::end(timings),
                                   [](const auto& one) { return one.second->has_value(); });
    if (floppy && (drive.cdrom || timed))
      return wrong(table, "a diskette drive has neither media nor timings");
    if (drive.file.empty() && !drive.cdrom && !floppy) return wrong(table, "'file' is missing");
    if (drive.write && (drive.cdrom || drive.write_protected))
      return wrong(table, "write = true and a medium that cannot be written contradict");
    return drive;
  }

  Result<std::string> text(const toml::node& node, std::string_view key) const {
    const auto* value = node.as_string();
    if (value == nullptr || value->get().empty())
      return wrong(node, fmt::format("'{}' is not a text", key));
    return value->get();
  }
  Result<bool> truth(const toml::node& node, std::string_view key) const {
    const auto* value = node.as_boolean();
    if (value == nullptr) return wrong(node, fmt::format("'{}' is neither true nor false", key));
    return value->get();
  }
  std::string located(const std::string& path) const { return (folder_ / path).string(); }

  const std::string& origin_;
  const std::filesystem::path& folder_;
};

}  // namespace

Result<MachineFile> parse_machine_file(std::string_view text, const std::string& origin,
                                       const std::filesystem::path& folder) {
  return Parser(origin, folder).parse(text);
}

Result<MachineFile> read_machine_table(const toml::table& table, const std::string& origin,
                                       const std::filesystem::path& folder) {
  return Parser(origin, folder).read(table);
}

Result<MachineFile> read_machine_file(const std::filesystem::path& path) {
  ICE86_TRY_ASSIGN(const std::vector<std::uint8_t> bytes, read_file(path, kMostBytes));
  return parse_machine_file({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                            path.string(), path.parent_path());
}

}  // namespace ice86::machine
