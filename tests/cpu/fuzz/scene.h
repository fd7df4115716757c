// SPDX-License-Identifier: LGPL-2.1-or-later
// Where an execution begins: one of the CPU's modes, with descriptors, page tables and interrupt
// tables that are right enough to get somewhere, and wrong here and there.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "tests/cpu/fuzz/fuzz_host.h"

namespace ice86::cpu::fuzz {

enum class Mode : std::uint8_t {
  kReal16,
  kUnreal,
  kV8086,
  kProtected16,  // these three: paging off, 32-bit or PAE, as it comes
  kProtected32,
  kPaging,  // 32-bit code, always with paging
  kLong64,
  kCompatibility,
  kSmm  // an SMI in any of the others; the stream is its handler
};
constexpr std::array<std::string_view, 9> kModeNames = {
    "real16", "unreal", "v8086", "prot16", "prot32", "paging", "long64", "compat", "smm"};

constexpr std::uint32_t kCodeAt = 0x10000, kCodeBytes = 0x4000;
constexpr std::uint32_t kSmiHandlerAt = 0x38000;

// Puts a machine that is fresh after power on into the mode, all but the stream. Returns the size
// of the code that will run: 16, 32 or 64 bits. Modes that the CPU model does not have become the
// next best one.
unsigned set_scene(Mode mode, Random& random, FuzzHost& host);

}  // namespace ice86::cpu::fuzz
