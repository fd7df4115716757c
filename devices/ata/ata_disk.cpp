// SPDX-License-Identifier: LGPL-2.1-or-later
// Commands of an ATA hard disk.
// Reference: ATA/ATAPI-6 (T13/1410D revision 3b), sections 6.2 (addressing), 8 (commands).
#include "devices/ata/ata_disk.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

constexpr std::uint64_t kMostLba28 = 0x0FFF'FFFF;  // sectors that 28-bit commands can count
constexpr std::uint32_t kDmaSectors = 128;         // moved at a time

constexpr unsigned kMedium = 1;  // waits for the mechanics
constexpr unsigned kExt = 2;     // 48-bit registers
constexpr unsigned kOut = 4;     // host to device
constexpr unsigned kDma = 8;
constexpr unsigned kMultiple = 16;

}  // namespace

struct AtaDisk::Command {
  std::uint8_t first, last;
  std::string_view name;
  void (AtaDisk::*execute)();
  unsigned flags;
};

const AtaDisk::Command* AtaDisk::find(std::uint8_t code) {
  using D = AtaDisk;
  static constexpr Command kCommands[] = {
      {0x00, 0x00, "NOP", &D::do_abort, 0},
      {0x08, 0x08, "DEVICE RESET", &D::do_abort, 0},
      {0x10, 0x1F, "RECALIBRATE", &D::do_nothing, kMedium},
      {0x20, 0x21, "READ SECTORS", &D::do_transfer, kMedium},
      {0x24, 0x24, "READ SECTORS EXT", &D::do_transfer, kMedium | kExt},
      {0x25, 0x25, "READ DMA EXT", &D::do_transfer, kMedium | kExt | kDma},
      {0x27, 0x27, "READ NATIVE MAX ADDRESS EXT", &D::read_native_max, kExt},
      {0x29, 0x29, "READ MULTIPLE EXT", &D::do_transfer, kMedium | kExt | kMultiple},
      {0x30, 0x31, "WRITE SECTORS", &D::do_transfer, kMedium | kOut},
      {0x34, 0x34, "WRITE SECTORS EXT", &D::do_transfer, kMedium | kExt | kOut},
      {0x35, 0x35, "WRITE DMA EXT", &D::do_transfer, kMedium | kExt | kDma | kOut},
      {0x39, 0x39, "WRITE MULTIPLE EXT", &D::do_transfer, kMedium | kExt | kMultiple | kOut},
      {0x40, 0x41, "READ VERIFY SECTORS", &D::do_verify, kMedium},
      {0x42, 0x42, "READ VERIFY SECTORS EXT", &D::do_verify, kMedium | kExt},
      {0x70, 0x7F, "SEEK", &D::do_seek, kMedium},
      {0x91, 0x91, "INITIALIZE DEVICE PARAMETERS", &D::initialize_parameters, 0},
      {0x94, 0x94, "STANDBY IMMEDIATE", &D::do_power, 0},
      {0x95, 0x95, "IDLE IMMEDIATE", &D::do_power, 0},
      {0x96, 0x96, "STANDBY", &D::do_power, 0},
      {0x97, 0x97, "IDLE", &D::do_power, 0},
      {0x98, 0x98, "CHECK POWER MODE", &D::do_power, 0},
      {0x99, 0x99, "SLEEP", &D::do_power, 0},
      {0xA0, 0xA0, "PACKET", &D::do_abort, 0},
      {0xA1, 0xA1, "IDENTIFY PACKET DEVICE", &D::do_abort, 0},
      {0xB0, 0xB0, "SMART", &D::do_abort, 0},
      {0xC4, 0xC4, "READ MULTIPLE", &D::do_transfer, kMedium | kMultiple},
      {0xC5, 0xC5, "WRITE MULTIPLE", &D::do_transfer, kMedium | kMultiple | kOut},
      {0xC6, 0xC6, "SET MULTIPLE MODE", &D::set_multiple, 0},
      {0xC8, 0xC9, "READ DMA", &D::do_transfer, kMedium | kDma},
      {0xCA, 0xCB, "WRITE DMA", &D::do_transfer, kMedium | kDma | kOut},
      {0xE0, 0xE0, "STANDBY IMMEDIATE", &D::do_power, 0},
      {0xE1, 0xE1, "IDLE IMMEDIATE", &D::do_power, 0},
      {0xE2, 0xE2, "STANDBY", &D::do_power, 0},
      {0xE3, 0xE3, "IDLE", &D::do_power, 0},
      {0xE5, 0xE5, "CHECK POWER MODE", &D::do_power, 0},
      {0xE6, 0xE6, "SLEEP", &D::do_power, 0},
      {0xE7, 0xE7, "FLUSH CACHE", &D::do_flush, kMedium},
      {0xEA, 0xEA, "FLUSH CACHE EXT", &D::do_flush, kMedium | kExt},
      {0xEC, 0xEC, "IDENTIFY DEVICE", &D::identify, 0},
      {0xEF, 0xEF, "SET FEATURES", &D::set_features, 0},
      {0xF5, 0xF5, "SECURITY FREEZE LOCK", &D::do_abort, 0},
      {0xF8, 0xF8, "READ NATIVE MAX ADDRESS", &D::read_native_max, 0},
  };
  for (const Command& command : kCommands) {
    if (code >= command.first && code <= command.last) return &command;
  }
  return nullptr;
}

