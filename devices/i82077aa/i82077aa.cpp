// SPDX-License-Identifier: LGPL-2.1-or-later
// 82077AA: registers, command and result phases, resets, seeks, and the commands without data.
// Reference: Intel 82077AA datasheet (290166-007), sections 2, 4, 5.
#include "devices/i82077aa/i82077aa.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "devices/i82077aa/registers.h"
#include "emulator/base/assert.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

using namespace fdc;

struct I82077aa::Command {
  std::uint8_t code;
  std::uint8_t flags;   // bits of the first byte that are parameters
  std::uint8_t length;  // of the command phase
  std::string_view name;
  void (I82077aa::*run)();
};

// Table 5-1.
const I82077aa::Command* I82077aa::find_command(std::uint8_t byte) {
  constexpr std::uint8_t kMtMfmSk = kMultiTrack | kMfm | kSkip;
  static constexpr Command kCommands[] = {
      {kReadTrack, kMfm | kSkip, 9, "READ TRACK", &I82077aa::transfer},
      {kSpecify, 0, 3, "SPECIFY", &I82077aa::specify},
      {kSenseDrive, 0, 2, "SENSE DRIVE STATUS", &I82077aa::sense_drive_status},
      {kWriteData, kMultiTrack | kMfm, 9, "WRITE DATA", &I82077aa::transfer},
      {kReadData, kMtMfmSk, 9, "READ DATA", &I82077aa::transfer},
      {kRecalibrate, 0, 2, "RECALIBRATE", &I82077aa::recalibrate},
      {kSenseInterrupt, 0, 1, "SENSE INTERRUPT STATUS", &I82077aa::sense_interrupt_status},
      {kWriteDeleted, kMultiTrack | kMfm, 9, "WRITE DELETED DATA", &I82077aa::transfer},
      {kReadId, kMfm, 2, "READ ID", &I82077aa::read_id},
      {kReadDeleted, kMtMfmSk, 9, "READ DELETED DATA", &I82077aa::transfer},
      {kFormat, kMfm, 6, "FORMAT TRACK", &I82077aa::format_track},
      {kDumpreg, 0, 1, "DUMPREG", &I82077aa::dump_registers},
      {kSeek, 0, 3, "SEEK", &I82077aa::seek},
      {kMultiTrack | kSeek, kDirectionIn, 3, "RELATIVE SEEK", &I82077aa::relative_seek},
      {kVersion, 0, 1, "VERSION", &I82077aa::version},
      {kScanEqual, kMtMfmSk, 9, "SCAN EQUAL", &I82077aa::transfer},
      {kPerpendicular, 0, 2, "PERPENDICULAR MODE", &I82077aa::perpendicular_mode},
      {kConfigure, 0, 4, "CONFIGURE", &I82077aa::configure},
      {kLock, 0x80, 1, "LOCK", &I82077aa::lock},
      {kVerify, kMtMfmSk, 9, "VERIFY", &I82077aa::transfer},
      {kScanLow, kMtMfmSk, 9, "SCAN LOW OR EQUAL", &I82077aa::transfer},
      {kScanHigh, kMtMfmSk, 9, "SCAN HIGH OR EQUAL", &I82077aa::transfer},
  };
  for (const Command& command : kCommands) {
    if ((byte & ~command.flags) == command.code) return &command;
  }
  return nullptr;
}

I82077aa::I82077aa(Clock& clock, Pins pins, TraceBus& trace, Config config)
    : clock_(clock),
      pins_(pins),
      trace_(trace),
      config_(config),
      poll_timer_(clock, "fdc.poll",
                  [this](Nanoseconds) {
                    state_.polls_left = kDrives;
                    state_.attention = true;
                    drive_pins();
                  }),
      execution_timer_(clock, "fdc.execution", [this](Nanoseconds) { execution_expired(); }),
      seek_timers_{Timer(clock, "fdc.seek0", [this](Nanoseconds) { seek_ended(0); }),
                   Timer(clock, "fdc.seek1", [this](Nanoseconds) { seek_ended(1); }),
                   Timer(clock, "fdc.seek2", [this](Nanoseconds) { seek_ended(2); }),
                   Timer(clock, "fdc.seek3", [this](Nanoseconds) { seek_ended(3); })} {}

