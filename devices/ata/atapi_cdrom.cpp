// SPDX-License-Identifier: LGPL-2.1-or-later
// The ATA side of a CD-ROM drive: registers, the packet protocol and data phases.
// Reference: ATA/ATAPI-6 (T13/1410D revision 3b), sections 8.9, 8.23, 9.8, 9.11.
#include "devices/ata/atapi_cdrom.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

constexpr std::uint8_t kPacket = 0xA0, kIdentifyPacket = 0xA1, kDeviceReset = 0x08;
// Interrupt reason, in Sector Count (section 7.16).
constexpr std::uint8_t kReasonPacket = 0x01, kReasonToHost = 0x02, kReasonDone = 0x03;
constexpr std::size_t kPacketBytes = 12;
constexpr std::size_t kMostReply = 128 * 1024;
constexpr std::uint32_t kSectorsAtOnce = 16;
constexpr std::size_t kUserBytes = 2048, kRawBytes = 2352;
constexpr std::uint8_t kSenseMediumError = 0x03;

}  // namespace

AtapiCdrom::AtapiCdrom(Clock& clock, TraceBus& trace, AtaHost& host, std::string name,
                       unsigned position, BlockBackend* medium, Config config)
    : AtaDevice(clock, trace, host, std::move(name), position, config.timing),
      medium_(medium),
      config_(std::move(config)) {
  if (config_.serial.empty()) config_.serial = fmt::format("ICE86-{}", name_);
}

void AtapiCdrom::change_medium(BlockBackend* medium) {
  medium_ = medium;
  cd_.reading = false;
  cd_.tray_open = false;
  cd_.attention = true;
  cd_.event = true;
}

