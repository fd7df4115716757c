// SPDX-License-Identifier: LGPL-2.1-or-later
// ice86-difftest: random instructions on the host CPU and on ice86's, compared in registers, flags,
// memory and exceptions.
#include <Zydis/Zydis.h>
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>

#include "tests/cpu/difftest/emulated.h"
#include "tests/cpu/difftest/forms.h"
#include "tests/cpu/difftest/native.h"

namespace ice86::cpu::test {
namespace {

constexpr int kSkipped = 77;

struct Options {
  std::uint64_t seed = 1, first = 0, count = 0;
  double minutes = 0;
  unsigned mode = 0;  // 16, 32, or 0 for both in turn
  unsigned show = 10;
  std::string opcode;
};

std::string disassembly(const Snippet& snippet, unsigned bits) {
  ZydisDisassembledInstruction text;
  const ZydisMachineMode mode =
      bits == 32 ? ZYDIS_MACHINE_MODE_LEGACY_32 : ZYDIS_MACHINE_MODE_LEGACY_16;
  if (!ZYAN_SUCCESS(ZydisDisassembleIntel(mode, kSnippetAt, snippet.bytes, snippet.length, &text)))
    return "(invalid)";
  return text.text;
}

std::string described(const std::uint32_t* gpr, std::uint32_t flags) {
  static constexpr const char* kNames[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
  std::string text;
  for (int i = 0; i < 8; ++i) text += fmt::format("{}={:08x} ", kNames[i], gpr[i]);
  return text + fmt::format("flags={:08x}", flags);
}

bool same(const Outcome& a, const Outcome& b, const Snippet& snippet) {
  const std::uint32_t undefined = snippet.undefined;
  const bool registers =
      (snippet.partial && b.vector == kSs_) || std::equal(a.gpr, a.gpr + 8, b.gpr);
  return registers && a.eip == b.eip && ((a.flags ^ b.flags) & ~undefined) == 0 &&
         a.vector == b.vector && a.error == b.error && a.data_hash == b.data_hash;
}

class Difftest {
 public:
  Difftest(const Options& options, Native& native)
      : options_(options), forms_(options.opcode), native_(native) {}

  // Runs one batch; the number of mismatches.
  Result<unsigned> batch(std::uint64_t first, std::uint32_t count, unsigned bits) {
    std::vector<Snippet> snippets;
    snippets.reserve(count);
    std::memset(native_.code(), 0xcc, kCodeBytes);
    for (std::uint32_t i = 0; i < count; ++i) {
      snippets.push_back(forms_.generate(options_.seed, first + i, bits));
      std::memcpy(native_.code() + snippets[i].place * kStride + kSnippetAt, snippets[i].bytes,
                  snippets[i].length);
    }
    std::memcpy(emulated_.code(), native_.code(), kCodeBytes);
    emulated_.code_changed();
    std::vector<Outcome> expected(count);
    ICE86_TRY(native_.run(snippets.data(), count, bits, expected.data()));
    unsigned mismatches = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const Outcome actual = emulated_.run(snippets[i], bits);
      ++vectors_[expected[i].vector];
      if (same(actual, expected[i], snippets[i])) continue;
      ++mismatches;
      if (shown_ < options_.show) show(first + i, bits, snippets[i], expected[i], actual);
    }
    return mismatches;
  }

  bool has_forms() const { return forms_.size() != 0; }
  const std::map<std::uint32_t, std::uint64_t>& vectors() const { return vectors_; }

 private:
  void show(std::uint64_t index, unsigned bits, const Snippet& snippet, const Outcome& expected,
            const Outcome& actual) {
    ++shown_;
    std::string bytes;
    for (unsigned i = 0; i < snippet.length; ++i) bytes += fmt::format("{:02x} ", snippet.bytes[i]);
    const std::uint32_t place = snippet.place * kStride + kSnippetAt;
    fmt::print("MISMATCH {}-bit  {} {}\n", bits, bytes, disassembly(snippet, bits));
    fmt::print("  inputs  {}  eip {:x}\n", described(snippet.gpr, snippet.flags),
               bits == 32 ? place : place % kCodeSegment16);
    const auto outcome = [&](const char* who, const Outcome& one) {
      fmt::print("  {}  {}  eip {:x} vector {} error {:x} memory {:016x}\n", who,
                 described(one.gpr, one.flags), one.eip, one.vector, one.error, one.data_hash);
    };
    outcome("host  ", expected);
    outcome("ice86 ", actual);
    if (snippet.undefined != 0) fmt::print("  flags not compared: {:x}\n", snippet.undefined);
    fmt::print("  again:  ice86-difftest --seed {} --first {} --count 1 --mode {}{}\n\n",
               options_.seed, index, bits,
               options_.opcode.empty() ? "" : " --opcode " + options_.opcode);
  }

  const Options& options_;
  Forms forms_;
  Native& native_;
  Emulated emulated_;
  unsigned shown_ = 0;
  std::map<std::uint32_t, std::uint64_t> vectors_;  // how the snippets ended
};

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
    const unsigned bits = options.mode != 0 ? options.mode : number % 2 == 0 ? 16 : 32;
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
  app.add_option("--mode", options.mode, "16 or 32 bits; both in turn without it")
      ->check(CLI::IsMember({16, 32}));
  app.add_option("--opcode", options.opcode, "only forms that begin so: 0FA4, F7.6");
  app.add_option("--show", options.show, "mismatches shown in full")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return ice86::cpu::test::run(options);
}
