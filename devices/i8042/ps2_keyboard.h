// SPDX-License-Identifier: LGPL-2.1-or-later
// PS/2 keyboard: 101/102 keys, scan code sets 1-3, typematic repeat, commands EDh-FFh.
// Reference: IBM PS/2 Hardware Interface Technical Reference, keyboard (101- and 102-key) section.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "devices/i8042/key_code.h"
#include "devices/i8042/ps2_device.h"
#include "emulator/base/archive.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

class Ps2Keyboard final : public Ps2Device {
 public:
  struct Config {
    std::string name = "keyboard";
    // From reset to the completion code AAh. A real keyboard takes 0.5-0.75 s; firmware polls for
    // it with counted loops of port accesses, which on this machine cost instruction time only.
    Nanoseconds self_test_time = 500'000;
  };

  explicit Ps2Keyboard(Clock& clock);
  Ps2Keyboard(Clock& clock, Config config);

  // A key goes down or up. Repeated downs are ignored: the keyboard itself makes the repeats.
  void key(KeyCode key, bool pressed);
  // Indicator lights: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock.
  std::uint8_t leds() const { return state_.leds; }

  void receive(std::uint8_t byte) override;
  bool has_output() const override { return state_.queue_size != 0; }
  std::uint8_t take() override;

  void reset(ResetKind kind);
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  static constexpr unsigned kQueue = 32;
  static constexpr unsigned kKeyBuffer = 17;  // 16 codes, then the overrun code

  struct State {
    std::array<std::uint8_t, kQueue> queue{};
    std::uint8_t queue_size = 0;
    std::array<bool, kKeyCodes> down{};
    std::uint8_t command = 0;  // one that waits for its parameter, else 0
    std::uint8_t last_sent = 0;
    std::uint8_t leds = 0;
    std::uint8_t typematic = 0x2B;
    std::uint8_t scan_set = 2;
    bool scanning = true;
    bool self_testing = false;
    bool repeating = false;
    std::uint8_t repeat_key = 0;
    std::array<std::uint8_t, kKeyCodes> set3_mode{};  // set 3: Set3Mode of each key
  };

  void set_defaults();
  void command(std::uint8_t byte);
  void parameter(std::uint8_t command, std::uint8_t byte);
  void send(std::uint8_t byte);
  void send_key(KeyCode key, bool pressed);
  void send_codes(std::initializer_list<std::uint8_t> set2_sequence);
  void stop_repeat();
  void repeat();
  void self_test_done();
  Nanoseconds repeat_delay() const;
  Nanoseconds repeat_period() const;

  Config config_;
  State state_;
  Timer self_test_;
  Timer typematic_;
};

}  // namespace ice86::devices
