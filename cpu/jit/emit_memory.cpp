// SPDX-License-Identifier: LGPL-2.1-or-later
// Addresses and the TLB.
#include "cpu/core.h"
#include "cpu/jit/translator.h"

namespace ice86::cpu::jit {

static_assert(sizeof(Core::TlbEntry) == 64);

// The offset in the segment, into kAddress. Changes no flags.
void Translator::effective(const Item& item) {
  const Insn& insn = *item.insn;
  const unsigned size = insn.address_size == 2 ? 8 : 4;
  constexpr unsigned kNone = offsetof(State, zero);
  if (insn.base == offsetof(State, rip) || (insn.base == kNone && insn.index == kNone)) {
    std::uint64_t at = static_cast<std::uint64_t>(static_cast<std::int64_t>(insn.disp));
    if (insn.base != kNone) at += rip_after(item);
    if (size == 4) at &= insn.address_size == 0 ? 0xffff : 0xffffffff;
    e_.mov_imm(kAddress, at);
    return;
  }
  Mem from;
  if (insn.base != kNone) from.base = read_register(insn.base / 8u, kAddress);
  if (insn.index != kNone) {
    from.index = read_register(insn.index / 8u, kTemp);
    from.scale = insn.scale;
  }
  from.disp = insn.disp;
  if (from.base == kNoHost && from.scale == 0) {
    from.base = from.index;
    from.index = kNoHost;
  }
  if (from.index == kNoHost && from.disp == 0) {
    if (insn.address_size == 0) {
      e_.op({0xb7, 1, 4}, kAddress, from.base);
      return;
    }
    e_.mov(kAddress, from.base, size);
  } else {
    e_.lea(kAddress, from, size);
  }
  if (insn.address_size == 0) e_.op({0xb7, 1, 4}, kAddress, std::uint8_t{kAddress});
}

// From the offset in kAddress to the linear address. Jumps to `fail` if it is beyond a limit.
void Translator::to_linear(unsigned segment, unsigned size, bool write,
                           std::vector<std::size_t>& fail) {
  const Core::SegmentView& view = c_.views[segment];
  const std::uint8_t flat = write ? ctx_.flat_write : ctx_.flat_read;
  if ((flat >> segment & 1) != 0) return;
  if (ctx_.mode != 2) {
    if (size == 1) {
      e_.op({0x3b, 0, 8}, kAddress, core(write ? &view.writable : &view.readable));
    } else {
      e_.lea(kTemp, {kAddress, kNoHost, 0, static_cast<std::int32_t>(size - 1)});
      e_.op({0x3b, 0, 8}, kTemp, core(write ? &view.writable : &view.readable));
    }
    fail.push_back(e_.jcc(kNotBelow));
  }
  e_.op({0x03, 0, static_cast<std::uint8_t>(ctx_.mode == 2 ? 8 : 4)}, kAddress, core(&view.base));
}

// From the offset in kAddress to the host's address there. Jumps to `fail` if that is not known.
void Translator::look_up(unsigned segment, unsigned size, bool write,
                         std::vector<std::size_t>& fail, unsigned aligned, const Near& near) {
  if (near.range >= 0 && ranges_[static_cast<unsigned>(near.range)].slot >= 0)
    return look_up_near(near, size, write);
  to_linear(segment, size, write, fail);
  if (aligned != 0) {  // test r10b, ...
    e_.op({0xf6, 0, 1}, 0, std::uint8_t{kAddress}, false, true);
    e_.byte(aligned);
    fail.push_back(e_.jcc(kNotEqual));
  }
  // The access does not wait for the entry's place where that is guessed: as in the last round of a
  // loop, or as for the stack the last time.
  std::int32_t guess = 0;
  if (segment == kSs) {
    guess = offset(&c_.jit_area.stack_guess);
  } else if (loops_) {
    guess = offset(&c_.jit_area.guesses[jit_.next_guess_++ % Area::kGuesses]);
  }
  look_up_linear(size, write, fail, guess);
}

// The same from a linear address. `guess`: where the place of its TLB entry is guessed; 0: it is
// not.
void Translator::look_up_linear(unsigned size, bool write, std::vector<std::size_t>& fail,
                                std::int32_t guess) {
  const unsigned width = ctx_.mode == 2 ? 8 : 4;
  const auto& entry = c_.tlb[ctx_.rights][0];
  if (guess != 0) {
    e_.load(kTemp, {kCore, kNoHost, 0, guess}, 4);
  } else {
    entry_place();
  }
  if (size == 1) {
    e_.mov(kValue, kAddress, width);
  } else {
    e_.lea(kValue, {kAddress, kNoHost, 0, static_cast<std::int32_t>(size - 1)}, width);
  }
  e_.alu_imm(4, kValue, -static_cast<std::int32_t>(kPageSize), width);
  const auto field = [&](const void* member) { return Mem{kCore, kTemp, 0, offset(member)}; };
  e_.op({0x3b, 0, 8}, kValue, field(write ? &entry.write_tag : &entry.read_tag));
  const std::size_t miss = e_.jcc(kNotEqual);
  // kValue is the page of the last byte. The entry's own place has the first byte's page, so that
  // the tag of one that goes on in the next page never fits; a guess may be the next page's.
  std::size_t crosses = 0;
  if (guess != 0 && size > 1) {
    e_.op({0x3b, 0, static_cast<std::uint8_t>(width)}, kAddress, std::uint8_t{kValue});
    crosses = e_.jcc(kSign);
  }
  const std::size_t found = e_.size();
  e_.op({0x03, 0, 8}, kAddress, field(write ? &entry.write_addend : &entry.read_addend));
  if (write || guess != 0) {
    misses_.push_back({miss, crosses, found, e_.size(), write, size, guess});
  } else {
    fail.push_back(miss);
  }
}

// look_up() with nothing but the entry's own place, and not for stores beside code.
void Translator::look_up_plain(unsigned segment, unsigned size, bool write,
                               std::vector<std::size_t>& fail) {
  const unsigned width = ctx_.mode == 2 ? 8 : 4;
  const auto& entry = c_.tlb[ctx_.rights][0];
  const auto field = [&](const void* member) { return Mem{kCore, kTemp, 0, offset(member)}; };
  to_linear(segment, size, write, fail);
  entry_place();
  e_.lea(kValue, {kAddress, kNoHost, 0, static_cast<std::int32_t>(size - 1)}, width);
  e_.alu_imm(4, kValue, -static_cast<std::int32_t>(kPageSize), width);
  e_.op({0x3b, 0, 8}, kValue, field(write ? &entry.write_tag : &entry.read_tag));
  fail.push_back(e_.jcc(kNotEqual));
  e_.op({0x03, 0, 8}, kAddress, field(write ? &entry.write_addend : &entry.read_addend));
}

// kTemp = the offset of the TLB entry for kAddress.
void Translator::entry_place() {
  e_.mov(kTemp, kAddress, 4);
  e_.shift_imm(5, kTemp, kPageBits - 6, 4);
  e_.alu_imm(4, kTemp, static_cast<std::int32_t>(Core::kTlbMask << 6), 4);
}

// The tag did not fit: it may be in another entry, or be a store beside the code of a page. What
// fails here goes on to the handler behind it.
void Translator::look_again(const Cold& stub, std::vector<std::size_t>& fail) {
  const std::vector<Miss>& misses = stub.misses;
  const auto& entry = c_.tlb[ctx_.rights][0];
  for (std::size_t i = 0; i < misses.size(); ++i) {
    const Miss& miss = misses[i];
    e_.bind(miss.jump);
    if (miss.crosses != 0) e_.bind(miss.crosses);
    if (miss.guess != 0) {
      entry_place();
      e_.store({kCore, kNoHost, 0, miss.guess}, kTemp, 4);
      e_.op({0x3b, 0, 8}, kValue,
            Mem{kCore, kTemp, 0, offset(miss.write ? &entry.write_tag : &entry.read_tag)});
      e_.bind_to(e_.jcc(kEqual), miss.found);
    }
    if (miss.write) {
      e_.call_to(jit_.beside_code(ctx_.rights, miss.size));
      e_.bind_to(e_.jcc(kEqual), miss.resume);
    }
    if (i + 1 < misses.size() || !stub.near_misses.empty()) fail.push_back(e_.jmp());
  }
}

}  // namespace ice86::cpu::jit