void I82077aa::drive_pins() {
  const State& s = state_;
  const bool gate = (s.dor & kDorDmaGate) != 0;
  const bool moving = s.phase == Phase::kExecution && s.requesting;
  pins_.irq.set(gate && (s.attention || s.result_interrupt || (moving && !dma())));
  pins_.drq.set(gate && moving && dma());
}

// The drive's select line: on a PC/AT the board drives it only together with the motor's.
bool I82077aa::drive_selected(unsigned unit) const {
  return drives_[unit].present() && bit(state_.dor, 4 + unit);
}

// --- registers

std::uint8_t I82077aa::main_status() const {
  const State& s = state_;
  if (in_reset()) return 0;
  std::uint8_t value = s.seeking;
  switch (s.phase) {
    case Phase::kCommand:
      value |= kMsrRqm;
      if (s.command_length != 0) value |= kMsrBusy;
      break;
    case Phase::kExecution:
      value |= kMsrBusy;
      if (!dma()) value |= kMsrNonDma;
      if (!dma() && s.requesting) value |= kMsrRqm;
      if (!dma() && s.to_host) value |= kMsrDio;
      break;
    case Phase::kResult: value |= kMsrRqm | kMsrDio | kMsrBusy; break;
  }
  return value;
}

std::uint64_t I82077aa::peek(std::uint64_t offset, unsigned width) const {
  const State& s = state_;
  switch (offset) {
    case kDor: return s.dor;
    case kTdr: return s.tdr | 0xFC;  // bits 7-2 are not driven
    case kMsrDsr: return main_status();
    case kFifo:
      if (s.phase == Phase::kResult) return s.result[s.result_position];
      if (s.phase == Phase::kExecution && !dma() && s.to_host && s.requesting) {
        return s.buffer[s.position];
      }
      return 0;
    case kDirCcr: {
      // Bits 6-0 are not driven by this chip; the disk controller's cable pulls them low.
      const unsigned unit = s.dor & 3U;
      return drive_selected(unit) && drives_[unit].changed() ? kDirChange : 0;
    }
    default: return floating_bus(width);  // status registers A and B: not in AT mode
  }
}

std::uint64_t I82077aa::read(std::uint64_t offset, unsigned width) {
  const std::uint64_t value = peek(offset, width);
  if (offset != kFifo || in_reset()) return value;
  State& s = state_;
  if (s.phase == Phase::kResult) {
    s.result_interrupt = false;
    if (++s.result_position == s.result_length) to_command_phase();
    drive_pins();
  } else if (s.phase == Phase::kExecution && !dma() && s.to_host && s.requesting) {
    take_byte();
  }
  return value;
}

void I82077aa::write(std::uint64_t offset, unsigned, std::uint64_t data) {
  const auto value = static_cast<std::uint8_t>(data);
  switch (offset) {
    case kDor: write_dor(value); break;
    case kTdr: state_.tdr = value & 3; break;
    case kMsrDsr: write_dsr(value); break;
    case kFifo: write_fifo(value); break;
    case kDirCcr:
      state_.rate = value & 3;
      state_.rate_set = true;
      break;
    default: break;
  }
}

void I82077aa::write_dor(std::uint8_t value) {
  const bool was_in_reset = in_reset();
  state_.dor = value;
  if (in_reset()) {
    if (!was_in_reset) software_reset();
  } else if (was_in_reset) {
    start_poll();
  }
  drive_pins();
}

void I82077aa::write_dsr(std::uint8_t value) {
  state_.dsr = value & static_cast<std::uint8_t>(~kDsrReset);  // it clears itself
  state_.rate = value & 3;
  state_.rate_set = true;
  if ((value & kDsrReset) != 0 && !in_reset()) {
    software_reset();
    start_poll();
  }
}

