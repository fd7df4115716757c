// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/reference/qemu.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>

#include "emulator/base/files.h"
#include "emulator/base/hash.h"
#include "harness/interrupts/owners.h"
#include "harness/reference/gdb_client.h"
#include "harness/reference/host_program.h"
#include "harness/reference/stop_recorder.h"

namespace ice86::harness {

namespace {

constexpr const char* kProgram = "qemu-system-x86_64";
constexpr const char* kRomFile = "rom.bin";
constexpr const char* kVgaRomFile = "vga.bin";
constexpr const char* kSerialFile = "serial.log";
constexpr const char* kErrorFile = "errors.log";
constexpr const char* kSocket = "gdb.sock";
constexpr std::uint64_t kLargestLog = 64 << 20;
constexpr std::uint32_t kBootLoaders = 0xa0000;  // code below it is none of the firmware's
// -icount shift=3: an instruction takes 8 ns of the guest's time.
constexpr std::uint64_t kNanosecondsPerInstruction = 8;
// The ACPI power management timer (ACPI 6.4 section 4.8.3.3) counts the guest's time; the stub
// tells none. Where SeaBIOS and LinuxBIOS put it, and where the Bochs BIOS does.
constexpr std::array<unsigned, 2> kTimerPorts = {0x608, 0xb008};
constexpr std::uint64_t kTimerRate = 3'579'545;
constexpr std::uint32_t kTimerMask = 0xffffff;
constexpr unsigned kSilentPolls = 4;        // a second; the timer wraps after 4.7
constexpr std::size_t kLargestRead = 1024;  // bytes of a packet, half of QEMU's limit

// The registers of QEMU's x86-64 target as "g" has them: eight bytes each but EFLAGS and the
// selectors, which have four (i386-64bit.xml of QEMU 7.2).
constexpr std::size_t kRip = 128, kEflags = 136, kSelectors = 140, kCr0 = 188, kEnough = 196;

std::uint64_t little(const std::vector<std::uint8_t>& bytes, std::size_t at, unsigned width) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) value |= std::uint64_t{bytes[at + i]} << (i * 8);
  return value;
}

bool parse_registers(const std::string& packet, cpu::State& state) {
  const auto bytes = GdbClient::bytes(packet);
  if (!bytes || bytes->size() < kEnough) return false;
  static constexpr cpu::Gpr kOrder[] = {cpu::kRax, cpu::kRbx, cpu::kRcx, cpu::kRdx,
                                        cpu::kRsi, cpu::kRdi, cpu::kRbp, cpu::kRsp};
  for (std::size_t i = 0; i < 8; ++i) state.gpr[kOrder[i]] = little(*bytes, i * 8, 8);
  state.rip = little(*bytes, kRip, 8);
  state.rflags = little(*bytes, kEflags, 4);
  static constexpr cpu::SegmentName kSegments[] = {cpu::kCs, cpu::kSs, cpu::kDs,
                                                   cpu::kEs, cpu::kFs, cpu::kGs};
  for (std::size_t i = 0; i < 6; ++i) {
    cpu::Segment& segment = state.segment[kSegments[i]];
    segment.selector = static_cast<std::uint16_t>(little(*bytes, kSelectors + i * 4, 4));
    segment.base = std::uint64_t{segment.selector} << 4;
  }
  state.cr0 = little(*bytes, kCr0, 8);
  return true;
}

