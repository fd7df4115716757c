// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/bus/port_space.h"

#include <fmt/core.h>

namespace ice86 {

namespace {
constexpr std::uint32_t kPorts = 0x10000;
}

PortSpace::PortSpace(TraceBus& trace) : trace_(trace), owner_(kPorts) {}

Result<PortSpace::Claim*> PortSpace::add(Claim claim) {
  ICE86_ASSERT(claim.count != 0 && claim.registers != nullptr);
  ICE86_ASSERT(claim.most_width == 1 || claim.most_width == 2 || claim.most_width == 4);
  if (!claim.movable) {
    ICE86_ASSERT(claim.base + claim.count <= kPorts);
    for (std::uint32_t port = claim.base; port < claim.base + claim.count; ++port) {
      const Claim* other = find(static_cast<std::uint16_t>(port));
      if (other != nullptr && !other->movable) {
        return Error(
            fmt::format("port {:#06x} of {} is claimed by {}", port, claim.name, other->name));
      }
    }
  }
  claims_.push_back(std::make_unique<Claim>(std::move(claim)));
  render();
  return claims_.back().get();
}

void PortSpace::move(Claim& claim, std::uint32_t base, bool enabled) {
  ICE86_ASSERT(claim.movable);
  if (claim.base == base && claim.enabled == enabled) return;
  claim.base = base;
  claim.enabled = enabled;
  render();
}

void PortSpace::render() {
  owner_.assign(kPorts, 0);
  for (const bool movable : {false, true}) {
    for (std::size_t i = 0; i < claims_.size(); ++i) {
      const Claim& claim = *claims_[i];
      if (claim.movable != movable || !claim.enabled) continue;
      for (std::uint64_t port = claim.base; port < std::uint64_t{claim.base} + claim.count;
           ++port) {
        if (port < kPorts && owner_[port] == 0) owner_[port] = static_cast<std::uint16_t>(i + 1);
      }
    }
  }
}

bool PortSpace::fits(const Claim* claim, std::uint16_t port, unsigned width) const {
  return claim != nullptr && width <= claim->most_width &&
         port - claim->base + width <= claim->count;
}

std::uint32_t PortSpace::read(std::uint16_t port, unsigned width) {
  const Claim* claim = find(port);
  std::uint32_t value;
  if (width == 1 || fits(claim, port, width)) {
    value = claim != nullptr
                ? static_cast<std::uint32_t>(
                      claim->registers->read(claim->offset + (port - claim->base), width) &
                      width_mask(width))
                : static_cast<std::uint32_t>(floating_bus(width));
    if (trace_.wants(TraceCategory::kIo)) {
      trace_.emit(TraceCategory::kIo, "in",
                  {{"owner", claim != nullptr ? claim->name : std::string("-")},
                   {"port", port},
                   {"width", width},
                   {"value", value}});
    }
    return value;
  }
  const unsigned half = width / 2;
  value = read(port, half);
  value |= read(static_cast<std::uint16_t>(port + half), half) << (half * 8);
  return value;
}

void PortSpace::write(std::uint16_t port, unsigned width, std::uint32_t value) {
  const Claim* claim = find(port);
  if (width == 1 || fits(claim, port, width)) {
    value &= static_cast<std::uint32_t>(width_mask(width));
    if (trace_.wants(TraceCategory::kIo)) {
      trace_.emit(TraceCategory::kIo, "out",
                  {{"owner", claim != nullptr ? claim->name : std::string("-")},
                   {"port", port},
                   {"width", width},
                   {"value", value}});
    }
    if (claim != nullptr)
      claim->registers->write(claim->offset + (port - claim->base), width, value);
    return;
  }
  const unsigned half = width / 2;
  write(port, half, value);
  write(static_cast<std::uint16_t>(port + half), half, value >> (half * 8));
}

std::uint32_t PortSpace::peek(std::uint16_t port, unsigned width) const {
  const Claim* claim = find(port);
  if (width == 1 || fits(claim, port, width)) {
    if (claim == nullptr) return static_cast<std::uint32_t>(floating_bus(width));
    return static_cast<std::uint32_t>(
        claim->registers->peek(claim->offset + (port - claim->base), width) & width_mask(width));
  }
  const unsigned half = width / 2;
  return peek(port, half) | peek(static_cast<std::uint16_t>(port + half), half) << (half * 8);
}

}  // namespace ice86
