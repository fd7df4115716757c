// SPDX-License-Identifier: LGPL-2.1-or-later
// POST code, debug console, debug exit, Bochs shutdown.
#include "devices/debug_ports/debug_ports.h"

#include <fmt/core.h>

#include <string_view>
#include <utility>

#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

constexpr std::uint8_t kConsolePresent = 0xE9;
constexpr std::string_view kShutdown = "Shutdown";

// Wide accesses to a byte port: the low byte is the port's own.
std::uint8_t low_byte(std::uint64_t value) {
  return static_cast<std::uint8_t>(value);
}

}  // namespace

void PostPort::reset(ResetKind kind) {
  if (kind != ResetKind::kInit) state_ = {};
}

void PostPort::write(std::uint64_t, unsigned width, std::uint64_t value) {
  state_.code = low_byte(value);
  if (trace_.wants(TraceCategory::kPost)) {
    // Firmware of the 2000s writes 16-bit codes; the display shows the low byte.
    trace_.emit(TraceCategory::kPost, "code", {{"value", value & width_mask(width)}});
  }
}

std::uint64_t PostPort::peek(std::uint64_t offset, unsigned width) const {
  return offset == 0 ? state_.code : floating_bus(width);
}

void PostPort::serialize(Archive& archive) {
  archive.section("post", 1, [&] { archive.io(state_.code); });
}

std::string PostPort::dump() const {
  return fmt::format("POST code {:02x}\n", state_.code);
}

DebugConsole::DebugConsole(std::string name, std::function<void(std::uint8_t)> sink)
    : name_(std::move(name)), sink_(std::move(sink)) {}

void DebugConsole::reset(ResetKind kind) {
  if (kind == ResetKind::kPowerOn) state_ = {};
}

void DebugConsole::write(std::uint64_t, unsigned width, std::uint64_t value) {
  for (unsigned i = 0; i < width && i < 8; ++i) {
    ++state_.written;
    if (sink_) sink_(low_byte(value >> (i * 8)));
  }
}

std::uint64_t DebugConsole::peek(std::uint64_t, unsigned) const {
  return kConsolePresent;
}

void DebugConsole::serialize(Archive& archive) {
  archive.section(name_, 1, [&] { archive.io(state_.written); });
}

std::string DebugConsole::dump() const {
  return fmt::format("{}: {} bytes written\n", name_, state_.written);
}

DebugExit::DebugExit(std::function<void(std::uint8_t)> exit) : exit_(std::move(exit)) {}

void DebugExit::reset(ResetKind) {}

void DebugExit::write(std::uint64_t, unsigned, std::uint64_t value) {
  if (exit_) exit_(low_byte(value));
}

std::uint64_t DebugExit::peek(std::uint64_t, unsigned) const {
  return 0;
}

void DebugExit::serialize(Archive& archive) {
  archive.section("debug-exit", 1, [] {});
}

std::string DebugExit::dump() const {
  return "debug exit port\n";
}

void BochsShutdown::reset(ResetKind kind) {
  if (kind != ResetKind::kInit) state_ = {};
}

void BochsShutdown::write(std::uint64_t, unsigned, std::uint64_t value) {
  const char written = static_cast<char>(low_byte(value));
  if (written == kShutdown[state_.matched]) {
    ++state_.matched;
  } else {
    state_.matched = written == kShutdown[0] ? 1 : 0;
  }
  if (state_.matched == kShutdown.size()) {
    state_.matched = 0;
    power_off_.pulse();
  }
}

std::uint64_t BochsShutdown::peek(std::uint64_t, unsigned width) const {
  return floating_bus(width);
}

void BochsShutdown::serialize(Archive& archive) {
  archive.section("bochs-shutdown", 1, [&] { archive.io(state_.matched); });
  if (state_.matched >= kShutdown.size()) state_.matched = 0;
}

std::string BochsShutdown::dump() const {
  return fmt::format("shutdown port: \"{}\" so far\n", kShutdown.substr(0, state_.matched));
}

}  // namespace ice86::devices
