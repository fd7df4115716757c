// SPDX-License-Identifier: LGPL-2.1-or-later
// The stacked ROM on our own machine: what each stage says and leaves behind, from reset to GRUB
// and the test kernel; and what it does with a drive that is not ready. rom_test.cpp has the ROMs
// that are not as they should be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "emulator/bus/block_image.h"
#include "emulator/machine/pc.h"
#include "harness/interrupts/int_recorder.h"
#include "harness/report/stages.h"
#include "harness/session/line_log.h"
#include "harness/trace/trace_file.h"

namespace ice86 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Nanoseconds kMillisecond = 1'000'000, kSecond = 1'000'000'000;

struct Boot {
  std::unique_ptr<machine::Pc> pc;
  harness::LineLog serial;
  std::unique_ptr<harness::IntRecorder> recorder;
  machine::RunResult result;

  std::uint32_t memory(std::uint32_t address, unsigned width) const {
    return static_cast<std::uint32_t>(pc->peek_memory(address, width));
  }
};

// Changes to the machine before it is switched on.
struct Variation {
  unsigned memory_mib = 512;
  const char* firmware = "stack";
  Nanoseconds spin_up = 0;
  Nanoseconds until = 60 * kSecond;
};

// A machine that is switched on but has not run yet.
std::unique_ptr<Boot> machine_of(const Variation& variation) {
  auto run = std::make_unique<Boot>();
  machine::PcConfig config;
  auto firmware = machine::load_firmware(variation.firmware, std::nullopt, ICE86_IMAGES);
  EXPECT_TRUE(firmware) << firmware.error().message();
  config.firmware = std::move(*firmware);
  config.memory_mib = variation.memory_mib;
  auto image = BlockImage::open(ICE86_IMAGES "/grub.img", BlockImage::Writes::kOverlay);
  EXPECT_TRUE(image) << image.error().message();
  machine::DiskConfig disk{std::move(*image), {}};
  if (variation.spin_up != 0) disk.timing.spin_up = variation.spin_up;
  config.disks[0] = std::move(disk);
  Boot* const raw = run.get();
  config.serial[0] = [raw](std::uint8_t byte) { raw->serial.add(byte, raw->pc->clock()); };
  auto pc = machine::Pc::create(std::move(config));
  EXPECT_TRUE(pc) << pc.error().message();
  run->pc = std::move(*pc);
  machine::Pc* const guest = run->pc.get();
  run->recorder = std::make_unique<harness::IntRecorder>(harness::IntRecorder::View{
      [guest]() -> const cpu::State& { return guest->cpu().state(); },
      [guest](std::uint32_t linear, unsigned width) { return guest->peek_memory(linear, width); },
      [guest] { return guest->clock().instructions(); }, [guest] { return guest->clock().now(); }});
  guest->cpu().set_interrupt_observer(run->recorder.get());
  return run;
}

std::unique_ptr<Boot> boot(const Variation& variation) {
  auto run = machine_of(variation);
  machine::RunLimits limits;
  limits.time = variation.until;
  run->result = run->pc->run(limits);
  return run;
}

// One boot to the end serves many questions.
const Boot& whole() {
  static const std::unique_ptr<Boot> run = boot({});
  return *run;
}

TEST(Stack, BootsGrubAndTheTestKernel) {
  const Boot& run = whole();
  EXPECT_EQ(run.result.end, machine::RunEnd::kDebugExit);
  EXPECT_EQ(run.result.debug_exit_value, 0x10);
  const std::string& serial = run.serial.bytes();
  EXPECT_THAT(serial, HasSubstr("LinuxBIOS "));
  EXPECT_THAT(serial, HasSubstr("DRAM: 524288 KB, from SPD"));
  EXPECT_THAT(serial, HasSubstr("ADLO: starting the BIOS"));
  EXPECT_THAT(serial, HasSubstr("ice86 test kernel: ok"));
}

TEST(Stack, StagesComeInOrder) {
  const Boot& run = whole();
  harness::IntTrace trace;
  trace.events = run.recorder->events();
  std::vector<std::string> names;
  for (const harness::Stage& stage : harness::boot_stages(run.serial.lines(), trace)) {
    names.push_back(stage.name);
  }
  EXPECT_THAT(names, ElementsAre("LinuxBIOS", "ADLO", "BIOS", "boot loader", "system"));
}

