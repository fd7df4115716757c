// SPDX-License-Identifier: LGPL-2.1-or-later
// Whose code an address belongs to: the BIOS, an option ROM, the boot program, or whatever has been
// loaded into memory.
#pragma once

#include <string>
#include <vector>

#include "harness/interrupts/services.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

// The option ROMs that stand between C0000 and F0000 now.
// Reference: Plug and Play BIOS Specification 1.0A section 3; PCI Firmware Specification 3.0
// section 5.1.
std::vector<RomArea> find_roms(const MemoryView& physical);

// "BIOS", "option ROM c0000 (1234:1111)", "boot sector", "memory at 9e000": for calls of an
// interrupt kind, where segment:offset is a real-mode address.
std::string owner_of(const FarPointer& code, const std::vector<RomArea>& roms);

// Who takes a call first: an owner, and for one in memory who hooked the vector and when.
std::string handler_text(const IntEvent& event, const IntTrace& trace);

}  // namespace ice86::harness
