// SPDX-License-Identifier: LGPL-2.1-or-later
// PS/2 mouse: three buttons, and a wheel or a wheel and two more buttons once software asks for
// them the IntelliMouse way.
// Reference: IBM PS/2 Hardware Interface Technical Reference, mouse section; Microsoft, "Windows
// Hardware Design Article: PS/2 Mouse with Wheel" (identifier 3 after sample rates 200, 100, 80)
// and its successor for five buttons (identifier 4 after 200, 200, 80).
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "devices/i8042/ps2_device.h"
#include "emulator/base/archive.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

class Ps2Mouse final : public Ps2Device {
 public:
  enum class Button : std::uint8_t { kLeft, kRight, kMiddle, kFourth, kFifth };

  struct Config {
    std::string name = "mouse";
    Nanoseconds self_test_time = 500'000;  // see Ps2Keyboard::Config
  };

  explicit Ps2Mouse(Clock& clock);
  Ps2Mouse(Clock& clock, Config config);

  // Counts at 4 counts/mm: right, up (away from the user) and wheel towards the user are positive.
  void move(int dx, int dy, int wheel = 0);
  void button(Button button, bool pressed);

  void receive(std::uint8_t byte) override;
  bool has_output() const override { return state_.queue_size != 0; }
  std::uint8_t take() override;

  void reset(ResetKind kind);
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  static constexpr unsigned kQueue = 16;

  struct State {
    std::array<std::uint8_t, kQueue> queue{};
    std::uint8_t queue_size = 0;
    std::array<std::uint8_t, 4> packet{};  // the last one, for a resend
    std::uint8_t packet_size = 0;
    bool invalid = false;      // the last input was not understood
    std::uint8_t command = 0;  // one that waits for its parameter
    std::uint8_t identifier = 0;
    std::array<std::uint8_t, 3> rates{};  // the last sample rates, newest last
    std::uint8_t rate = 100;
    std::uint8_t resolution = 2;
    std::uint8_t buttons = 0;
    bool reporting = false;
    bool remote = false;
    bool wrap = false;
    bool double_scaling = false;
    bool self_testing = false;
    bool changed = false;  // something to report
    std::int32_t dx = 0, dy = 0, wheel = 0;
  };

  void set_defaults();
  void command(std::uint8_t byte);
  void parameter(std::uint8_t command, std::uint8_t byte);
  void acknowledge(std::initializer_list<std::uint8_t> packet = {});
  void refuse();
  void send(std::initializer_list<std::uint8_t> packet);
  void enqueue(const std::uint8_t* bytes, std::size_t size);
  bool has_wheel() const { return state_.identifier != 0; }
  void send_packet(bool stream);
  void something_changed();
  void sample();

  Config config_;
  State state_;
  Timer self_test_;
  Timer sample_;
};

}  // namespace ice86::devices
