// SPDX-License-Identifier: LGPL-2.1-or-later
// A machine with a firmware that has booted, held at the point where a boot sector calls its
// services; runs inputs from there and says which rules of a BIOS were broken.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emulator/machine/checkpoint.h"
#include "emulator/machine/pc.h"
#include "emulator/machine/symbol_map.h"
#include "harness/fuzz/contract.h"
#include "harness/fuzz/fuzz_disk.h"
#include "harness/fuzz/input.h"

namespace ice86::harness {

struct FuzzTarget {
  enum class Kind { kInterrupt, kPxe, kRom };
  std::string name;  // "int13"
  std::uint8_t vector = 0x13;
  Kind kind = Kind::kInterrupt;
  unsigned service() const {
    return kind == Kind::kInterrupt ? vector : kind == Kind::kPxe ? kPxeService : kRomService;
  }
};
// "int10" to "int1a", "pxe" and "rom" by name, or with a vector of the user's.
Result<FuzzTarget> fuzz_target(const std::string& name, std::optional<unsigned> vector);

// Which drives there are: "full": diskette, disk, CD-ROM; "odd": two disks of odd sizes; "bare": a
// diskette alone.
struct RigOptions {
  FuzzTarget target;
  machine::Firmware firmware;
  cpu::Engine engine = cpu::Engine::kJit;
  std::string drives = "full";
  // Of the network card that "pxe" and "rom" have: from Debian's package ipxe-qemu.
  std::filesystem::path option_rom = "/usr/lib/ipxe/qemu/pxe-e1000.rom";
  // What it does with a call is compared with what this one does, on the same drives.
  std::optional<machine::Firmware> against;
  std::optional<machine::SymbolMap> symbols;  // of the firmware, for reports
};

// A broken rule.
struct Finding {
  std::string oracle;  // its name
  std::string text;    // what was seen
  std::string key;     // equal for what has probably one cause
  std::size_t step = 0;
  FarPointer handler;  // where the machine stood (hang, exception), else the handler's entry
};

// What a call came to.
struct CallResult {
  std::size_t step = 0;
  bool returned = false;
  Registers in, out;
};

struct Execution {
  std::vector<Finding> findings;
  bool slow = false;  // ended by the limit; nothing is known about it
  FarPointer slow_at;
  std::uint64_t instructions = 0;
  std::size_t calls = 0;
  std::array<CallResult, kMostSteps> results;  // of the calls
};

class Rig {
 public:
  // Boots the firmware. Errors: it does not come to load a boot sector, or has no such service.
  static Result<std::unique_ptr<Rig>> create(RigOptions options);
  ~Rig();

  // `limit`: instructions of one call. Deterministic: the same input does the same.
  static constexpr std::uint64_t kQuick = 200'000;
  static constexpr std::uint64_t kPatient = 200'000'000;
  Execution run(std::span<const std::uint8_t> input, std::uint64_t limit = kQuick);
  // Coverage of the last run is counted here; null: not at all.
  void set_edge_map(std::uint8_t* map);
  void set_compare_map(std::uint8_t* map) { pc_->cpu().set_compare_map(map); }

  // After a run that was slow, before the next one: that it hangs. Its key is where it goes round,
  // whatever limit stopped it: the outermost procedure of the loop, and its lowest address there.
  Finding hang(const Execution& execution);

  // Whether RigOptions::against is asked about an execution that has no other finding.
  bool comparing = true;
  bool has_other() const { return other_ != nullptr; }

  // Calls one by one, without oracles, from the last reset() on. DS is not rig::kPacketSegment.
  void reset();
  struct Answer {
    bool returned = false;
    Registers out;
  };
  Answer ask(std::uint8_t vector, const Registers& in);
  // Null: there is none.
  const FuzzDisk* disk_of(std::uint8_t drive) const;
  // The guest sleeps with interrupts on.
  void pass(Nanoseconds time);

  // The steps of an input as text, with what each call came to.
  struct CallReport {
    std::string before, after;  // `after` is empty of what is no call
  };
  using StepSink = std::function<void(const CallReport&)>;
  void on_call(StepSink sink) { sink_ = std::move(sink); }
  // Asked before each instruction of the calls, when it is set: slow.
  void on_instruction(std::function<void(machine::Pc&)> sink) { each_ = std::move(sink); }

