// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: Intel SDM vol. 3A sections 3.4.5 (descriptors), 6.12 (what an exception pushes), 7.2.1
// (TSS).
#include "tests/cpu/difftest/emulated.h"

#include <cpuid.h>

#include <cstring>

namespace ice86::cpu::test {

namespace {

constexpr std::uint64_t kGdt = 0x1000, kIdt = 0x2000, kTss = 0x3000, kLdt = 0x4000, kStack = 0x8000,
                        kHandlers = 0x9000;
constexpr std::uint64_t kDataAt = 0x10000, kCodeAt = 0x100000, kMemory = 0x200000;
// For 64-bit snippets: the same linear addresses as natively, below the kernel's 2 MiB.
constexpr std::uint64_t kGdt64 = 0x5000, kTss64 = 0x5800, kIdt64 = 0x6000, kTables = 0x20000;
constexpr std::uint64_t kPresent = 1, kWritable = 2, kUserPage = 4, kLarge = 0x80,
                        kNoExecute = 1ULL << 63;
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
      ((entry.of_code ? kCodeAt : kDataAt) + static_cast<std::uint64_t>(entry.offset)) & 0xffffffff;
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

void set_fx(const FxImage& image, State& state) {
  state.fcw = image.fcw;
  state.fsw = image.fsw;
  state.x87_empty = static_cast<std::uint8_t>(~image.ftw);
  state.mxcsr = image.mxcsr;
  const unsigned top = image.fsw >> 11 & 7;
  for (unsigned i = 0; i < 8; ++i)
    state.x87[(top + i) & 7] = {image.st[i][0], static_cast<std::uint16_t>(image.st[i][1])};
  for (unsigned i = 0; i < 16; ++i) {
    state.ymm[i][0] = image.xmm[i][0];
    state.ymm[i][1] = image.xmm[i][1];
  }
}

FxImage get_fx(const State& state) {
  FxImage image;
  std::memset(static_cast<void*>(&image), 0, sizeof image);
  image.fcw = state.fcw;
  image.fsw = state.fsw;
  image.ftw = static_cast<std::uint8_t>(~state.x87_empty);
  image.mxcsr = state.mxcsr;
  const unsigned top = state.fsw >> 11 & 7;
  for (unsigned i = 0; i < 8; ++i) {
    image.st[i][0] = state.x87[(top + i) & 7].significand;
    image.st[i][1] = state.x87[(top + i) & 7].sign_exponent;
  }
  for (unsigned i = 0; i < 16; ++i) {
    image.xmm[i][0] = state.ymm[i][0];
    image.xmm[i][1] = state.ymm[i][1];
  }
  return image;
}

FeatureSet host_features() {
  FeatureSet features;
  for (unsigned number = 0; number < kFeatures; ++number) {
    const auto feature = static_cast<Feature>(number);
    const FeatureInfo& info = info_of(feature);
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    if (__get_cpuid_count(info.leaf, info.subleaf, &eax, &ebx, &ecx, &edx) == 0) continue;
    const unsigned value = info.reg == CpuidRegister::kEax   ? eax
                           : info.reg == CpuidRegister::kEbx ? ebx
                           : info.reg == CpuidRegister::kEcx ? ecx
                                                             : edx;
    if ((value >> info.bit & 1) != 0) features.add(feature);
  }
  return features;
}

}  // namespace

bool Emulated::has_long_mode() const {
  return features_.has(Feature::kLm);
}

Emulated::Emulated(Engine engine)
    : features_(implemented_features() & host_features()), host_(kMemory, features_, engine) {
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

  store_le<std::uint64_t>(memory + kGdt64 + kKernelCs, 0x00af9b000000ffff);
  store_le<std::uint64_t>(memory + kGdt64 + kKernelSs, 0x00cf93000000ffff);
  store_le<std::uint64_t>(memory + kGdt64 + (kUserSs64 & 0xf8), 0x00cff3000000ffff);
  store_le<std::uint64_t>(memory + kGdt64 + (kUserCs64 & 0xf8), 0x00affb000000ffff);
  for (std::uint64_t vector = 0; vector < 256; ++vector) {
    const std::uint64_t dpl = vector == 3 || vector == 4 ? 3 : 0;
    store_le<std::uint64_t>(memory + kIdt64 + vector * 16,
                            (kHandlers + vector) | kKernelCs << 16 | (0x8e00 | dpl << 13) << 32);
  }
  store_le<std::uint64_t>(memory + kTss64 + 4, kStack);
  store_le<std::uint16_t>(memory + kTss64 + 0x66, 0x68);
  // PML4, PDPT, PD; PT for the code, PT for the data.
  const auto entry = [&](std::uint64_t table, std::uint64_t index, std::uint64_t value) {
    store_le<std::uint64_t>(memory + kTables + table * 0x1000 + index * 8, value);
  };
  const auto table = [](std::uint64_t number) {
    return (kTables + number * 0x1000) | kPresent | kWritable | kUserPage;
  };
  entry(0, 0, table(1));
  entry(1, 0, table(2));
  entry(2, 0, kPresent | kWritable | kLarge);
  entry(2, kCodeLinear >> 21, table(3));
  entry(2, kDataLinear >> 21, table(4));
  for (std::uint64_t page = 0; page < kCodeBytes >> 12; ++page)
    entry(3, page, (kCodeAt + (page << 12)) | kPresent | kUserPage);
  entry(4, 0, kDataAt | kPresent | kWritable | kUserPage | kNoExecute);
}

std::uint8_t* Emulated::code() {
  return host_.memory() + kCodeAt;
}

const std::uint8_t* Emulated::data() {
  return host_.memory() + kDataAt;
}

void Emulated::set_mode(const Snippet& snippet, State& state) {
  const bool is_64 = snippet.bits == 64;
  state.cr0 = cr0::kPe | cr0::kMp | cr0::kEt | cr0::kNe | cr0::kAm;
  state.cr4 = cr4::kPse | cr4::kOsfxsr | cr4::kOsxmmexcpt;
  state.efer = 0;
  state.gdtr = {kGdt, kGdtLimit};
  state.idtr = {kIdt, 0x7ff};
  state.tr = {.selector = 0x40, .attributes = 0x8b00, .base = kTss, .limit = 0x67, .usable = true};
  state.ldtr = {.selector = kLdtSelector,
                .attributes = 0x8200,
                .base = kLdt,
                .limit = kLdtEntries * 8 - 1,
                .usable = true};
  if (is_64) {
    state.cr0 |= cr0::kPg | cr0::kWp;
    state.cr3 = kTables;
    state.cr4 |= cr4::kPae;
    state.efer = efer::kLme | efer::kLma | efer::kNxe;
    state.gdtr.base = kGdt64;
    state.idtr = {kIdt64, 0xfff};
    state.tr.base = kTss64;
  }
  for (unsigned i = 0; i < 6; ++i) state.segment[i] = loaded(snippet.selectors[i]);
  if (is_64) {
    state.segment[kCs] = {kUserCs64, 0x00a0fb00, 0, 0xffffffff, true};
    state.segment[kSs] = {kUserSs64, 0x00c0f300, 0, 0xffffffff, true};
    for (const SegmentName name : {kFs, kGs})
      state.segment[name] = {.selector = 0, .base = kDataLinear, .usable = false};
  }
}

Outcome Emulated::run(const Snippet& snippet) {
  fill_data(snippet, host_.memory() + kDataAt);
  Cpu& cpu = host_.cpu();
  State& state = cpu.mutable_state();
  state.halted = state.shutdown = false;
  set_mode(snippet, state);
  for (unsigned i = 0; i < 16; ++i) state.gpr[i] = snippet.gpr[i];
  state.rip = snippet.rip();
  state.rflags = snippet.flags;
  if (snippet.fx_seed != 0) {
    FxImage image;
    fill_fx(snippet.fx_seed, image);
    set_fx(image, state);
  }
  state.interrupt_shadow = state.mov_ss_shadow = false;
  const StopReason reason = cpu.run(kMostRetired);

  const bool is_64 = snippet.bits == 64;
  Outcome outcome{};
  const State& end = cpu.state();
  for (unsigned i = 0; i < (is_64 ? 16 : 8); ++i) outcome.gpr[i] = end.gpr[i];
  for (unsigned i = 0; i < 6; ++i) outcome.selectors[i] = end.segment[i].selector;
  outcome.data_hash = hash_data(data());
  if (snippet.fx_seed != 0) outcome.fx = get_fx(end);
  outcome.vector = 256;
  if (reason != StopReason::kHalted || end.rip <= kHandlers || end.rip > kHandlers + 256)
    return outcome;
  outcome.vector = static_cast<std::uint32_t>(end.rip - 1 - kHandlers);
  if (outcome.vector == 14) outcome.cr2 = end.cr2;
  const std::uint8_t* frame = host_.memory() + end.gpr[kRsp];
  const unsigned size = is_64 ? 8 : 4;
  const auto next = [&] {
    const std::uint64_t value =
        is_64 ? load_le<std::uint64_t>(frame) : load_le<std::uint32_t>(frame);
    frame += size;
    return value;
  };
  const bool has_error =
      outcome.vector == 8 || (outcome.vector >= 10 && outcome.vector <= 14) || outcome.vector == 17;
  if (has_error) outcome.error = static_cast<std::uint32_t>(next());
  if (outcome.vector == 14) {
    // Nothing is mapped natively where this run's kernel is; and of its own half Linux says that
    // everything is there.
    if (outcome.cr2 < kMemory) outcome.error &= ~1U;
    if (outcome.cr2 >= 0x7ffffffff000) outcome.error |= 1;
  }
  outcome.rip = next();
  outcome.selectors[kCs] = static_cast<std::uint16_t>(next());
  outcome.flags = static_cast<std::uint32_t>(next());
  outcome.gpr[kRsp] = next();
  outcome.selectors[kSs] = static_cast<std::uint16_t>(next());
  return outcome;
}

}  // namespace ice86::cpu::test
