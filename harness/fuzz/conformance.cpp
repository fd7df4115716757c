// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/fuzz/conformance.h"

#include <fmt/core.h>

#include <cstring>

#include "emulator/base/bits.h"

namespace ice86::harness {

const Registers& Probe::call(std::uint8_t vector, const Regs& in, std::uint32_t edx_high) {
  if (!problem_.empty()) return out_;
  Registers r;
  r.eax = in.ax, r.ebx = in.bx, r.ecx = in.cx, r.edx = edx_high << 16 | in.dx;
  r.esi = in.si, r.edi = in.di;
  r.es = in.es, r.ds = kData;
  r.flags = 0x202;
  std::array<std::uint8_t, 16> packet{};
  rig_.pc().peek_memory((std::uint32_t{kData} << 4) + in.si, packet);
  Input& input = inputs_[vector];
  if (input.size() < kMostSteps * kStepBytes) append_call(input, r, packet);
  const Rig::Answer answer = rig_.ask(vector, r);
  out_ = answer.out;
  if (!answer.returned) fail("no return");
  return out_;
}

std::uint32_t Probe::get(std::uint32_t at, unsigned width) const {
  return static_cast<std::uint32_t>(rig_.pc().peek_memory(at, width));
}

void Probe::put(std::uint32_t at, unsigned width, std::uint32_t value) {
  rig_.pc().write_memory(at, width, value);
}

void Probe::fill(std::uint32_t at, std::uint32_t size, std::uint8_t value) {
  rig_.pc().write_memory(at, std::vector<std::uint8_t>(size, value));
}

std::uint8_t Probe::sum(std::uint32_t at, std::uint32_t size) const {
  std::uint32_t sum = 0;
  for (std::uint32_t i = 0; i < size; ++i) sum += get(at + i, 1);
  return static_cast<std::uint8_t>(sum);
}

bool Probe::is_sector(std::uint32_t at, std::uint8_t drive, std::uint64_t sector) const {
  FuzzDisk::Sector expected{}, found{};
  const FuzzDisk* disk = rig_.disk_of(drive);
  if (disk == nullptr) return false;
  disk->contents(sector, expected.data());
  rig_.pc().peek_memory(at, found);
  return expected == found;
}

void Probe::press(devices::KeyCode key, bool down) {
  rig_.pc().input(machine::KeyInput{key, down});
  rig_.pass(20'000'000);
}

void Probe::stroke(devices::KeyCode key) {
  press(key, true);
  press(key, false);
}

void Probe::fail(std::string what) {
  if (problem_.empty()) problem_ = std::move(what);
}
void Probe::works() {
  if (out_.carry()) fail(fmt::format("fails: CF, AH={:02x}", out_.ah()));
}
void Probe::fails() {
  if (!out_.carry()) fail(fmt::format("does not fail: AX={:04x}", out_.ax()));
}
void Probe::is(std::string_view what, std::uint64_t value, std::uint64_t expected) {
  if (value != expected) fail(fmt::format("{} is {:x}, should be {:x}", what, value, expected));
}

std::vector<ConformanceResult> run_conformance(Rig& rig) {
  std::vector<ConformanceResult> results;
  for (const auto* table : {&disk_checks(), &video_checks(), &system_checks()}) {
    for (const ConformanceCheck& check : *table) {
      rig.reset();
      Probe probe(rig);
      check.run(probe);
      results.push_back({&check, probe.problem(), probe.calls_of(rig.options().target.vector)});
    }
  }
  return results;
}

std::string conformance_table(const std::vector<ConformanceColumn>& columns) {
  if (columns.empty()) return "";
  std::string text = "| service | by |";
  std::string rule = "|---|---|";
  for (const ConformanceColumn& column : columns) {
    text += fmt::format(" {} |", column.firmware);
    rule += "---|";
  }
  text += "\n" + rule + "\n";
  std::vector<std::size_t> passed(columns.size());
  const std::size_t rows = columns.front().results.size();
  for (std::size_t row = 0; row < rows; ++row) {
    const ConformanceCheck& check = *columns.front().results[row].check;
    text += fmt::format("| INT {:02X}h: {} | {} |", check.vector, check.name, check.reference);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string& problem = columns[i].results[row].problem;
      if (problem.empty()) ++passed[i];
      text += problem.empty() ? " pass |" : fmt::format(" **{}** |", problem);
    }
    text += "\n";
  }
  text += "| passed | |";
  for (const std::size_t count : passed) text += fmt::format(" {} of {} |", count, rows);
  return text + "\n";
}

}  // namespace ice86::harness