std::uint32_t AtapiCdrom::sectors() const {
  if (!has_medium()) return 0;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(medium_->sectors() / 4, 0xFFFF'FFFF));
}

Nanoseconds AtapiCdrom::start_command() {
  cd_.packet_phase = false;
  cd_.packet_pending = false;
  cd_.reading = false;
  cd_.reply.clear();
  cd_.reply_position = 0;
  if (state_.command == kPacket) {
    cd_.dma = (state_.features & 0x01) != 0;
    cd_.byte_limit = static_cast<std::uint16_t>(state_.lba_high << 8 | state_.lba_mid);
  }
  return timing_.register_latency;
}

void AtapiCdrom::execute() {
  switch (state_.command) {
    case kPacket:
      cd_.packet_phase = true;
      state_.sector_count = kReasonPacket;
      return data_out(kPacketBytes, false);
    case kIdentifyPacket: return identify();
    case kDeviceReset:
      state_.error = 0x01;
      set_signature();
      state_.status = status_after_reset();
      state_.phase = Phase::kIdle;
      return trace_result("ok");  // no interrupt (section 9.11)
    case 0xEF: return set_features();
    case 0xE0:
    case 0xE1:
    case 0xE2:
    case 0xE3:
    case 0xE6: return complete();
    case 0xE5: state_.sector_count = 0xFF; return complete();
    case 0x20:
    case 0x21:
    case 0xEC:
      // So that software finds out what it talks to (section 9.12).
      set_signature();
      return fail(ata::kAbrt);
    default: return fail(ata::kAbrt);
  }
}

void AtapiCdrom::set_features() {
  if (state_.features == 0x03) {
    const std::uint8_t mode = state_.sector_count;
    const bool dma = (mode >= 0x20 && mode <= 0x22) || (mode >= 0x40 && mode <= 0x45);
    if (!dma && mode > 0x01 && (mode < 0x08 || mode > 0x0C)) return fail(ata::kAbrt);
    if (dma) cd_.dma_mode = mode;
    return complete();
  }
  if (state_.features == 0x66 || state_.features == 0xCC) return complete();
  fail(ata::kAbrt);
}

// After a data block, and when the packet's latency has passed.
void AtapiCdrom::next_block() {
  if (cd_.packet_pending) {
    cd_.packet_pending = false;
    return run_packet();
  }
  if (cd_.packet_phase) {
    cd_.packet_phase = false;
    std::copy_n(state_.block.begin(), std::min(state_.block.size(), kPacketBytes),
                cd_.packet.begin());
    state_.block.clear();
    cd_.packet_pending = true;
    return wait(timing_.command_latency);
  }
  send_next();
}

bool AtapiCdrom::continues_after_read() const {
  return state_.command == kPacket;
}

void AtapiCdrom::dma_block_moved() {
  send_next();
}

// --- data
// ----------------------------------------------------------------------------------------------

void AtapiCdrom::reply(std::vector<std::uint8_t> bytes, std::size_t allocation_length) {
  if (bytes.size() > allocation_length) bytes.resize(allocation_length);
  cd_.reply = std::move(bytes);
  cd_.reply_position = 0;
  cd_.reading = false;
  send_next();
}

void AtapiCdrom::start_read(std::uint32_t lba, std::uint32_t count, std::uint8_t layout) {
  restart_address(lba, count);
  const std::uint32_t total = sectors();
  if (lba > total || count > total - lba) return check_condition(0x05, 0x21);  // LBA out of range
  cd_.reading = true;
  cd_.lba = lba;
  cd_.left = count;
  cd_.layout = layout;
  cd_.reply.clear();
  cd_.reply_position = 0;
  send_next();
}

// Loads the next sectors of a read. False: there are none, or the command has failed.
bool AtapiCdrom::fill_reply() {
  if (!cd_.reading || cd_.left == 0) return false;
  const std::uint32_t count = std::min(cd_.left, kSectorsAtOnce);
  std::vector<std::uint8_t> user(count * kUserBytes);
  const std::uint32_t total = sectors();
  if (cd_.lba >= total || count > total - cd_.lba) {
    check_condition(0x05, 0x21);
    return false;
  }
  if (!medium_->read(std::uint64_t{cd_.lba} * 4, user)) {
    check_condition(kSenseMediumError, 0x11);  // unrecovered read error
    return false;
  }
  cd_.reply_position = 0;
  if (cd_.layout == 0x10) {
    cd_.reply = std::move(user);
  } else {
    // A raw mode 1 sector: sync, address, mode, data; the error correction bytes are left zero.
    cd_.reply.assign(count * kRawBytes, 0);
    for (std::uint32_t i = 0; i < count; ++i) {
      std::uint8_t* raw = &cd_.reply[i * kRawBytes];
      std::fill_n(raw + 1, 10, std::uint8_t{0xFF});
      const std::uint32_t frame = cd_.lba + i + 150;
      const auto bcd = [](std::uint32_t n) {
        return static_cast<std::uint8_t>(n / 10 % 10 << 4 | n % 10);
      };
      raw[12] = bcd(frame / 75 / 60);
      raw[13] = bcd(frame / 75 % 60);
      raw[14] = bcd(frame % 75);
      raw[15] = 1;
      std::copy_n(&user[i * kUserBytes], kUserBytes, raw + 16);
    }
  }
  cd_.lba += count;
  cd_.left -= count;
  return true;
}

void AtapiCdrom::send_next() {
  if (cd_.reply_position >= cd_.reply.size()) {
    const bool had_more = cd_.reading && cd_.left != 0;
    if (!fill_reply()) {
      if (!had_more) good();
      return;
    }
  }
  std::size_t most = 65536;
  if (!cd_.dma) {
    // A byte count limit of FFFFh means FFFEh; an odd one allows an odd last block only (section
    // 8.23.3). Zero is a host that forgot it: there is nothing smaller to send than one word.
    most = std::max<std::size_t>(cd_.byte_limit & 0xFFFEU, 2);
  }
  const std::size_t rest = cd_.reply.size() - cd_.reply_position;
  const std::size_t size = std::min(rest, most);
  const auto from = cd_.reply.begin() + cd_.reply_position;
  state_.block.assign(from, from + static_cast<std::ptrdiff_t>(size));
  cd_.reply_position += static_cast<std::uint32_t>(size);
  state_.sector_count = kReasonToHost;
  if (cd_.dma) return dma_in_block();
  state_.lba_mid = static_cast<std::uint8_t>(size);
  state_.lba_high = static_cast<std::uint8_t>(size >> 8);
  data_in();
}

void AtapiCdrom::good() {
  cd_.reading = false;
  cd_.reply.clear();
  cd_.reply_position = 0;
  if (cd_.packet[0] != 0x03) cd_.sense_key = cd_.asc = cd_.ascq = 0;
  state_.sector_count = kReasonDone;
  complete();
}

void AtapiCdrom::check_condition(std::uint8_t key, std::uint8_t asc, std::uint8_t ascq) {
  cd_.reading = false;
  cd_.reply.clear();
  cd_.reply_position = 0;
  cd_.sense_key = key;
  cd_.asc = asc;
  cd_.ascq = ascq;
  state_.sector_count = kReasonDone;
  fail(static_cast<std::uint8_t>(key << 4 | ata::kAbrt));
}

// --- state
// ---------------------------------------------------------------------------------------------

void AtapiCdrom::device_reset(std::optional<ResetKind> kind) {
  const CdState old = cd_;
  cd_ = CdState();
  cd_.tray_open = old.tray_open && kind != ResetKind::kPowerOn;
  if (kind) return;
  cd_.dma_mode = old.dma_mode;
  cd_.attention = old.attention;
  cd_.event = old.event;
  cd_.locked = old.locked;
}

void AtapiCdrom::set_signature() {
  // Section 9.12: signature of a device with the PACKET command.
  state_.sector_count = 1;
  state_.lba_low = 1;
  state_.lba_mid = 0x14;
  state_.lba_high = 0xEB;
}

void AtapiCdrom::serialize_device(Archive& archive) {
  CdState& c = cd_;
  archive.io(c.packet);
  for (bool* flag : {&c.packet_phase, &c.packet_pending, &c.dma, &c.attention, &c.event,
                     &c.tray_open, &c.locked, &c.reading}) {
    archive.io(*flag);
  }
  archive.io(c.dma_mode);
  archive.io(c.byte_limit);
  archive.io(c.sense_key);
  archive.io(c.asc);
  archive.io(c.ascq);
  archive.io(c.lba);
  archive.io(c.left);
  archive.io(c.layout);
  archive.io(c.reply, kMostReply);
  archive.io(c.reply_position);
  if (archive.loading() && archive.ok() && c.reply_position > c.reply.size()) {
    c.reply.clear();
    c.reply_position = 0;
    archive.fail("the reply in progress is damaged");
  }
}

std::string AtapiCdrom::dump_device() const {
  return fmt::format(
      "  CD-ROM of {} sectors{}{}, packet {:02x}, sense {:x}/{:02x}/{:02x}, byte limit {}, next "
      "LBA {}, {} left\n",
      sectors(), has_medium() ? "" : " (no medium)", cd_.locked ? " (locked)" : "", cd_.packet[0],
      cd_.sense_key, cd_.asc, cd_.ascq, cd_.byte_limit, cd_.lba, cd_.left);
}

}  // namespace ice86::devices
