// SPDX-License-Identifier: LGPL-2.1-or-later
// Executes snippets on the host CPU, in a child process.
// 16- and 32-bit code runs in segments of the child's local descriptor table (modify_ldt(2)). Each
// snippet ends in an exception, INT3 if nothing else: its signal handler notes the registers, and
// returns into the next snippet.
#pragma once

#include <memory>

#include "emulator/base/result.h"
#include "tests/cpu/difftest/snippet.h"

namespace ice86::cpu::test {

class Native {
 public:
  // Fails where the host has no modify_ldt or no room at low addresses.
  static Result<std::unique_ptr<Native>> create();
  ~Native();
  Native(const Native&) = delete;
  Native& operator=(const Native&) = delete;

  // Where the batch's code is written to: kCodeBytes.
  std::uint8_t* code() { return code_; }
  // Runs the first `count` snippets of the batch.
  Result<void> run(const Snippet* snippets, std::uint32_t count, Outcome* outcomes);
  // The data page after the last snippet that ran.
  const std::uint8_t* data() const { return data_; }

 private:
  Native() = default;

  std::uint8_t* code_ = nullptr;
  std::uint8_t* data_ = nullptr;
  Outcome* shared_ = nullptr;
};

}  // namespace ice86::cpu::test
