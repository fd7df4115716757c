// SPDX-License-Identifier: LGPL-2.1-or-later
// ice86-difftest: random instructions on the host CPU and on ice86's, compared in registers, flags,
// memory and exceptions.
#include <Zydis/Zydis.h>
#include <cpuid.h>
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>

#include "tests/cpu/difftest/emulated.h"
#include "tests/cpu/difftest/generator.h"
#include "tests/cpu/difftest/native.h"

namespace ice86::cpu::test {
namespace {

constexpr int kSkipped = 77;

struct Options {
  std::uint64_t seed = 1, first = 0, count = 0;
  double minutes = 0;
  unsigned mode = 0;  // 16, 32, 64, or 0 for all in turn
  unsigned show = 10;
  std::string opcode;
  bool single = false, strict = false;
  std::string engine = "interp";
};

ZydisMachineMode machine_mode(unsigned bits) {
  return bits == 64   ? ZYDIS_MACHINE_MODE_LONG_64
         : bits == 32 ? ZYDIS_MACHINE_MODE_LEGACY_32
                      : ZYDIS_MACHINE_MODE_LEGACY_16;
}

std::string hex(const std::uint8_t* bytes, unsigned count) {
  std::string text;
  for (unsigned i = 0; i < count; ++i) text += fmt::format("{:02x} ", bytes[i]);
  return text;
}

void print_code(const Snippet& snippet) {
  for (unsigned at = 0; at < snippet.length;) {
    ZydisDisassembledInstruction text;
    const bool ok =
        ZYAN_SUCCESS(ZydisDisassembleIntel(machine_mode(snippet.bits), snippet.rip() + at,
                                           snippet.bytes + at, snippet.length - at, &text));
    const unsigned length = ok ? text.info.length : snippet.length - at;
    fmt::print("  {:5x}  {:40} {}\n", snippet.rip() + at, hex(snippet.bytes + at, length),
               ok ? text.text : "(invalid)");
    at += length;
  }
}

void print_registers(const char* who, const std::uint64_t* gpr, const Selectors& selectors,
                     std::uint32_t flags, std::uint64_t rip, unsigned bits) {
  static constexpr const char* kNames[] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di",
                                           "8",  "9",  "10", "11", "12", "13", "14", "15"};
  std::string text;
  for (unsigned i = 0; i < (bits == 64 ? 16 : 8); ++i) {
    const char* prefix = bits == 64 ? "r" : "e";
    text += fmt::format("{}{}={:0{}x} ", prefix, kNames[i], gpr[i], bits == 64 ? 16 : 8);
  }
  fmt::print("  {} {}flags={:08x} ip={:x}\n", who, text, flags, rip);
  fmt::print("         es={:04x} cs={:04x} ss={:04x} ds={:04x} fs={:04x} gs={:04x}\n", selectors[0],
             selectors[1], selectors[2], selectors[3], selectors[4], selectors[5]);
}

// The registers that differ from `other`; all, if it is the same image.
void print_fx(const FxImage& image, const FxImage& other) {
  const bool all = &image == &other;
  fmt::print("         fcw={:04x} fsw={:04x} ftw={:02x} mxcsr={:08x}\n", image.fcw, image.fsw,
             image.ftw, image.mxcsr);
  for (unsigned i = 0; i < 8; ++i) {
    if (all || image.st[i][0] != other.st[i][0] || image.st[i][1] != other.st[i][1])
      fmt::print("         st{}={:04x}:{:016x}\n", i, image.st[i][1] & 0xffff, image.st[i][0]);
  }
  for (unsigned i = 0; i < 16; ++i) {
    if ((all && i < 8) || std::memcmp(image.xmm[i], other.xmm[i], 16) != 0)
      fmt::print("         xmm{}={:016x}'{:016x}\n", i, image.xmm[i][1], image.xmm[i][0]);
  }
}

// Returning to an outer ring, some processors clear the RPL of a null selector: the host's kernel
// does that at any time.
bool same_selectors(const Outcome& a, const Outcome& b) {
  for (unsigned i = 0; i < a.selectors.size(); ++i) {
    const std::uint16_t x = a.selectors[i], y = b.selectors[i];
    if (x != y && !((x & 0xfffc) == 0 && (y & 0xfffc) == 0)) return false;
  }
  return true;
}

// Whether a chance selector reached a flat segment of the host's global table: nothing to compare.
bool left_the_table(const Outcome& native) {
  for (const std::uint16_t selector : native.selectors) {
    if ((selector & 4) == 0 && selector >= 4 && selector < 0x80) return true;
  }
  return false;
}

// Where the last x87 instruction and its operand were is not compared: vendors differ.
// FCOMI's C1, in the manual and on Intel's 0; AMD's leave it.
constexpr std::uint16_t kX87C1 = 0x0200;

bool same_fx(const FxImage& a, const FxImage& b, std::uint16_t undefined_fsw, bool x87) {
  if (a.mxcsr != b.mxcsr || std::memcmp(a.xmm, b.xmm, sizeof a.xmm) != 0) return false;
  if (!x87) return true;
  if (a.fcw != b.fcw || a.ftw != b.ftw) return false;
  if (((a.fsw ^ b.fsw) & ~undefined_fsw) != 0) return false;
  for (unsigned i = 0; i < 8; ++i) {
    if (a.st[i][0] != b.st[i][0] || ((a.st[i][1] ^ b.st[i][1]) & 0xffff) != 0) return false;
  }
  return true;
}

bool same(const Outcome& a, const Outcome& b, const Snippet& snippet, bool strict) {
  const std::uint32_t undefined = strict ? 0 : snippet.undefined_at(b.rip, b.vector);
  if (snippet.bits != 64 && left_the_table(b)) return true;
  const bool registers =
      (snippet.partial && b.vector == kSs_) || std::equal(a.gpr, a.gpr + 16, b.gpr);
  const bool selectors = snippet.bits == 64 || same_selectors(a, b);
  const auto stack_or_protection = [](const Outcome& one) {
    return one.vector == kSs_ || one.vector == kGp;
  };
  const auto memory_fault = [&](const Outcome& one) {
    return one.vector == Vector::kPf || stack_or_protection(one);
  };
  const bool either_operand =
      snippet.any_operand && snippet.bits == 64 && memory_fault(a) && memory_fault(b);
  const bool faults = either_operand || (a.vector == b.vector && a.error == b.error) ||
                      ((snippet.either_fault || (snippet.any_order && !strict)) &&
                       a.vector != b.vector && stack_or_protection(a) && stack_or_protection(b));
  const unsigned open = snippet.open_at(a.rip);
  if (memory_fault(a)) {
    constexpr std::uint16_t kExceptionSummary = 0x80;
    if ((open & kOpenNumeric) != 0 && (~a.fx.fsw & b.fx.fsw & kExceptionSummary) != 0) return true;
    if ((open & kOpenBoundRange) != 0 && b.vector == Vector::kBr) return true;
  }
  const bool stores = !memory_fault(a) || (open & kOpenMemory) == 0;
  const bool x87 = !memory_fault(a) || (open & kOpenX87) == 0;
  return registers && selectors && a.rip == b.rip && ((a.flags ^ b.flags) & ~undefined) == 0 &&
         faults &&
         (snippet.fx_seed == 0 ||
          same_fx(a.fx, b.fx, strict ? snippet.undefined_fsw & kX87C1 : snippet.undefined_fsw,
                  x87)) &&
         (either_operand || a.cr2 == b.cr2) && (a.data_hash == b.data_hash || !stores);
}

class Difftest {
 public:
  Difftest(const Options& options, Native& native)
      : options_(options),
        generator_(options.opcode, options.single, options.strict),
        native_(native) {}

