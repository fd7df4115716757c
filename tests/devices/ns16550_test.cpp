// SPDX-License-Identifier: LGPL-2.1-or-later
// 16550A: line speed, FIFOs, every interrupt source and its priority, loopback, modem lines.
#include "devices/ns16550/ns16550.h"

#include <gmock/gmock.h>

#include <numeric>
#include <vector>

#include "tests/devices/conformance.h"

namespace ice86 {
namespace {

using devices::Ns16550;
using ::testing::ElementsAre;

struct Ns16550Bench {
  Clock clock{1000};  // one instruction is a nanosecond
  LevelLine irq;
  std::string sent;
  Ns16550 chip{
      clock, irq, {"uart0", [this](std::uint8_t byte) { sent += static_cast<char>(byte); }}};

  Ns16550& device() { return chip; }
  std::vector<conformance::Block> blocks() { return {{"ports", &chip, 8, 1}}; }
  bool interrupting() const { return irq.high(); }
  void disturb(std::mt19937_64& random) {
    const auto byte = static_cast<std::uint8_t>(random());
    chip.receive({&byte, 1});
    if (random() % 4 == 0) {
      chip.set_modem_inputs(
          {random() % 2 != 0, random() % 2 != 0, random() % 2 != 0, random() % 2 != 0});
    }
    if (random() % 8 == 0) chip.receive_break();
  }
  void release() { chip.set_modem_inputs({}); }

