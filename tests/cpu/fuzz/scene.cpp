// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: Intel SDM vol. 3A sections 3.4.5 (descriptors), 4.3 to 4.5 (paging structures), 6.11
// (gates), 7.2 and 7.7 (TSS).
#include "tests/cpu/fuzz/scene.h"

#include "emulator/base/bits.h"
#include "tests/cpu/fuzz/stream.h"

namespace ice86::cpu::fuzz {

namespace {

constexpr std::uint32_t kGdtAt = 0x1000, kIdtAt = 0x2000, kLdtAt = 0x3000, kTssAt = 0x3800,
                        kTablesAt = 0x4000, kDataAt = 0x20000, kStackAt = 0x28000;
constexpr std::uint16_t kTableLimit = 0x7ff;
// Selectors that begin right: code and data of each size and ring, the TSS, the LDT.
enum Selector : std::uint16_t {
  kCode16 = 0x08,
  kCode32 = 0x10,
  kCode64 = 0x18,
  kData16 = 0x20,
  kData32 = 0x28,
  kUserCode16 = 0x30 | 3,
  kUserCode32 = 0x38 | 3,
  kUserCode64 = 0x40 | 3,
  kUserData16 = 0x48 | 3,
  kUserData32 = 0x50 | 3,
  kTssSelector = 0x60,  // 16 bytes in long mode
  kLdtSelector = 0x70,
  kFirstRandom = 0x80
};

std::uint64_t descriptor(std::uint32_t base, std::uint32_t limit, std::uint32_t access,
                         std::uint32_t flags) {
  return (limit & 0xffff) | static_cast<std::uint64_t>(base & 0xffffff) << 16 |
         static_cast<std::uint64_t>(access) << 40 |
         static_cast<std::uint64_t>(limit >> 16 & 0xf) << 48 |
         static_cast<std::uint64_t>(flags) << 52 | static_cast<std::uint64_t>(base >> 24) << 56;
}

class Scene {
 public:
  Scene(Random& random, FuzzHost& host)
      : random_(random), ram_(host.ram()), s_(host.cpu().mutable_state()), host_(host) {}

  unsigned set(Mode mode) {
    const FeatureSet features = host_.cpu().model().asked() & implemented_features();
    if (mode == Mode::kSmm) {
      const auto below = static_cast<Mode>(random_.below(static_cast<std::uint32_t>(Mode::kSmm)));
      set(below);
      s_.smi_pending = true;
      if (random_.one_in(2)) s_.smbase = static_cast<std::uint32_t>(kSmramAt - 0x8000);
      return 16;
    }
    const bool long_mode = features.has(Feature::kLm);
    if (!long_mode && (mode == Mode::kLong64 || mode == Mode::kCompatibility)) mode = Mode::kPaging;
    registers();
    features_ = features;
    if (mode == Mode::kReal16 || mode == Mode::kUnreal) return real(mode == Mode::kUnreal);
    return protected_mode(mode);
  }

 private:
  template <typename T>
  void put(std::uint32_t at, T value) {
    if (at + sizeof value <= kRamBytes) store_le<T>(ram_ + at, value);
  }
  std::uint32_t code_offset() { return random_.below(kCodeBytes - 16); }

