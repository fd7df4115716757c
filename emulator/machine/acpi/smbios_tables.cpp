// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/acpi/smbios_tables.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "emulator/base/assert.h"
#include "emulator/machine/acpi/bytes.h"

namespace ice86::machine {

namespace {

constexpr std::uint64_t kFourGiB = std::uint64_t{1} << 32;
// Handles.
constexpr std::uint16_t kSystem = 0x100, kChassis = 0x300, kProcessor = 0x400, kArray = 0x1000,
                        kModule = 0x1100, kMapped = 0x1300, kBoot = 0x2000, kEnd = 0x7f00;
constexpr std::uint16_t kNone = 0xffff, kNoErrors = 0xfffe;
constexpr std::uint8_t kUnknown = 2, kSafe = 3;

std::uint8_t negative_sum(const Bytes& bytes, std::size_t from) {
  std::uint8_t sum = 0;
  for (std::size_t i = from; i < bytes.size(); ++i) sum = static_cast<std::uint8_t>(sum - bytes[i]);
  return sum;
}

// 6.1: header, fields, strings, an empty string.
class Structures {
 public:
  struct Field {
    std::uint64_t value;
    unsigned bytes;
  };
  void add(std::uint8_t type, std::uint16_t handle, unsigned length,
           std::initializer_list<Field> fields, std::initializer_list<std::string_view> texts) {
    const std::size_t at = bytes_.size();
    put(bytes_, type, 1);
    put(bytes_, length, 1);
    put(bytes_, handle, 2);
    for (const Field& field : fields) put(bytes_, field.value, field.bytes);
    ICE86_ASSERT(bytes_.size() == at + length);
    for (const std::string_view text : texts) {
      put(bytes_, text);
      put(bytes_, 0, 1);
    }
    put(bytes_, 0, texts.size() == 0 ? 2 : 1);
    largest_ = std::max(largest_, bytes_.size() - at);
    ++count_;
  }
  Bytes bytes_;
  std::size_t largest_ = 0, count_ = 0;
};

void add_machine(Structures& all, const SmbiosBoard& board) {
  std::uint64_t uuid[2] = {};
  for (unsigned i = 0; i < 16; ++i) uuid[i / 8] |= std::uint64_t{board.uuid[i]} << (i % 8 * 8);
  constexpr std::uint8_t kPowerSwitch = 6;
  all.add(1, kSystem, 27,
          {{1, 1}, {2, 1}, {0, 2}, {uuid[0], 8}, {uuid[1], 8}, {kPowerSwitch, 1}, {0, 2}},
          {"ice86", board.product});
  constexpr std::uint8_t kOther = 1;
  all.add(3, kChassis, 22,
          {{1, 1},
           {kOther, 1},
           {0, 3},
           {kSafe, 1},
           {kSafe, 1},
           {kSafe, 1},
           {kUnknown, 1},
           {0, 4},   // OEM
           {0, 5}},  // height, power cords, nothing contained, no SKU
          {"ice86"});
  constexpr std::uint8_t kCentral = 3, kEnabled = 0x41;
  const std::uint64_t speed = std::min<std::uint64_t>(board.cpu_megahertz, 0xffff);
  all.add(
      4, kProcessor, 42,
      {{1, 1},     {kCentral, 1}, {kOther, 1},   {2, 1},      {0, 8},  // CPUID says it
       {0, 1},     {0, 1},        {0, 2},                              // bus clock
       {speed, 2}, {speed, 2},    {kEnabled, 1}, {kOther, 1}, {kNone, 2}, {kNone, 2}, {kNone, 2},
       {0, 3},     {1, 1},        {1, 1},        {1, 1},      {2, 2},     {kOther, 2}},
      {"CPU 0", "ice86"});
}

void add_memory(Structures& all, const SmbiosBoard& board) {
  constexpr std::uint8_t kMainboard = 3, kMainMemory = 3, kNoCorrection = 3;
  const std::uint64_t kib = board.memory_bytes >> 10, mib = board.memory_bytes >> 20;
  constexpr std::uint32_t kSeeExtended = 0x80000000;
  all.add(16, kArray, 23,
          {{kMainboard, 1},
           {kMainMemory, 1},
           {kNoCorrection, 1},
           {kib < kSeeExtended ? kib : kSeeExtended, 4},
           {kNoErrors, 2},
           {1, 2},
           {kib < kSeeExtended ? 0 : board.memory_bytes, 8}},
          {});
  constexpr std::uint16_t kSizeExtended = 0x7fff, kSynchronous = 0x80;
  constexpr std::uint8_t kDimm = 9, kSdram = 15;
  all.add(17, kModule, 40,
          {{kArray, 2},
           {kNoErrors, 2},
           {64, 2},
           {64, 2},
           {std::min<std::uint64_t>(mib, kSizeExtended), 2},
           {kDimm, 1},
           {0, 1},
           {1, 1},
           {0, 1},
           {kSdram, 1},
           {kSynchronous, 2},
           {0, 2},
           {0, 4},
           {0, 1},
           {mib < kSizeExtended ? 0 : mib, 4},
           {0, 2},
           {0, 6}},
          {"DIMM 0"});
  const auto map = [&](std::uint16_t handle, std::uint64_t start, std::uint64_t end) {
    const bool fits = (end - 1) >> 10 < kNone * 0x10000ULL;
    all.add(19, handle, 31,
            {{fits ? start >> 10 : 0xffffffff, 4},
             {fits ? (end - 1) >> 10 : 0xffffffff, 4},
             {kArray, 2},
             {1, 1},
             {fits ? 0 : start, 8},
             {fits ? 0 : end - 1, 8}},
            {});
  };
  map(kMapped, 0, board.memory_below_4g);
  if (board.memory_bytes > board.memory_below_4g) {
    map(kMapped + 1, kFourGiB, kFourGiB + board.memory_bytes - board.memory_below_4g);
  }
}

}  // namespace

SmbiosFiles smbios_files(const SmbiosBoard& board) {
  Structures all;
  add_machine(all, board);
  add_memory(all, board);
  all.add(32, kBoot, 11, {{0, 6}, {0, 1}}, {});
  all.add(127, kEnd, 4, {}, {});
  // 5.2.1. Address and checksums are the firmware's, which adds to the table.
  constexpr std::size_t kIntermediate = 16;
  Bytes anchor;
  put(anchor, "_SM_");
  put(anchor, 0, 1);
  put(anchor, 31, 1);
  put(anchor, 0x0802, 2);  // 2.8
  put(anchor, all.largest_, 2);
  put(anchor, 0, 6);
  put(anchor, "_DMI_");
  put(anchor, 0, 1);
  put(anchor, all.bytes_.size(), 2);
  put(anchor, 0, 4);
  put(anchor, all.count_, 2);
  put(anchor, 0x28, 1);
  anchor[kIntermediate + 5] = negative_sum(anchor, kIntermediate);
  anchor[4] = negative_sum(anchor, 0);
  return {std::move(all.bytes_), std::move(anchor)};
}

}  // namespace ice86::machine