  // 115200 baud, 8N1: 86805 ns a character.
  static constexpr std::uint64_t kCharacter = 86'805;
  void open(unsigned ier = 0, unsigned fcr = 0, unsigned mcr = 0x0B) {
    write(3, 0x83);
    write(0, 0x01);
    write(1, 0x00);
    write(3, 0x03);
    write(2, fcr);
    write(4, mcr);
    write(1, ier);
    read(6);
  }
  std::uint8_t read(unsigned offset) { return static_cast<std::uint8_t>(chip.read(offset, 1)); }
  void write(unsigned offset, unsigned value) { chip.write(offset, 1, value); }
  void receive(std::string_view text) {
    chip.receive({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  }
  void run(std::uint64_t ns) { conformance::advance(*this, ns); }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Ns16550, DeviceConformance, Ns16550Bench);

TEST(Ns16550, DivisorLatchAndScratchAreStorage) {
  Ns16550Bench b;
  b.write(3, 0x80);
  b.write(0, 0x34);
  b.write(1, 0x12);
  EXPECT_EQ(b.read(0), 0x34);
  EXPECT_EQ(b.read(1), 0x12);
  b.write(3, 0x03);
  EXPECT_EQ(b.read(1), 0x00);
  b.write(7, 0xA5);
  EXPECT_EQ(b.read(7), 0xA5);
  b.chip.reset(ResetKind::kHard);
  EXPECT_EQ(b.read(7), 0xA5) << "master reset does not reach it";
}

TEST(Ns16550, TransmitsAtLineSpeed) {
  Ns16550Bench b;
  b.open();
  EXPECT_EQ(b.read(5), 0x60);
  b.write(0, 'A');
  EXPECT_EQ(b.read(5), 0x20) << "in the shift register: the holding register is free";
  b.write(0, 'B');
  EXPECT_EQ(b.read(5), 0x00);
  b.run(b.kCharacter - 1);
  EXPECT_EQ(b.sent, "");
  b.run(1);
  EXPECT_EQ(b.sent, "A");
  EXPECT_EQ(b.read(5), 0x20);
  b.run(b.kCharacter);
  EXPECT_EQ(b.sent, "AB");
  EXPECT_EQ(b.read(5), 0x60);
}

TEST(Ns16550, CharacterTimeFollowsTheLineSettings) {
  for (const auto& [lcr, divisor, ns] : {std::tuple{0x03U, 12U, 1'041'666U},  // 9600 8N1
                                         {0x00U, 1U, 60'763U},                // 5N1: 7 bits
                                         {0x04U, 1U, 65'104U},                // 5N1.5: 7.5 bits
                                         {0x1FU, 1U, 104'166U}}) {            // 8E2: 12 bits
    Ns16550Bench b;
    b.write(3, 0x80);
    b.write(0, divisor);
    b.write(3, lcr);
    b.write(0, 0x15);
    b.run(ns - 1);
    EXPECT_EQ(b.sent.size(), 0U) << lcr;
    b.run(1);
    EXPECT_EQ(b.sent.size(), 1U) << lcr;
  }
}

TEST(Ns16550, FifoTakesSixteenBytes) {
  Ns16550Bench b;
  b.open(0, 0x07);
  EXPECT_EQ(b.read(2), 0xC1);
  for (unsigned i = 0; i < 18; ++i) b.write(0, 'a' + i);
  b.run(20 * b.kCharacter);
  EXPECT_EQ(b.sent, "abcdefghijklmnopq")
      << "one in the shift register and sixteen; the last is lost";
}

TEST(Ns16550, SaysWhatTheLineHasNotCarriedAwayYet) {
  Ns16550Bench b;
  b.open(0, 0x07);
  for (const char c : std::string("bye")) b.write(0, static_cast<unsigned char>(c));
  EXPECT_THAT(b.chip.unsent(), ElementsAre('b', 'y', 'e'));
  b.run(Ns16550Bench::kCharacter);
  EXPECT_THAT(b.chip.unsent(), ElementsAre('y', 'e'));
  b.run(2 * Ns16550Bench::kCharacter);
  EXPECT_THAT(b.chip.unsent(), ElementsAre());
  EXPECT_EQ(b.sent, "bye");
}

TEST(Ns16550, ReceivesOneByOneAndOverruns) {
  Ns16550Bench b;
  b.open();
  b.receive("xy");
  EXPECT_EQ(b.read(5), 0x60);
  b.run(b.kCharacter);
  EXPECT_EQ(b.read(5), 0x61);
  b.run(b.kCharacter);
  EXPECT_EQ(b.read(5), 0x63) << "overrun";
  EXPECT_EQ(b.read(5), 0x61) << "reading clears the error";
  EXPECT_EQ(b.read(0), 'y') << "the single buffer was overwritten";
  EXPECT_EQ(b.read(5), 0x60);
}

TEST(Ns16550, FullReceiveFifoLosesTheNewCharacter) {
  Ns16550Bench b;
  b.open(0, 0x01);
  b.receive("0123456789abcdefgh");
  b.run(20 * b.kCharacter);
  EXPECT_EQ(b.read(5) & 0x02, 0x02);
  std::string got;
  while ((b.read(5) & 1) != 0) got += static_cast<char>(b.read(0));
  EXPECT_EQ(got, "0123456789abcdef");
}

// A pasted text longer than the FIFO, with and without FIFOs: nothing is lost, nothing overruns.
TEST(Ns16550, APeerThatWaitsLosesNothing) {
  for (const unsigned fcr : {0x01U, 0x00U}) {
    Clock clock{1000};
    LevelLine irq;
    Ns16550 chip{clock, irq, {"uart0", {}, true}};
    const auto open = [&](Ns16550& uart) {
      uart.write(3, 1, 0x83);
      uart.write(0, 1, 0x01);
      uart.write(3, 1, 0x03);
      uart.write(2, 1, fcr);
    };
    const auto pass = [&](Nanoseconds time) {
      const Nanoseconds end = clock.now() + time;
      for (auto next = clock.next_deadline(); next && *next <= end; next = clock.next_deadline()) {
        clock.skip_to(*next);
        clock.run_due_events();
      }
      clock.skip_to(end);
    };
    open(chip);
    std::vector<std::uint8_t> text(100);
    std::iota(text.begin(), text.end(), 1);
    ASSERT_EQ(chip.receive(text), text.size());
    std::vector<std::uint8_t> got;
    while (got.size() < text.size()) {
      pass(20'000'000);  // OVMF looks this often
      ASSERT_EQ(chip.peek(5, 1) & 0x03, 0x01) << "after " << got.size();
      while ((chip.read(5, 1) & 1) != 0) got.push_back(static_cast<std::uint8_t>(chip.read(0, 1)));
    }
    EXPECT_EQ(got, text);
    // Switching the FIFOs empties the receiver: the peer goes on.
    ASSERT_EQ(chip.receive(text), text.size());
    pass(20'000'000);
    chip.write(2, 1, fcr ^ 1);
    pass(200'000);
    EXPECT_NE(chip.read(5, 1) & 1, 0);
  }
}

TEST(Ns16550, ReceiveInterruptAtTheTriggerLevel) {
  Ns16550Bench b;
  b.open(0x01, 0x41);  // four
  b.receive("123");
  b.run(3 * b.kCharacter);
  EXPECT_FALSE(b.irq.high());
  b.receive("4");
  b.run(b.kCharacter);
  EXPECT_TRUE(b.irq.high());
  EXPECT_EQ(b.read(2), 0xC4);
  b.read(0);
  EXPECT_FALSE(b.irq.high()) << "below the level again";
}

TEST(Ns16550, ReceiveTimeOutReportsAFewCharacters) {
  Ns16550Bench b;
  b.open(0x01, 0xC1);
  b.receive("7");
  b.run(b.kCharacter + 4 * b.kCharacter - 1);
  EXPECT_FALSE(b.irq.high());
  b.run(1);
  EXPECT_TRUE(b.irq.high());
  EXPECT_EQ(b.read(2), 0xCC);
  EXPECT_EQ(b.read(0), '7');
  EXPECT_FALSE(b.irq.high());
}

TEST(Ns16550, TransmitterInterruptIsClearedByIirOrByWriting) {
  Ns16550Bench b;
  b.open(0x02);
  EXPECT_TRUE(b.irq.high()) << "enabled while empty";
  EXPECT_EQ(b.read(2), 0x02);
  EXPECT_FALSE(b.irq.high());
  EXPECT_EQ(b.read(2), 0x01);
  b.write(0, 'A');
  EXPECT_TRUE(b.irq.high()) << "moved on into the shift register";
  b.write(0, 'B');
  EXPECT_FALSE(b.irq.high());
  b.run(b.kCharacter);
  EXPECT_TRUE(b.irq.high());
}

TEST(Ns16550, PrioritiesOfAllSources) {
  Ns16550Bench b;
  b.open(0x0F);
  b.chip.receive_break();
  b.chip.set_modem_inputs({.cts = false});
  EXPECT_EQ(b.read(2), 0x06);
  EXPECT_EQ(b.read(5), 0x79) << "break interrupt";
  EXPECT_EQ(b.read(2), 0x04);
  EXPECT_EQ(b.read(0), 0x00);
  EXPECT_EQ(b.read(2), 0x02);
  EXPECT_EQ(b.read(2), 0x00);
  EXPECT_EQ(b.read(6), 0xA1) << "DCTS; DSR and DCD are on";
  EXPECT_EQ(b.read(2), 0x01);
  EXPECT_FALSE(b.irq.high());
}

TEST(Ns16550, ErrorsBelongToTheirCharacterInTheFifo) {
  Ns16550Bench b;
  b.open(0, 0x01);
  b.receive("a");
  b.run(b.kCharacter);
  b.chip.receive_break();
  EXPECT_EQ(b.read(5), 0xE1) << "an error somewhere in the FIFO";
  b.read(0);
  EXPECT_EQ(b.read(5), 0xF9);
  EXPECT_EQ(b.read(5), 0x61);
}

TEST(Ns16550, LoopbackConnectsDataAndModemLines) {
  Ns16550Bench b;
  b.open(0x01, 0, 0x1B);
  b.write(4, 0x1F);
  EXPECT_EQ(b.read(6) & 0xF0, 0xF0);
  b.write(4, 0x12);
  EXPECT_EQ(b.read(6), 0x1E) << "CTS from RTS; DSR and DCD fell, RI fell";
  b.write(0, 0x5A);
  b.run(b.kCharacter);
  EXPECT_EQ(b.read(5), 0x61);
  EXPECT_EQ(b.read(0), 0x5A);
  EXPECT_EQ(b.sent, "") << "nothing on the line";
}

TEST(Ns16550, Out2GatesTheInterrupt) {
  Ns16550Bench b;
  b.open(0x02, 0, 0x03);
  EXPECT_FALSE(b.irq.high());
  b.write(4, 0x0B);
  EXPECT_TRUE(b.irq.high());
}

TEST(Ns16550, FifoControl) {
  Ns16550Bench b;
  b.open(0, 0x01);
  b.receive("abc");
  b.run(3 * b.kCharacter);
  b.write(2, 0x03);
  EXPECT_EQ(b.read(5), 0x60);
  b.write(2, 0xC0);
  EXPECT_EQ(b.read(2), 0x01) << "without the enable bit the rest is not written";
}

TEST(Ns16550, LineQueueIsBounded) {
  Ns16550Bench b;
  const std::vector<std::uint8_t> many(10'000, 'x');
  EXPECT_EQ(b.chip.receive(many), 4096U);
  EXPECT_EQ(b.chip.receive(many), 0U);
}

}  // namespace
}  // namespace ice86
