// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/fuzz/engine.h"

#include <Zydis/Zydis.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "emulator/base/bits.h"

namespace ice86::harness {

namespace {

// How often an edge was taken, in classes: 1, 2, 3, 4-7, 8-15, 16-31, 32-127, more (as AFL has it).
constexpr std::array<std::uint8_t, 256> kClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  for (unsigned n = 1; n < 256; ++n) {
    classes[n] = n == 1    ? 1
                 : n == 2  ? 2
                 : n == 3  ? 4
                 : n < 8   ? 8
                 : n < 16  ? 16
                 : n < 32  ? 32
                 : n < 128 ? 64
                           : 128;
  }
  return classes;
}();

// Functions that the services have, so that they are tried before all 256.
const std::vector<std::uint8_t>& functions_of(unsigned vector) {
  static const std::vector<std::uint8_t> kDisk = {
      0x00, 0x01, 0x02, 0x02, 0x02, 0x03, 0x03, 0x04, 0x05, 0x08, 0x09, 0x0c,
      0x0d, 0x10, 0x11, 0x14, 0x15, 0x16, 0x17, 0x18, 0x41, 0x42, 0x42, 0x43,
      0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e};
  static const std::vector<std::uint8_t> kVideo = {0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x08,
                                                   0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10,
                                                   0x11, 0x12, 0x13, 0x1a, 0x1b, 0x1c, 0x4f};
  static const std::vector<std::uint8_t> kSystem = {0x24, 0x41, 0x4f, 0x52, 0x53, 0x83,
                                                    0x84, 0x86, 0x87, 0x88, 0x89, 0x90,
                                                    0x91, 0xc0, 0xc1, 0xc2, 0xd8, 0xe8};
  static const std::vector<std::uint8_t> kKeyboard = {
      0x00, 0x01, 0x02, 0x03, 0x05, 0x09, 0x0a, 0x10, 0x11, 0x12, 0x20, 0x21, 0x22, 0x92, 0xa2};
  static const std::vector<std::uint8_t> kClock = {0x00, 0x01, 0x02, 0x03, 0x04,
                                                   0x05, 0x06, 0x07, 0x80, 0xb1};
  static const std::vector<std::uint8_t> kPxe = {
      0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d,
      0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x20, 0x21, 0x22, 0x23, 0x24,
      0x25, 0x30, 0x31, 0x32, 0x33, 0x70, 0x71, 0x73, 0x74, 0x75, 0x76};
  static const std::vector<std::uint8_t> kNone = {0x00};
  switch (vector) {
    case 0x10: return kVideo;
    case 0x13: return kDisk;
    case 0x15: return kSystem;
    case 0x16: return kKeyboard;
    case 0x1a: return kClock;
    case kPxeService: return kPxe;
    default: return kNone;
  }
}

}  // namespace

FuzzEngine::FuzzEngine(Rig& rig, EngineOptions options)
    : rig_(rig), random_(options.seed), compares_(options.compares) {
  rig_.set_edge_map(map_.data());
  if (compares_) rig_.set_compare_map(near_.data());
}

FuzzEngine::~FuzzEngine() {
  rig_.set_edge_map(nullptr);
  if (compares_) rig_.set_compare_map(nullptr);
}

bool FuzzEngine::nearer_compares() {
  bool news = false;
  for (std::size_t i = 0; i < near_.size(); ++i) {
    news = news || near_[i] > nearest_[i];
    nearest_[i] = std::max(nearest_[i], near_[i]);
  }
  near_.fill(0);
  return news;
}

bool FuzzEngine::new_edges() {
  bool news = false;
  constexpr std::size_t kAtOnce = 64;
  static_assert(cpu::Cpu::kEdgeMapBytes % kAtOnce == 0);
  for (std::size_t at = 0; at < map_.size(); at += kAtOnce) {
    std::array<std::uint64_t, kAtOnce / sizeof(std::uint64_t)> words;
    std::memcpy(words.data(), &map_[at], kAtOnce);
    std::uint64_t some = 0;
    for (const std::uint64_t word : words) some |= word;
    if (some == 0) [[likely]]
      continue;
    for (std::size_t i = at; i < at + kAtOnce; ++i) {
      const std::uint8_t now = kClasses[map_[i]];
      if ((now & ~seen_[i]) == 0) continue;
      news = true;
      if (seen_[i] == 0) ++statistics_.edges;
      seen_[i] |= now;
    }
    std::memset(&map_[at], 0, kAtOnce);
  }
  return news;
}

