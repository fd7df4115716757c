// SPDX-License-Identifier: LGPL-2.1-or-later
// 82077AA: reset and polling, command set, seeks, transfers by DMA and without, errors, time.
#include "devices/i82077aa/i82077aa.h"

#include <gmock/gmock.h>

#include "devices/i8237/isa_dma.h"
#include "emulator/bus/block_image.h"
#include "tests/devices/conformance.h"

namespace ice86 {
namespace {

using devices::FloppyDriveType;
using devices::I82077aa;
using ::testing::ElementsAre;
using Bytes = std::vector<unsigned>;

constexpr unsigned kSectors = 2880;

std::vector<std::uint8_t> numbered(unsigned sectors) {
  std::vector<std::uint8_t> bytes(std::size_t{sectors} * kSectorSize);
  for (std::uint32_t i = 0; i < sectors; ++i) store_le(&bytes[i * kSectorSize], i);
  return bytes;
}

// Drive 0: a 1.44M diskette; drive 1: empty; no others. DMA channel 2 behind it, memory at 0.
struct FloppyBench {
  explicit FloppyBench(I82077aa::Config config = {.speed = 1},
                       BlockImage::Writes writes = BlockImage::Writes::kOverlay)
      : medium(BlockImage::in_memory(numbered(kSectors), writes)),
        chip(clock, {irq, drq}, trace, config) {
    EXPECT_TRUE(memory
                    .add({.name = "ram",
                          .base = 0,
                          .size = ram->size(),
                          .priority = MemorySpace::Priority::kRam,
                          .ram = ram.get()})
                    .has_value());
    chip.attach(0, FloppyDriveType::k1440K);
    chip.attach(1, FloppyDriveType::k1440K);
    chip.drive(0).insert(medium.get(), *devices::floppy_format(medium->sectors() * kSectorSize));
    drq.connect([this](bool high) { dma.set_dreq(2, high); });
    dma.connect(2, chip);
    chip.reset(ResetKind::kPowerOn);
  }

  Clock clock{1};
  TraceBus trace{clock};
  MemorySpace memory{trace};
  std::unique_ptr<Ram> ram = std::move(Ram::create("ram", 1 << 20).value());
  LevelLine irq, drq;
  devices::IsaDma dma{clock, DmaPort(memory)};
  std::unique_ptr<BlockImage> medium;
  I82077aa chip;

  I82077aa& device() { return chip; }
  std::vector<conformance::Block> blocks() { return {{"ports", &chip, 8, 1}}; }
  bool interrupting() const { return irq.high(); }
  std::uint64_t outputs() const { return drq.high() ? 1 : 0; }
  void disturb(std::mt19937_64& random) {
    switch (random() % 4) {
      case 0: chip.dack_read(); break;
      case 1: chip.dack_write(static_cast<std::uint16_t>(random() & 0xFF)); break;
      case 2: chip.terminal_count(); break;
      default:
        // Random bytes alone hardly ever switch the controller on and start a transfer.
        out(2, 0x1C);
        for (const unsigned byte : {0xE6U, 0U, 0U, 0U, 1U, 2U, 18U, 27U, 255U}) out(5, byte);
        break;
    }
  }

  void run(std::uint64_t microseconds) { conformance::advance(*this, microseconds); }
  unsigned in(unsigned port) { return static_cast<unsigned>(chip.read(port, 1)); }
  void out(unsigned port, unsigned value) { chip.write(port, 1, value); }

