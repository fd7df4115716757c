// SPDX-License-Identifier: LGPL-2.1-or-later
// 8259A: initialisation, priorities, acknowledge, end of interrupt.
// Reference: Intel 8259A datasheet (231468-003).
#include "devices/i8259a/i8259a.h"

#include <fmt/core.h>

#include <bit>
#include <utility>

#include "emulator/base/assert.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

constexpr std::uint8_t kIcw1Select = 0x10, kIcw1Ltim = 0x08, kIcw1Adi = 0x04, kIcw1Sngl = 0x02;
constexpr std::uint8_t kIcw1Ic4 = 0x01;
constexpr std::uint8_t kIcw4Sfnm = 0x10, kIcw4Buf = 0x08, kIcw4Ms = 0x04, kIcw4Aeoi = 0x02;
constexpr std::uint8_t kIcw4Upm = 0x01;
constexpr std::uint8_t kOcw3Select = 0x08, kOcw3Esmm = 0x40, kOcw3Smm = 0x20, kOcw3Poll = 0x04;
constexpr std::uint8_t kOcw3Rr = 0x02, kOcw3Ris = 0x01;

// OCW2 bits 7-5: R, SL, EOI.
enum class Eoi : std::uint8_t {
  kClearRotateOnAeoi = 0,
  kNonSpecific = 1,
  kNone = 2,
  kSpecific = 3,
  kSetRotateOnAeoi = 4,
  kRotateNonSpecific = 5,
  kSetPriority = 6,
  kRotateSpecific = 7,
};

constexpr std::uint8_t mask_of(unsigned ir) {
  return static_cast<std::uint8_t>(1U << ir);
}

}  // namespace

I8259a::I8259a(Config config, LevelLine& intr, TraceBus& trace)
    : config_(std::move(config)), intr_(intr), trace_(trace) {
  reset(ResetKind::kPowerOn);
}

void I8259a::connect_slave(unsigned ir, I8259a& slave) {
  ICE86_ASSERT(ir < 8 && &slave != this);
  slaves_[ir] = &slave;
}

// The chip has no reset pin; the datasheet leaves its state open until ICW1. Masked is the harmless
// choice.
void I8259a::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  const std::uint8_t levels = state_.levels;
  state_ = {};
  state_.levels = levels;
  state_.imr = 0xFF;
  update();
}

// Where there is an ELCR it replaces ICW1.LTIM (PIIX3, section 2.5.2.1).
std::uint8_t I8259a::level_sensitive() const {
  if (config_.elcr_writable != 0) return state_.elcr;
  return (state_.icw1 & kIcw1Ltim) != 0 ? 0xFF : 0;
}

bool I8259a::is_master() const {
  if ((state_.icw4 & kIcw4Buf) != 0) return (state_.icw4 & kIcw4Ms) != 0;
  return config_.role == Role::kMaster;
}

bool I8259a::has_slave(unsigned ir) const {
  return is_master() && (state_.icw1 & kIcw1Sngl) == 0 && bit(state_.icw3, ir);
}

// An edge request lives only as long as its input stays high ("IR triggering timing": an input that
// falls before the first INTA# leads to the default IR7).
std::uint8_t I8259a::irr() const {
  return static_cast<std::uint8_t>(state_.levels & (state_.edges | level_sensitive()));
}

void I8259a::set_ir(unsigned ir, bool high) {
  ICE86_ASSERT(ir < 8);
  const std::uint8_t mask = mask_of(ir);
  const bool was_high = (state_.levels & mask) != 0;
  if (high == was_high) return;
  if (high) {
    state_.levels |= mask;
    state_.edges |= mask;
    if (trace_.wants(TraceCategory::kIrq)) {
      trace_.emit(TraceCategory::kIrq, "raise",
                  {{"pic", config_.name}, {"ir", ir}, {"masked", unsigned{bit(state_.imr, ir)}}});
    }
  } else {
    state_.levels = static_cast<std::uint8_t>(state_.levels & ~mask);
    state_.edges = static_cast<std::uint8_t>(state_.edges & ~mask);
  }
  update();
}

std::optional<unsigned> I8259a::highest(std::uint8_t set) const {
  for (unsigned priority = 0; priority < 8; ++priority) {
    const unsigned ir = (state_.lowest + 1U + priority) & 7;
    if (bit(set, ir)) return ir;
  }
  return std::nullopt;
}

