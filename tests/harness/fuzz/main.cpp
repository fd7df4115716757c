// SPDX-License-Identifier: LGPL-2.1-or-later
// ice86-file-fuzz: every kind of file that a user gives to ice86, damaged. Reading one ends with
// its contents or with one error; a machine made from it runs.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cpu/cpu_model.h"
#include "cpu/cpu_model_files.h"
#include "emulator/bus/block_image.h"
#include "emulator/machine/machine_file.h"
#include "emulator/machine/pc.h"
#include "harness/diff/diff_report.h"
#include "harness/report/text.h"
#include "harness/scenario/scenario_file.h"
#include "harness/trace/trace_file.h"
#include "slirp-net/scripted_network.h"
#include "tests/fuzz/runner.h"
#include "tests/harness/fuzz/mutator.h"

namespace ice86::harness::fuzz {
namespace {

using ice86::fuzz::mix;

// A folder that goes away with its owner.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ice86-fuzz-XXXXXX").string();
    ICE86_ASSERT(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::filesystem::path write(const char* name, const std::string& contents) const {
    std::ofstream(path_ / name, std::ios::binary) << contents;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

class FileExecutor : public ice86::fuzz::Executor {
 public:
  explicit FileExecutor(std::uint64_t seed) : seed_(seed) {}

  std::string execute(std::uint64_t index) final {
    Random random(mix(seed_, index));
    return read(random);
  }
  std::string summary() const final { return fmt::format("{} of them were accepted\n", accepted_); }

 protected:
  // What is wrong, or nothing: errors are what is expected.
  virtual std::string read(Random& random) = 0;
  void accepted() { ++accepted_; }
  // An error is for people.
  template <typename T>
  static std::string check(const Result<T>& result) {
    const std::string message = result ? "none" : result.error().message();
    return message.empty() ? "an error without a message" : "";
  }

 private:
  std::uint64_t seed_;
  std::uint64_t accepted_ = 0;
};

std::string random_bytes(Random& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.next());
  return bytes;
}

// ---- Disk images ----

// Any file is a raw image. What was written must be what is read, whatever its size.
class DiskImage final : public FileExecutor {
 public:
  using FileExecutor::FileExecutor;

 private:
  std::string read(Random& random) override {
    const auto path = folder_.write("disk.img", random_bytes(random, random.below(20'000)));
    const auto writes = static_cast<BlockImage::Writes>(random.below(3));
    auto image = BlockImage::open(path, writes);
    if (!image) return check(image);
    accepted();
    std::string expected = contents(path);
    expected.resize((*image)->sectors() * kSectorSize);
    for (unsigned n = 0; n < 20; ++n) {
      const auto sector = random.below(static_cast<std::uint32_t>((*image)->sectors()));
      const auto most = static_cast<std::uint32_t>((*image)->sectors() - sector);
      const std::size_t bytes = (1 + random.below(std::min(most, 4u))) * kSectorSize;
      const std::size_t at = sector * kSectorSize;
      std::vector<std::uint8_t> data(bytes);
      if (!(*image)->read_only() && random.one_in(2)) {
        for (auto& byte : data) byte = static_cast<std::uint8_t>(random.next());
        if (auto done = (*image)->write(sector, data); !done)
          return "a write fails: " + done.error().message();
        std::copy(data.begin(), data.end(), expected.begin() + static_cast<std::ptrdiff_t>(at));
      } else {
        if (auto done = (*image)->read(sector, data); !done)
          return "a read fails: " + done.error().message();
        if (!std::equal(data.begin(), data.end(),
                        reinterpret_cast<const std::uint8_t*>(expected.data()) + at))
          return fmt::format("sector {} reads as something else", sector);
      }
    }
    if (random.one_in(4)) {
      Archive saved = Archive::writer();
      (*image)->serialize(saved);
      std::string stored(saved.bytes().begin(), saved.bytes().end());
      stored = damaged(random, {stored});
      Archive loaded =
          Archive::reader({reinterpret_cast<const std::uint8_t*>(stored.data()), stored.size()});
      (*image)->serialize(loaded);
      static_cast<void>(loaded.finish());
    }
    return {};
  }
  static std::string contents(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  Folder folder_;
};

// ---- Firmware ----

// ROMs, flash chips and option ROMs: what they hold is the guest's business, their size ours.
class FirmwareFiles final : public FileExecutor {
 public:
  using FileExecutor::FileExecutor;

 private:
  std::string read(Random& random) override {
    const std::size_t size =
        random.one_in(4) ? random.below(70'000) : std::size_t{4096} * (14 + random.below(20));
    const auto rom = folder_.write("rom.bin", random_bytes(random, size));
    std::optional<std::filesystem::path> vga;
    if (random.one_in(3)) {
      std::string bytes = random_bytes(random, random.below(70'000));
      if (random.one_in(2) && bytes.size() > 3) bytes.replace(0, 2, "\x55\xaa");
      vga = folder_.write("vga.bin", bytes);
    }
    auto firmware = machine::load_firmware(rom.string(), vga, ".");
    if (!firmware) return check(firmware);
    if (random.one_in(2)) {
      const std::string vars = random_bytes(random, 4096 * random.below(9) + random.below(2));
      firmware->flash = true;
      const auto set = machine::set_flash_vars(*firmware, "vars.fd", {vars.begin(), vars.end()});
      if (!set) return check(set);
    }
    machine::PcConfig config;
    config.memory_mib = 1;
    config.firmware = std::move(*firmware);
    const std::string option_rom = random_bytes(random, random.below(5000));
    machine::NicConfig card;
    card.option_rom.assign(option_rom.begin(), option_rom.end());
    card.network = [](Clock&, TraceBus&, const std::string&) -> Result<std::unique_ptr<Network>> {
      return std::unique_ptr<Network>(std::make_unique<slirp_net::NoNetwork>());
    };
    if (random.one_in(4)) config.nics.push_back(std::move(card));
    auto pc = machine::Pc::create(std::move(config));
    if (!pc) return check(pc);
    accepted();
    machine::RunLimits limits;
    limits.instructions = 20'000;
    limits.time = 10'000'000;
    (*pc)->run(limits);
    return {};
  }

  Folder folder_;
};

// ---- Snapshots ----

// A small machine whose firmware is random.
std::unique_ptr<machine::Pc> random_machine() {
  machine::PcConfig config;
  config.memory_mib = 1;
  config.firmware.name = "random";
  Random random(1);
  const std::string rom = random_bytes(random, 0x10000);
  config.firmware.rom.assign(rom.begin(), rom.end());
  config.disks[0] =
      machine::DiskConfig{BlockImage::in_memory(std::vector<std::uint8_t>(64 * kSectorSize),
                                                BlockImage::Writes::kOverlay),
                          {}};
  machine::NicConfig card;
  card.network = [](Clock&, TraceBus&, const std::string&) -> Result<std::unique_ptr<Network>> {
    return std::unique_ptr<Network>(std::make_unique<slirp_net::NoNetwork>());
  };
  config.nics.push_back(std::move(card));
  auto pc = machine::Pc::create(std::move(config));
  ICE86_ASSERT(pc);
  return std::move(*pc);
}

void run(machine::Pc& pc, std::uint64_t instructions) {
  machine::RunLimits limits;
  limits.instructions = pc.clock().instructions() + instructions;
  limits.time = pc.clock().now() + instructions * 1000;
  pc.run(limits);
}

class Snapshot final : public FileExecutor {
 public:
  explicit Snapshot(std::uint64_t seed) : FileExecutor(seed), pc_(random_machine()) {
    for (unsigned n = 0; n < 3; ++n) {
      const std::vector<std::uint8_t> bytes = pc_->save();
      good_.emplace_back(bytes.begin(), bytes.end());
      run(*pc_, 3000);
    }
  }

 private:
  std::string read(Random& random) override {
    const std::string bytes = damaged(random, good_);
    if (!pc_->load({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()})) {
      run(*pc_, 200);  // in power-on state
      return {};
    }
    accepted();
    run(*pc_, 5000);
    // What it came to can be kept and loaded again.
    if (auto again = pc_->load(pc_->save()); !again)
      return "its own snapshot is refused: " + again.error().message();
    return {};
  }

  const std::unique_ptr<machine::Pc> pc_;
  std::vector<std::string> good_;
};

// ---- Text files ----

class CpuModelFile final : public FileExecutor {
 public:
  explicit CpuModelFile(std::uint64_t seed) : FileExecutor(seed) {
    for (const cpu::CpuModelFile& file : cpu::cpu_model_files()) good_.emplace_back(file.text);
  }

 private:
  std::string read(Random& random) override {
    auto model = cpu::parse_cpu_model(damaged(random, good_), "model.toml");
    if (!model) return check(model);
    accepted();
    static_cast<void>(model->missing());
    static_cast<void>(model->asked());
    return {};
  }

  std::vector<std::string> good_;
};

class MachineFile final : public FileExecutor {
 public:
  using FileExecutor::FileExecutor;

 private:
  std::string read(Random& random) override {
    const auto file = machine::parse_machine_file(damaged(random, good_), "m.toml", "/machines");
    if (file) accepted();
    return check(file);
  }

  const std::vector<std::string> good_ = {
      "firmware = \"seabios\"\nmemory = \"256M\"\nrate = 50\nserial = [\"stdio\", \"null\"]\n"
      "no-reboot = true\nnic = \"user\"\n",
      "cpu = \"m.toml\"\n[[drive]]\nplace = \"primary-master\"\nfile = \"a.img\"\nwrite = true\n"
      "spin-up = \"5s\"\n[[drive]]\nplace = \"floppy-a\"\nreadonly = true\n"};
};

class ScenarioFile final : public FileExecutor {
 public:
  using FileExecutor::FileExecutor;

 private:
  std::string read(Random& random) override {
    const auto cases = parse_scenario_file(damaged(random, good_), "s.toml", "/s", {"/images"});
    if (cases) accepted();
    return check(cases);
  }

  const std::vector<std::string> good_ = {
      "tags = [\"a\"]\n[matrix]\nfw = [\"bochs\", {name = \"stack\"}]\n[machine]\nfirmware = "
      "\"${fw}\"\n[limits]\nstep = \"5s\"\n[[step]]\nint = \"15:e820\"\ncarry = false\n[[step]]\n"
      "packet = {protocol = \"dhcp\", from = \"guest\"}\n",
      "[[step]]\npress = \"ctrl-alt-delete\"\n[[step]]\nmemory = 0x500\nvalue = 3\nwidth = "
      "2\n[[step]]\n"
      "registers = {ax = 5}\n[[step]]\npicture = \"x.png\"\npixels = 0.5\n[trace]\ngolden = "
      "\"g\"\n"};
};

class InputLog final : public FileExecutor {
 public:
  explicit InputLog(std::uint64_t seed)
      : FileExecutor(seed), pc_(random_machine()), initial_(pc_->save()) {
    pc_->network().close_outside(true);
    const machine::Recording recording{"1", "/", {"--firmware=seabios"}, {{"firmware", "00"}}};
    good_.push_back(machine::input_log_header(&recording) + '\n' +
                    machine::input_log_line({{1, 2}, machine::CheckInput{"ff"}}) + '\n');
    std::string text = machine::input_log_header() + '\n';
    std::uint64_t at = 0;
    const auto add = [&](machine::Input input) {
      at += 1000;
      text += machine::input_log_line({{at, at * 10}, std::move(input)}) + '\n';
    };
    for (unsigned n = 0; n < devices::kKeyCodes; n += 5) {
      add(machine::KeyInput{static_cast<devices::KeyCode>(n), true});
      add(machine::MotionInput{5, -3, 1});
      add(machine::ButtonInput{devices::Ps2Mouse::Button::kRight, false});
    }
    add(machine::SerialInput{1, {0, 'a', 255}});
    add(machine::BreakInput{3});
    add(machine::FrameInput{0, std::vector<std::uint8_t>(60, 7), 12});
    add(machine::ResetInput{});
    add(machine::EndInput{});
    good_.push_back(std::move(text));
  }

 private:
  std::string read(Random& random) override {
    const auto log = machine::parse_input_log(damaged(random, good_));
    if (!log) return check(log);
    accepted();
    if (log->recording && machine::input_log_header(&*log->recording).empty())
      return "a recording has no header";
    for (const machine::TimedInput& event : log->events) {
      const std::string line = machine::input_log_line(event);
      const auto again = machine::parse_input_log(machine::input_log_header() + '\n' + line + '\n');
      if (!again) return "its own line is refused: " + line + ": " + again.error().message();
      if (again->events != std::vector{event}) return "a line says something else: " + line;
    }
    // A machine takes all of it.
    if (!pc_->load(initial_)) return "the initial state is refused";
    for (const machine::TimedInput& event : log->events) {
      pc_->input(event.input);
      run(*pc_, 20);
    }
    run(*pc_, 500);
    return {};
  }

  const std::unique_ptr<machine::Pc> pc_;
  const std::vector<std::uint8_t> initial_;
  std::vector<std::string> good_;
};

class TraceFile final : public FileExecutor {
 public:
  explicit TraceFile(std::uint64_t seed) : FileExecutor(seed) {
    Random random(2);
    trace_.header = {"ice86", "bochs", "aa", "bb", "pc, 32 MiB", {}};
    for (unsigned n = 0; n < 12; ++n) {
      IntEvent event;
      event.number = n;
      event.instruction = n * 1000;
      event.time = n * 10'000;
      event.vector = static_cast<std::uint8_t>(random.one_in(3) ? 0x15 : 0x10 + random.below(11));
      event.in.eax = static_cast<std::uint32_t>(random.next());
      if (!random.one_in(4)) {
        event.out = event.in;
        event.how = ReturnKind::kRetf2;
      }
      event.service = "a \"service\"";
      event.extras.edit().memory = "00ff";
      trace_.events.push_back(event);
    }
    good_.push_back(to_json_lines(trace_));
    const auto packed = folder_.write("good.jsonl.zst", "");
    ICE86_ASSERT(write_trace(packed, trace_));
    std::ifstream file(packed, std::ios::binary);
    packed_.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }

 private:
  std::string read(Random& random) override {
    const bool packed = random.one_in(3);
    const auto path = folder_.write(packed ? "t.jsonl.zst" : "t.jsonl",
                                    damaged(random, packed ? packed_ : good_));
    const auto trace = read_trace(path);
    if (!trace) return check(trace);
    accepted();
    static_cast<void>(trace_text(*trace));
    static_cast<void>(summary_text(*trace));
    const Traces traces = {&*trace, &trace_, &*trace};
    const Comparison result = compare(traces, {});
    const DiffReport report{traces, {"a", "b", "c"}, result};
    static_cast<void>(diff_text(report));
    static_cast<void>(diff_json(report));
    static_cast<void>(diff_html(report));
    return {};
  }

  Folder folder_;
  IntTrace trace_;
  std::vector<std::string> good_, packed_;
};

template <typename T>
ice86::fuzz::Target target(const char* name) {
  return {name,
          [](const ice86::fuzz::RunOptions& options) { return std::make_unique<T>(options.seed); }};
}

}  // namespace
}  // namespace ice86::harness::fuzz

int main(int argc, char** argv) {
  using namespace ice86::harness::fuzz;
  CLI::App app("Reads damaged files of every kind: an error or their contents, never more",
               "ice86-file-fuzz");
  const ice86::fuzz::Program program{
      "--kind",
      "which kind of file",
      {target<DiskImage>("disk-image"), target<FirmwareFiles>("firmware"),
       target<Snapshot>("snapshot"), target<CpuModelFile>("cpu-model"),
       target<MachineFile>("machine-file"), target<ScenarioFile>("scenario"),
       target<InputLog>("input-log"), target<TraceFile>("trace")},
      5000,
      false};
  return run_program(app, program, argc, argv);
}
