// SPDX-License-Identifier: LGPL-2.1-or-later
// PIIX4 SMBus host controller: the register block at SMBBA and the five protocols.
// Reference: Intel 82371AB datasheet (290562-001), sections 7.3 and 11.5; SMBus Specification 1.0.
#include "devices/piix4_pm/piix4_pm.h"

namespace ice86::devices {

namespace {

constexpr unsigned kSmbhststs = 0, kSmbslvsts = 1, kSmbhstcnt = 2, kSmbhstcmd = 3, kSmbhstadd = 4;
constexpr unsigned kSmbhstdat0 = 5, kSmbhstdat1 = 6, kSmbblkdat = 7, kSmbslvcnt = 8,
                   kSmbslvdat = 0xC;
constexpr unsigned kSmbhstcfg = 0xD2;  // configuration space

constexpr std::uint8_t kBusy = 0x01, kInter = 0x02, kDevErr = 0x04, kFailed = 0x10;
constexpr std::uint8_t kStatusClears = 0x1E;
constexpr std::uint8_t kInterruptEnable = 0x01, kKill = 0x02, kStart = 0x40;
constexpr std::uint8_t kHostEnable = 0x01;

enum class Protocol : std::uint8_t {
  kQuick = 0,
  kByte = 1,
  kByteData = 2,
  kWordData = 3,
  kBlock = 5
};

// Nine clocks a byte at 100 kHz.
constexpr Nanoseconds kByteTime = 90'000;

// INTRSEL, bits 3-1 of SMBHSTCFG: 0 is SMI#, 4 is IRQ9.
bool routes_to_irq9(std::uint8_t config) {
  return (config & 0x0E) == 0x08;
}
bool routes_to_smi(std::uint8_t config) {
  return (config & 0x0E) == 0x00;
}

}  // namespace

bool Piix4Pm::smbus_interrupts_on_irq9() const {
  return (state_.host_status & kStatusClears) != 0 &&
         (state_.host_control & kInterruptEnable) != 0 && routes_to_irq9(config8(kSmbhstcfg));
}

void Piix4Pm::start_transaction() {
  if ((state_.host_status & kBusy) != 0 || (config8(kSmbhstcfg) & kHostEnable) == 0) return;
  state_.host_status = kBusy;
  state_.block_index = 0;
  // Address, command, data; a read with a command sends the address twice.
  unsigned bytes = 1;
  const bool read = (state_.host_address & 1) != 0;
  switch (static_cast<Protocol>(state_.host_control >> 2 & 7)) {
    case Protocol::kQuick: break;
    case Protocol::kByte: bytes = 2; break;
    case Protocol::kByteData: bytes = read ? 4 : 3; break;
    case Protocol::kWordData: bytes = read ? 5 : 4; break;
    default: bytes = 4 + kBlock; break;
  }
  transaction_.arm_in(bytes * kByteTime);
}

void Piix4Pm::transaction_done() {
  SmbusDevice* const device = smbus_.at(state_.host_address >> 1);
  const bool done = device != nullptr && run_protocol(*device);
  if (device != nullptr) device->stop();
  state_.host_status = done ? kInter : kDevErr;
  if ((state_.host_control & kInterruptEnable) != 0 && routes_to_smi(config8(kSmbhstcfg))) {
    pins_.smi.pulse();
  }
  update_irq9();
}

// False when the slave does not acknowledge or answers out of bounds.
bool Piix4Pm::run_protocol(SmbusDevice& device) {
  const bool read = (state_.host_address & 1) != 0;
  const auto protocol = static_cast<Protocol>(state_.host_control >> 2 & 7);
  switch (protocol) {
    case Protocol::kQuick: return device.start(read);
    case Protocol::kByte:
      if (!device.start(read)) return false;
      if (!read) return device.write(state_.host_command);
      state_.data0 = device.read();
      return true;
    case Protocol::kByteData:
    case Protocol::kWordData:
    case Protocol::kBlock: break;
    default: return false;  // reserved encodings
  }
  if (!device.start(false) || !device.write(state_.host_command)) return false;
  if (read && !device.start(true)) return false;
  if (protocol == Protocol::kBlock) {
    if (read) state_.data0 = device.read();
    const unsigned count = state_.data0;
    if (count == 0 || count > kBlock) return false;
    if (!read && !device.write(state_.data0)) return false;
    for (unsigned i = 0; i < count; ++i) {
      if (read) {
        state_.block[i] = device.read();
      } else if (!device.write(state_.block[i])) {
        return false;
      }
    }
    return true;
  }
  const bool word = protocol == Protocol::kWordData;
  if (read) {
    state_.data0 = device.read();
    if (word) state_.data1 = device.read();
    return true;
  }
  return device.write(state_.data0) && (!word || device.write(state_.data1));
}

std::uint8_t Piix4Pm::smbus_byte(unsigned offset) const {
  switch (offset) {
    case kSmbhststs: return state_.host_status;
    case kSmbslvsts: return 0;  // no alert and no slave cycle ever arrives
    case kSmbhstcnt: return state_.host_control;
    case kSmbhstcmd: return state_.host_command;
    case kSmbhstadd: return state_.host_address;
    case kSmbhstdat0: return state_.data0;
    case kSmbhstdat1: return state_.data1;
    case kSmbblkdat: return state_.block[state_.block_index];
    default:
      if (offset >= kSmbslvcnt && offset < kSmbslvcnt + state_.slave.size()) {
        // The slave's event and data registers are filled from the bus: SMBSLVDAT is read-only.
        return offset >= kSmbslvdat ? 0 : state_.slave[offset - kSmbslvcnt];
      }
      return 0;
  }
}

void Piix4Pm::write_smbus_byte(unsigned offset, std::uint8_t value) {
  switch (offset) {
    case kSmbhststs:
      state_.host_status = static_cast<std::uint8_t>(state_.host_status & ~(value & kStatusClears));
      break;
    case kSmbhstcnt:
      state_.host_control = value & 0x1F & static_cast<std::uint8_t>(~kKill);
      if ((value & kKill) != 0 && (state_.host_status & kBusy) != 0) {
        transaction_.cancel();
        state_.host_status = kFailed;
      } else if ((value & kStart) != 0) {
        start_transaction();
      }
      break;
    case kSmbhstcmd: state_.host_command = value; break;
    case kSmbhstadd: state_.host_address = value; break;
    case kSmbhstdat0: state_.data0 = value; break;
    case kSmbhstdat1: state_.data1 = value; break;
    case kSmbblkdat:
      state_.block[state_.block_index] = value;
      state_.block_index = (state_.block_index + 1) % kBlock;
      break;
    default:
      if (offset >= kSmbslvcnt && offset < kSmbslvcnt + state_.slave.size()) {
        state_.slave[offset - kSmbslvcnt] = value;
      }
      break;
  }
}

std::uint64_t Piix4Pm::peek_smbus(std::uint64_t offset, unsigned width) const {
  if (offset + width > 16) return floating_bus(width);
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    value |= std::uint64_t{smbus_byte(static_cast<unsigned>(offset) + i)} << (i * 8);
  }
  return value;
}

std::uint64_t Piix4Pm::read_smbus(std::uint64_t offset, unsigned width) {
  const std::uint64_t value = peek_smbus(offset, width);
  const auto touches = [&](unsigned index) { return offset <= index && index < offset + width; };
  // Reading the control register rewinds the block buffer; reading the buffer steps through it.
  if (touches(kSmbhstcnt)) state_.block_index = 0;
  if (touches(kSmbblkdat)) state_.block_index = (state_.block_index + 1) % kBlock;
  return value;
}

void Piix4Pm::write_smbus(std::uint64_t offset, unsigned width, std::uint64_t value) {
  if (offset + width > 16) return;
  for (unsigned i = 0; i < width; ++i) {
    write_smbus_byte(static_cast<unsigned>(offset) + i,
                     static_cast<std::uint8_t>(value >> (i * 8)));
  }
  update_irq9();
}

}  // namespace ice86::devices
