// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory for translated code. It is mapped twice, once to write and once to execute, so that no
// page is ever both.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ice86::cpu::jit {

class CodeBuffer {
 public:
  explicit CodeBuffer(std::size_t size);
  ~CodeBuffer();
  CodeBuffer(const CodeBuffer&) = delete;
  CodeBuffer& operator=(const CodeBuffer&) = delete;

  bool ok() const { return writable_ != nullptr; }
  // Addresses of code are those it executes at; this is where its bytes are written.
  std::uint8_t* writable(const std::uint8_t* code) const { return writable_ + (code - code_); }
  std::uint8_t* writable(std::uint32_t at) const { return writable_ + at; }
  std::uint32_t offset(const std::uint8_t* code) const {
    return static_cast<std::uint32_t>(code - code_);
  }
  std::uint8_t* next() const { return code_ + used_; }
  void take(std::size_t bytes) { used_ = (used_ + bytes + 15) & ~std::size_t{15}; }
  std::size_t left() const { return size_ - used_; }
  // Forgets all that came after the first `bytes`.
  void rewind(std::size_t bytes) { used_ = bytes; }
  std::size_t used() const { return used_; }

 private:
  std::size_t size_;
  std::size_t used_ = 0;
  std::uint8_t* writable_ = nullptr;
  std::uint8_t* code_ = nullptr;
};

}  // namespace ice86::cpu::jit
