// SPDX-License-Identifier: LGPL-2.1-or-later
// 82077AA: the commands that work on a track.
// Reference: Intel 82077AA datasheet (290166-007), section 5.1 (data transfer commands) and tables
// 5-2 to 5-8; NEC uPD765A datasheet for SCAN.
#include <algorithm>
#include <cstdlib>

#include "devices/i82077aa/i82077aa.h"
#include "devices/i82077aa/registers.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

using namespace fdc;

namespace {
constexpr unsigned kEot = 6, kStep = 8;  // places in the nine command bytes
constexpr std::uint8_t kSize512 = 2;
// TC is there with the last byte, or a byte of DMA later.
constexpr Nanoseconds kTcTime = 10'000;
constexpr Nanoseconds kRegisterTime = 2'000;
}  // namespace

bool I82077aa::scans() const {
  return opcode() == kScanEqual || opcode() == kScanLow || opcode() == kScanHigh;
}

bool I82077aa::writes_medium() const {
  return opcode() == kWriteData || opcode() == kWriteDeleted || opcode() == kFormat;
}

bool I82077aa::host_gives() const {
  return writes_medium() || scans();
}

void I82077aa::wait(Step step, Nanoseconds delay) {
  state_.step = step;
  execution_timer_.arm_in(delay);
}

// Sectors pass one after the other; the time from the index hole to the first is not modelled.
Nanoseconds I82077aa::sector_time() const {
  const FloppyDrive& drive = drives_[unit()];
  const unsigned sectors =
      opcode() == kFormat ? state_.command[3] : drive.format().sectors_per_track;
  return turn() / std::max(1U, sectors);
}

void I82077aa::begin(std::uint8_t cylinder, std::uint8_t head, std::uint8_t record,
                     std::uint8_t size) {
  State& s = state_;
  s.cylinder = cylinder;
  s.head = head;
  s.record = record;
  s.size = size;
  s.st0 = s.command[1] & 7;
  s.st1 = s.st2 = 0;
  s.terminal = false;
  s.to_host = !host_gives() && opcode() != kVerify && opcode() != kReadId &&
              !(opcode() == kReadDeleted && flag(kSkip));
  s.position = s.length = 0;
  s.started = clock_.now();
}

void I82077aa::read_id() {
  begin(0, 0, 0, 0);
  at_track();
}

void I82077aa::format_track() {
  State& s = state_;
  const auto head = static_cast<std::uint8_t>(side());
  begin(drives_[unit()].cylinder() & 0xFF, head, 0, s.command[2]);
  s.left = s.last_count = s.command[3];
  at_track();
}

void I82077aa::transfer() {
  State& s = state_;
  const bool whole_track = opcode() == kReadTrack;
  begin(s.command[2], s.command[3], whole_track ? 1 : s.command[4], s.command[5]);
  s.last_count = s.command[kEot];
  s.left = opcode() == kVerify && (s.command[1] & kEnableCount) != 0 ? s.command[8] : 0;
  const bool seeks = (s.configure & kImpliedSeek) != 0 || config_.always_implied_seek;
  const int steps = s.cylinder - s.pcn[unit()];
  if (!seeks || steps == 0) return at_track();
  wait(Step::kSeek, static_cast<unsigned>(std::abs(steps)) * step_time());
}

Nanoseconds I82077aa::turn() const {
  return drives_[unit()].rotation_ns() / config_.speed;
}

bool I82077aa::rate_fits() const {
  return (config_.rate_of_medium && !state_.rate_set) ||
         bit(drives_[unit()].format().rates, state_.rate);
}

// ID fields come past the head: the rate, the recording and the side are those of the format.
bool I82077aa::track_readable() const {
  const FloppyDrive& drive = drives_[unit()];
  return flag(kMfm) && rate_fits() && side() < drive.format().heads &&
         drive.cylinder() < drive.format().cylinders;
}

bool I82077aa::sector_exists() const {
  const State& s = state_;
  return s.head == (s.st0 >> 2 & 1) && s.size == kSize512 && s.record >= 1 &&
         s.record <= drives_[unit()].format().sectors_per_track;
}

// The head is on the cylinder: what passes under it?
void I82077aa::at_track() {
  State& s = state_;
  const FloppyDrive& drive = drives_[unit()];
  // No drive, no diskette, no motor: no index pulse, and the chip waits for one until it is reset.
  if (!drive_selected(unit()) || drive.medium() == nullptr) {
    s.step = Step::kNothing;
    return;
  }
  // Two index pulses without what was looked for are the proof.
  const Nanoseconds two_turns = 2 * turn();
  if (writes_medium() && drive.write_protected()) {
    return fail_after(kRegisterTime, kSt1NotWritable, 0);
  }
  if (opcode() == kFormat) {
    if (s.left == 0 || !flag(kMfm) || !rate_fits() || side() >= drive.format().heads ||
        drive.cylinder() >= drive.format().cylinders) {
      return fail_after(two_turns, kSt1MissingMark, 0);
    }
    return request_sector(4, false);
  }
  if (!track_readable()) return fail_after(two_turns, kSt1MissingMark, 0);
  if (opcode() == kReadId) return wait(Step::kSearch, sector_time());
  if (s.cylinder != drive.cylinder()) {
    const std::uint8_t st2 =
        s.cylinder == 0xFF ? kSt2WrongCylinder | kSt2BadCylinder : kSt2WrongCylinder;
    return fail_after(two_turns, kSt1NoData, st2);
  }
  at_sector();
}

