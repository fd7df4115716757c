// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/scenario/player.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "devices/vga/vga.h"
#include "emulator/base/files.h"
#include "emulator/base/hash.h"
#include "emulator/base/host_clock.h"
#include "emulator/display/screen.h"
#include "harness/diff/diff_report.h"
#include "harness/report/text.h"
#include "harness/scenario/call_watch.h"
#include "harness/scenario/picture.h"
#include "harness/scenario/registers.h"
#include "harness/session/call_recording.h"
#include "harness/session/run_directory.h"
#include "harness/trace/trace_file.h"

namespace ice86::harness {

namespace {

using Verdict = Outcome::Verdict;
using slirp_net::TappedNetwork;

// How often a condition is looked at that no event tells of.
constexpr Nanoseconds kLook = 10'000'000;
// A key stroke of a person who types well.
constexpr Nanoseconds kKeyDown = 30'000'000, kKeyUp = 30'000'000;
constexpr std::size_t kLastCalls = 20;
constexpr std::size_t kMostFrames = 100'000;

std::string_view name_of(machine::RunEnd end) {
  switch (end) {
    case machine::RunEnd::kPowerOff: return "powered off";
    case machine::RunEnd::kDebugExit: return "wrote to the debug exit port";
    case machine::RunEnd::kCrashed: return "crashed (triple fault)";
    case machine::RunEnd::kStuck: return "halted with interrupts off: nothing can wake it";
    case machine::RunEnd::kReset: return "asked for a reset";
    default: return "was stopped";
  }
}

std::string seconds(Nanoseconds time) {
  return fmt::format("{:.3f} s", static_cast<double>(time) / 1e9);
}

std::string without_blank_end(std::string text) {
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

// A step that went wrong.
struct Fault {
  Verdict verdict = Verdict::kFailed;
  std::string message;
};
using StepResult = std::optional<Fault>;

Fault failed(std::string message) {
  return {Verdict::kFailed, std::move(message)};
}
Fault fault_of(const Error& error) {
  return {error.kind() == ErrorKind::kUsage ? Verdict::kInvalid : Verdict::kMissing,
          error.message()};
}

// What of a trace its golden form keeps: the calls that are compared, so that the file stays small.
IntTrace kept(IntTrace trace, const GoldenTrace& golden) {
  trace.vectors.clear();
  if (golden.vectors.empty()) return trace;
  std::erase_if(trace.events, [&](const IntEvent& event) {
    return std::find(golden.vectors.begin(), golden.vectors.end(), event.vector) ==
           golden.vectors.end();
  });
  return trace;
}

class Player {
 public:
  Player(const Scenario& scenario, const PlayOptions& options)
      : scenario_(scenario), options_(options) {}

  Outcome play(machine::PcConfig config);

 private:
  using Condition = std::function<bool()>;

  void prepare(machine::PcConfig& config);
  void watch_serial(std::uint8_t byte);
  StepResult perform(const Step& step);
  StepResult finish();
  Outcome outcome_of(const StepResult& fault, const Step* step);

  // Runs until `over` (told by met()), at most `limit` of virtual time.
  // Null: it came to that. `polled`: what no event tells of.
  StepResult wait(Nanoseconds limit, const std::string& what, const Condition& polled = nullptr);
  StepResult run_on(Nanoseconds time);
  machine::RunLimits limits_until(Nanoseconds time);
  // Called by observers and sinks.
  void met() {
    met_ = true;
    pc_->stop();
  }

  StepResult act(const SendSerial& action, Nanoseconds limit);
  StepResult act(const PressKeys& action, Nanoseconds limit);
  StepResult act(const Pause& action, Nanoseconds limit);
  StepResult act(const ExpectSerial& action, Nanoseconds limit);
  StepResult act(const ExpectScreen& action, Nanoseconds limit);
  StepResult act(const ExpectInterrupt& action, Nanoseconds limit);
  StepResult act(const ExpectPost& action, Nanoseconds limit);
  StepResult act(const ExpectPortWrite& action, Nanoseconds limit);
  StepResult act(const ExpectPacket& action, Nanoseconds limit);
  StepResult act(const ExpectEnd& action, Nanoseconds limit);
  StepResult act(const CheckMemory& action, Nanoseconds limit);
  StepResult act(const CheckRegisters& action, Nanoseconds limit);
  StepResult act(const ComparePicture& action, Nanoseconds limit);
  StepResult act(const CheckDisk& action, Nanoseconds limit);
  StepResult act(const CountPackets& action, Nanoseconds limit);
  StepResult compare_trace(const GoldenTrace& golden);
  // Of `file`, for whoever looks at what --bless changes; `write` makes it.
  template <typename Write>
  StepResult propose(const std::filesystem::path& file, std::string changes, const Write& write);
  // A check that must hold now, or, when its step has a time, within that.
  StepResult hold(Nanoseconds limit, const std::string& what, const Condition& holds,
                  const std::function<std::string()>& otherwise);

  struct Frame {
    TappedNetwork::Direction direction;
    std::vector<std::uint8_t> bytes;
  };

  const Scenario& scenario_;
  const PlayOptions& options_;
  std::unique_ptr<machine::Pc> pc_;
  std::unique_ptr<CallWatch> calls_;
  LineLog serial_, debug_console_;
  std::vector<Frame> frames_;
  std::function<machine::Instant()> attend_;

  // What is waited for.
  bool met_ = false;
  std::string expected_;      // from the serial line; empty: nothing
  std::size_t heard_to_ = 0;  // behind what steps have matched
  const PacketFilter* expected_packet_ = nullptr;
  bool step_has_time_ = false;

  bool wall_is_over_ = false;
  std::uint64_t wall_deadline_ = 0;
  std::optional<machine::RunResult> ended_;  // the guest did that
  bool end_expected_ = false;                // a step was about it
  std::vector<Blessing> blessings_;
};

void Player::prepare(machine::PcConfig& config) {
  const auto tee = [this](auto sink, LineLog& log, bool watched) {
    return [this, sink = std::move(sink), &log, watched](std::uint8_t byte) {
      if (sink) sink(byte);
      log.add(byte, pc_->clock());
      if (watched) watch_serial(byte);
    };
  };
  config.serial[0] = tee(std::move(config.serial[0]), serial_, true);
  config.debug_console = tee(std::move(config.debug_console), debug_console_, false);
  for (machine::NicConfig& nic : config.nics) {
    nic.network = [this, make = std::move(nic.network)](
                      Clock& clock, TraceBus& trace,
                      const std::string& name) -> Result<std::unique_ptr<Network>> {
      ICE86_TRY_ASSIGN(std::unique_ptr<Network> network, make(clock, trace, name));
      return std::unique_ptr<Network>(std::make_unique<TappedNetwork>(
          std::move(network),
          [this](TappedNetwork::Direction direction, std::span<const std::uint8_t> frame) {
            if (frames_.size() < kMostFrames)
              frames_.push_back({direction, {frame.begin(), frame.end()}});
            if (expected_packet_ != nullptr && expected_packet_->matches(direction, frame)) met();
          }));
    };
  }
  config.end_on_reset |=
      std::any_of(scenario_.steps.begin(), scenario_.steps.end(), [](const Step& step) {
        const auto* end = std::get_if<ExpectEnd>(&step.action);
        return end != nullptr && end->end == machine::RunEnd::kReset;
      });
}

void Player::watch_serial(std::uint8_t) {
  if (expected_.empty() || met_) return;
  const std::string& all = serial_.bytes();
  if (all.size() - heard_to_ < expected_.size() || !all.ends_with(expected_)) return;
  heard_to_ = all.size();
  met();
}

Outcome Player::play(machine::PcConfig config) {
  prepare(config);
  auto pc = machine::Pc::create(std::move(config));
  if (!pc) return outcome_of(fault_of(pc.error()), nullptr);
  pc_ = std::move(*pc);
  calls_ = std::make_unique<CallWatch>(recorder_view(*pc_));
  pc_->cpu().set_interrupt_observer(calls_.get());
  if (options_.attend) attend_ = options_.attend(*pc_);
  wall_deadline_ = host_ns() + scenario_.limits.wall;
  for (const Step& step : scenario_.steps) {
    if (auto fault = perform(step)) return outcome_of(fault, &step);
  }
  return outcome_of(finish(), nullptr);
}

StepResult Player::perform(const Step& step) {
  step_has_time_ = step.within.has_value();
  met_ = false;
  const Nanoseconds limit = step.within.value_or(scenario_.limits.step);
  return std::visit([&](const auto& action) { return act(action, limit); }, step.action);
}

// After the last step.
StepResult Player::finish() {
  if (ended_ && !end_expected_)
    return failed(fmt::format("the guest {}, which no step expects", name_of(ended_->end)));
  if (scenario_.trace) {
    if (auto fault = compare_trace(*scenario_.trace)) return fault;
  }
  if (auto kept = pc_->finish(); !kept) return fault_of(kept.error());
  return std::nullopt;
}

Outcome Player::outcome_of(const StepResult& fault, const Step* step) {
  Outcome outcome;
  if (fault) {
    outcome.verdict = fault->verdict;
    outcome.message = step == nullptr
                          ? fault->message
                          : fmt::format("{}{}{}: {}", step->where, step->where.empty() ? "" : ": ",
                                        step->text, fault->message);
  }
  if (pc_ == nullptr) return outcome;
  outcome.time = pc_->clock().now();
  outcome.instructions = pc_->clock().instructions();
  outcome.state_sha256 = pc_->state_hash();
  outcome.blessings = blessings_;
  IntTrace trace = recorded_trace(*pc_, calls_->recorder());
  if (fault) {
    IntTrace last = trace;
    if (last.events.size() > kLastCalls)
      last.events.erase(last.events.begin(), last.events.end() - kLastCalls);
    outcome.evidence = fmt::format(
        "the screen at {} ({} instructions):\n{}the last {} BIOS calls:\n{}", seconds(outcome.time),
        outcome.instructions, without_blank_end(display::describe(pc_->vga())), last.events.size(),
        trace_text(last));
  }
  if (!options_.run_directory.empty()) {
    const auto write = [&]() -> Result<void> {
      ICE86_TRY(create_run_directory(options_.run_directory));
      ICE86_TRY(write_run_directory(
          options_.run_directory, *pc_,
          {options_.command, &serial_, &debug_console_, fault ? outcome.message : "passed"}));
      return write_trace(options_.run_directory / "trace.jsonl", trace);
    };
    if (auto written = write(); !written && outcome.verdict == Verdict::kPassed) {
      outcome.verdict = Verdict::kMissing;
      outcome.message = written.error().message();
    }
  }
  return outcome;
}

// ---- Running ----

machine::RunLimits Player::limits_until(Nanoseconds time) {
  machine::RunLimits limits;
  limits.instructions = scenario_.limits.instructions;
  limits.time = std::min(time, scenario_.limits.time);
  limits.interrupted = [this] {
    if (options_.interrupted && options_.interrupted()) return true;
    wall_is_over_ = host_ns() >= wall_deadline_;
    return wall_is_over_;
  };
  limits.attend = attend_;
  return limits;
}

StepResult Player::wait(Nanoseconds limit, const std::string& what, const Condition& polled) {
  const Nanoseconds began = pc_->clock().now();
  for (;;) {
    if (met_ || (polled && polled())) return std::nullopt;
    if (ended_) return failed(fmt::format("the guest {} before {}", name_of(ended_->end), what));
    const Nanoseconds now = pc_->clock().now();
    if (now - began >= limit)
      return failed(fmt::format("no {} within {} of virtual time", what, seconds(limit)));
    if (now >= scenario_.limits.time) {
      return failed(fmt::format("no {}: out of virtual time ({} is the scenario's limit)", what,
                                seconds(scenario_.limits.time)));
    }
    const Nanoseconds until = began + limit;
    const machine::RunResult result =
        pc_->run(limits_until(polled ? std::min(now + kLook, until) : until));
    switch (result.end) {
      case machine::RunEnd::kTimeLimit:
      case machine::RunEnd::kStopped: break;
      case machine::RunEnd::kInstructionLimit:
        return failed(fmt::format("no {}: the limit of {} instructions was reached", what,
                                  *scenario_.limits.instructions));
      case machine::RunEnd::kInterrupted:
        if (met_) return std::nullopt;
        return failed(wall_is_over_
                          ? fmt::format("no {}: out of time on the host's clock ({} is the limit)",
                                        what, seconds(scenario_.limits.wall))
                          : fmt::format("no {}: interrupted", what));
      default: ended_ = result;
    }
  }
}

// A guest that ends meanwhile is the next step's business.
StepResult Player::run_on(Nanoseconds time) {
  const Nanoseconds until = pc_->clock().now() + time;
  return wait(time + 1, "the end of a pause",
              [this, until] { return ended_ || pc_->clock().now() >= until; });
}

StepResult Player::hold(Nanoseconds limit, const std::string& what, const Condition& holds,
                        const std::function<std::string()>& otherwise) {
  if (holds()) return std::nullopt;
  if (step_has_time_) {
    auto fault = wait(limit, what, holds);
    if (!fault) return std::nullopt;
    fault->message += "; " + otherwise();
    return fault;
  }
  return failed(otherwise());
}

// ---- What is done ----

StepResult Player::act(const SendSerial& action, Nanoseconds limit) {
  const auto* from = reinterpret_cast<const std::uint8_t*>(action.text.data());
  std::span<const std::uint8_t> rest(from, action.text.size());
  return wait(limit, "room on the serial line", [this, &rest] {
    rest = rest.subspan(pc_->receive_serial(0, rest));
    return rest.empty();
  });
}

StepResult Player::act(const PressKeys& action, Nanoseconds) {
  for (const auto& stroke : action.strokes) {
    for (const devices::KeyCode key : stroke) pc_->input(machine::KeyInput{key, true});
    if (auto fault = run_on(kKeyDown)) return fault;
    for (auto key = stroke.rbegin(); key != stroke.rend(); ++key)
      pc_->input(machine::KeyInput{*key, false});
    if (auto fault = run_on(kKeyUp)) return fault;
  }
  return std::nullopt;
}

StepResult Player::act(const Pause& action, Nanoseconds) {
  return run_on(action.time);
}

// ---- What is waited for ----

StepResult Player::act(const ExpectSerial& action, Nanoseconds limit) {
  const std::size_t found = serial_.bytes().find(action.text, heard_to_);
  if (found != std::string::npos) {
    heard_to_ = found + action.text.size();
    return std::nullopt;
  }
  expected_ = action.text;
  auto fault = wait(limit, "such text on COM1");
  expected_.clear();
  if (fault) {
    const std::string& all = serial_.bytes();
    const std::size_t from = std::max(heard_to_, all.size() > 400 ? all.size() - 400 : 0);
    fault->message += fmt::format("; it got\n{}", all.substr(from));
  }
  return fault;
}

StepResult Player::act(const ExpectScreen& action, Nanoseconds limit) {
  return wait(limit, "such text on the screen",
              [&] { return display::describe(pc_->vga()).find(action.text) != std::string::npos; });
}

StepResult Player::act(const ExpectInterrupt& action, Nanoseconds limit) {
  calls_->watch(action, [this] { met(); });
  auto fault = wait(limit, "such a call");
  calls_->watch_nothing();
  return fault;
}

StepResult Player::act(const ExpectPost& action, Nanoseconds limit) {
  const unsigned number =
      pc_->trace().subscribe(TraceBus::mask_of(TraceCategory::kPost), [&](const TraceEvent& event) {
        for (const TraceField& field : event.fields) {
          const auto* value = std::get_if<std::uint64_t>(&field.value);
          if (field.key == "value" && value != nullptr && *value == action.code) met();
        }
      });
  auto fault = wait(limit, "such a POST code");
  pc_->trace().unsubscribe(number);
  return fault;
}

StepResult Player::act(const ExpectPortWrite& action, Nanoseconds limit) {
  const unsigned number =
      pc_->trace().subscribe(TraceBus::mask_of(TraceCategory::kIo), [&](const TraceEvent& event) {
        if (event.name != "out") return;
        std::uint64_t port = 0x10000, value = 0;
        for (const TraceField& field : event.fields) {
          if (const auto* number_of = std::get_if<std::uint64_t>(&field.value)) {
            if (field.key == "port") port = *number_of;
            if (field.key == "value") value = *number_of;
          }
        }
        if (port == action.port && (!action.value || *action.value == value)) met();
      });
  auto fault = wait(limit, "such a write");
  pc_->trace().unsubscribe(number);
  return fault;
}

StepResult Player::act(const ExpectPacket& action, Nanoseconds limit) {
  expected_packet_ = &action.filter;
  auto fault = wait(limit, "such a packet");
  expected_packet_ = nullptr;
  return fault;
}

StepResult Player::act(const ExpectEnd& action, Nanoseconds limit) {
  auto fault = wait(limit, "the end", [this] { return ended_.has_value(); });
  if (fault) return fault;
  end_expected_ = true;
  if (ended_->end != action.end) return failed(fmt::format("the guest {}", name_of(ended_->end)));
  if (action.value && ended_->debug_exit_value != *action.value) {
    return failed(
        fmt::format("the guest wrote {:#x} to the debug exit port", ended_->debug_exit_value));
  }
  return std::nullopt;
}

// ---- What must hold ----

StepResult Player::act(const CheckMemory& action, Nanoseconds limit) {
  const auto value = [&] { return pc_->peek_memory(action.address, action.width) & action.mask; };
  return hold(
      limit, "such contents", [&] { return value() == (action.value & action.mask); },
      [&] {
        return fmt::format("{:#x} holds {:#x}, not {:#x}", action.address, value(),
                           action.value & action.mask);
      });
}

StepResult Player::act(const CheckRegisters& action, Nanoseconds limit) {
  const auto differing = [&] {
    std::string text;
    for (const auto& [name, wanted] : action.values) {
      const auto value = register_named(pc_->cpu().state(), name).value_or(0);
      if (value != wanted)
        text +=
            fmt::format("{}{} is {:#x}, not {:#x}", text.empty() ? "" : ", ", name, value, wanted);
    }
    return text;
  };
  return hold(
      limit, "such registers", [&] { return differing().empty(); }, differing);
}

StepResult Player::act(const ComparePicture& action, Nanoseconds limit) {
  const auto bless = [&](std::string changes) {
    return propose(action.file, std::move(changes), [this](const std::filesystem::path& file) {
      return write_picture(file, pc_->vga().frame());
    });
  };
  std::error_code none;
  if (options_.bless && !std::filesystem::exists(action.file, none)) {
    const devices::Frame frame = pc_->vga().frame();
    return bless(fmt::format("is new, {}x{} pixels", frame.width, frame.height));
  }
  auto wanted = read_picture(action.file);
  if (!wanted)
    return options_.bless ? bless("was unreadable: " + wanted.error().message())
                          : fault_of(wanted.error());
  std::string difference;
  auto fault = hold(
      limit, "such a picture",
      [&] {
        difference = compare_pictures(*wanted, pc_->vga().frame(), action.tolerance, action.pixels);
        return difference.empty();
      },
      [&] { return difference; });
  const bool only_differs = fault && fault->verdict == Verdict::kFailed && !difference.empty();
  return options_.bless && only_differs ? bless(difference) : fault;
}

StepResult Player::act(const CheckDisk& action, Nanoseconds) {
  const machine::PcConfig& config = pc_->config();
  BlockBackend* medium = nullptr;
  if (action.drive < 4) {
    if (config.disks[action.drive]) medium = config.disks[action.drive]->medium.get();
  } else if (config.floppies[action.drive - 4]) {
    medium = config.floppies[action.drive - 4]->medium.get();
  }
  if (medium == nullptr) return Fault{Verdict::kInvalid, "the machine has no such medium"};
  Sha256 hash;
  std::vector<std::uint8_t> part(64 * kSectorSize);
  for (std::uint64_t sector = 0; sector < medium->sectors();) {
    const std::uint64_t count = std::min<std::uint64_t>(64, medium->sectors() - sector);
    const auto bytes = std::span(part).first(count * kSectorSize);
    if (auto done = medium->read(sector, bytes); !done) return fault_of(done.error());
    hash.update(bytes);
    sector += count;
  }
  const std::string sum = hash.hex_digest();
  if (sum == action.sha256) return std::nullopt;
  return failed(fmt::format("the medium's SHA-256 is {}", sum));
}

StepResult Player::act(const CountPackets& action, Nanoseconds) {
  const auto count = static_cast<std::uint64_t>(std::count_if(
      frames_.begin(), frames_.end(),
      [&](const Frame& frame) { return action.filter.matches(frame.direction, frame.bytes); }));
  if (count >= action.least && (!action.most || count <= *action.most)) return std::nullopt;
  return failed(fmt::format("there were {} such packets", count));
}

StepResult Player::compare_trace(const GoldenTrace& golden) {
  const IntTrace trace = recorded_trace(*pc_, calls_->recorder());
  const auto says = [&](std::string text) {
    return fmt::format("{}{}trace: {}", golden.where, golden.where.empty() ? "" : ": ",
                       std::move(text));
  };
  std::error_code none;
  const bool there = std::filesystem::exists(golden.file, none);
  if (!there && !options_.bless) {
    return Fault{
        Verdict::kMissing,
        says(fmt::format("{} is not there; 'ice86 test --bless' makes it", golden.file.string()))};
  }
  std::string changes = fmt::format("is new, {} calls", kept(trace, golden).events.size());
  if (there) {
    const auto before = read_trace(golden.file);
    if (!before) {
      if (!options_.bless) return Fault{Verdict::kMissing, says(before.error().message())};
      changes = "was unreadable: " + before.error().message();
    } else {
      DiffOptions how;
      how.vectors = golden.vectors;
      how.rules = golden.rules;
      const Traces both = {&*before, &trace};
      const Comparison result = compare(both, how);
      if (result.equal()) return std::nullopt;
      changes = diff_text({both, {golden.file.string(), "this run"}, result});
      if (!options_.bless)
        return failed(says(fmt::format("differs from {}\n{}", golden.file.string(), changes)));
    }
  }
  return propose(golden.file, std::move(changes), [&](const std::filesystem::path& file) {
    return write_trace(file, kept(trace, golden));
  });
}

template <typename Write>
StepResult Player::propose(const std::filesystem::path& file, std::string changes,
                           const Write& write) {
  if (options_.run_directory.empty())
    return Fault{Verdict::kInvalid, "nothing can be blessed without a run directory"};
  // The suffix says the form, as with the file itself.
  const auto proposal =
      options_.run_directory /
      fmt::format("blessing-{}-{}", blessings_.size() + 1, file.filename().string());
  if (auto made = create_run_directory(options_.run_directory); !made)
    return fault_of(made.error());
  if (auto written = write(proposal); !written) return fault_of(written.error());
  blessings_.push_back({file, proposal, std::move(changes)});
  return std::nullopt;
}

}  // namespace

Outcome play(const Scenario& scenario, machine::PcConfig config, const PlayOptions& options) {
  return Player(scenario, options).play(std::move(config));
}

}  // namespace ice86::harness
