// SPDX-License-Identifier: LGPL-2.1-or-later
// The rules of a BIOS call, each by its name (docs/fuzzing-int13.md).
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "emulator/base/bits.h"
#include "harness/fuzz/rig.h"

namespace ice86::harness {

namespace {

using machine::RunEnd;

constexpr std::uint32_t kIf = 0x200, kDf = 0x400;

const Range* range_with(const std::vector<Range>& ranges, std::uint32_t at) {
  for (const Range& range : ranges)
    if (range.holds(at)) return &range;
  return nullptr;
}

// The first place from `at` on, in a page, where two memories differ; none: the page's end.
std::uint32_t next_difference(const std::uint8_t* a, const std::uint8_t* b, std::uint32_t at) {
  typedef std::uint64_t Pair __attribute__((vector_size(16)));
  using Line = std::array<Pair, 4>;
  const auto end = static_cast<std::uint32_t>((at | kPageMask) + 1);
  while (at < end) {
    if (at % sizeof(Line) == 0) {
      Line x, y;
      std::memcpy(&x, a + at, sizeof x);
      std::memcpy(&y, b + at, sizeof y);
      const Pair some = (x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]);
      if ((some[0] | some[1]) == 0) {
        at += sizeof(Line);
        continue;
      }
    }
    if (a[at] != b[at]) return at;
    ++at;
  }
  return end;
}

constexpr Range kCallersStack{rig::kStackTop - rig::kStackSize, rig::kStackSize};

}  // namespace

void Rig::report(Execution& result, std::size_t index, std::string oracle, std::string detail,
                 std::string text) {
  Finding finding;
  // Upper halves are touched by the code that all functions begin and end with.
  finding.key =
      oracle == "upper-half"
          ? fmt::format("{} {} {}", oracle, options_.target.name, detail)
          : fmt::format("{} {}/{:02x} {}", oracle, options_.target.name, in_.ah(), detail);
  finding.oracle = std::move(oracle);
  finding.text = std::move(text);
  finding.step = index;
  finding.handler = handler_;
  result.findings.push_back(std::move(finding));
}

void Rig::judge(const CallStep& step, const CallEnd& end, std::size_t index, Execution& result) {
  in_ = step.in;
  if (!end.returned && may_break_the_machine(options_.target.service(), step.in)) return;
  if (!violation_.empty())
    report(result, index, "ata-protocol", violation_, "the drive was misused: " + violation_);
  if (!exception_.empty()) {
    const auto at = fmt::format("{:04x}:{:04x}", exception_at_.segment, exception_at_.offset);
    report(result, index, "cpu-exception", exception_ + " " + at,
           fmt::format("{} at {}", exception_, at));
    result.findings.back().handler = exception_at_;
  }
  if (!end.returned) {
    const auto place = fmt::format("{:04x}:{:04x}", end.at.segment, end.at.offset);
    switch (end.run.end) {
      case RunEnd::kInstructionLimit:
      case RunEnd::kTimeLimit:
        if (may_wait_for_ever(options_.target.service(), step.in)) return;
        result.slow = true;
        result.slow_at = end.at;
        return;
      case RunEnd::kCrashed:
        report(result, index, "triple-fault", place, "triple fault at " + place);
        break;
      case RunEnd::kStuck:
        report(result, index, "hang", "halted " + place, "halted with interrupts off at " + place);
        break;
      case RunEnd::kReset:
        report(result, index, "reset", "", "the call reset the machine, at " + place);
        break;
      default: report(result, index, "no-return", "", "the call ended at " + place);
    }
    result.findings.back().handler = end.at;
    return;
  }
  const Registers& in = step.in;
  const Registers& o = end.out;
  if (end.ss != 0 || end.sp != end.entry.sp_after) {
    report(result, index, "stack-imbalance", "",
           fmt::format("SS:SP is {:04x}:{:04x} on return, should be 0000:{:04x}", end.ss, end.sp,
                       end.entry.sp_after));
  }
  const unsigned outputs = outputs_of(options_.target.service(), in, o);
  const struct {
    const char* name;
    std::uint32_t before, after;
    unsigned bit;
  } kept[] = {{"EBX", in.ebx, o.ebx, out::kBx}, {"ECX", in.ecx, o.ecx, out::kCx},
              {"EDX", in.edx, o.edx, out::kDx}, {"ESI", in.esi, o.esi, out::kSi},
              {"EDI", in.edi, o.edi, out::kDi}, {"EBP", in.ebp, o.ebp, out::kBp},
              {"ES", in.es, o.es, out::kEs},    {"DS", in.ds, o.ds, out::kDs},
              {"FS", 0x1357, end.fs, 0},        {"GS", 0x2468, end.gs, 0}};
  for (const auto& r : kept) {
    if ((outputs & r.bit) != 0 || r.before == r.after) continue;
    const bool upper = (r.before & 0xffff) == (r.after & 0xffff);
    const std::string name = upper ? std::string("upper half of ") + r.name : r.name;
    report(result, index, upper ? "upper-half" : "registers", r.name,
           fmt::format("{} not preserved: {:x}, was {:x}", name, r.after, r.before));
  }
  if ((in.flags & kIf) != (o.flags & kIf)) {
    const bool lost = (in.flags & kIf) != 0;
    report(result, index, "interrupt-flag", lost ? "lost" : "set",
           lost ? "IF was set, and is clear on return" : "IF was clear, and is set on return");
  }
  if ((o.flags & kDf) != 0) report(result, index, "direction-flag", "", "DF is set on return");
  if (ah_is_status(options_.target.service(), in) && o.carry() != (o.ah() != 0)) {
    report(result, index, "carry-status", o.carry() ? "CF without status" : "status without CF",
           fmt::format("CF={} with AH={:02x}", o.carry() ? 1 : 0, o.ah()));
  }
  judge_memory(step, end, index, result);
  judge_data(step, end, index, result);
}

