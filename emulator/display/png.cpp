// SPDX-License-Identifier: LGPL-2.1-or-later
// A frame as PNG, by libpng.
// Reference: PNG specification, second edition (ISO/IEC 15948).
#include <png.h>

#include <csetjmp>

#include "emulator/display/screen.h"

namespace ice86::display {

namespace {

void append(png_structp png, png_bytep data, png_size_t size) {
  auto* out = static_cast<std::vector<std::uint8_t>*>(png_get_io_ptr(png));
  out->insert(out->end(), data, data + size);
}

void no_flush(png_structp) {}

// libpng reports errors by longjmp, so that nothing with a destructor may live in this function.
bool encode(png_structp png, png_infop info, const devices::Frame& frame,
            std::vector<std::uint8_t>& row) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_IHDR(png, info, frame.width, frame.height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (unsigned y = 0; y < frame.height; ++y) {
    const std::uint32_t* pixels = &frame.pixels[std::size_t{y} * frame.width];
    for (unsigned x = 0; x < frame.width; ++x) {
      row[x * 3] = static_cast<std::uint8_t>(pixels[x] >> 16);
      row[x * 3 + 1] = static_cast<std::uint8_t>(pixels[x] >> 8);
      row[x * 3 + 2] = static_cast<std::uint8_t>(pixels[x]);
    }
    png_write_row(png, row.data());
  }
  png_write_end(png, info);
  return true;
}

}  // namespace

Result<std::vector<std::uint8_t>> png_of(const devices::Frame& frame) {
  if (frame.width == 0 || frame.height == 0)
    return Error("the screen has no size, so there is no picture of it");
  std::vector<std::uint8_t> out;
  std::vector<std::uint8_t> row(std::size_t{frame.width} * 3);
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  if (png == nullptr) return Error("libpng can not be started");
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &out, append, no_flush);
  const bool done = info != nullptr && encode(png, info, frame, row);
  png_destroy_write_struct(&png, &info);
  if (!done) return Error("libpng can not encode the picture");
  return out;
}

}  // namespace ice86::display
