// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/session/call_scene.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ice86::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CallSceneTest : public ::testing::Test {
 protected:
  std::uint64_t read(std::uint32_t at, unsigned width) const {
    std::uint64_t value = 0;
    for (unsigned i = width; i-- > 0;) value = value << 8 | memory_[at + i];
    return value;
  }
  void call() {
    cpu::InterruptDelivery delivery{};
    delivery.source = cpu::InterruptSource::kSoftware;
    delivery.vector = 0x13;
    delivery.return_cs = 0x0800;
    delivery.return_ip = 0x0102;
    delivery.old_ss = 0x0900;
    delivery.old_sp = 0x200;
    state_.segment[cpu::kCs].selector = 0xf000;
    state_.rip = 0xe3fe;
    scene_.interrupt_delivered(delivery);
  }
  void back() {
    state_.segment[cpu::kCs].selector = 0x0800;
    state_.rip = 0x0102;
    state_.segment[cpu::kSs].selector = 0x0900;
    state_.gpr[cpu::kRsp] = 0x200;
    scene_.far_transfer(cpu::FarTransfer::kIret);
  }

  std::vector<std::uint8_t> memory_ = std::vector<std::uint8_t>(0x110000);
  cpu::State state_;
  IntRecorder recorder_{{[this]() -> const cpu::State& { return state_; },
                         [this](std::uint32_t at, unsigned width) { return read(at, width); },
                         [] { return std::uint64_t{0}; }, [] { return Nanoseconds{0}; }}};
  CallScene scene_{recorder_, [this](std::uint32_t at, unsigned width) { return read(at, width); }};
};

TEST_F(CallSceneTest, TellsWhatChangedBeforeAndDuringACall) {
  call();
  memory_[0x449] = 3;
  memory_[0x46c] = 9;  // a tick
  back();
  memory_[0x4c] = 0x42;
  memory_[0x4e] = 0xc0;
  memory_[0x4f] = 0x9f;
  memory_[0x452] = 0x12;
  call();
  back();
  ASSERT_EQ(scene_.changes().size(), 2u);
  EXPECT_THAT(scene_.changes().at(0).before, IsEmpty());
  EXPECT_THAT(scene_.changes().at(0).during, ElementsAre("0040:0049 video mode: 00 to 03"));
  EXPECT_THAT(scene_.changes().at(1).before,
              ElementsAre("INT 13h: 0000:0000 to 9fc0:0042", "0040:0052 cursor: 0000 to 0012"));
  EXPECT_THAT(scene_.changes().at(1).during, IsEmpty());
}

TEST_F(CallSceneTest, KeepsTheCodeThatCalledAndThatHandled) {
  memory_[0x8100] = 0xcd;
  memory_[0x8101] = 0x13;
  memory_[0xfe3fe] = 0xfa;
  call();
  const auto& caller = scene_.callers().at({0x0800, 0x0102});
  EXPECT_EQ(caller.bytes[caller.back - 2], 0xcd);
  const auto& handler = scene_.handlers().at({0xf000, 0xe3fe});
  EXPECT_EQ(handler.back, 0u);
  EXPECT_EQ(handler.bytes[0], 0xfa);
}

}  // namespace
}  // namespace ice86::harness
