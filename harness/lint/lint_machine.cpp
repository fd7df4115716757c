// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: PCI Local Bus Specification 2.1, sections 3.7.4 and 6.2.
#include "harness/lint/lint_machine.h"

#include <algorithm>
#include <cstdio>

namespace ice86::harness {

namespace {

constexpr std::uint16_t kConfigAddress = 0xcf8, kConfigData = 0xcfc;
constexpr unsigned kCommand = 0x04, kHeaderType = 0x0c, kBar0 = 0x10, kInterrupt = 0x3c;

struct Function {
  machine::Pc& pc;
  unsigned bus, device, function;

  void point(unsigned offset) const {
    pc.write_port(kConfigAddress, 4,
                  0x80000000u | bus << 16 | device << 11 | function << 8 | offset);
  }
  std::uint32_t read(unsigned offset) const {
    point(offset);
    return pc.read_port(kConfigData, 4);
  }
  void write(unsigned offset, std::uint32_t value) const {
    point(offset);
    pc.write_port(kConfigData, 4, value);
  }
  bool there() const { return (read(0) & 0xffff) != 0xffff; }
};

void add_bars(const Function& f, LintView& view) {
  const std::uint32_t command = f.read(kCommand) & 0xffff;
  f.write(kCommand, command & ~3u);
  for (unsigned offset = kBar0; offset < kBar0 + 24; offset += 4) {
    const std::uint32_t value = f.read(offset);
    f.write(offset, 0xffffffff);
    const std::uint32_t mask = f.read(offset);
    f.write(offset, value);
    if (mask == 0 || mask == 0xffffffff) continue;
    const bool io = (mask & 1) != 0, wide = !io && (mask & 6) == 4;
    LintBar bar{f.bus, f.device, f.function, offset, io, 0, 0};
    bar.size = ~(io ? (mask & ~3u) | 0xffff0000u : mask & ~15u) + 1u;
    bar.start = value & (io ? ~3u : ~15u);
    if (wide) {
      offset += 4;
      bar.start |= std::uint64_t{f.read(offset)} << 32;
    }
    if ((command & (io ? 1u : 2u)) != 0) view.bars.push_back(bar);
  }
  f.write(kCommand, command);
}

void add_ranges(const std::vector<IntEvent>& events, LintView& view) {
  std::vector<LintRange> round;
  for (const IntEvent& event : events) {
    if (event.vector != 0x15 || event.in.ax() != 0xe820 || !event.out || event.out->carry()) {
      continue;
    }
    if ((event.in.ebx) == 0) round.clear();
    unsigned long long start = 0, size = 0;
    char type[16] = "";
    if (std::sscanf(event.result->c_str(), "%llx + %llx %15[^,]", &start, &size, type) != 3) {
      continue;
    }
    const std::string name(type);
    round.push_back({start, size,
                     name == "usable" ? 1u
                     : name == "ACPI" ? 3u
                     : name == "NVS"  ? 4u
                                      : 2u});
    if (event.out->ebx == 0) view.e820 = round;
  }
}

}  // namespace

LintView lint_view(machine::Pc& pc, const std::vector<IntEvent>& events) {
  LintView view;
  view.memory = [&pc](std::uint64_t at) {
    return static_cast<std::uint8_t>(pc.peek_memory(at, 1));
  };
  view.memory_size = std::min<std::uint64_t>(pc.config().memory_mib, 3072) << 20;
  add_ranges(events, view);
  for (unsigned device = 0; device < 32; ++device) {
    const bool several = (Function{pc, 0, device, 0}.read(kHeaderType) >> 16 & 0x80) != 0;
    for (unsigned function = 0; function < (several ? 8u : 1u); ++function) {
      const Function f{pc, 0, device, function};
      if (!f.there()) continue;
      if (function == 0) view.devices.push_back(device);
      add_bars(f, view);
      const std::uint32_t interrupt = f.read(kInterrupt);
      if ((interrupt >> 8 & 0xff) != 0) {
        view.interrupts.push_back({device, function, interrupt >> 8 & 0xff, interrupt & 0xff});
      }
    }
  }
  return view;
}

}  // namespace ice86::harness
