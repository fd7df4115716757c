// SPDX-License-Identifier: LGPL-2.1-or-later
// What BIOS services must do by their specifications, as checks that run on any firmware.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "devices/i8042/key_code.h"
#include "harness/fuzz/rig.h"

namespace ice86::harness {

// A machine for one check, and what the check has to say.
class Probe {
 public:
  explicit Probe(Rig& rig) : rig_(rig) {}

  struct Regs {
    std::uint16_t ax = 0, bx = 0, cx = 0, dx = 0, si = 0, di = 0;
    std::uint16_t es = kBuffer >> 4;
  };
  static constexpr std::uint32_t kBuffer = 0x10000;  // of the caller; ES of a call, unless it says
  static constexpr std::uint16_t kData = 0x600;      // DS of every call
  // INT `vector`. The upper halves of the registers are zero; `edx` is more than DX for E820.
  const Registers& call(std::uint8_t vector, const Regs& in, std::uint32_t edx_high = 0);
  // Of the last call.
  const Registers& out() const { return out_; }
  std::uint16_t bx() const { return static_cast<std::uint16_t>(out_.ebx); }
  std::uint16_t cx() const { return static_cast<std::uint16_t>(out_.ecx); }
  std::uint16_t dx() const { return static_cast<std::uint16_t>(out_.edx); }

  std::uint32_t get(std::uint32_t at, unsigned width) const;
  void put(std::uint32_t at, unsigned width, std::uint32_t value);
  void fill(std::uint32_t at, std::uint32_t size, std::uint8_t value);
  std::uint8_t sum(std::uint32_t at, std::uint32_t size) const;
  bool is_sector(std::uint32_t at, std::uint8_t drive, std::uint64_t sector) const;
  void press(devices::KeyCode key, bool down);
  void stroke(devices::KeyCode key);
  void pass(Nanoseconds time) { rig_.pass(time); }

  // The check goes on only while nothing is wrong: `return p.fail(...)`.
  void fail(std::string what);
  void works();  // CF is clear
  void fails();  // CF is set
  void is(std::string_view what, std::uint64_t value, std::uint64_t expected);
  const std::string& problem() const { return problem_; }
  // The calls of one vector, as an input for a fuzzer.
  const Input& calls_of(std::uint8_t vector) { return inputs_[vector]; }

 private:
  Rig& rig_;
  Registers out_;
  std::string problem_;
  std::map<std::uint8_t, Input> inputs_;
};

struct ConformanceCheck {
  std::uint8_t vector;
  const char* name;
  const char* reference;  // document and section
  void (*run)(Probe&);
};
const std::vector<ConformanceCheck>& disk_checks();
const std::vector<ConformanceCheck>& video_checks();
const std::vector<ConformanceCheck>& system_checks();

struct ConformanceResult {
  const ConformanceCheck* check = nullptr;
  std::string problem;  // empty: it passed
  Input input;          // its calls of the rig's target
};
// All checks, each from the state after the boot.
std::vector<ConformanceResult> run_conformance(Rig& rig);

// A table in Markdown: a row for each check, a column for each firmware, and what was wrong.
struct ConformanceColumn {
  std::string firmware;
  std::vector<ConformanceResult> results;
};
std::string conformance_table(const std::vector<ConformanceColumn>& columns);

}  // namespace ice86::harness