AtaGeometry AtaDisk::default_geometry(std::uint64_t sectors) {
  constexpr std::uint16_t kHeads = 16, kSectors = 63, kMostCylinders = 16383;
  const std::uint64_t cylinders = sectors / (kHeads * kSectors);
  AtaGeometry geometry;
  geometry.heads = kHeads;
  geometry.sectors = kSectors;
  geometry.cylinders =
      static_cast<std::uint16_t>(std::clamp<std::uint64_t>(cylinders, 1, kMostCylinders));
  return geometry;
}

AtaDisk::AtaDisk(Clock& clock, TraceBus& trace, AtaHost& host, std::string name, unsigned position,
                 BlockBackend& medium, Config config)
    : AtaDevice(clock, trace, host, std::move(name), position, config.timing),
      medium_(medium),
      config_(std::move(config)) {
  if (config_.geometry.heads == 0) config_.geometry = default_geometry(medium_.sectors());
  if (config_.serial.empty()) config_.serial = fmt::format("ICE86-{}", name_);
  device_reset(ResetKind::kPowerOn);
}

std::string_view AtaDisk::command_name() const {
  if (state_.command == 0x90) return "EXECUTE DEVICE DIAGNOSTIC";
  const Command* command = find(state_.command);
  return command != nullptr ? command->name : "unknown";
}

bool AtaDisk::extended() const {
  const Command* command = find(state_.command);
  return command != nullptr && (command->flags & kExt) != 0;
}

Nanoseconds AtaDisk::start_command() {
  const Command* command = find(state_.command);
  if (command == nullptr || (command->flags & kMedium) == 0) return timing_.register_latency;
  // A drive in standby has to spin up first.
  const bool stopped = disk_.power == Power::kStandby;
  disk_.power = disk_.power == Power::kSleep ? Power::kSleep : Power::kActive;
  return timing_.command_latency + (stopped ? timing_.spin_up : 0) + medium_.manner().delay;
}

void AtaDisk::execute() {
  const Command* command = find(state_.command);
  // Asleep, a drive answers to resets only (section 6.10); the closest a register can say is ABRT.
  if (command == nullptr || disk_.power == Power::kSleep) return fail(ata::kAbrt);
  (this->*command->execute)();
}

// --- addresses
// -----------------------------------------------------------------------------------------

// Puts the command's sectors into disk_.lba and disk_.left. False: the address is no sector at all.
bool AtaDisk::decode_address(bool is_extended) {
  const State& s = state_;
  std::uint64_t lba = 0;
  bool valid = true;
  if (is_extended) {
    lba = std::uint64_t{s.previous_high} << 40 | std::uint64_t{s.previous_mid} << 32 |
          std::uint64_t{s.previous_low} << 24 | std::uint64_t{s.lba_high} << 16 |
          std::uint64_t{s.lba_mid} << 8 | s.lba_low;
    const std::uint32_t count = std::uint32_t{s.previous_count} << 8 | s.sector_count;
    disk_.left = count == 0 ? 65536 : count;
  } else {
    if ((s.device & ata::kDeviceLba) != 0) {
      lba = std::uint64_t{s.device & 0x0FU} << 24 | std::uint64_t{s.lba_high} << 16 |
            std::uint64_t{s.lba_mid} << 8 | s.lba_low;
    } else {
      const unsigned cylinder = s.lba_high << 8 | s.lba_mid;
      const unsigned head = s.device & 0x0FU;
      valid = s.lba_low >= 1 && s.lba_low <= disk_.logical_sectors && head < disk_.logical_heads &&
              cylinder < disk_.logical_cylinders;
      if (valid) {
        lba = (std::uint64_t{cylinder} * disk_.logical_heads + head) * disk_.logical_sectors +
              s.lba_low - 1;
      }
    }
    disk_.left = s.sector_count == 0 ? 256 : s.sector_count;
  }
  disk_.lba = lba;
  restart_address(lba, disk_.left);
  return valid;
}

