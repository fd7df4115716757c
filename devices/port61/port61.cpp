// SPDX-License-Identifier: LGPL-2.1-or-later
// Port 61h.
// Reference: PIIX3 datasheet (290550-002), section 2.5.5.1.
#include "devices/port61/port61.h"

#include <fmt/core.h>

#include <utility>

#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {
constexpr std::uint8_t kTimer2Gate = 0x01, kSpeaker = 0x02, kRefreshToggle = 0x10,
                       kTimer2Out = 0x20;
// Bits 3-2 mask the two NMI sources, IOCHK# and SERR#; neither is ever asserted on this board, so
// that bits 7-6, which show them, are zero.
constexpr std::uint8_t kWritable = 0x0F;
}  // namespace

Port61::Port61(Pins pins) : pins_(std::move(pins)) {
  reset(ResetKind::kPowerOn);
}

void Port61::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  write(0, 1, 0);
}

void Port61::write(std::uint64_t offset, unsigned, std::uint64_t value) {
  if (offset != 0) return;
  state_.control = static_cast<std::uint8_t>(value & kWritable);
  pins_.timer2_gate.set((state_.control & kTimer2Gate) != 0);
  pins_.speaker.set((state_.control & kSpeaker) != 0);
}

std::uint64_t Port61::peek(std::uint64_t offset, unsigned width) const {
  if (offset != 0) return floating_bus(width);
  std::uint8_t value = state_.control;
  if (pins_.refresh_toggle && pins_.refresh_toggle()) value |= kRefreshToggle;
  if (pins_.timer2_out && pins_.timer2_out()) value |= kTimer2Out;
  return value;
}

void Port61::serialize(Archive& archive) {
  archive.section("port61", 1, [&] { archive.io(state_.control); });
  if (!archive.loading()) return;
  state_.control &= kWritable;
  pins_.timer2_gate.restore((state_.control & kTimer2Gate) != 0);
  pins_.speaker.restore((state_.control & kSpeaker) != 0);
}

std::string Port61::dump() const {
  return fmt::format("port 61: {:02x}\n", peek(0, 1));
}

}  // namespace ice86::devices