void I82077aa::at_sector() {
  if (!sector_exists()) return fail_after(2 * turn(), kSt1NoData, 0);
  if (host_gives()) return request_sector(512, false);
  wait(Step::kSearch, sector_time());
}

void I82077aa::execution_expired() {
  State& s = state_;
  if (s.phase != Phase::kExecution) return;
  switch (s.step) {
    case Step::kNothing: break;
    case Step::kSeek: {
      const int steps = s.cylinder - s.pcn[unit()];
      if (drive_selected(unit())) drives_[unit()].step(steps);
      s.pcn[unit()] = s.cylinder;
      at_track();
      break;
    }
    case Step::kSearch:
      if (opcode() == kReadId) {
        const FloppyDrive& drive = drives_[unit()];
        s.cylinder = static_cast<std::uint8_t>(drive.cylinder());
        s.head = static_cast<std::uint8_t>(side());
        s.record = static_cast<std::uint8_t>(
            clock_.now() / sector_time() % std::max<unsigned>(1, drive.format().sectors_per_track) +
            1);
        s.size = kSize512;
        return end_transfer(0, "ok");
      }
      if (opcode() == kVerify || (opcode() == kReadDeleted && flag(kSkip))) {
        // Images hold no deleted sectors: SK skips every one, and says so.
        if (opcode() == kReadDeleted) s.st2 |= kSt2ControlMark;
        if (opcode() == kVerify && !load_sector()) return;
        return next_sector();
      }
      if (!load_sector()) return;
      if (opcode() == kReadDeleted) s.st2 |= kSt2ControlMark;
      request_sector(512, true);
      break;
    case Step::kHost: host_time_over(); break;
    case Step::kLast:
      advance_id();
      if (s.terminal || (s.st2 & kSt2ControlMark) != 0) return end_transfer(0, "ok");
      s.st1 |= kSt1EndOfCylinder;
      end_transfer(kSt0Abnormal, "end of cylinder");
      break;
    case Step::kFailure: end_transfer(kSt0Abnormal, "failed"); break;
  }
}

// --- the host's side

void I82077aa::request_sector(unsigned length, bool to_host) {
  State& s = state_;
  s.position = 0;
  s.length = static_cast<std::uint16_t>(length);
  s.to_host = to_host;
  wait(Step::kHost, sector_time());
  set_request(true);
}

void I82077aa::set_request(bool on) {
  state_.requesting = on;
  drive_pins();
}

std::uint8_t I82077aa::take_byte() {
  const std::uint8_t value = state_.buffer[state_.position++];
  if (state_.position == state_.length) host_is_done();
  return value;
}

void I82077aa::give_byte(std::uint8_t value) {
  state_.buffer[state_.position++] = value;
  if (state_.position == state_.length) host_is_done();
}

void I82077aa::host_is_done() {
  set_request(false);
  if (state_.to_host && is_last_sector()) wait(Step::kLast, kTcTime);
}

std::uint16_t I82077aa::dack_read() {
  return dma() && state_.requesting && state_.to_host ? take_byte() : 0xFF;
}

void I82077aa::dack_write(std::uint16_t unit) {
  if (dma() && state_.requesting && !state_.to_host) give_byte(static_cast<std::uint8_t>(unit));
}

void I82077aa::terminal_count() {
  State& s = state_;
  if (s.phase != Phase::kExecution || !dma() || (s.dor & kDorDmaGate) == 0) return;
  if (s.step != Step::kHost && s.step != Step::kLast) return;
  s.terminal = true;
  set_request(false);
  if (s.to_host) wait(Step::kLast, kTcTime);
}

// The next sector is there, or this one has passed.
void I82077aa::host_time_over() {
  State& s = state_;
  if (s.position < s.length && !(s.terminal && opcode() != kFormat)) {
    s.st1 |= kSt1Overrun;
    return end_transfer(kSt0Abnormal, "overrun");
  }
  if (s.to_host) return next_sector();
  // What TC cuts off is written as zeros.
  std::fill(s.buffer.begin() + s.position, s.buffer.end(), std::uint8_t{0});
  if (opcode() == kFormat) {
    if (!format_sector()) return;
    if (--s.left == 0 || s.terminal) return end_transfer(0, "ok");
    return request_sector(4, false);
  }
  if (scans()) {
    if (scan_sector()) return;
  } else if (!store_sector()) {
    return;
  }
  if (s.terminal) {
    advance_id();
    return end_transfer(0, "ok");
  }
  next_sector();
}

// --- sectors

