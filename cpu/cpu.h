// SPDX-License-Identifier: LGPL-2.1-or-later
// One x86 CPU. Runs guest instructions until a count is reached or something stops it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "cpu/cpu_model.h"
#include "cpu/debug_stops.h"
#include "cpu/far_targets.h"
#include "cpu/host.h"
#include "cpu/state.h"
#include "emulator/base/archive.h"
#include "emulator/bus/trace.h"

namespace ice86::cpu {

enum class StopReason {
  kBudget,     // the given number of instructions has retired
  kHalted,     // HLT: nothing happens until an interrupt
  kShutdown,   // triple fault: nothing happens until a reset
  kRequested,  // Cpu::request_stop
};

// What executes instructions. All do the same, to the bit and to the count.
enum class Engine {
  kInterpreter,
  kJit,       // blocks that run often become code of the host
  kJitAtOnce  // all blocks do, when they run first: for tests
};
// Whether this build, on this host, has it.
bool engine_available(Engine engine);

enum class InterruptSource { kSoftware, kException, kExternal, kNmi };

// An interrupt or exception that has been delivered: the CPU stands at the handler's first
// instruction.
struct InterruptDelivery {
  std::uint8_t vector;
  InterruptSource source;
  // Where it will return to, and the interrupted code's registers (flags as they were pushed).
  std::uint16_t return_cs;
  std::uint64_t return_ip;
  std::uint64_t flags;
  // Stack pointer before the frame was pushed.
  std::uint16_t old_ss;
  std::uint64_t old_sp;
};

enum class FarTransfer { kIret, kRetFar, kCallFar, kJmpFar };

// Sees control transfers that the interrupt trace pairs up. Called with the CPU's state up to date.
// Without an observer nothing of it costs anything.
class InterruptObserver {
 public:
  virtual ~InterruptObserver() = default;
  virtual void interrupt_delivered(const InterruptDelivery& delivery) = 0;
  // The transfer has completed: state() is at the target.
  virtual void far_transfer(FarTransfer kind) = 0;
  // In real mode transfers to other places may go unseen. Asked for once; more may be added later.
  virtual const FarTargets& far_targets() const { return FarTargets::all(); }
};

class Core;  // the interpreter's side: cpu/core.h

class Cpu {
 public:
  // `host` and `trace` outlive the CPU. Events: category cpu ("exception", "shutdown",
  // "msr-unknown", ...). The CPU has what its model asks for and the interpreter implements;
  // by default a plain one with all of that.
  // An engine that is not available is the interpreter.
  Cpu(CpuHost& host, TraceBus& trace, CpuModel model = plain_cpu_model(implemented_features()),
      Engine engine = Engine::kInterpreter);
  ~Cpu();
  Cpu(const Cpu&) = delete;
  Cpu& operator=(const Cpu&) = delete;

  void reset(ResetKind kind);

  // Retires at most `instructions`. Each iteration of a repeated string instruction counts as one,
  // so that it can stop at any of them. The delivery of an interrupt or exception counts as one,
  // too.
  StopReason run(std::uint64_t instructions);
  // May be called by the host from within run() (a device that changes a deadline, a reset, an
  // exit): run() returns after the current instruction.
  void request_stop();

  // Pins.
  void set_intr(bool high);
  void set_a20(bool enabled);
  void set_ignne(bool asserted);
  void pulse_nmi();
  void pulse_smi();

  // The host's notices.
  void mapping_changed();  // cached PageViews are stale
  void code_page_written(
      const std::uint8_t* page);  // decoded instructions of this host page are stale
  void forget_code();             // all decoded instructions are stale
  // These bytes of a page whose Ram::kCode flag is set have changed, and no others of it.
  void code_bytes_written(const std::uint8_t* page, std::uint32_t offset, unsigned size);
  void dirty_flags_taken();  // Ram::take_dirty: the next store to any page must be noted

  void set_interrupt_observer(InterruptObserver* observer);
  // A debugger's stops; null: none. They may be changed outside run() when they are set again. A
  // hit ends run() with kRequested and is in `stops->hit`.
  void set_debug_stops(DebugStops* stops);

  // Counts transfers from block to block, for what is guided by coverage: one of kEdgeMapBytes
  // counters at `map` for each pair of linear addresses (as American Fuzzy Lop does it). Counters
  // wrap. Null ends it. After reset_edges() the way begins anew. No part of the guest's state.
  static constexpr unsigned kEdgeMapBits = 15;
  static constexpr std::size_t kEdgeMapBytes = std::size_t{1} << kEdgeMapBits;
  void set_edge_map(std::uint8_t* map);
  // How near CMP's operands have come: one byte for each place (places may share one), 1 and the
  // most bits in which they were the same. As above; slower.
  static constexpr unsigned kCompareMapBits = 12;
  static constexpr std::size_t kCompareMapBytes = std::size_t{1} << kCompareMapBits;
  void set_compare_map(std::uint8_t* map);
  void reset_edges();

  // Up to date outside run() and in the callbacks of CpuHost and InterruptObserver.
  const State& state() const;
  const CpuModel& model() const;
  // For debuggers and tests: change anything outside run(); derived data is recomputed on the next
  // run().
  State& mutable_state();

  // Host pages to which it writes without telling anybody (they have been marked as written).
  void writable_pages(const std::function<void(std::uint8_t* page)>& each) const;

  // Linear to physical as the current mode translates for supervisor reads; nothing changes.
  // Returns false when it does not translate.
  bool translate(std::uint64_t linear, Gpa& gpa) const;

  void serialize(Archive& archive);

 private:
  std::unique_ptr<Core> core_;
};

}  // namespace ice86::cpu
