// SPDX-License-Identifier: LGPL-2.1-or-later
// Unmodified VGA BIOSes set every mode on the whole machine, and what they draw is on the screen.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <array>
#include <set>

#include "devices/vga/vga.h"
#include "emulator/base/bits.h"
#include "emulator/base/files.h"
#include "emulator/bus/block_image.h"
#include "emulator/display/screen.h"
#include "emulator/machine/pc.h"

namespace ice86 {
namespace {

std::uint32_t at(const devices::Frame& frame, unsigned x, unsigned y) {
  return frame.pixels.at(std::size_t{y} * frame.width + x);
}

struct Case {
  const char* vga_bios;
  unsigned mode;
  unsigned columns, rows;  // pixels of the mode
  unsigned width, height;  // of the picture
  unsigned colors;         // of the four that the mode can tell apart
};

class VgaBios : public testing::TestWithParam<Case> {};

TEST_P(VgaBios, DrawsInTheMode) {
  const Case& c = GetParam();
  auto sector = read_file(ICE86_GUESTS "/draw_mode.bin", 512);
  ASSERT_TRUE(sector.has_value()) << sector.error().message();
  store_le(&sector->at(0x1F0), static_cast<std::uint16_t>(c.mode));
  store_le(&sector->at(0x1F2), static_cast<std::uint16_t>(c.columns));
  sector->resize(16 << 20);

  machine::PcConfig config;
  auto firmware = machine::load_firmware("seabios", std::filesystem::path(c.vga_bios), {});
  if (!firmware) GTEST_SKIP() << firmware.error().message();
  config.firmware = std::move(*firmware);
  config.disks[0] = machine::DiskConfig{
      BlockImage::in_memory(std::move(*sector), BlockImage::Writes::kOverlay), {}};
  auto pc = machine::Pc::create(std::move(config));
  ASSERT_TRUE(pc.has_value()) << pc.error().message();
  machine::RunLimits limits;
  limits.time = 20'000'000'000;
  const machine::RunResult result = (*pc)->run(limits);
  ASSERT_EQ(result.end, machine::RunEnd::kDebugExit) << display::describe((*pc)->vga());
  ASSERT_EQ(result.debug_exit_value, 0) << "the BIOS refused the mode";

  const devices::Frame frame = (*pc)->vga().frame();
  EXPECT_EQ(frame.width, c.width);
  EXPECT_EQ(frame.height, c.height);
  EXPECT_FALSE((*pc)->vga().text().has_value());
  const unsigned x_step = frame.width / c.columns, y_step = frame.height / c.rows;
  std::array<std::optional<std::uint32_t>, 4> shown;
  for (unsigned y = 0; y < 16 * y_step; ++y) {
    for (unsigned x = 0; x < 64 * x_step; ++x) {
      const unsigned color = (x / x_step + y / y_step) / 4 & 3;
      if (!shown[color]) shown[color] = at(frame, x, y);
      ASSERT_EQ(at(frame, x, y), *shown[color]) << "at " << x << ", " << y;
    }
  }
  std::set<std::uint32_t> different;
  for (const auto& color : shown) different.insert(*color);
  EXPECT_EQ(different.size(), c.colors);
  EXPECT_EQ(*shown[0], 0U) << "colour 0 is black";
  EXPECT_EQ(at(frame, 64 * x_step, 0), 0U) << "nothing beside the drawing";
  EXPECT_EQ(at(frame, 0, 16 * y_step), 0U) << "nothing below it";
}

constexpr const char* kLgpl = "/usr/share/vgabios/vgabios.bin";
constexpr const char* kSea = "/usr/share/seabios/vgabios-stdvga.bin";

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const char* bios : {kLgpl, kSea}) {
    for (const Case& c :
         {Case{"", 0x04, 320, 200, 640, 400, 4}, Case{"", 0x06, 640, 200, 640, 400, 2},
          Case{"", 0x0D, 320, 200, 640, 400, 4}, Case{"", 0x0E, 640, 200, 640, 400, 4},
          Case{"", 0x10, 640, 350, 640, 350, 4}, Case{"", 0x11, 640, 480, 640, 480, 2},
          Case{"", 0x12, 640, 480, 640, 480, 4}, Case{"", 0x13, 320, 200, 640, 400, 4},
          Case{"", 0x101, 640, 480, 640, 480, 4}, Case{"", 0x103, 800, 600, 800, 600, 4},
          Case{"", 0x105, 1024, 768, 1024, 768, 4}}) {
      all.push_back(c);
      all.back().vga_bios = bios;
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Stock, VgaBios, testing::ValuesIn(cases()), [](const auto& test) {
  return fmt::format("{}_mode_{:x}", test.param.vga_bios == kLgpl ? "lgpl" : "seabios",
                     test.param.mode);
});

}  // namespace
}  // namespace ice86
