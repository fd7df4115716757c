// SPDX-License-Identifier: LGPL-2.1-or-later
// The translator where there is none: another host, or a build without it.
#include "cpu/jit/jit.h"

namespace ice86::cpu::jit {

CodeBuffer::CodeBuffer(std::size_t size) : size_(size) {}
CodeBuffer::~CodeBuffer() = default;

bool Jit::available() {
  return false;
}
Jit::Jit(Core& core, std::uint32_t hot) : core_(core), hot_(hot), buffer_(0) {}
Jit::~Jit() = default;
bool Jit::run(Block&, std::uint64_t) {
  return false;
}
void Jit::retire(Block&) {}
void Jit::forget_page(std::uint16_t) {}
bool Jit::forget_local() {
  return true;
}

}  // namespace ice86::cpu::jit
