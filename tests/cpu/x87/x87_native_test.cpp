// SPDX-License-Identifier: LGPL-2.1-or-later
// Every x87 instruction, from random states, against the host CPU: registers, tags, control and
// status words, RFLAGS, AX and memory must be the same. The pointers are not compared: the host's
// are of its own code, and some processors store them only with exceptions.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/cpu/x87/forms.h"
#include "tests/cpu/x87/guest_x87.h"
#include "tests/cpu/x87/native_x87.h"
#include "tests/cpu/x87/random_x87.h"

namespace ice86::cpu::test {
namespace {

constexpr unsigned kCasesPerForm = 4000;
constexpr std::uint64_t kSeed = 0x87;

struct Outcome {
  FxImage image;
  std::uint8_t operand[RandomX87::kOperandBytes] = {};
  NativeX87::Result result{};
};

std::string text(const FxImage& image) {
  std::string out =
      fmt::format("fcw {:04x} fsw {:04x} valid {:02x}", image.control, image.status, image.valid);
  for (const FxImage::Register& r : image.st)
    out += fmt::format(" {:04x}:{:016x}", r.sign_exponent, r.significand);
  return out;
}

std::string text(const Outcome& o) {
  std::string out = text(o.image) + fmt::format("\n      ax {:04x} flags {:04x} memory",
                                                o.result.rax & 0xffff, o.result.flags & 0x8d5);
  for (unsigned n = 0; n < 32; ++n) out += fmt::format(" {:02x}", o.operand[n]);
  return out;
}

// FCOMI, FUCOMI and their popping forms.
bool compares_into_flags(const X87Form& form) {
  return (form.bytes[0] == 0xdb || form.bytes[0] == 0xdf) && form.bytes.size() == 2 &&
         form.bytes[1] >= 0xe8 && form.bytes[1] < 0xf8;
}

// What is not compared, made equal.
void normalize(Outcome& o, const X87Form& form) {
  // C1 of FCOMI: cleared according to the SDM; AMD's processors leave it.
  constexpr std::uint16_t kC1 = 1u << 9;
  if (compares_into_flags(form)) o.image.status &= static_cast<std::uint16_t>(~kC1);
  o.result.rax &= 0xffff;
  o.result.flags &= flag::kArithmetic;
  if (form.operand == MemoryOperand::kImage) {
    const bool small = form.bytes[0] == 0x66;
    std::memset(o.operand + (small ? 6 : 12), 0, small ? 8 : 16);
  }
}

bool same(const Outcome& a, const Outcome& b) {
  if (a.image.control != b.image.control || a.image.status != b.image.status ||
      a.image.valid != b.image.valid) {
    return false;
  }
  for (unsigned i = 0; i < 8; ++i) {
    if (a.image.st[i].significand != b.image.st[i].significand ||
        a.image.st[i].sign_exponent != b.image.st[i].sign_exponent) {
      return false;
    }
  }
  return a.result.rax == b.result.rax && a.result.flags == b.result.flags &&
         std::memcmp(a.operand, b.operand, sizeof a.operand) == 0;
}

TEST(X87, EveryInstructionAgreesWithTheHost) {
  NativeX87 native;
  GuestX87 guest;
  RandomX87 random(kSeed);
  unsigned wrong = 0;
  for (const X87Form& form : all_x87_forms()) {
    if (form.fisttp && !implemented_features().has(Feature::kSse3)) continue;
    const unsigned native_code = native.add(form.bytes);
    const unsigned guest_code = guest.add(form.bytes);
    unsigned wrong_here = 0;
    for (unsigned n = 0; n < kCasesPerForm; ++n) {
      Outcome before;
      before.image = random.state(!form.waits);
      random.memory(form.operand, before.operand);
      const std::uint64_t flags = (random.bits() & flag::kArithmetic) | flag::kFixed;
      Outcome expected = before;
      Outcome got = before;
      expected.result = native.run(native_code, expected.image, expected.operand, flags);
      got.result = guest.run(guest_code, got.image, got.operand, sizeof got.operand, flags);
      if (compares_into_flags(form)) {
        EXPECT_EQ(got.image.status & 1u << 9, 0u);
      }
      normalize(expected, form);
      normalize(got, form);
      if (same(expected, got)) continue;
      if (++wrong_here <= 2) {
        ADD_FAILURE() << form.name() << "case " << n << fmt::format(", flags {:04x}", flags)
                      << "\nbefore " << text(before) << "\nhost   " << text(expected) << "\nguest  "
                      << text(got);
      }
    }
    if (wrong_here > 2) fmt::print("{}: {} of {} differ\n", form.name(), wrong_here, kCasesPerForm);
    wrong += wrong_here;
  }
  EXPECT_EQ(wrong, 0u);
}

// Many instructions in one run of the interpreter, which keeps things between them; the host takes
// them one by one.
TEST(X87, SequencesAgreeWithTheHost) {
  constexpr unsigned kSequences = 50'000, kLength = 8;
  NativeX87 native;
  GuestX87 guest;
  RandomX87 random(kSeed + 1);
  struct Known {
    X87Form form;
    unsigned native_code;
  };
  std::vector<Known> known;
  for (const X87Form& form : all_x87_forms()) {
    const bool fldcw = form.bytes.front() == 0xd9 && form.bytes.back() == 0x2e;
    if (form.operand == MemoryOperand::kImage || fldcw || compares_into_flags(form)) continue;
    if (form.fisttp && !implemented_features().has(Feature::kSse3)) continue;
    known.push_back({form, native.add(form.bytes)});
  }
  unsigned wrong = 0;
  for (unsigned n = 0; n < kSequences && wrong < 3; ++n) {
    Outcome before;
    before.image = random.state(false);
    before.image.control |= 0x3f;
    random.memory(MemoryOperand::kReal64, before.operand);
    Outcome expected = before;
    Outcome got = before;
    std::vector<std::uint8_t> code;
    std::string names;
    std::uint64_t flags = (random.bits() & flag::kArithmetic) | flag::kFixed;
    const std::uint64_t flags_before = flags;
    for (unsigned i = 0; i < kLength; ++i) {
      const Known& one = known[random.below(static_cast<unsigned>(known.size()))];
      code.insert(code.end(), one.form.bytes.begin(), one.form.bytes.end());
      names += one.form.name() + "/ ";
      const NativeX87::Result result =
          native.run(one.native_code, expected.image, expected.operand, flags);
      flags = result.flags & (flag::kArithmetic | flag::kFixed);
      const bool fnstsw_ax = one.form.bytes.front() == 0xdf && one.form.bytes.back() == 0xe0;
      if (fnstsw_ax) expected.result.rax = result.rax;
    }
    expected.result.flags = flags;
    got.result =
        guest.run_sequence(code, kLength, got.image, got.operand, sizeof got.operand, flags_before);
    expected.result.flags &= flag::kArithmetic;
    got.result.flags &= flag::kArithmetic;
    if (same(expected, got)) continue;
    ++wrong;
    ADD_FAILURE() << names << "sequence " << n << "\nbefore " << text(before) << "\nhost   "
                  << text(expected) << "\nguest  " << text(got);
  }
}

}  // namespace
}  // namespace ice86::cpu::test