  void registers() {
    for (std::uint64_t& value : s_.gpr) {
      value = random_.one_in(2) ? kDataAt + random_.below(0x8000) : edge_value(random_);
    }
    for (std::uint32_t at = kDataAt; at < kDataAt + 0x1000; at += 8)
      put<std::uint64_t>(at, edge_value(random_));
    // x87 and SSE: anything that instructions can leave behind.
    for (X87Register& value : s_.x87) {
      value.significand = edge_value(random_);
      value.sign_exponent = static_cast<std::uint16_t>(edge_value(random_));
    }
    s_.fcw = static_cast<std::uint16_t>((random_.next() & 0x1f3f) | 0x40);
    if (!random_.one_in(4)) s_.fcw |= 0x3f;
    s_.fsw = static_cast<std::uint16_t>(random_.below(8) << 11);
    s_.x87_empty = static_cast<std::uint8_t>(random_.next());
    for (auto& value : s_.ymm) {
      for (std::uint64_t& part : value) part = edge_value(random_);
    }
    s_.mxcsr = static_cast<std::uint32_t>(random_.next() & 0xffc0);
    if (!random_.one_in(4)) s_.mxcsr |= 0x1f80;
    if (random_.one_in(8)) {  // breakpoints that something will hit
      for (unsigned i = 0; i < 4; ++i)
        s_.dr[i] = random_.one_in(2) ? kCodeAt + code_offset() : kDataAt + random_.below(0x8000);
      s_.dr[7] = 0x400 | (random_.next() & 0xffff23ff);
    }
    s_.rflags = flag::kFixed | (random_.next() & (flag::kArithmetic | flag::kDf | flag::kIf));
    if (random_.one_in(16)) s_.rflags |= flag::kTf;
  }

  void real_segment(SegmentName name, std::uint16_t selector, std::uint32_t limit) {
    s_.segment[name] = {selector, 0x9300, std::uint64_t{selector} << 4, limit, true};
  }

  // The interrupt table of real mode, also of virtual-8086 handlers.
  void vectors() {
    for (std::uint32_t vector = 0; vector < 256; ++vector) {
      put<std::uint16_t>(vector * 4, static_cast<std::uint16_t>(code_offset()));
      put<std::uint16_t>(vector * 4 + 2, static_cast<std::uint16_t>(
                                             random_.one_in(64) ? random_.next() : kCodeAt >> 4));
    }
  }

  unsigned real(bool unreal) {
    vectors();
    // The tables are there for a stream that enters protected mode.
    global_table();
    s_.cr0 = cr0::kEt | (random_.one_in(2) ? cr0::kNe : 0) | (random_.one_in(16) ? cr0::kTs : 0);
    if (random_.one_in(4)) s_.cr4 = cr4::kOsfxsr;
    const std::uint32_t limit = unreal ? 0xffffffff : 0xffff;
    for (const SegmentName name : {kEs, kDs, kFs, kGs})
      real_segment(name,
                   static_cast<std::uint16_t>(random_.one_in(4) ? random_.next() : kDataAt >> 4),
                   limit);
    real_segment(kCs, kCodeAt >> 4, random_.one_in(8) ? limit : 0xffff);
    real_segment(kSs, kStackAt >> 4, limit);
    if (unreal && random_.one_in(4)) s_.segment[kSs].attributes |= 1u << 22;
    s_.gpr[kRsp] = random_.one_in(8) ? edge_value(random_) : 0x7ff0;
    s_.idtr = {0, 0x3ff};
    s_.gdtr = {kGdtAt, kTableLimit};
    s_.rip = 0;
    return 16;
  }

  std::uint64_t random_descriptor() {
    const std::uint64_t any = random_.next();
    if (random_.one_in(8)) return any;
    const auto access =
        static_cast<std::uint32_t>(random_.one_in(8) ? any & 0xff : (any & 0x7f) | 0x80);
    if ((access & 0x10) == 0 && (access & 4) != 0) {  // a gate
      const std::uint64_t target = random_.one_in(8) ? any >> 48 : random_selector();
      return code_offset() | target << 16 | static_cast<std::uint64_t>(random_.below(4)) << 32 |
             static_cast<std::uint64_t>(access) << 40;
    }
    const std::uint32_t base =
        random_.one_in(8) ? static_cast<std::uint32_t>(any >> 16) : random_.below(kRamBytes);
    return descriptor(base, static_cast<std::uint32_t>(edge_value(random_)), access,
                      random_.below(16));
  }

  std::uint16_t random_selector() {
    return static_cast<std::uint16_t>(random_.one_in(2) ? random_.below(16) << 3 | random_.below(4)
                                                        : random_.next() & 0x7ff);
  }

