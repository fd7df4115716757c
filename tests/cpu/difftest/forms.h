// SPDX-License-Identifier: LGPL-2.1-or-later
// The instruction forms that user mode can execute, in one table, and the generator over it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/cpu/difftest/snippet.h"

namespace ice86::cpu::test {

struct Form;  // a row of the table

class Forms {
 public:
  // The forms whose name ("0FA4", "F7.6") begins with `opcode`; empty: all.
  explicit Forms(std::string_view opcode);

  std::size_t size() const { return chosen_.size(); }
  // Depends on its arguments and the chosen forms only. There must be a form.
  Snippet generate(std::uint64_t seed, std::uint64_t index, unsigned bits) const;

  struct One {
    const Form* form;
    std::uint8_t opcode;
  };

 private:
  std::vector<One> chosen_;
};

}  // namespace ice86::cpu::test
