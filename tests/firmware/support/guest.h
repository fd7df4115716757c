// SPDX-License-Identifier: LGPL-2.1-or-later
// A machine with firmware and a medium, for tests that talk to what boots: over COM1, by what the
// screen shows.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "devices/vga/vga.h"
#include "emulator/bus/block_image.h"
#include "emulator/display/screen.h"
#include "emulator/machine/pc.h"
#include "harness/session/dialogue.h"

namespace ice86 {

class Guest {
 public:
  struct Setup {
    std::string firmware = "seabios";  // a name or a file
    std::string disk = {};             // image on the primary master
    std::string cdrom = {};            // image on the secondary master
    unsigned memory_mib = 128;
    std::uint64_t instructions_per_microsecond = 100;
    // The translator is for the long ones, where there is one: the results are the same.
    cpu::Engine engine = cpu::Engine::kInterpreter;
    // What else the machine has.
    std::function<void(machine::PcConfig&)> configure = {};
  };
  static constexpr Nanoseconds kSecond = 1'000'000'000;

  // Null, and a failed test, when the machine cannot be made.
  static std::unique_ptr<Guest> create(const Setup& setup) {
    std::unique_ptr<Guest> guest(new Guest);
    machine::PcConfig config;
    auto firmware = machine::load_firmware(setup.firmware, std::nullopt, {});
    if (!firmware) return fail(firmware.error().message());
    config.firmware = std::move(*firmware);
    config.memory_mib = setup.memory_mib;
    if (cpu::engine_available(setup.engine)) config.engine = setup.engine;
    config.instructions_per_microsecond = setup.instructions_per_microsecond;
    if (!setup.disk.empty()) {
      auto image = BlockImage::open(setup.disk, BlockImage::Writes::kOverlay);
      if (!image) return fail(image.error().message());
      config.disks[0] = machine::DiskConfig{std::move(*image), {}};
    }
    if (!setup.cdrom.empty()) {
      auto image = BlockImage::open(setup.cdrom, BlockImage::Writes::kRefused);
      if (!image) return fail(image.error().message());
      config.disks[2] = machine::DiskConfig{std::move(*image), {}, true};
      if (setup.disk.empty()) config.boot_order = "d";
    }
    Guest* const raw = guest.get();
    config.serial[0] = [raw](std::uint8_t byte) {
      raw->heard_ += static_cast<char>(byte);
      if (raw->dialogue_) raw->dialogue_->heard(byte);
    };
    if (setup.configure) setup.configure(config);
    auto pc = machine::Pc::create(std::move(config));
    if (!pc) return fail(pc.error().message());
    guest->pc_ = std::move(*pc);
    return guest;
  }

  // Goes through `steps` on COM1 within `time` of virtual time.
  testing::AssertionResult talk(std::vector<harness::Dialogue::Step> steps, Nanoseconds time) {
    dialogue_.emplace(
        std::move(steps),
        [this](std::span<const std::uint8_t> bytes) { return pc_->receive_serial(0, bytes); },
        [this] { pc_->stop(); });
    run_for(time);
    const std::string waiting_for(dialogue_->waiting_for());
    const bool done = dialogue_->done();
    dialogue_.reset();
    if (done) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "no '" << waiting_for << "' on COM1 after\n"
                                       << end_of(heard_) << "\nscreen:\n"
                                       << screen();
  }

  // Until the text screen shows `text`, at most `time` of virtual time.
  testing::AssertionResult see(const std::string& text, Nanoseconds time) {
    const Nanoseconds until = pc_->clock().now() + time;
    while (screen().find(text) == std::string::npos) {
      if (pc_->clock().now() >= until || !run_for(std::min(time, kSecond / 10)))
        return testing::AssertionFailure() << "no '" << text << "' on the screen:\n" << screen();
    }
    return testing::AssertionSuccess();
  }

  // Until `there` is satisfied with the picture, at most `time` of virtual time; looks each second.
  testing::AssertionResult watch(const std::function<bool(const devices::Frame&)>& there,
                                 Nanoseconds time) {
    const Nanoseconds until = pc_->clock().now() + time;
    while (!there(pc_->vga().frame())) {
      if (pc_->clock().now() >= until || !run_for(kSecond))
        return testing::AssertionFailure() << "the picture did not come; " << screen();
    }
    return testing::AssertionSuccess();
  }

  // Runs on; false when the guest ended the run.
  bool run_for(Nanoseconds time) {
    machine::RunLimits limits;
    limits.time = pc_->clock().now() + time;
    result_ = pc_->run(limits);
    return result_.end == machine::RunEnd::kTimeLimit || result_.end == machine::RunEnd::kStopped;
  }

  std::string screen() { return display::describe(pc_->vga()); }
  const std::string& heard() const { return heard_; }
  const machine::RunResult& result() const { return result_; }
  machine::Pc& pc() { return *pc_; }

 private:
  Guest() = default;

  static std::unique_ptr<Guest> fail(const std::string& message) {
    ADD_FAILURE() << message << " ('./run test --all' makes the media)";
    return nullptr;
  }
  static std::string end_of(const std::string& text) {
    return text.size() > 3000 ? text.substr(text.size() - 3000) : text;
  }

  std::string heard_;
  std::optional<harness::Dialogue> dialogue_;
  std::unique_ptr<machine::Pc> pc_;
  machine::RunResult result_;
};

}  // namespace ice86
