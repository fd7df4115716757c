// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/fuzz/contract.h"

#include <algorithm>

#include "emulator/base/bits.h"
#include "emulator/bus/block.h"

namespace ice86::harness {

namespace {

using namespace out;

struct Function {
  std::uint8_t ah;
  unsigned outputs;
};

unsigned look_up(const std::vector<Function>& table, std::uint8_t ah) {
  for (const Function& function : table)
    if (function.ah == ah) return function.outputs;
  return 0;
}

const std::vector<Function>& functions_of(unsigned vector) {
  static const std::vector<Function> kVideo = {{0x03, kCx | kDx},
                                               {0x04, kBx | kCx | kDx},
                                               {0x0f, kBx},
                                               {0x11, kCx | kDx | kEs | kBp},
                                               {0x12, kBx | kCx},
                                               {0x10, kBx | kCx | kDx},
                                               {0x1a, kBx},
                                               {0x1c, kBx},
                                               {0x4f, kBx | kCx | kDx | kDi | kEs}};
  static const std::vector<Function> kDisk = {{0x08, kBx | kCx | kDx | kDi | kEs},
                                              {0x15, kCx | kDx},
                                              {0x18, kDi | kEs},
                                              {0x41, kBx | kCx | kDx}};
  static const std::vector<Function> kSystem = {
      {0x24, kBx},       {0x53, kAll}, {0x84, kBx | kCx | kDx},
      {0xc0, kBx | kEs}, {0xc1, kEs},  {0xc2, kBx | kCx | kDx},
      {0x83, 0},         {0x41, kAll}, {0x49, kBx}};
  static const std::vector<Function> kKeyboard = {{0x0a, kBx}};
  static const std::vector<Function> kClock = {
      {0x00, kCx | kDx}, {0x02, kCx | kDx}, {0x04, kCx | kDx}, {0xb1, kBx | kCx | kDx | kDi}};
  static const std::vector<Function> kNone;
  switch (vector) {
    case 0x10: return kVideo;
    case 0x13: return kDisk;
    case 0x15: return kSystem;
    case 0x16: return kKeyboard;
    case 0x1a: return kClock;
    default: return kNone;
  }
}

std::uint32_t linear(std::uint32_t segment, std::uint32_t offset) {
  return (segment << 4) + (offset & 0xffff);
}

// PCI BIOS 2.1 sections 2.2.3.6 to 2.2.3.8.
bool writes_configuration(const Registers& in) {
  return in.ax() >= 0xb10b && in.ax() <= 0xb10d;
}

}  // namespace

std::optional<Range> posted_by(unsigned vector, const Registers& in) {
  if (vector != 0x15 || in.ax() != 0x8300) return std::nullopt;
  return Range{linear(in.es, in.ebx), 1};
}

bool may_wait_for_ever(unsigned vector, const Registers& in) {
  if (vector == 0x15) return in.ah() == 0x86;
  return vector == 0x16 && (in.ah() == 0x00 || in.ah() == 0x10 || in.ah() == 0x20);
}

bool may_break_the_machine(unsigned vector, const Registers& in) {
  return vector == 0x1a && (writes_configuration(in) || in.ax() == 0xb10e);
}

unsigned outputs_of(unsigned vector, const Registers& in, const Registers& out) {
  // CX:DX is the number of sectors, of a fixed disk alone.
  if (vector == 0x13 && in.ah() == 0x15 && (out.carry() || out.ah() != 3)) return 0;
  if (vector == 0x15 && (in.ax() == 0xe820 || in.ax() == 0xe801 || in.ax() == 0xe881))
    return kBx | kCx | kDx;
  if (vector == kPxeService) return 0;              // PXE 2.1 section 3.1
  if (vector < 0x10 || vector > 0x1a) return kAll;  // nothing is known of it
  return look_up(functions_of(vector), in.ah());
}

bool transfer_of(unsigned vector, const CallStep& call, Transfer& t) {
  if (vector != 0x13) return false;
  const Registers& in = call.in;
  t.drive = static_cast<std::uint8_t>(in.edx);
  std::uint32_t segment = in.es;
  std::uint32_t offset = in.ebx & 0xffff;
  switch (in.ah()) {
    case 0x02:
    case 0x03:
      t.write = in.ah() == 0x03;
      t.count = in.al();
      t.cylinder = (in.ecx >> 8 & 0xff) | (in.ecx & 0xc0) << 2;
      t.head = in.edx >> 8 & 0xff;
      t.sector = in.ecx & 0x3f;
      break;
    case 0x42:
    case 0x43:
      t.write = in.ah() == 0x43;
      t.edd = true;
      t.count = load_le<std::uint16_t>(call.packet.data() + 2);
      offset = load_le<std::uint16_t>(call.packet.data() + 4);
      segment = load_le<std::uint16_t>(call.packet.data() + 6);
      t.lba = load_le<std::uint64_t>(call.packet.data() + 8);
      break;
    default: return false;
  }
  t.buffer = linear(segment, offset);
  t.wraps = offset + t.count * kSectorSize > 0x10000;
  return true;
}

Buffers buffers_of(unsigned vector, const CallStep& call) {
  const Registers& in = call.in;
  Buffers b;
  const auto add = [&b](std::uint32_t segment, std::uint32_t offset, std::uint32_t size) {
    b.ranges.push_back({linear(segment, offset), size});
    const std::uint64_t end = std::uint64_t{offset & 0xffff} + size;
    // It goes on where the segment begins.
    if (end > 0x10000)
      b.ranges.push_back({linear(segment, 0), static_cast<std::uint32_t>(end - 0x10000)});
  };
  const auto at_es = [&](std::uint32_t offset, std::uint32_t size) { add(in.es, offset, size); };
  switch (vector) {
    case 0x13: {
      Transfer t;
      if (transfer_of(vector, call, t)) {
        if (t.edd) add(in.ds, in.esi, 0x18);  // the count that was transferred comes back
        if (t.write) break;
        // CD-ROM sectors have 2048 bytes; a drive number tells nothing for sure.
        const std::uint32_t sector = t.edd && t.drive >= 0x82 ? 2048 : kSectorSize;
        b.ranges.push_back({t.buffer, t.count * sector});
        if (t.wraps) b.ranges.push_back({t.buffer & ~0xfffU, 0x10000});
        if (t.wraps) at_es(0, 0x10000);
      }
      // 66 bytes in Phoenix's EDD 3.0, 74 in T13's EDD-3 (1572D, table 11).
      if (in.ah() == 0x48)
        add(in.ds, in.esi,
            std::min<std::uint32_t>(load_le<std::uint16_t>(call.packet.data()), 0x4a));
      if (in.ah() == 0x44 || in.ah() == 0x47) add(in.ds, in.esi, 0x18);
      if (in.ah() == 0x4b) add(in.ds, in.esi, 0x13);
      if (in.ah() == 0x0a) at_es(in.ebx, in.al() * 516U);
      break;
    }
    case 0x10:
      if (in.ah() == 0x1b) at_es(in.edi, 64);
      if (in.ah() == 0x1c) at_es(in.ebx, 0x1000);
      if (in.ax() == 0x1009) at_es(in.edx, 17);
      if (in.ax() == 0x1017) at_es(in.edx, (in.ecx & 0xffff) * 3);
      if (in.ah() == 0x4f) at_es(in.edi, 512);
      if (in.ah() == 0x4f && in.al() == 0x04) at_es(in.ebx, 0x1000);
      if (in.ah() == 0x4f && in.al() == 0x09) at_es(in.edi, 1024);
      if (in.ah() == 0x4f && in.al() == 0x15) at_es(in.edi, 128);
      break;
    case 0x15:
      if (in.ax() == 0xe820) at_es(in.edi, std::min<std::uint32_t>(in.ecx, 24));
      b.any = in.ah() == 0x87 || in.ah() == 0x89;
      if (in.ah() == 0x83) at_es(in.ebx, 1);
      break;
    case 0x1a:
      // A device that moves, or DMA that a command register lets loose; the routing table goes
      // where the caller's structure points.
      // So do the TCG's answers.
      b.any = writes_configuration(in) || in.ax() == 0xb10e || in.ah() == 0xbb;
      break;
    case 0x16: break;
    case kPxeService:
      at_es(in.edi, 0x200);
      // Their structures point at buffers of the caller's.
      b.any = in.ah() == 0x14 || in.ah() == 0x22 || in.ah() == 0x23 || in.ah() == 0x32 ||
              in.ah() == 0x70 || in.ah() == 0x71;
      break;
    default: b.any = true;
  }
  return b;
}

const std::vector<Range>& data_owned_by(unsigned vector) {
  // Timer, keyboard, diskette and disk interrupts; the RTC's alarm.
  static const std::vector<Range> kCommon = {{0x417, 2}, {0x419, 1}, {0x41a, 0x24}, {0x43e, 11},
                                             {0x46c, 5}, {0x471, 1}, {0x48e, 1},    {0x480, 4},
                                             {0x496, 2}, {0x498, 9}};
  static const auto with = [](std::vector<Range> more) {
    more.insert(more.end(), kCommon.begin(), kCommon.end());
    return more;
  };
  static const std::vector<Range> kDisk = with({{0x43e, 11}, {0x474, 4}, {0x48b, 11}});
  static const std::vector<Range> kVideo =
      with({{0x449, 30}, {0x484, 7}, {0x4a8, 4}, {0x1f * 4, 4}, {0x43 * 4, 4}, {0x410, 2}});
  static const std::vector<Range> kKeyboard = with({{0x417, 0x27}, {0x472, 2}});
  static const std::vector<Range> kClock = with({{0x46c, 6}});
  // The vectors of hardware interrupts, and those that a ROM stands in for.
  static const std::vector<Range> kNetwork =
      with({{0x20, 0x20}, {0x1c0, 0x20}, {0x54, 4}, {0x68, 4}});
  switch (vector) {
    case 0x10: return kVideo;
    case 0x13: return kDisk;
    case 0x16: return kKeyboard;
    case 0x1a: return kClock;
    case kPxeService: return kNetwork;
    default: return kCommon;
  }
}

std::string difference_of(unsigned vector, const Registers& in, const Registers& a,
                          const Registers& b) {
  struct Part {
    const char* name;
    std::uint32_t mask;  // of the register
    std::uint32_t Registers::*value;
  };
  static constexpr Part kAh{"AH", 0xff00, &Registers::eax}, kAx{"AX", 0xffff, &Registers::eax};
  static constexpr Part kAl{"AL", 0xff, &Registers::eax}, kBh{"BH", 0xff00, &Registers::ebx};
  static constexpr Part kBx{"BX", 0xffff, &Registers::ebx}, kCx{"CX", 0xffff, &Registers::ecx};
  static constexpr Part kCl0{"bit 0 of CX", 1, &Registers::ecx};
  static constexpr Part kDx{"DX", 0xffff, &Registers::edx};
  struct Row {
    unsigned vector;
    std::uint8_t ah;
    bool carry;               // CF is an answer
    std::vector<Part> parts;  // on success
  };
  // Functions that every BIOS has, and answers that follow from the hardware alone.
  static const std::vector<Row> kRows = {{0x13, 0x00, true, {}},
                                         {0x13, 0x02, true, {kAl}},
                                         {0x13, 0x03, true, {kAl}},
                                         {0x13, 0x04, true, {}},
                                         {0x13, 0x08, true, {kCx, kDx}},
                                         {0x13, 0x0c, true, {}},
                                         {0x13, 0x10, true, {}},
                                         {0x13, 0x11, true, {}},
                                         {0x13, 0x15, true, {kAh, kCx, kDx}},
                                         {0x13, 0x41, true, {kBx, kCl0}},
                                         {0x13, 0x42, true, {}},
                                         {0x13, 0x43, true, {}},
                                         {0x13, 0x44, true, {}},
                                         {0x13, 0x47, true, {}},
                                         {0x13, 0x48, true, {}},
                                         {0x10, 0x03, false, {kCx, kDx}},
                                         {0x10, 0x0f, false, {kAx, kBh}},
                                         {0x15, 0x24, true, {}},
                                         {0x15, 0x88, true, {}},
                                         {0x15, 0xc0, true, {}},
                                         {0x16, 0x02, false, {kAl}},
                                         {0x1a, 0x02, true, {}},
                                         {0x1a, 0x04, true, {}},
                                         {0x1a, 0xb1, true, {kBx}}};
  for (const Row& row : kRows) {
    if (row.vector != vector || row.ah != in.ah()) continue;
    // Diskettes: their controller's commands and time-outs are a matter of taste.
    if (vector == 0x13 && (in.edx & 0xff) < 0x80) return "";
    if (row.carry && a.carry() != b.carry())
      return a.carry() ? "fails here alone" : "works here alone";
    if (row.carry && a.carry()) return "";
    for (const Part& part : row.parts) {
      if (vector == 0x13 && row.ah == 0x15 && part.value != &Registers::eax && a.ah() != 3) break;
      if (((a.*part.value ^ b.*part.value) & part.mask) != 0) return part.name;
    }
    return "";
  }
  return "";
}

bool ah_is_status(unsigned vector, const Registers& in) {
  if (vector != 0x13) return false;
  switch (in.ah()) {
    case 0x01:  // the status of the last call, whatever this one's
    case 0x15:  // the drive's type
    case 0x41:  // the version of the extensions
    case 0x4e: return false;
    default: return true;
  }
}

}  // namespace ice86::harness
