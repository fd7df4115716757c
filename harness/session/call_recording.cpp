// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/session/call_recording.h"

#include <fmt/core.h>

namespace ice86::harness {

IntRecorder::View recorder_view(machine::Pc& pc) {
  return {[&pc]() -> const cpu::State& { return pc.cpu().state(); },
          [&pc](std::uint32_t linear, unsigned width) { return pc.peek_memory(linear, width); },
          [&pc] { return pc.clock().instructions(); }, [&pc] { return pc.clock().now(); }};
}

IntTrace recorded_trace(const machine::Pc& pc, const IntRecorder& recorder) {
  const machine::PcConfig& config = pc.config();
  IntTrace trace;
  trace.header.firmware = config.firmware.name;
  trace.header.rom_sha256 = config.firmware.rom_sha256;
  trace.header.vga_sha256 = config.firmware.vga_sha256;
  trace.header.machine =
      fmt::format("pc, cpu {}, {} MiB, {} instructions/us", config.cpu_model.name,
                  config.memory_mib, config.instructions_per_microsecond);
  trace.events = recorder.events();
  trace.losses = recorder.losses();
  return trace;
}

}  // namespace ice86::harness