  // Runs one batch; the number of mismatches.
  Result<unsigned> batch(std::uint64_t first, std::uint32_t count, unsigned bits) {
    std::vector<Snippet> snippets;
    snippets.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i)
      snippets.push_back(generator_.generate(options_.seed, first + i, bits));
    put_code(snippets);
    std::vector<Outcome> expected(count);
    ICE86_TRY(native_.run(snippets.data(), count, expected.data()));
    unsigned mismatches = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const Outcome actual = emulated_.run(snippets[i]);
      ++vectors_[expected[i].vector];
      if (same(actual, expected[i], snippets[i], options_.strict)) continue;
      ++mismatches;
      if (shown_ >= options_.show) continue;
      ++shown_;
      ICE86_TRY(show(first + i, snippets[i], expected[i], actual));
      put_code(snippets);
    }
    return mismatches;
  }

  bool has_long_mode() const { return emulated_.has_long_mode(); }
  bool has_forms() const { return !generator_.empty(); }
  const std::map<std::uint32_t, std::uint64_t>& vectors() const { return vectors_; }

 private:
  void put_code(const std::vector<Snippet>& snippets) {
    std::memset(native_.code(), 0xcc, kCodeBytes);
    for (const Snippet& snippet : snippets)
      std::memcpy(native_.code() + snippet.at(), snippet.bytes, snippet.length);
    std::memcpy(emulated_.code(), native_.code(), kCodeBytes);
    emulated_.code_changed();
  }

  // Runs it again, alone, so that what both left in memory is there.
  Result<void> show(std::uint64_t index, const Snippet& snippet, Outcome expected, Outcome actual) {
    put_code({snippet});
    Outcome alone;
    ICE86_TRY(native_.run(&snippet, 1, &alone));
    const Outcome emulated_alone = emulated_.run(snippet);
    const bool only_in_batch = same(emulated_alone, alone, snippet, options_.strict);
    if (!only_in_batch) {
      expected = alone;
      actual = emulated_alone;
    }
    fmt::print("MISMATCH {}-bit\n", snippet.bits);
    print_code(snippet);
    print_registers("input ", snippet.gpr, snippet.selectors, snippet.flags, snippet.rip(),
                    snippet.bits);
    if (snippet.fx_seed != 0) {
      FxImage image;
      fill_fx(snippet.fx_seed, image);
      print_fx(image, image);
    }
    const auto outcome = [&](const char* who, const Outcome& one) {
      print_registers(who, one.gpr, one.selectors, one.flags, one.rip, snippet.bits);
      fmt::print("         vector {} error {:x} cr2 {:x}\n", one.vector, one.error, one.cr2);
    };
    outcome("host  ", expected);
    if (snippet.fx_seed != 0) print_fx(expected.fx, actual.fx);
    outcome("ice86 ", actual);
    if (snippet.fx_seed != 0) print_fx(actual.fx, expected.fx);
    show_memory(snippet);
    if (const std::uint32_t undefined = snippet.undefined_at(expected.rip, expected.vector);
        undefined != 0)
      fmt::print("  undefined flags: {:x}\n", undefined);
    if (only_in_batch)
      fmt::print("  (not alone: it depends on the snippets before it; memory {:x} and {:x})\n",
                 expected.data_hash, actual.data_hash);
    fmt::print("  again:  ice86-difftest --seed {} --first {} --count 1 --mode {}{}{}{}\n\n",
               options_.seed, index, snippet.bits,
               options_.opcode.empty() ? "" : " --opcode " + options_.opcode,
               options_.single ? " --single" : "", options_.strict ? " --strict" : "");
    return {};
  }

  // The bytes that an outcome changed, or that differ.
  void show_memory(const Snippet& snippet) {
    std::vector<std::uint8_t> before(kDataBytes);
    fill_data(snippet, before.data());
    unsigned lines = 0;
    for (std::uint32_t at = 0; at < kDataBytes && lines < 8; at += 4) {
      const bool changed = std::memcmp(&before[at], native_.data() + at, 4) != 0 ||
                           std::memcmp(&before[at], emulated_.data() + at, 4) != 0;
      if (!changed) continue;
      ++lines;
      fmt::print("  memory {:03x}  before {} host {} ice86 {}\n", at, hex(&before[at], 4),
                 hex(native_.data() + at, 4), hex(emulated_.data() + at, 4));
    }
  }

  const Options& options_;
  Generator generator_;
  Native& native_;
  Emulated emulated_{options_.engine == "jit" ? Engine::kJitAtOnce : Engine::kInterpreter};
  unsigned shown_ = 0;
  std::map<std::uint32_t, std::uint64_t> vectors_;  // how the snippets ended
};