std::string Rig::where_memory_is(std::uint32_t at) const {
  if (at < 0x400) return fmt::format("ivt {:02x}", at / 4);
  if (at < 0x500) return fmt::format("bda {:02x}", at - 0x400);
  if (at < rig::kStackTop && at >= rig::kStackTop - 0x1000) return "below the stack";
  if (at >= rig::kCode && at < rig::kCode + 512) return "the boot sector";
  return at < 0x100000 ? "low memory" : "extended memory";
}

void Rig::judge_memory(const CallStep& step, const CallEnd&, std::size_t index, Execution& result) {
  const Buffers buffers = buffers_of(options_.target.service(), step);
  const std::vector<Range>& owned = data_owned_by(options_.target.service());
  const auto memory = start_->memory();
  if (const auto posted = posted_by(options_.target.service(), step.in)) posted_.push_back(*posted);
  bool reported = buffers.any;
  for (const std::uint32_t page : start_->written_pages()) {
    const auto at = static_cast<std::uint32_t>(page << kPageBits);
    const auto page_end = static_cast<std::uint32_t>(at + kPageSize);
    const auto next = [&](std::uint32_t from) {
      return from < page_end ? next_difference(memory.data(), shadow_.data(), from) : page_end;
    };
    std::uint32_t where = next(at);
    if (where == page_end) continue;
    touch(page);
    const bool firmware_s = (at >= (base_top_ & ~kPageMask) && at < 0x100000) ||
                            (at >= 0x100000 && range_with(usable_, at) == nullptr);
    for (; where < page_end && !reported; where = next(where)) {
      const Range* allowed = range_with(buffers.ranges, where);
      if (allowed == nullptr) allowed = range_with(owned, where);
      if (allowed == nullptr) allowed = range_with(posted_, where);
      if (allowed == nullptr && kCallersStack.holds(where)) allowed = &kCallersStack;
      if (allowed != nullptr) {
        const std::uint64_t behind = std::uint64_t{allowed->first} + allowed->size;
        where = static_cast<std::uint32_t>(std::min<std::uint64_t>(behind, page_end));
        continue;
      }
      if (where >= base_top_ && firmware_s) break;
      const std::string area = where_memory_is(where);
      const auto text = fmt::format("{:05x} ({}) was {:02x}, is {:02x}", where, area,
                                    shadow_[where], memory[where]);
      if (where < 0x500) {
        report(result, index, where < 0x400 ? "ivt-write" : "bda-write", area, text);
      } else if (area == "below the stack") {
        report(result, index, "stack-overflow", "",
               fmt::format("more than {} bytes of stack: ", rig::kStackSize) + text);
      } else {
        report(result, index, "buffer-overrun", area, "outside the caller's buffer: " + text);
      }
      reported = true;
    }
    machine::copy_page(&shadow_[at], &memory[at]);
  }
}

// Takes what memory is now as it should be.
void Rig::accept_memory() {
  const auto memory = start_->memory();
  for (const std::uint32_t page : start_->written_pages()) {
    touch(page);
    const std::size_t at = std::size_t{page} << kPageBits;
    machine::copy_page(&shadow_[at], &memory[at]);
  }
}

// Sectors that a call says it moved are there, and no others.
void Rig::judge_data(const CallStep& step, const CallEnd& end, std::size_t index,
                     Execution& result) {
  Transfer t;
  const bool is_transfer = transfer_of(options_.target.service(), step, t);
  const FuzzDisk* disk = is_transfer ? disk_of(t.drive) : nullptr;
  const bool may_write = (is_transfer && t.write) ||
                         (options_.target.service() == 0x13 &&
                          (step.in.ah() == 0x05 || step.in.ah() == 0x06 || step.in.ah() == 0x0b));
  if (!may_write) {
    for (const FuzzDisk* any : {floppy_, disks_[0], disks_[1]}) {
      if (any == nullptr || any->recent().empty()) continue;
      report(result, index, "wrong-data", "written", "a call that writes nothing wrote the disk");
    }
  }
  if (disk == nullptr || t.wraps || t.count == 0) return;
  // A diskette with fewer sectors has another format, and another place for each sector.
  if (t.drive < 0x80 && disk->sectors() != disk->made_sectors()) return;
  std::uint64_t first = t.lba;
  if (!t.edd) {
    Geometry g{2, 18, 2880};
    if (t.drive >= 0x80) g = geometries_[t.drive - 0x80U];
    if (g.sectors == 0 || t.sector == 0) return;
    first = (std::uint64_t{t.cylinder} * g.heads + t.head) * g.sectors + t.sector - 1;
  }
  const auto memory = start_->memory();
  const auto whole = [&](std::uint32_t count) {
    return std::uint64_t{t.buffer} + count * kSectorSize <= base_top_;
  };
  if (!whole(t.count)) return;
  if (!end.out.carry()) {
    for (std::uint32_t i = 0; i < t.count; ++i) {
      FuzzDisk::Sector expected{};
      disk->contents(first + i, expected.data());
      if (std::memcmp(expected.data(), &memory[t.buffer + i * kSectorSize], kSectorSize) == 0)
        continue;
      return report(result, index, "wrong-data", t.write ? "write" : "read",
                    fmt::format("sector {} ({} of {}) is not what is {}", first + i, i + 1, t.count,
                                t.write ? "on the disk" : "in the buffer"));
    }
  }
  for (const std::uint64_t sector : disk->recent()) {
    if (!t.write || sector - first < t.count) continue;
    return report(result, index, "wrong-data", "elsewhere",
                  fmt::format("sector {} was written, too", sector));
  }
}

}  // namespace ice86::harness
