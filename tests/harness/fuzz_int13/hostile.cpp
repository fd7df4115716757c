// SPDX-License-Identifier: LGPL-2.1-or-later
// ice86-bios-fuzz: firmware and disks that mean harm. Whatever a damaged BIOS does, whatever is on
// a medium and whatever a program asks of the BIOS, the machine goes on or ends; this program does
// not.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "emulator/bus/block_image.h"
#include "emulator/machine/pc.h"
#include "harness/fuzz/rig.h"
#include "tests/fuzz/random.h"
#include "tests/fuzz/runner.h"

namespace ice86::harness::fuzz {
namespace {

using ice86::fuzz::mix;
using ice86::fuzz::Random;

constexpr const char* kFirmwares[] = {"bochs", "bochs-legacy", "seabios"};

machine::Firmware firmware_named(const std::string& name) {
  auto firmware = machine::load_firmware(name, std::nullopt, "");
  ICE86_ASSERT(firmware);
  return std::move(*firmware);
}

cpu::Engine random_engine(Random& random) {
  return !random.one_in(4) ? cpu::Engine::kJit : cpu::Engine::kInterpreter;
}

void fill(Random& random, std::span<std::uint8_t> bytes) {
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
}

// A few bytes are others.
void damage(Random& random, std::vector<std::uint8_t>& bytes, unsigned most) {
  if (bytes.empty()) return;
  for (unsigned n = 1 + random.below(most); n != 0; --n) {
    const std::size_t at = random.below(static_cast<std::uint32_t>(bytes.size()));
    const std::size_t size = std::min<std::size_t>(1 + random.below(4), bytes.size() - at);
    fill(random, std::span(bytes).subspan(at, size));
  }
}

// ---- Media ----

void put(std::vector<std::uint8_t>& bytes, std::size_t at, std::initializer_list<int> values) {
  for (const int value : values) {
    if (at < bytes.size()) bytes[at++] = static_cast<std::uint8_t>(value);
  }
}

// A program that works the ports and calls the BIOS, and then is anything.
void hostile_code(Random& random, std::vector<std::uint8_t>& bytes, std::size_t at,
                  std::size_t end) {
  static constexpr int kVectors[] = {0x10, 0x13, 0x13, 0x13, 0x15, 0x16, 0x19, 0x1a};
  static constexpr int kPorts[] = {0x1f0, 0x1f2, 0x1f6, 0x1f7, 0x3f6, 0x170, 0x177, 0x3f2,
                                   0x3f4, 0x3f5, 0xcf8, 0xcfc, 0x0a,  0x0b,  0x04,  0x20,
                                   0x43,  0x40,  0x70,  0x71,  0x64,  0x60,  0x3c4, 0x3d4,
                                   0x3ce, 0x1ce, 0x1cf, 0x510, 0x511, 0x514, 0xb2,  0x3f8};
  while (at + 16 < end) {
    const auto low = [&] { return static_cast<int>(random.below(256)); };
    switch (random.below(6)) {
      case 0:  // mov ax, bx, cx, dx; int
        put(bytes, at,
            {0xb8, low(), static_cast<int>(random.below(0x50)), 0xb9, low(), low(), 0xba,
             random.pick({0x80, 0, 0xe0, 0x81}), low(), 0xcd, random.pick(kVectors)});
        at += 11;
        break;
      case 1:
      case 2: {  // mov dx; mov ax; out, in or a string of them
        const int port = random.pick(kPorts);
        put(bytes, at,
            {0xba, port & 0xff, port >> 8, 0xb8, low(), low(),
             random.pick({0xee, 0xef, 0xec, 0xed, 0x6d, 0x6f, 0x6c, 0x6e})});
        at += 7;
        break;
      }
      case 3:  // a segment register
        put(bytes, at, {0xb8, low(), low(), 0x8e, random.pick({0xc0, 0xd8, 0xd0})});
        at += 5;
        break;
      case 4:  // into and out of protected mode
        put(bytes, at, {0x0f, 0x20, 0xc0, 0x34, random.pick({0, 1, 1, 5}), 0x0f, 0x22, 0xc0});
        at += 8;
        break;
      default: put(bytes, at, {low(), low(), low()}); at += 3;
    }
  }
}

// Bootable by its looks: what it loads, and where, is random.
std::vector<std::uint8_t> hostile_disk(Random& random) {
  std::vector<std::uint8_t> bytes(kSectorSize * (1 + random.below(4000)));
  fill(random, std::span(bytes).first(std::min<std::size_t>(bytes.size(), 0x9000)));
  hostile_code(random, bytes, 0, random.one_in(2) ? 440 : 0);
  put(bytes, 510, {0x55, 0xaa});
  put(bytes, 446, {0x80});
  return bytes;
}

// ISO 9660's descriptors from sector 16, and El Torito's catalog.
std::vector<std::uint8_t> hostile_cd(Random& random) {
  constexpr std::size_t kCdSector = 2048;
  std::vector<std::uint8_t> bytes(kCdSector * (20 + random.below(40)));
  const std::size_t record = 17 * kCdSector, catalog = 18 * kCdSector;
  fill(random, std::span(bytes).subspan(19 * kCdSector));
  const char* const name = "CD001\1EL TORITO SPECIFICATION";
  bytes[record] = 0;
  std::copy_n(name, 29, bytes.begin() + static_cast<std::ptrdiff_t>(record + 1));
  put(bytes, record + 0x47, {18, 0, 0, 0});
  put(bytes, catalog, {1, 0});
  put(bytes, catalog + 28, {0xaa, 0x55, 0x55, 0xaa});
  put(bytes, catalog + 32,
      {0x88, random.pick({0, 1, 2, 3, 4, 0x84, 0xff}), 0, 0, 0, 0,
       static_cast<int>(random.below(256)), random.pick({0, 0, 1, 255}), 19, 0, 0,
       random.pick({0, 0, 0, 255})});
  if (random.one_in(2)) {  // the checksum of its first entry is not looked at by all
    for (unsigned n = random.below(6); n != 0; --n)
      bytes[record + random.below(2 * kCdSector)] = static_cast<std::uint8_t>(random.next());
  }
  hostile_code(random, bytes, 19 * kCdSector, 19 * kCdSector + 500);
  return bytes;
}

// ---- What is executed ----

class Hostile : public ice86::fuzz::Executor {
 public:
  explicit Hostile(std::uint64_t seed) : seed_(seed) {}
  std::string execute(std::uint64_t index) final {
    Random random(mix(seed_, index));
    return execute(random);
  }
  std::string summary() const override {
    return fmt::format("{} instructions of the guest\n", instructions_);
  }