  void send(const Bytes& bytes) {
    for (const unsigned byte : bytes) {
      EXPECT_EQ(in(4) & 0xC0, 0x80U);
      out(5, byte);
    }
  }
  Bytes result() {
    Bytes bytes;
    while ((in(4) & 0xD0) == 0xD0) bytes.push_back(in(5));
    return bytes;
  }
  Bytes command(const Bytes& bytes) {
    send(bytes);
    return result();
  }
  // Runs on until the interrupt; the time it took.
  std::uint64_t until_interrupt(std::uint64_t most = 2'000'000) {
    std::uint64_t time = 0;
    for (; !irq.high() && time < most; time += 10) run(10);
    EXPECT_TRUE(irq.high());
    return time;
  }
  // As a driver starts: out of reset, motors on, four statuses, SPECIFY with 3 ms steps, 500 kb/s.
  void start(unsigned non_dma = 0) {
    out(2, 0x00);
    out(2, 0x3C);
    until_interrupt();
    for (unsigned i = 0; i < 4; ++i) command({0x08});
    command({0x03, 0xDF, 0x02 | non_dma});
    out(7, 0);
  }
  // DMA of `count` bytes at 8000h: 46h to memory, 4Ah from it.
  void program_dma(unsigned mode, unsigned count) {
    dma.controller2().write(0xD6 - 0xC0, 1, 0xC0);
    dma.controller2().write(0xD4 - 0xC0, 1, 0);
    dma.controller1().write(0x0A, 1, 6);
    dma.controller1().write(0x0C, 1, 0);
    dma.controller1().write(0x0B, 1, mode);
    dma.controller1().write(4, 1, 0x00);
    dma.controller1().write(4, 1, 0x80);
    dma.controller1().write(5, 1, (count - 1) & 0xFF);
    dma.controller1().write(5, 1, (count - 1) >> 8);
    dma.pages().write(1, 1, 0);
    dma.controller1().write(0x0A, 1, 2);
  }
  std::uint32_t memory_at(unsigned offset) {
    return static_cast<std::uint32_t>(memory.read(0x8000 + offset, 4));
  }
  std::uint32_t medium_at(unsigned sector, unsigned offset = 0) {
    std::array<std::uint8_t, 512> bytes{};
    EXPECT_TRUE(medium->read(sector, bytes));
    return load_le<std::uint32_t>(&bytes[offset]);
  }
  Bytes seek(unsigned drive, unsigned cylinder) {
    send({0x0F, drive, cylinder});
    until_interrupt();
    return command({0x08});
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(I82077aa, DeviceConformance, FloppyBench);

TEST(I82077aa, ResetIsHeldByTheDorAndPollsFourDrives) {
  FloppyBench b;
  EXPECT_EQ(b.in(2), 0U);
  EXPECT_EQ(b.in(4), 0U) << "not ready while in reset";
  b.out(2, 0x0C);
  EXPECT_EQ(b.in(4), 0x80U);
  EXPECT_EQ(b.until_interrupt(), 250U);
  EXPECT_THAT(b.command({0x08}), ElementsAre(0xC0, 0));
  EXPECT_FALSE(b.irq.high());
  EXPECT_THAT(b.command({0x08}), ElementsAre(0xC1, 0));
  EXPECT_THAT(b.command({0x08}), ElementsAre(0xC2, 0));
  EXPECT_THAT(b.command({0x08}), ElementsAre(0xC3, 0));
  EXPECT_THAT(b.command({0x08}), ElementsAre(0x80)) << "nothing more to tell";
}

TEST(I82077aa, DsrResetClearsItself) {
  FloppyBench b;
  b.start();
  b.out(4, 0x80);
  EXPECT_EQ(b.in(4), 0x80U);
  EXPECT_EQ(b.until_interrupt(), 250U);
  EXPECT_THAT(b.command({0x08}), ElementsAre(0xC0, 0));
}

TEST(I82077aa, DmaGateKeepsTheInterruptIn) {
  FloppyBench b;
  b.out(2, 0x04);
  b.run(1000);
  EXPECT_FALSE(b.irq.high());
  b.out(2, 0x0C);
  EXPECT_TRUE(b.irq.high());
}

TEST(I82077aa, SmallCommands) {
  FloppyBench b;
  b.start();
  EXPECT_THAT(b.command({0x10}), ElementsAre(0x90));
  EXPECT_THAT(b.command({0x94}), ElementsAre(0x10));
  EXPECT_THAT(b.command({0x14}), ElementsAre(0x00));
  EXPECT_THAT(b.command({0x1F}), ElementsAre(0x80)) << "no command";
  EXPECT_THAT(b.command({0x43}), ElementsAre(0x80)) << "SPECIFY has no flags";
  EXPECT_THAT(b.command({0x04, 0x04}), ElementsAre(0x3C)) << "head 1, track 0";
  EXPECT_THAT(b.command({0x04, 0x02}), ElementsAre(0x2A)) << "no drive";
  b.send({0x13, 0, 0x57, 0x10});
  b.send({0x12, 0x80 | 0x3C | 3});
  EXPECT_THAT(b.command({0x0E}), ElementsAre(0, 0, 0, 0, 0xDF, 2, 0, 0x3F, 0x57, 0x10));
}

TEST(I82077aa, ResetKeepsWhatItShould) {
  FloppyBench b;
  b.start();
  b.send({0x13, 0, 0x47, 0x10});
  b.send({0x12, 0x80 | 0x04 | 3});
  b.command({0x94});
  b.out(4, 0x80);
  b.until_interrupt();
  EXPECT_THAT(b.command({0x0E}), ElementsAre(0, 0, 0, 0, 0xDF, 2, 0, 0x84, 0x07, 0x10));
  b.command({0x14});
  b.out(4, 0x80);
  b.until_interrupt();
  EXPECT_THAT(b.command({0x0E}), ElementsAre(0, 0, 0, 0, 0xDF, 2, 0, 0x04, 0x20, 0));
}

TEST(I82077aa, CommandPhaseShowsBusy) {
  FloppyBench b;
  b.start();
  b.out(5, 0x03);
  EXPECT_EQ(b.in(4), 0x90U);
  b.out(5, 0xDF);
  b.out(5, 0x02);
  EXPECT_EQ(b.in(4), 0x80U);
}

TEST(I82077aa, SeekTakesThreeMillisecondsAStepAndClearsTheChangeLine) {
  FloppyBench b;
  b.start();
  EXPECT_EQ(b.in(7), 0x80U) << "nobody has looked at this diskette";
  b.send({0x0F, 0, 10});
  EXPECT_EQ(b.in(4), 0x81U) << "drive 0 seeks, commands are taken";
  EXPECT_EQ(b.until_interrupt(), 30'000U);
  EXPECT_EQ(b.in(4), 0x80U);
  EXPECT_THAT(b.command({0x08}), ElementsAre(0x20, 10));
  EXPECT_EQ(b.in(7), 0x00U);
  EXPECT_THAT(b.command({0x04, 0}), ElementsAre(0x28)) << "not on track 0";
  b.send({0x07, 0});
  EXPECT_EQ(b.until_interrupt(), 30'000U);
  EXPECT_THAT(b.command({0x08}), ElementsAre(0x20, 0));
  b.out(2, 0x3D);
  EXPECT_EQ(b.in(7), 0x80U) << "drive 1 is empty";
  b.send({0x0F, 1, 1});
  b.until_interrupt();
  EXPECT_THAT(b.command({0x08}), ElementsAre(0x21, 1));
  EXPECT_EQ(b.in(7), 0x80U) << "and stays so";
  b.out(2, 0x0D);
  EXPECT_EQ(b.in(7), 0x00U) << "without its motor it is not selected";
}

TEST(I82077aa, RelativeSeekMovesBothWays) {
  FloppyBench b;
  b.start();
  b.send({0xCF, 0, 12});
  b.until_interrupt();
  EXPECT_THAT(b.command({0x08}), ElementsAre(0x20, 12));
  b.send({0x8F, 0, 5});
  b.until_interrupt();
  EXPECT_THAT(b.command({0x08}), ElementsAre(0x20, 7));
  EXPECT_EQ(b.chip.drive(0).cylinder(), 7U);
}

TEST(I82077aa, TwoDrivesSeekAtOnce) {
  FloppyBench b;
  b.start();
  b.send({0x0F, 0, 10});
  b.send({0x0F, 1, 5});
  EXPECT_EQ(b.in(4), 0x83U);
  b.run(16'000);
  EXPECT_EQ(b.in(4), 0x81U);
  b.run(20'000);
  EXPECT_THAT(b.command({0x08}), ElementsAre(0x20, 10));
  EXPECT_TRUE(b.irq.high()) << "one more to tell";
  EXPECT_THAT(b.command({0x08}), ElementsAre(0x21, 5));
  EXPECT_FALSE(b.irq.high());
}

TEST(I82077aa, RecalibrateOfNoDriveFindsNoTrack0) {
  FloppyBench b;
  b.start();
  b.send({0x07, 3});
  EXPECT_EQ(b.until_interrupt(), 79 * 3000U);
  EXPECT_THAT(b.command({0x08}), ElementsAre(0x73, 0));
}

TEST(I82077aa, ReadsSectorsByDmaUntilTerminalCount) {
  FloppyBench b;
  b.start();
  b.program_dma(0x46, 1024);
  b.send({0xE6, 0, 0, 0, 3, 2, 18, 27, 255});
  EXPECT_EQ(b.in(4), 0x10U);
  // Two sectors of 1/18 turn each, the bytes of the last one and TC.
  EXPECT_NEAR(static_cast<double>(b.until_interrupt()), 2 * 11'111 + 512 + 10, 30);
  EXPECT_EQ(b.in(4), 0xD0U);
  EXPECT_EQ(b.in(5), 0U);
  EXPECT_FALSE(b.irq.high()) << "the first result byte takes the interrupt back";
  EXPECT_THAT(b.result(), ElementsAre(0, 0, 0, 0, 5, 2));
  EXPECT_EQ(b.memory_at(0), 2U);
  EXPECT_EQ(b.memory_at(512), 3U);
}

TEST(I82077aa, MultiTrackGoesOnAtTheOtherHead) {
  FloppyBench b;
  b.start();
  b.program_dma(0x46, 3 * 512);
  b.send({0xE6, 0, 0, 0, 17, 2, 18, 27, 255});
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(4, 0, 0, 0, 1, 2, 2));
  EXPECT_EQ(b.memory_at(0), 16U);
  EXPECT_EQ(b.memory_at(1024), 18U);
  b.program_dma(0x46, 512);
  b.send({0xE6, 4, 0, 1, 18, 2, 18, 27, 255});
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(4, 0, 0, 1, 0, 1, 2)) << "the next cylinder, head 0";
  b.program_dma(0x46, 512);
  b.send({0x66, 4, 0, 1, 18, 2, 18, 27, 255});
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(4, 0, 0, 1, 1, 1, 2)) << "without MT the head stays";
}

TEST(I82077aa, WithoutTerminalCountTheTrackEnds) {
  FloppyBench b;
  b.start();
  b.program_dma(0x46, 4096);
  b.send({0x46, 0, 0, 0, 17, 2, 18, 27, 255});
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(0x40, 0x80, 0, 1, 0, 1, 2));
}

TEST(I82077aa, NonDmaModeAsksForEveryByte) {
  FloppyBench b;
  b.start(1);
  b.send({0x46, 0, 0, 0, 4, 2, 4, 27, 255});
  EXPECT_EQ(b.in(4), 0x70U);
  b.until_interrupt();
  std::uint32_t first = 0;
  for (unsigned i = 0; i < 512; ++i) {
    ASSERT_EQ(b.in(4), 0xF0U);
    const unsigned byte = b.in(5);
    if (i < 4) first |= byte << (8 * i);
  }
  EXPECT_EQ(first, 3U);
  EXPECT_EQ(b.in(4), 0x70U);
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(0x40, 0x80, 0, 1, 0, 1, 2)) << "nobody gives TC";
  b.send({0x45, 0, 0, 0, 9, 2, 9, 27, 255});
  for (unsigned i = 0; i < 512; ++i) {
    ASSERT_EQ(b.in(4), 0xB0U);
    b.out(5, i & 0xFF);
  }
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(0x40, 0x80, 0, 1, 0, 1, 2));
  EXPECT_EQ(b.medium_at(8, 4), 0x07060504U);
}

TEST(I82077aa, HostThatIsTooSlowOverruns) {
  FloppyBench b;
  b.start();
  b.send({0xE6, 0, 0, 0, 1, 2, 18, 27, 255});  // the DMA channel is masked
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(0x40, 0x10, 0, 0, 0, 1, 2));
  b.send({0xC5, 0, 0, 0, 1, 2, 18, 27, 255});
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(0x40, 0x10, 0, 0, 0, 1, 2));
  EXPECT_EQ(b.medium_at(0), 0U);
}

TEST(I82077aa, WritesByDmaAndPadsWhatTerminalCountCutsOff) {
  FloppyBench b;
  b.start();
  for (unsigned i = 0; i < 1024; ++i) b.memory.write(0x8000 + i, 1, 0x5A);
  b.program_dma(0x4A, 516);
  b.send({0xC5, 4, 0, 1, 2, 2, 18, 27, 255});
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(4, 0, 0, 0, 1, 4, 2));
  EXPECT_EQ(b.medium_at(19, 508), 0x5A5A5A5AU);
  EXPECT_EQ(b.medium_at(20), 0x5A5A5A5AU);
  EXPECT_EQ(b.medium_at(20, 4), 0U);
  EXPECT_EQ(b.medium_at(21), 21U);
}

