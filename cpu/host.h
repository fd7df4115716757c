// SPDX-License-Identifier: LGPL-2.1-or-later
// The one interface through which a CPU sees the world: memory, ports, interrupt acknowledge, time.
#pragma once

#include <cstdint>
#include <optional>

#include "emulator/bus/memory_space.h"
#include "emulator/bus/types.h"

namespace ice86::cpu {

class CpuHost {
 public:
  virtual ~CpuHost() = default;

  // Direct access to a guest-physical page; valid until Cpu::mapping_changed() is called.
  virtual PageView page(Gpa gpa) = 0;
  // Any access that has no direct pointer; 1, 2, 4 or 8 bytes, inside one page.
  virtual std::uint64_t memory_read(Gpa gpa, unsigned width) = 0;
  virtual void memory_write(Gpa gpa, unsigned width, std::uint64_t value) = 0;
  // Without side effects, for debuggers and disassembly.
  virtual std::uint64_t memory_peek(Gpa gpa, unsigned width) const = 0;
  // A store of the CPU is about to change a page whose Ram::kCode flag is set. The host passes it
  // to Cpu::code_page_written of every other CPU that shares the memory: this one has seen to its
  // own decoded instructions, and only to those that change. Not told of: stores to such a page
  // that its own TLB knows. Several CPUs on one memory would need those, too.
  virtual void code_write(const std::uint8_t* page) = 0;

  // `width` is 1, 2 or 4 bytes.
  virtual std::uint32_t port_read(std::uint16_t port, unsigned width) = 0;
  virtual void port_write(std::uint16_t port, unsigned width, std::uint32_t value) = 0;

  // System management mode begins or ends: a board with SMRAM shows or hides it.
  virtual void smm_changed(bool in_smm) { static_cast<void>(in_smm); }

  // The FERR# pin, with CR0.NE clear: an unmasked x87 exception waits for its handler.
  virtual void ferr_changed(bool asserted) { static_cast<void>(asserted); }

  // INTA: the interrupt controller's vector for the request that the INTR line carries.
  virtual std::uint8_t acknowledge_interrupt() = 0;

  // The local APIC, for a machine that has one. Its number, as CPUID shows it.
  virtual std::uint32_t apic_id() const { return 0; }
  // IA32_APIC_BASE as it is now: place, global enable, x2APIC mode. Also told after a reset.
  virtual void apic_base_changed(std::uint64_t value) { static_cast<void>(value); }
  // MSRs 800 to 8FF in x2APIC mode; false: no such register, or not with this value (#GP).
  virtual bool x2apic_read(std::uint32_t index, std::uint64_t& value) {
    static_cast<void>(index), static_cast<void>(value);
    return false;
  }
  virtual bool x2apic_write(std::uint32_t index, std::uint64_t value) {
    static_cast<void>(index), static_cast<void>(value);
    return false;
  }
  // IA32_TSC_DEADLINE in counts of timestamp_counter(); 0: disarmed.
  virtual std::uint64_t tsc_deadline() const { return 0; }
  virtual void set_tsc_deadline(std::uint64_t count) { static_cast<void>(count); }
  // CR8: the task priority class, 0 to 15; nothing without a local APIC.
  virtual std::optional<std::uint8_t> task_priority() const { return std::nullopt; }
  virtual void set_task_priority(std::uint8_t priority) { static_cast<void>(priority); }

  // The machine's count of retired instructions. The CPU adds to it and keeps it exact whenever it
  // calls the host and when run() returns.
  virtual std::uint64_t& instructions() = 0;
  // What RDTSC reads, before the guest's own offset: a function of virtual time alone.
  virtual std::uint64_t timestamp_counter() const = 0;
  // How fast it counts.
  virtual std::uint64_t timestamp_hz() const { return 1'000'000'000; }
};

}  // namespace ice86::cpu
