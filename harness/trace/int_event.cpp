// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/trace/int_event.h"

#include <fmt/core.h>

namespace ice86::harness {

std::string entry_name(const IntEvent& event) {
  switch (event.kind) {
    case CallKind::kInterrupt: return fmt::format("INT {:02X}h", event.vector);
    case CallKind::kHardware: return fmt::format("IRQ {:02X}h", event.vector);
    case CallKind::kException: return fmt::format("exception {:02X}h", event.vector);
    case CallKind::kBios32: return "BIOS32";
    case CallKind::kPciBios: return "PCI BIOS";
    case CallKind::kApm: return "APM";
    case CallKind::kPnp: return "PnP";
    case CallKind::kPxe: return "PXE";
    case CallKind::kEfi: return "EFI";
  }
  return "";
}

}  // namespace ice86::harness
