// SPDX-License-Identifier: LGPL-2.1-or-later
// PS/2 mouse commands and packets.
// Reference: IBM PS/2 Hardware Interface Technical Reference, mouse section.
#include "devices/i8042/ps2_mouse.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace ice86::devices {

namespace {

constexpr std::uint8_t kAck = 0xFA, kResendRequest = 0xFE, kError = 0xFC, kSelfTestPassed = 0xAA;
constexpr std::uint8_t kWheelIdentifier = 3, kFiveButtonIdentifier = 4;

constexpr std::uint8_t kScaling1 = 0xE6, kScaling2 = 0xE7, kSetResolution = 0xE8, kStatus = 0xE9;
constexpr std::uint8_t kStreamMode = 0xEA, kReadData = 0xEB, kResetWrap = 0xEC, kWrapMode = 0xEE;
constexpr std::uint8_t kRemoteMode = 0xF0, kReadIdentifier = 0xF2, kSetRate = 0xF3, kEnable = 0xF4;
constexpr std::uint8_t kDisable = 0xF5, kDefaults = 0xF6, kResend = 0xFE, kReset = 0xFF;

constexpr int kMostCounts = 255;    // of one packet; 9 bits with the sign
constexpr int kMostKept = 1 << 20;  // counts that wait; more would only overflow

int keep(int value) {
  return std::clamp(value, -kMostKept, kMostKept);
}

// 2:1 scaling: small movements by a table, larger ones doubled.
int scaled(int counts) {
  constexpr int kTable[] = {0, 1, 1, 3, 6, 9};
  const int magnitude = std::abs(counts);
  const int result = magnitude < 6 ? kTable[magnitude] : magnitude * 2;
  return counts < 0 ? -result : result;
}

}  // namespace

Ps2Mouse::Ps2Mouse(Clock& clock) : Ps2Mouse(clock, Config()) {}

Ps2Mouse::Ps2Mouse(Clock& clock, Config config)
    : config_(std::move(config)),
      self_test_(clock, config_.name + ".self-test",
                 [this](Nanoseconds) {
                   state_.self_testing = false;
                   set_defaults();
                   send({kSelfTestPassed, 0x00});
                 }),
      sample_(clock, config_.name + ".sample", [this](Nanoseconds) { sample(); }) {}

void Ps2Mouse::set_defaults() {
  state_.rate = 100;
  state_.resolution = 2;
  state_.reporting = false;
  state_.remote = false;
  state_.double_scaling = false;
  state_.dx = state_.dy = state_.wheel = 0;
  state_.changed = false;
}

void Ps2Mouse::enqueue(const std::uint8_t* bytes, std::size_t size) {
  if (state_.queue_size + size > kQueue) return;
  std::copy_n(bytes, size, state_.queue.begin() + state_.queue_size);
  state_.queue_size = static_cast<std::uint8_t>(state_.queue_size + size);
  output_ready();
}

void Ps2Mouse::send(std::initializer_list<std::uint8_t> packet) {
  std::copy(packet.begin(), packet.end(), state_.packet.begin());
  state_.packet_size = static_cast<std::uint8_t>(packet.size());
  enqueue(packet.begin(), packet.size());
}

void Ps2Mouse::acknowledge(std::initializer_list<std::uint8_t> packet) {
  state_.invalid = false;
  if (packet.size() == 0) return send({kAck});
  enqueue(&kAck, 1);
  send(packet);
}

// The second invalid input in a row is an error. Neither answer is what a resend repeats.
void Ps2Mouse::refuse() {
  const std::uint8_t answer = state_.invalid ? kError : kResendRequest;
  state_.invalid = !state_.invalid;
  enqueue(&answer, 1);
}

std::uint8_t Ps2Mouse::take() {
  if (state_.queue_size == 0) return 0;
  const std::uint8_t byte = state_.queue[0];
  --state_.queue_size;
  std::copy(state_.queue.begin() + 1, state_.queue.end(), state_.queue.begin());
  state_.queue.back() = 0;
  if (state_.queue_size == 0) something_changed();
  return byte;
}

