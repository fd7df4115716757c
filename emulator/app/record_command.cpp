// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 record`: a run with all that comes into it from outside in a file. `ice86 replay`: that
// run again, whoever looks at it this time. The file is an input log (docs/display.md) that knows
// its machine.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

#include "emulator/app/command.h"
#include "emulator/app/exit_code.h"
#include "emulator/app/run_machine.h"
#include "emulator/base/hash.h"

namespace ice86::app {

namespace {

using machine::Recording;

// ---- The machine's options as words, and back ----

struct ParsedWords {
  CLI::App app;
  MachineOptions machine;
  QemuOptions qemu;

  ParsedWords() {
    app.set_help_flag();
    add_machine_options(app, machine);
    add_qemu_options(app, qemu);
  }
};

std::string spelled(const CLI::Option& option) {
  return option.get_lnames().empty() ? "-" + option.get_snames().front()
                                     : "--" + option.get_lnames().front();
}

// Those words of the command line that say something of the machine.
std::vector<std::string> machine_words(const CLI::App& command) {
  std::vector<std::string> words;
  const ParsedWords known;
  for (const CLI::Option* kind : known.app.get_options()) {
    const std::string name = spelled(*kind);
    const CLI::Option* const given = command.get_option_no_throw(name);
    if (given == nullptr || given->count() == 0) continue;
    const bool flag = kind->get_expected_max() == 0;
    for (const std::string& value : given->results()) {
      words.push_back(name);
      if (!flag) words.push_back(value);
      if (flag) break;
    }
  }
  return words;
}

Result<std::unique_ptr<ParsedWords>> parse_words(std::vector<std::string> words) {
  auto parsed = std::make_unique<ParsedWords>();
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  try {
    parsed->app.parse(words);
  } catch (const CLI::ParseError& error) {
    return Error(fmt::format("the recorded machine: {}", error.what()));
  }
  ICE86_TRY(apply_qemu_options(parsed->qemu, parsed->machine));
  return parsed;
}

// ---- What a replay has to find as it was ----

Result<std::string> hash_of_file(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  Sha256 hash;
  std::vector<char> chunk(1 << 20);
  while (file) {
    file.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    hash.update({reinterpret_cast<const std::uint8_t*>(chunk.data()),
                 static_cast<std::size_t>(file.gcount())});
  }
  if (!file.eof()) return Error(fmt::format("{} cannot be read", name));
  return hash.hex_digest();
}

Result<std::vector<Recording::File>> files_of(const MachineOptions& options) {
  std::vector<Recording::File> files;
  ICE86_TRY_ASSIGN(const machine::PcConfig config, machine_config(options));
  const machine::Firmware& firmware = config.firmware;
  files.push_back({"firmware " + firmware.name, sha256_hex(firmware.rom)});
  if (!firmware.vga_rom.empty())
    files.push_back({"VGA BIOS " + firmware.vga_path.string(), firmware.vga_sha256()});
  if (!firmware.vars.empty())
    files.push_back({"flash variables " + firmware.vars_path.string(), sha256_hex(firmware.vars)});
  ICE86_TRY_ASSIGN(const DriveTable drives, drive_table(options));
  const auto add = [&](const char* kind, const std::optional<DriveSpec>& spec) -> Result<void> {
    if (!spec || spec->file.empty()) return {};
    ICE86_TRY_ASSIGN(std::string hash, hash_of_file(spec->file));
    files.push_back({fmt::format("{} {}", kind, spec->file), std::move(hash)});
    return {};
  };
  for (const auto& spec : drives.ide) ICE86_TRY(add("disk", spec));
  for (const auto& spec : drives.floppies) ICE86_TRY(add("diskette", spec));
  for (const auto& spec : drives.pflash) ICE86_TRY(add("flash chip", spec));
  for (std::size_t i = 0; i < config.nics.size(); ++i) {
    files.push_back(
        {fmt::format("option ROM of network card {}", i), sha256_hex(config.nics[i].option_rom)});
  }
  for (const auto& [name, bytes] : config.fw_cfg_files)
    files.push_back({"fw_cfg file " + name, sha256_hex(bytes)});
  return files;
}

// Outputs of the machine that go to files: a look at one must not write it.
MachineOptions without_outputs(MachineOptions options) {
  for (std::string& where : options.serial) where = "null";
  options.parallel = options.debugcon = "null";
  options.network.pcap.reset();
  return options;
}

// ---- record ----

Result<int> record(RunOptions options, const std::string& file, std::vector<std::string> words,
                   const std::vector<std::string>& command_line) {
  if (options.machine.engine == "check")
    return usage_error("record: --engine check compares two machines; record one of them");
  if (options.display.record_input || options.display.input)
    return usage_error("record: --record-input and --input are what it does itself");
  ICE86_TRY(apply_qemu_options(options.qemu, options.machine));
  if (options.display.nographic && options.machine.serial.empty()) {
    options.machine.serial = {"mon:stdio"};
    words.insert(words.end(), {"--serial", "mon:stdio"});
  }
  MachineOptions applied = options.machine;
  ICE86_TRY(apply_machine_file(applied));
  apply_firmware_defaults(applied, true);
  ICE86_TRY_ASSIGN(const bool writes, writes_files(applied));
  if (writes) {
    return usage_error(
        "record: the guest would write to files, and a replay find them changed; --snapshot keeps "
        "what it writes in memory");
  }
  ICE86_TRY_ASSIGN(DisplayPlan plan, display_plan(options.display));
  plan.record_input = file;
  plan.recording.emplace();
  plan.recording->version = ICE86_VERSION;
  std::error_code code;
  plan.recording->folder = std::filesystem::current_path(code).string();
  plan.recording->words = std::move(words);
  ICE86_TRY_ASSIGN(plan.recording->files, files_of(without_outputs(applied)));
  return run_machine(std::move(options), std::move(plan), command_line);
}

// ---- replay ----

struct ReplayOptions {
  RunOptions run;
  std::string file;
  std::optional<std::string> engine, pcap;
  TraceFiles traces;
};

Result<void> check_files(const Recording& recording, const MachineOptions& machine) {
  MachineOptions applied = machine;
  ICE86_TRY(apply_machine_file(applied));
  apply_firmware_defaults(applied, true);
  // 'record' makes none of these: somebody has changed the file.
  ICE86_TRY_ASSIGN(const bool writes, writes_files(applied));
  if (writes) return Error("its machine would write to files; no recording has such a machine");
  ICE86_TRY_ASSIGN(const auto now, files_of(without_outputs(applied)));
  for (std::size_t i = 0; i < std::max(now.size(), recording.files.size()); ++i) {
    if (i >= now.size() || i >= recording.files.size())
      return Error("the machine has other parts than the recorded one");
    const Recording::File& then = recording.files[i];
    if (then.sha256 == now[i].sha256) continue;
    return Error(fmt::format("{} is not the {} of the recording: SHA-256 {:.16}..., not {:.16}...",
                             now[i].what, then.what, now[i].sha256, then.sha256));
  }
  return {};
}

std::optional<std::string> absolute(const std::optional<std::string>& file) {
  if (!file) return std::nullopt;
  std::error_code code;
  return std::filesystem::absolute(*file, code).string();
}

// The recorded options' relative paths are relative to where they were typed.
Result<void> enter(const std::string& folder) {
  std::error_code code;
  std::filesystem::current_path(folder, code);
  if (code) {
    return Error(
        fmt::format("the folder in which it was recorded, {}: {}", folder, code.message()));
  }
  return {};
}

Result<int> replay(ReplayOptions options, const std::vector<std::string>& words) {
  ICE86_TRY_ASSIGN(machine::InputLog log, read_input_log(options.file));
  if (!log.recording) {
    return usage_error(
        fmt::format("{} is an input log without a machine: 'ice86 run ... --input {}' repeats it",
                    options.file, options.file));
  }
  const Recording& recording = *log.recording;
  if (recording.version != ICE86_VERSION) {
    return Error(
        fmt::format("{} was recorded by ice86 {}; this is {}, which does not repeat it to "
                    "the instruction",
                    options.file, recording.version, ICE86_VERSION));
  }
  ICE86_TRY_ASSIGN(const auto parsed, parse_words(recording.words));
  MachineOptions machine = parsed->machine;
  if (options.engine) {
    machine.engine = *options.engine;
    machine.given = [given = machine.given](const char* option) {
      return std::string_view(option) == "--engine" || given(option);
    };
  }
  // Nothing that the recorded run wrote is written again; what it showed is shown.
  const bool monitor = options.run.debug.monitor == "stdio";
  for (std::string& where : machine.serial)
    if (monitor || where.rfind("file:", 0) == 0) where = "null";
  for (std::string* where : {&machine.parallel, &machine.debugcon})
    if (where->rfind("file:", 0) == 0) *where = "null";
  machine.network.pcap = absolute(options.pcap);
  machine.network.from_log = true;
  // Relative paths of this command line begin here, those of the recorded one there.
  options.run.run_dir = absolute(options.run.run_dir);
  options.traces.trace = absolute(options.traces.trace);
  options.traces.html = absolute(options.traces.html);
  ICE86_TRY_ASSIGN(DisplayPlan plan, display_plan(options.run.display));
  for (Screenshot& shot : plan.screenshots) shot.file = *absolute(shot.file.string());
  ICE86_TRY(enter(recording.folder));
  if (auto same = check_files(recording, machine); !same)
    return std::move(same).error().within(options.file);
  if (log.cut_off) {
    fmt::print(stderr, "ice86: {}: its recorder died; it is whole to {:.6f} s\n", options.file,
               log.events.empty() ? 0.0 : static_cast<double>(log.events.back().at.time) / 1e9);
  }
  plan.input = std::move(log);
  options.run.machine = std::move(machine);
  return run_machine(std::move(options.run), std::move(plan), words, options.traces);
}

}  // namespace

void add_record_command(CLI::App& app, const std::vector<std::string>& words, int& exit) {
  CLI::App* command = app.add_subcommand(
      "record", "as run, with all that comes from outside in a file for 'ice86 replay'");
  auto options = std::make_shared<RunOptions>();
  auto file = std::make_shared<std::string>();
  command->add_option("FILE", *file, "the recording to write")->required();
  add_machine_options(*command, options->machine);
  add_display_options(*command, options->display);
  add_qemu_options(*command, options->qemu);
  add_observer_options(*command, *options);
  command->callback([options, file, command, &words, &exit] {
    auto code = record(*options, *file, machine_words(*command), words);
    exit = code ? *code : fail(code.error());
  });
}

void add_replay_command(CLI::App& app, const std::vector<std::string>& words, int& exit) {
  CLI::App* command = app.add_subcommand(
      "replay",
      "a recorded run again, to the instruction, with other observers (exit 5: it is not)");
  auto options = std::make_shared<ReplayOptions>();
  command->add_option("FILE", options->file, "a recording of 'ice86 record'")->required();
  command->add_option("--engine", options->engine, "interp or jit; default: the recorded one")
      ->check(CLI::IsMember({"interp", "jit"}));
  command->add_option("--pcap", options->pcap, "capture the network cards' frames in this file");
  command->add_option("--trace", options->traces.trace,
                      "write the trace of BIOS calls: JSON Lines, compressed when it ends in .zst");
  command->add_option("--html", options->traces.html, "write the trace as a page for a browser");
  add_display_options(*command, options->run.display);
  add_debug_options(*command, options->run.debug);
  add_observer_options(*command, options->run);
  command->callback([options, &words, &exit] {
    auto code = replay(*options, words);
    exit = code ? *code : fail(code.error());
  });
}

}  // namespace ice86::app