std::optional<unsigned> I8259a::pending() const {
  if (state_.init_step != 0) return std::nullopt;
  const std::optional<unsigned> request = highest(static_cast<std::uint8_t>(irr() & ~state_.imr));
  if (!request) return std::nullopt;
  // In special mask mode a masked level in service blocks nobody.
  const std::uint8_t blocking =
      state_.special_mask ? static_cast<std::uint8_t>(state_.isr & ~state_.imr) : state_.isr;
  const std::optional<unsigned> serving = highest(blocking);
  if (!serving || priority_of(*request) < priority_of(*serving)) return request;
  // Special fully nested mode: a slave in service may ask again for one of its higher levels.
  if (*request == *serving && (state_.icw4 & kIcw4Sfnm) != 0 && has_slave(*request)) return request;
  return std::nullopt;
}

void I8259a::update() {
  intr_.set(pending().has_value());
}

void I8259a::begin_service(unsigned ir) {
  state_.edges = static_cast<std::uint8_t>(state_.edges & ~mask_of(ir));
  if ((state_.icw4 & kIcw4Aeoi) != 0) {
    if (state_.rotate_on_aeoi) state_.lowest = static_cast<std::uint8_t>(ir);
  } else {
    state_.isr |= mask_of(ir);
  }
  // INT drops in every acknowledge sequence, also when the next request follows at once: the
  // edge-triggered input of a master sees a new edge then.
  intr_.set(false);
}

std::uint8_t I8259a::acknowledge() {
  const std::optional<unsigned> request = pending();
  const unsigned ir = request.value_or(7);
  if (request) begin_service(ir);
  std::uint8_t vector;
  if (request && has_slave(ir)) {
    // The master puts the slave's number on the cascade lines; a slave that recognises it answers.
    I8259a* const slave = slaves_[ir];
    const bool answers = slave != nullptr && (slave->state_.icw3 & 7) == ir;
    vector = answers ? slave->acknowledge() : 0xFF;
  } else if ((state_.icw4 & kIcw4Upm) != 0) {
    vector = static_cast<std::uint8_t>((state_.icw2 & 0xF8) | ir);
  } else if ((state_.icw1 & kIcw1Adi) != 0) {
    vector = static_cast<std::uint8_t>((state_.icw1 & 0xE0) | ir << 2);
  } else {
    vector = static_cast<std::uint8_t>((state_.icw1 & 0xC0) | ir << 3);
  }
  if (trace_.wants(TraceCategory::kIrq)) {
    trace_.emit(
        TraceCategory::kIrq, "acknowledge",
        {{"pic", config_.name}, {"ir", ir}, {"vector", vector}, {"spurious", unsigned{!request}}});
  }
  update();
  return vector;
}

void I8259a::end_of_interrupt(unsigned ir) {
  if (trace_.wants(TraceCategory::kIrq)) {
    trace_.emit(TraceCategory::kIrq, "eoi", {{"pic", config_.name}, {"ir", ir}});
  }
  state_.isr = static_cast<std::uint8_t>(state_.isr & ~mask_of(ir));
}

void I8259a::icw1(std::uint8_t value) {
  state_.icw1 = value;
  state_.icw2 = 0;
  state_.icw3 = 0;
  state_.icw4 = 0;
  // "Initialization": the edge sense circuit and the mask are cleared, IR7 gets the lowest
  // priority, special mask mode ends, IRR is selected for reading.
  state_.edges = 0;
  state_.imr = 0;
  state_.isr = 0;
  state_.lowest = 7;
  state_.rotate_on_aeoi = false;
  state_.special_mask = false;
  state_.read_isr = false;
  state_.poll = false;
  state_.init_step = 2;
}

void I8259a::ocw2(std::uint8_t value) {
  const unsigned level = value & 7;
  // A masked level in special mask mode is out of reach for the non-specific commands.
  const std::optional<unsigned> top = highest(
      state_.special_mask ? static_cast<std::uint8_t>(state_.isr & ~state_.imr) : state_.isr);
  switch (static_cast<Eoi>(value >> 5)) {
    case Eoi::kClearRotateOnAeoi: state_.rotate_on_aeoi = false; break;
    case Eoi::kSetRotateOnAeoi: state_.rotate_on_aeoi = true; break;
    case Eoi::kNonSpecific:
      if (top) end_of_interrupt(*top);
      break;
    case Eoi::kRotateNonSpecific:
      if (top) {
        end_of_interrupt(*top);
        state_.lowest = static_cast<std::uint8_t>(*top);
      }
      break;
    case Eoi::kSpecific: end_of_interrupt(level); break;
    case Eoi::kRotateSpecific:
      end_of_interrupt(level);
      state_.lowest = static_cast<std::uint8_t>(level);
      break;
    case Eoi::kSetPriority: state_.lowest = static_cast<std::uint8_t>(level); break;
    case Eoi::kNone: break;
  }
}