void Ps2Mouse::move(int dx, int dy, int wheel) {
  state_.dx = keep(state_.dx + keep(dx));
  state_.dy = keep(state_.dy + keep(dy));
  state_.wheel = keep(state_.wheel + keep(wheel));
  if (dx == 0 && dy == 0 && (wheel == 0 || !has_wheel())) return;
  state_.changed = true;
  something_changed();
}

void Ps2Mouse::button(Button button, bool pressed) {
  const auto mask = static_cast<std::uint8_t>(1U << static_cast<unsigned>(button));
  const std::uint8_t before = state_.buttons;
  state_.buttons =
      static_cast<std::uint8_t>(pressed ? state_.buttons | mask : state_.buttons & ~mask);
  if (state_.buttons == before) return;
  state_.changed = true;
  something_changed();
}

// In stream mode a packet goes out at the next sample, unless one is still waiting to be fetched.
void Ps2Mouse::something_changed() {
  if (!state_.changed || !state_.reporting || state_.remote || state_.wrap) return;
  if (state_.queue_size != 0 || sample_.armed()) return;
  sample_.arm_in(Nanoseconds{1'000'000'000} / std::max<unsigned>(state_.rate, 1));
}

void Ps2Mouse::sample() {
  if (state_.changed && state_.reporting && !state_.remote && !state_.wrap &&
      state_.queue_size == 0) {
    send_packet(true);
  }
}

void Ps2Mouse::send_packet(bool stream) {
  const int dx = std::clamp(state_.dx, -kMostCounts, kMostCounts);
  const int dy = std::clamp(state_.dy, -kMostCounts, kMostCounts);
  const int wheel = std::clamp(state_.wheel, -8, 7);
  state_.dx -= dx;
  state_.dy -= dy;
  state_.wheel -= wheel;
  // Scaling applies to what the mouse sends by itself, not to answers.
  const int x = std::clamp(stream && state_.double_scaling ? scaled(dx) : dx, -256, 255);
  const int y = std::clamp(stream && state_.double_scaling ? scaled(dy) : dy, -256, 255);
  const auto first = static_cast<std::uint8_t>(0x08 | (state_.buttons & 7) | (x < 0 ? 0x10 : 0) |
                                               (y < 0 ? 0x20 : 0));
  state_.changed = state_.dx != 0 || state_.dy != 0 || (state_.wheel != 0 && has_wheel());
  if (has_wheel()) {
    // With five buttons the wheel has four bits, and the buttons bits 4 and 5.
    const auto fourth = static_cast<std::uint8_t>(
        state_.identifier == kFiveButtonIdentifier ? (wheel & 0x0F) | (state_.buttons & 0x18) << 1
                                                   : wheel);
    send({first, static_cast<std::uint8_t>(x), static_cast<std::uint8_t>(y), fourth});
  } else {
    send({first, static_cast<std::uint8_t>(x), static_cast<std::uint8_t>(y)});
  }
}

void Ps2Mouse::receive(std::uint8_t byte) {
  if (state_.wrap && byte != kReset && byte != kResetWrap) {
    send({byte});
    return;
  }
  if (state_.command != 0) {
    parameter(std::exchange(state_.command, std::uint8_t{0}), byte);
    return;
  }
  command(byte);
}

void Ps2Mouse::command(std::uint8_t byte) {
  // A command ends what was being sent.
  if (byte != kResend) state_.queue_size = 0;
  switch (byte) {
    case kScaling1:
    case kScaling2:
      state_.double_scaling = byte == kScaling2;
      acknowledge();
      break;
    case kSetResolution:
    case kSetRate:
      state_.command = byte;
      acknowledge();
      break;
    case kStatus: {
      const unsigned buttons =
          (state_.buttons & 1U) << 2 | (state_.buttons & 4U) >> 1 | (state_.buttons & 2U) >> 1;
      acknowledge(
          {static_cast<std::uint8_t>((state_.remote ? 0x40 : 0) | (state_.reporting ? 0x20 : 0) |
                                     (state_.double_scaling ? 0x10 : 0) | buttons),
           state_.resolution, state_.rate});
      break;
    }
    case kStreamMode:
    case kRemoteMode:
      state_.remote = byte == kRemoteMode;
      acknowledge();
      break;
    case kReadData:
      acknowledge();
      send_packet(false);
      break;
    case kResetWrap:
    case kWrapMode:
      state_.wrap = byte == kWrapMode;
      acknowledge();
      break;
    case kReadIdentifier: acknowledge({state_.identifier}); break;
    case kEnable:
    case kDisable:
      state_.reporting = byte == kEnable;
      state_.dx = state_.dy = state_.wheel = 0;
      state_.changed = false;
      acknowledge();
      break;
    case kDefaults:
      set_defaults();
      acknowledge();
      break;
    case kResend: enqueue(state_.packet.data(), state_.packet_size); break;
    case kReset:
      acknowledge();
      state_.self_testing = true;
      state_.identifier = 0;
      state_.wrap = false;
      state_.rates = {};
      set_defaults();
      self_test_.arm_in(config_.self_test_time);
      break;
    default: refuse(); break;
  }
}

void Ps2Mouse::parameter(std::uint8_t command, std::uint8_t byte) {
  if (command == kSetResolution) {
    if (byte > 3) return refuse();
    state_.resolution = byte;
    return acknowledge();
  }
  constexpr std::uint8_t kRates[] = {10, 20, 40, 60, 80, 100, 200};
  if (std::find(std::begin(kRates), std::end(kRates), byte) == std::end(kRates)) {
    return refuse();
  }
  state_.rate = byte;
  state_.rates = {state_.rates[1], state_.rates[2], byte};
  if (state_.rates == std::array<std::uint8_t, 3>{200, 100, 80}) {
    state_.identifier = kWheelIdentifier;
  } else if (state_.rates == std::array<std::uint8_t, 3>{200, 200, 80}) {
    state_.identifier = kFiveButtonIdentifier;
  }
  acknowledge();
}

void Ps2Mouse::reset(ResetKind kind) {
  // As the keyboard: its own power-on reset, no reset wire.
  if (kind != ResetKind::kPowerOn) return;
  self_test_.cancel();
  sample_.cancel();
  state_ = {};
}

void Ps2Mouse::serialize(Archive& archive) {
  archive.section(config_.name, 2, [&] {
    archive.io(state_.queue);
    archive.io(state_.queue_size);
    archive.io(state_.packet);
    archive.io(state_.packet_size);
    archive.io(state_.invalid);
    archive.io(state_.command);
    archive.io(state_.identifier);
    archive.io(state_.rates);
    archive.io(state_.rate);
    archive.io(state_.resolution);
    archive.io(state_.buttons);
    archive.io(state_.reporting);
    archive.io(state_.remote);
    archive.io(state_.wrap);
    archive.io(state_.double_scaling);
    archive.io(state_.self_testing);
    archive.io(state_.changed);
    archive.io(state_.dx);
    archive.io(state_.dy);
    archive.io(state_.wheel);
    if (state_.queue_size > kQueue || state_.packet_size > state_.packet.size()) {
      archive.fail("an impossible queue is stored");
      state_ = {};
    }
  });
  if (!archive.loading()) return;
  state_.dx = keep(state_.dx);
  state_.dy = keep(state_.dy);
  state_.wheel = keep(state_.wheel);
  state_.buttons &= 0x1F;
}

std::string Ps2Mouse::dump() const {
  return fmt::format(
      "{}: id {} {}{} {} samples/s resolution {} buttons {:x} moved {},{} queued {}\n",
      config_.name, state_.identifier, state_.remote ? "remote" : "stream",
      state_.reporting ? "" : " disabled", state_.rate, state_.resolution, state_.buttons,
      state_.dx, state_.dy, state_.queue_size);
}

}  // namespace ice86::devices
