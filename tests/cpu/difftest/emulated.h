// SPDX-License-Identifier: LGPL-2.1-or-later
// Executes snippets on ice86's CPU: ring 3 in the same segments as the native run, with a ring 0
// below it whose interrupt gates all lead to a HLT of their own.
#pragma once

#include "tests/cpu/difftest/snippet.h"
#include "tests/cpu/support/flat_host.h"

namespace ice86::cpu::test {

class Emulated {
 public:
  // A CPU with what the host has, too.
  explicit Emulated(Engine engine);
  bool has_long_mode() const;

  // Where the batch's code is written to: kCodeBytes. Call code_changed() afterwards.
  std::uint8_t* code();
  void code_changed() { host_.cpu().forget_code(); }
  // Runs a snippet whose code is in place. A vector of 256 means that it did not end.
  Outcome run(const Snippet& snippet);
  const std::uint8_t* data();

 private:
  static void set_mode(const Snippet& snippet, State& state);

  FeatureSet features_;
  FlatHost host_;
};

}  // namespace ice86::cpu::test
