// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: Intel SDM vol. 3A sections 3.4.5 (descriptors), 6.12 (what an exception pushes), 7.2.1
// (TSS).
#include "tests/cpu/difftest/emulated.h"

namespace ice86::cpu::test {

namespace {

constexpr std::uint64_t kGdt = 0x1000, kIdt = 0x2000, kTss = 0x3000, kStack = 0x8000,
                        kHandlers = 0x9000;
constexpr std::uint64_t kData = 0x10000, kCode = 0x100000, kMemory = 0x200000;
// No snippet repeats a string instruction more often than its segment has bytes.
constexpr std::uint64_t kMostInstructions = 4'000'000;

// Attributes as Segment has them: present, DPL 3, accessed.
constexpr std::uint32_t kCodeAttributes = 0xfb00, kDataAttributes = 0xf300, kBig = 1 << 22;

}  // namespace

Emulated::Emulated() : host_(kMemory) {
  std::uint8_t* memory = host_.memory();
  store_le<std::uint64_t>(memory + kGdt + 8, 0x00cf9b000000ffff);
  store_le<std::uint64_t>(memory + kGdt + 16, 0x00cf93000000ffff);
  for (std::uint64_t vector = 0; vector < 256; ++vector) {
    // As Linux has them, user mode may use INT3 and INTO (4) only.
    const std::uint64_t dpl = vector == 3 || vector == 4 ? 3 : 0;
    store_le<std::uint64_t>(memory + kIdt + vector * 8,
                            (kHandlers + vector) | 8 << 16 | (0x8e00 | dpl << 13) << 32);
    memory[kHandlers + vector] = 0xf4;
  }
  store_le<std::uint32_t>(memory + kTss + 4, static_cast<std::uint32_t>(kStack));
  store_le<std::uint16_t>(memory + kTss + 8, 16);
  store_le<std::uint16_t>(memory + kTss + 0x66,
                          0x68);  // the I/O map lies beyond the limit: no port allowed
}

std::uint8_t* Emulated::code() {
  return host_.memory() + kCode;
}

const std::uint64_t* Emulated::data() {
  return reinterpret_cast<const std::uint64_t*>(host_.memory() + kData);
}

Outcome Emulated::run(const Snippet& snippet, unsigned bits) {
  fill_data(snippet.data_seed, reinterpret_cast<std::uint64_t*>(host_.memory() + kData));
  Cpu& cpu = host_.cpu();
  State& state = cpu.mutable_state();
  const std::uint32_t big = bits == 32 ? kBig : 0;
  const std::uint32_t place = snippet.place * kStride + kSnippetAt;
  state.halted = state.shutdown = false;
  state.cr0 = cr0::kPe | cr0::kEt | cr0::kNe | cr0::kAm;
  state.cr4 = cr4::kPse;
  state.gdtr = {kGdt, 23};
  state.idtr = {kIdt, 0x7ff};
  state.tr = {.selector = 0x18, .attributes = 0x8b00, .base = kTss, .limit = 0x67, .usable = true};
  // The selectors of the native run; entries 0 to 15 are code, 16 is data.
  const std::uint32_t entry = bits == 32 ? 0 : place / kCodeSegment16;
  state.segment[kCs] = {.selector = static_cast<std::uint16_t>(entry * 8 + 7),
                        .attributes = kCodeAttributes | big,
                        .base = kCode + entry * kCodeSegment16,
                        .limit = bits == 32 ? kCodeBytes - 1 : kCodeSegment16 - 1,
                        .usable = true};
  for (const SegmentName name : {kEs, kSs, kDs}) {
    state.segment[name] = {.selector = kCodeBytes / kCodeSegment16 * 8 + 7,
                           .attributes = kDataAttributes | big,
                           .base = kData,
                           .limit = kDataBytes - 1,
                           .usable = true};
  }
  for (int i = 0; i < 8; ++i) state.gpr[i] = snippet.gpr[i];
  state.rip = bits == 32 ? place : place % kCodeSegment16;
  state.rflags = snippet.flags;
  state.interrupt_shadow = state.mov_ss_shadow = false;
  const StopReason reason = cpu.run(kMostInstructions);

  Outcome outcome{};
  const State& end = cpu.state();
  for (int i = 0; i < 8; ++i) outcome.gpr[i] = static_cast<std::uint32_t>(end.gpr[i]);
  outcome.data_hash = hash_data(data());
  outcome.vector = 256;
  if (reason != StopReason::kHalted || end.rip <= kHandlers || end.rip > kHandlers + 256)
    return outcome;
  outcome.vector = static_cast<std::uint32_t>(end.rip - 1 - kHandlers);
  const std::uint8_t* frame = host_.memory() + end.gpr[kRsp];
  const bool has_error =
      outcome.vector == 8 || (outcome.vector >= 10 && outcome.vector <= 14) || outcome.vector == 17;
  if (has_error) {
    outcome.error = load_le<std::uint32_t>(frame);
    frame += 4;
  }
  outcome.eip = load_le<std::uint32_t>(frame);
  outcome.flags = load_le<std::uint32_t>(frame + 8);
  outcome.gpr[kRsp] = load_le<std::uint32_t>(frame + 12);
  return outcome;
}

}  // namespace ice86::cpu::test