void I8259a::ocw3(std::uint8_t value) {
  if ((value & kOcw3Esmm) != 0) state_.special_mask = (value & kOcw3Smm) != 0;
  if ((value & kOcw3Poll) != 0) state_.poll = true;
  if ((value & kOcw3Rr) != 0) state_.read_isr = (value & kOcw3Ris) != 0;
}

void I8259a::write(std::uint64_t offset, unsigned, std::uint64_t data) {
  const auto value = static_cast<std::uint8_t>(data);
  if (offset == 0) {
    if ((value & kIcw1Select) != 0) {
      icw1(value);
    } else if ((value & kOcw3Select) != 0) {
      ocw3(value);
    } else {
      ocw2(value);
    }
  } else if (offset == 1) {
    const bool needs_icw4 = (state_.icw1 & kIcw1Ic4) != 0;
    switch (state_.init_step) {
      case 2:
        state_.icw2 = value;
        state_.init_step = (state_.icw1 & kIcw1Sngl) == 0 ? 3 : needs_icw4 ? 4 : 0;
        break;
      case 3:
        state_.icw3 = value;
        state_.init_step = needs_icw4 ? 4 : 0;
        break;
      case 4:
        state_.icw4 = value;
        state_.init_step = 0;
        break;
      default: state_.imr = value; break;
    }
  }
  update();
}

std::uint64_t I8259a::peek(std::uint64_t offset, unsigned width) const {
  if (offset > 1) return floating_bus(width);
  if (state_.poll) {
    const std::optional<unsigned> request = pending();
    return request ? 0x80 | *request : 0;
  }
  if (offset == 1) return state_.imr;
  return state_.read_isr ? state_.isr : irr();
}

std::uint64_t I8259a::read(std::uint64_t offset, unsigned width) {
  const std::uint64_t value = peek(offset, width);
  if (offset <= 1 && state_.poll) {
    // The read pulse after the poll command is taken as an interrupt acknowledge.
    state_.poll = false;
    if (const std::optional<unsigned> request = pending()) begin_service(*request);
    update();
  }
  return value;
}

void I8259a::write_elcr(std::uint64_t offset, unsigned, std::uint64_t value) {
  if (offset != 0) return;
  state_.elcr = static_cast<std::uint8_t>(value & config_.elcr_writable);
  update();
}

std::uint64_t I8259a::read_elcr(std::uint64_t offset, unsigned width) {
  return peek_elcr(offset, width);
}

std::uint64_t I8259a::peek_elcr(std::uint64_t offset, unsigned width) const {
  return offset == 0 ? state_.elcr : floating_bus(width);
}

void I8259a::serialize(Archive& archive) {
  archive.section(config_.name, 1, [&] {
    archive.io(state_.levels);
    archive.io(state_.edges);
    archive.io(state_.imr);
    archive.io(state_.isr);
    archive.io(state_.icw1);
    archive.io(state_.icw2);
    archive.io(state_.icw3);
    archive.io(state_.icw4);
    archive.io(state_.init_step);
    archive.io(state_.lowest);
    archive.io(state_.elcr);
    archive.io(state_.rotate_on_aeoi);
    archive.io(state_.special_mask);
    archive.io(state_.read_isr);
    archive.io(state_.poll);
    if (state_.init_step == 1 || state_.init_step > 4 || state_.lowest > 7) {
      archive.fail("an impossible initialisation step or priority is stored");
      reset(ResetKind::kPowerOn);
    }
  });
  if (!archive.loading()) return;
  state_.elcr &= config_.elcr_writable;
  intr_.restore(pending().has_value());
}

std::string I8259a::dump() const {
  return fmt::format(
      "{}: IRR {:02x} IMR {:02x} ISR {:02x} inputs {:02x} ELCR {:02x} ICW {:02x} {:02x} {:02x} "
      "{:02x} "
      "lowest IR{}{}{}{}{} INT {}\n",
      config_.name, irr(), state_.imr, state_.isr, state_.levels, state_.elcr, state_.icw1,
      state_.icw2, state_.icw3, state_.icw4, state_.lowest,
      (state_.icw4 & kIcw4Aeoi) != 0 ? " AEOI" : "", (state_.icw4 & kIcw4Sfnm) != 0 ? " SFNM" : "",
      state_.special_mask ? " SMM" : "", state_.init_step != 0 ? " initialising" : "",
      pending() ? 1 : 0);
}

}  // namespace ice86::devices
