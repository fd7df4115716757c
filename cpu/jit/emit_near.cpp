// SPDX-License-Identifier: LGPL-2.1-or-later
// Accesses near each other: those of a block through one register, at known distances. The first
// looks the whole range up and keeps where the host has it; the others take that. It holds until
// the interpreter has been called, which may change what is mapped or decode what is there.
#include <algorithm>

#include "cpu/core.h"
#include "cpu/jit/translator.h"

namespace ice86::cpu::jit {

namespace {

// Base registers beyond the guest's: none, and RIP.
constexpr unsigned kNoBase = 16, kRipBase = 17;
// A range in the page of code may touch two of its lines.
constexpr std::int64_t kWidest = std::int64_t{1} << CodeCache::kLineBits;

// Those that may call the interpreter without leaving their straight path, and those that move RSP
// by what is not known.
bool ends_ranges(const Item& item) {
  switch (item.group) {
    case Group::kHandler:
    case Group::kLeave:
    case Group::kString:
    case Group::kRepeat:
    case Group::kPortIn:
    case Group::kTimestamp:
    case Group::kX87: return true;
    case Group::kPop:
      return item.memory >= 0 ||
             ZydisRegisterGetId(item.ops[0].reg.value) == static_cast<int>(kRsp);
    default: return false;
  }
}

}  // namespace

// Joins a range that is open, or opens one.
void Translator::note_near(Near& near, std::vector<std::size_t>& open, const Range& one) {
  const auto same = [&](std::size_t number) {
    const Range& r = ranges_[number];
    return r.segment == one.segment && r.base == one.base && r.width == one.width;
  };
  near.from_start = one.low;
  const auto found = std::find_if(open.begin(), open.end(), same);
  if (found != open.end()) {
    Range& range = ranges_[*found];
    const std::int64_t low = std::min(range.low, one.low);
    const std::int64_t high = std::max(range.high, one.high);
    if ((range.write || !one.write) && high - low <= kWidest) {
      range.low = low;
      range.high = high;
      range.last = one.last;
      ++range.accesses;
      near.range = static_cast<int>(*found);
      return;
    }
    open.erase(found);
  }
  ranges_.push_back(one);
  open.push_back(ranges_.size() - 1);
  near.range = static_cast<int>(ranges_.size() - 1);
  near.first = true;
}

void Translator::find_ranges() {
  constexpr unsigned kNone = offsetof(State, zero);
  std::vector<std::size_t> open;
  std::int64_t sp = 0;  // less what it was at the start of the block
  const auto close = [&](auto&& which) {
    open.erase(std::remove_if(open.begin(), open.end(),
                              [&](std::size_t number) { return which(ranges_[number]); }),
               open.end());
  };
  for (std::uint32_t i = 0; i < items_.size(); ++i) {
    Item& item = items_[i];
    const Insn& insn = *item.insn;
    if (ends_ranges(item)) {
      open.clear();
      continue;
    }
    const auto note = [&](Near& near, unsigned segment, unsigned base, unsigned width,
                          std::int64_t at, unsigned size, bool write) {
      Range one;
      one.segment = segment;
      one.base = base;
      one.width = width;
      one.low = at;
      one.high = at + size;
      one.write = write;
      one.first = one.last = i;
      note_near(near, open, one);
    };
    const bool pushes = item.group == Group::kPush || item.group == Group::kPushImmediate ||
                        item.group == Group::kPushFlags;
    if (item.memory >= 0 && insn.index == kNone &&
        (item.group == Group::kGeneric || item.group == Group::kPush)) {
      const unsigned width = insn.address_size == 0 ? 2 : insn.address_size == 1 ? 4 : 8;
      unsigned base = insn.base / 8U;
      auto at = static_cast<std::int64_t>(insn.disp);
      if (insn.base == kNone) {
        base = kNoBase;
        if (width != 8) at &= width == 2 ? 0xffff : 0xffffffff;
      } else if (insn.base == offsetof(State, rip)) {
        base = kRipBase;
        at += static_cast<std::int64_t>(rip_after(item));
      } else if (base == kRsp) {
        at += sp;
      }
      const bool known = base >= kNoBase || host_of(base) != kNoHost;
      // A 32-bit offset may wrap around between two of them where no limit of 4 GiB shows it.
      if (known && (ctx_.mode != 2 || width == 8))
        note(item.near_operand, insn.segment, base, width, at,
             item.ops[static_cast<unsigned>(item.memory)].size / 8U, item.stores);
    }
    const bool pops = item.group == Group::kPop || item.group == Group::kPopFlags ||
                      (item.group == Group::kLoadSegment && item.zi.mnemonic == ZYDIS_MNEMONIC_POP);
    const bool calls = item.group == Group::kCall || item.group == Group::kCallIndirect;
    const bool returns = item.group == Group::kRet;
    std::uint32_t written = hosts_written(item);
    if (pushes || pops || calls || returns) {
      const unsigned size = calls || returns ? insn.operand_size : item.zi.operand_width / 8U;
      if (pushes || calls) sp -= size;
      note(item.near_stack, kSs, kRsp, ctx_.stack, sp, size, pushes || calls);
      if (!pushes && !calls) sp += size;
      written &= ~(1U << kGuestSp);
    }
    if (item.group == Group::kLoadSegment)
      close([&](const Range& range) { return range.segment == insn.code; });
    close([&](const Range& range) {
      const std::uint8_t host = range.base < kNoBase ? host_of(range.base) : std::uint8_t{kNoHost};
      return host != kNoHost && (written >> host & 1) != 0;
    });
  }
  unsigned slots = 0;
  for (Range& range : ranges_) {
    if (range.accesses > 1 && slots < Area::kRanges) range.slot = static_cast<int>(slots++);
  }
}

Mem Translator::slot_of(const Range& range) const {
  return core(&c_.jit_area.ranges[static_cast<unsigned>(range.slot)]);
}

// From the offset in kAddress to the host's address, like look_up().
void Translator::look_up_near(const Near& near, unsigned size, bool write) {
  const Range& range = ranges_[static_cast<unsigned>(near.range)];
  NearMiss miss;
  miss.near = near;
  miss.size = size;
  miss.write = write;
  if (!near.first) {
    e_.load(kTemp, slot_of(range));
    e_.op({0x85, 0, 8}, kTemp, std::uint8_t{kTemp});
    miss.offset.push_back(e_.jcc(kEqual));
    e_.op({0x03, 0, 8}, kAddress, std::uint8_t{kTemp});
    miss.resume = e_.size();
    near_misses_.push_back(std::move(miss));
    return;
  }
  const unsigned wide = ctx_.mode == 2 ? 8 : 4;
  const auto low = static_cast<std::int32_t>(range.low - near.from_start);
  const auto high = static_cast<std::int32_t>(range.high - near.from_start);
  if (!flat(range.segment, range.write)) {
    e_.store(core(&c_.jit_area.range_offset), kAddress);
    if (ctx_.mode != 2) {  // the whole range, without wrapping around
      const Core::SegmentView& view = c_.views[range.segment];
      e_.lea(kTemp, {kAddress, kNoHost, 0, low});
      if (range.width == 2) {
        e_.alu_imm(7, kTemp, 0x10000 - (high - low), 8);
        miss.offset.push_back(e_.jcc(kAbove));
      } else if (low < 0) {
        e_.op({0x85, 0, 8}, kTemp, std::uint8_t{kTemp});
        miss.offset.push_back(e_.jcc(kSign));
      }
      e_.lea(kTemp, {kAddress, kNoHost, 0, high - 1});
      e_.op({0x3b, 0, 8}, kTemp, core(range.write ? &view.writable : &view.readable));
      miss.offset.push_back(e_.jcc(kNotBelow));
    }
    e_.op({0x03, 0, static_cast<std::uint8_t>(wide)}, kAddress,
          core(&c_.views[range.segment].base));
  }
  if (range.segment == kSs) {
    miss.guess = offset(&c_.jit_area.stack_guess);
  } else if (loops_) {
    miss.guess = offset(&c_.jit_area.guesses[jit_.next_guess_++ % Area::kGuesses]);
  }
  if (miss.guess != 0) {
    e_.load(kTemp, {kCore, kNoHost, 0, miss.guess}, 4);
  } else {
    entry_place();
  }
  check_range(range, near, miss.linear);
  miss.found = e_.size();
  keep_range(range);
  miss.resume = e_.size();
  near_misses_.push_back(std::move(miss));
}

// Whether the range around the linear address in kAddress is in the TLB entry at kTemp.
void Translator::check_range(const Range& range, const Near& near, std::vector<std::size_t>& fail) {
  const auto low = static_cast<std::int32_t>(range.low - near.from_start);
  const auto high = static_cast<std::int32_t>(range.high - near.from_start);
  const auto& entry = c_.tlb[ctx_.rights][0];
  first_page(low);
  e_.op({0x3b, 0, 8}, kValue,
        Mem{kCore, kTemp, 0, offset(range.write ? &entry.write_tag : &entry.read_tag)});
  fail.push_back(e_.jcc(kNotEqual));
  fail.push_back(ends_beyond(high));
}

// A jump that is taken when what is `high` bytes from kAddress is behind the page in kValue.
std::size_t Translator::ends_beyond(std::int32_t high) {
  const unsigned wide = ctx_.mode == 2 ? 8 : 4;
  e_.op({0x2b, 0, static_cast<std::uint8_t>(wide)}, kValue, std::uint8_t{kAddress});
  e_.alu_imm(0, kValue, static_cast<std::int32_t>(kPageSize) - high, wide);
  return e_.jcc(kSign);
}

// kValue = the page of what is `low` bytes from kAddress.
void Translator::first_page(std::int32_t low) {
  const unsigned wide = ctx_.mode == 2 ? 8 : 4;
  if (low == 0) {
    e_.mov(kValue, kAddress, wide);
  } else {
    e_.lea(kValue, {kAddress, kNoHost, 0, low}, wide);
  }
  e_.alu_imm(4, kValue, -static_cast<std::int32_t>(kPageSize), wide);
}

// From the linear address in kAddress, and its TLB entry at kTemp, to the host's; that is kept.
void Translator::keep_range(const Range& range) {
  const auto& entry = c_.tlb[ctx_.rights][0];
  const Mem addend{kCore, kTemp, 0, offset(range.write ? &entry.write_addend : &entry.read_addend)};
  if (flat(range.segment, range.write)) {
    e_.load(kTemp, addend);
    e_.op({0x03, 0, 8}, kAddress, std::uint8_t{kTemp});
  } else {
    e_.op({0x03, 0, 8}, kAddress, addend);
    e_.mov(kTemp, kAddress);
    e_.op({0x2b, 0, 8}, kTemp, core(&c_.jit_area.range_offset));
  }
  e_.store(slot_of(range), kTemp);
}

// What look_up_near() jumps to. What fails here goes on to the handler behind it.
void Translator::look_again_near(const std::vector<NearMiss>& misses,
                                 std::vector<std::size_t>& fail) {
  const auto& entry = c_.tlb[ctx_.rights][0];
  const unsigned wide = ctx_.mode == 2 ? 8 : 4;
  for (const NearMiss& miss : misses) {
    const Range& range = ranges_[static_cast<unsigned>(miss.near.range)];
    const auto low = static_cast<std::int32_t>(range.low - miss.near.from_start);
    const Mem linear = core(&c_.jit_area.range_offset);
    for (const std::size_t jump : miss.offset) e_.bind(jump);
    if (!miss.offset.empty()) {
      if (miss.near.first) forget_range(range);
      to_linear(range.segment, miss.size, miss.write, fail);
    }
    std::size_t alone = 0;
    if (miss.near.first) {
      if (!miss.offset.empty()) alone = e_.jmp();
      for (const std::size_t jump : miss.linear) e_.bind(jump);
      if (flat(range.segment, range.write)) e_.store(linear, kAddress);
      entry_place();
      if (miss.guess != 0) e_.store({kCore, kNoHost, 0, miss.guess}, kTemp, 4);
      std::vector<std::size_t> not_plain;
      check_range(range, miss.near, not_plain);
      e_.bind_to(e_.jmp(), miss.found);
      for (const std::size_t jump : not_plain) e_.bind(jump);
      forget_range(range);
      if (range.write) {
        // Beside code: none is in the range, then.
        first_page(low);
        const std::size_t crosses =
            ends_beyond(static_cast<std::int32_t>(range.high - miss.near.from_start));
        first_page(low);
        if (low != 0) e_.lea(kAddress, {kAddress, kNoHost, 0, low}, wide);
        e_.call_to(jit_.beside_code(ctx_.rights, static_cast<unsigned>(range.high - range.low)));
        const std::size_t taken = e_.jcc(kNotEqual);
        if (low != 0) e_.lea(kAddress, {kAddress, kNoHost, 0, -low});
        e_.mov(kTemp, kAddress);
        e_.op({0x2b, 0, 8}, kTemp, linear);
        e_.store(slot_of(range), kTemp);
        e_.bind_to(e_.jmp(), miss.resume);
        e_.bind(taken);
        if (low != 0) e_.lea(kAddress, {kAddress, kNoHost, 0, -low}, wide);
        e_.bind(crosses);
      }
    }
    // This access alone.
    if (alone != 0) e_.bind(alone);
    entry_place();
    first_page(static_cast<std::int32_t>(miss.size) - 1);
    const auto field = [&](const void* member) { return Mem{kCore, kTemp, 0, offset(member)}; };
    e_.op({0x3b, 0, 8}, kValue, field(miss.write ? &entry.write_tag : &entry.read_tag));
    const std::size_t other = e_.jcc(kNotEqual);
    e_.op({0x03, 0, 8}, kAddress, field(miss.write ? &entry.write_addend : &entry.read_addend));
    e_.bind_to(e_.jmp(), miss.resume);
    e_.bind(other);
    if (miss.write) {
      e_.call_to(jit_.beside_code(ctx_.rights, miss.size));
      e_.bind_to(e_.jcc(kEqual), miss.resume);
    }
    if (&miss != &misses.back()) fail.push_back(e_.jmp());
  }
}

void Translator::forget_range(const Range& range) {
  e_.op({0xc7, 0, 8}, 0, slot_of(range));
  e_.dword(0);
}

// The interpreter has executed this instruction: what was known before it is not any more.
void Translator::forget_ranges(std::uint32_t index) {
  for (const Range& range : ranges_) {
    if (range.slot >= 0 && range.first <= index && range.last > index) forget_range(range);
  }
}

}  // namespace ice86::cpu::jit