  void global_table() {
    const std::uint32_t flat = 0xfffff;
    const std::uint32_t code_base = random_.one_in(2) ? 0 : kCodeAt;
    put(kGdtAt + kCode16, descriptor(kCodeAt, 0xffff, 0x9b, 0));
    put(kGdtAt + kCode32, descriptor(0, flat, 0x9b, 0xc));
    put(kGdtAt + kCode64, descriptor(0, flat, 0x9b, 0xa));
    put(kGdtAt + kData16, descriptor(kDataAt, 0xffff, 0x93, 0));
    put(kGdtAt + kData32, descriptor(0, flat, 0x93, 0xc));
    put(kGdtAt + (kUserCode16 & 0xf8), descriptor(kCodeAt, 0xffff, 0xfb, 0));
    put(kGdtAt + (kUserCode32 & 0xf8), descriptor(0, flat, 0xfb, 0xc));
    put(kGdtAt + (kUserCode64 & 0xf8), descriptor(0, flat, 0xfb, 0xa));
    put(kGdtAt + (kUserData16 & 0xf8), descriptor(kDataAt, 0xffff, 0xf3, 0));
    put(kGdtAt + (kUserData32 & 0xf8), descriptor(code_base, flat, 0xf3, 0xc));
    put(kGdtAt + kTssSelector, descriptor(kTssAt, 0x7ff, 0x8b, 0));
    put(kGdtAt + kLdtSelector, descriptor(kLdtAt, 0x7ff, 0x82, 0));
    for (std::uint32_t at = kFirstRandom; at < 0x800; at += 8)
      put(kGdtAt + at, random_descriptor());
    for (std::uint32_t at = 0; at < 0x400; at += 8) put(kLdtAt + at, random_descriptor());
  }

  void interrupt_table(bool long_mode, bool small) {
    for (std::uint32_t vector = 0; vector < 256; ++vector) {
      // Gates to ring 0, mostly; some are task gates or nonsense.
      static constexpr std::uint32_t kTypes[] = {0x8e, 0x8f, 0xee, 0xef};
      std::uint32_t access = random_.pick(kTypes);
      if (small && random_.one_in(4)) access &= ~8u;  // 16-bit gate
      std::uint32_t selector = long_mode ? kCode64 : small ? kCode16 : kCode32;
      std::uint32_t offset = code_offset() + (selector == kCode16 ? 0 : kCodeAt);
      if (random_.one_in(32)) {
        access = static_cast<std::uint32_t>(random_.next() & 0xff);
        selector = random_selector();
      }
      const std::uint64_t gate =
          (offset & 0xffff) | selector << 16 |
          static_cast<std::uint64_t>((offset & 0xffff0000) | access << 8 |
                                     (random_.one_in(8) ? random_.below(8) : 0))
              << 32;
      if (long_mode) {
        if (vector >= 0x80) break;
        put(kIdtAt + vector * 16, gate);
        put<std::uint64_t>(kIdtAt + vector * 16 + 8, random_.one_in(64) ? random_.next() : 0);
      } else {
        put(kIdtAt + vector * 8, gate);
      }
    }
  }

  void task_segment(bool long_mode) {
    for (std::uint32_t at = 0; at < 0x200; at += 4)
      put<std::uint32_t>(kTssAt + at, static_cast<std::uint32_t>(random_.next()));
    if (long_mode) {
      for (std::uint32_t at = 4; at < 0x5c; at += 8)
        put<std::uint64_t>(kTssAt + at, kStackAt + random_.below(0x7ff) * 16);
    } else {
      for (std::uint32_t level = 0; level < 3; ++level) {
        put<std::uint32_t>(kTssAt + 4 + level * 8, kStackAt + 0x6000);
        put<std::uint32_t>(kTssAt + 8 + level * 8, kData32 | level);
      }
    }
    put<std::uint16_t>(kTssAt + 0x66,
                       static_cast<std::uint16_t>(random_.one_in(8) ? random_.next() : 0x88));
    put<std::uint32_t>(kTssAt + 0x1c, kTablesAt);  // CR3
  }

  std::uint64_t leaf_bits() {
    std::uint64_t bits = 3 | (random_.one_in(8) ? 0 : 4);  // P, W, U
    if (random_.one_in(24)) bits ^= std::uint64_t{1} << random_.below(12);
    return bits;
  }

