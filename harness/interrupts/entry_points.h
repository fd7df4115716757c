// SPDX-License-Identifier: LGPL-2.1-or-later
// Services that are called and not interrupted: where their entry points are, as their owners tell
// the guest.
// Reference: Standard BIOS 32-bit Service Directory Proposal 0.4; PCI BIOS Specification 2.1
// section 3; APM BIOS Specification 1.2 section 4.6; Plug and Play BIOS Specification 1.0A section
// 4.4; Preboot Execution Environment Specification 2.1 section 3.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "cpu/far_targets.h"
#include "harness/interrupts/services.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

struct EntryPoint {
  CallKind kind = CallKind::kInterrupt;
  bool in_registers = false;  // PXENV+: function and structure in BX and ES:DI, not on the stack
};

class EntryPoints {
 public:
  // Each that is learnt is added to `targets`.
  explicit EntryPoints(cpu::FarTargets& targets) : targets_(targets) {}

  // What is called at this physical address, if anything. In protected mode the BIOS area is looked
  // through for the structures that name an entry there.
  std::optional<EntryPoint> at(std::uint32_t address, bool protected_mode,
                               const MemoryView& physical);

  // A call has returned: it may have given out an entry point.
  void learn(const IntEvent& event, const MemoryView& physical);

  // A boot program is entered: a network card's ROM hands it its entry points, PXENV+ at `pxenv`
  // and !PXE at `pxe`.
  void learn_pxe(std::uint32_t pxenv, std::uint32_t pxe, const MemoryView& physical);

 private:
  void add(std::uint32_t address, EntryPoint entry);

  cpu::FarTargets& targets_;
  std::map<std::uint32_t, EntryPoint> known_;
  std::set<std::uint32_t> unknown_;  // looked for in vain
};

// Name and arguments of such a call. `stack`: linear address of the first argument.
Service describe_entry_call(const EntryPoint& entry, const Registers& in, std::uint32_t stack,
                            const MemoryView& memory);
std::string describe_entry_result(CallKind kind, const Registers& in, const Registers& out,
                                  const MemoryView& memory);

}  // namespace ice86::harness
