// SPDX-License-Identifier: LGPL-2.1-or-later
// The registers as GDB sees them, and the target description that tells it so: the standard i386
// or amd64 ones first, then segment bases, descriptor tables, control and debug registers.
// Reference: GDB manual, appendix G "Target Descriptions", G.5.5 i386 Features.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cpu/state.h"

namespace ice86::debugger::gdb {

enum class Architecture { kI8086, kI386, kAmd64 };

// What GDB's $pc is. GDB knows no segments: with the linear address, what it disassembles at $pc is
// what the CPU executes, in real mode too. The offset in CS is register "ip" in either case.
enum class PcPolicy { kLinear, kOffset };

class RegisterMap {
 public:
  explicit RegisterMap(Architecture architecture);

  Architecture architecture() const { return architecture_; }
  // target.xml.
  const std::string& description() const { return description_; }
  std::size_t count() const { return registers_.size(); }
  std::optional<std::size_t> find(const std::string& name) const;

  // In the guest's byte order. Registers that are not there give nothing.
  std::string read(const cpu::State& state, std::size_t number, PcPolicy policy) const;
  // False: no such register, or bytes of another length. What cannot be changed stays.
  bool write(cpu::State& state, std::size_t number, const std::string& bytes,
             PcPolicy policy) const;
  std::size_t size(std::size_t number) const { return registers_[number].bytes; }

 private:
  enum class Group : std::uint8_t {
    kGpr,
    kPc,
    kFlags,
    kSelector,
    kX87,
    kX87Control,
    kXmm,
    kMxcsr,
    kBase,
    kControl,
    kDebug,
    kTable,
    kLimit,
    kTask,
    kOffset,
    kEfer
  };
  struct Register {
    std::string name;
    Group group;
    unsigned index;
    unsigned bytes;
  };

  void add(const char* name, Group group, unsigned index, unsigned bits, const char* type);
  void feature(const char* name, const char* types = "");
  void add_core();
  void add_sse();
  void add_system();

  Architecture architecture_;
  std::vector<Register> registers_;
  std::string description_;
};

}  // namespace ice86::debugger::gdb
