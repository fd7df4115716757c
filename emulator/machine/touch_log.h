// SPDX-License-Identifier: LGPL-2.1-or-later
// Which groups of chips the guest may have changed: those whose ports or registers it has accessed,
// and those with a timer whose time has come. Only where a checkpoint listens is anything noted.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "devices/ata/ata_channel.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/memory_space.h"
#include "emulator/bus/port_space.h"
#include "emulator/bus/types.h"

namespace ice86::machine {

// Groups of parts, one bit each. Beyond its group a chip changes what is in no group (interrupt
// controllers, the bridge, CPU and clock), which has to be looked at always, and nothing else;
// whatever is not known to be so is kAll.
namespace group {
constexpr unsigned kNone = 0, kAta0 = 1, kAta1 = 2, kFloppy = 4, kTimer = 8, kHpet = 0x10,
                   kKeyboard = 0x20, kRtc = 0x40, kVideo = 0x80, kSerial = 0x100, kParallel = 0x200,
                   kDebug = 0x400, kOther = 0x800, kAlways = 0x1000, kAll = 0x1fff;
}  // namespace group

class TouchLog {
 public:
  struct Board {
    PortSpace& ports;
    MemorySpace& space;
    const Clock& clock;
    std::array<devices::AtaChannel*, 2> ata;
    bool& from_outside;  // the board sets it: all may have changed
  };
  // Listens from here on; the machine outlives it.
  explicit TouchLog(Board board);
  ~TouchLog();
  TouchLog(const TouchLog&) = delete;
  TouchLog& operator=(const TouchLog&) = delete;

  // Groups since then or the last forget(), when the timers are those of then.
  unsigned groups() const;
  void forget();

 private:
  class Listener;
  RegisterBlock* listen(RegisterBlock& chip, unsigned groups);

  Board board_;
  unsigned touched_ = 0;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<PortSpace::Claim*> claims_;
  std::vector<MemorySpace::Region*> regions_;
  std::vector<std::pair<Nanoseconds, unsigned>> deadlines_;
};

}  // namespace ice86::machine