// 'Flexibility in ROM': vector 13h, at 4Ch, points to F000:E3FE.
TEST(Stack, Int13EntersTheBiosAtItsFixedAddress) {
  const Boot& run = whole();
  unsigned calls = 0;
  for (const harness::IntEvent& event : run.recorder->events()) {
    if (event.vector != 0x13) continue;
    ++calls;
    EXPECT_EQ(event.handler.segment, 0xf000);
    EXPECT_EQ(event.handler.offset, 0xe3fe);
  }
  EXPECT_GT(calls, 10u);
  EXPECT_EQ(run.memory(0x4c, 4), 0xf000e3feu);
}

// Table 4 of the paper has 0-A0000 and 100000-1FFF0000 usable on 512 MB; this BIOS keeps 4 KB of
// conventional memory for its EBDA.
TEST(Stack, MemoryMapOf512MiBIsThePapers) {
  std::vector<std::string> usable;
  for (const harness::IntEvent& event : whole().recorder->events()) {
    if (event.vector != 0x15 || event.in.ax() != 0xe820) continue;
    if (event.result->find("usable") != std::string::npos) {
      usable.push_back(event.result->substr(0, event.result->find(" usable")));
    }
    if (event.out && event.out->ebx == 0) break;
  }
  EXPECT_THAT(usable, ElementsAre("0x0 + 0x9f000", "0x100000 + 0x1fef0000"));
}

unsigned long used_bytes(const char* map) {
  std::ifstream file(map);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto at = text.find("used ");
  EXPECT_NE(at, std::string::npos) << text;
  return at == std::string::npos ? ~0ul : std::stoul(text.substr(at + 5));
}

TEST(Stack, IsUnder175KBAndUnder100Packed) {
  EXPECT_LT(used_bytes(ICE86_IMAGES "/stack.map"), 175u * 1024);
  EXPECT_LT(used_bytes(ICE86_IMAGES "/stack-packed.map"), 100u * 1024);
}

TEST(Stack, ShadowRamHoldsTheStockFilesAndIsClosed) {
  const Boot& run = whole();
  for (const auto& [file, address] :
       {std::pair{ICE86_BIOS, 0xf0000u}, std::pair{ICE86_VGA_BIOS, 0xc0000u}}) {
    std::ifstream stream(file, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(stream), {});
    ASSERT_GT(bytes.size(), 0x8000u) << file;
    std::size_t different = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      // The BIOS's $PIR says what LinuxBIOS found on this board.
      if (address == 0xf0000 && i >= 0x9990 && i < 0x9a10) continue;
      // The pointer to its MP table stands where the file has zeros.
      const std::uint32_t block = address + static_cast<std::uint32_t>(i & ~std::size_t{15});
      if (bytes[i] == 0 && run.memory(block, 4) == 0x5f504d5f) continue;  // _MP_
      different += run.memory(address + static_cast<std::uint32_t>(i), 1) !=
                   static_cast<std::uint8_t>(bytes[i]);
    }
    EXPECT_EQ(different, 0u) << file;
  }
}

TEST(Stack, PirTableIsSoundAndNamesTheRouter) {
  const Boot& run = whole();
  constexpr std::uint32_t kTable = 0xf9990;
  EXPECT_EQ(run.memory(kTable, 4), 0x52495024u);
  const std::uint32_t size = run.memory(kTable + 6, 2);
  ASSERT_EQ(size, 32 + 6 * 16);
  std::uint8_t sum = 0;
  for (std::uint32_t i = 0; i < size; ++i) {
    sum = static_cast<std::uint8_t>(sum + run.memory(kTable + i, 1));
  }
  EXPECT_EQ(sum, 0);
  EXPECT_EQ(run.memory(kTable + 9, 1), 1u << 3);
  // Device 3, INTA#: PIRQ 62h, as PIIX3 boards are wired.
  EXPECT_EQ(run.memory(kTable + 32 + 2 * 16 + 1, 1), 3u << 3);
  EXPECT_EQ(run.memory(kTable + 32 + 2 * 16 + 2, 1), 0x62u);
}

