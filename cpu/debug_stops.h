// SPDX-License-Identifier: LGPL-2.1-or-later
// Where a debugger outside the machine wants a run to stop. No guest state: the guest can neither
// see these stops nor use them up, and its own debug registers stay its own.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "emulator/bus/types.h"

namespace ice86::cpu {

struct DebugStops {
  enum class Kind {
    kCode,
    kRead,
    kWrite,
    kPort,
    kReset,  // the machine's, not the CPU's: about to be reset
  };
  struct Watch {
    std::uint64_t address = 0;  // linear
    std::uint64_t size = 1;
    bool on_read = false;
    bool on_write = false;
    bool operator==(const Watch&) const = default;
  };
  struct Ports {
    std::uint16_t first = 0, last = 0;
    bool operator==(const Ports&) const = default;
  };
  struct Hit {
    Kind kind = Kind::kCode;
    std::uint64_t address = 0;  // of the instruction, the watch or the ports
    // Retired before the instruction that hit, or fewer. Code stops before it, all others after it.
    // In the middle of a repeated string instruction the count may be that of its first iteration.
    std::uint64_t count = 0;
    std::uint64_t value = 0;  // kPort: the port; kRead, kWrite: the address of the access
    bool dma = false;         // kWrite: a bus master has written, and the value is physical
    bool magic = false;       // kCode: one of `magic`
    std::optional<Gpa> gpa = std::nullopt;  // kCode: one of `physical_code`
  };

  std::vector<std::uint64_t> code;  // linear addresses of instructions, ascending
  std::vector<Gpa> physical_code;   // physical ones, ascending
  // XCHG of a 16-bit register with itself, a bit for each register by its number: code stops there.
  std::uint8_t magic = 0;
  std::vector<Watch> data;
  std::vector<Ports> ports;
  bool reset = false;  // when the guest, or somebody outside, asks for a reset: before it
  // False: hits are noted, and the run goes on.
  bool stop = true;
  // At this count neither code nor a reset stops: the machine stands there and is to go on.
  std::optional<std::uint64_t> pass;
  std::optional<Hit> hit;  // the last one

  bool any_code() const { return !code.empty() || !physical_code.empty() || magic != 0; }
  bool any() const { return any_code() || !data.empty() || !ports.empty() || reset; }
};

}  // namespace ice86::cpu