// True: something new was reached.
bool FuzzEngine::execute(const Input& input) {
  // The other firmware takes as long again: it has its say on one in sixteen, and on what is new.
  constexpr std::uint64_t kEach = 16;
  rig_.comparing = rig_.has_other() && statistics_.executions % kEach == 0;
  Execution result = rig_.run(input);
  ++statistics_.executions;
  cost_ = result.instructions;
  statistics_.calls += result.calls;
  statistics_.instructions += result.instructions;
  statistics_.pages += rig_.last_reset().pages;
  statistics_.parts += rig_.last_reset().parts;
  bool news = new_edges();
  if (compares_ && nearer_compares()) news = true;
  if (news && rig_.has_other() && !rig_.comparing && result.findings.empty() && !result.slow) {
    rig_.comparing = true;
    result = rig_.run(input);
    forget_coverage();
  }
  if (result.slow) look_at_slow(input, result);
  const bool in_time = !result.slow;
  for (const Finding& finding : result.findings) {
    if (!keys_.emplace(finding.key, true).second || !found) continue;
    found(finding, input);
    forget_coverage();  // of what was tried with it
  }
  return news && in_time;  // what is slow would breed more of it
}

void FuzzEngine::forget_coverage() {
  map_.fill(0);
  near_.fill(0);
}

// Slow, or for ever? Once for each place where it was found.
void FuzzEngine::look_at_slow(const Input& input, Execution& result) {
  ++statistics_.slow;
  const auto place =
      fmt::format("slow {:04x}:{:04x}", result.slow_at.segment, result.slow_at.offset & ~0x1fU);
  if (!keys_.emplace(place, true).second) return;
  const bool is_new = keys_.emplace("slow " + rig_.hang(result).key, true).second;
  if (is_new) {
    result = rig_.run(input, Rig::kPatient);
    if (result.slow) result.findings.push_back(rig_.hang(result));
  }
  forget_coverage();
}

bool FuzzEngine::add(const Input& input) {
  if (!execute(input)) return false;
  corpus_.push_back(input);
  costs_.push_back(cost_);
  statistics_.corpus = corpus_.size();
  if (kept) kept(input);
  return true;
}

void FuzzEngine::step() {
  Input input;
  if (corpus_.empty() || random_.one_in(50)) {
    input.resize(kStepBytes);
    fresh_step(input.data());
  } else {
    // Half of the time one of the newest; of two, mostly the one that is executed sooner.
    const std::size_t size = corpus_.size();
    const std::size_t last = std::min<std::size_t>(size, 16);
    const auto any = [&] {
      return random_.one_in(2) ? random_.below(size) : size - 1 - random_.below(last);
    };
    const std::size_t one = any(), other = any();
    const bool by_cost = !random_.one_in(8);
    input = corpus_[by_cost && costs_[other] < costs_[one] ? other : one];
  }
  add(bend(std::move(input)));
}

// A call that a program might make.
void FuzzEngine::fresh_step(std::uint8_t* s) {
  static constexpr std::uint8_t kDrives[] = {0x80, 0x80, 0x80, 0x00, 0x81, 0x01, 0xe0, 0xff};
  std::memset(s, 0, kStepBytes);
  const auto& functions = functions_of(rig_.options().target.service());
  s[2] = functions[random_.below(functions.size())];  // AH
  s[1] = static_cast<std::uint8_t>(random_.one_in(4) ? random_.next() : 1 + random_.below(4));
  s[5] = static_cast<std::uint8_t>(1 + random_.below(18));  // CL
  s[6] = static_cast<std::uint8_t>(random_.below(20));      // CH
  s[7] = kDrives[random_.below(std::size(kDrives))];        // DL
  s[8] = static_cast<std::uint8_t>(random_.below(2));       // DH
  s[13] = static_cast<std::uint8_t>(random_.next());        // ES
  s[15] = static_cast<std::uint8_t>(random_.below(4));      // flags
  if (s[2] == 0x41) s[3] = 0xaa, s[4] = 0x55;
  s[16] = 0x10;
  s[18] = static_cast<std::uint8_t>(1 + random_.below(4));
  s[23] = static_cast<std::uint8_t>(random_.next());
  s[24] = static_cast<std::uint8_t>(random_.next());
}

