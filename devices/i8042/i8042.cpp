// SPDX-License-Identifier: LGPL-2.1-or-later
// 8042 controller: commands, buffers, wires to the two ports.
// Reference: IBM PS/2 Hardware Interface Technical Reference, Keyboard and Auxiliary Device
// Controller.
#include "devices/i8042/i8042.h"

#include <fmt/core.h>

#include <utility>

#include "devices/i8042/key_code.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

// Status register.
constexpr std::uint8_t kObf = 0x01, kIbf = 0x02, kSys = 0x04, kA2 = 0x08, kNotInhibited = 0x10;
constexpr std::uint8_t kAuxObf = 0x20, kTimeOut = 0x40;

// Command byte.
constexpr std::uint8_t kKeyboardInterrupt = 0x01, kAuxiliaryInterrupt = 0x02, kSystemFlag = 0x04;
constexpr std::uint8_t kDisableKeyboard = 0x10, kDisableAuxiliary = 0x20, kTranslate = 0x40;

// Output port.
constexpr std::uint8_t kResetLine = 0x01, kA20 = 0x02, kKeyboardIrq = 0x10, kAuxiliaryIrq = 0x20;
constexpr std::uint8_t kWires = 0xCC;  // clock and data lines of both ports, pulled up

constexpr std::uint8_t kTransmitTimeOut = 0xFE;
constexpr std::uint8_t kReleasePrefix = 0xF0;

}  // namespace

I8042::I8042(Clock& clock, Pins pins, Ps2Device* keyboard, Ps2Device* auxiliary)
    : I8042(clock, pins, keyboard, auxiliary, Config()) {}

I8042::I8042(Clock& clock, Pins pins, Ps2Device* keyboard, Ps2Device* auxiliary, Config config)
    : pins_(pins),
      devices_{keyboard, auxiliary},
      config_(std::move(config)),
      keyboard_wire_(clock, config_.name + ".keyboard", [this](Nanoseconds) { wire_done(0); }),
      auxiliary_wire_(clock, config_.name + ".auxiliary", [this](Nanoseconds) { wire_done(1); }) {
  for (Ps2Device* device : devices_) {
    if (device != nullptr) device->on_output([this] { poll_wires(); });
  }
  reset(ResetKind::kPowerOn);
}

void I8042::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  state_ = {};
  // The controller's own start-up leaves both ports closed and no interrupt enabled.
  state_.ram[0] = kDisableKeyboard | kDisableAuxiliary;
  state_.output_port = kResetLine | kA20;
  keyboard_wire_.cancel();
  auxiliary_wire_.cancel();
  update_irqs();
  pins_.a20_gate.set(true);
}

std::uint8_t I8042::status() const {
  std::uint8_t value = kNotInhibited;
  if (state_.output_full) value |= kObf;
  if (state_.input_full) value |= kIbf;
  if (state_.system_flag) value |= kSys;
  if (state_.last_was_command) value |= kA2;
  if (state_.output_full && state_.output_source == Source::kAuxiliary) value |= kAuxObf;
  if (state_.output_full && state_.output_error) value |= kTimeOut;
  return value;
}

std::uint8_t I8042::output_port() const {
  return static_cast<std::uint8_t>((state_.output_port & (kResetLine | kA20)) | kWires |
                                   (pins_.keyboard_irq.high() ? kKeyboardIrq : 0) |
                                   (pins_.auxiliary_irq.high() ? kAuxiliaryIrq : 0));
}

void I8042::update_irqs() {
  const bool auxiliary = state_.output_source == Source::kAuxiliary;
  pins_.keyboard_irq.set(state_.output_full && !auxiliary &&
                         (command_byte() & kKeyboardInterrupt) != 0);
  pins_.auxiliary_irq.set(state_.output_full && auxiliary &&
                          (command_byte() & kAuxiliaryInterrupt) != 0);
}

void I8042::fill_output(std::uint8_t value, Source source, bool error) {
  state_.output = value;
  state_.output_full = true;
  state_.output_source = source;
  state_.output_error = error;
  update_irqs();
}

// A controller's answer waits until the host has taken what is in the buffer.
void I8042::answer(std::uint8_t value, Source source) {
  if (!state_.output_full) return fill_output(value, source, false);
  state_.pending = value;
  state_.pending_full = true;
  state_.pending_source = source;
}

bool I8042::port_enabled(unsigned port) const {
  return (command_byte() & (port == 0 ? kDisableKeyboard : kDisableAuxiliary)) == 0;
}

