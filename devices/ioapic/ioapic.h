// SPDX-License-Identifier: LGPL-2.1-or-later
// 82093AA I/O APIC: 24 inputs, each with an entry that says what message it sends.
// Reference: Intel 82093AA datasheet, order number 290566-001 (May 1996).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "devices/common/apic_message.h"
#include "emulator/base/archive.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/trace.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

// IOREGSEL at offset 0, IOWIN at offset 10h.
class IoApic final : public RegisterBlock {
 public:
  static constexpr unsigned kInputs = 24;
  using Send = std::function<void(const ApicMessage&)>;

  IoApic(Send send, TraceBus& trace);

  // `asserted`: active, whatever the polarity; see docs/devices/ioapic.md.
  void set_input(unsigned input, bool asserted);
  // A local APIC's EOI message.
  void end_of_interrupt(std::uint8_t vector);
  // Something here can wake a CPU that has interrupts off.
  bool may_signal_nmi() const;

  void reset(ResetKind kind);
  std::uint64_t read(std::uint64_t offset, unsigned width) override;
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override;
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  struct State {
    std::uint8_t select = 0;
    std::uint32_t id = 0;
    std::uint32_t inputs = 0;  // asserted pins
    std::array<std::uint64_t, kInputs> entries{};
  };

  std::uint32_t peek_register() const;
  void write_register(std::uint32_t value);
  void write_entry(unsigned input, bool high, std::uint32_t value);
  void service_level(unsigned input);
  void send(unsigned input);

  Send send_;
  TraceBus& trace_;
  State state_;
};

}  // namespace ice86::devices