  // What the firmware has written to ports E9h and 402h since the last reset, if not too much.
  const std::string& said() const { return said_; }

  const RigOptions& options() const { return options_; }
  machine::Checkpoint::Cost last_reset() const { return last_reset_; }
  // After reset(): it has brought back all that there is. For tests: slow.
  bool is_as_at_start() const { return start_->is_restored(); }
  // Nanoseconds of the processor that resets have taken, when they are timed.
  bool times_resets = false;
  std::uint64_t reset_ns() const { return reset_ns_; }
  machine::Pc& pc() { return *pc_; }

 private:
  explicit Rig(RigOptions options) : options_(std::move(options)) {}
  static std::vector<std::uint8_t> boot_sector();
  Result<void> boot();
  Result<void> plug_network(machine::PcConfig& config);
  Result<void> find_pxe();
  Result<void> find_roms();
  Result<void> learn();
  struct Geometry {
    std::uint32_t heads = 0, sectors = 0;
    std::uint64_t total = 0;
  };
  // Where a call goes, and what it finds on the stack.
  struct Entry {
    FarPointer at;
    std::array<std::uint16_t, 5> words{};  // from SS:SP up: the way back first
    unsigned count = 0;
    std::uint32_t sp_after = rig::kStackTop;
  };
  Entry interrupt(std::uint8_t vector, const CallStep& step) const;
  Entry entry_of(const CallStep& step) const;
  struct CallEnd {
    Entry entry;
    machine::RunResult run;
    Registers out;
    std::uint16_t ss = 0, fs = 0, gs = 0;
    std::uint32_t sp = 0;
    bool returned = false;
    FarPointer at;
  };
  CallEnd call(const Entry& entry, const CallStep& step, std::uint64_t limit);
  machine::RunResult run_guest(std::uint64_t limit);
  void poke(std::uint32_t at, std::span<const std::uint8_t> bytes);
  void touch(std::uint32_t page);
  std::string describe_step(const FuzzStep& step) const;
  void do_event(const EventStep& event);
  void do_disk(const DiskStep& step);
  void judge(const CallStep& step, const CallEnd& end, std::size_t index, Execution& result);
  void judge_memory(const CallStep& step, const CallEnd& end, std::size_t index, Execution& result);
  void judge_data(const CallStep& step, const CallEnd& end, std::size_t index, Execution& result);
  void report(Execution& result, std::size_t index, std::string oracle, std::string detail,
              std::string text);
  void accept_memory();
  void compare(std::span<const std::uint8_t> input, std::uint64_t limit, Execution& result);
  std::string where_memory_is(std::uint32_t at) const;

  RigOptions options_;
  std::unique_ptr<Rig> other_;
  std::unique_ptr<machine::Pc> pc_;
  std::unique_ptr<machine::Checkpoint> start_;
  FuzzDisk* floppy_ = nullptr;
  std::array<FuzzDisk*, 2> disks_{};
  FuzzDisk* cd_ = nullptr;
  std::array<Geometry, 2> geometries_;  // 80h, 81h, as the BIOS tells them
  std::vector<std::uint8_t> shadow_;    // memory as it was before the call
  std::vector<std::uint32_t> touched_;  // pages in which it is not that of start_
  bool unseen_writes_ = false;          // touched_ does not have all of them
  std::uint32_t base_top_ = 0;          // conventional memory ends, by the BIOS
  std::vector<Range> usable_;           // above 1 MiB, by E820
  std::string violation_;               // ATA protocol, during this call
  std::vector<Range> posted_;           // by the calls of this execution
  std::string exception_;               // first CPU exception during this call
  FarPointer exception_at_;
  std::string said_;
  StepSink sink_;
  std::function<void(machine::Pc&)> each_;
  machine::Checkpoint::Cost last_reset_;
  std::uint64_t reset_ns_ = 0;
  FarPointer handler_;               // of the service; the PXE API's entry
  std::vector<FarPointer> roms_;     // entries of option ROMs
  std::filesystem::path tftp_root_;  // while it boots from the network
  Registers in_;
};

}  // namespace ice86::harness
