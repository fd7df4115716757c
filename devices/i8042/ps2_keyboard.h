// SPDX-License-Identifier: LGPL-2.1-or-later
// PS/2 keyboard: 101/102 keys, scan code sets 1-3, typematic repeat, commands EDh-FFh.
// Reference: IBM PS/2 Hardware Interface Technical Reference, keyboard (101- and 102-key) section.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

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
  bool has_output() const override {
    return state_.responses.size != 0 || (state_.keys.size != 0 && state_.command == 0);
  }
  std::uint8_t take() override;

  void reset(ResetKind kind);
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  static constexpr unsigned kResponses = 8;
  static constexpr unsigned kKeyBuffer =
      16;  // scan code bytes; one more place for the overrun code

  // A short queue of bytes.
  template <unsigned N>
  struct Queue {
    std::array<std::uint8_t, N> bytes{};
    std::uint8_t size = 0;

    bool push(std::uint8_t byte) {
      if (size == N) return false;
      bytes[size++] = byte;
      return true;
    }
    std::uint8_t pop() {
      const std::uint8_t first = bytes[0];
      --size;
      for (unsigned i = 0; i < size; ++i) bytes[i] = bytes[i + 1];
      bytes[size] = 0;
      return first;
    }
    void clear() { *this = {}; }
  };

  enum class Stroke { kMake, kRepeat, kBreak };
  // What a key sends in scan code set 3.
  enum class KeyType : std::uint8_t { kTypematic, kMakeBreak, kMake, kTypematicMakeBreak };

  struct State {
    Queue<kResponses> responses;  // go out before scan codes
    Queue<kKeyBuffer + 1> keys;
    std::array<bool, kKeyCodes> down{};
    std::array<KeyType, kKeyCodes> types{};
    std::uint8_t command = 0;  // one that waits for its parameter, else 0
    std::uint8_t last_sent = 0;
    std::uint8_t leds = 0;
    std::uint8_t typematic = kDefaultTypematic;
    std::uint8_t scan_set = 2;
    bool scanning = true;
    bool self_testing = false;
    bool repeating = false;
    KeyCode repeat_key = KeyCode::kA;
  };

  static constexpr std::uint8_t kDefaultTypematic = 0x2B;  // after 500 ms, 10.9 a second

  static KeyType default_type(KeyCode key);
  void set_defaults();
  void command(std::uint8_t byte);
  void parameter(std::uint8_t command, std::uint8_t byte);
  void respond(std::initializer_list<std::uint8_t> bytes);
  bool is_down(KeyCode key) const { return state_.down[static_cast<unsigned>(key)]; }
  std::vector<std::uint8_t> set2_sequence(KeyCode key, Stroke stroke) const;
  void send_key(KeyCode key, Stroke stroke);
  void stop_repeat();
  void repeat(Nanoseconds deadline);
  void self_test_done();
  Nanoseconds repeat_delay() const;
  Nanoseconds repeat_period() const;

  Config config_;
  State state_;
  Timer self_test_;
  Timer typematic_;
};

}  // namespace ice86::devices