void FuzzEngine::bend_step(std::uint8_t* s) {
  static constexpr std::uint8_t kBytes[] = {0,    1,    2,    0x0f, 0x10, 0x12, 0x13, 0x1e, 0x3f,
                                            0x40, 0x7f, 0x80, 0x81, 0x82, 0xc0, 0xe0, 0xfe, 0xff};
  const std::size_t at = random_.below(kStepBytes);
  switch (random_.below(8)) {
    case 0: s[at] ^= static_cast<std::uint8_t>(1U << random_.below(8)); break;
    case 1: s[at] = static_cast<std::uint8_t>(random_.next()); break;
    case 2: s[at] = kBytes[random_.below(std::size(kBytes))]; break;
    case 3: s[at] = static_cast<std::uint8_t>(s[at] + random_.below(9) - 4); break;
    case 4: {
      if (constants_.empty()) break;
      const std::uint32_t value = constants_[random_.below(constants_.size())];
      const std::size_t width = value < 0x100 ? 1 : value < 0x10000 ? 2 : 4;
      std::memcpy(s + std::min(at, kStepBytes - width), &value, width);
      break;
    }
    case 5: {
      const auto& functions = functions_of(rig_.options().target.service());
      s[2] = functions[random_.below(functions.size())];
      break;
    }
    case 6: fresh_step(s); break;
    default:  // something happens beside the calls
      s[0] = random_.one_in(2) ? 7 : 6;
      s[1] = static_cast<std::uint8_t>(random_.below(4));
      s[2] = static_cast<std::uint8_t>(random_.below(6));
      s[3] = static_cast<std::uint8_t>(random_.next());
      s[7] = static_cast<std::uint8_t>(random_.next());
      s[8] = static_cast<std::uint8_t>(random_.next());
  }
}

Input FuzzEngine::bend(Input input) {
  for (std::size_t rounds = 1 + random_.below(4); rounds != 0; --rounds) {
    const std::size_t steps = std::max<std::size_t>(steps_in(input), 1);
    input.resize(steps * kStepBytes);
    const std::size_t which = random_.below(steps) * kStepBytes;
    switch (random_.below(12)) {
      case 0:  // one more step
        if (steps == kMostSteps) break;
        input.insert(input.begin() + static_cast<std::ptrdiff_t>(which), kStepBytes, 0);
        fresh_step(&input[which]);
        if (random_.one_in(3)) bend_step(&input[which]);
        break;
      case 1:  // one less
        if (steps == 1) break;
        input.erase(input.begin() + static_cast<std::ptrdiff_t>(which),
                    input.begin() + static_cast<std::ptrdiff_t>(which + kStepBytes));
        break;
      case 2: {  // one from another input
        if (corpus_.empty()) break;
        const Input& other = corpus_[random_.below(corpus_.size())];
        const std::size_t from = random_.below(steps_in(other)) * kStepBytes;
        std::copy_n(other.begin() + static_cast<std::ptrdiff_t>(from),
                    std::min(kStepBytes, other.size() - from), &input[which]);
        break;
      }
      default: bend_step(&input[which]);
    }
  }
  return input;
}

namespace {

class Minimiser {
 public:
  Minimiser(Rig& rig, const std::string& key, unsigned most,
            const std::function<bool()>& interrupted)
      : rig_(rig), key_(key), interrupted_(interrupted), left_(most) {}

  Input run(Input input) {
    input.resize(steps_in(input) * kStepBytes);
    rig_.comparing = key_.compare(0, 11, "difference ") == 0;
    if (!holds(input) && !over()) {
      // It takes longer to come to its loop: whole steps are all that is tried.
      limit_ = Rig::kPatient;
      left_ = std::min(left_, 10U);
      if (holds(input)) drop_steps(input);
      return input;
    }
    const Input whole = input;
    drop_steps(input);
    drop_bytes(input);
    return loops_ ? last_that_hangs(whole) : input;
  }

