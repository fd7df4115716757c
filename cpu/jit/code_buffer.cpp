// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cpu/jit/code_buffer.h"

#include <sys/mman.h>
#include <unistd.h>

namespace ice86::cpu::jit {

CodeBuffer::CodeBuffer(std::size_t size) : size_(size) {
  const int file = memfd_create("ice86-code", MFD_CLOEXEC);
  if (file < 0) return;
  if (ftruncate(file, static_cast<off_t>(size)) == 0) {
    void* writable = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    void* code = mmap(nullptr, size, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0);
    if (writable != MAP_FAILED && code != MAP_FAILED) {
      writable_ = static_cast<std::uint8_t*>(writable);
      code_ = static_cast<std::uint8_t*>(code);
    } else {
      if (writable != MAP_FAILED) munmap(writable, size);
      if (code != MAP_FAILED) munmap(code, size);
    }
  }
  close(file);
}

CodeBuffer::~CodeBuffer() {
  if (!ok()) return;
  munmap(writable_, size_);
  munmap(code_, size_);
}

}  // namespace ice86::cpu::jit
