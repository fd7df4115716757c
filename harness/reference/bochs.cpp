// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/reference/bochs.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "emulator/base/files.h"
#include "emulator/base/hash.h"
#include "harness/interrupts/int_recorder.h"
#include "harness/reference/bochs_answers.h"
#include "harness/reference/bochs_debugger.h"
#include "harness/reference/host_program.h"
#include "harness/reference/stop_recorder.h"

namespace ice86::harness {

namespace {

// Bochs' own limit on linear breakpoints (bx_debug.h of Bochs 2.7).
constexpr std::size_t kBreakpointSlots = 16;
// Of these, for handlers that are entered without INT.
constexpr std::size_t kMostEntries = 8;
constexpr std::uint64_t kLargestSerialLog = 64 << 20;

std::uint32_t linear(std::uint16_t segment, std::uint16_t offset) {
  return (static_cast<std::uint32_t>(segment) << 4) + offset;
}

// Calls are seen by read watch points on their entries in the interrupt vector table: the CPU reads
// the entry when it delivers the interrupt, wherever the handler is and whoever put it there.
// Returns are seen by breakpoints behind the INT instructions. Which return belongs to which call
// is the recorder's business, as it is in ice86.
class Watcher {
 public:
  Watcher(BochsDebugger& bochs, std::filesystem::path folder,
          std::uint64_t instructions_per_microsecond)
      : bochs_(bochs),
        folder_(std::move(folder)),
        rate_(instructions_per_microsecond),
        stops_(
            state_, [this](std::uint32_t at, unsigned width) { return memory(at, width); },
            [this](std::uint32_t at, std::uint32_t size) { return block(at, size); },
            [this] { return ticks_; }, [this] { return ticks_ * 1000 / rate_; }) {}

  // True when it ended by the time limit; the debugger knows the other ends.
  Result<bool> run(std::uint64_t most_ticks) {
    std::vector<std::string> set_up;
    // Entries that are recorded, in as few watch points as possible.
    for (unsigned first = 0; first < 256; ++first) {
      if (!IntRecorder::records(static_cast<std::uint8_t>(first))) continue;
      unsigned last = first;
      while (last < 255 && IntRecorder::records(static_cast<std::uint8_t>(last + 1))) ++last;
      set_up.push_back(fmt::format("watch r {:#x} {:#x}", first * 4, (last - first + 1) * 4));
      first = last;
    }
    if (most_ticks != 0) set_up.push_back(fmt::format("sba {}", most_ticks));
    bochs_.ask(set_up);
    const std::string next = fmt::format("source {}", kBochsStepFile);
    while (bochs_.alive()) {
      const auto answer = bochs_.go(next);
      if (!answer) {
        if (const auto ticks = parse_end(bochs_.last_output())) ticks_ = *ticks;
        break;
      }
      const auto stop = parse_stop(*answer);
      if (!stop) return not_understood(*answer);
      ticks_ = stop->ticks;
      if (stop->out_of_time || (most_ticks != 0 && ticks_ >= most_ticks)) {
        ticks_ = most_ticks;
        return true;
      }
      if (!stop->watched && !stop->breakpoint) continue;
      if (!parse_registers(*answer, state_)) return not_understood(*answer);
      if (!state_.real_mode() && !state_.v8086()) {
        // A program's own way to call the BIOS: it reads the entry, and enters the handler later.
        if (stop->watched) await_entry(static_cast<std::uint8_t>(*stop->watched / 4));
        continue;
      }
      const auto stack = parse_stack(*answer);
      if (!stack) continue;  // a 32-bit stack
      // A breakpoint is met before its instruction, a watch point after: both at one place mean
      // that a call returned, or that the return address is a handler's entry too. The call comes
      // last.
      if (stop->breakpoint) {
        stops_.returned();
        const auto entry = entries_.find(static_cast<std::uint32_t>(
            linear(state_.segment[cpu::kCs].selector, static_cast<std::uint16_t>(state_.rip))));
        if (entry != entries_.end()) stops_.entered(entry->second, *stack);
      }
      if (stop->watched) {
        const auto vector = static_cast<std::uint8_t>(*stop->watched / 4);
        if (!stops_.called(vector, *stack)) await_entry(vector);
      }
      set_breakpoints();
      if (!trouble_.empty()) return not_understood(trouble_);
    }
    return false;
  }