// Shows a sector in the registers, in the form the command used.
void AtaDisk::show_address(std::uint64_t lba, bool is_extended) {
  State& s = state_;
  if (!is_extended && (s.device & ata::kDeviceLba) == 0) {
    const std::uint64_t track = lba / std::max<unsigned>(disk_.logical_sectors, 1);
    const std::uint64_t heads = std::max<unsigned>(disk_.logical_heads, 1);
    const std::uint64_t cylinder = track / heads;
    s.lba_low = static_cast<std::uint8_t>(lba % std::max<unsigned>(disk_.logical_sectors, 1) + 1);
    s.lba_mid = static_cast<std::uint8_t>(cylinder);
    s.lba_high = static_cast<std::uint8_t>(cylinder >> 8);
    s.device = static_cast<std::uint8_t>((s.device & 0xF0) | (track % heads & 0x0F));
    return;
  }
  s.lba_low = static_cast<std::uint8_t>(lba);
  s.lba_mid = static_cast<std::uint8_t>(lba >> 8);
  s.lba_high = static_cast<std::uint8_t>(lba >> 16);
  if (is_extended) {
    s.previous_low = static_cast<std::uint8_t>(lba >> 24);
    s.previous_mid = static_cast<std::uint8_t>(lba >> 32);
    s.previous_high = static_cast<std::uint8_t>(lba >> 40);
  } else {
    s.device = static_cast<std::uint8_t>((s.device & 0xF0) | (lba >> 24 & 0x0F));
  }
}

void AtaDisk::media_failure(std::uint64_t lba, std::uint8_t error, std::uint8_t more_status) {
  show_address(lba, extended());
  state_.sector_count = static_cast<std::uint8_t>(disk_.left);
  state_.previous_count = static_cast<std::uint8_t>(disk_.left >> 8);
  disk_.left = 0;
  fail(error, more_status);
}

// --- data
// ----------------------------------------------------------------------------------------------

void AtaDisk::do_transfer() {
  const Command& command = *find(state_.command);
  if ((command.flags & kMultiple) != 0 && disk_.multiple == 0) return fail(ata::kAbrt);
  if (!decode_address((command.flags & kExt) != 0)) {
    disk_.left = 0;
    return fail(ata::kIdnf);
  }
  if (const auto error = medium_.manner().ata_error) return media_failure(disk_.lba, *error, 0);
  disk_.block_sectors = (command.flags & kDma) != 0        ? kDmaSectors
                        : (command.flags & kMultiple) != 0 ? disk_.multiple
                                                           : 1;
  if ((command.flags & kOut) == 0) return read_next();
  if (medium_.read_only()) {
    disk_.left = 0;
    return fail(ata::kAbrt);
  }
  const std::size_t bytes = std::min(disk_.left, disk_.block_sectors) * kSectorSize;
  if ((command.flags & kDma) != 0) return dma_out_block(bytes);
  data_out(bytes, false);
}

// Reads the next block of the medium and offers it to the host.
void AtaDisk::read_next() {
  const std::uint32_t count =
      std::min(disk_.left, std::clamp<std::uint32_t>(disk_.block_sectors, 1, kDmaSectors));
  const std::uint64_t total = medium_.sectors();
  if (count == 0) return complete();
  if (disk_.lba >= total || count > total - disk_.lba) {
    return media_failure(std::max(disk_.lba, total), ata::kIdnf, 0);
  }
  state_.block.resize(count * kSectorSize);
  if (!medium_.read(disk_.lba, state_.block)) {
    // Which one was it? The registers name the first sector that can not be read.
    std::uint64_t bad = disk_.lba;
    while (bad + 1 < disk_.lba + count &&
           medium_.read(bad, std::span(state_.block).first(kSectorSize)))
      ++bad;
    return media_failure(bad, ata::kUnc, 0);
  }
  disk_.lba += count;
  disk_.left -= count;
  show_address(disk_.lba - 1, extended());
  state_.sector_count = static_cast<std::uint8_t>(disk_.left);
  const Command* command = find(state_.command);
  if (command != nullptr && (command->flags & kDma) != 0) return dma_in_block();
  data_in();
}

