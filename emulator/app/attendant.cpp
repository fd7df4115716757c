// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/app/attendant.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "devices/vga/vga.h"
#include "emulator/base/assert.h"
#include "emulator/base/files.h"
#include "emulator/base/hash.h"
#include "emulator/base/host_clock.h"
#include "emulator/display/screen.h"

namespace ice86::app {

namespace {

// How far the machine runs on between two visits: short enough for a hand at the keyboard. Where
// nobody looks and nothing is held to the host's clock, visits are rarer: each costs.
constexpr Nanoseconds kStep = 2'000'000, kLongStep = 50'000'000;
constexpr std::uint64_t kStepInstructions = 500'000, kLongStepInstructions = 5'000'000;
// Host time between two looks at the window: some 60 a second.
constexpr std::uint64_t kLookInterval = 16'000'000;
constexpr std::uint64_t kTitleInterval = 500'000'000;
// Between two checks of a recording, in instructions.
constexpr std::uint64_t kCheckInterval = 10'000'000;
// A machine that has fallen so far behind the host's clock does not try to catch up.
constexpr std::uint64_t kMostLag = 100'000'000;

void sleep_ns(std::uint64_t time) {
  std::this_thread::sleep_for(std::chrono::nanoseconds(time));
}

Result<void> write_picture(machine::Pc& pc, const std::filesystem::path& file) {
  if (file.extension() == ".txt") return write_file(file, display::describe(pc.vga()));
  ICE86_TRY_ASSIGN(const auto png, display::png_of(pc.vga().frame()));
  return write_file(file, png);
}

}  // namespace

Result<std::unique_ptr<Attendant>> Attendant::create(machine::Pc& pc, DisplayPlan plan,
                                                     std::filesystem::path folder) {
  std::unique_ptr<Attendant> attendant(new Attendant(pc, std::move(plan), std::move(folder)));
  if (attendant->plan_.window) {
    ICE86_TRY_ASSIGN(attendant->window_, display::Window::open(*attendant->plan_.window));
    attendant->window_->set_title("ice86 - " + pc.config().firmware.name);
  }
  if (const auto& file = attendant->plan_.record_input) {
    attendant->log_.reset(std::fopen(file->c_str(), "wb"));
    if (!attendant->log_)
      return Error(fmt::format("--record-input: {}: {}", file->string(), std::strerror(errno)));
    // Each line as it happens: what was done before a crash is what one wants to repeat.
    std::setvbuf(attendant->log_.get(), nullptr, _IOLBF, BUFSIZ);
    const auto& recording = attendant->plan_.recording;
    fmt::print(attendant->log_.get(), "{}\n",
               machine::input_log_header(recording ? &*recording : nullptr));
  }
  return attendant;
}

machine::Instant Attendant::visit() {
  if (!started_) {
    started_ = true;
    pace_host_ = title_at_ = host_ns();
    pace_virtual_ = pc_.instant().time;
    title_instructions_ = pc_.instant().instructions;
    // The log has the network's frames, too: the world outside is not asked again.
    const bool frames = std::any_of(
        plan_.input.events.begin(), plan_.input.events.end(), [](const machine::TimedInput& event) {
          return std::holds_alternative<machine::FrameInput>(event.input);
        });
    if (frames || plan_.input.recording) pc_.network().close_outside(true);
  }
  repeat_input();
  if (plan_.recording && pc_.instant().instructions >= next_check_) log_check();
  take_screenshots();
  if (plan_.real_pace) keep_pace();
  if (window_) {
    if (const std::uint64_t now = host_ns(); now - looked_at_ >= kLookInterval) look(now);
  }
  return next_visit();
}

machine::Instant Attendant::next_visit() const {
  const machine::Instant now = pc_.instant();
  const std::uint64_t rate = pc_.clock().instructions_per_microsecond();
  const bool often = window_ != nullptr || plan_.real_pace;
  const Nanoseconds step =
      often ? std::clamp<Nanoseconds>(kStepInstructions * 1000 / rate, 1, kStep)
            : std::clamp<Nanoseconds>(kLongStepInstructions * 1000 / rate, 1, kLongStep);
  machine::Instant next{0, now.time + step};
  if (next_screenshot_ < plan_.screenshots.size()) {
    if (const auto& time = plan_.screenshots[next_screenshot_].time)
      next.time = std::min(next.time, *time);
  }
  if (next_input_ < plan_.input.events.size()) {
    const machine::Instant& at = plan_.input.events[next_input_].at;
    if (at.time > now.time) {
      next.time = std::min(next.time, at.time);
    } else {
      // The same nanosecond, or a log whose counts are from another machine: by instructions.
      next = {std::min(at.instructions, now.instructions + kStepInstructions), now.time};
    }
  }
  return next;
}

void Attendant::give(const machine::Input& input) {
  pc_.input(input);
  if (told_) told_(input);
}

void Attendant::log(const machine::TimedInput& input) {
  if (log_) fmt::print(log_.get(), "{}\n", machine::input_log_line(input));
}

void Attendant::repeat_input() {
  const machine::Instant now = pc_.instant();
  while (next_input_ < plan_.input.events.size()) {
    const machine::TimedInput& event = plan_.input.events[next_input_];
    if (event.at.time > now.time || event.at.instructions > now.instructions) return;
    ++next_input_;
    if (std::holds_alternative<machine::EndInput>(event.input)) {
      log_ended_ = true;
    } else if (std::holds_alternative<machine::CheckInput>(event.input)) {
      check(event);
    } else {
      give(event.input);
    }
  }
  // A recorder that was killed: this is as far as it came.
  if (plan_.input.recording) log_ended_ = true;
}

// Whoever the world outside was, the CPU sees the same: a network's own state is not in it.
std::string Attendant::cpu_hash() const {
  Archive archive = Archive::writer();
  pc_.cpu().serialize(archive);
  ICE86_ASSERT(archive.finish());
  return sha256_hex(archive.bytes());
}

void Attendant::log_check() {
  const machine::Instant now = pc_.instant();
  log({now, machine::CheckInput{cpu_hash()}});
  next_check_ = now.instructions + kCheckInterval;
}

void Attendant::check(const machine::TimedInput& event) {
  if (difference_) return;
  const machine::Instant now = pc_.instant();
  if (now == event.at && cpu_hash() == std::get<machine::CheckInput>(event.input).cpu) {
    held_until_ = now.instructions;
    ++checks_;
    return;
  }
  difference_ = fmt::format(
      "the run is not its recording: they part between instruction {} and {} ({:.6f} s)",
      held_until_, event.at.instructions, static_cast<double>(event.at.time) / 1e9);
}

void Attendant::take_screenshots() {
  while (next_screenshot_ < plan_.screenshots.size()) {
    const Screenshot& shot = plan_.screenshots[next_screenshot_];
    if (!shot.time || *shot.time > pc_.instant().time) return;
    note(write_picture(pc_, shot.file));
    ++next_screenshot_;
  }
}

void Attendant::keep_pace() {
  const Nanoseconds virtual_now = pc_.instant().time;
  std::uint64_t now = host_ns();
  const std::uint64_t due = pace_host_ + (virtual_now - pace_virtual_);
  if (now > due + kMostLag) {
    pace_host_ = now;
    pace_virtual_ = virtual_now;
  }
  // At most one step: the machine is visited often.
  if (now < due) sleep_ns(std::min<std::uint64_t>(due - now, kLookInterval));
}

void Attendant::look(std::uint64_t host_now) {
  looked_at_ = host_now;
  window_->poll([this](const machine::Input& input) { give(input); });
  window_->show(pc_.vga());
  if (window_->take_screenshot_request()) screenshot_by_hand();
  if (host_now - title_at_ < kTitleInterval) return;
  const machine::Instant now = pc_.instant();
  const double mips = static_cast<double>(now.instructions - title_instructions_) * 1e3 /
                      static_cast<double>(host_now - title_at_);
  window_->set_title(fmt::format("ice86 - {} - {:.0f} s, {:.0f} MIPS", pc_.config().firmware.name,
                                 static_cast<double>(now.time) / 1e9, mips));
  title_at_ = host_now;
  title_instructions_ = now.instructions;
}

// The next number that is free, so that no picture of an earlier run is lost.
void Attendant::screenshot_by_hand() {
  std::filesystem::path file;
  std::error_code code;
  std::filesystem::create_directories(folder_, code);
  do {
    file = folder_ / fmt::format("screenshot-{}.png", ++screenshots_by_hand_);
  } while (std::filesystem::exists(file, code));
  if (auto written = write_picture(pc_, file); !written) {
    fmt::print(stderr, "ice86: {}\n", written.error().message());
    return;
  }
  fmt::print(stderr, "ice86: {}: the screen at {:.6f} s\n", file.string(),
             static_cast<double>(pc_.instant().time) / 1e9);
}

const char* Attendant::wants_end() const {
  if (difference_) return "a difference from the recording";
  if (log_ended_)
    return plan_.input.recording ? "the end of the recording" : "the end of the input log";
  return window_ && window_->closed() ? "closing the window" : nullptr;
}

void Attendant::stopped(const machine::RunResult& result,
                        const std::function<bool()>& interrupted) {
  if (plan_.recording) log_check();
  if (plan_.recording || result.end == machine::RunEnd::kInterrupted)
    log({pc_.instant(), machine::EndInput{}});
  if (plan_.input.recording) {
    repeat_input();  // what was recorded of the end
    const auto& events = plan_.input.events;
    if (!difference_ && !log_ended_ && result.end != machine::RunEnd::kInterrupted) {
      difference_ = fmt::format(
          "the run is not its recording: it ended at instruction {}, the recording at {}",
          pc_.instant().instructions, events.back().at.instructions);
    }
  }
  if (!window_) return;
  const bool failed =
      result.end == machine::RunEnd::kCrashed || result.end == machine::RunEnd::kStuck;
  const bool off = result.end == machine::RunEnd::kPowerOff && plan_.linger;
  if (!failed && !off) return;
  window_->set_title(fmt::format("ice86 - {} - {}", pc_.config().firmware.name,
                                 result.end == machine::RunEnd::kCrashed ? "crashed"
                                 : off                                   ? "powered off"
                                                                         : "halted for good"));
  while (!window_->closed() && !interrupted()) {
    window_->poll([](const machine::Input&) {});  // there is no machine to give it to
    window_->show(pc_.vga());
    if (window_->take_screenshot_request()) screenshot_by_hand();
    sleep_ns(kLookInterval);
  }
}

void Attendant::note(Result<void> outcome) {
  if (!outcome && !failure_) failure_ = std::move(outcome).error();
}

Result<void> Attendant::finish() {
  for (; next_screenshot_ < plan_.screenshots.size(); ++next_screenshot_) {
    const Screenshot& shot = plan_.screenshots[next_screenshot_];
    if (!shot.time) {
      note(write_picture(pc_, shot.file));
      continue;
    }
    fmt::print(stderr, "ice86: --screenshot {}: the run ended before that time\n",
               shot.file.string());
  }
  window_.reset();
  if (log_) {
    const bool good = std::ferror(log_.get()) == 0 && std::fflush(log_.get()) == 0;
    log_.reset();
    if (!good)
      note(
          Error(fmt::format("--record-input: {} cannot be written", plan_.record_input->string())));
  }
  if (failure_) return *failure_;
  return {};
}

}  // namespace ice86::app
