// SPDX-License-Identifier: LGPL-2.1-or-later
#include "devices/pflash/cfi_flash.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "emulator/base/assert.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

constexpr std::uint8_t kReadArray = 0xff, kReadIdentifier = 0x90, kReadQuery = 0x98,
                       kReadStatus = 0x70, kClearStatus = 0x50, kProgram = 0x40,
                       kProgramAlternate = 0x10, kProgramBuffer = 0xe8, kErase = 0x20,
                       kSuspend = 0xb0, kConfirm = 0xd0, kLockSetup = 0x60, kLock = 0x01;
constexpr std::uint8_t kErased = 0xff;
// Status register.
constexpr std::uint8_t kReady = 0x80, kEraseError = 0x20, kProgramError = 0x10, kProtected = 0x02;
// Identifier codes: Intel; the 128 Mbit part, whose command set this is.
constexpr std::uint8_t kManufacturer = 0x89, kDevice = 0x18;
constexpr unsigned kQueryBase = 0x10;

void put_le(std::vector<std::uint8_t>& to, unsigned at, std::uint64_t value, unsigned bytes) {
  at -= kQueryBase;
  if (to.size() < at + bytes) to.resize(at + bytes);
  for (unsigned i = 0; i < bytes; ++i) to[at + i] = static_cast<std::uint8_t>(value >> (i * 8));
}

// JESD68.01, tables 1 to 4, and the Intel extended table ("PRI").
std::vector<std::uint8_t> query_table(std::uint64_t size) {
  constexpr unsigned kExtended = 0x31;
  std::vector<std::uint8_t> q;
  put_le(q, 0x10, 'Q' | 'R' << 8 | 'Y' << 16, 3);
  put_le(q, 0x13, 0x0001, 2);     // Intel/Sharp extended command set
  put_le(q, 0x15, kExtended, 2);  // where its table is
  put_le(q, 0x17, 0, 4);          // no alternate command set
  put_le(q, 0x1b, 0x45, 1);       // Vcc 4.5 V to 5.5 V, no Vpp
  put_le(q, 0x1c, 0x55, 1);
  put_le(q, 0x1d, 0, 2);
  put_le(q, 0x1f, 7, 1);   // byte program: 2^7 us
  put_le(q, 0x20, 7, 1);   // buffer: 2^7 us
  put_le(q, 0x21, 10, 1);  // block erase: 2^10 ms
  put_le(q, 0x22, 0, 1);   // no chip erase
  put_le(q, 0x23, 4, 1);   // at most 2^4 times as long
  put_le(q, 0x24, 4, 1);
  put_le(q, 0x25, 4, 1);
  put_le(q, 0x26, 0, 1);
  put_le(q, 0x27, std::bit_width(size - 1), 1);               // the next power of two
  put_le(q, 0x28, 0, 2);                                      // 8 bits wide
  put_le(q, 0x2a, std::bit_width(CfiFlash::kBuffer) - 1, 2);  // buffer of 2^n bytes
  put_le(q, 0x2c, 1, 1);                                      // one kind of block:
  put_le(q, 0x2d, size / CfiFlash::kBlock - 1, 2);            // how many, less one
  put_le(q, 0x2f, CfiFlash::kBlock / 256, 2);                 // and of what size
  put_le(q, kExtended, 'P' | 'R' << 8 | 'I' << 16, 3);
  put_le(q, kExtended + 3, '1' | '0' << 8, 2);  // version 1.0
  put_le(q, kExtended + 5, 0x08, 4);            // legacy lock and unlock
  put_le(q, kExtended + 9, 0, 1);               // nothing while an erase is suspended
  put_le(q, kExtended + 10, 1, 2);              // block status: lock bit
  put_le(q, kExtended + 12, 0x50, 1);           // Vcc 5.0 V
  put_le(q, kExtended + 13, 0, 1);              // no Vpp
  return q;
}

}  // namespace

CfiFlash::CfiFlash(Ram& array, TraceBus& trace, Board board, Config config)
    : array_(array), trace_(trace), board_(std::move(board)), config_(std::move(config)) {
  ICE86_ASSERT(array.size() != 0 && array.size() % kBlock == 0);
  query_ = query_table(array.size());
  state_.buffer.assign(kBuffer, kErased);
  state_.locks.assign(array.size() / kBlock, 0);
}

