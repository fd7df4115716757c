// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: Intel SDM vol. 3A sections 3.4.5 (descriptors), 6.12 (what an exception pushes), 7.2.1
// (TSS).
#include "tests/cpu/difftest/emulated.h"

namespace ice86::cpu::test {

namespace {

constexpr std::uint64_t kGdt = 0x1000, kIdt = 0x2000, kTss = 0x3000, kLdt = 0x4000, kStack = 0x8000,
                        kHandlers = 0x9000;
constexpr std::uint64_t kData = 0x10000, kCode = 0x100000, kMemory = 0x200000;
// As Linux has them: entries 2 and 3 are the kernel's code and data.
constexpr std::uint16_t kKernelCs = 0x10, kKernelSs = 0x18, kLdtSelector = 0x50;
constexpr std::uint16_t kGdtLimit = 0x7f;
// No snippet repeats a string instruction more often than its segment has bytes.
constexpr std::uint64_t kMostRetired = 4'000'000;

std::uint64_t descriptor(unsigned number) {
  const LdtEntry entry = ldt_entry(number);
  if (entry.kind == LdtEntry::kNone) return 0;
  static constexpr std::uint64_t kTypes[] = {0, 3, 1, 7, 0xb, 9};  // accessed
  const std::uint64_t base =
      ((entry.of_code ? kCode : kData) + static_cast<std::uint64_t>(entry.offset)) & 0xffffffff;
  return (entry.limit & 0xffff) | (base & 0xffffff) << 16 |
         (kTypes[entry.kind] | 0x70 | (entry.present ? 0x80 : 0)) << 40 |
         static_cast<std::uint64_t>(entry.limit >> 16) << 48 | 1ULL << 52 /* AVL */ |
         static_cast<std::uint64_t>(entry.is_32bit) << 54 |
         static_cast<std::uint64_t>(entry.in_pages) << 55 | (base >> 24) << 56;
}

Segment loaded(std::uint16_t selector) {
  if ((selector & 0xfffc) == 0) return {.selector = selector, .usable = false};
  const std::uint64_t raw = descriptor(selector >> 3);
  const auto high = static_cast<std::uint32_t>(raw >> 32);
  const auto limit = static_cast<std::uint32_t>((raw & 0xffff) | (high & 0xf0000));
  return {.selector = selector,
          .attributes = high & 0x00f0ff00,
          .base = (raw >> 16 & 0xffffff) | (high & 0xff000000),
          .limit = (high & 1u << 23) != 0 ? limit << 12 | 0xfff : limit,
          .usable = true};
}

}  // namespace

Emulated::Emulated() : host_(kMemory) {
  std::uint8_t* memory = host_.memory();
  store_le<std::uint64_t>(memory + kGdt + kKernelCs, 0x00cf9b000000ffff);
  store_le<std::uint64_t>(memory + kGdt + kKernelSs, 0x00cf93000000ffff);
  for (unsigned i = 0; i < kLdtEntries; ++i)
    store_le<std::uint64_t>(memory + kLdt + i * 8, descriptor(i));
  for (std::uint64_t vector = 0; vector < 256; ++vector) {
    // As Linux has them, user mode may use INT3 and INTO (4) only.
    const std::uint64_t dpl = vector == 3 || vector == 4 ? 3 : 0;
    store_le<std::uint64_t>(memory + kIdt + vector * 8,
                            (kHandlers + vector) | kKernelCs << 16 | (0x8e00 | dpl << 13) << 32);
    memory[kHandlers + vector] = 0xf4;
  }
  store_le<std::uint32_t>(memory + kTss + 4, static_cast<std::uint32_t>(kStack));
  store_le<std::uint16_t>(memory + kTss + 8, kKernelSs);
  store_le<std::uint16_t>(memory + kTss + 0x66,
                          0x68);  // the I/O map lies beyond the limit: no port allowed
}

std::uint8_t* Emulated::code() {
  return host_.memory() + kCode;
}

const std::uint8_t* Emulated::data() {
  return host_.memory() + kData;
}

Outcome Emulated::run(const Snippet& snippet) {
  fill_data(snippet, host_.memory() + kData);
  Cpu& cpu = host_.cpu();
  State& state = cpu.mutable_state();
  state.halted = state.shutdown = false;
  state.cr0 = cr0::kPe | cr0::kEt | cr0::kNe | cr0::kAm;
  state.cr4 = cr4::kPse;
  state.gdtr = {kGdt, kGdtLimit};
  state.idtr = {kIdt, 0x7ff};
  state.tr = {.selector = 0x40, .attributes = 0x8b00, .base = kTss, .limit = 0x67, .usable = true};
  state.ldtr = {.selector = kLdtSelector,
                .attributes = 0x8200,
                .base = kLdt,
                .limit = kLdtEntries * 8 - 1,
                .usable = true};
  for (unsigned i = 0; i < 6; ++i) state.segment[i] = loaded(snippet.selectors[i]);
  for (unsigned i = 0; i < 16; ++i) state.gpr[i] = snippet.gpr[i];
  state.rip = snippet.rip();
  state.rflags = snippet.flags;
  state.interrupt_shadow = state.mov_ss_shadow = false;
  const StopReason reason = cpu.run(kMostRetired);

  Outcome outcome{};
  const State& end = cpu.state();
  for (unsigned i = 0; i < 8; ++i) outcome.gpr[i] = end.gpr[i];
  for (unsigned i = 0; i < 6; ++i) outcome.selectors[i] = end.segment[i].selector;
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
  outcome.rip = load_le<std::uint32_t>(frame);
  outcome.selectors[kCs] = load_le<std::uint16_t>(frame + 4);
  outcome.flags = load_le<std::uint32_t>(frame + 8);
  outcome.gpr[kRsp] = load_le<std::uint32_t>(frame + 12);
  outcome.selectors[kSs] = load_le<std::uint16_t>(frame + 16);
  return outcome;
}

}  // namespace ice86::cpu::test
