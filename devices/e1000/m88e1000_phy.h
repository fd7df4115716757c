// SPDX-License-Identifier: LGPL-2.1-or-later
// The copper transceiver inside the 82540EM: IEEE 802.3 management registers with auto-negotiation,
// and the registers 16-21 of the Marvell 88E1000 it descends from.
// Reference: IEEE 802.3-2002 clauses 22.2.4, 28, 40.5; Intel 317453 section 13.4.7 and table 13-20
// onwards (PHY registers).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "emulator/base/archive.h"
#include "emulator/bus/clock.h"

namespace ice86::devices {

class M88e1000Phy final {
 public:
  // How fast the link is: also the encoding of STATUS.SPEED and of the PHY's own status.
  enum class Speed : std::uint8_t { k10 = 0, k100 = 1, k1000 = 2 };

  // `negotiation` is the time from a start of auto-negotiation to its end. `link_changed` is called
  // when link(), speed() or full_duplex() changed.
  M88e1000Phy(Clock& clock, const std::string& name, Nanoseconds negotiation,
              std::function<void()> link_changed);

  std::uint16_t read(unsigned index);
  void write(unsigned index, std::uint16_t value);
  std::uint16_t peek(unsigned index) const;

  // The cable brings a carrier, or none.
  void set_carrier(bool present);

  bool link() const { return state_.link; }
  Speed speed() const { return state_.speed; }
  bool full_duplex() const { return state_.full_duplex; }
  bool loopback() const;
  // An enabled cause in register 19.
  bool interrupting() const { return (interrupt_status_ & registers_[18]) != 0; }

  void reset();  // the reset pin, CTRL.PHY_RST or register 0 bit 15: starts anew
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  static constexpr unsigned kRegisters = 32;
  struct State {
    bool carrier = false;
    bool negotiated = false;  // auto-negotiation has ended
    bool link = false;
    bool link_latch = false;  // register 1 bit 2 as software sees it: low until read
    bool page_received = false;
    Speed speed = Speed::k10;
    bool full_duplex = false;
  };

  bool negotiates() const;
  bool powered() const;
  void restart();
  void resolve();
  void set_link(bool up, Speed speed, bool full_duplex);

  std::function<void()> link_changed_;
  Nanoseconds negotiation_;
  Timer timer_;
  std::array<std::uint16_t, kRegisters> registers_{};
  std::uint16_t interrupt_status_ = 0;
  State state_;
};

}  // namespace ice86::devices
