// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/cpu/x87/native_x87.h"

#include <sys/mman.h>

#include <algorithm>
#include <initializer_list>

#include "emulator/base/assert.h"

namespace ice86::cpu::test {

NativeX87::NativeX87()
    : code_(static_cast<std::uint8_t*>(mmap(nullptr, kSlot * kSlots,
                                            PROT_READ | PROT_WRITE | PROT_EXEC,
                                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
  ICE86_ASSERT(code_ != MAP_FAILED);
}

NativeX87::~NativeX87() {
  munmap(code_, kSlot * kSlots);
}

// Arguments by the System V ABI: rdi state, rsi operand, rdx flags, rcx result.
unsigned NativeX87::add(const std::vector<std::uint8_t>& instruction) {
  ICE86_ASSERT(used_ < kSlots);
  std::uint8_t* at = code_ + used_ * kSlot;
  const auto emit = [&](std::initializer_list<std::uint8_t> bytes) {
    at = std::copy(bytes.begin(), bytes.end(), at);
  };
  emit({0x31, 0xc0});              // xor eax, eax
  emit({0x48, 0x0f, 0xae, 0x0f});  // fxrstor64 [rdi]
  emit({0x52, 0x9d});              // push rdx; popfq
  at = std::copy(instruction.begin(), instruction.end(), at);
  emit({0x48, 0x89, 0x01});        // mov [rcx], rax
  emit({0x9c, 0x8f, 0x41, 0x08});  // pushfq; pop qword [rcx + 8]
  emit({0x48, 0x0f, 0xae, 0x07});  // fxsave64 [rdi]
  emit({0xdb, 0xe3});              // fninit
  emit({0xc3});
  return used_++;
}

NativeX87::Result NativeX87::run(unsigned number, FxImage& state, void* operand,
                                 std::uint64_t flags) {
  using Function = void (*)(FxImage*, void*, std::uint64_t, Result*);
  Result result{};
  reinterpret_cast<Function>(code_ + number * kSlot)(&state, operand, flags, &result);
  return result;
}

}  // namespace ice86::cpu::test
