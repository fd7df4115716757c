// SPDX-License-Identifier: LGPL-2.1-or-later
// Registers, phases and timing that ATA and ATAPI devices share.
// Reference: ATA/ATAPI-6 (T13/1410D revision 3b), sections 7, 9.2, 9.5-9.8.
#include "devices/ata/ata_device.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "emulator/base/bits.h"

namespace ice86::devices {

AtaDevice::AtaDevice(Clock& clock, TraceBus& trace, AtaHost& host, std::string name,
                     unsigned position, AtaTiming timing)
    : clock_(clock),
      trace_(trace),
      timing_(timing),
      name_(std::move(name)),
      position_(position),
      host_(host),
      timer_(clock, name_, [this](Nanoseconds) { timer_expired(); }) {}

AtaDevice::~AtaDevice() = default;

std::uint8_t AtaDevice::peek_register(unsigned index, bool hob) const {
  const State& s = state_;
  switch (index) {
    case ata::kErrorFeatures: return s.error;
    case ata::kSectorCount: return hob ? s.previous_count : s.sector_count;
    case ata::kLbaLow: return hob ? s.previous_low : s.lba_low;
    case ata::kLbaMid: return hob ? s.previous_mid : s.lba_mid;
    case ata::kLbaHigh: return hob ? s.previous_high : s.lba_high;
    // Bits 7 and 5 are obsolete: old drives, and software that compares, have them set.
    case ata::kDevice: return s.device | 0xA0;
    case ata::kStatusCommand: return s.status;
    default: return 0xFF;
  }
}

void AtaDevice::write_register(unsigned index, std::uint8_t value) {
  State& s = state_;
  const auto push = [value](std::uint8_t& now, std::uint8_t& previous) {
    previous = now;
    now = value;
  };
  switch (index) {
    case ata::kErrorFeatures: push(s.features, s.previous_features); break;
    case ata::kSectorCount: push(s.sector_count, s.previous_count); break;
    case ata::kLbaLow: push(s.lba_low, s.previous_low); break;
    case ata::kLbaMid: push(s.lba_mid, s.previous_mid); break;
    case ata::kLbaHigh: push(s.lba_high, s.previous_high); break;
    case ata::kDevice: s.device = value; break;
    default: break;
  }
}

void AtaDevice::write_command(std::uint8_t command) {
  state_.command = command;
  state_.started = clock_.now();
  state_.first_lba = 0;
  state_.count = 0;
  state_.block.clear();
  state_.position = 0;
  state_.error = 0;
  set_interrupt(false);
  set_busy(Phase::kExecuting, start_command());
}

void AtaDevice::set_busy(Phase phase, Nanoseconds delay) {
  state_.status = static_cast<std::uint8_t>((state_.status & kReady) | ata::kBsy);
  state_.phase = phase;
  timer_.arm_in(delay);
}

void AtaDevice::acknowledge_interrupt() {
  set_interrupt(false);
}

void AtaDevice::set_interrupt(bool pending) {
  state_.interrupt = pending;
  host_.interrupt_changed();
}

void AtaDevice::timer_expired() {
  switch (state_.phase) {
    case Phase::kExecuting: return execute();
    case Phase::kNextBlock: return next_block();
    case Phase::kReset: return finish_reset();
    default: return;  // a snapshot that does not belong to this clock
  }
}

// --- data phases
// ---------------------------------------------------------------------------------------

void AtaDevice::data_in() {
  ICE86_ASSERT(!state_.block.empty() && state_.block.size() <= kMostBlock);
  state_.position = 0;
  state_.status = kReady | ata::kDrq;
  state_.phase = Phase::kDataIn;
  set_interrupt(true);
}

void AtaDevice::data_out(std::size_t bytes, bool interrupt) {
  ICE86_ASSERT(bytes != 0 && bytes <= kMostBlock);
  state_.block.assign(bytes, 0);
  state_.position = 0;
  state_.status = kReady | ata::kDrq;
  state_.phase = Phase::kDataOut;
  if (interrupt) set_interrupt(true);
}

void AtaDevice::dma_in_block() {
  ICE86_ASSERT(!state_.block.empty() && state_.block.size() <= kMostBlock);
  dma_phase(Phase::kDmaIn);
}

void AtaDevice::dma_out_block(std::size_t bytes) {
  ICE86_ASSERT(bytes != 0 && bytes <= kMostBlock);
  state_.block.assign(bytes, 0);
  dma_phase(Phase::kDmaOut);
}

void AtaDevice::dma_phase(Phase phase) {
  const bool first = state_.phase != phase;
  state_.position = 0;
  state_.status = kReady | ata::kDrq;
  state_.phase = phase;
  if (first) host_.dma_request();
}

std::uint32_t AtaDevice::peek_data(unsigned width) const {
  if (state_.phase != Phase::kDataIn) return static_cast<std::uint32_t>(width_mask(width));
  std::uint32_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    // The last transfer of an odd count has a pad byte.
    const std::size_t at = state_.position + i;
    if (at < state_.block.size()) value |= std::uint32_t{state_.block[at]} << (i * 8);
  }
  return value;
}

