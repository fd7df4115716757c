// SPDX-License-Identifier: LGPL-2.1-or-later
#include "devices/pci/enhanced_config.h"

#include <algorithm>

#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

struct Target {
  unsigned device, function, offset;
  bool there;
};

Target target_of(std::uint64_t at) {
  const auto address = static_cast<std::uint32_t>(at);
  const unsigned offset = bits(address, 11, 0);
  return {bits(address, 19, 15), bits(address, 14, 12), offset,
          bits(address, 27, 20) == 0 && offset < 256};
}

// Calls `cycle(target, bytes, shift)` for each configuration cycle of an access: what leaves a
// doubleword is another one.
template <typename Cycle>
void for_each_cycle(std::uint64_t offset, unsigned width, const Cycle& cycle) {
  for (unsigned done = 0; done < width;) {
    const std::uint64_t at = offset + done;
    unsigned bytes = std::min(width - done, 4 - static_cast<unsigned>(at & 3));
    if (bytes == 3) bytes = (at & 1) != 0 ? 1 : 2;
    cycle(target_of(at), bytes, done * 8);
    done += bytes;
  }
}

// The cycles' answers, put together.
template <typename Answer>
std::uint64_t gathered(std::uint64_t offset, unsigned width, const Answer& answer) {
  std::uint64_t value = 0;
  for_each_cycle(offset, width, [&](const Target& to, unsigned bytes, unsigned shift) {
    const std::uint64_t part = to.there ? answer(to, bytes) : floating_bus(bytes);
    value |= part << shift;
  });
  return value;
}

}  // namespace

std::uint64_t PciEnhancedConfig::read(std::uint64_t offset, unsigned width) {
  return gathered(offset, width, [&](const Target& to, unsigned bytes) {
    return bus_.read(to.device, to.function, to.offset, bytes);
  });
}

void PciEnhancedConfig::write(std::uint64_t offset, unsigned width, std::uint64_t value) {
  for_each_cycle(offset, width, [&](const Target& to, unsigned bytes, unsigned shift) {
    if (!to.there) return;
    bus_.write(to.device, to.function, to.offset, bytes,
               static_cast<std::uint32_t>(value >> shift & width_mask(bytes)));
  });
}

std::uint64_t PciEnhancedConfig::peek(std::uint64_t offset, unsigned width) const {
  return gathered(offset, width, [&](const Target& to, unsigned bytes) {
    return bus_.peek(to.device, to.function, to.offset, bytes);
  });
}

}  // namespace ice86::devices