void I8042::send_to_device(unsigned port, std::uint8_t value) {
  Port& to = state_.ports[port];
  if (to.wire == Wire::kSending) {
    state_.input = value;
    state_.input_full = true;
    state_.input_port = static_cast<std::uint8_t>(port);
    return;
  }
  // The host may always interrupt a device that is sending; it keeps its byte.
  to.wire = Wire::kSending;
  to.sending = value;
  to.break_code = false;
  (port == 0 ? keyboard_wire_ : auxiliary_wire_).arm_in(config_.byte_time);
}

// A device may send when its clock is released, the buffer is free and the other device is silent.
void I8042::poll_wires() {
  if (state_.output_full || state_.pending_full) return;
  for (const Port& port : state_.ports) {
    if (port.wire == Wire::kReceiving) return;
  }
  for (unsigned i = 0; i < 2; ++i) {
    Port& port = state_.ports[i];
    if (port.wire != Wire::kIdle || devices_[i] == nullptr) continue;
    if (!port_enabled(i) || !devices_[i]->has_output()) continue;
    port.wire = Wire::kReceiving;
    (i == 0 ? keyboard_wire_ : auxiliary_wire_).arm_in(config_.byte_time);
    return;
  }
}

void I8042::wire_done(unsigned index) {
  Port& port = state_.ports[index];
  Ps2Device* const device = devices_[index];
  const Source source = index == 0 ? Source::kKeyboard : Source::kAuxiliary;
  const Wire was = port.wire;
  port.wire = Wire::kIdle;
  if (was == Wire::kSending) {
    if (device != nullptr) {
      device->receive(port.sending);
    } else if (state_.output_full) {
      answer(kTransmitTimeOut, source);
    } else {
      fill_output(kTransmitTimeOut, source, true);
    }
    if (state_.input_full && state_.input_port == index) {
      state_.input_full = false;
      send_to_device(index, state_.input);
    }
  } else if (was == Wire::kReceiving && device != nullptr && port_enabled(index) &&
             !state_.output_full && device->has_output()) {
    std::uint8_t byte = device->take();
    if (index == 0 && (command_byte() & kTranslate) != 0) {
      if (byte == kReleasePrefix) {
        port.break_code = true;
        return poll_wires();
      }
      byte = translate_set2_to_set1(byte);
      if (port.break_code && byte < 0x80) byte |= 0x80;
      // A prefix between F0h and its code does not occur; a response ends the sequence.
      port.break_code = false;
    }
    fill_output(byte, source, false);
  }
  poll_wires();
}

void I8042::write_command_byte(std::uint8_t value) {
  state_.ram[0] = value;
  state_.system_flag = (value & kSystemFlag) != 0;
  if ((value & kTranslate) == 0) state_.ports[0].break_code = false;
  update_irqs();
  poll_wires();
}

void I8042::write_output_port(std::uint8_t value) {
  state_.output_port = static_cast<std::uint8_t>((value & kA20) | kResetLine);
  pins_.a20_gate.set((value & kA20) != 0);
  // Hardware would hold the CPU in reset for good; the pulse is what any use of it is for.
  if ((value & kResetLine) == 0) pins_.cpu_reset.pulse();
}

void I8042::command(std::uint8_t value) {
  state_.command = 0;
  switch (value) {
    case 0xA4: answer(0xF1); break;  // no password is installed
    case 0xA7: write_command_byte(command_byte() | kDisableAuxiliary); break;
    case 0xA8:
      write_command_byte(command_byte() & static_cast<std::uint8_t>(~kDisableAuxiliary));
      break;
    case 0xA9:
    case 0xAB: answer(0x00); break;  // the wires of a port are sound, plugged or not
    case 0xAA:
      state_.system_flag = true;
      state_.ram[0] |= kSystemFlag;
      answer(0x55);
      break;
    case 0xAD: write_command_byte(command_byte() | kDisableKeyboard); break;
    case 0xAE:
      write_command_byte(command_byte() & static_cast<std::uint8_t>(~kDisableKeyboard));
      break;
    case 0xC0: answer(0x80); break;  // input port: the keyboard lock is open
    case 0xD0: answer(output_port()); break;
    case 0xD1:
    case 0xD2:
    case 0xD3:
    case 0xD4: state_.command = value; break;
    // Not IBM's, but of most compatible controllers: A20 off and on in one command.
    case 0xDD: write_output_port(kResetLine); break;
    case 0xDF: write_output_port(kResetLine | kA20); break;
    case 0xE0:  // test inputs: the clock lines
      answer(static_cast<std::uint8_t>((port_enabled(0) ? 1 : 0) | (port_enabled(1) ? 2 : 0)));
      break;
    default:
      if (value >= 0x20 && value <= 0x3F) {
        answer(state_.ram[value & 0x1F]);
      } else if (value >= 0x60 && value <= 0x7F) {
        state_.command = value;
      } else if (value >= 0xF0) {
        // Output port bits 3-0 go low for 6 us where the command has a zero; bit 0 is the CPU's
        // reset. The A20 gate is back before the next instruction could tell.
        if (!bit(value, 0)) pins_.cpu_reset.pulse();
      }
      break;
  }
}