std::uint32_t AtaDevice::read_data(unsigned width) {
  const std::uint32_t value = peek_data(width);
  if (state_.phase != Phase::kDataIn) {
    violation("Data register read without DRQ");
    return value;
  }
  state_.position += width;
  if (state_.position < state_.block.size()) return value;
  state_.block.clear();
  state_.position = 0;
  if (continues_after_read()) {
    set_busy(Phase::kNextBlock, timing_.block_latency);
  } else {
    complete(false);
  }
  return value;
}

void AtaDevice::write_data(unsigned width, std::uint32_t value) {
  if (state_.phase != Phase::kDataOut) return violation("Data register written without DRQ");
  for (unsigned i = 0; i < width; ++i) {
    if (state_.position < state_.block.size()) {
      state_.block[state_.position++] = static_cast<std::uint8_t>(value >> (i * 8));
    }
  }
  if (state_.position != state_.block.size()) return;
  if (buffers_writes()) return next_block();
  set_busy(Phase::kNextBlock, timing_.block_latency);
}

std::size_t AtaDevice::dma_in(std::span<std::uint8_t> bytes) {
  std::size_t done = 0;
  while (state_.phase == Phase::kDmaIn && done < bytes.size()) {
    const std::size_t step =
        std::min<std::size_t>(bytes.size() - done, state_.block.size() - state_.position);
    std::copy_n(state_.block.begin() + state_.position, step,
                bytes.begin() + static_cast<std::ptrdiff_t>(done));
    state_.position += static_cast<std::uint32_t>(step);
    done += step;
    if (state_.position == state_.block.size()) dma_block_moved();
  }
  return done;
}

std::size_t AtaDevice::dma_out(std::span<const std::uint8_t> bytes) {
  std::size_t done = 0;
  while (state_.phase == Phase::kDmaOut && done < bytes.size()) {
    const std::size_t step =
        std::min<std::size_t>(bytes.size() - done, state_.block.size() - state_.position);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(done), step,
                state_.block.begin() + state_.position);
    state_.position += static_cast<std::uint32_t>(step);
    done += step;
    if (state_.position == state_.block.size()) dma_block_moved();
  }
  return done;
}

void AtaDevice::complete(bool interrupt) {
  state_.block.clear();
  state_.position = 0;
  state_.status = kReady;
  state_.phase = Phase::kIdle;
  trace_result("ok");
  if (interrupt) set_interrupt(true);
}

void AtaDevice::fail(std::uint8_t error, std::uint8_t more_status) {
  state_.block.clear();
  state_.position = 0;
  state_.error = error;
  state_.status = static_cast<std::uint8_t>(kReady | ata::kErr | more_status);
  state_.phase = Phase::kIdle;
  trace_result((more_status & ata::kDf) != 0 ? "device fault"
               : (error & ata::kUnc) != 0    ? "UNC"
               : (error & ata::kIdnf) != 0   ? "IDNF"
                                             : "ABRT");
  set_interrupt(true);
}

void AtaDevice::trace_result(std::string_view result) const {
  if (!trace_.wants(TraceCategory::kDisk)) return;
  trace_.emit(TraceCategory::kDisk, "command",
              {{"device", name_},
               {"command", std::string(command_name())},
               {"lba", state_.first_lba},
               {"count", state_.count},
               {"result", std::string(result)},
               {"ns", clock_.now() - state_.started}});
}

void AtaDevice::violation(std::string_view what) const {
  if (!trace_.wants(TraceCategory::kDisk)) return;
  trace_.emit(TraceCategory::kDisk, "protocol-violation",
              {{"device", name_}, {"what", std::string(what)}, {"status", state_.status}});
}