  // Identity over the RAM, and random pages elsewhere.
  void page_tables(bool wide, bool four_levels) {
    const std::uint32_t entry_bytes = wide ? 8 : 4;
    std::uint32_t next = kTablesAt;
    const auto table = [&] {
      const std::uint32_t at = next;
      next += 0x1000;
      return at;
    };
    const std::uint64_t link = 7;
    std::uint32_t directory = table();
    s_.cr3 = directory;
    if (four_levels) {
      const std::uint32_t level3 = table();
      put<std::uint64_t>(directory, level3 | link);
      if (random_.one_in(2)) put<std::uint64_t>(directory + 511 * 8, level3 | link);
      if (random_.one_in(4))
        put<std::uint64_t>(directory + 8 * random_.below(512), random_.next() & 0x3ffffffffffff);
      put<std::uint64_t>(level3 + 8, 0x83 | (random_.one_in(2) ? 0x100 : 0));  // 1 GB at 1 GB
      directory = table();
      put<std::uint64_t>(level3, directory | link);
    } else if (wide) {
      const std::uint32_t level3 = directory;
      directory = table();
      for (unsigned i = 0; i < 4; ++i) {
        s_.pdpte[i] = directory | 1;
        put<std::uint64_t>(level3 + i * 8, s_.pdpte[i]);
      }
    }
    const std::uint32_t leaf = table();
    const auto put_entry = [&](std::uint32_t at, std::uint64_t value) {
      if (wide) {
        put<std::uint64_t>(at, value);
      } else {
        put<std::uint32_t>(at, static_cast<std::uint32_t>(value));
      }
    };
    put_entry(directory, leaf | link);
    for (std::uint32_t i = 1; i < 4; ++i)
      put_entry(directory + i * entry_bytes, random_.one_in(2) ? 0x83 | (i & 1) << 8 : link | leaf);
    for (std::uint32_t i = 0; i < 16; ++i)
      put_entry(directory + random_.below(0x1000 / entry_bytes) * entry_bytes,
                random_.one_in(4) ? random_.next() : leaf | leaf_bits());
    for (std::uint32_t page = 0; page < 0x110; ++page) {
      const std::uint64_t bits = leaf_bits();
      const bool no_execute = wide && (s_.efer & efer::kNxe) != 0 && random_.one_in(16) &&
                              (page < kCodeAt >> 12 || page >= (kCodeAt + kCodeBytes) >> 12);
      put_entry(leaf + page * entry_bytes,
                (page << 12) | bits | static_cast<std::uint64_t>(no_execute) << 63);
    }
    for (std::uint32_t i = 0; i < 16; ++i)
      put_entry(leaf + (0x110 + random_.below(0xf0)) * entry_bytes,
                random_.one_in(2) ? random_.next() : random_.below(kRamBytes >> 12) << 12 | 7);
  }

  Segment loaded(std::uint16_t selector) {
    const std::uint64_t raw = load_le<std::uint64_t>(ram_ + kGdtAt + (selector & 0x7f8));
    const auto high = static_cast<std::uint32_t>(raw >> 32);
    const auto limit = static_cast<std::uint32_t>((raw & 0xffff) | (high & 0xf0000));
    return {selector, high & 0x00f0ff00, (raw >> 16 & 0xffffff) | (high & 0xff000000),
            (high & 1u << 23) != 0 ? limit << 12 | 0xfff : limit, true};
  }

