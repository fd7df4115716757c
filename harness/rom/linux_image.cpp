// SPDX-License-Identifier: LGPL-2.1-or-later
// Takes a Linux kernel out of its bzImage.
// Reference: Linux kernel documentation, The Linux/x86 Boot Protocol (payload_offset,
// payload_length); ELF-64 Object File Format 1.5; Xen, x86/HVM direct boot ABI (PVH).
#include <fmt/core.h>
#include <lzma.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "harness/rom/rom_image.h"

namespace ice86::harness {

namespace {

using Bytes = std::vector<std::uint8_t>;
using View = std::span<const std::uint8_t>;

constexpr std::size_t kLargest = 256 << 20;

// A number of `size` bytes; what is not there is 0.
std::uint64_t number(View bytes, std::uint64_t at, unsigned size) {
  std::uint64_t value = 0;
  if (at > bytes.size() || bytes.size() - at < size) return 0;
  std::memcpy(&value, bytes.data() + at, size);
  return value;
}

Result<Bytes> unpack_xz(View packed) {
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&stream, kLargest, 0) != LZMA_OK) return Error("no memory for XZ");
  Bytes out(packed.size() * 4);
  stream.next_in = packed.data();
  stream.avail_in = packed.size();
  lzma_ret state = LZMA_OK;
  while (state == LZMA_OK) {
    if (stream.total_out == out.size()) {
      if (out.size() >= kLargest) break;
      out.resize(std::min(kLargest, out.size() * 2));
    }
    stream.next_out = out.data() + stream.total_out;
    stream.avail_out = out.size() - stream.total_out;
    state = lzma_code(&stream, LZMA_RUN);
  }
  out.resize(stream.total_out);
  lzma_end(&stream);
  if (state != LZMA_STREAM_END) return Error("the kernel's XZ data is damaged");
  return out;
}

Result<Bytes> unpack_zstd(View packed) {
  const auto size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > kLargest) {
    return Error("the kernel's ZSTD data does not say its size");
  }
  const std::size_t frame = ZSTD_findFrameCompressedSize(packed.data(), packed.size());
  if (ZSTD_isError(frame)) return Error("the kernel's ZSTD data is damaged");
  Bytes out(size);
  if (ZSTD_isError(ZSTD_decompress(out.data(), out.size(), packed.data(), frame))) {
    return Error("the kernel's ZSTD data is damaged");
  }
  return out;
}

Result<Bytes> kernel_of(View bzimage) {
  const std::uint64_t setup_sectors = number(bzimage, 0x1f1, 1);
  const std::uint64_t protected_mode = ((setup_sectors != 0 ? setup_sectors : 4) + 1) * 512;
  const std::uint64_t from = protected_mode + number(bzimage, 0x248, 4);
  const std::uint64_t length = number(bzimage, 0x24c, 4);
  if (number(bzimage, 0x206, 2) < 0x208 || from > bzimage.size() || length < 8 ||
      length > bzimage.size() - from) {
    return Error("the kernel does not say where its packed part is");
  }
  const View packed = bzimage.subspan(from, length);
  static constexpr std::uint8_t kXz[] = {0xfd, '7', 'z', 'X', 'Z', 0};
  static constexpr std::uint8_t kZstd[] = {0x28, 0xb5, 0x2f, 0xfd};
  if (std::equal(std::begin(kXz), std::end(kXz), packed.begin())) return unpack_xz(packed);
  if (std::equal(std::begin(kZstd), std::end(kZstd), packed.begin())) return unpack_zstd(packed);
  return Error("the kernel is packed neither with XZ nor with ZSTD");
}

struct Segment {
  std::uint64_t type, offset, physical, size, memory;
};

std::vector<Segment> segments_of(View elf) {
  const std::uint64_t table = number(elf, 0x20, 8), size = number(elf, 0x36, 2);
  std::vector<Segment> segments;
  for (std::uint64_t i = 0; i < number(elf, 0x38, 2); ++i) {
    const std::uint64_t at = table + i * size;
    segments.push_back({number(elf, at, 4), number(elf, at + 8, 8), number(elf, at + 24, 8),
                        number(elf, at + 32, 8), number(elf, at + 40, 8)});
  }
  return segments;
}

bool within(const Segment& segment, View elf) {
  return segment.offset <= elf.size() && segment.size <= elf.size() - segment.offset;
}

// XEN_ELFNOTE_PHYS32_ENTRY.
std::optional<std::uint32_t> pvh_entry(View elf, const Segment& notes) {
  constexpr std::uint32_t kEntry = 18;
  std::uint64_t at = notes.offset;
  const std::uint64_t end = notes.offset + notes.size;
  while (at + 12 <= end) {
    const std::uint64_t name = number(elf, at, 4), size = number(elf, at + 4, 4);
    const std::uint64_t value = at + 12 + ((name + 3) & ~std::uint64_t{3});
    if (number(elf, at + 8, 4) == kEntry && name == 4 && number(elf, at + 12, 4) == 0x6e6558) {
      return static_cast<std::uint32_t>(number(elf, value, 4));
    }
    at = value + ((size + 3) & ~std::uint64_t{3});
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<std::uint8_t>> linux_image(std::span<const std::uint8_t> bzimage) {
  constexpr std::uint64_t kLoad = 1, kNote = 4;
  ICE86_TRY_ASSIGN(const Bytes elf, kernel_of(bzimage));
  static constexpr std::uint8_t kElf64[] = {0x7f, 'E', 'L', 'F', 2, 1};
  if (elf.size() < 64 || !std::equal(std::begin(kElf64), std::end(kElf64), elf.begin())) {
    return Error("the kernel is no 64-bit ELF program");
  }
  std::uint64_t start = UINT64_MAX, end = 0;
  std::optional<std::uint32_t> entry;
  const std::vector<Segment> segments = segments_of(elf);
  for (const Segment& segment : segments) {
    if (!within(segment, elf)) return Error("the kernel's segments reach beyond its end");
    if (segment.type == kNote && !entry) entry = pvh_entry(elf, segment);
    if (segment.type != kLoad || segment.memory == 0) continue;
    if (segment.size > segment.memory || segment.physical > 0x80000000 ||
        segment.memory > kLargest) {
      return Error("the kernel's segments make no sense");
    }
    start = std::min(start, segment.physical);
    end = std::max(end, segment.physical + segment.memory);
  }
  if (!entry) return Error("the kernel has no PVH entry");
  if (start >= end || end - start > kLargest) return Error("the kernel has no segments to load");
  Bytes image(8 + (end - start), 0);
  for (unsigned i = 0; i < 4; ++i) {
    image[i] = static_cast<std::uint8_t>(start >> i * 8);
    image[4 + i] = static_cast<std::uint8_t>(*entry >> i * 8);
  }
  for (const Segment& segment : segments) {
    if (segment.type != kLoad || segment.memory == 0) continue;
    std::copy_n(elf.begin() + static_cast<std::ptrdiff_t>(segment.offset), segment.size,
                image.begin() + static_cast<std::ptrdiff_t>(8 + segment.physical - start));
  }
  return image;
}

}  // namespace ice86::harness
