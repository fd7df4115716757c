// SPDX-License-Identifier: LGPL-2.1-or-later
// The world of a fuzzed CPU: little memory of every kind a board has, and ports that do to the
// CPU's pins whatever a board could do, in the middle of an instruction.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

#include "cpu/cpu.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/ram.h"
#include "emulator/bus/trace.h"
#include "tests/fuzz/random.h"

namespace ice86::cpu::fuzz {

using ice86::fuzz::mix;
using ice86::fuzz::Random;

// The map: RAM from 0, again at kAliasAt and (below 1 MiB + 64 KiB, for A20) at 1 MiB; SMRAM, seen
// in system management mode alone; ROM; registers, which have no direct access; nothing elsewhere.
constexpr std::uint32_t kRamBytes = 0x40000;
constexpr Gpa kSmramAt = 0xa0000, kRegistersAt = 0xb0000, kRomAt = 0xc0000, kHighAt = 0x100000,
              kAliasAt = 0x400000;
constexpr std::uint32_t kWindowBytes = 0x10000;

class FuzzHost final : public CpuHost {
 public:
  explicit FuzzHost(CpuModel model);

  Cpu& cpu() { return cpu_; }
  std::uint8_t* ram() { return ram_.get(); }
  std::uint8_t* smram() { return smram_.get(); }
  bool print_events = false;
  std::uint64_t retired() { return clock_.instructions(); }

  // Everything as after power on, memory zero; `seed` decides what ports and registers answer.
  void power_on(std::uint64_t seed);
  // What another bus master does: the CPU is told as a board would tell it.
  void dma_write(std::uint32_t at, std::uint8_t value);
  void serialize(Archive& archive);
  // Of all that a guest can see.
  std::uint64_t hash();

  PageView page(Gpa gpa) override;
  std::uint64_t memory_read(Gpa gpa, unsigned width) override;
  void memory_write(Gpa gpa, unsigned width, std::uint64_t value) override;
  std::uint64_t memory_peek(Gpa gpa, unsigned width) const override;
  void code_write(const std::uint8_t*) override {}
  std::uint32_t port_read(std::uint16_t port, unsigned width) override;
  void port_write(std::uint16_t port, unsigned width, std::uint32_t value) override;
  void smm_changed(bool in_smm) override;
  void ferr_changed(bool asserted) override { ferr_ = asserted; }
  std::uint8_t acknowledge_interrupt() override;
  bool x2apic_read(std::uint32_t index, std::uint64_t& value) override;
  bool x2apic_write(std::uint32_t index, std::uint64_t value) override;
  std::uint64_t tsc_deadline() const override { return deadline_; }
  void set_tsc_deadline(std::uint64_t count) override { deadline_ = count; }
  std::optional<std::uint8_t> task_priority() const override { return priority_; }
  void set_task_priority(std::uint8_t priority) override { priority_ = priority; }
  std::uint64_t& instructions() override { return clock_.instructions(); }
  std::uint64_t timestamp_counter() const override { return clock_.instructions() * 3; }

 private:
  // Heap blocks of their exact size: a sanitizer sees one byte beyond them.
  struct Free {
    void operator()(std::uint8_t* bytes) const { std::free(bytes); }
  };
  using Bytes = std::unique_ptr<std::uint8_t, Free>;
  static Bytes allocate(std::uint32_t size);
  // Host address of a byte of RAM, visible SMRAM or ROM; null elsewhere.
  std::uint8_t* host_at(Gpa gpa, std::uint8_t*& flags) const;
  void board_event(std::uint32_t what);

  Clock clock_;
  TraceBus trace_{clock_};
  Bytes ram_, smram_, rom_;
  std::vector<std::uint8_t> ram_flags_, smram_flags_;
  Random random_{0};
  bool smram_visible_ = false;
  bool ferr_ = false;
  bool a20_ = true;
  std::uint8_t priority_ = 0;
  std::uint64_t deadline_ = 0;
  Cpu cpu_;  // last: its constructor asks the host
};

}  // namespace ice86::cpu::fuzz