// QEMU as a child process.
class Child {
 public:
  static Result<std::unique_ptr<Child>> start(const std::filesystem::path& folder,
                                              const std::vector<std::string>& arguments) {
    const auto program = find_program(kProgram);
    if (!program) {
      return Error(
          fmt::format("{} is missing: install the Debian package qemu-system-x86", kProgram));
    }
    std::vector<const char*> argv = {program->c_str()};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    argv.push_back(nullptr);
    const char* path = std::getenv("PATH");
    const std::string search = std::string("PATH=") + (path != nullptr ? path : "/usr/bin:/bin");
    const std::string temporary = "TMPDIR=" + folder.string();
    const char* const environment[] = {search.c_str(), temporary.c_str(), "LANG=C", "TZ=UTC0",
                                       nullptr};
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) return Error(fmt::format("qemu: cannot be started: {}", std::strerror(errno)));
    if (child == 0) become(program->c_str(), folder.c_str(), argv.data(), environment, parent);
    return std::unique_ptr<Child>(new Child(child));
  }
  ~Child() {
    if (!status_) ::kill(child_, SIGKILL);
    wait(0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool running() {
    wait(WNOHANG);
    return !status_;
  }
  int status() {
    wait(0);
    return *status_;
  }

 private:
  explicit Child(pid_t child) : child_(child) {}

  // In the child: nothing but async-signal-safe calls. A process group of its own, so that Ctrl-C
  // reaches ice86 alone; and no QEMU outlives its ice86.
  [[noreturn]] static void become(const char* program, const char* folder, const char* const* argv,
                                  const char* const* environment, pid_t parent) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent || ::chdir(folder) != 0) ::_exit(127);
    const int nothing = ::open("/dev/null", O_RDWR);
    const int errors = ::open(kErrorFile, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (nothing < 0 || errors < 0 || ::dup2(nothing, 0) < 0 || ::dup2(nothing, 1) < 0 ||
        ::dup2(errors, 2) < 0) {
      ::_exit(127);
    }
    ::execve(program, const_cast<char* const*>(argv), const_cast<char* const*>(environment));
    ::_exit(127);
  }

  void wait(int options) {
    int status = 0;
    while (!status_) {
      const pid_t got = ::waitpid(child_, &status, options);
      if (got == child_) status_ = status;
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) status_ = 0;
      if (got == 0) return;
    }
  }

  pid_t child_;
  std::optional<int> status_;
};

// Calls are seen by breakpoints at what the vector table's entries point to, and those entries by
// write watch points; returns by breakpoints behind the INT instructions.
class Watcher {
 public:
  Watcher(GdbClient& gdb, const QemuLimits& limits)
      : gdb_(gdb),
        limits_(limits),
        stops_(
            state_, [this](std::uint32_t at, unsigned width) { return memory(at, width); },
            [this](std::uint32_t at, std::uint32_t size) { return block(at, size); },
            [this] { return time_ / kNanosecondsPerInstruction; }, [this] { return time_; }) {}

  // Until the guest ends QEMU or a limit does. Errors: a stub that is not understood.
  Result<QemuEnd> run() {
    if (ask("qSupported:xmlRegisters=i386").empty()) return lost();
    ask("?");
    for (unsigned first = 0; first < 256; ++first) {
      if (!recorded(first)) continue;
      unsigned last = first;
      while (last < 255 && recorded(last + 1)) ++last;
      if (ask(fmt::format("Z2,{:x},{:x}", first * 4, (last - first + 1) * 4)) != "OK")
        return not_understood("no watch points");
      first = last;
    }
    bool stepped = false;
    for (;;) {
      // A breakpoint where the guest stands would stop it at once: past it by a single step.
      const std::uint32_t here = address();
      const bool step = known_ && breakpoints_.count(here) != 0;
      if (step) ask(fmt::format("z0,{:x},1", here));
      const std::string stop = go(step ? "s" : "c");
      if (step && gdb_.alive()) ask(fmt::format("Z0,{:x},1", here));
      if (interrupted_) return QemuEnd::kInterrupted;
      if (stop.empty() || stop[0] == 'W' || stop[0] == 'X') return QemuEnd::kExit;
      if (stop[0] != 'T' && stop[0] != 'S') return not_understood(stop);
      const cpu::State before = state_;
      if (!parse_registers(ask("g"), state_)) {
        if (!gdb_.alive()) return lost();
        return not_understood("registers");
      }
      known_ = true;
      if (stop.find("watch") != std::string::npos) table_changed_ = true;
      stepped = step;
      if (!state_.real_mode()) {
        if (stop.find("watch") == std::string::npos) read_clock();
        if (limits_.time && time_ >= *limits_.time) return QemuEnd::kOutOfTime;
        continue;
      }
      // One repetition of a string instruction is no second visit.
      if (stepped && before.rip == state_.rip && before.gpr[cpu::kRsp] == state_.gpr[cpu::kRsp]) {
        continue;
      }
      read_clock();
      look();
      if (limits_.time && time_ >= *limits_.time) return QemuEnd::kOutOfTime;
      if (table_changed_) read_table();
      set_breakpoints();
    }
  }

