// SPDX-License-Identifier: LGPL-2.1-or-later
// ROMs of LinuxBIOS with whatever files, and machines that start them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "emulator/base/files.h"
#include "emulator/bus/block_image.h"
#include "emulator/machine/pc.h"
#include "harness/interrupts/int_recorder.h"
#include "harness/rom/rom_image.h"

namespace ice86 {

using Bytes = std::vector<std::uint8_t>;
using harness::RomEntryType;
using harness::RomFile;
using harness::RomPart;

inline constexpr Nanoseconds kSecond = 1'000'000'000;

inline Bytes file(const std::string& path) {
  auto bytes = read_file(path, 16 << 20);
  EXPECT_TRUE(bytes) << bytes.error().message();
  return bytes ? *bytes : Bytes{};
}

inline std::vector<RomFile> stack_files(bool pack) {
  return {{"adlo", RomEntryType::kProgram, pack, file(ICE86_IMAGES "/adlo.elf"), ""},
          {"bios", RomEntryType::kFile, pack, file(ICE86_BIOS), ""},
          {"vgabios", RomEntryType::kFile, pack, file(ICE86_VGA_BIOS), ""}};
}

struct Rom {
  Bytes bytes;
  std::vector<RomPart> parts;

  // Where the entry's header is.
  std::size_t at(const std::string& name) const {
    for (const RomPart& part : parts) {
      if (part.name == name) return part.offset;
    }
    ADD_FAILURE() << "no part " << name;
    return 0;
  }
  std::size_t body(const std::string& name) const { return at(name) + 64; }
};

inline Rom rom_of(std::vector<RomFile> files) {
  harness::RomPlan plan;
  plan.size = 512 << 10;
  plan.boot_code = file(ICE86_IMAGES "/linuxbios.bin");
  plan.files = std::move(files);
  Rom rom;
  auto bytes = harness::build_rom(plan, &rom.parts);
  EXPECT_TRUE(bytes) << bytes.error().message();
  if (bytes) rom.bytes = std::move(*bytes);
  return rom;
}

struct Outcome {
  std::string serial;
  std::vector<std::uint64_t> post;
  machine::RunEnd end = machine::RunEnd::kInstructionLimit;

  bool posted(unsigned code) const {
    return std::find(post.begin(), post.end(), code) != post.end();
  }
};

struct Boot {
  std::unique_ptr<machine::Pc> pc;
  std::string serial;
  std::vector<harness::IntEvent> events;
  machine::RunEnd end = machine::RunEnd::kInstructionLimit;
};

inline machine::PcConfig config_of(Bytes rom, unsigned memory_mib, std::string& serial) {
  machine::PcConfig config;
  if (cpu::engine_available(cpu::Engine::kJit)) config.engine = cpu::Engine::kJit;
  config.firmware.name = "test";
  config.firmware.rom = std::move(rom);
  config.memory_mib = memory_mib;
  config.serial[0] = [&serial](std::uint8_t byte) { serial += static_cast<char>(byte); };
  return config;
}

// Nothing to boot.
inline Outcome start(Bytes rom, Nanoseconds until = kSecond, unsigned memory_mib = 32) {
  Outcome outcome;
  auto pc = machine::Pc::create(config_of(std::move(rom), memory_mib, outcome.serial));
  EXPECT_TRUE(pc) << pc.error().message();
  (*pc)->trace().subscribe(TraceBus::mask_of(TraceCategory::kPost), [&](const TraceEvent& event) {
    for (const TraceField& field : event.fields) {
      if (const auto* value = std::get_if<std::uint64_t>(&field.value)) {
        outcome.post.push_back(*value);
      }
    }
  });
  machine::RunLimits limits;
  limits.time = until;
  outcome.end = (*pc)->run(limits).end;
  return outcome;
}

// The test kernel by GRUB from disk.
inline Boot boot_disk(Bytes rom, Nanoseconds until = 20 * kSecond,
                      const devices::AtaTiming& timing = {}) {
  Boot boot;
  auto image = BlockImage::open(ICE86_IMAGES "/grub.img", BlockImage::Writes::kOverlay);
  EXPECT_TRUE(image) << image.error().message();
  machine::PcConfig config = config_of(std::move(rom), 512, boot.serial);
  config.disks[0] = machine::DiskConfig{std::move(*image), timing};
  auto pc = machine::Pc::create(std::move(config));
  EXPECT_TRUE(pc) << pc.error().message();
  boot.pc = std::move(*pc);
  machine::Pc* const guest = boot.pc.get();
  harness::IntRecorder recorder(
      {[guest]() -> const cpu::State& { return guest->cpu().state(); },
       [guest](std::uint32_t linear, unsigned width) { return guest->peek_memory(linear, width); },
       [guest] { return guest->clock().instructions(); },
       [guest] { return guest->clock().now(); }});
  guest->cpu().set_interrupt_observer(&recorder);
  machine::RunLimits limits;
  limits.time = until;
  boot.end = guest->run(limits).end;
  guest->cpu().set_interrupt_observer(nullptr);
  boot.events = recorder.events();
  return boot;
}

inline RomFile options(const std::string& text) {
  return {"options", RomEntryType::kFile, false, Bytes(text.begin(), text.end()), ""};
}

}  // namespace ice86