// AMD's family 17h and later: what the interpreter does where the manual leaves it open.
bool host_is_zen() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid(0, &eax, &ebx, &ecx, &edx) == 0 || ecx != signature_AMD_ecx) return false;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return false;
  const unsigned family = (eax >> 8 & 0xf) + (eax >> 20 & 0xff);
  return (eax >> 8 & 0xf) == 0xf && family >= 0x17;
}

int run(const Options& options) {
  auto native = Native::create();
  if (!native) {
    fmt::print("skipped: {}\n", native.error().message());
    return kSkipped;
  }
  Difftest test(options, **native);
  if (!test.has_forms()) {
    fmt::print(stderr, "ice86-difftest: no form begins with '{}'\n", options.opcode);
    return 2;
  }
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t done = 0, mismatches = 0;
  for (std::uint64_t number = 0;; ++number) {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    if (options.minutes > 0 ? taken.count() >= options.minutes * 60 : done >= options.count) break;
    static constexpr unsigned kModes[] = {16, 32, 64};
    const unsigned bits =
        options.mode != 0 ? options.mode : kModes[number % (test.has_long_mode() ? 3 : 2)];
    const std::uint64_t left = options.minutes > 0 ? kBatch : options.count - done;
    const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(left, kBatch));
    const auto result = test.batch(options.first + done, count, bits);
    if (!result) {
      fmt::print(stderr, "ice86-difftest: snippets {} and on, {}-bit: {}\n", options.first + done,
                 bits, result.error().message());
      return 6;
    }
    mismatches += *result;
    done += count;
  }
  fmt::print("{} snippets, {} mismatches; ended with", done, mismatches);
  for (const auto& [vector, count] : test.vectors()) fmt::print(" #{}: {}", vector, count);
  fmt::print("\n");
  return mismatches == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ice86::cpu::test

