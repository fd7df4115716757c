// SPDX-License-Identifier: LGPL-2.1-or-later
// Ports that exist for firmware's messages and for test programs: POST code, debug console, debug
// exit and the Bochs shutdown port. Reference: IBM AT Technical Reference (port 80h); QEMU docs:
// isa-debugcon, isa-debug-exit; Bochs user manual, section 8.22 (port E9h hack) and its BIOS's use
// of port 8900h.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "emulator/base/archive.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/trace.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

// One byte that keeps what was written (port 80h is a spare DMA page register on an AT) and emits a
// "post" trace event for each write.
class PostPort final : public RegisterBlock {
 public:
  explicit PostPort(TraceBus& trace) : trace_(trace) {}

  std::uint8_t code() const { return state_.code; }

  void reset(ResetKind kind);
  std::uint64_t read(std::uint64_t offset, unsigned width) override { return peek(offset, width); }
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override;
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  struct State {
    std::uint8_t code = 0;
  };

  TraceBus& trace_;
  State state_;
};

// Written bytes go to `sink`; a read tells that the console is there (E9h).
class DebugConsole final : public RegisterBlock {
 public:
  // `name` is the section name: one for each port.
  DebugConsole(std::string name, std::function<void(std::uint8_t)> sink);

  void reset(ResetKind kind);
  std::uint64_t read(std::uint64_t offset, unsigned width) override { return peek(offset, width); }
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override;
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  struct State {
    std::uint64_t written = 0;  // bytes so far
  };

  std::string name_;
  std::function<void(std::uint8_t)> sink_;
  State state_;
};

// A write ends the run: `exit` gets the low byte. Like isa-debug-exit it claims 4 ports and has no
// memory.
class DebugExit final : public RegisterBlock {
 public:
  explicit DebugExit(std::function<void(std::uint8_t)> exit);

  void reset(ResetKind kind);
  std::uint64_t read(std::uint64_t offset, unsigned width) override { return peek(offset, width); }
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override;
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  std::function<void(std::uint8_t)> exit_;
};

// The string "Shutdown", byte by byte, powers the machine off.
class BochsShutdown final : public RegisterBlock {
 public:
  explicit BochsShutdown(EdgeLine& power_off) : power_off_(power_off) {}

  void reset(ResetKind kind);
  std::uint64_t read(std::uint64_t offset, unsigned width) override { return peek(offset, width); }
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override;
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  struct State {
    std::uint8_t matched = 0;  // characters of the word seen in a row
  };

  EdgeLine& power_off_;
  State state_;
};

}  // namespace ice86::devices