void I8042::data(std::uint8_t value) {
  const std::uint8_t waiting = std::exchange(state_.command, std::uint8_t{0});
  switch (waiting) {
    case 0:
      // Sending to the keyboard opens its port.
      if (!port_enabled(0)) {
        write_command_byte(command_byte() & static_cast<std::uint8_t>(~kDisableKeyboard));
      }
      send_to_device(0, value);
      break;
    case 0xD1: write_output_port(value); break;
    case 0xD2: answer(value, Source::kKeyboard); break;
    case 0xD3: answer(value, Source::kAuxiliary); break;
    case 0xD4:
      if (!port_enabled(1)) {
        write_command_byte(command_byte() & static_cast<std::uint8_t>(~kDisableAuxiliary));
      }
      send_to_device(1, value);
      break;
    case 0x60: write_command_byte(value); break;
    default: state_.ram[waiting & 0x1F] = value; break;
  }
}

std::uint64_t I8042::peek(std::uint64_t offset, unsigned width) const {
  if (offset == 0) return state_.output;
  return offset == 1 ? status() : floating_bus(width);
}

std::uint64_t I8042::read(std::uint64_t offset, unsigned width) {
  const std::uint64_t value = peek(offset, width);
  if (offset == 0 && state_.output_full) {
    state_.output_full = false;
    state_.output_error = false;
    update_irqs();
    if (state_.pending_full) {
      state_.pending_full = false;
      fill_output(state_.pending, state_.pending_source, false);
    }
    poll_wires();
  }
  return value;
}

void I8042::write(std::uint64_t offset, unsigned, std::uint64_t value) {
  if (offset > 1) return;
  state_.last_was_command = offset == 1;
  if (offset == 1) {
    command(static_cast<std::uint8_t>(value));
  } else {
    data(static_cast<std::uint8_t>(value));
  }
}

void I8042::serialize(Archive& archive) {
  archive.section(config_.name, 1, [&] {
    archive.io(state_.ram);
    archive.io(state_.output);
    archive.io(state_.output_full);
    archive.io(state_.output_source, Source::kAuxiliary);
    archive.io(state_.output_error);
    archive.io(state_.pending);
    archive.io(state_.pending_full);
    archive.io(state_.pending_source, Source::kAuxiliary);
    archive.io(state_.input);
    archive.io(state_.input_full);
    archive.io(state_.input_port);
    archive.io(state_.last_was_command);
    archive.io(state_.command);
    archive.io(state_.output_port);
    archive.io(state_.system_flag);
    for (Port& port : state_.ports) {
      archive.io(port.wire, Wire::kSending);
      archive.io(port.sending);
      archive.io(port.break_code);
    }
    if (state_.input_port > 1) archive.fail("a PS/2 port that does not exist is stored");
    state_.input_port &= 1;
  });
  if (!archive.loading()) return;
  const bool auxiliary = state_.output_source == Source::kAuxiliary;
  pins_.keyboard_irq.restore(state_.output_full && !auxiliary &&
                             (command_byte() & kKeyboardInterrupt) != 0);
  pins_.auxiliary_irq.restore(state_.output_full && auxiliary &&
                              (command_byte() & kAuxiliaryInterrupt) != 0);
  pins_.a20_gate.restore((state_.output_port & kA20) != 0);
}

std::string I8042::dump() const {
  constexpr const char* kWire[] = {"idle", "receiving", "sending"};
  return fmt::format(
      "{}: status {:02x} command byte {:02x} output {:02x} output port {:02x} keyboard wire {} "
      "auxiliary wire {}{}\n",
      config_.name, status(), command_byte(), state_.output, output_port(),
      kWire[static_cast<unsigned>(state_.ports[0].wire)],
      kWire[static_cast<unsigned>(state_.ports[1].wire)],
      state_.command != 0 ? fmt::format(", {:02x} waits for its parameter", state_.command) : "");
}

}  // namespace ice86::devices
