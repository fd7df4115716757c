// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/session/call_recording.h"

#include <fmt/core.h>

#include "emulator/machine/linear_memory.h"
#include "harness/interrupts/owners.h"

namespace ice86::harness {

IntRecorder::View recorder_view(machine::Pc& pc) {
  // It is up to date whenever the CPU tells its observer something.
  return {[&state = pc.cpu().state()]() -> const cpu::State& { return state; },
          [&pc](std::uint32_t linear, unsigned width) {
            return machine::peek_linear(pc, linear, width);
          },
          [&pc] { return pc.clock().instructions(); },
          [&pc] { return pc.clock().now(); },
          [&pc](std::uint32_t linear, std::span<std::uint8_t> room) {
            return machine::view_linear(pc, linear, room);
          },
          [&pc](std::uint32_t address, unsigned width) { return pc.peek_memory(address, width); },
          [&pc](std::uint32_t linear) -> std::optional<std::uint32_t> {
            Gpa address = 0;
            if (!pc.cpu().translate(linear, address)) return std::nullopt;
            return static_cast<std::uint32_t>(address);
          }};
}

namespace {

IntTrace without_calls(const machine::Pc& pc, const IntRecorder& recorder) {
  const machine::PcConfig& config = pc.config();
  IntTrace trace;
  trace.header.firmware = config.firmware.name;
  trace.header.rom_sha256 = pc.rom_sha256();
  trace.header.vga_sha256 = config.firmware.vga_sha256();
  trace.header.machine =
      fmt::format("{}, cpu {}, {} MiB, {} instructions/us", machine::board_info(config.board).name,
                  config.cpu_model.name, config.memory_mib, config.instructions_per_microsecond);
  trace.header.roms = find_roms(
      [&pc](std::uint32_t address, unsigned width) { return pc.peek_memory(address, width); });
  trace.vectors = recorder.vector_changes();
  trace.losses = recorder.losses();
  return trace;
}

}  // namespace

IntTrace recorded_trace(const machine::Pc& pc, const IntRecorder& recorder) {
  IntTrace trace = without_calls(pc, recorder);
  trace.events = recorder.events();
  return trace;
}

IntTrace take_trace(const machine::Pc& pc, IntRecorder& recorder) {
  IntTrace trace = without_calls(pc, recorder);
  trace.events = recorder.take_events();
  return trace;
}

}  // namespace ice86::harness