  std::uint64_t ticks() const { return ticks_; }
  const IntRecorder& recorder() const { return stops_.recorder(); }

 private:
  static Error not_understood(const std::string& answer) {
    return Error(fmt::format("bochs: its debugger is not understood (is it Bochs 2.7?): {}",
                             answer.substr(0, 200)));
  }

  std::uint64_t memory(std::uint32_t at, unsigned width) {
    std::uint64_t value = 0;
    const auto answer = bochs_.ask({fmt::format("x /{}bx {:#x}", width, at)});
    if (answer.empty()) return 0;
    const auto bytes = parse_bytes(answer[0], width);
    if (!bytes) {
      trouble_ = answer[0];
      return 0;
    }
    for (unsigned i = 0; i < width; ++i) value |= static_cast<std::uint64_t>((*bytes)[i]) << i * 8;
    return value;
  }

  // Through a file: the debugger prints bytes one by one.
  std::vector<std::uint8_t> block(std::uint32_t at, std::uint32_t size) {
    constexpr const char* kFile = "memory.bin";
    if (size == 0) return {};
    bochs_.ask({fmt::format("writemem \"{}\" {:#x} {}", kFile, at, size)});
    const std::filesystem::path path = folder_ / kFile;
    auto bytes = read_file(path, size);
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    if (bytes && bytes->size() == size) return std::move(*bytes);
    if (bochs_.alive()) trouble_ = fmt::format("no {} bytes at {:#x}", size, at);
    return {};
  }

  // Somebody has read a vector's entry, and may be about to enter its handler without INT. One that
  // several vectors share tells nothing.
  void await_entry(std::uint8_t vector) {
    if (vector < IntRecorder::kFirstByHand || vector > IntRecorder::kLastByHand) return;
    const auto handler_of = [&](unsigned v) {
      const auto pointer = static_cast<std::uint32_t>(memory(v * 4, 4));
      return linear(static_cast<std::uint16_t>(pointer >> 16), static_cast<std::uint16_t>(pointer));
    };
    const std::uint32_t handler = handler_of(vector);
    if (const auto known = entries_.find(handler);
        handler == 0 || (known != entries_.end() && known->second == vector))
      return;
    for (unsigned v = IntRecorder::kFirstByHand; v <= IntRecorder::kLastByHand; ++v) {
      if (v != vector && handler_of(v) == handler) return;
    }
    if (entries_.size() >= kMostEntries) return;
    entries_[handler] = vector;
    std::vector<std::string> commands;
    while (!breakpoints_.empty() && breakpoints_.size() + entries_.size() > kBreakpointSlots) {
      commands.push_back(fmt::format("d {}", breakpoints_.front().number));
      breakpoints_.erase(breakpoints_.begin());
    }
    ++breakpoint_number_;
    commands.push_back(fmt::format("lb {:#x}", handler));
    bochs_.ask(commands);
  }

  // A breakpoint behind every call under way, the innermost first; those of calls that have
  // returned stay while there are slots, because the next call is often from the same place.
  void set_breakpoints() {
    std::vector<std::uint32_t> wanted;
    for (const FarPointer& place : recorder().open_returns()) {
      const std::uint32_t at = linear(place.segment, static_cast<std::uint16_t>(place.offset));
      wanted.erase(std::remove(wanted.begin(), wanted.end(), at), wanted.end());
      wanted.push_back(at);
    }
    const std::size_t slots = kBreakpointSlots - entries_.size();
    if (wanted.size() > slots)
      wanted.erase(wanted.begin(), wanted.end() - static_cast<std::ptrdiff_t>(slots));
    std::vector<std::string> commands;
    for (const std::uint32_t at : wanted) {
      const auto known = std::find_if(breakpoints_.begin(), breakpoints_.end(),
                                      [&](const Breakpoint& b) { return b.at == at; });
      if (known != breakpoints_.end()) continue;
      while (breakpoints_.size() >= slots) {
        const auto free =
            std::find_if(breakpoints_.begin(), breakpoints_.end(), [&](const Breakpoint& b) {
              return std::find(wanted.begin(), wanted.end(), b.at) == wanted.end();
            });
        commands.push_back(fmt::format("d {}", free->number));
        breakpoints_.erase(free);
      }
      commands.push_back(fmt::format("lb {:#x}", at));
      breakpoints_.push_back({++breakpoint_number_, at});
    }
    if (!commands.empty()) bochs_.ask(commands);
  }