TEST(I82077aa, WriteProtectedDisketteIsNotWritten) {
  FloppyBench b({.speed = 1}, BlockImage::Writes::kRefused);
  b.start();
  EXPECT_THAT(b.command({0x04, 0}), ElementsAre(0x78));
  b.program_dma(0x4A, 512);
  b.send({0xC5, 0, 0, 0, 1, 2, 18, 27, 255});
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(0x40, 0x02, 0, 0, 0, 1, 2));
}

TEST(I82077aa, FormatsTheTrackUnderTheHead) {
  FloppyBench b;
  b.start();
  b.seek(0, 5);
  for (unsigned i = 0; i < 18; ++i)
    b.memory.write(0x8000 + 4 * i, 4, 5 | 1 << 8 | (i + 1) << 16 | 2 << 24);
  b.program_dma(0x4A, 72);
  b.send({0x4D, 4, 2, 18, 0x54, 0xF6});
  EXPECT_NEAR(static_cast<double>(b.until_interrupt()), 200'000, 100);
  EXPECT_THAT(b.result(), ElementsAre(4, 0, 0, 5, 1, 18, 2));
  EXPECT_EQ(b.medium_at(5 * 36 + 18), 0xF6F6F6F6U);
  EXPECT_EQ(b.medium_at(5 * 36 + 35, 508), 0xF6F6F6F6U);
  EXPECT_EQ(b.medium_at(5 * 36 + 17), 5 * 36 + 17U);
  EXPECT_EQ(b.medium_at(6 * 36), 6 * 36U);
}

TEST(I82077aa, ReadIdNamesASectorOfTheTrack) {
  FloppyBench b;
  b.start();
  b.seek(0, 7);
  b.send({0x4A, 4});
  EXPECT_NEAR(static_cast<double>(b.until_interrupt()), 11'111, 20);
  const Bytes id = b.result();
  ASSERT_EQ(id.size(), 7U);
  EXPECT_EQ(Bytes(id.begin(), id.begin() + 5), (Bytes{4, 0, 0, 7, 1}));
  EXPECT_GE(id[5], 1U);
  EXPECT_LE(id[5], 18U);
}

TEST(I82077aa, WrongRateOrRecordingFindsNoMark) {
  FloppyBench b;
  b.start();
  b.out(7, 2);
  b.send({0x4A, 0});
  EXPECT_NEAR(static_cast<double>(b.until_interrupt()), 400'000, 20);
  EXPECT_THAT(b.result(), ElementsAre(0x40, 0x01, 0, 0, 0, 0, 0));
  b.out(7, 0);
  b.send({0x0A, 0});
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(0x40, 0x01, 0, 0, 0, 0, 0)) << "FM";
}

TEST(I82077aa, SectorThatIsNotThereIsNoData) {
  FloppyBench b;
  b.start();
  for (const Bytes& bad :
       {Bytes{0xE6, 0, 0, 0, 19, 2, 18, 27, 255}, Bytes{0xE6, 0, 0, 1, 1, 2, 18, 27, 255},
        Bytes{0xE6, 0, 0, 0, 1, 3, 18, 27, 255}}) {
    b.send(bad);
    EXPECT_NEAR(static_cast<double>(b.until_interrupt()), 400'000, 20);
    EXPECT_THAT(b.result(), ElementsAre(0x40, 0x04, 0, 0, bad[3], bad[4], bad[5]));
  }
  b.send({0xE6, 0, 9, 0, 1, 2, 18, 27, 255});
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(0x40, 0x04, 0x10, 9, 0, 1, 2)) << "wrong cylinder";
}

TEST(I82077aa, ImpliedSeekGoesThereFirst) {
  FloppyBench b;
  b.start();
  b.send({0x13, 0, 0x40, 0});
  b.program_dma(0x46, 512);
  b.send({0xE6, 0, 9, 0, 1, 2, 18, 27, 255});
  EXPECT_NEAR(static_cast<double>(b.until_interrupt()), 9 * 3000 + 11'111 + 522, 30);
  EXPECT_THAT(b.result(), ElementsAre(0, 0, 0, 9, 0, 2, 2));
  EXPECT_EQ(b.memory_at(0), 9 * 36U);
}

TEST(I82077aa, BoardMaySeekAlwaysAndTakeTheRateOfTheDiskette) {
  FloppyBench b({.always_implied_seek = true, .rate_of_medium = true, .speed = 10});
  b.out(2, 0x1C);
  b.until_interrupt();
  b.command({0x08});
  b.program_dma(0x46, 512);
  b.send({0xE6, 0, 9, 0, 1, 2, 18, 27, 255});
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(0, 0, 0, 9, 0, 2, 2));
  b.out(7, 2);
  b.send({0x4A, 0});
  b.until_interrupt();
  EXPECT_EQ(b.result()[1], 0x01U) << "a rate that has been chosen counts";
}

TEST(I82077aa, WithoutDisketteOrMotorNoIndexPulseEverComes) {
  FloppyBench b;
  b.start();
  b.send({0xE6, 1, 0, 0, 1, 2, 18, 27, 255});
  b.run(10'000'000);
  EXPECT_EQ(b.in(4), 0x10U);
  EXPECT_FALSE(b.irq.high());
  b.out(2, 0x08);
  b.out(2, 0x0C);
  b.until_interrupt();
  EXPECT_THAT(b.command({0x08}), ElementsAre(0xC0, 0));
  b.send({0x4A, 0});
  b.run(10'000'000);
  EXPECT_EQ(b.in(4), 0x10U) << "the motor of drive 0 is off";
}

TEST(I82077aa, VerifyMovesNothing) {
  FloppyBench b;
  b.start();
  b.send({0x56, 0x80, 0, 0, 2, 2, 18, 27, 3});
  EXPECT_NEAR(static_cast<double>(b.until_interrupt()), 3 * 11'111, 30);
  EXPECT_FALSE(b.drq.high());
  EXPECT_THAT(b.result(), ElementsAre(0, 0, 0, 0, 0, 5, 2));
  b.send({0x56, 0, 0, 0, 16, 2, 18, 27, 255});
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(0, 0, 0, 1, 0, 1, 2));
}

TEST(I82077aa, ScanComparesWithTheHost) {
  FloppyBench b;
  b.start();
  for (unsigned i = 0; i < 2048; ++i) b.memory.write(0x8000 + i, 1, 0);
  for (unsigned sector = 0; sector < 4; ++sector) b.memory.write(0x8000 + sector * 512, 4, 3);
  b.program_dma(0x4A, 2048);
  b.send({0x51, 0, 0, 0, 2, 2, 18, 27, 1});
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(0, 0, 0x08, 0, 0, 5, 2)) << "sector 4 holds a 3";
  b.program_dma(0x4A, 1024);
  b.send({0x51, 0, 0, 0, 6, 2, 7, 27, 1});
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(0, 0, 0x04, 1, 0, 1, 2)) << "none does";
  b.program_dma(0x4A, 512);
  b.send({0x59, 0, 0, 0, 2, 2, 18, 27, 1});
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(0, 0, 0, 0, 0, 3, 2)) << "1 is lower than 3";
  b.program_dma(0x4A, 512);
  b.send({0x5D, 0, 0, 0, 9, 2, 18, 27, 1});
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(0, 0, 0, 0, 0, 10, 2)) << "8 is higher";
}

