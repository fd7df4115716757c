// SPDX-License-Identifier: LGPL-2.1-or-later
// The whole board under a driver that knows no datasheet: accesses to the registers of one chip,
// virtual time, keys, bytes, frames and failing media in between. An input is a string of bytes, so
// that a random generator, libFuzzer and AFL++ can all make them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/machine/pc.h"

namespace ice86::machine::fuzz {

struct Range {
  std::uint64_t first;
  std::uint64_t count;
};

// What a driver does first: a window that has to be opened, a unit that has to be enabled.
struct PortWrite {
  std::uint16_t port;
  unsigned width;
  std::uint32_t value;
};

struct ChipTarget {
  std::string_view name;
  std::vector<Range> ports;
  std::vector<Range> memory;
  std::vector<PortWrite> opening;
  // Values that begin something: commands.
  std::vector<PortWrite> commands;
  bool flash = false;  // the machine has flash chips for its firmware
  machine::Board board = machine::Board::kPc;
};

const std::vector<ChipTarget>& chip_targets();

// A disk whose sectors can be made to fail.
class FailingDisk;

class Board {
 public:
  explicit Board(const ChipTarget& target);
  ~Board();

  // From the state after the target's opening. Empty: all is well.
  std::string execute(std::span<const std::uint8_t> input);
  // The same with a snapshot after each half: both must come to the same state.
  std::string execute_checked(std::span<const std::uint8_t> input);

  std::uint64_t accesses() const { return accesses_; }
  std::uint64_t instructions() const { return instructions_; }

 private:
  struct Machine;
  class Input;

  Machine& machine(std::unique_ptr<Machine>& slot);
  void step(Machine& machine, Input& input);
  void run_all(Machine& machine, Input& input);

  const ChipTarget& target_;
  std::unique_ptr<Machine> first_, second_;
  std::vector<std::uint8_t> ready_;  // a snapshot
  std::uint64_t accesses_ = 0;
  std::uint64_t instructions_ = 0;
};

}  // namespace ice86::machine::fuzz
