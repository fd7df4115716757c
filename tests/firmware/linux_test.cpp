// SPDX-License-Identifier: LGPL-2.1-or-later
// Debian's own kernels and memtest86+, unmodified, from GRUB on a disk: each boots under SeaBIOS
// and does some work. The disks are made by images/linux/make_linux_disks.sh.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "emulator/bus/block_image.h"
#include "emulator/machine/pc.h"
#include "harness/session/dialogue.h"

namespace ice86 {
namespace {

using harness::Dialogue;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Nanoseconds kSecond = 1'000'000'000;

struct Variation {
  std::string disk;
  unsigned memory_mib = 256;
  std::uint64_t instructions_per_microsecond = 100;
  Nanoseconds until = 600 * kSecond;
};

struct Talk {
  std::string heard;
  bool done = false;
  std::string waiting_for;
  machine::RunResult result;
};

// Boots `variation` and goes through `steps` on COM1.
Talk talk(const Variation& variation, std::vector<Dialogue::Step> steps) {
  Talk talk;
  machine::PcConfig config;
  auto firmware = machine::load_firmware("seabios", std::nullopt, {});
  EXPECT_TRUE(firmware) << firmware.error().message();
  auto image = BlockImage::open(std::string(ICE86_LINUX_IMAGES "/") + variation.disk,
                                BlockImage::Writes::kOverlay);
  EXPECT_TRUE(image) << image.error().message() << "; './run test --all' makes it";
  if (!firmware || !image) return talk;
  config.firmware = std::move(*firmware);
  config.memory_mib = variation.memory_mib;
  config.instructions_per_microsecond = variation.instructions_per_microsecond;
  config.disks[0] = machine::DiskConfig{std::move(*image), {}};
  Dialogue* dialogue = nullptr;
  config.serial[0] = [&](std::uint8_t byte) {
    talk.heard += static_cast<char>(byte);
    dialogue->heard(byte);
  };
  auto pc = machine::Pc::create(std::move(config));
  EXPECT_TRUE(pc) << pc.error().message();
  Dialogue script(
      std::move(steps),
      [&](std::span<const std::uint8_t> bytes) { return (*pc)->receive_serial(0, bytes); },
      [&] { (*pc)->stop(); });
  dialogue = &script;
  machine::RunLimits limits;
  limits.time = variation.until;
  talk.result = (*pc)->run(limits);
  talk.done = script.done();
  talk.waiting_for = script.waiting_for();
  return talk;
}

std::string end_of(const std::string& text) {
  return text.size() > 3000 ? text.substr(text.size() - 3000) : text;
}

class Kernel : public ::testing::TestWithParam<const char*> {};

TEST_P(Kernel, BootsToAShell) {
  const Talk boot =
      talk({std::string(GetParam()) + ".img"},
           {{"built-in shell", ""},
            {"# ", "cat /proc/cmdline; echo sum $((6*7*1000))\r"},
            {"sum 42000",
             "mount -t devtmpfs dev /dev; dd if=/dev/zero bs=1M count=1 2>/dev/null | md5sum\r"},
            {"b6d81b360a5672d80c27430f39153e2c", ""}});
  EXPECT_TRUE(boot.done) << "no '" << boot.waiting_for << "' after\n" << end_of(boot.heard);
  EXPECT_THAT(boot.heard, HasSubstr("Linux version 6.1."));
  for (const char* complaint :
       {"BUG:", "Oops", "WARNING:", "Call Trace", "not syncing", "segfault"})
    EXPECT_THAT(boot.heard, Not(HasSubstr(complaint)));
}

INSTANTIATE_TEST_SUITE_P(Debian, Kernel,
                         ::testing::Values("linux64", "linux64-noapic", "linux32",
                                           "linux32-noapic"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase(name, '-');
                           return name;
                         });

// One pass of every test over 32 MB. The bit fade test waits for minutes: at ten instructions a
// microsecond it waits less.
TEST(Memtest, PassesWithoutAnError) {
  const Talk run = talk({"memtest.img", 32, 10, 4 * 3600 * kSecond}, {{"Pass:  1", ""}});
  EXPECT_TRUE(run.done) << "no '" << run.waiting_for << "' after\n" << end_of(run.heard);
  const std::size_t last = run.heard.rfind("Errors: ");
  ASSERT_NE(last, std::string::npos);
  EXPECT_EQ(run.heard.substr(last, 10), "Errors: 0 ") << end_of(run.heard);
}

}  // namespace
}  // namespace ice86