TEST(I82077aa, ReadDeletedStopsAtADataMark) {
  FloppyBench b;
  b.start();
  b.program_dma(0x46, 1024);
  b.send({0x4C, 0, 0, 0, 1, 2, 18, 27, 255});
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(0, 0, 0x40, 0, 0, 2, 2));
}

TEST(I82077aa, ReadDeletedWithSkipPassesDataMarksOver) {
  FloppyBench b;
  b.start();
  b.program_dma(0x46, 1024);
  b.send({0x6C, 0, 0, 0, 17, 2, 18, 27, 255});
  b.until_interrupt();
  EXPECT_THAT(b.result(), ElementsAre(0x40, 0x80, 0x40, 1, 0, 1, 2));
}

TEST(I82077aa, ReadTrackStartsAtItsFirstSector) {
  FloppyBench b;
  b.start();
  b.program_dma(0x46, 18 * 512);
  b.send({0x42, 4, 0, 1, 7, 2, 18, 27, 255});
  b.until_interrupt();
  EXPECT_EQ(b.memory_at(0), 18U);
  EXPECT_EQ(b.memory_at(17 * 512), 35U);
}

TEST(I82077aa, ShortImageReadsAsZerosAndFailsToBeWritten) {
  FloppyBench b;
  const auto short_medium = BlockImage::in_memory(numbered(100), BlockImage::Writes::kOverlay);
  const auto format = devices::floppy_format(100 * kSectorSize);
  ASSERT_TRUE(format);
  EXPECT_EQ(format->name, "1.44M");
  b.chip.drive(0).insert(short_medium.get(), *format);
  b.start();
  b.seek(0, 10);
  b.program_dma(0x46, 512);
  b.memory.write(0x8000, 4, 1);
  b.send({0xE6, 0, 10, 0, 1, 2, 18, 27, 255});
  b.until_interrupt();
  EXPECT_EQ(b.result()[0], 0U);
  EXPECT_EQ(b.memory_at(0), 0U);
  b.program_dma(0x4A, 512);
  b.send({0xC5, 0, 10, 0, 1, 2, 18, 27, 255});
  b.until_interrupt();
  EXPECT_EQ(b.result()[0], 0x50U);
}

TEST(I82077aa, FormatsFollowTheSizeOfTheImage) {
  EXPECT_EQ(devices::floppy_format(368640)->name, "360K");
  EXPECT_EQ(devices::floppy_format(737280)->name, "720K");
  EXPECT_EQ(devices::floppy_format(1228800)->name, "1.2M");
  EXPECT_EQ(devices::floppy_format(1474560)->name, "1.44M");
  EXPECT_EQ(devices::floppy_format(2949120)->name, "2.88M");
  EXPECT_EQ(devices::floppy_format(1474561)->name, "2.88M");
  EXPECT_FALSE(devices::floppy_format(2949121));
}

}  // namespace
}  // namespace ice86
