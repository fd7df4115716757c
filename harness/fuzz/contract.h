// SPDX-License-Identifier: LGPL-2.1-or-later
// What a BIOS service may change: registers and memory, by vector and function.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference; EDD 3.0; VBE 3.0; ACPI 6.4
// section 15; PCI BIOS Specification 2.1; PXE 2.1 section 3; PnP BIOS 1.0A section 3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/fuzz/input.h"

namespace ice86::harness {

struct Range {
  std::uint32_t first = 0;
  std::uint32_t size = 0;
  bool holds(std::uint32_t at) const { return at - first < size; }
};

// Services that are no interrupt, in the place of a vector. The PXE API: AH stands for the opcode,
// the structure is at ES:DI. An option ROM's entry for initialisation.
constexpr unsigned kPxeService = 0x100, kRomService = 0x101;

// Bits of the registers in which a service answers; AX is always one.
namespace out {
constexpr unsigned kBx = 1, kCx = 2, kDx = 4, kSi = 8, kDi = 16, kBp = 32, kEs = 64, kDs = 128;
constexpr unsigned kAll = 0xff;
}  // namespace out
unsigned outputs_of(unsigned vector, const Registers& in, const Registers& out);

// Memory of the caller that it hands to the service for its answer. `any`: the service writes
// wherever its arguments say (moving blocks, mapping windows), and nothing is known.
struct Buffers {
  std::vector<Range> ranges;
  bool any = false;
};
Buffers buffers_of(unsigned vector, const CallStep& call);

// Memory of the caller's that is written later, while other calls are made: the flag of INT 15h
// AH=83h.
std::optional<Range> posted_by(unsigned vector, const Registers& in);

// It waits because it is told to: for a key that nobody presses, or for up to 71 minutes.
bool may_wait_for_ever(unsigned vector, const Registers& in);
// It changes the machine as it is told to: a configuration register may reset it, or take away the
// memory that the BIOS is in; a table may be stored over anything.
bool may_break_the_machine(unsigned vector, const Registers& in);

// The BIOS data area and what is beside it, as far as this vector owns it. Hardware interrupts may
// come in at any time: what they own is included.
const std::vector<Range>& data_owned_by(unsigned vector);

// Whether AH is a status on return: zero with CF clear, and not zero with CF set.
bool ah_is_status(unsigned vector, const Registers& in);

// What two firmwares should agree on and do not, in few words; empty: they agree, or the services
// leave it open. Status codes of calls that fail are left open.
std::string difference_of(unsigned vector, const Registers& in, const Registers& a,
                          const Registers& b);

// A transfer of sectors, as the caller asked for it.
struct Transfer {
  bool write = false;
  bool edd = false;
  std::uint8_t drive = 0;
  std::uint32_t count = 0;
  std::uint32_t buffer = 0;  // linear; whole only if it does not wrap in its segment
  bool wraps = false;
  std::uint64_t lba = 0;                             // EDD
  std::uint32_t cylinder = 0, head = 0, sector = 0;  // otherwise
};
bool transfer_of(unsigned vector, const CallStep& call, Transfer& transfer);

}  // namespace ice86::harness
