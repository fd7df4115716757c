// SPDX-License-Identifier: LGPL-2.1-or-later
// A machine whose ROM is a few bytes of code at the reset vector's segment, for the debugger's
// tests.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "emulator/machine/pc.h"

namespace ice86::debugger {

// `code` begins at F000:0000; the reset vector jumps there.
inline std::unique_ptr<machine::Pc> rom_machine(const std::vector<std::uint8_t>& code,
                                                cpu::Engine engine = cpu::Engine::kInterpreter,
                                                std::string* serial = nullptr) {
  std::vector<std::uint8_t> rom(0x10000, 0xf4);
  std::copy(code.begin(), code.end(), rom.begin());
  const std::vector<std::uint8_t> jump = {0xea, 0x00, 0x00, 0x00, 0xf0};
  std::copy(jump.begin(), jump.end(), rom.begin() + 0xfff0);
  machine::PcConfig config;
  config.memory_mib = 4;
  config.engine = engine;
  config.firmware.name = "test";
  config.firmware.rom = rom;
  if (serial != nullptr)
    config.serial[0] = [serial](std::uint8_t byte) { *serial += static_cast<char>(byte); };
  auto pc = machine::Pc::create(std::move(config));
  ICE86_ASSERT(pc);
  return std::move(*pc);
}

// Counts in memory and registers, forever: every state is another.
//   xor ax,ax; mov ds,ax; mov es,ax; mov di,1000h
//   again: inc word [500h]; mov ax,[500h]; stosw; and di,1ffeh; or di,1000h; in al,40h; add bx,ax
//   jmp again
inline std::vector<std::uint8_t> counting_code() {
  return {0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0xbf, 0x00, 0x10,  // set up
          0xff, 0x06, 0x00, 0x05,                                // 09: inc [500h]
          0xa1, 0x00, 0x05,                                      // 0d: mov ax,[500h]
          0xab,                                                  // 10: stosw
          0x81, 0xe7, 0xfe, 0x1f,                                // 11: and di
          0x81, 0xcf, 0x00, 0x10,                                // 15: or di
          0xe4, 0x40,                                            // 19: in al,40h
          0x01, 0xc3,                                            // 1b: add bx,ax
          0xeb, 0xea};                                           // 1d: jmp 09
}

}  // namespace ice86::debugger