// Section 4: what a software reset leaves alone are the registers themselves, SPECIFY, the drives
// of PERPENDICULAR MODE and, if LOCK says so, the FIFO and the precompensation track.
void I82077aa::software_reset() {
  State& s = state_;
  const State old = s;
  s = State();
  s.dor = old.dor;
  s.tdr = old.tdr;
  s.dsr = old.dsr;
  s.rate = old.rate;
  s.rate_set = old.rate_set;
  s.srt_hut = old.srt_hut;
  s.hlt_nd = old.hlt_nd;
  s.lock = old.lock;
  s.perpendicular = old.perpendicular & 0x3C;
  s.configure = kFifoOff;
  if (old.lock) {
    s.configure = old.configure & kFifoAndThreshold;
    s.precompensation_track = old.precompensation_track;
  }
  poll_timer_.cancel();
  execution_timer_.cancel();
  for (Timer& timer : seek_timers_) timer.cancel();
  drive_pins();
}

// Polling finds every drive's ready line changed after a reset (section 5.2.4).
void I82077aa::start_poll() {
  poll_timer_.arm_in(kPollTime);
}

void I82077aa::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  if (kind == ResetKind::kPowerOn) {
    for (FloppyDrive& drive : drives_) drive.power_on();
  }
  state_ = State();
  software_reset();
}

// --- command and result phases

void I82077aa::write_fifo(std::uint8_t value) {
  State& s = state_;
  if (in_reset() || s.phase == Phase::kResult) return;
  if (s.phase == Phase::kExecution) {
    if (!dma() && !s.to_host && s.requesting) give_byte(value);
    return;
  }
  const Command* const command = find_command(s.command_length == 0 ? value : s.command[0]);
  s.command[s.command_length++] = value;
  if (s.command_length == 1) {
    // SENSE INTERRUPT STATUS should have been asked first; the Bochs BIOS does not.
    s.attention = false;
    drive_pins();
  }
  if (command == nullptr) return invalid();
  if (s.command_length == command->length) execute(*command);
}

void I82077aa::execute(const Command& command) {
  state_.phase = Phase::kExecution;
  state_.step = Step::kNothing;
  state_.requesting = false;
  (this->*command.run)();
}

void I82077aa::to_command_phase() {
  state_.phase = Phase::kCommand;
  state_.command_length = 0;
  state_.result_length = state_.result_position = 0;
}

void I82077aa::to_result(std::initializer_list<std::uint8_t> bytes, bool interrupt) {
  State& s = state_;
  s.phase = Phase::kResult;
  s.requesting = false;
  std::copy(bytes.begin(), bytes.end(), s.result.begin());
  s.result_length = static_cast<std::uint8_t>(bytes.size());
  s.result_position = 0;
  s.result_interrupt = interrupt;
  drive_pins();
}

void I82077aa::invalid() {
  to_result({kSt0Invalid});
}

// --- commands without data

void I82077aa::specify() {
  state_.srt_hut = state_.command[1];
  state_.hlt_nd = state_.command[2];
  to_command_phase();
}

void I82077aa::sense_drive_status() {
  const FloppyDrive& drive = drives_[unit()];
  auto st3 = static_cast<std::uint8_t>(kSt3Ones | (state_.command[1] & 7));
  if (drive_selected(unit())) {
    if (drive.write_protected()) st3 |= kSt3WriteProtected;
    if (drive.at_track0()) st3 |= kSt3Track0;
  }
  to_result({st3});
}

void I82077aa::sense_interrupt_status() {
  State& s = state_;
  if (s.polls_left != 0) {
    const unsigned unit = kDrives - s.polls_left--;
    return to_result({static_cast<std::uint8_t>(kSt0Polling | unit), s.pcn[unit]});
  }
  for (unsigned unit = 0; unit < kDrives; ++unit) {
    if (!bit(s.sense_pending, unit)) continue;
    s.sense_pending = static_cast<std::uint8_t>(s.sense_pending & ~(1U << unit));
    s.attention = s.sense_pending != 0;
    return to_result({s.sense[unit], s.pcn[unit]});
  }
  invalid();
}

void I82077aa::configure() {
  state_.configure = state_.command[2] & 0x7F;
  state_.precompensation_track = state_.command[3];
  to_command_phase();
}