int main(int argc, char** argv) {
  CLI::App app("Compares the CPU with the host's, instruction by instruction", "ice86-difftest");
  ice86::cpu::test::Options options;
  options.count = 100'000;
  app.add_option("--seed", options.seed, "which snippets")->capture_default_str();
  app.add_option("--first", options.first, "index of the first one")->capture_default_str();
  app.add_option("--count", options.count, "how many")->capture_default_str();
  app.add_option("--minutes", options.minutes, "for how long, instead of --count");
  app.add_option("--mode", options.mode, "16, 32 or 64 bits; all in turn without it")
      ->check(CLI::IsMember({16, 32, 64}));
  app.add_option("--opcode", options.opcode, "only forms that begin so: 0FA4, F7.6");
  app.add_option("--show", options.show, "mismatches shown in full")->capture_default_str();
  app.add_flag("--single", options.single, "one instruction each");
  app.add_option("--engine", options.engine, "what runs them: interp or jit")
      ->check(CLI::IsMember({"interp", "jit"}))
      ->capture_default_str();
  bool strict_on_zen = false;
  app.add_flag("--strict", options.strict, "undefined flags, too: for an AMD Zen host");
  app.add_flag("--strict-on-zen", strict_on_zen, "--strict if the host is one");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  options.strict = options.strict || (strict_on_zen && ice86::cpu::test::host_is_zen());
  return ice86::cpu::test::run(options);
}
