// SPDX-License-Identifier: LGPL-2.1-or-later
// A state of a machine in memory, to which it goes back at a cost in proportion to what has changed
// since: pages that were written, and parts whose state is another one. What a fuzzer resets with.
//
// A part is looked at when its group was touched (touch_log.h), and loaded when it has changed.
//
// Beside a Timeline, which keeps thousands of states and finds its pages by table: that way every
// part is loaded, all pages are looked at and all code is forgotten, which is a millisecond or more
// with what has to be decoded again. Here there is one state; a flat copy needs no table, parts are
// compared first, and code stays decoded: microseconds. Both leave memory out of an archive by a
// MemoryKeeper, and go by Ram::kDirty; so a machine has one of the two at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "emulator/machine/pc.h"
#include "emulator/machine/touch_log.h"

namespace ice86::machine {

// Writes where they differ alone: most of a page does not, and a host's loads wait for stores whose
// addresses have the same low 12 bits.
void copy_page(std::uint8_t* to, const std::uint8_t* from);

class Checkpoint {
 public:
  // What a return came to.
  struct Cost {
    std::size_t pages = 0;  // of guest memory
    std::size_t parts = 0;  // chips, CPU, clock, media
  };

  // The state as it is now, between two runs. A machine has one checkpoint (or timeline) at a time,
  // and it must not outlive the machine. Loading a snapshot or a power-on reset ends its use: take
  // another one. Errors: host memory that is not there.
  static Result<std::unique_ptr<Checkpoint>> take(Pc& pc);
  ~Checkpoint();
  Checkpoint(const Checkpoint&) = delete;
  Checkpoint& operator=(const Checkpoint&) = delete;

  Cost go_back();
  // Whether all is as it was, memory too, which go_back() finds out by less. For tests: slow.
  bool is_restored() const;

  // Pages of the machine's main memory (by number, from address 0 up to the PCI hole) that were
  // written since take(), go_back() or the last call: those may differ from what page() has.
  const std::vector<std::uint32_t>& written_pages();
  std::span<const std::uint8_t, kPageSize> page(std::uint32_t number) const;
  // The machine's memory itself, to compare with.
  std::span<const std::uint8_t> memory() const;

 private:
  struct Part;
  struct Memory;
  explicit Checkpoint(Pc& pc);
  Result<void> add(Ram& ram);
  std::size_t go_back(Memory& memory);

  Pc& pc_;
  std::vector<Part> parts_;
  std::unique_ptr<TouchLog> touches_;
  std::vector<Memory> memories_;  // main memory first
  std::vector<std::uint32_t> written_;
};

}  // namespace ice86::machine
