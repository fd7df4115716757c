// SPDX-License-Identifier: LGPL-2.1-or-later
// What all debugger front ends share: the machine that runs or stands, its stops, and time that
// can go back. GDB, the monitor and QMP each speak to one of these, and may do so at once.
#pragma once

#include <poll.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emulator/machine/pc.h"
#include "emulator/machine/timeline.h"

namespace ice86::debugger {

// Why the machine stands.
struct Stop {
  enum class Reason {
    kAsked,      // somebody wants to look
    kStep,       // as many instructions as were asked for
    kCode,       // a breakpoint: its instruction is next
    kData,       // a watchpoint: the access has happened, or is undone
    kPort,       // the same for a port
    kInterrupt,  // an interrupt is delivered: its handler is next
    kMode,       // the CPU's mode has changed
    kReset,      // a reset is asked for, and next
    kHistoryBegins,
    kCrash,  // triple fault
    kEnd,    // the guest has ended the run
  };
  Reason reason = Reason::kAsked;
  cpu::DebugStops::Hit hit;   // kCode, kData, kPort
  bool read_only = false;     // kData: the watch is for reads and writes both
  machine::RunResult result;  // kCrash, kEnd
  std::string text;           // for people
};

// Whoever speaks to the debugger.
class FrontEnd {
 public:
  virtual ~FrontEnd() = default;
  // What poll(2) has to look at.
  virtual void descriptors(std::vector<pollfd>& list) const = 0;
  // Takes in what has come; never blocks. The machine may be running.
  virtual void serve() = 0;
  // Somebody is there who wants to see how the guest ends.
  virtual bool attached() const = 0;
  virtual void stopped(const Stop& stop) = 0;
  virtual void resumed() {}
};

struct Breakpoint {
  enum class Kind { kCode, kPhysical, kMagic, kWatch, kPorts, kInterrupt, kMode, kReset };
  Kind kind = Kind::kCode;
  const FrontEnd* owner = nullptr;
  // Linear; kPhysical: physical; first port; vector; kMagic: registers as in DebugStops::magic.
  std::uint64_t address = 0;
  std::uint64_t size = 1;  // kWatch: bytes; kPorts: how many
  bool on_read = false, on_write = false;
  bool hardware = false;              // as GDB asked for it; nothing else differs
  std::optional<std::uint8_t> value;  // kPorts: AL at the access; kInterrupt: AH
  std::string file;                   // kReset: physical memory goes there
  unsigned number = 0;                // for people
  bool operator==(const Breakpoint&) const = default;
};

class Debugger final : private cpu::InterruptObserver {
 public:
  // Without a limit of memory: time does not go back.
  Debugger(machine::Pc& pc, std::optional<machine::TimelineOptions> history);
  ~Debugger() override;
  Debugger(const Debugger&) = delete;
  Debugger& operator=(const Debugger&) = delete;

  void add(std::unique_ptr<FrontEnd> front_end);
  // The machine waits for somebody to let it go.
  void start_stopped() { running_ = false; }

  // Pc::run(), with stops in between.
  machine::RunResult run(const machine::RunLimits& limits);

  machine::Pc& pc() { return pc_; }
  machine::Timeline* timeline() { return timeline_.get(); }
  bool repeating() const { return timeline_ && timeline_->repeating(); }
  bool in_past() const { return timeline_ && timeline_->in_past(); }
  bool running() const { return running_; }
  bool quit_asked() const { return quit_; }
  const Stop& last_stop() const { return last_stop_; }

