// SPDX-License-Identifier: LGPL-2.1-or-later
// The board's network cards, each with the network it is plugged into.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "devices/e1000/e1000.h"
#include "devices/pci/pci_bus.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/memory_space.h"
#include "emulator/bus/packet_port.h"
#include "emulator/machine/network_gate.h"

namespace ice86::machine {

struct NicConfig {
  devices::MacAddress mac = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
  std::vector<std::uint8_t> option_rom;
  // Makes the network on the machine's clock. `name` is for timers and snapshots.
  using MakeNetwork = std::function<Result<std::unique_ptr<Network>>(Clock& clock, TraceBus& trace,
                                                                     const std::string& name)>;
  MakeNetwork network;
  // It answers as the world outside does: frames are input, for replays.
  bool outside = false;
  // Makes what looks at the cable, around the network; none: nothing does.
  using MakeCapture =
      std::function<Result<std::unique_ptr<Network>>(Clock& clock, std::unique_ptr<Network>)>;
  MakeCapture capture;
};

class PcNetwork final {
 public:
  static constexpr unsigned kMostCards = 8;

  // INTA# of a device that changed its level.
  using Interrupt = std::function<void(unsigned device, bool asserted)>;

  // Cards go to PCI devices from `first_device` on.
  Result<void> plug(const std::vector<NicConfig>& configs, unsigned first_device, Clock& clock,
                    TraceBus& trace, MemorySpace& space, devices::PciBus& pci,
                    const Interrupt& interrupt);

  std::size_t count() const { return slots_.size(); }
  devices::E1000& card(std::size_t index) { return *slots_[index]->card; }
  Network& network(std::size_t index) { return *slots_[index]->network; }

  // An idle machine: waits at most `idle` of real time while somebody outside may still answer.
  // True when something came, which may have armed an earlier deadline.
  bool wait(Nanoseconds idle);
  // Networks that are the world outside: told of what comes from them; closed while the machine
  // repeats; a frame that came before.
  void on_frame(const NetworkGate::Told& told);
  void close_outside(bool closed);
  void give(const FrameInput& frame);
  // After a run: what the networks could not do.
  Result<void> finish();

  void reset(ResetKind kind);
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  struct Slot {
    LevelLine inta;
    std::unique_ptr<devices::E1000> card;
    std::unique_ptr<Network> network;
    NetworkGate* gate = nullptr;
  };
  std::vector<std::unique_ptr<Slot>> slots_;
};

}  // namespace ice86::machine
