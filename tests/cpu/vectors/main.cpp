// SPDX-License-Identifier: LGPL-2.1-or-later
// ice86-vectors: runs single-step vectors recorded from a real 80286 on the interpreter, and says
// for each opcode form how many passed, failed, or were masked for a difference of that chip
// (docs/cpu-vectors.md).
#include <fmt/core.h>
#include <zstd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "emulator/base/files.h"
#include "tests/cpu/support/flat_host.h"
#include "tests/cpu/vectors/masks.h"

namespace ice86::cpu::test {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMemory = 16 << 20;
constexpr std::uint64_t kMostFile = 1 << 30;
// A vector is one instruction and a HLT, or a repeated one; more than this is a runaway.
constexpr std::uint64_t kMostInstructions = 400'000;
constexpr const char* kGprNames[] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
constexpr const char* kSegmentNames[] = {"es", "cs", "ss", "ds"};
// Bits of FLAGS that exist on both chips; 12-15 can not be set in real mode on an 80286.
constexpr unsigned kFlags = 0x0fd5;

struct Tally {
  unsigned passed = 0, failed = 0, masked = 0;
  std::vector<std::string> failures;
};

// Remembers the first exception that the CPU delivered.
class FirstException final : public InterruptObserver {
 public:
  void interrupt_delivered(const InterruptDelivery& delivery) override {
    if (vector < 0 && delivery.source == InterruptSource::kException) vector = delivery.vector;
  }
  void far_transfer(FarTransfer) override {}
  int vector = -1;
};

class Runner {
 public:
  explicit Runner(Engine engine)
      : host_(kMemory, implemented_features() - FeatureSet{Feature::kFpu}, engine) {
    host_.cpu().set_interrupt_observer(&exception_);
  }

  int our_exception() const { return exception_.vector; }

  // The differences found, one line each; empty: passed.
  std::vector<std::string> run(const json& test, unsigned undefined_flags) {
    const json& initial = test.at("initial");
    const json& final_state = test.at("final");
    touched_.clear();
    exception_.vector = -1;
    for (const json& byte : initial.at("ram")) poke(byte.at(0), byte.at(1));
    host_.cpu().forget_code();
    host_.cpu().reset(ResetKind::kPowerOn);
    const json& registers = initial.at("regs");
    State& state = host_.cpu().mutable_state();
    state.cr0 = cr0::kEt;
    for (unsigned i = 0; i < 8; ++i) state.gpr[i] = registers.at(kGprNames[i]);
    for (unsigned i = 0; i < 4; ++i) {
      state.segment[i].selector = registers.at(kSegmentNames[i]);
      state.segment[i].base = state.segment[i].selector * 16ULL;
    }
    state.rip = registers.at("ip");
    state.rflags = registers.at("flags").get<unsigned>() & 0x0fff;
    host_.cpu().run(kMostInstructions);

    std::vector<std::string> differences;
    const State& end = host_.cpu().state();
    const json& expected = final_state.at("regs");
    const auto check = [&](const char* name, unsigned actual, unsigned mask) {
      const unsigned wanted = expected.contains(name) ? expected.at(name).get<unsigned>()
                                                      : registers.at(name).get<unsigned>();
      if (((actual ^ wanted) & mask) != 0)
        differences.push_back(fmt::format("{}: {:04x}, recorded {:04x}", name, actual, wanted));
    };
    for (unsigned i = 0; i < 8; ++i) check(kGprNames[i], static_cast<unsigned>(end.gpr[i]), 0xffff);
    for (unsigned i = 0; i < 4; ++i) check(kSegmentNames[i], end.segment[i].selector, 0xffff);
    check("ip", static_cast<unsigned>(end.rip), 0xffff);
    const unsigned flags = kFlags & ~undefined_flags;
    check("flags", static_cast<unsigned>(end.rflags), flags);
    // The flags word that an exception pushed has undefined bits, too.
    std::uint64_t flags_at = kMemory;
    if (test.contains("exception") && test.at("exception").is_object()) {
      flags_at = test.at("exception").value("flag_address", kMemory);
      // It is the even address of the bus cycle; the word itself is where SP says.
      flags_at += (registers.at("sp").get<std::uint64_t>() ^ flags_at) & 1;
    }
    for (const json& byte : final_state.at("ram")) {
      const std::uint64_t at = byte.at(0);
      if (at >= kMemory) continue;
      touched_.push_back(at);
      unsigned mask = 0xff;
      if (at - flags_at < 2) mask = flags >> ((at - flags_at) * 8) & 0xff;
      const unsigned wanted = byte.at(1);
      if (((host_.memory()[at] ^ wanted) & mask) != 0) {
        differences.push_back(
            fmt::format("byte {:06x}: {:02x}, recorded {:02x}", at, host_.memory()[at], wanted));
      }
    }
    if (!end.halted) {
      differences.emplace_back("did not reach the HLT");
      host_.ram().clear();  // whatever ran may have written anywhere
    }
    for (const std::uint64_t at : touched_) host_.memory()[at] = 0;
    return differences;
  }

 private:
  void poke(std::uint64_t at, unsigned value) {
    if (at >= kMemory) return;
    host_.memory()[at] = static_cast<std::uint8_t>(value);
    touched_.push_back(at);
  }