bool AtaDisk::continues_after_read() const {
  return disk_.left != 0;
}

void AtaDisk::next_block() {
  const Command* command = find(state_.command);
  if (command != nullptr && (command->flags & kOut) != 0) return write_received();
  read_next();
}

void AtaDisk::dma_block_moved() {
  if (state_.phase == Phase::kDmaOut) return write_received();
  if (disk_.left == 0) return complete();
  read_next();
}

// The host has filled the block: onto the medium, and ask for the next one. It is a write buffer
// that takes it, so no BSY shows: the Bochs BIOS looks at the status right after each block, the
// last one too, and expects DRQ or the end.
void AtaDisk::write_received() {
  const auto count = static_cast<std::uint32_t>(state_.block.size() / kSectorSize);
  const std::uint64_t total = medium_.sectors();
  if (count == 0 || count > disk_.left) return fail(ata::kAbrt);
  if (disk_.lba >= total || count > total - disk_.lba) {
    return media_failure(std::max(disk_.lba, total), ata::kIdnf, 0);
  }
  if (!medium_.write(disk_.lba, state_.block)) {
    // ATA/ATAPI-6 has no error bit for a sector that can not be written: it is a device fault.
    return media_failure(disk_.lba, ata::kAbrt, ata::kDf);
  }
  disk_.lba += count;
  disk_.left -= count;
  show_address(disk_.lba - 1, extended());
  state_.sector_count = static_cast<std::uint8_t>(disk_.left);
  if (disk_.left == 0) return complete();
  const std::size_t bytes =
      std::min(disk_.left, std::max<std::uint32_t>(disk_.block_sectors, 1)) * kSectorSize;
  if (state_.phase == Phase::kDmaOut) return dma_out_block(bytes);
  data_out(bytes, true);
}

void AtaDisk::do_verify() {
  if (!decode_address(extended())) {
    disk_.left = 0;
    return fail(ata::kIdnf);
  }
  if (const auto error = medium_.manner().ata_error) return media_failure(disk_.lba, *error, 0);
  std::vector<std::uint8_t> buffer(kSectorSize);
  const std::uint64_t total = medium_.sectors();
  for (; disk_.left != 0; --disk_.left, ++disk_.lba) {
    if (disk_.lba >= total) return media_failure(disk_.lba, ata::kIdnf, 0);
    if (!medium_.read(disk_.lba, buffer)) return media_failure(disk_.lba, ata::kUnc, 0);
  }
  show_address(disk_.lba - 1, extended());
  state_.sector_count = 0;
  complete();
}

void AtaDisk::do_seek() {
  const bool valid = decode_address(false);
  disk_.left = 0;
  if (!valid || disk_.lba >= medium_.sectors()) return fail(ata::kIdnf);
  restart_address(disk_.lba, 0);
  complete();
}

void AtaDisk::do_flush() {
  if (!medium_.flush()) return fail(ata::kAbrt, ata::kDf);
  complete();
}

// --- settings
// ------------------------------------------------------------------------------------------

void AtaDisk::do_nothing() {
  complete();
}
void AtaDisk::do_abort() {
  fail(ata::kAbrt);
}

void AtaDisk::do_power() {
  switch (state_.command) {
    case 0x94:
    case 0x96:
    case 0xE0:
    case 0xE2: disk_.power = Power::kStandby; break;
    case 0x95:
    case 0x97:
    case 0xE1:
    case 0xE3: disk_.power = Power::kIdle; break;
    case 0x98:
    case 0xE5: state_.sector_count = disk_.power == Power::kStandby ? 0x00 : 0xFF; break;
    default: disk_.power = Power::kSleep; break;
  }
  complete();
}

void AtaDisk::initialize_parameters() {
  const unsigned sectors = state_.sector_count;
  const unsigned heads = (state_.device & 0x0FU) + 1;
  if (sectors == 0 || sectors > 63) {
    return fail(ata::kAbrt);
  }
  disk_.logical_sectors = static_cast<std::uint16_t>(sectors);
  disk_.logical_heads = static_cast<std::uint16_t>(heads);
  disk_.logical_cylinders = static_cast<std::uint16_t>(
      std::min<std::uint64_t>(medium_.sectors() / (heads * sectors), 65535));
  complete();
}

