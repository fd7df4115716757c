// SPDX-License-Identifier: LGPL-2.1-or-later
// Names of a guest's functions by address, from a map as nm prints it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "emulator/base/result.h"

namespace ice86::machine {

class SymbolMap {
 public:
  // A symbol a line: its address in hexadecimal, linear or SEG:OFF; nm's letter, if it is there;
  // its name. What is none of it (undefined symbols, headings) is passed over. Errors: there is
  // none.
  static Result<SymbolMap> parse(std::string_view text);

  // "int13_disk+0x12"; empty: the last name before is further away than a function is long.
  std::string at(std::uint64_t linear) const;

 private:
  std::map<std::uint64_t, std::string> names_;
};

}  // namespace ice86::machine