  // ---- What front ends ask for. The machine runs on when serve() has returned. ----
  void go();
  void step(std::uint64_t instructions);
  // Steps until the linear address of the instruction is outside.
  void step_range(std::uint64_t first, std::uint64_t end);
  void go_to_address(std::uint64_t linear);  // a breakpoint for once
  void stop();
  void quit();
  // Back in time. At once; front ends are told. False: time does not go back in this run.
  bool reverse_step(std::uint64_t instructions);
  // The same for what may take long: it happens when serve() has returned, and stop() ends it.
  bool reverse_continue();
  // To the first instruction of the handler at this delivery of the interrupt, counted from 1 at
  // the beginning of history.
  bool go_to_interrupt(std::uint8_t vector, std::uint64_t number);
  // On its way in the past: the machine is nobody's to look at or to change.
  bool travelling() const { return travelling_; }
  // The machine is elsewhere now, through timeline(): front ends are told.
  void moved(const std::string& text);

  // ---- Stops ----
  unsigned insert(Breakpoint breakpoint);
  bool remove(const Breakpoint& breakpoint);
  bool remove(unsigned number);
  void remove_all(const FrontEnd* owner);
  const std::vector<Breakpoint>& breakpoints() const { return breakpoints_; }

  // ---- The guest's registers and memory ----
  const cpu::State& state() const { return pc_.cpu().state(); }
  // Changes a register: the future is forgotten.
  cpu::State& change_state();
  std::uint64_t linear_ip() const;
  // As many bytes as there are. By linear address, or physical.
  std::string read(std::uint64_t address, std::uint64_t size, bool physical);
  bool write(std::uint64_t address, const std::string& bytes, bool physical);
  // Before somebody changes the machine in another way.
  void changed();

  // Where the CPU is, each so many instructions of the present: linear addresses, and how often.
  // 0: no more; what has been counted stays.
  void profile(std::uint64_t interval);
  const std::map<std::uint64_t, std::uint64_t>& samples() const { return samples_; }
  void forget_samples() { samples_.clear(); }

  // A key, the reset button, ... In the past it begins another history; not while the machine is
  // repeating: false.
  bool input(const machine::Input& input);

 private:
  void interrupt_delivered(const cpu::InterruptDelivery& delivery) override;
  void far_transfer(cpu::FarTransfer kind) override;
  bool any_of(Breakpoint::Kind kind) const;
  void rebuild();
  void serve_all();
  void wait(const machine::RunLimits& limits);
  void resume();
  std::optional<machine::RunResult> advance(const machine::RunLimits& limits);
  bool travel(const machine::RunLimits& limits);
  void reverse(const std::function<bool()>& interrupted);
  void find_interrupt(std::uint8_t vector, std::uint64_t number,
                      const std::function<bool()>& interrupted);
  machine::Instant sample(const machine::RunLimits& limits, machine::Instant& visit);
  bool wanted(const cpu::DebugStops::Hit& hit) const;
  Stop stop_of(const machine::RunResult& result);
  void stand(Stop stop);
  std::string keep_memory();
  bool anybody() const;

  machine::Pc& pc_;
  std::unique_ptr<machine::Timeline> timeline_;
  std::vector<std::unique_ptr<FrontEnd>> front_ends_;
  std::vector<Breakpoint> breakpoints_;
  unsigned next_number_ = 1;
  cpu::DebugStops stops_;
  bool running_ = true;
  bool stop_asked_ = false;
  bool quit_ = false;
  std::function<void(const std::function<bool()>&)> journey_;  // in the past, when served
  bool travelling_ = false;
  bool go_on_ = false;  // somebody has let the machine go meanwhile
  struct Count {
    std::uint8_t vector = 0;
    std::uint64_t left = 0;
  };
  std::optional<Count> counting_;
  std::uint64_t sample_each_ = 0;
  std::map<std::uint64_t, std::uint64_t> samples_;
  std::optional<std::uint64_t> step_to_;  // an instruction count
  std::optional<std::pair<std::uint64_t, std::uint64_t>> range_;
  std::optional<std::uint64_t> once_;                  // go_to_address
  std::optional<cpu::InterruptDelivery> interrupted_;  // a kInterrupt breakpoint
  std::optional<machine::RunResult> ended_;            // the guest has ended the run
  unsigned mode_ = 0;
  Stop last_stop_;
};

}  // namespace ice86::debugger
