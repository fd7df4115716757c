// SPDX-License-Identifier: LGPL-2.1-or-later
// 16550A UART with FIFOs; bytes leave and arrive at the programmed line speed in virtual time.
// Reference: National Semiconductor PC16550D datasheet (June 1995), section 8.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "emulator/base/archive.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

// Offsets 0-7.
class Ns16550 final : public RegisterBlock {
 public:
  struct Config {
    std::string name = "uart0";  // section and timer names: one for each chip
    std::function<void(std::uint8_t)>
        transmitted;  // a byte has left the shift register; may be empty
    // The peer sends nothing while the receiver is full, so that none of its bytes is lost: not
    // what a wire does, but a person who pastes into a console means it.
    bool peer_waits = false;
  };
  // The modem status inputs, asserted = true. A null-modem cable to a ready peer asserts these
  // three.
  struct ModemInputs {
    bool cts = true, dsr = true, ri = false, dcd = true;
  };

  // `irq` is INTRPT gated by MCR.OUT2, as PC boards wire it.
  Ns16550(Clock& clock, LevelLine& irq, Config config);

  // Bytes from the peer; they arrive one by one at line speed. Returns how many the line's queue
  // took.
  std::size_t receive(std::span<const std::uint8_t> bytes);
  std::size_t receive_room() const { return kMostWaiting - state_.line.size(); }
  void receive_break();
  void set_modem_inputs(const ModemInputs& inputs);
  // What the guest has handed over and the line has not yet carried away, in order. On a real
  // machine it is lost at power-off; whoever reads a log wants it.
  std::vector<std::uint8_t> unsent() const;
  bool dtr() const { return (state_.mcr & 0x01) != 0; }
  bool rts() const { return (state_.mcr & 0x02) != 0; }

  void reset(ResetKind kind);
  std::uint64_t read(std::uint64_t offset, unsigned width) override;
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override;
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  static constexpr unsigned kFifo = 16;
  static constexpr std::size_t kMostWaiting = 4096;  // bytes on the line, not yet received

  struct Fifo {
    std::array<std::uint8_t, kFifo> bytes{};
    std::array<std::uint8_t, kFifo> errors{};  // LSR bits 4-2 of each byte
    std::uint8_t size = 0;
  };
  struct State {
    std::uint8_t ier = 0, fcr = 0, lcr = 0, mcr = 0, scr = 0;
    std::uint8_t errors = 0;      // LSR bits 4-1, until LSR is read
    std::uint8_t msr_deltas = 0;  // MSR bits 3-0, until MSR is read
    std::uint16_t divisor = 0;
    bool thre_interrupt = false;     // pending; reading IIR or writing THR clears it
    bool timeout_interrupt = false;  // characters wait in the FIFO for four character times
    Fifo receive_fifo, transmit_fifo;
    std::uint8_t shift = 0;
    bool shifting = false;
    ModemInputs inputs;
    std::vector<std::uint8_t> line;  // from the peer, in order
  };

  bool fifo_enabled() const { return (state_.fcr & 0x01) != 0; }
  unsigned trigger_level() const;
  Nanoseconds character_time() const;
  std::uint8_t data_mask() const;
  std::uint8_t iir() const;
  std::uint8_t lsr() const;
  std::uint8_t modem_lines() const;
  void modem_changed(std::uint8_t before);
  bool receiver_full() const { return state_.receive_fifo.size >= (fifo_enabled() ? kFifo : 1); }
  bool peer_stops() const;
  void arrived(std::uint8_t byte, std::uint8_t errors);
  std::uint8_t take_received();
  void restart_timeout();
  void write_transmit(std::uint8_t value);
  void shift_next();
  void transmit_done();
  void receive_done();
  void schedule_receive();
  void write_ier(std::uint8_t value);
  void write_fcr(std::uint8_t value);
  void write_lcr(std::uint8_t value);
  void write_mcr(std::uint8_t value);
  bool interrupt_pin() const;
  void update();

  Config config_;
  LevelLine& irq_;
  State state_;
  Timer transmit_timer_;
  Timer receive_timer_;
  Timer timeout_timer_;
};

}  // namespace ice86::devices
