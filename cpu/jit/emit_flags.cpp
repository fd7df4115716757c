// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the guest's arithmetic flags are: in the host's flags, in memory, or to be made again by
// a few instructions (the recipe). They move only when they must.
#include "cpu/core.h"
#include "cpu/jit/translator.h"

namespace ice86::cpu::jit {

// 0 of no flag is changed by LAHF, SETcc and MOV.
void Translator::save_flags() {
  e_.mov(kValue, kHostRax);
  e_.byte(0x9f);                                   // lahf
  e_.op({0x90, 1, 1}, 0, std::uint8_t{kHostRax});  // seto al
  e_.store(core(&c_.jit_area.flags), kHostRax, 2);
  e_.mov(kHostRax, kValue);
  f_.image = f_.carry_image = true;
}

void Translator::load_flags() {
  e_.mov(kValue, kHostRax);
  e_.op({0xb7, 1, 4}, kHostRax, core(&c_.jit_area.flags));  // movzx eax, word
  e_.byte(0x04), e_.byte(0x7f);                             // add al, 7f: OF if AL was 1
  e_.byte(0x9e);                                            // sahf
  e_.mov(kHostRax, kValue);
}

// CF alone from the image, in the bit where LAHF has left it.
void Translator::load_carry(Emitter& e) const {
  e.op({0xba, 1, 2}, 4, core(&c_.jit_area.flags));  // bt word ..., 8
  e.byte(8);
}

// The host's flags hold these (and more, as it comes).
void Translator::need_flags(std::uint32_t which) {
  if ((which & ~f_.host) == 0) return;
  const bool others = f_.image || f_.recipe;  // can be had again
  if (which == kCarry && others && (f_.carry || f_.carry_image)) {
    if (f_.carry) {
      e_.raw(f_.carry.code.data(), f_.carry.length);
    } else {
      load_carry(e_);
    }
    f_.host = kCarry;
    return;
  }
  if (f_.recipe) {
    e_.raw(f_.recipe.code.data(), f_.recipe.length);
  } else {
    load_flags();
  }
  f_.host = kAllFlags;
}

void Translator::need_image() {
  if (f_.image) return;
  if (f_.recipe && f_.host != kAllFlags) need_flags(kAllFlags);
  save_flags();
}

// The next thing changes the host's flags; these are still wanted.
void Translator::clobber_flags(std::uint32_t live) {
  if (live != 0 && !f_.image && !f_.recipe) save_flags();
  f_.host = 0;
}

// Host registers are about to change that a recipe needs.
void Translator::registers_written(std::uint32_t hosts, std::uint32_t live) {
  if ((f_.carry.registers & hosts) != 0) f_.carry.forget();
  if (!f_.recipe || (f_.recipe.registers & hosts) == 0) return;
  if (live != 0 && !f_.image && (live & ~f_.host) != 0) need_flags(kAllFlags);
  f_.recipe.forget();
}

// A handler may be called that stores to an immediate operand: flags cannot be made from it again.
void Translator::forget_soft() {
  if (f_.carry.soft) f_.carry.forget();
  if (!f_.recipe || !f_.recipe.soft) return;
  need_image();
  f_.recipe.forget();
}

}  // namespace ice86::cpu::jit
