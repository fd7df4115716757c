// SPDX-License-Identifier: LGPL-2.1-or-later
// Records BIOS calls and pairs each with its return: IRET, RETF 2, RETF, chained handlers, calls
// that never return, hardware interrupts in between. Calls of a virtual-8086 program are seen where
// its monitor gets them; services with an entry point of their own (BIOS32, PCI, APM, PnP, PXE),
// where that is called.
#pragma once

#include <array>
#include <functional>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "cpu/cpu.h"
#include "emulator/bus/clock.h"
#include "harness/interrupts/call_filter.h"
#include "harness/interrupts/entry_points.h"
#include "harness/interrupts/vector_log.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

class IntRecorder final : public cpu::InterruptObserver {
 public:
  // What the recorder sees of the machine; tests script it.
  struct View {
    std::function<const cpu::State&()> state;
    // Guest memory at a linear address, without side effects; 1, 2, 4 or 8 bytes.
    std::function<std::uint64_t(std::uint32_t linear, unsigned width)> memory;
    std::function<std::uint64_t()> instructions;
    std::function<Nanoseconds()> time;
    // Many bytes at once, where they are or put into `room`; none: memory() is asked for each.
    std::function<std::span<const std::uint8_t>(std::uint32_t linear, std::span<std::uint8_t> room)>
        block = nullptr;
    // The same by physical address, and linear to physical; none: entry points are not looked for,
    // nor is the vector table.
    MemoryView physical = nullptr;
    std::function<std::optional<std::uint32_t>(std::uint32_t linear)> to_physical = nullptr;
  };

  // INT instructions that are recorded: the BIOS's vectors, 40h and 42h, where INT 13h and 10h pass
  // diskettes and the first adapter's calls on, and expanded memory. INT 1Ch, 4Ah and 70h-77h are
  // the BIOS's own to the timer's and the clock's users: they belong to hardware interrupts.
  static constexpr bool records(std::uint8_t vector) {
    return (vector < 0x20 && vector != 0x1c) || vector == 0x40 || vector == 0x42 || vector == 0x67;
  }

  // Vectors whose handlers programs also enter by a far jump, call or return, with a frame they
  // have pushed themselves: SYSLINUX does so for all of its calls. Lower ones are exceptions and
  // hardware interrupts.
  static constexpr std::uint8_t kFirstByHand = 0x10, kLastByHand = 0x1a;
  // The machine is in real mode, at the first instruction of this vector's handler, and no INT
  // brought it there. False: it is a call that is known already.
  bool entered(std::uint8_t vector);

  struct Options {
    bool hardware = false;         // hardware interrupts and exceptions as well
    std::vector<CallFilter> dump;  // whose data in memory is kept whole, not as a digest
  };

  // A guest may not fill the host: what is beyond these is counted in losses().
  struct Limits {
    std::size_t events = 4'000'000;
    std::size_t open = 256;          // calls under way: a boot loader that restarts piles them up
    std::size_t dumped = 256 << 20;  // bytes kept whole; a digest after that
  };

  explicit IntRecorder(View view) : IntRecorder(std::move(view), Limits()) {}
  IntRecorder(View view, Limits limits) : IntRecorder(std::move(view), limits, Options()) {}
  IntRecorder(View view, Limits limits, Options options)
      : view_(std::move(view)), limits_(limits), options_(std::move(options)) {
    targets_.add(kBootProgram);
  }

  IntRecorder(const IntRecorder&) = delete;
  IntRecorder& operator=(const IntRecorder&) = delete;

  void interrupt_delivered(const cpu::InterruptDelivery& delivery) override;
  void far_transfer(cpu::FarTransfer kind) override;
  const cpu::FarTargets& far_targets() const override { return targets_; }

  // The calls so far, in order. Those that have not returned say so.
  const std::vector<IntEvent>& events() const { return events_; }

  // The same for whoever is the last to ask: the recorder is done.
  std::vector<IntEvent> take_events() {
    open_.clear();
    usual_.fill({});
    return std::exchange(events_, {});
  }

  const std::vector<VectorChange>& vector_changes() const { return vectors_.changes(); }

  const TraceLosses& losses() const { return losses_; }

  // Where the calls under way will return to, outermost first; for a recorder that must ask its
  // machine to stop there.
  std::vector<FarPointer> open_returns() const;

 private:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

  struct Open {
    std::size_t event;  // index in events_
    std::uint16_t return_cs;
    std::uint32_t return_ip;
    std::uint16_t ss;
    std::uint32_t sp;           // before the call
    bool sixteen_bit;           // real or virtual-8086 mode: a 16-bit stack pointer counts
    bool far_call;              // no flags on the stack
    bool by_registers = false;  // what it asks for is in its registers alone
    std::size_t like = kNone;   // an earlier call that asked for the same
  };

  // The last call of a place that asked by its registers alone; whether it was answered in them
  // alone, too.
  struct Usual {
    std::size_t event = kNone;
    bool answered = false;
  };

  static constexpr std::uint32_t kBootProgram = 0x7c00;

  void note_vectors();
  void describe(IntEvent& event, Open& open);
  void describe_answer(IntEvent& event, std::size_t number, const Open& open);
  void begin(IntEvent&& event, Open open);
  void far_call(const cpu::State& state);
  void look_for_pxe(const cpu::State& state);
  void note_chain(const cpu::State& state);
  void look_for_entry(const cpu::State& state);
  std::span<const std::uint8_t> bytes_at(std::uint32_t linear, std::span<std::uint8_t> room) const;
  std::string memory_text(const IntEvent& event, const MemoryRange& range);
  void close(std::size_t open_index, ReturnKind how, const cpu::State& state);

  View view_;
  Limits limits_;
  Options options_;
  TraceLosses losses_;
  std::vector<IntEvent> events_;
  std::vector<Open> open_;                // calls under way, outermost first
  std::array<Usual, kCallPlaces> usual_;  // by place_of()
  std::size_t looks_ = 0;                 // at memory, to describe a call
  MemoryView memory_ = [this](std::uint32_t linear, unsigned width) {
    ++looks_;
    return view_.memory(linear, width);
  };
  VectorLog vectors_;
  // Where calls return to, and what note_chain(), far_call() and look_for_entry() know.
  cpu::FarTargets targets_;
  EntryPoints entries_{targets_};
  std::size_t dumped_ = 0;
};

}  // namespace ice86::harness