  struct Breakpoint {
    std::uint64_t number;
    std::uint32_t at;
  };

  BochsDebugger& bochs_;
  std::filesystem::path folder_;
  std::uint64_t rate_;
  cpu::State state_;
  std::uint64_t ticks_ = 0;
  StopRecorder stops_;
  std::vector<Breakpoint> breakpoints_;  // oldest first
  std::uint64_t breakpoint_number_ = 0;
  std::map<std::uint32_t, std::uint8_t> entries_;  // handlers that are watched, and their vectors
  std::string trouble_;
};

// How the guest ended Bochs. Port 501, which ice86 and QEMU take for "exit", is the panic port of
// the VGA BIOS to Bochs, and the value written its line number.
void judge_end(BochsRun& run) {
  const std::string& words = run.last_words;
  constexpr std::string_view kPanic = "VGABIOS panic at vgabios.c, line ";
  const std::size_t panic = words.find(kPanic);
  if (panic != std::string::npos) {
    run.end = BochsEnd::kDebugExit;
    run.debug_exit_value =
        static_cast<std::uint8_t>(std::strtoul(words.c_str() + panic + kPanic.size(), nullptr, 10));
  } else if (words.find("shutdown requested") != std::string::npos) {
    run.end = BochsEnd::kShutdown;
  } else if (words.find("exception with no resolution") != std::string::npos) {
    run.end = BochsEnd::kCrashed;
  } else {
    run.end = BochsEnd::kGaveUp;
  }
}

}  // namespace

Result<BochsRun> run_bochs(const BochsMachine& machine, const BochsLimits& limits) {
  ICE86_TRY_ASSIGN(const auto folder, TemporaryFolder::create("bochs"));
  ICE86_TRY(write_bochs_folder(folder->path(), machine));
  BochsRun run;
  {
    ICE86_TRY_ASSIGN(const auto bochs, BochsDebugger::start(folder->path(), limits.interrupted));
    Watcher watcher(*bochs, folder->path(), machine.instructions_per_microsecond);
    ICE86_TRY_ASSIGN(const bool out_of_time, watcher.run(limits.ticks));
    run.trace.events = watcher.recorder().events();
    run.trace.losses = watcher.recorder().losses();
    run.ticks = watcher.ticks();
    run.last_words = bochs->last_words();
    if (bochs->was_interrupted()) {
      run.end = BochsEnd::kInterrupted;
    } else if (out_of_time) {
      run.end = BochsEnd::kOutOfTime;
    } else {
      judge_end(run);
    }
  }
  const auto serial = folder->path() / kBochsSerialFile;
  std::error_code code;
  if (std::filesystem::exists(serial, code)) {
    ICE86_TRY_ASSIGN(const auto bytes, read_file(serial, kLargestSerialLog));
    run.serial.assign(bytes.begin(), bytes.end());
  }
  run.trace.header.source = "bochs";
  run.trace.header.firmware = machine.firmware.name;
  run.trace.header.rom_sha256 = sha256_hex(machine.firmware.rom);
  run.trace.header.vga_sha256 = machine.firmware.vga_sha256();
  run.trace.header.machine = fmt::format("Bochs i440fx, {} MiB, {} instructions/us",
                                         machine.memory_mib, machine.instructions_per_microsecond);
  return run;
}

}  // namespace ice86::harness
