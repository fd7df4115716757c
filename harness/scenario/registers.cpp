// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/scenario/registers.h"

#include <array>
#include <string>

namespace ice86::harness {

namespace {

constexpr std::array<std::string_view, 8> kWords = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
constexpr std::array<std::string_view, 8> kBytes = {"al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"};
constexpr std::array<std::string_view, 6> kSegments = {"es", "cs", "ss", "ds", "fs", "gs"};

// The part of a register that a prefix names: "" 16 bits, "e" 32, "r" 64.
std::optional<std::uint64_t> part(std::uint64_t value, std::string_view name,
                                  std::string_view word) {
  if (name == word) return value & 0xffff;
  if (name.size() != word.size() + 1 || name.substr(1) != word) return std::nullopt;
  if (name[0] == 'e') return value & 0xffffffff;
  if (name[0] == 'r') return value;
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> register_named(const cpu::State& state, std::string_view name) {
  for (unsigned i = 0; i < 8; ++i) {
    if (const auto value = part(state.gpr[i], name, kWords[i])) return value;
    if (name == kBytes[i]) return state.gpr[i & 3] >> (i < 4 ? 0 : 8) & 0xff;
    if (i < kSegments.size() && name == kSegments[i]) return state.segment[i].selector;
    if (name == "r" + std::to_string(i + 8)) return state.gpr[i + 8];
  }
  if (const auto value = part(state.rip, name, "ip")) return value;
  if (const auto value = part(state.rflags, name, "flags")) return value;
  if (name == "cr0") return state.cr0;
  if (name == "cr2") return state.cr2;
  if (name == "cr3") return state.cr3;
  if (name == "cr4") return state.cr4;
  if (name == "efer") return state.efer;
  return std::nullopt;
}

}  // namespace ice86::harness