// --- reading

std::uint8_t CfiFlash::byte_at(std::uint64_t offset) const {
  if (offset >= array_.size()) return kErased;
  if (!accessible()) return array_.data()[offset];
  switch (state_.reads) {
    case Reads::kArray: return array_.data()[offset];
    case Reads::kStatus: return state_.status;
    case Reads::kExtendedStatus: return kReady;  // the buffer is free
    case Reads::kIdentifier:
      switch (offset % kBlock) {
        case 0: return kManufacturer;
        case 1: return kDevice;
        case 2: return state_.locks[block_of(offset)];
        default: return 0;
      }
    case Reads::kQuery: {
      const std::uint64_t at = offset % kBlock;
      return at >= kQueryBase && at - kQueryBase < query_.size() ? query_[at - kQueryBase] : 0;
    }
  }
  return kErased;
}

// A wide access is that many bus cycles: the chip has eight data lines.
std::uint64_t CfiFlash::peek(std::uint64_t offset, unsigned width) const {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) value |= std::uint64_t{byte_at(offset + i)} << (i * 8);
  return value;
}

void CfiFlash::show(Reads reads) {
  const bool was_array = state_.reads == Reads::kArray;
  state_.reads = reads;
  const bool is_array = reads == Reads::kArray;
  if (was_array != is_array && board_.reads_array) board_.reads_array(is_array);
}

// --- writing

void CfiFlash::write(std::uint64_t offset, unsigned width, std::uint64_t value) {
  if (!accessible()) return;
  for (unsigned i = 0; i < width; ++i) {
    if (offset + i < array_.size())
      write_byte(offset + i, static_cast<std::uint8_t>(value >> (i * 8)));
  }
}

void CfiFlash::write_byte(std::uint64_t offset, std::uint8_t value) {
  const Expects expected = state_.expects;
  switch (expected) {
    case Expects::kCommand: return command(offset, value);
    case Expects::kProgramData:
      state_.expects = Expects::kCommand;
      show(Reads::kStatus);
      if (may_change(offset, kProgramError)) program(offset, &value, 1);
      return;
    case Expects::kEraseConfirm:
      state_.expects = Expects::kCommand;
      show(Reads::kStatus);
      if (value != kConfirm) return sequence_error();
      // The block is the one of the confirmation, as on the chip.
      if (may_change(offset, kEraseError)) erase(block_of(offset));
      return;
    case Expects::kLockConfirm:
      state_.expects = Expects::kCommand;
      show(Reads::kStatus);
      state_.status |= kReady;
      if (value == kLock) {
        state_.locks[block_of(offset)] = 1;
      } else if (value == kConfirm) {
        // All at once: single blocks cannot be unlocked on this part.
        std::fill(state_.locks.begin(), state_.locks.end(), std::uint8_t{0});
      } else {
        sequence_error();
      }
      return;
    case Expects::kBufferCount:
      if (value >= kBuffer) {
        state_.expects = Expects::kCommand;
        show(Reads::kStatus);
        return sequence_error();
      }
      state_.count = value + 1U;
      state_.filled = 0;
      state_.buffer.assign(kBuffer, kErased);
      state_.expects = Expects::kBufferData;
      return;
    case Expects::kBufferData: {
      // The first byte says where the buffer begins; all must lie in it and in one block.
      if (state_.filled == 0) state_.buffer_start = offset;
      const std::uint64_t at = offset - state_.buffer_start;
      if (at >= kBuffer || block_of(offset) != state_.block) {
        state_.expects = Expects::kCommand;
        show(Reads::kStatus);
        return sequence_error();
      }
      state_.buffer[at] = value;
      if (++state_.filled == state_.count) state_.expects = Expects::kBufferConfirm;
      return;
    }
    case Expects::kBufferConfirm:
      state_.expects = Expects::kCommand;
      show(Reads::kStatus);
      if (value != kConfirm) return sequence_error();
      if (may_change(state_.buffer_start, kProgramError)) {
        const std::uint64_t end = (state_.block + 1) * kBlock;
        program(state_.buffer_start, state_.buffer.data(),
                std::min<std::uint64_t>(kBuffer, end - state_.buffer_start));
      }
      return;
  }
}

