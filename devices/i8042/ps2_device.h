// SPDX-License-Identifier: LGPL-2.1-or-later
// What is plugged into a PS/2 port: bytes to the device, and bytes it holds until they are fetched.
// Reference: IBM PS/2 Hardware Interface Technical Reference, Keyboard and Auxiliary Device
// Controller.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

namespace ice86::devices {

class Ps2Device {
 public:
  virtual ~Ps2Device() = default;

  // A byte from the controller.
  virtual void receive(std::uint8_t byte) = 0;
  // Has something to send; take() fetches it. A controller that holds the clock line low does not
  // take.
  virtual bool has_output() const = 0;
  virtual std::uint8_t take() = 0;

  // The controller is told when there is something to take.
  void on_output(std::function<void()> listener) { listener_ = std::move(listener); }

 protected:
  void output_ready() const {
    if (listener_) listener_();
  }

 private:
  std::function<void()> listener_;
};

}  // namespace ice86::devices