  std::uint64_t time() const { return time_; }
  const IntRecorder& recorder() const { return stops_.recorder(); }
  const std::vector<RomArea>& roms() const { return roms_; }

 private:
  static bool recorded(unsigned vector) {
    return IntRecorder::records(static_cast<std::uint8_t>(vector));
  }
  static Error lost() { return Error("qemu: its GDB stub went away"); }
  static Error not_understood(const std::string& what) {
    return Error(fmt::format("qemu: its GDB stub is not understood (is it QEMU 7.2?): {}",
                             what.substr(0, 100)));
  }

  std::string ask(const std::string& packet) {
    return gdb_.ask(packet, [this] { return interrupted_ = limits_.interrupted(); });
  }

  // Lets the guest run to its next stop. One that never comes to any is looked at now and then, for
  // the time limit.
  std::string go(const char* how) {
    unsigned silent = 0;
    gdb_.send(how);
    return gdb_.next([&] {
      if (++silent % kSilentPolls == 0) gdb_.interrupt();
      return interrupted_ = limits_.interrupted();
    });
  }

  std::uint64_t memory(std::uint32_t at, unsigned width) {
    const auto bytes = GdbClient::bytes(ask(fmt::format("m{:x},{:x}", at, width)));
    return bytes && bytes->size() == width ? little(*bytes, 0, width) : 0;
  }

  std::vector<std::uint8_t> block(std::uint32_t at, std::uint32_t size) {
    std::vector<std::uint8_t> all;
    while (all.size() < size) {
      const std::size_t now = std::min<std::size_t>(size - all.size(), kLargestRead);
      const auto bytes = GdbClient::bytes(ask(fmt::format("m{:x},{:x}", at + all.size(), now)));
      if (!bytes || bytes->size() != now) break;
      all.insert(all.end(), bytes->begin(), bytes->end());
    }
    all.resize(size);
    return all;
  }

  std::uint32_t address() const {
    return static_cast<std::uint32_t>(
        state_.real_mode() ? state_.segment[cpu::kCs].base + state_.rip : state_.rip);
  }

  // The monitor command "i" prints what a read of the port gives; the timer's has no side effects.
  void read_clock() {
    for (const unsigned port : kTimerPorts) {
      gdb_.send("qRcmd," + GdbClient::hex(fmt::format("i /xw {:#x}", port)));
      std::string text;
      for (;;) {
        const std::string packet =
            gdb_.next([this] { return interrupted_ = limits_.interrupted(); });
        if (packet.empty() || packet[0] != 'O' || packet == "OK") break;
        const auto bytes = GdbClient::bytes(packet.substr(1));
        if (bytes) text.append(bytes->begin(), bytes->end());
      }
      const std::size_t equals = text.find("= ");
      if (equals == std::string::npos) continue;
      const auto value =
          static_cast<std::uint32_t>(std::strtoul(text.c_str() + equals + 2, nullptr, 16));
      if (value == 0xffffffff) continue;  // nobody is there
      ticks_ += (value - last_value_) & kTimerMask;
      last_value_ = value;
      time_ = ticks_ * 1'000'000'000 / kTimerRate;
      return;
    }
  }

  // The guest may stand at a handler, and where a call comes back to, and at neither.
  void look() {
    const std::uint32_t here = address();
    const auto open = recorder().open_returns();
    if (std::any_of(open.begin(), open.end(), [&](const FarPointer& place) {
          return (std::uint32_t{place.segment} << 4) + place.offset == here;
        })) {
      stops_.returned();
    }
    const auto handler = handlers_.find(here);
    if (handler == handlers_.end()) return;
    const std::uint32_t stack = (std::uint32_t{state_.segment[cpu::kSs].selector} << 4) +
                                static_cast<std::uint16_t>(state_.gpr[cpu::kRsp]);
    const std::uint64_t words = memory(stack, 8);
    std::array<std::uint16_t, 4> frame;
    for (unsigned i = 0; i < 4; ++i) frame[i] = static_cast<std::uint16_t>(words >> (i * 16));
    const bool one = handler->second.size() == 1;
    for (const std::uint8_t vector : handler->second) {
      if (!stops_.called(vector, frame) && !(one && stops_.entered(vector, frame))) continue;
      const FarPointer& caller = recorder().events().back().caller;
      if (roms_.empty() && (std::uint32_t{caller.segment} << 4) + caller.offset < kBootLoaders) {
        roms_ = find_roms([this](std::uint32_t at, unsigned width) { return memory(at, width); });
      }
      return;
    }
  }

