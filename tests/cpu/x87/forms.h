// SPDX-License-Identifier: LGPL-2.1-or-later
// Every x87 instruction: its encoding, with a memory operand at [esi], and what the operand is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ice86::cpu::test {

enum class MemoryOperand { kNone, kReal32, kReal64, kReal80, kInt16, kInt32, kInt64, kBcd, kImage };

struct X87Form {
  std::vector<std::uint8_t> bytes;
  MemoryOperand operand = MemoryOperand::kNone;
  bool waits = true;    // checks for a pending exception
  bool fisttp = false;  // of SSE3
  std::string name() const;
};

std::vector<X87Form> all_x87_forms();

}  // namespace ice86::cpu::test
