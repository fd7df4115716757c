// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/session/linear_memory.h"

#include <algorithm>
#include <array>

#include "emulator/base/bits.h"

namespace ice86::harness {

void peek_linear(machine::Pc& pc, std::uint64_t linear, std::span<std::uint8_t> bytes) {
  const cpu::State& state = pc.cpu().state();
  if ((state.cr0 & cpu::cr0::kPg) == 0) return pc.peek_memory(linear, bytes);
  const std::uint64_t mask = (state.efer & cpu::efer::kLma) != 0 ? ~std::uint64_t{0} : 0xffffffff;
  while (!bytes.empty()) {
    const std::size_t part = std::min<std::size_t>(bytes.size(), kPageSize - (linear & kPageMask));
    Gpa address = 0;
    if (pc.cpu().translate(linear, address)) pc.peek_memory(address, bytes.first(part));
    bytes = bytes.subspan(part);
    linear = (linear + part) & mask;
  }
}

std::uint64_t peek_linear(machine::Pc& pc, std::uint64_t linear, unsigned width) {
  std::array<std::uint8_t, 8> bytes{};
  peek_linear(pc, linear, std::span(bytes).first(width));
  return load_le<std::uint64_t>(bytes.data());
}

}  // namespace ice86::harness