bool I82077aa::load_sector() {
  State& s = state_;
  FloppyDrive& drive = drives_[unit()];
  const std::uint64_t sector = drive.sector_index(s.cylinder, s.head, s.record);
  if (drive.medium() == nullptr || sector >= drive.medium()->sectors()) {
    s.buffer.fill(0);
    return true;
  }
  if (drive.medium()->read(sector, s.buffer)) return true;
  s.st1 |= kSt1DataError;
  s.st2 |= kSt2DataError;
  end_transfer(kSt0Abnormal, "CRC error");
  return false;
}

bool I82077aa::store_sector() {
  State& s = state_;
  FloppyDrive& drive = drives_[unit()];
  const std::uint64_t sector = drive.sector_index(s.cylinder, s.head, s.record);
  if (drive.medium() != nullptr && sector < drive.medium()->sectors() &&
      drive.medium()->write(sector, s.buffer)) {
    return true;
  }
  // A drive that cannot write says so with its fault line.
  end_transfer(kSt0Abnormal | kSt0EquipmentCheck, "drive fault");
  return false;
}

// C, H, R and N of the sector have come. An image has room for the sectors of its format only.
bool I82077aa::format_sector() {
  State& s = state_;
  s.cylinder = s.buffer[0];
  s.head = s.buffer[1];
  s.record = s.buffer[2];
  s.size = s.buffer[3];
  if (s.cylinder != drives_[unit()].cylinder() || !sector_exists()) {
    end_transfer(kSt0Abnormal | kSt0EquipmentCheck, "drive fault");
    return false;
  }
  s.buffer.fill(s.command[5]);
  return store_sector();
}

// Compares the host's bytes with the sector. True: the command is over.
bool I82077aa::scan_sector() {
  State& s = state_;
  const std::array<std::uint8_t, 512> host = s.buffer;
  const unsigned given = s.position;
  if (!load_sector()) return true;
  bool equal = true, satisfied = true;
  for (unsigned i = 0; i < given; ++i) {
    const std::uint8_t disk = s.buffer[i];
    if (disk == host[i] || disk == 0xFF || host[i] == 0xFF) continue;  // FFh: any byte
    equal = false;
    satisfied = satisfied && ((opcode() == kScanLow && disk < host[i]) ||
                              (opcode() == kScanHigh && disk > host[i]));
  }
  if (!satisfied) {
    if (!s.terminal && !is_last_sector()) return false;
    s.st2 |= kSt2ScanNotSatisfied;
  } else if (equal) {
    s.st2 |= kSt2ScanHit;
  }
  advance_id();
  end_transfer(0, satisfied ? "ok" : "not satisfied");
  return true;
}

bool I82077aa::is_last_sector() const {
  const State& s = state_;
  if (opcode() == kReadDeleted && !flag(kSkip)) return true;
  if (opcode() == kVerify && (s.command[1] & kEnableCount) != 0) return s.left == 1;
  const unsigned step = scans() && s.command[kStep] == 2 ? 2 : 1;
  const bool end_of_track =
      step == 2 ? s.record + step > s.command[kEot] : s.record == s.command[kEot];
  return end_of_track && (!flag(kMultiTrack) || s.head == 1 || opcode() == kReadTrack);
}

void I82077aa::next_sector() {
  State& s = state_;
  const bool last = is_last_sector();
  advance_id();
  if (s.left != 0) --s.left;
  if (last) {
    if (opcode() == kVerify) return end_transfer(0, "ok");
    s.st1 |= kSt1EndOfCylinder;
    return end_transfer(kSt0Abnormal, "end of cylinder");
  }
  // The head bit of ST0 follows a multi-track transfer to the other side.
  s.st0 = static_cast<std::uint8_t>((s.st0 & 3) | (s.head & 1) << 2);
  if (!sector_exists()) return fail_after(2 * turn(), kSt1NoData, 0);
  if (host_gives()) return request_sector(512, false);
  if (!s.to_host) return wait(Step::kSearch, sector_time());
  // A read has paid for the sector's time while the host took the one before.
  s.step = Step::kSearch;
  execution_expired();
}

// Table 5-4: the sector ID in the result phase is that of the sector to come.
void I82077aa::advance_id() {
  State& s = state_;
  const unsigned step = scans() && s.command[kStep] == 2 ? 2 : 1;
  if (s.record != s.command[kEot] && !(step == 2 && s.record + step > s.command[kEot])) {
    s.record = static_cast<std::uint8_t>(s.record + step);
    return;
  }
  s.record = 1;
  const bool multi_track = flag(kMultiTrack) && opcode() != kReadTrack;
  if (!multi_track || (s.head & 1) != 0) s.cylinder = static_cast<std::uint8_t>(s.cylinder + 1);
  if (multi_track) s.head ^= 1;
}

// --- ends

void I82077aa::fail_after(Nanoseconds delay, std::uint8_t st1, std::uint8_t st2) {
  state_.st1 |= st1;
  state_.st2 |= st2;
  wait(Step::kFailure, delay);
}

void I82077aa::end_transfer(std::uint8_t st0, std::string_view result) {
  State& s = state_;
  execution_timer_.cancel();
  s.st0 |= st0;
  s.step = Step::kNothing;
  trace_command(result);
  to_result({s.st0, s.st1, s.st2, s.cylinder, s.head, s.record, s.size}, true);
}

}  // namespace ice86::devices
