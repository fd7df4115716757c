// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/cpu/fuzz/execution.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "emulator/base/bits.h"
#include "tests/cpu/fuzz/stream.h"

namespace ice86::cpu::fuzz {

namespace {

enum class Event : std::uint8_t {
  kNone,
  kInterrupt,
  kNoInterrupt,
  kNmi,
  kSmi,
  kA20,
  kInit,
  kDma,
  kMapping,
  kDebugger  // State changed from outside
};

struct Step {
  Event event = Event::kNone;
  std::uint64_t value = 0;
  std::uint32_t budget = 0;
};

}  // namespace

class Fuzzer::Observer final : public InterruptObserver {
 public:
  void interrupt_delivered(const InterruptDelivery& delivery) override {
    if (statistics != nullptr) ++statistics->delivered[delivery.vector];
  }
  void far_transfer(FarTransfer) override {}
  Statistics* statistics = nullptr;
};

struct Fuzzer::Plan {
  std::size_t model = 0;
  std::uint64_t host_seed = 0, scene_seed = 0;
  std::vector<Step> steps;
  std::size_t snapshot_at = 0;
};

Fuzzer::Fuzzer(const FuzzOptions& options)
    : options_(options), models_(builtin_cpu_models()), observer_(std::make_unique<Observer>()) {
  models_.push_back(plain_cpu_model(implemented_features()));
  machines_.resize(models_.size());
}
Fuzzer::~Fuzzer() = default;

FuzzHost& Fuzzer::machine(std::unique_ptr<FuzzHost>& slot, std::size_t model) {
  if (slot == nullptr) slot = std::make_unique<FuzzHost>(models_[model]);
  return *slot;
}

Fuzzer::Plan Fuzzer::make_plan(const Case& one, Random& random) {
  Plan plan;
  // The two that have everything, more often than the others.
  const auto count = static_cast<std::uint32_t>(models_.size());
  plan.model = random.one_in(2) ? count - 1 : random.below(count);
  if ((one.mode == Mode::kLong64 || one.mode == Mode::kCompatibility) && random.one_in(2)) {
    const auto found = std::find_if(models_.begin(), models_.end(),
                                    [](const CpuModel& model) { return model.name == "haswell"; });
    if (found != models_.end()) plan.model = static_cast<std::size_t>(found - models_.begin());
  }
  plan.host_seed = random.next();
  plan.scene_seed = random.next();
  const std::uint32_t steps = 4 + random.below(16);
  for (std::uint32_t i = 0; i < steps; ++i) {
    Step step;
    if (random.one_in(2)) {
      static constexpr Event kEvents[] = {Event::kInterrupt,   Event::kInterrupt, Event::kInterrupt,
                                          Event::kNmi,         Event::kNmi,       Event::kSmi,
                                          Event::kSmi,         Event::kA20,       Event::kDma,
                                          Event::kNoInterrupt, Event::kMapping,   Event::kNone};
      step.event = random.pick(kEvents);
      if (random.one_in(64)) step.event = Event::kInit;
      if (random.one_in(64)) step.event = Event::kDebugger;
    }
    step.value = random.next();
    static constexpr std::uint32_t kMost[] = {3, 30, 300, 300, 3000};
    step.budget = 1 + random.below(random.pick(kMost));
    plan.steps.push_back(step);
  }
  plan.snapshot_at = random.below(steps);
  return plan;
}

void Fuzzer::prepare(const Case& one, const Plan& plan, FuzzHost& host) {
  host.print_events = options_.trace;
  host.power_on(plan.host_seed);
  Random random(plan.scene_seed);
  const unsigned bits = set_scene(one.mode, random, host);
  const std::span<std::uint8_t> code(host.ram() + kCodeAt, kCodeBytes);
  if (one.code.empty()) {
    fill_stream(random, code, bits, bits == 16 ? 0x10000 : kRamBytes);
  } else {
    std::copy_n(one.code.begin(), std::min<std::size_t>(one.code.size(), kCodeBytes), code.begin());
  }
  if (one.mode == Mode::kSmm) {
    constexpr std::uint32_t kHandlerBytes = 0x800;
    std::copy_n(code.begin(), kHandlerBytes, host.ram() + kSmiHandlerAt);
    std::copy_n(code.begin(), kHandlerBytes, host.smram());
  }
}

namespace {

void apply(const Step& step, FuzzHost& host) {
  Cpu& cpu = host.cpu();
  switch (step.event) {
    case Event::kNone: break;
    case Event::kInterrupt: cpu.set_intr(true); break;
    case Event::kNoInterrupt: cpu.set_intr(false); break;
    case Event::kNmi: cpu.pulse_nmi(); break;
    case Event::kSmi: cpu.pulse_smi(); break;
    case Event::kA20: cpu.set_a20((step.value & 1) != 0); break;
    case Event::kInit: cpu.reset(ResetKind::kInit); break;
    case Event::kDma:
      for (unsigned i = 0; i < 8; ++i) {
        host.dma_write(static_cast<std::uint32_t>(mix(step.value, i) % kRamBytes),
                       static_cast<std::uint8_t>(step.value >> (8 * i)));
      }
      break;
    case Event::kMapping: cpu.mapping_changed(); break;
    case Event::kDebugger: {
      Random random(step.value);
      State& s = cpu.mutable_state();
      s.gpr[random.below(16)] = edge_value(random);
      if (random.one_in(2)) s.rflags ^= random.next() & 0xffff;
      if (random.one_in(4)) s.rip = edge_value(random);
      if (random.one_in(4)) s.mxcsr = static_cast<std::uint32_t>(random.next());
      if (random.one_in(4)) s.fsw = static_cast<std::uint16_t>(random.next());
      if (random.one_in(4)) s.fcw = static_cast<std::uint16_t>(random.next());
      if (random.one_in(4)) s.cr0 ^= std::uint64_t{1} << random.below(32);
      if (random.one_in(4)) s.cr4 ^= std::uint64_t{1} << random.below(22);
      if (random.one_in(4)) s.cr3 = edge_value(random);
      if (random.one_in(8)) s.efer ^= std::uint64_t{1} << random.below(12);
      if (random.one_in(4)) s.dr[random.below(8)] = edge_value(random);
      if (random.one_in(4)) s.segment[random.below(6)].attributes ^= 1u << (8 + random.below(16));
      if (random.one_in(4)) s.segment[random.below(6)].base = edge_value(random);
      if (random.one_in(8)) s.segment[random.below(6)].usable = false;
      if (random.one_in(8)) s.in_smm = !s.in_smm;
      if (random.one_in(8)) s.smbase = static_cast<std::uint32_t>(random.next());
      break;
    }
  }
}

// What two machines do not agree on.
std::string difference(FuzzHost& a, FuzzHost& b) {
  std::string text;
  const State &s = a.cpu().state(), &t = b.cpu().state();
  const auto compare = [&](std::string_view name, std::uint64_t x, std::uint64_t y) {
    if (x != y) text += fmt::format(" {} {:x}/{:x}", name, x, y);
  };
  for (unsigned i = 0; i < 16; ++i) compare(fmt::format("gpr{}", i), s.gpr[i], t.gpr[i]);
  compare("rip", s.rip, t.rip);
  compare("rflags", s.rflags, t.rflags);
  compare("cr0", s.cr0, t.cr0);
  compare("cr2", s.cr2, t.cr2);
  compare("cr3", s.cr3, t.cr3);
  compare("cr4", s.cr4, t.cr4);
  compare("efer", s.efer, t.efer);
  for (unsigned i = 0; i < 8; ++i) compare(fmt::format("dr{}", i), s.dr[i], t.dr[i]);
  for (unsigned i = 0; i < 6; ++i) {
    compare(fmt::format("selector{}", i), s.segment[i].selector, t.segment[i].selector);
    compare(fmt::format("base{}", i), s.segment[i].base, t.segment[i].base);
    compare(fmt::format("attributes{}", i), s.segment[i].attributes, t.segment[i].attributes);
  }
  for (unsigned i = 0; i < 8; ++i) {
    compare(fmt::format("x87 {}", i), s.x87[i].significand, t.x87[i].significand);
    compare(fmt::format("x87 {} exponent", i), s.x87[i].sign_exponent, t.x87[i].sign_exponent);
  }
  compare("fcw", s.fcw, t.fcw);
  compare("fsw", s.fsw, t.fsw);
  compare("fop", s.fop, t.fop);
  compare("fip", s.fip, t.fip);
  compare("fdp", s.fdp, t.fdp);
  compare("fcs", s.fcs, t.fcs);
  compare("fds", s.fds, t.fds);
  compare("empty", s.x87_empty, t.x87_empty);
  compare("mxcsr", s.mxcsr, t.mxcsr);
  compare("halted", s.halted, t.halted);
  compare("in_smm", s.in_smm, t.in_smm);
  compare("nmi_blocked", s.nmi_blocked, t.nmi_blocked);
  compare("shadow", s.interrupt_shadow, t.interrupt_shadow);
  unsigned bytes = 0;
  for (std::uint32_t at = 0; at < kRamBytes; ++at) {
    if (a.ram()[at] == b.ram()[at]) continue;
    if (++bytes <= 8) text += fmt::format(" [{:x}] {:02x}/{:02x}", at, a.ram()[at], b.ram()[at]);
  }
  if (bytes > 8) text += fmt::format(" and {} more bytes", bytes - 8);
  return text.empty() ? " hidden state" : text;
}

struct Run {
  std::string problem;
  bool shutdown = false;
  std::uint64_t slowest_ns = 0;
};

void print_state(FuzzHost& host, std::size_t step) {
  const State& s = host.cpu().state();
  fmt::print("step {} at {}: {:04x}:{:x} flags {:x} cpl {}{}{}{} ax {:x} cx {:x} sp {:x} {:016x}:",
             step, host.retired(), s.segment[kCs].selector, s.rip, s.rflags, s.cpl(),
             s.halted ? " halted" : "", s.in_smm ? " smm" : "", s.nmi_pending ? " nmi pending" : "",
             s.gpr[kRax], s.gpr[kRcx], s.gpr[kRsp], host.hash());
  Gpa at = 0;
  for (unsigned i = 0; i < 8 && host.cpu().translate(s.segment[kCs].base + s.rip + i, at); ++i)
    fmt::print(" {:02x}", host.memory_peek(at, 1));
  fmt::print("\n");
}

// Steps from `first` up to `end`. `parts`: how many calls of run() a step takes.
Run run_steps(const std::vector<Step>& steps, std::size_t first, std::size_t end, unsigned parts,
              FuzzHost& host, bool trace) {
  Run result;
  for (std::size_t i = first; i < end && !result.shutdown; ++i) {
    apply(steps[i], host);
    std::uint64_t left = steps[i].budget;
    for (unsigned part = parts; part > 0 && left > 0; --part) {
      const std::uint64_t budget = std::max<std::uint64_t>(left / part, 1);
      const std::uint64_t before = host.retired();
      const auto start = std::chrono::steady_clock::now();
      const StopReason reason = host.cpu().run(budget);
      const std::chrono::nanoseconds taken = std::chrono::steady_clock::now() - start;
      result.slowest_ns = std::max(result.slowest_ns, static_cast<std::uint64_t>(taken.count()));
      const std::uint64_t done = host.retired() - before;
      if (done > budget || (reason == StopReason::kBudget && done != budget)) {
        result.problem = fmt::format("run({}) retired {} instructions", budget, done);
        return result;
      }
      left -= done;
      if (trace) print_state(host, i);
      result.shutdown = reason == StopReason::kShutdown;
      if (reason != StopReason::kBudget) break;
    }
  }
  return result;
}

}  // namespace

std::string Fuzzer::execute(const Case& one, Statistics& statistics) {
  const bool trace = options_.trace;
  Random random(one.seed);
  const Plan plan = make_plan(one, random);
  Machines& set = machines_[plan.model];
  FuzzHost& plain = machine(set.plain, plan.model);
  observer_->statistics = &statistics;
  plain.cpu().set_interrupt_observer(observer_.get());
  prepare(one, plan, plain);
  const bool check = options_.check_each != 0 && random.below(options_.check_each) == 0;
  const std::size_t middle = plan.snapshot_at, end = plan.steps.size();

  Run run = run_steps(plan.steps, 0, middle, 1, plain, trace);
  const bool ended_early = run.shutdown;
  // A snapshot has no TLB: whoever is compared with it goes on without, too.
  if (check) plain.cpu().mapping_changed();
  if (run.problem.empty() && !ended_early) {
    const Run rest = run_steps(plan.steps, middle, end, 1, plain, trace);
    run.problem = rest.problem;
    run.shutdown = rest.shutdown;
    run.slowest_ns = std::max(run.slowest_ns, rest.slowest_ns);
  }
  ++statistics.executions;
  statistics.instructions += plain.retired();
  statistics.shutdowns += run.shutdown;
  statistics.slowest_ns = std::max(statistics.slowest_ns, run.slowest_ns);
  const std::uint64_t hash = check ? plain.hash() : 0;
  const std::string name = plain.cpu().model().name;
  plain.cpu().forget_code();  // its memory is not this execution's any more
  if (!run.problem.empty() || !check) return run.problem;

  ++statistics.checked;
  FuzzHost& first = machine(set.first, plan.model);
  FuzzHost& second = machine(set.second, plan.model);
  prepare(one, plan, first);
  const Run before = run_steps(plan.steps, 0, middle, options_.parts, first, trace);
  if (!before.problem.empty()) return before.problem;
  Archive saved = Archive::writer();
  first.serialize(saved);
  second.print_events = trace;
  Archive loaded = Archive::reader(saved.bytes());
  second.serialize(loaded);
  if (const Result<void> finished = loaded.finish(); !finished)
    return "its snapshot does not load: " + finished.error().message();
  if (!ended_early) {
    const Run after = run_steps(plan.steps, middle, end, options_.parts, second, trace);
    if (!after.problem.empty()) return after.problem;
  }
  const std::uint64_t again = second.hash();
  const std::uint64_t retired = second.retired();
  first.cpu().forget_code();
  second.cpu().forget_code();
  if (again != hash || retired != plain.retired()) {
    return fmt::format(
        "run again through a snapshot it ends in another state: {:016x} after {} instructions, "
        "{:016x} after {} (model {}, snapshot before step {} of {}):{}",
        hash, plain.retired(), again, retired, name, middle, end, difference(plain, second));
  }
  return {};
}

}  // namespace ice86::cpu::fuzz