  unsigned protected_mode(Mode mode) {
    const bool long_mode = mode == Mode::kLong64 || mode == Mode::kCompatibility;
    const bool small = mode == Mode::kProtected16 || (mode == Mode::kV8086 && random_.one_in(2));
    const bool user = mode == Mode::kV8086 || random_.one_in(3);
    vectors();
    global_table();
    interrupt_table(long_mode, small);
    task_segment(long_mode);
    s_.cr0 = cr0::kPe | cr0::kEt | (random_.one_in(2) ? cr0::kNe : 0) |
             (random_.one_in(2) ? cr0::kWp : 0) | (random_.one_in(16) ? cr0::kTs : 0) |
             (random_.one_in(4) ? cr0::kAm : 0);
    s_.cr4 = cr4::kOsfxsr | cr4::kOsxmmexcpt;
    const auto with = [&](Feature feature, std::uint64_t bit) {
      if (features_.has(feature) && random_.one_in(2)) s_.cr4 |= bit;
    };
    with(Feature::kPse, cr4::kPse);
    with(Feature::kPge, cr4::kPge);
    with(Feature::kVme, cr4::kVme | cr4::kPvi);
    with(Feature::kDe, cr4::kDe);
    with(Feature::kSmep, cr4::kSmep);
    with(Feature::kSmap, cr4::kSmap);
    with(Feature::kUmip, cr4::kUmip);
    with(Feature::kFsgsbase, cr4::kFsgsbase);
    if (features_.has(Feature::kXsave) && random_.one_in(2)) {
      s_.cr4 |= cr4::kOsxsave;
      s_.xcr0 = features_.has(Feature::kAvx) && !random_.one_in(4) ? 7 : 3;
    }
    const bool pae = features_.has(Feature::kPae);
    if (long_mode) {
      s_.efer = efer::kLme | efer::kLma | (random_.one_in(2) ? efer::kNxe : 0) |
                (random_.one_in(2) ? efer::kSce : 0);
      s_.cr0 |= cr0::kPg;
      s_.cr4 |= cr4::kPae;
      page_tables(true, true);
    } else if (mode == Mode::kPaging || random_.one_in(2)) {
      const bool wide = pae && random_.one_in(2);
      if (wide) s_.cr4 |= cr4::kPae;
      s_.cr0 |= cr0::kPg;
      page_tables(wide, false);
    }
    s_.gdtr = {kGdtAt, kTableLimit};
    s_.idtr = {kIdtAt, kTableLimit};
    s_.tr = loaded(kTssSelector);
    s_.ldtr = loaded(kLdtSelector);
    s_.gpr[kRsp] = random_.one_in(16) ? edge_value(random_) : kStackAt + 0x7000;
    if (random_.one_in(2)) s_.rflags |= std::uint64_t{random_.below(4)} << 12;  // IOPL
    if (random_.one_in(4)) s_.rflags |= flag::kAc;
    if (mode == Mode::kV8086) {
      s_.rflags |= flag::kVm;
      for (const SegmentName name : {kEs, kCs, kSs, kDs, kFs, kGs}) {
        real_segment(name, kDataAt >> 4, 0xffff);
        s_.segment[name].attributes = 0xf300;
      }
      s_.segment[kCs].selector = kCodeAt >> 4;
      s_.segment[kCs].base = kCodeAt;
      s_.gpr[kRsp] = 0x7ff0;
      s_.rip = 0;
      return 16;
    }
    const std::uint16_t data =
        user ? (small ? kUserData16 : kUserData32) : (small ? kData16 : kData32);
    for (const SegmentName name : {kEs, kSs, kDs, kFs, kGs}) s_.segment[name] = loaded(data);
    std::uint16_t code = user ? kUserCode32 : kCode32;
    unsigned bits = 32;
    if (mode == Mode::kLong64) {
      code = user ? kUserCode64 : kCode64;
      bits = 64;
    } else if (small || (mode == Mode::kCompatibility && random_.one_in(4))) {
      code = user ? kUserCode16 : kCode16;
      bits = 16;
    }
    s_.segment[kCs] = loaded(code);
    s_.rip = bits == 16 ? 0 : kCodeAt;
    if (small) s_.gpr[kRsp] = kStackAt - kDataAt + 0x7000;
    return bits;
  }

  Random& random_;
  std::uint8_t* ram_;
  State& s_;
  FuzzHost& host_;
  FeatureSet features_;
};

}  // namespace

unsigned set_scene(Mode mode, Random& random, FuzzHost& host) {
  return Scene(random, host).set(mode);
}

}  // namespace ice86::cpu::fuzz