 protected:
  virtual std::string execute(Random& random) = 0;

  std::string boot(Random& random, machine::Firmware firmware, std::uint64_t most) {
    machine::PcConfig config;
    config.memory_mib = 1 + random.below(16);
    config.firmware = std::move(firmware);
    config.engine = random_engine(random);
    config.instructions_per_microsecond = 2;
    const auto medium = [](std::vector<std::uint8_t> bytes) {
      return BlockImage::in_memory(std::move(bytes), BlockImage::Writes::kOverlay);
    };
    config.disks[0] = machine::DiskConfig{medium(hostile_disk(random)), {}, false};
    config.disks[2] = machine::DiskConfig{medium(hostile_cd(random)), {}, true};
    if (random.one_in(2)) config.floppies[0] = machine::FloppyConfig{medium(hostile_disk(random))};
    config.boot_order = random.pick({"c", "d", "a", "dca"});
    auto pc = machine::Pc::create(std::move(config));
    if (!pc) return pc.error().message().empty() ? "an error without a message" : "";
    machine::RunLimits limits;
    limits.instructions = most;
    limits.time = most * 1000;
    (*pc)->run(limits);
    instructions_ += (*pc)->clock().instructions();
    return {};
  }

  std::uint64_t instructions_ = 0;

 private:
  std::uint64_t seed_;
};

class HostileDisks final : public Hostile {
 public:
  using Hostile::Hostile;

 private:
  std::string execute(Random& random) override {
    return boot(random, firmware_named(random.pick(kFirmwares)), 4'000'000);
  }
};

class HostileFirmware final : public Hostile {
 public:
  using Hostile::Hostile;

 private:
  std::string execute(Random& random) override {
    machine::Firmware firmware = firmware_named(random.pick(kFirmwares));
    damage(random, firmware.rom, random.one_in(3) ? 200 : 20);
    if (random.one_in(2)) damage(random, firmware.vga_rom, 20);
    return boot(random, std::move(firmware), 3'000'000);
  }
};

// Sequences of calls, drives that fail, keys: what `ice86 fuzz` does, without its sense.
class HostileCalls final : public Hostile {
 public:
  HostileCalls(const std::string& target, std::uint64_t seed) : Hostile(seed) {
    RigOptions options;
    options.target = *fuzz_target(target, std::nullopt);
    options.firmware = firmware_named("bochs");
    auto rig = Rig::create(std::move(options));
    ICE86_ASSERT(rig);
    rig_ = std::move(*rig);
  }

 private:
  std::string execute(Random& random) override {
    constexpr unsigned kInputs = 50;
    for (unsigned n = 0; n < kInputs; ++n) run_one(random);
    return rig_->is_as_at_start() ? "" : "a reset has missed something";
  }

  void run_one(Random& random) {
    Input input(kStepBytes * (1 + random.below(kMostSteps)));
    for (std::size_t step = 0; step < input.size(); step += kStepBytes) {
      const std::span<std::uint8_t> bytes = std::span(input).subspan(step, kStepBytes);
      if (random.one_in(2)) fill(random, bytes);
      bytes[2] = static_cast<std::uint8_t>(random.below(random.one_in(4) ? 256 : 0x50));
      bytes[7] = static_cast<std::uint8_t>(random.pick({0x80, 0x80, 0x00, 0xe0, 0x81}));
      if (bytes[0] % 8 == 7) bytes[2] %= 6;
    }
    instructions_ += rig_->run(input).instructions;
    rig_->reset();
  }

  std::unique_ptr<Rig> rig_;
};

}  // namespace
}  // namespace ice86::harness::fuzz

int main(int argc, char** argv) {
  using namespace ice86::harness::fuzz;
  using ice86::fuzz::RunOptions;
  CLI::App app(
      "Boots damaged firmware and hostile disks, and calls BIOS services with anything: no crash, "
      "no "
      "hang, no growth of the program that runs them",
      "ice86-bios-fuzz");
  ice86::fuzz::Program program{"--what", "is hostile", {}, 4};
  program.checks = false;
  program.targets.push_back({"disks", [](const RunOptions& options) {
                               return std::make_unique<HostileDisks>(options.seed);
                             }});
  program.targets.push_back({"firmware", [](const RunOptions& options) {
                               return std::make_unique<HostileFirmware>(options.seed);
                             }});
  for (const char* target : {"int10", "int13", "int15", "int1a"}) {
    program.targets.push_back({target, [target](const RunOptions& options) {
                                 return std::make_unique<HostileCalls>(target, options.seed);
                               }});
  }
  return run_program(app, program, argc, argv);
}