  void read_table() {
    table_changed_ = false;
    handlers_.clear();
    const std::vector<std::uint8_t> table = block(0, 256 * 4);
    for (unsigned vector = 0; vector < 256; ++vector) {
      const auto entry = static_cast<std::uint32_t>(little(table, vector * 4, 4));
      if (recorded(vector) && entry != 0)
        handlers_[(entry >> 16 << 4) + (entry & 0xffff)].push_back(
            static_cast<std::uint8_t>(vector));
    }
  }

  void set_breakpoints() {
    std::set<std::uint32_t> wanted;
    for (const auto& [at, vectors] : handlers_) wanted.insert(at);
    for (const FarPointer& place : recorder().open_returns())
      wanted.insert((std::uint32_t{place.segment} << 4) + place.offset);
    for (auto it = breakpoints_.begin(); it != breakpoints_.end();) {
      // Those of calls that have returned stay a while: the next call is often from the same place.
      if (wanted.count(*it) != 0 || (handlers_.count(*it) == 0 && breakpoints_.size() < 200)) {
        ++it;
        continue;
      }
      ask(fmt::format("z0,{:x},1", *it));
      it = breakpoints_.erase(it);
    }
    for (const std::uint32_t at : wanted) {
      if (breakpoints_.insert(at).second) ask(fmt::format("Z0,{:x},1", at));
    }
  }

  GdbClient& gdb_;
  const QemuLimits& limits_;
  cpu::State state_;
  StopRecorder stops_;
  std::map<std::uint32_t, std::vector<std::uint8_t>> handlers_;  // vectors by linear address
  std::set<std::uint32_t> breakpoints_;
  std::vector<RomArea> roms_;
  std::uint64_t time_ = 0, ticks_ = 0;
  std::uint32_t last_value_ = 0;
  bool table_changed_ = false, known_ = false, interrupted_ = false;
};

std::string quoted(const std::string& path) {
  std::string text;
  for (const char c : path) text += c == ',' ? std::string(",,") : std::string(1, c);
  return text;
}

}  // namespace

