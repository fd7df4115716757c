// SPDX-License-Identifier: LGPL-2.1-or-later
// The one interface through which a CPU sees the world: memory, ports, interrupt acknowledge, time.
#pragma once

#include <cstdint>

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
  // own decoded instructions, and only to those that change.
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

  // The machine's count of retired instructions. The CPU adds to it and keeps it exact whenever it
  // calls the host and when run() returns.
  virtual std::uint64_t& instructions() = 0;
  // What RDTSC reads, before the guest's own offset: a function of virtual time alone.
  virtual std::uint64_t timestamp_counter() const = 0;
};

}  // namespace ice86::cpu