void AtaDisk::set_multiple() {
  const unsigned count = state_.sector_count;
  if (count > kMostMultiple || (count & (count - 1)) != 0) {
    disk_.multiple = 0;
    return fail(ata::kAbrt);
  }
  disk_.multiple = static_cast<std::uint8_t>(count);
  complete();
}

void AtaDisk::read_native_max() {
  const bool ext = extended();
  if (!ext && (state_.device & ata::kDeviceLba) == 0) return fail(ata::kAbrt);
  const std::uint64_t sectors = std::max<std::uint64_t>(medium_.sectors(), 1);
  show_address((ext ? sectors : std::min(sectors, kMostLba28)) - 1, ext);
  complete();
}

void AtaDisk::set_features() {
  switch (state_.features) {
    case 0x02: disk_.write_cache = true; break;
    case 0x82: disk_.write_cache = false; break;
    case 0x55: disk_.look_ahead = false; break;
    case 0xAA: disk_.look_ahead = true; break;
    case 0x66: disk_.keep_settings = true; break;
    case 0xCC: disk_.keep_settings = false; break;
    case 0x03: {  // transfer mode (table 44)
      const std::uint8_t mode = state_.sector_count;
      if (mode <= 0x01) {
        disk_.pio_mode = 0x0C;
      } else if (mode >= 0x08 && mode <= 0x0C) {
        disk_.pio_mode = mode;
      } else if ((mode >= 0x20 && mode <= 0x22) || (mode >= 0x40 && mode <= 0x45)) {
        disk_.dma_mode = mode;
      } else {
        return fail(ata::kAbrt);
      }
      break;
    }
    default: return fail(ata::kAbrt);
  }
  complete();
}

// --- state
// ---------------------------------------------------------------------------------------------

void AtaDisk::device_reset(std::optional<ResetKind> kind) {
  const bool soft = !kind.has_value();
  const DiskState old = disk_;
  disk_ = DiskState();
  disk_.logical_cylinders = config_.geometry.cylinders;
  disk_.logical_heads = config_.geometry.heads;
  disk_.logical_sectors = config_.geometry.sectors;
  if (!soft) return;
  // Transfer modes survive a software reset; the rest does when SET FEATURES 66h asked for it
  // (section 9.2.9, 8.46.9). A drive that was stopped stays stopped.
  disk_.pio_mode = old.pio_mode;
  disk_.dma_mode = old.dma_mode;
  disk_.power = old.power == Power::kSleep ? Power::kStandby : old.power;
  if (!old.keep_settings) return;
  disk_ = old;
  disk_.left = 0;
}

void AtaDisk::set_signature() {
  // Section 9.12: device signature of a device without the PACKET command.
  state_.sector_count = 1;
  state_.lba_low = 1;
  state_.lba_mid = 0;
  state_.lba_high = 0;
}

void AtaDisk::serialize_device(Archive& archive) {
  DiskState& d = disk_;
  archive.io(d.logical_cylinders);
  archive.io(d.logical_heads);
  archive.io(d.logical_sectors);
  archive.io(d.multiple);
  archive.io(d.write_cache);
  archive.io(d.look_ahead);
  archive.io(d.keep_settings);
  archive.io(d.pio_mode);
  archive.io(d.dma_mode);
  archive.io(d.power, Power::kSleep);
  archive.io(d.lba);
  archive.io(d.left);
  archive.io(d.block_sectors);
  if (!archive.loading() || !archive.ok()) return;
  if (d.multiple > kMostMultiple || d.block_sectors > kDmaSectors || d.left > 65536) {
    d.multiple = 0;
    d.block_sectors = 1;
    d.left = 0;
    archive.fail("the transfer in progress is damaged");
  }
}

std::string AtaDisk::dump_device() const {
  static constexpr const char* kPowers[] = {"active", "idle", "standby", "sleep"};
  return fmt::format(
      "  disk of {} sectors{}, CHS {}/{}/{}, multiple {}, modes {:02x} {:02x}, {}; next LBA {}, {} "
      "left\n",
      medium_.sectors(), medium_.read_only() ? " (write-protected)" : "", disk_.logical_cylinders,
      disk_.logical_heads, disk_.logical_sectors, disk_.multiple, disk_.pio_mode, disk_.dma_mode,
      kPowers[static_cast<unsigned>(disk_.power)], disk_.lba, disk_.left);
}

}  // namespace ice86::devices
