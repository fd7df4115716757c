// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/scenario/picture.h"

#include <fmt/core.h>
#include <png.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "emulator/base/files.h"
#include "emulator/display/screen.h"

namespace ice86::harness {

namespace {

constexpr std::uint64_t kMostFileBytes = 64 << 20;
constexpr unsigned kMostPixels = 4096;  // in each direction

unsigned distance(std::uint32_t a, std::uint32_t b) {
  unsigned most = 0;
  for (unsigned shift = 0; shift < 24; shift += 8) {
    const int difference = static_cast<int>(a >> shift & 255) - static_cast<int>(b >> shift & 255);
    most = std::max(most, static_cast<unsigned>(std::abs(difference)));
  }
  return most;
}

}  // namespace

Result<devices::Frame> read_picture(const std::filesystem::path& file) {
  ICE86_TRY_ASSIGN(const std::vector<std::uint8_t> bytes, read_file(file, kMostFileBytes));
  png_image image;
  std::memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  const auto wrong = [&](const char* what) {
    png_image_free(&image);
    return Error(fmt::format("picture {}: {}", file.string(), what));
  };
  if (png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) == 0)
    return wrong(image.message);
  if (image.width > kMostPixels || image.height > kMostPixels) return wrong("is too large");
  image.format = PNG_FORMAT_RGB;
  std::vector<std::uint8_t> rgb(PNG_IMAGE_SIZE(image));
  if (png_image_finish_read(&image, nullptr, rgb.data(), 0, nullptr) == 0)
    return wrong(image.message);
  devices::Frame frame{image.width, image.height, {}};
  frame.pixels.reserve(std::size_t{image.width} * image.height);
  for (std::size_t i = 0; i + 2 < rgb.size(); i += 3) {
    frame.pixels.push_back(std::uint32_t{rgb[i]} << 16 | std::uint32_t{rgb[i + 1]} << 8 |
                           rgb[i + 2]);
  }
  return frame;
}

Result<void> write_picture(const std::filesystem::path& file, const devices::Frame& frame) {
  ICE86_TRY_ASSIGN(const std::vector<std::uint8_t> png, display::png_of(frame));
  return write_file(file, png);
}

std::string compare_pictures(const devices::Frame& wanted, const devices::Frame& got,
                             unsigned tolerance, double share) {
  if (wanted.width != got.width || wanted.height != got.height) {
    return fmt::format("the screen has {}x{} pixels, the picture {}x{}", got.width, got.height,
                       wanted.width, wanted.height);
  }
  std::size_t off = 0, first = 0;
  unsigned most = 0;
  for (std::size_t i = 0; i < got.pixels.size(); ++i) {
    const unsigned by = distance(wanted.pixels[i], got.pixels[i]);
    most = std::max(most, by);
    if (by <= tolerance) continue;
    if (off++ == 0) first = i;
  }
  if (static_cast<double>(off) <= share * static_cast<double>(got.pixels.size())) return {};
  return fmt::format("{} of {} pixels differ by more than {} (the first at {},{}; at most by {})",
                     off, got.pixels.size(), tolerance, first % got.width, first / got.width, most);
}

}  // namespace ice86::harness
