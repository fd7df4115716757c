// SPDX-License-Identifier: LGPL-2.1-or-later
// Where each chip of the board answers, and what opens it. Addresses are the board's own or those
// that firmware usually chooses.
#include "tests/machine/fuzz/board.h"

namespace ice86::machine::fuzz {

namespace {

// PCI configuration mechanism 1 (PCI 2.1, 3.7.4.1).
std::vector<PortWrite> config(unsigned device, unsigned function, unsigned offset, unsigned width,
                              std::uint32_t value) {
  const std::uint32_t address = 0x80000000 | device << 11 | function << 8 | (offset & 0xfc);
  return {{0xcf8, 4, address}, {static_cast<std::uint16_t>(0xcfc + (offset & 3)), width, value}};
}

std::vector<PortWrite> joined(std::initializer_list<std::vector<PortWrite>> parts) {
  std::vector<PortWrite> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// One register, many values.
std::vector<PortWrite> each(std::uint16_t port, std::initializer_list<unsigned> values) {
  std::vector<PortWrite> all;
  for (const unsigned value : values) all.push_back({port, 1, value});
  return all;
}

constexpr Range kDma[] = {{0x00, 16}, {0x81, 15}, {0xc0, 32}};
constexpr std::uint64_t kVideoBar = 0xe0000000, kNicBar = 0xfebc0000;
constexpr std::uint32_t kConfigWindow = 0xb0000000;  // of the Q35's functions
constexpr std::uint16_t kIdeBar = 0xc000, kNicPorts = 0xc040, kPmBase = 0x600, kSmbusBase = 0x700;

std::vector<ChipTarget> make_targets() {
  const auto ide = joined({config(1, 1, 0x20, 4, kIdeBar), config(1, 1, 0x04, 2, 5)});
  const auto pm = joined({config(1, 3, 0x40, 4, kPmBase), config(1, 3, 0x80, 1, 1),
                          config(1, 3, 0x90, 4, kSmbusBase), config(1, 3, 0xd2, 1, 1),
                          config(1, 3, 0x04, 2, 1)});
  const auto video = joined({config(2, 0, 0x10, 4, kVideoBar), config(2, 0, 0x04, 2, 3)});
  const auto nic = joined(
      {config(3, 0, 0x10, 4, kNicBar), config(3, 0, 0x14, 4, kNicPorts), config(3, 0, 0x04, 2, 7)});
  // ATA-4 table 9: those that the chip may know.
  const std::initializer_list<unsigned> kAta = {0x00, 0x08, 0x10, 0x20, 0x21, 0x24, 0x29, 0x30,
                                                0x34, 0x39, 0x40, 0x70, 0x90, 0x91, 0xa0, 0xa1,
                                                0xb0, 0xc4, 0xc5, 0xc6, 0xc8, 0xca, 0xe0, 0xe1,
                                                0xe5, 0xe6, 0xe7, 0xea, 0xec, 0xef, 0xf8};
  std::vector<ChipTarget> all;
  all.push_back({"i8237", {kDma[0], kDma[1], kDma[2], {0x3f0, 6}}, {}, {}, {}});
  all.push_back({"i8259a", {{0x20, 2}, {0xa0, 2}, {0x4d0, 2}}, {}, {}, {}});
  all.push_back({"i8254", {{0x40, 4}, {0x61, 1}}, {}, {}, {}});
  all.push_back({"i8042",
                 {{0x60, 1}, {0x64, 1}, {0x92, 1}},
                 {},
                 {},
                 joined({each(0x64, {0x20, 0x60, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xad, 0xae, 0xc0,
                                     0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xdd, 0xdf, 0xf0, 0xfe}),
                         each(0x60, {0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xed, 0xee, 0xf0,
                                     0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xfe, 0xff})})});
  all.push_back({"mc146818", {{0x70, 2}}, {}, {}, {}});
  all.push_back({"ns16550", {{0x3f8, 8}, {0x2f8, 8}, {0x3e8, 8}, {0x2e8, 8}}, {}, {}, {}});
  all.push_back({"parallel", {{0x378, 3}}, {}, {}, {}});
  all.push_back({"i82077aa",
                 {{0x3f0, 8}, {0x3f4, 2}, {0x3f4, 2}, kDma[0], {0x81, 1}},
                 {},
                 {{0x3f2, 1, 0x1c}, {0xd6, 1, 0xc0}, {0xd4, 1, 0}},
                 each(0x3f5, {0x03, 0x04, 0x07, 0x08, 0x0f, 0x0e, 0x10, 0x12, 0x13, 0x14,
                              0x18, 0x46, 0x45, 0x4a, 0x4d, 0x66, 0xc6, 0xc5, 0xe6, 0x94})});
  all.push_back(
      {"ata-disk", {{0x1f0, 8}, {0x1f0, 1}, {0x3f6, 1}, {kIdeBar, 8}}, {}, ide, each(0x1f7, kAta)});
  all.push_back({"atapi",
                 {{0x170, 8}, {0x170, 1}, {0x376, 1}, {kIdeBar + 8, 8}},
                 {},
                 ide,
                 each(0x177, kAta)});
  all.push_back({"pci", {{0xcf8, 8}, {0xcfc, 4}}, {}, {}, {}});
  all.push_back({"piix4-pm", {{0xb2, 2}, {kPmBase, 0x40}}, {}, pm, {}});
  all.push_back(
      {"smbus",
       {{kSmbusBase, 16}},
       {},
       pm,
       {{kSmbusBase + 4, 1, 0xa1}, {kSmbusBase + 2, 1, 0x48}, {kSmbusBase + 2, 1, 0x54}}});
  all.push_back({"vga", {{0x3b0, 48}}, {{0xa0000, 0x20000}}, video, {}});
  all.push_back({"dispi",
                 {{0x1ce, 3}, {0x3c0, 16}},
                 {{kVideoBar, 0x1000000}, {0xa0000, 0x20000}},
                 video,
                 {}});
  // IA32_APIC_BASE is as after power-on: enabled, in its usual place.
  all.push_back({"local-apic", {}, {{0xfee00000, 0x1000}}, {}, {}});
  all.push_back({"ioapic", {}, {{0xfec00000, 0x100}}, {}, {}});
  all.push_back({"hpet", {}, {{0xfed00000, 0x400}}, {}, {}});
  all.push_back(
      {"fw-cfg", {{0x510, 2}, {0x514, 8}}, {}, {}, {{0x514, 4, 0}, {0x518, 4, 0x00100000}}});
  all.push_back({"e1000", {{kNicPorts, 8}}, {{kNicBar, 0x6000}, {kNicBar, 0x400}}, nic, {}});
  all.push_back({"pflash", {}, {{0xfffe0000, 0x20000}}, {}, {}, true});
  // The ECAM window, by its low half, and the state of firmware that is about to lock SMRAM.
  const auto mch = joined({config(0, 0, 0x60, 4, kConfigWindow | 1), config(0, 0, 0x9d, 1, 0x4a),
                           config(0, 0, 0x9e, 1, 0x01)});
  all.push_back({"q35-mch",
                 {{0xcf8, 8}, {0xcfc, 4}},
                 {{kConfigWindow, 0x1000}, {kConfigWindow, 0x10000000}, {0xa0000, 0x60000}},
                 mch,
                 {{0xb2, 1, 0x01}},
                 false,
                 machine::Board::kQ35});
  all.push_back({"ich9",
                 {{0xb2, 2}, {0x92, 1}, {0xf0, 2}, {0xcf9, 1}, {0x4d0, 2}, {kPmBase, 0x80}},
                 {{kConfigWindow + (31 << 15), 0x1000}, {0xfec00000, 0x100}},
                 joined({mch, config(31, 0, 0x40, 4, kPmBase), config(31, 0, 0x44, 1, 0x80),
                         config(31, 2, 0x20, 4, kIdeBar), config(31, 2, 0x04, 2, 5)}),
                 {{0xb2, 1, 0x01}, {kPmBase + 0x30, 4, 0x21}, {kPmBase + 4, 2, 0x2001}},
                 false,
                 machine::Board::kQ35});
  all.push_back({"board",
                 {{0x00, 0x100},
                  {0x92, 1},
                  {0xf0, 2},
                  {0xe9, 1},
                  {0x1ce, 3},
                  {0x1f0, 8},
                  {0x170, 8},
                  {0x300, 0x100},
                  {0x402, 1},
                  {0x4d0, 2},
                  {0x510, 12},
                  {0xcf8, 8},
                  {kPmBase, 0x40},
                  {kSmbusBase, 16},
                  {kIdeBar, 0x80},
                  {0x8900, 1},
                  {0x0, 0x10000}},
                 {{0xa0000, 0x60000},
                  {0xfec00000, 0x1000},
                  {0xfed00000, 0x1000},
                  {0xfee00000, 0x1000},
                  {kNicBar, 0x20000},
                  {kVideoBar, 0x1000000}},
                 joined({ide, pm, video, nic}),
                 {}});
  return all;
}

}  // namespace

const std::vector<ChipTarget>& chip_targets() {
  static const std::vector<ChipTarget> kTargets = make_targets();
  return kTargets;
}

}  // namespace ice86::machine::fuzz
