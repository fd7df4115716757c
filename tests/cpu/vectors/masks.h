// SPDX-License-Identifier: LGPL-2.1-or-later
// Where later processors differ from the 80286 that the vectors were recorded from, and which flags
// an instruction leaves undefined. Every entry has its reason; docs/cpu-vectors.md has them in a
// table.
#pragma once

#include <string>

namespace ice86::cpu::test {

// One vector and what came of it. `form` is the file's, `bytes` are in hex, a HLT at the end;
// exceptions are vectors or -1.
struct VectorCase {
  const std::string& form;
  const std::string& bytes;
  int recorded_exception;
  int our_exception;
};

// The reason why a vector says nothing about later chips, or null.
const char* mask_of(const VectorCase& vector);

// Flags that the manual leaves undefined after the instruction.
unsigned undefined_flags(const std::string& form, const std::string& bytes);

}  // namespace ice86::cpu::test
