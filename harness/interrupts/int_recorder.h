// SPDX-License-Identifier: LGPL-2.1-or-later
// Records BIOS interrupt calls and pairs each with its return: IRET, RETF 2, RETF, chained
// handlers, calls that never return, hardware interrupts in between.
#pragma once

#include <functional>
#include <vector>

#include "cpu/cpu.h"
#include "emulator/bus/clock.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

class IntRecorder final : public cpu::InterruptObserver {
 public:
  // What the recorder sees of the machine; tests script it.
  struct View {
    std::function<const cpu::State&()> state;
    // Guest memory at a real-mode address, without side effects; 1, 2, 4 or 8 bytes.
    std::function<std::uint64_t(std::uint32_t linear, unsigned width)> memory;
    std::function<std::uint64_t()> instructions;
    std::function<Nanoseconds()> time;
    // Many bytes at once, for a machine that is slow to ask; none: memory() is asked.
    std::function<std::vector<std::uint8_t>(std::uint32_t linear, std::uint32_t size)> block =
        nullptr;
  };

  // Vectors that are recorded.
  static constexpr std::uint8_t kFirstVector = 0x10, kLastVector = 0x1a;

  // A guest may not fill the host: what is beyond these is counted in losses().
  struct Limits {
    std::size_t events = 4'000'000;
    std::size_t open = 256;  // calls under way: a boot loader that restarts piles them up
  };

  explicit IntRecorder(View view) : IntRecorder(std::move(view), Limits()) {}
  IntRecorder(View view, Limits limits) : view_(std::move(view)), limits_(limits) {}

  void interrupt_delivered(const cpu::InterruptDelivery& delivery) override;
  void far_transfer(cpu::FarTransfer kind) override;

  // The calls so far, in order. Those that have not returned say so.
  const std::vector<IntEvent>& events() const { return events_; }

  const TraceLosses& losses() const { return losses_; }

  // Where the calls under way will return to, outermost first; for a recorder that must ask its
  // machine to stop there.
  std::vector<FarPointer> open_returns() const;

 private:
  struct Open {
    std::size_t event;  // index in events_
    std::uint16_t return_cs;
    std::uint16_t return_ip;
    std::uint16_t ss;
    std::uint16_t sp;  // before the INT
  };

  Registers registers(const cpu::State& state) const;
  std::string memory_text(std::uint32_t linear, std::uint32_t size) const;
  void close(std::size_t open_index, ReturnKind how);

  View view_;
  Limits limits_;
  TraceLosses losses_;
  std::vector<IntEvent> events_;
  std::vector<Open> open_;  // calls under way, outermost first
};

}  // namespace ice86::harness