// --- resets
// --------------------------------------------------------------------------------------------

void AtaDevice::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;  // INIT# is not on the cable
  const Nanoseconds ready_at =
      kind == ResetKind::kPowerOn ? clock_.now() + timing_.spin_up : state_.ready_at;
  state_ = State();
  state_.ready_at = ready_at;
  device_reset(kind);
  begin_reset(timing_.reset);
}

void AtaDevice::hold_reset() {
  timer_.cancel();
  state_.block.clear();
  state_.position = 0;
  state_.status = ata::kBsy;
  state_.phase = Phase::kHeldReset;
  state_.diagnosing = false;
  device_reset(std::nullopt);
  set_interrupt(false);
}

void AtaDevice::release_reset() {
  if (state_.phase == Phase::kHeldReset) begin_reset(timing_.reset);
}

void AtaDevice::run_diagnostic() {
  state_.command = 0x90;
  state_.started = clock_.now();
  state_.first_lba = 0;
  state_.count = 0;
  state_.diagnosing = true;
  begin_reset(timing_.reset);
}

void AtaDevice::begin_reset(Nanoseconds delay) {
  state_.block.clear();
  state_.position = 0;
  state_.status = ata::kBsy;
  state_.phase = Phase::kReset;
  timer_.arm_at(std::max(clock_.now() + delay, state_.ready_at));
  set_interrupt(false);
}

void AtaDevice::finish_reset() {
  state_.phase = Phase::kIdle;
  state_.error = 0x01;  // diagnostic code: this device passed (and device 1 did, or is not there)
  state_.status = status_after_reset();
  state_.device = 0;
  set_signature();
  if (!state_.diagnosing) return;
  state_.diagnosing = false;
  trace_result("ok");
  // Device 0 speaks for both (section 8.11).
  if (position_ == 0) set_interrupt(true);
}

// --- state
// ---------------------------------------------------------------------------------------------

void AtaDevice::serialize(Archive& archive) {
  archive.section(name_, 1, [&] {
    serialize_state(archive);
    serialize_device(archive);
  });
}

void AtaDevice::serialize_state(Archive& archive) {
  State& s = state_;
  for (std::uint8_t* byte :
       {&s.status, &s.error, &s.features, &s.sector_count, &s.lba_low, &s.lba_mid, &s.lba_high,
        &s.device, &s.previous_features, &s.previous_count, &s.previous_low, &s.previous_mid,
        &s.previous_high, &s.command}) {
    archive.io(*byte);
  }
  archive.io(s.interrupt);
  archive.io(s.diagnosing);
  archive.io(s.phase, Phase::kHeldReset);
  archive.io(s.position);
  archive.io(s.block, kMostBlock);
  archive.io(s.started);
  archive.io(s.ready_at);
  archive.io(s.first_lba);
  archive.io(s.count);
  if (!archive.loading() || !archive.ok()) return;
  const bool moving = s.phase == Phase::kDataIn || s.phase == Phase::kDataOut || dma_pending();
  if (moving ? s.position >= s.block.size() : s.position > s.block.size()) {
    // Safe whatever the caller does with this device next.
    s.phase = Phase::kIdle;
    s.block.clear();
    s.position = 0;
    archive.fail("the data block of a transfer is damaged");
  }
}

std::string AtaDevice::dump() const {
  static constexpr const char* kPhases[] = {"idle",    "executing", "next block",
                                            "data in", "data out",  "DMA in",
                                            "DMA out", "reset",     "held reset"};
  const State& s = state_;
  return fmt::format(
      "{}: {} status {:02x} error {:02x} command {:02x} ({}) count {:02x}{:02x} lba "
      "{:02x}{:02x}{:02x}"
      "{:02x}{:02x}{:02x} device {:02x} {} of {} bytes{}\n{}",
      name_, kPhases[static_cast<unsigned>(s.phase)], s.status, s.error, s.command, command_name(),
      s.previous_count, s.sector_count, s.previous_high, s.previous_mid, s.previous_low, s.lba_high,
      s.lba_mid, s.lba_low, s.device, s.position, s.block.size(), s.interrupt ? " INTRQ" : "",
      dump_device());
}

}  // namespace ice86::devices
