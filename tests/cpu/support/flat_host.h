// SPDX-License-Identifier: LGPL-2.1-or-later
// The smallest machine around a CPU: memory from address 0, ports that read as all ones, no
// devices.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cpu/cpu.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/ram.h"
#include "emulator/bus/trace.h"

namespace ice86::cpu::test {

// The engines that a test goes through where it can.
inline std::vector<Engine> engines() {
  std::vector<Engine> all{Engine::kInterpreter};
  if (engine_available(Engine::kJit)) all.insert(all.end(), {Engine::kJit, Engine::kJitAtOnce});
  return all;
}
inline std::string engine_name(Engine engine) {
  return engine == Engine::kInterpreter ? "interp" : engine == Engine::kJit ? "jit" : "jit_at_once";
}

class FlatHost final : public CpuHost {
 public:
  explicit FlatHost(std::uint64_t memory_bytes,
                    CpuModel model = plain_cpu_model(implemented_features()),
                    Engine engine = Engine::kInterpreter)
      : ram_(std::move(*Ram::create("ram", memory_bytes))),
        cpu_(*this, trace_, std::move(model), engine) {}
  FlatHost(std::uint64_t memory_bytes, const FeatureSet& offered,
           Engine engine = Engine::kInterpreter)
      : FlatHost(memory_bytes, plain_cpu_model(offered), engine) {}

  Ram& ram() { return *ram_; }
  Cpu& cpu() { return cpu_; }
  Clock& clock() { return clock_; }
  TraceBus& trace() { return trace_; }
  std::uint8_t* memory() { return ram_->data(); }

  // What a port reads as, and where writes go; by default all ones, and nowhere.
  std::function<std::uint32_t(std::uint16_t, unsigned)> on_port_read;
  std::function<void(std::uint16_t, unsigned, std::uint32_t)> on_port_write;
  std::function<void(bool)> on_ferr;
  std::function<void(const std::uint8_t*)> on_code_write;  // another CPU would be told
  std::uint8_t interrupt_vector = 0x20;

  PageView page(Gpa gpa) override {
    PageView view;
    const Gpa base = align_down(gpa, kPageSize);
    if (base >= ram_->size()) return view;
    view.read = view.write = ram_->data() + base;
    view.read_flags = view.write_flags = ram_->page_flags(base);
    return view;
  }
  std::uint64_t memory_read(Gpa gpa, unsigned width) override { return memory_peek(gpa, width); }
  void memory_write(Gpa gpa, unsigned width, std::uint64_t value) override {
    if (gpa + width > ram_->size()) return;
    if ((*ram_->page_flags(gpa) & Ram::kCode) != 0)
      cpu_.code_page_written(ram_->data() + align_down(gpa, kPageSize));
    std::memcpy(ram_->data() + gpa, &value, width);
  }
  std::uint64_t memory_peek(Gpa gpa, unsigned width) const override {
    if (gpa + width > ram_->size()) return width_mask(width);
    std::uint64_t value = 0;
    std::memcpy(&value, ram_->data() + gpa, width);
    return value;
  }
  void code_write(const std::uint8_t* page) override {
    if (on_code_write) on_code_write(page);
  }
  std::uint32_t port_read(std::uint16_t port, unsigned width) override {
    return on_port_read ? on_port_read(port, width) : static_cast<std::uint32_t>(width_mask(width));
  }
  void port_write(std::uint16_t port, unsigned width, std::uint32_t value) override {
    if (on_port_write) on_port_write(port, width, value);
  }
  void ferr_changed(bool asserted) override {
    if (on_ferr) on_ferr(asserted);
  }
  std::uint8_t acknowledge_interrupt() override { return interrupt_vector; }
  std::uint64_t& instructions() override { return clock_.instructions(); }
  std::uint64_t timestamp_counter() const override { return clock_.instructions(); }

 private:
  Clock clock_;
  TraceBus trace_{clock_};
  std::unique_ptr<Ram> ram_;
  Cpu cpu_;
};

}  // namespace ice86::cpu::test