std::uint16_t internet_checksum(const Boot& run, std::uint32_t from, std::uint32_t size) {
  std::uint32_t sum = 0;
  for (std::uint32_t i = 0; i < size; ++i) sum += run.memory(from + i, 1) << (i % 2 * 8);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

TEST(Stack, LinuxBiosTableIsFoundFromBelowAndItsChecksumsAreRight) {
  const Boot& run = whole();
  const auto check = [&](std::uint32_t at) {
    EXPECT_EQ(run.memory(at, 4), 0x4f49424cu);  // LBIO
    EXPECT_EQ(run.memory(at + 4, 4), 24u);
    EXPECT_EQ(internet_checksum(run, at, 24), 0);
    EXPECT_EQ(internet_checksum(run, at + 24, run.memory(at + 12, 4)), run.memory(at + 16, 4));
  };
  constexpr std::uint32_t kTop = 0x1fff0000;
  check(kTop);
  std::vector<std::uint32_t> tags;
  std::uint32_t record = kTop + 24;
  for (std::uint32_t i = 0; i < run.memory(kTop + 20, 4); ++i) {
    tags.push_back(run.memory(record, 4));
    record += run.memory(record + 4, 4);
  }
  EXPECT_EQ(record, kTop + 24 + run.memory(kTop + 12, 4));
  EXPECT_THAT(tags, ElementsAre(1, 3, 4, 5, 6, 11, 15, 14));
}

std::string trace_bytes(const Boot& run) {
  harness::IntTrace trace;
  trace.events = run.recorder->events();
  return harness::to_json_lines(trace);
}

TEST(Stack, TwoRunsGiveTheSameTraceAndTheSameState) {
  const auto second = boot({});
  EXPECT_EQ(trace_bytes(*second), trace_bytes(whole()));
  EXPECT_EQ(second->pc->state_hash(), whole().pc->state_hash());
}

// One boot, handed from machine to machine at 100 random instruction counts.
TEST(Stack, HundredSnapshotsAlongTheWayChangeNothing) {
  Variation variation;
  variation.memory_mib = 32;
  const auto reference = boot(variation);
  std::mt19937_64 random(2003);
  std::vector<std::uint64_t> points;
  for (int i = 0; i < 100; ++i) {
    points.push_back(random() % reference->pc->clock().instructions());
  }
  std::sort(points.begin(), points.end());
  auto current = machine_of(variation);
  std::string serial;
  machine::RunLimits limits;
  limits.time = variation.until;
  for (const std::uint64_t point : points) {
    limits.instructions = point;
    ASSERT_EQ(current->pc->run(limits).end, machine::RunEnd::kInstructionLimit) << point;
    const std::vector<std::uint8_t> saved = current->pc->save();
    serial += current->serial.bytes();
    auto next = machine_of(variation);
    const auto loaded = next->pc->load(saved);
    ASSERT_TRUE(loaded) << loaded.error().message();
    current = std::move(next);
  }
  limits.instructions.reset();
  EXPECT_EQ(current->pc->run(limits).end, machine::RunEnd::kDebugExit);
  serial += current->serial.bytes();
  EXPECT_EQ(serial, reference->serial.bytes());
  EXPECT_EQ(current->pc->state_hash(), reference->pc->state_hash());
}

class MemorySizes : public ::testing::TestWithParam<unsigned> {};

TEST_P(MemorySizes, ReachTheBiosThroughSpdTableAndCmos) {
  const unsigned mib = GetParam();
  Variation variation;
  variation.memory_mib = mib;
  variation.until = 200 * kMillisecond;
  const auto run = boot(variation);
  EXPECT_THAT(run->serial.bytes(), HasSubstr("DRAM: " + std::to_string(mib * 1024) + " KB"));
  const unsigned below_4g = std::min(mib, 3072u);
  EXPECT_THAT(run->serial.bytes(),
              HasSubstr(std::to_string((below_4g - 1) * 1024 - 64) + " KB extended memory"));
  EXPECT_THAT(run->serial.bytes(), HasSubstr("ADLO: starting the BIOS"));
}

INSTANTIATE_TEST_SUITE_P(FromSmallToLarge, MemorySizes,
                         ::testing::Values(2, 4, 8, 16, 24, 64, 96, 512, 1024, 2048, 3072, 6144));

// 'Flexibility in ROM': LinuxBIOS is at the disk before it has spun up.
TEST(Stack, WaitsForADriveThatSpinsUp) {
  Variation variation;
  variation.spin_up = 2 * kSecond;
  const auto run = boot(variation);
  EXPECT_THAT(run->serial.bytes(), HasSubstr("IDE0: ready after 19"));
  EXPECT_THAT(run->serial.bytes(), HasSubstr("ice86 test kernel: ok"));
}

TEST(StockBios, AloneDoesNotWaitAndFailsVisibly) {
  Variation variation;
  variation.firmware = "bochs-legacy";
  variation.spin_up = 2 * kSecond;
  variation.until = 30 * kSecond;
  const auto run = boot(variation);
  EXPECT_THAT(run->serial.bytes(), Not(HasSubstr("ice86 test kernel")));
}

}  // namespace
}  // namespace ice86
