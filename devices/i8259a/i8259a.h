// SPDX-License-Identifier: LGPL-2.1-or-later
// 8259A programmable interrupt controller: one chip. Two are cascaded by connect_slave().
// Reference: Intel 8259A datasheet, order number 231468-003 (December 1988); edge/level control
// register from the PIIX3 datasheet (290550-002), section 2.5.4.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "emulator/base/archive.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/trace.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

// Offset 0 is A0 = 0 (ICW1, OCW2, OCW3; IRR or ISR), offset 1 is A0 = 1 (ICW2-4, OCW1; IMR).
class I8259a final : public RegisterBlock {
 public:
  enum class Role { kMaster, kSlave };  // the SP#/EN# pin, unless ICW4 sets buffered mode

  struct Config {
    std::string name;  // section and trace name: "pic0", "pic1"
    Role role = Role::kMaster;
    // Inputs that may be made level-sensitive one by one through elcr(); 0 for a plain 8259A.
    std::uint8_t elcr_writable = 0;
  };

  // `intr` is the INT output: to the CPU, or to a master's input.
  I8259a(Config config, LevelLine& intr, TraceBus& trace);

  // Wires `slave` to the cascade bus, its INT output to input `ir`. The slave outlives this chip.
  // The board connects the slave's line to set_ir(ir, ...).
  void connect_slave(unsigned ir, I8259a& slave);

  void set_ir(unsigned ir, bool high);
  bool intr() const { return intr_.high(); }
  // The interrupt acknowledge sequence (both INTA# pulses): the vector on the data bus. Without a
  // request any more it is the spurious IR7 one. In 8080 mode (ICW4.uPM = 0) the vector is the
  // second byte of CALL.
  std::uint8_t acknowledge();

  // The edge/level control register: one register at offset 0 (port 4D0h or 4D1h).
  RegisterBlock& elcr() { return elcr_; }

  void reset(ResetKind kind);
  std::uint64_t read(std::uint64_t offset, unsigned width) override;
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override;
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
  void serialize(Archive& archive);
  std::string dump() const;

  std::uint8_t irr() const;  // the interrupt request register: inputs that ask for service
  std::uint8_t isr() const { return state_.isr; }
  std::uint8_t imr() const { return state_.imr; }

 private:
  struct State {
    std::uint8_t levels = 0;  // input pins
    std::uint8_t edges =
        0;  // edge latches: set by a rising edge, cleared by acknowledge or release
    std::uint8_t imr = 0;
    std::uint8_t isr = 0;
    std::uint8_t icw1 = 0, icw2 = 0, icw3 = 0, icw4 = 0;
    std::uint8_t init_step = 0;  // the ICW that is expected at A0 = 1: 2, 3, 4; 0 when initialised
    std::uint8_t lowest = 7;     // the input of lowest priority
    std::uint8_t elcr = 0;
    bool rotate_on_aeoi = false;
    bool special_mask = false;
    bool read_isr = false;
    bool poll = false;
  };

  void icw1(std::uint8_t value);
  void ocw2(std::uint8_t value);
  void ocw3(std::uint8_t value);
  std::uint8_t level_sensitive() const;
  bool is_master() const;
  bool has_slave(unsigned ir) const;
  // 0 is the highest priority.
  unsigned priority_of(unsigned ir) const { return (ir - state_.lowest - 1U) & 7; }
  std::optional<unsigned> pending() const;
  std::optional<unsigned> highest(std::uint8_t set) const;
  void begin_service(unsigned ir);
  void end_of_interrupt(unsigned ir);
  void update();

  std::uint64_t read_elcr(std::uint64_t offset, unsigned width);
  void write_elcr(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_elcr(std::uint64_t offset, unsigned width) const;

  Config config_;
  LevelLine& intr_;
  TraceBus& trace_;
  std::array<I8259a*, 8> slaves_{};
  State state_;
  Window<I8259a, &I8259a::read_elcr, &I8259a::write_elcr, &I8259a::peek_elcr> elcr_{*this};
};

}  // namespace ice86::devices
