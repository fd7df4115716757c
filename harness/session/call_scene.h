// SPDX-License-Identifier: LGPL-2.1-or-later
// What was around each recorded call: what changed in the interrupt vectors and in the BIOS data
// area, and the code that called and that handled it.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference, section 3, BIOS Data Area.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/interrupts/int_recorder.h"

namespace ice86::harness {

class CallScene final : public cpu::InterruptObserver {
 public:
  // Stands before the recorder, which outlives it. `memory` as IntRecorder::View has it.
  CallScene(IntRecorder& recorder,
            std::function<std::uint64_t(std::uint32_t linear, unsigned width)> memory);

  void interrupt_delivered(const cpu::InterruptDelivery& delivery) override;
  void far_transfer(cpu::FarTransfer kind) override;

  // What changed since the call or return before: "INT 13h: f000:e3fe to 9fc0:0042", "0040:0017
  // keyboard flags: 00 to 20". The tick count is left out: it changes by itself.
  struct Changes {
    std::vector<std::string> before;  // until the call
    std::vector<std::string> during;  // until its return, calls within it aside
  };
  // By the number of the call; calls without any are not there.
  const std::map<std::uint64_t, Changes>& changes() const { return changes_; }

  using Place = std::pair<std::uint16_t, std::uint32_t>;
  struct Code {
    std::uint32_t back = 0;  // so many bytes lie before the place
    std::vector<std::uint8_t> bytes;
  };
  // As it was when the place was first seen.
  const std::map<Place, Code>& callers() const { return callers_; }
  const std::map<Place, Code>& handlers() const { return handlers_; }

 private:
  static constexpr std::uint32_t kWatched = 0x500;  // vectors and BIOS data area
  std::vector<std::string> look();
  void keep_code(std::map<Place, Code>& places, const FarPointer& at, std::uint32_t back);

  IntRecorder& recorder_;
  std::function<std::uint64_t(std::uint32_t, unsigned)> memory_;
  std::array<std::uint8_t, kWatched> seen_{};
  bool looked_ = false;
  std::vector<std::uint64_t> open_;  // calls under way
  std::map<std::uint64_t, Changes> changes_;
  std::map<Place, Code> callers_, handlers_;
};

}  // namespace ice86::harness