  FirstException exception_;
  // The recorded board had no 80287: nobody answers ESC.
  FlatHost host_;
  std::vector<std::uint64_t> touched_;
};

Result<std::string> read_vectors(const std::filesystem::path& path) {
  ICE86_TRY_ASSIGN(const std::vector<std::uint8_t> bytes, read_file(path, kMostFile));
  if (path.extension() != ".zst") return std::string(bytes.begin(), bytes.end());
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                          ZSTD_freeDStream);
  std::string text;
  std::vector<char> chunk(ZSTD_DStreamOutSize());
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  while (in.pos < in.size) {
    ZSTD_outBuffer out{chunk.data(), chunk.size(), 0};
    const std::size_t left = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(left) != 0)
      return Error(fmt::format("{}: {}", path.string(), ZSTD_getErrorName(left)));
    text.append(chunk.data(), out.pos);
    if (text.size() > kMostFile) return Error(fmt::format("{}: is too large", path.string()));
  }
  return text;
}

// "F7.6.jsonl.zst" is the form F7 /6.
std::string form_of(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return name.substr(0, name.find(".jsonl"));
}

Result<Tally> run_file(const std::filesystem::path& path, unsigned most_shown, Engine engine,
                       unsigned every) {
  ICE86_TRY_ASSIGN(const std::string text, read_vectors(path));
  const std::string form = form_of(path);
  Runner runner(engine);
  Tally tally;
  std::size_t line = 0;
  for (std::size_t at = 0; at < text.size();) {
    ++line;
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view content(text.data() + at, end - at);
    at = end + 1;
    if (content.empty() || line % every != 0) continue;
    try {
      const json test = json::parse(content);
      const std::string bytes = test.at("bytes");
      const std::vector<std::string> differences = runner.run(test, undefined_flags(form, bytes));
      int recorded = -1;
      if (test.contains("exception") && test.at("exception").is_object())
        recorded = test.at("exception").at("number");
      if (differences.empty()) {
        ++tally.passed;
      } else if (mask_of({form, bytes, recorded, runner.our_exception()}) != nullptr) {
        ++tally.masked;
      } else {
        ++tally.failed;
        if (tally.failures.size() < most_shown) {
          std::string failure = fmt::format("{} line {}: {} [{}]", path.string(), line,
                                            test.value("name", ""), bytes);
          failure += fmt::format("\n    initial {}", test.at("initial").at("regs").dump());
          for (const std::string& difference : differences) failure += "\n    " + difference;
          tally.failures.push_back(failure);
        }
      }
    } catch (const json::exception& error) {
      return Error(fmt::format("{}: line {}: {}", path.string(), line, error.what()));
    }
  }
  return tally;
}

int run_all(const std::vector<std::string>& inputs, bool as_json, unsigned most_shown,
            Engine engine, unsigned every) {
  std::vector<std::filesystem::path> files;
  for (const std::string& input : inputs) {
    if (std::filesystem::is_directory(input)) {
      for (const auto& entry : std::filesystem::directory_iterator(input)) {
        if (entry.path().filename().string().find(".jsonl") != std::string::npos)
          files.push_back(entry.path());
      }
    } else {
      files.emplace_back(input);
    }
  }
  std::sort(files.begin(), files.end());
  Tally total;
  nlohmann::ordered_json report;
  for (const std::filesystem::path& file : files) {
    auto tally = run_file(file, most_shown, engine, every);
    if (!tally) {
      fmt::print(stderr, "ice86-vectors: {}\n", tally.error().message());
      return 6;
    }
    total.passed += tally->passed;
    total.failed += tally->failed;
    total.masked += tally->masked;
    report["forms"][form_of(file)] = {
        {"passed", tally->passed}, {"failed", tally->failed}, {"masked", tally->masked}};
    if (as_json) continue;
    fmt::print("{:<8} passed {:>6}  failed {:>5}  masked {:>5}\n", form_of(file), tally->passed,
               tally->failed, tally->masked);
    for (const std::string& failure : tally->failures) fmt::print("  {}\n", failure);
  }
  report["passed"] = total.passed;
  report["failed"] = total.failed;
  report["masked"] = total.masked;
  if (as_json) {
    fmt::print("{}\n", report.dump(2));
  } else {
    fmt::print("{} passed, {} failed, {} masked\n", total.passed, total.failed, total.masked);
  }
  if (files.empty()) {
    fmt::print(stderr, "ice86-vectors: no vector files (*.jsonl, *.jsonl.zst) there\n");
    return 6;
  }
  return total.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ice86::cpu::test

int main(int argc, char** argv) {
  CLI::App app("Runs recorded single-step vectors on the CPU", "ice86-vectors");
  std::vector<std::string> inputs;
  bool as_json = false;
  unsigned most_shown = 2;
  std::string engine = "interp";
  unsigned every = 1;
  app.add_option("inputs", inputs, "vector files or folders of them")->required();
  app.add_flag("--json", as_json, "print the counts as JSON");
  app.add_option("--show", most_shown, "failures shown in full for each form")
      ->capture_default_str();
  app.add_option("--engine", engine, "what runs them: interp or jit")
      ->check(CLI::IsMember({"interp", "jit"}))
      ->capture_default_str();
  app.add_option("--every", every, "only one vector of so many")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return ice86::cpu::test::run_all(
      inputs, as_json, most_shown,
      engine == "jit" ? ice86::cpu::Engine::kJitAtOnce : ice86::cpu::Engine::kInterpreter, every);
}
