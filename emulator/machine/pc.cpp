// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/pc.h"

#include <fmt/core.h>

#include <algorithm>

#include "emulator/base/hash.h"
#include "emulator/machine/page_keeper.h"
#include "emulator/machine/pc_parts.h"

namespace ice86::machine {

namespace {

constexpr std::uint64_t kMostMemoryMib = 65536;
// How many instructions may pass before RunLimits::interrupted is asked again: some 10 ms of host
// time.
constexpr std::uint64_t kInterruptedInterval = 2'000'000;
constexpr unsigned kMostNetworkWaits = 64;

}  // namespace

Result<std::unique_ptr<Pc>> Pc::create(PcConfig config) {
  if (config.memory_mib < 1 || config.memory_mib > kMostMemoryMib) {
    return usage_error(fmt::format("memory of {} MiB: from 1 to {} MiB fit this machine",
                                   config.memory_mib, kMostMemoryMib));
  }
  if (config.floppy_speed < 1 || config.floppy_speed > devices::I82077aa::kMostSpeed) {
    return usage_error("diskette drives run at 1 to 10 times the speed of real ones");
  }
  if (config.cpu_model.leaves.empty()) {
    ICE86_TRY_ASSIGN(config.cpu_model, cpu::load_cpu_model(std::string(cpu::kDefaultCpuModel)));
  }
  ICE86_TRY_ASSIGN(auto parts, Parts::create(std::move(config)));
  return std::unique_ptr<Pc>(new Pc(std::move(parts)));
}

Pc::Pc(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Pc::~Pc() = default;

Clock& Pc::clock() {
  return parts_->clock;
}
TraceBus& Pc::trace() {
  return parts_->trace;
}
cpu::Cpu& Pc::cpu() {
  return parts_->cpu;
}
const cpu::Cpu& Pc::cpu() const {
  return parts_->cpu;
}
devices::Vga& Pc::vga() {
  parts_->touched_from_outside = true;
  return *parts_->vga_card;
}
devices::I8042& Pc::keyboard_controller() {
  parts_->touched_from_outside = true;
  return parts_->keyboard_controller;
}
PcNetwork& Pc::network() {
  parts_->touched_from_outside = true;
  return parts_->network;
}
void Pc::input(const Input& input) {
  Parts& p = *parts_;
  p.touched_from_outside = true;
  if (const auto* key = std::get_if<KeyInput>(&input)) p.keyboard.key(key->key, key->pressed);
  if (const auto* motion = std::get_if<MotionInput>(&input))
    p.mouse.move(motion->dx, motion->dy, motion->wheel);
  if (const auto* button = std::get_if<ButtonInput>(&input))
    p.mouse.button(button->button, button->pressed);
  if (const auto* serial = std::get_if<SerialInput>(&input)) {
    receive_serial(serial->port, serial->bytes);
    return;  // tells what the line took
  }
  if (const auto* brk = std::get_if<BreakInput>(&input); brk != nullptr && brk->port < kSerialPorts)
    p.uarts[brk->port]->receive_break();
  if (const auto* frame = std::get_if<FrameInput>(&input)) p.network.give(*frame);
  if (std::holds_alternative<ResetInput>(input)) p.request_reset(ResetKind::kHard);
  if (p.input_told) p.input_told(input);
}
void Pc::on_input(std::function<void(const Input&)> told) {
  parts_->network.on_frame(told);
  parts_->input_told = std::move(told);
}
void Pc::set_debug_stops(cpu::DebugStops* stops) {
  parts_->set_debug_stops(stops);
}
Instant Pc::instant() const {
  return {parts_->clock.instructions(), parts_->clock.now()};
}
const std::string& Pc::rom_sha256() const {
  return parts_->rom_sha256();
}

const PcConfig& Pc::config() const {
  return parts_->config;
}

void Pc::reset(ResetKind kind) {
  parts_->reset(kind);
}

std::optional<ResetKind> Pc::pending_reset() const {
  return parts_->pending_reset;
}

void Pc::request_reset(ResetKind kind) {
  parts_->request_reset(kind);
}

RunResult Pc::run(const RunLimits& limits) {
  Parts& p = *parts_;
  p.end.reset();
  if (p.stops != nullptr) p.stops->hit.reset();
  std::uint64_t asked_at = p.clock.instructions();
  bool ask = false;
  unsigned network_waits = 0;
  Instant next_visit = instant();
  const auto visit_is_due = [&] {
    return p.clock.now() >= next_visit.time && p.clock.instructions() >= next_visit.instructions;
  };
  for (;;) {
    p.apply_pending_reset();
    // A stop before a reset: what is due at this boundary comes after it, as without a debugger.
    if (!p.stops_at_reset()) p.clock.run_due_events();
    if (!p.stops_at_reset()) p.apply_pending_reset();
    if (p.end) return {*p.end, p.debug_exit_value};
    if (p.stops != nullptr && p.stops->stop && p.stops->hit) return {RunEnd::kStopped, 0};
    if (limits.instructions && p.clock.instructions() >= *limits.instructions) {
      return {RunEnd::kInstructionLimit, 0};
    }
    if (limits.time && p.clock.now() >= *limits.time) return {RunEnd::kTimeLimit, 0};
    const bool visit = limits.attend && visit_is_due();
    if (visit) next_visit = limits.attend();
    if (limits.interrupted &&
        (visit || ask || p.clock.instructions() - asked_at >= kInterruptedInterval)) {
      asked_at = p.clock.instructions();
      ask = false;
      if (limits.interrupted()) return {RunEnd::kInterrupted, 0};
    }

    std::uint64_t budget = p.clock.instructions_until_next_event();
    if (budget == 0) continue;
    if (limits.instructions)
      budget = std::min(budget, *limits.instructions - p.clock.instructions());
    if (limits.time) budget = std::min(budget, p.clock.instructions_until(*limits.time));
    if (limits.interrupted) budget = std::min(budget, kInterruptedInterval);
    if (limits.attend && !visit_is_due()) {
      budget = std::min(budget, p.clock.now() < next_visit.time
                                    ? p.clock.instructions_until(next_visit.time)
                                    : next_visit.instructions - p.clock.instructions());
    }

    switch (p.cpu.run(budget)) {
      case cpu::StopReason::kBudget:
      case cpu::StopReason::kRequested: break;
      case cpu::StopReason::kShutdown:
        if (!p.config.reset_on_triple_fault) return {RunEnd::kCrashed, 0};
        p.request_reset(ResetKind::kHard);
        break;
      case cpu::StopReason::kHalted: {
        if (p.end || p.reset_pending()) break;
        if (!p.can_wake()) return {RunEnd::kStuck, 0};
        auto next = p.clock.next_deadline();
        // A key may still wake it, when somebody is there.
        if (!next && limits.attend && p.clock.now() < next_visit.time) next = next_visit.time;
        if (!next) return {RunEnd::kStuck, 0};
        Nanoseconds until = limits.time ? std::min(*next, *limits.time) : *next;
        if (limits.attend && p.clock.now() < next_visit.time)
          until = std::min(until, next_visit.time);
        // While somebody outside may answer, idle time is real time. What came may have to be seen
        // before the next deadline; a network that says so again and again does not stop the clock.
        const bool came = until > p.clock.now() && p.network.wait(until - p.clock.now());
        if (!came || ++network_waits > kMostNetworkWaits) {
          p.clock.skip_to(until);
          network_waits = 0;
        }
        ask = true;  // a guest that sleeps retires few instructions: for every wake-up
        break;
      }
    }
  }
}

void Pc::stop() {
  parts_->finish(RunEnd::kStopped);
}

std::size_t Pc::receive_serial(unsigned port, std::span<const std::uint8_t> bytes) {
  if (port >= kSerialPorts) return 0;
  parts_->touched_from_outside = true;
  const std::size_t taken = parts_->uarts[port]->receive(bytes);
  if (taken != 0 && parts_->input_told)
    parts_->input_told(SerialInput{port, {bytes.begin(), bytes.begin() + taken}});
  return taken;
}

std::size_t Pc::serial_room(unsigned port) const {
  return port < kSerialPorts ? parts_->uarts[port]->receive_room() : 0;
}

void Pc::break_serial(unsigned port) {
  input(BreakInput{port});
}

std::uint64_t Pc::peek_memory(Gpa gpa, unsigned width) const {
  return parts_->space.peek(gpa, width);
}
void Pc::peek_memory(Gpa gpa, std::span<std::uint8_t> bytes) const {
  parts_->space.peek(gpa, bytes);
}
std::span<const std::uint8_t> Pc::memory_in_place(Gpa gpa, std::size_t size) const {
  return parts_->space.in_place(gpa, size);
}
std::uint32_t Pc::peek_port(std::uint16_t port, unsigned width) const {
  return parts_->ports.peek(port, width);
}

std::uint64_t Pc::read_memory(Gpa gpa, unsigned width) {
  return parts_->memory_read(gpa, width);
}
void Pc::write_memory(Gpa gpa, unsigned width, std::uint64_t value) {
  parts_->memory_write(gpa, width, value);
  parts_->apply_pending_reset();
}
void Pc::write_memory(Gpa gpa, std::span<const std::uint8_t> bytes) {
  parts_->space.write(gpa, bytes);
  parts_->apply_pending_reset();
}
std::uint32_t Pc::read_port(std::uint16_t port, unsigned width) {
  return parts_->port_read(port, width);
}
void Pc::write_port(std::uint16_t port, unsigned width, std::uint32_t value) {
  parts_->port_write(port, width, value);
  parts_->apply_pending_reset();
}

std::vector<std::uint8_t> Pc::unsent_serial(unsigned port) const {
  return port < kSerialPorts ? parts_->uarts[port]->unsent() : std::vector<std::uint8_t>{};
}

std::vector<std::uint8_t> Pc::save() {
  Archive archive = Archive::writer();
  parts_->serialize(archive);
  ICE86_ASSERT(archive.finish());
  return archive.bytes();
}

Result<void> Pc::load(std::span<const std::uint8_t> bytes) {
  Archive archive = Archive::reader(bytes);
  parts_->serialize(archive);
  if (auto done = archive.finish(); !done) {
    parts_->reset(ResetKind::kPowerOn);
    return std::move(done).error().within("snapshot");
  }
  return {};
}

std::vector<std::uint8_t> Pc::save(PageKeeper& keeper) {
  Archive archive = Archive::writer(&keeper);
  parts_->serialize(archive);
  ICE86_ASSERT(archive.finish());
  // The CPU may go on writing to these pages without anybody's notice.
  parts_->cpu.writable_pages([&keeper](std::uint8_t* page) { keeper.mark_dirty(page); });
  return archive.bytes();
}

Result<void> Pc::load(std::span<const std::uint8_t> bytes, PageKeeper& keeper) {
  Archive archive = Archive::reader(bytes, &keeper);
  parts_->serialize(archive);
  if (auto done = archive.finish(); !done) {
    parts_->reset(ResetKind::kPowerOn);
    return std::move(done).error().within("snapshot");
  }
  return {};
}

Result<void> Pc::finish() {
  ICE86_TRY(parts_->finish_media());
  ICE86_TRY(parts_->finish_vars());
  return parts_->network.finish();
}

std::string Pc::state_hash() {
  return sha256_hex(save());
}

std::string Pc::dump() const {
  return parts_->dump();
}

}  // namespace ice86::machine