void I82077aa::perpendicular_mode() {
  const std::uint8_t value = state_.command[1];
  // The drives' bits are taken with OW only.
  const unsigned drives = (value & 0x80) != 0 ? value : state_.perpendicular;
  state_.perpendicular = static_cast<std::uint8_t>((drives & 0x3C) | (value & 3));
  to_command_phase();
}

void I82077aa::lock() {
  state_.lock = flag(0x80);
  to_result({static_cast<std::uint8_t>(state_.lock ? 0x10 : 0)});
}

void I82077aa::version() {
  to_result({0x90});
}

void I82077aa::dump_registers() {
  const State& s = state_;
  to_result({s.pcn[0], s.pcn[1], s.pcn[2], s.pcn[3], s.srt_hut, s.hlt_nd, s.last_count,
             static_cast<std::uint8_t>((s.lock ? 0x80 : 0) | s.perpendicular), s.configure,
             s.precompensation_track});
}

// --- seeks

// SRT counts down from 16, in a unit that follows the data rate (table 5-10).
Nanoseconds I82077aa::step_time() const {
  static constexpr Nanoseconds kUnit[] = {1'000'000, 1'666'667, 2'000'000, 500'000};
  return (16U - (state_.srt_hut >> 4)) * kUnit[state_.rate] / config_.speed;
}

void I82077aa::start_seek(unsigned unit, unsigned steps) {
  state_.seeking |= static_cast<std::uint8_t>(1U << unit);
  to_command_phase();
  seek_timers_[unit].arm_in(std::max(1U, steps) * step_time());
}

void I82077aa::recalibrate() {
  state_.recalibrating |= static_cast<std::uint8_t>(1U << unit());
  start_seek(unit(), drive_selected(unit()) ? std::min(drives_[unit()].cylinder(), kMostSteps)
                                            : kMostSteps);
}

void I82077aa::seek() {
  const unsigned target = state_.command[2];
  const int steps = static_cast<int>(target) - state_.pcn[unit()];
  state_.seek_steps[unit()] = static_cast<std::int16_t>(steps);
  state_.recalibrating &= static_cast<std::uint8_t>(~(1U << unit()));
  start_seek(unit(), static_cast<unsigned>(std::abs(steps)));
}

void I82077aa::relative_seek() {
  const int count = state_.command[2];
  state_.seek_steps[unit()] = static_cast<std::int16_t>(flag(kDirectionIn) ? count : -count);
  state_.recalibrating &= static_cast<std::uint8_t>(~(1U << unit()));
  start_seek(unit(), static_cast<unsigned>(count));
}

void I82077aa::seek_ended(unsigned unit) {
  State& s = state_;
  const auto mask = static_cast<std::uint8_t>(1U << unit);
  FloppyDrive& drive = drives_[unit];
  const bool selected = drive_selected(unit);
  auto st0 = static_cast<std::uint8_t>(kSt0SeekEnd | unit);
  if ((s.recalibrating & mask) != 0) {
    if (selected) drive.step(-static_cast<int>(kMostSteps));
    if (!selected || !drive.at_track0()) st0 |= kSt0Abnormal | kSt0EquipmentCheck;
    s.pcn[unit] = 0;
  } else {
    if (selected) drive.step(s.seek_steps[unit]);
    s.pcn[unit] = static_cast<std::uint8_t>(s.pcn[unit] + s.seek_steps[unit]);
  }
  s.recalibrating &= static_cast<std::uint8_t>(~mask);
  s.seeking &= static_cast<std::uint8_t>(~mask);
  s.sense_pending |= mask;
  s.polls_left = 0;  // what nobody has asked for by now
  s.sense[unit] = st0;
  s.attention = true;
  drive_pins();
}

// --- state

void I82077aa::trace_command(std::string_view result) {
  if (!trace_.wants(TraceCategory::kDisk)) return;
  const Command* const command = find_command(state_.command[0]);
  trace_.emit(TraceCategory::kDisk, "command",
              {{"device", fmt::format("fd{}", unit())},
               {"command", std::string(command != nullptr ? command->name : "?")},
               {"cylinder", state_.cylinder},
               {"head", state_.head},
               {"record", state_.record},
               {"result", std::string(result)},
               {"ns", clock_.now() - state_.started}});
}

void I82077aa::serialize(Archive& archive) {
  archive.section("i82077aa", 1, [&] {
    State& s = state_;
    for (std::uint8_t* value : {&s.dor,
                                &s.tdr,
                                &s.dsr,
                                &s.rate,
                                &s.command_length,
                                &s.result_length,
                                &s.result_position,
                                &s.cylinder,
                                &s.head,
                                &s.record,
                                &s.size,
                                &s.left,
                                &s.last_count,
                                &s.st0,
                                &s.st1,
                                &s.st2,
                                &s.srt_hut,
                                &s.hlt_nd,
                                &s.configure,
                                &s.precompensation_track,
                                &s.perpendicular,
                                &s.seeking,
                                &s.recalibrating,
                                &s.sense_pending,
                                &s.polls_left}) {
      archive.io(*value);
    }
    archive.io(s.phase, Phase::kResult);
    archive.io(s.step, Step::kFailure);
    archive.io(s.command);
    archive.io(s.result);
    archive.io(s.buffer);
    archive.io(s.position);
    archive.io(s.length);
    for (bool* value : {&s.rate_set, &s.result_interrupt, &s.to_host, &s.terminal, &s.requesting,
                        &s.lock, &s.attention}) {
      archive.io(*value);
    }
    archive.io(s.pcn);
    archive.io(s.sense);
    archive.io(s.seek_steps);
    archive.io(s.started);
    const Command* const command = find_command(s.command[0]);
    const bool whole = command != nullptr && s.command_length == command->length;
    const bool partial =
        s.command_length == 0 || (command != nullptr && s.command_length < command->length);
    const bool phase_fits = s.phase == Phase::kCommand  ? partial
                            : s.phase == Phase::kResult ? s.result_position < s.result_length &&
                                                              s.result_length <= s.result.size()
                                                        : whole;
    const bool transfer_fits = s.length <= s.buffer.size() &&
                               (s.requesting ? s.position < s.length : s.position <= s.length);
    if (s.tdr > 3 || s.rate > 3 || s.polls_left > kDrives || s.seeking > 15 || s.dsr >= 0x80 ||
        s.sense_pending > 15 || s.recalibrating > 15 || !phase_fits || !transfer_fits ||
        std::any_of(s.seek_steps.begin(), s.seek_steps.end(),
                    [](std::int16_t steps) { return steps < -255 || steps > 255; })) {
      archive.fail("the floppy controller's stored state contradicts itself");
      s = State();
    }
    if (archive.loading()) {
      const bool gate = (s.dor & kDorDmaGate) != 0;
      const bool moving = s.phase == Phase::kExecution && s.requesting;
      pins_.irq.restore(gate && (s.attention || s.result_interrupt || (moving && !dma())));
      pins_.drq.restore(gate && moving && dma());
    }
  });
  for (FloppyDrive& drive : drives_) drive.serialize(archive);
}

std::string I82077aa::dump() const {
  const State& s = state_;
  static constexpr const char* kPhases[] = {"command", "execution", "result"};
  std::string text = fmt::format(
      "82077AA: DOR {:02x} MSR {:02x} rate {} {} phase, SPECIFY {:02x} {:02x} CONFIGURE {:02x}{}\n",
      s.dor, main_status(), s.rate, kPhases[static_cast<unsigned>(s.phase)], s.srt_hut, s.hlt_nd,
      s.configure, s.lock ? " locked" : "");
  for (unsigned i = 0; i < kDrives; ++i) {
    const FloppyDrive& drive = drives_[i];
    if (!drive.present()) continue;
    text += fmt::format("  drive {}: {}, cylinder {} (PCN {}){}{}\n", i,
                        drive.medium() != nullptr ? drive.format().name : "empty", drive.cylinder(),
                        s.pcn[i], drive.write_protected() ? ", protected" : "",
                        drive.changed() ? ", changed" : "");
  }
  return text;
}

}  // namespace ice86::devices