 private:
  bool has_key(const Input& input, std::uint64_t limit) {
    const Execution result = rig_.run(input, limit);
    // Halted for ever is seen at once; a loop only by its limit.
    if (result.slow && key_.compare(0, 5, "hang ") == 0) {
      const bool is_it = rig_.hang(result).key == key_;
      loops_ = loops_ || is_it;
      return is_it;
    }
    return std::any_of(result.findings.begin(), result.findings.end(),
                       [this](const Finding& f) { return f.key == key_; });
  }
  bool over() {
    if (interrupted_ && interrupted_()) left_ = 0;
    return left_ == 0;
  }
  bool holds(const Input& candidate) {
    if (over()) return false;
    --left_;
    if (!has_key(candidate, limit_)) return false;
    if (loops_) accepted_.push_back(candidate);
    return true;
  }
  void drop_steps(Input& input) {
    for (std::size_t at = 0; at < input.size();) {
      Input shorter = input;
      shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(at),
                    shorter.begin() + static_cast<std::ptrdiff_t>(at + kStepBytes));
      if (!shorter.empty() && holds(shorter)) {
        input = std::move(shorter);
      } else {
        at += kStepBytes;
      }
    }
  }
  // Zero, or one bit less.
  void drop_bytes(Input& input) {
    for (std::size_t at = 0; at < input.size(); ++at) {
      if (input[at] == 0) continue;
      const std::uint8_t before = input[at];
      input[at] = 0;
      if (holds(input)) continue;
      input[at] = before;
      for (unsigned bit = 8; bit-- > 0;) {
        if ((input[at] >> bit & 1) == 0) continue;
        input[at] ^= static_cast<std::uint8_t>(1U << bit);
        if (!holds(input)) input[at] ^= static_cast<std::uint8_t>(1U << bit);
      }
    }
  }
  // Little patience cannot tell slow from for ever: the smallest is tried first, then those that
  // came before, in halves.
  Input last_that_hangs(Input good) {
    std::size_t from = 0, to = accepted_.size();
    for (std::size_t at = to; from < to && !(interrupted_ && interrupted_());) {
      if (has_key(accepted_[at - 1], Rig::kPatient)) {
        good = accepted_[at - 1];
        from = at;
      } else {
        to = at - 1;
      }
      at = from + (to - from + 1) / 2;
    }
    return good;
  }

  Rig& rig_;
  const std::string& key_;
  const std::function<bool()>& interrupted_;
  bool loops_ = false;
  unsigned left_;
  std::uint64_t limit_ = Rig::kQuick;
  std::vector<Input> accepted_;
};

}  // namespace

Input minimise(Rig& rig, Input input, const std::string& key, unsigned most,
               const std::function<bool()>& interrupted) {
  return Minimiser(rig, key, most, interrupted).run(std::move(input));
}

std::vector<std::uint32_t> compared_constants(const machine::Firmware& firmware) {
  std::set<std::uint32_t> found;
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_REAL_16, ZYDIS_STACK_WIDTH_16);
  // Every byte of the last 128 KiB might begin an instruction; what is none does little harm.
  const std::size_t size = std::min<std::size_t>(firmware.rom.size(), 0x20000);
  const std::uint8_t* rom = firmware.rom.data() + firmware.rom.size() - size;
  for (std::size_t at = 0; at + 8 < size; ++at) {
    const std::uint8_t op = rom[at];
    if (op != 0x3c && op != 0x3d && op != 0x80 && op != 0x81 && op != 0x83 && op != 0x66) continue;
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(
            &decoder, rom + at, std::min<std::size_t>(15, size - at), &instruction, operands)) ||
        instruction.mnemonic != ZYDIS_MNEMONIC_CMP || instruction.operand_count_visible != 2 ||
        operands[1].type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
      continue;
    found.insert(static_cast<std::uint32_t>(operands[1].imm.value.u));
    if (found.size() == 4096) break;
  }
  return {found.begin(), found.end()};
}

}  // namespace ice86::harness