Result<std::vector<std::string>> qemu_arguments(const QemuMachine& machine) {
  // Machines of 7.1 and later give AMD CPUs a reserved terabyte hole, which a PC has not.
  std::vector<std::string> a = {"-machine",    "pc-i440fx-7.0",
                                "-cpu",        "qemu64",
                                "-m",          std::to_string(machine.memory_mib),
                                "-nodefaults", "-display",
                                "none",        "-net",
                                "none",        "-no-reboot",
                                "-bios",       kRomFile,
                                "-icount",     "shift=3",
                                "-rtc",        fmt::format("base={},clock=vm", machine.rtc),
                                "-device",     "isa-debug-exit,iobase=0x501,iosize=2",
                                "-serial",     fmt::format("file:{}", kSerialFile),
                                "-gdb",        fmt::format("unix:{},server=on,wait=off", kSocket),
                                "-S"};
  const auto add = [&](const char* option, std::string value) {
    a.emplace_back(option);
    a.push_back(std::move(value));
  };
  if (!machine.firmware.vga_rom.empty() &&
      machine.firmware.vga_place != machine::VgaRomPlace::kPciRom) {
    return Error(fmt::format(
        "reference qemu: firmware {} finds its VGA BIOS at C0000, where QEMU puts none; Bochs does",
        machine.firmware.name));
  }
  add("-device",
      fmt::format("VGA,romfile={}", machine.firmware.vga_rom.empty() ? "" : kVgaRomFile));
  for (std::size_t i = 0; i < machine.disks.size(); ++i) {
    if (!machine.disks[i]) continue;
    const QemuDisk& disk = *machine.disks[i];
    const std::string place = fmt::format("bus=ide.{},unit={}", i / 2, i % 2);
    if (!disk.image.empty()) {
      add("-drive", fmt::format("if=none,id=d{},format=raw,{},file={}", i,
                                disk.cdrom ? "readonly=on" : "snapshot=on",
                                quoted(std::filesystem::absolute(disk.image).string())));
    }
    std::string device = fmt::format("{},{}", disk.cdrom ? "ide-cd" : "ide-hd", place);
    if (!disk.image.empty()) device += fmt::format(",drive=d{}", i);
    if (!disk.cdrom)
      device +=
          fmt::format(",cyls={},heads={},secs={},model={}", disk.geometry.cylinders,
                      disk.geometry.heads, disk.geometry.sectors_per_track, quoted(disk.model));
    add("-device", device);
  }
  for (std::size_t i = 0; i < machine.floppies.size(); ++i) {
    if (!machine.floppies[i] || machine.floppies[i]->empty()) continue;
    add("-drive", fmt::format("if=floppy,index={},format=raw,snapshot=on,file={}", i,
                              quoted(std::filesystem::absolute(*machine.floppies[i]).string())));
  }
  add("-boot",
      fmt::format("order={},menu={}", machine.boot_order, machine.boot_menu ? "on" : "off"));
  return a;
}

Result<QemuRun> run_qemu(const QemuMachine& machine, const QemuLimits& limits) {
  ICE86_TRY_ASSIGN(const std::vector<std::string> arguments, qemu_arguments(machine));
  ICE86_TRY_ASSIGN(const auto folder, TemporaryFolder::create("qemu"));
  ICE86_TRY(write_file(folder->path() / kRomFile, machine.firmware.rom));
  if (!machine.firmware.vga_rom.empty())
    ICE86_TRY(write_file(folder->path() / kVgaRomFile, machine.firmware.vga_rom));
  QemuRun run;
  const auto log = [&](const char* name) {
    std::string text;
    std::error_code code;
    if (!std::filesystem::exists(folder->path() / name, code)) return text;
    if (auto bytes = read_file(folder->path() / name, kLargestLog))
      text.assign(bytes->begin(), bytes->end());
    return text;
  };
  {
    ICE86_TRY_ASSIGN(const auto child, Child::start(folder->path(), arguments));
    GdbClient gdb;
    bool stopped = false;
    const bool connected = gdb.connect(folder->path() / kSocket, [&] {
      stopped = limits.interrupted();
      return stopped || !child->running();
    });
    if (!connected && !stopped) {
      const std::string words = log(kErrorFile);
      return Error(fmt::format("qemu did not start: {}",
                               words.empty() ? "it gave no reason" : words.substr(0, 300)));
    }
    Watcher watcher(gdb, limits);
    run.end = QemuEnd::kInterrupted;
    if (connected) {
      ICE86_TRY_ASSIGN(run.end, watcher.run());
    }
    run.trace.events = watcher.recorder().events();
    run.trace.losses = watcher.recorder().losses();
    run.trace.header.roms = watcher.roms();
    run.time = watcher.time();
    if (run.end == QemuEnd::kExit) {
      const int status = child->status();
      run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      run.last_words = log(kErrorFile);
      if (!WIFEXITED(status) || (run.exit_code == 1 && !run.last_words.empty()))
        run.end = QemuEnd::kGaveUp;
    }
  }
  run.serial = log(kSerialFile);
  run.trace.header.source = "qemu";
  run.trace.header.firmware = machine.firmware.name;
  run.trace.header.rom_sha256 = sha256_hex(machine.firmware.rom);
  run.trace.header.vga_sha256 = machine.firmware.vga_sha256();
  run.trace.header.machine = fmt::format("QEMU pc, {} MiB, {} ns an instruction",
                                         machine.memory_mib, kNanosecondsPerInstruction);
  return run;
}

}  // namespace ice86::harness
