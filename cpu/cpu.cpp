// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cpu/cpu.h"

#include "cpu/core.h"
#include "cpu/jit/jit.h"

namespace ice86::cpu {

Cpu::Cpu(CpuHost& host, TraceBus& trace, CpuModel model, Engine engine)
    : core_(std::make_unique<Core>(host, trace, std::move(model), engine)) {}
Cpu::~Cpu() = default;

bool engine_available(Engine engine) {
  return engine == Engine::kInterpreter || jit::Jit::available();
}

void Cpu::reset(ResetKind kind) {
  core_->reset(kind);
}
StopReason Cpu::run(std::uint64_t instructions) {
  return core_->run(instructions);
}
void Cpu::request_stop() {
  core_->request_stop();
}
void Cpu::set_intr(bool high) {
  core_->set_intr(high);
}

void Cpu::set_a20(bool enabled) {
  if (core_->a20 == enabled) return;
  core_->a20 = enabled;
  mapping_changed();
}

void Cpu::set_ignne(bool asserted) {
  core_->ignne = asserted;
}

void Cpu::pulse_nmi() {
  core_->s.nmi_pending = true;
  core_->leave_after_current();
}

void Cpu::pulse_smi() {
  core_->s.smi_pending = true;
  core_->leave_after_current();
}

void Cpu::mapping_changed() {
  core_->mapping_changed();
  core_->leave_after_current();
}

void Cpu::code_page_written(const std::uint8_t* page) {
  core_->code_page_written(page);
}
void Cpu::forget_code() {
  core_->forget_code();
}
void Cpu::code_bytes_written(const std::uint8_t* page, std::uint32_t offset, unsigned size) {
  core_->code_bytes_written(page, offset, size);
}
void Cpu::dirty_flags_taken() {
  core_->forget_all_writable();
}
void Cpu::set_interrupt_observer(InterruptObserver* observer) {
  core_->observer = observer;
  core_->far_targets = observer != nullptr ? &observer->far_targets() : nullptr;
  core_->context_changed = true;
}

void Cpu::set_debug_stops(DebugStops* stops) {
  core_->set_debug_stops(stops);
}

void Cpu::set_edge_map(std::uint8_t* map) {
  core_->jit_area.edge_map = map;
  core_->jit_area.edge_from = 0;
  core_->forget_code();  // translated blocks count, or do not
}
void Cpu::set_compare_map(std::uint8_t* map) {
  core_->jit_area.compare_map = map;
  core_->forget_code();
}
void Cpu::reset_edges() {
  core_->jit_area.edge_from = 0;
}

const State& Cpu::state() const {
  if (!core_->written_from_outside) core_->sync_flags();
  return core_->s;
}

const CpuModel& Cpu::model() const {
  return core_->model;
}

State& Cpu::mutable_state() {
  return core_->outside_state();
}

void Cpu::writable_pages(const std::function<void(std::uint8_t* page)>& each) const {
  for (const auto& part : core_->tlb) {
    for (const Core::TlbEntry& entry : part) {
      if (entry.write_tag != Core::kNoTag) each(entry.write_at(entry.write_tag));
    }
  }
}

bool Cpu::translate(std::uint64_t linear, Gpa& gpa) const {
  Core::Translation to;
  // A supervisor that SMAP does not stop: a debugger looks at user pages, too.
  if (!core_->walk(linear & core_->linear_mask, Access::kRead, Rights::kSupervisorAc, to, true))
    return false;
  gpa = to.gpa;
  return true;
}

void Cpu::serialize(Archive& archive) {
  core_->serialize(archive);
}

}  // namespace ice86::cpu