void CfiFlash::command(std::uint64_t offset, std::uint8_t value) {
  switch (value) {
    case kReadArray: return show(Reads::kArray);
    case kReadIdentifier: return show(Reads::kIdentifier);
    case kReadQuery: return show(Reads::kQuery);
    case kReadStatus: return show(Reads::kStatus);
    case kClearStatus:
      // The chip keeps SR.7. Under QEMU it is cleared too, and EDK2's driver for virtual machines
      // knows a flash by the 00h it reads then; every operation sets it again.
      state_.status = 0;
      return show(Reads::kArray);
    case kProgram:
    case kProgramAlternate: state_.expects = Expects::kProgramData; return show(Reads::kStatus);
    case kErase: state_.expects = Expects::kEraseConfirm; return show(Reads::kStatus);
    case kLockSetup: state_.expects = Expects::kLockConfirm; return show(Reads::kStatus);
    case kProgramBuffer:
      state_.block = block_of(offset);
      state_.expects = Expects::kBufferCount;
      return show(Reads::kExtendedStatus);
    case kSuspend:  // nothing is ever under way: operations take no time
    case kConfirm:  // and nothing is ever suspended
      state_.status |= kReady;
      return show(Reads::kStatus);
    default:
      if (trace_.wants(TraceCategory::kMmio)) {
        trace_.emit(
            TraceCategory::kMmio, "flash-unknown-command",
            {{"chip", config_.name}, {"offset", offset}, {"command", std::uint64_t{value}}});
      }
      return show(Reads::kArray);
  }
}

void CfiFlash::sequence_error() {
  state_.status |= kReady | kEraseError | kProgramError;
}

bool CfiFlash::may_change(std::uint64_t offset, std::uint8_t error) {
  state_.status |= kReady;
  if (!config_.write_protected && state_.locks[block_of(offset)] == 0) return true;
  state_.status |= error | kProtected;
  return false;
}

// Programming clears bits and sets none.
void CfiFlash::program(std::uint64_t offset, const std::uint8_t* bytes, std::size_t size) {
  if (board_.changing) board_.changing(offset);
  for (std::size_t i = 0; i < size; ++i) array_.data()[offset + i] &= bytes[i];
  if (board_.changed) board_.changed(offset, size);
}

void CfiFlash::erase(std::uint64_t block) {
  const std::uint64_t offset = block * kBlock;
  if (board_.changing) board_.changing(offset);
  std::fill_n(array_.data() + offset, kBlock, kErased);
  if (board_.changed) board_.changed(offset, kBlock);
}

// --- state

void CfiFlash::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  show(Reads::kArray);
  State fresh;
  fresh.buffer.assign(kBuffer, kErased);
  fresh.locks = std::move(state_.locks);  // lock bits are non-volatile, as the array is
  state_ = std::move(fresh);
}

void CfiFlash::serialize(Archive& archive) {
  archive.section(config_.name, 1, [&] {
    State state = state_;
    archive.io(state.reads, Reads::kExtendedStatus);
    archive.io(state.expects, Expects::kBufferConfirm);
    archive.io(state.status);
    archive.io(state.block);
    archive.io(state.count);
    archive.io(state.filled);
    archive.io(state.buffer_start);
    archive.io(std::span(state.buffer));
    archive.io(std::span(state.locks));
    if (!config_.write_protected) array_.serialize(archive);
    if (!archive.loading() || !archive.ok()) return;
    if (state.block >= state.locks.size() || state.buffer_start >= array_.size() ||
        state.count > kBuffer || state.filled > state.count)
      return archive.fail("a flash operation is beyond the chip");
    const Reads reads = state.reads;
    state.reads = state_.reads;
    state_ = std::move(state);
    show(reads);
    if (!config_.write_protected && board_.changed) board_.changed(0, array_.size());
  });
}

std::string CfiFlash::dump() const {
  static constexpr const char* kReads[] = {"array", "status", "identifier", "query",
                                           "extended-status"};
  return fmt::format("{} KiB{} reads={} status={:02x} locked={}\n", array_.size() >> 10,
                     config_.write_protected ? " protected" : "",
                     kReads[static_cast<unsigned>(state_.reads)], state_.status,
                     std::count(state_.locks.begin(), state_.locks.end(), 1));
}

}  // namespace ice86::devices
