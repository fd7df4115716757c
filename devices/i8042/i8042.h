// SPDX-License-Identifier: LGPL-2.1-or-later
// 8042 keyboard and auxiliary device controller of the PC/AT and PS/2: two registers, two PS/2
// ports, the output port with the A20 gate and the CPU reset line. Reference: IBM PS/2 Hardware
// Interface Technical Reference, Keyboard and Auxiliary Device Controller (Types 1 and 2); Intel
// UPI-41/42 datasheet (231318) for the register interface.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "devices/i8042/ps2_device.h"
#include "emulator/base/archive.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

// Offset 0: data (port 60h); offset 1: status and command (port 64h). The board claims two single
// ports.
class I8042 final : public RegisterBlock {
 public:
  struct Pins {
    LevelLine& keyboard_irq;   // P24
    LevelLine& auxiliary_irq;  // P25
    LevelLine& a20_gate;       // P21; high after reset
    EdgeLine& cpu_reset;       // P20, pulsed
  };
  struct Config {
    std::string name = "i8042";
    // One byte over a PS/2 wire (11 bits). Real wires take 0.7-1.1 ms; see Ps2Keyboard::Config.
    Nanoseconds byte_time = 100'000;
  };

  // A null device: nothing is plugged in; its port then times out as the controller reports it.
  // The devices outlive the controller.
  I8042(Clock& clock, Pins pins, Ps2Device* keyboard, Ps2Device* auxiliary);
  I8042(Clock& clock, Pins pins, Ps2Device* keyboard, Ps2Device* auxiliary, Config config);

  void reset(ResetKind kind);
  std::uint64_t read(std::uint64_t offset, unsigned width) override;
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override;
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  static constexpr unsigned kRam = 32;

  enum class Source : std::uint8_t { kController, kKeyboard, kAuxiliary };
  enum class Wire : std::uint8_t { kIdle, kReceiving, kSending };

  struct Port {
    Wire wire = Wire::kIdle;
    std::uint8_t sending = 0;
    bool break_code = false;  // translation: F0h was seen, the next code is a release
  };
  struct State {
    std::array<std::uint8_t, kRam> ram{};  // byte 0 is the command byte
    std::uint8_t output = 0;
    bool output_full = false;
    Source output_source = Source::kController;
    bool output_error = false;  // status bit 6, receive time-out
    std::uint8_t pending = 0;   // a controller answer that waits for the output buffer
    bool pending_full = false;
    Source pending_source = Source::kController;
    std::uint8_t input = 0;  // a data byte that waits for a busy wire
    bool input_full = false;
    std::uint8_t input_port = 0;  // the port it is for
    bool last_was_command = false;
    std::uint8_t command = 0;  // one that waits for its parameter at the data port
    std::uint8_t output_port = 0;
    bool system_flag = false;
    std::array<Port, 2> ports{};  // 0 keyboard, 1 auxiliary
  };

  void command(std::uint8_t value);
  void data(std::uint8_t value);
  void answer(std::uint8_t value, Source source = Source::kController);
  void fill_output(std::uint8_t value, Source source, bool error);
  void write_command_byte(std::uint8_t value);
  void write_output_port(std::uint8_t value);
  void send_to_device(unsigned port, std::uint8_t value);
  void poll_wires();
  void wire_done(unsigned port);
  bool port_enabled(unsigned port) const;
  std::uint8_t command_byte() const { return state_.ram[0]; }
  std::uint8_t status() const;
  std::uint8_t output_port() const;
  void update_irqs();

  Pins pins_;
  std::array<Ps2Device*, 2> devices_;
  Config config_;
  State state_;
  Timer keyboard_wire_;
  Timer auxiliary_wire_;
};

}  // namespace ice86::devices
