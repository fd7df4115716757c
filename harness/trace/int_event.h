// SPDX-License-Identifier: LGPL-2.1-or-later
// One BIOS interrupt call as a trace keeps it, whoever recorded it. The file form is in
// docs/trace-format.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "emulator/base/rare.h"
#include "emulator/base/shared.h"

namespace ice86::harness {

struct FarPointer {
  std::uint16_t segment = 0;
  std::uint64_t offset = 0;  // 64 bits: of EFI
  friend bool operator==(const FarPointer&, const FarPointer&) = default;
};

// What a handler gets and gives back. 32-bit registers: 386 services use their upper halves.
struct Registers {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0, esi = 0, edi = 0, ebp = 0;
  std::uint16_t ds = 0, es = 0;
  std::uint32_t flags = 0;
  // All at once: traces compare them for each call.
  friend bool operator==(const Registers& a, const Registers& b) {
    static_assert(std::has_unique_object_representations_v<Registers>);
    return std::memcmp(&a, &b, sizeof a) == 0;
  }

  std::uint8_t ah() const { return static_cast<std::uint8_t>(eax >> 8); }
  std::uint8_t al() const { return static_cast<std::uint8_t>(eax); }
  std::uint16_t ax() const { return static_cast<std::uint16_t>(eax); }
  bool carry() const { return (flags & 1) != 0; }
};

enum class ReturnKind : std::uint8_t {
  kIret,   // the flags are the caller's as pushed, or as the handler changed them on the stack
  kRetf2,  // RETF 2: the flags are the handler's
  kRetf,   // RETF: the flags word stays on the stack
  kNever,  // the call had not returned when its caller did, or when the trace ended
  kRet,    // RET: kEfi
};

// What kind of call it was. All but the first three are far calls to an entry point that the BIOS,
// a network card's ROM or a service gave out.
enum class CallKind : std::uint8_t {
  kInterrupt,  // INT n
  kHardware,   // an interrupt request or NMI
  kException,  // a CPU exception, in real or virtual-8086 mode
  kBios32,     // the BIOS32 service directory
  kPciBios,    // the PCI BIOS in protected mode: registers as with INT 1Ah AH=B1
  kApm,        // the APM BIOS in protected mode: registers as with INT 15h AH=53
  kPnp,        // the Plug and Play BIOS
  kPxe,        // the PXE API
  kEfi,        // EFI boot and runtime services, and functions of protocols
};
constexpr unsigned kCallKinds = 9;

// What few calls have.
struct CallExtras {
  // What the call left in memory as its answer (a memory map entry, the sectors read): up to 32
  // bytes in hexadecimal, more as "sha256:...". Empty for services that answer in registers only.
  std::string memory;
  // What it was given in memory: a disk address packet, the sectors to write, a string. The same
  // form.
  std::string data;
  // Handlers that the first one passed the call on to, by a far jump or call to what the vector
  // held before.
  std::vector<FarPointer> chain;
  // kEfi: the parameters, and what it returned, with all their bits.
  std::vector<std::uint64_t> parameters;
  std::uint64_t value = 0;
  friend bool operator==(const CallExtras&, const CallExtras&) = default;
};

// A boot makes a hundred thousand of them, so they are kept small.
struct IntEvent {
  CallKind kind = CallKind::kInterrupt;
  std::uint8_t vector = 0;
  ReturnKind how = ReturnKind::kNever;
  unsigned depth = 0;             // 0: called by no other recorded call
  std::uint64_t number = 0;       // in the order of the calls, from 0
  std::uint64_t instruction = 0;  // retired when the handler's first instruction was next
  std::uint64_t time = 0;         // virtual, in nanoseconds
  FarPointer caller;              // the instruction behind the INT
  FarPointer handler;
  Registers in;
  std::optional<Registers> out;    // none: never returned
  std::uint64_t instructions = 0;  // spent until the return
  std::uint64_t duration = 0;      // virtual, in nanoseconds
  Shared<std::string> service;     // "disk: extended read"
  Shared<std::string> arguments;   // decoded, for people
  Shared<std::string> result;
  Rare<CallExtras> extras;
};

// Programs that wait make the same calls again and again, from a few places each: for who keeps the
// last call of every place, and looks whether the next one there is like it.
constexpr std::size_t kCallPlaces = 64;
inline std::size_t place_of(const IntEvent& event) {
  return (event.caller.offset ^ event.in.eax >> 8) % kCallPlaces;
}

// What a call is entered under, for people: "INT 13h", "IRQ 08h", "BIOS32", "EFI".
std::string entry_name(const IntEvent& event);

// An entry of the interrupt vector table has changed.
struct VectorChange {
  std::uint64_t call = 0;  // seen when this call began
  std::uint8_t vector = 0;
  FarPointer before, after;
  FarPointer seen_at;  // the caller of that call: whoever runs then
};

// An option ROM in memory.
struct RomArea {
  std::uint32_t address = 0;
  std::uint32_t size = 0;
  std::string name;  // as the ROM calls itself; may be empty
};

struct TraceHeader {
  std::string source = "ice86";  // ice86, bochs, ...
  std::string firmware;          // name
  std::string rom_sha256;
  std::string vga_sha256;
  std::string machine;        // "pc, 128 MiB"
  std::vector<RomArea> roms;  // by address
};

// What a recorder could not keep. All zero in a whole trace.
struct TraceLosses {
  std::uint64_t calls = 0;    // behind the last one recorded
  std::uint64_t returns = 0;  // calls that are in the trace, and whose return was not waited for
  friend bool operator==(const TraceLosses&, const TraceLosses&) = default;
};

struct IntTrace {
  TraceHeader header;
  TraceLosses losses;
  std::vector<IntEvent> events;
  std::vector<VectorChange> vectors;  // in the order in which they were seen
};

}  // namespace ice86::harness
