// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/efi_images.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "emulator/base/bits.h"
#include "emulator/machine/linear_memory.h"

namespace ice86::machine {

namespace {

constexpr std::uint64_t kPointerAlignment = 4 << 20;
constexpr std::uint64_t kLowMemoryEnd = 0xc0000000;  // of the board
// Whatever memory says, no more than this is believed.
constexpr std::uint64_t kMostTables = 1024, kMostImages = 4096;
constexpr std::size_t kLongestText = 512;
constexpr unsigned kMostNodes = 64;

constexpr std::uint64_t mark(std::string_view text) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i)
    value |= std::uint64_t{static_cast<std::uint8_t>(text[i])} << (i * 8);
  return value;
}
constexpr std::uint64_t kSystemTable = mark("IBI SYST"), kBootServices = mark("BOOTSERV"),
                        kRuntimeServices = mark("RUNTSERV");

// EFI_DEBUG_IMAGE_INFO_TABLE_GUID: 49152E77-1ADA-4764-B7A2-7AFEFED95E8B, as in memory.
constexpr std::array<std::uint64_t, 2> kDebugImageTable = {0x47641ada49152e77, 0x8b5ed9fefe7aa2b7};

bool has_services(const Pc& pc, const EfiSystemTable& table) {
  const auto marked = [&](unsigned member, std::uint64_t as) {
    return peek_linear(pc, peek_linear(pc, table.member(member), table.pointer), 8) == as;
  };
  return marked(EfiSystemTable::kBootServices, kBootServices) &&
         marked(EfiSystemTable::kRuntimeServices, kRuntimeServices);
}

// Characters of `width` bytes up to a zero.
std::string text_at(const Pc& pc, std::uint64_t at, unsigned width) {
  std::string text;
  while (text.size() < kLongestText) {
    const std::uint64_t c = peek_linear(pc, at, width);
    if (c == 0) break;
    text += c >= ' ' && c < 0x7f ? static_cast<char>(c) : '?';
    at += width;
  }
  return text;
}

std::string guid_text(const Pc& pc, std::uint64_t at) {
  std::array<std::uint8_t, 16> g{};
  peek_linear(pc, at, g);
  std::string text =
      fmt::format("{:08x}-{:04x}-{:04x}-{:02x}{:02x}-", load_le<std::uint32_t>(&g[0]),
                  load_le<std::uint16_t>(&g[4]), load_le<std::uint16_t>(&g[6]), g[8], g[9]);
  for (unsigned i = 10; i < 16; ++i) text += fmt::format("{:02x}", g[i]);
  return text;
}

// The last nodes of a device path (chapter 10): a media device path's file (04h, 04h), or a file in
// a firmware volume (04h, 06h).
std::string file_of(const Pc& pc, std::uint64_t at) {
  constexpr std::uint8_t kMedia = 4, kFilePath = 4, kVolumeFile = 6, kEnd = 0x7f;
  std::string text;
  for (unsigned i = 0; at != 0 && i < kMostNodes; ++i) {
    const auto type = static_cast<std::uint8_t>(peek_linear(pc, at, 1));
    const auto subtype = static_cast<std::uint8_t>(peek_linear(pc, at + 1, 1));
    const std::uint64_t length = peek_linear(pc, at + 2, 2);
    if (type == kEnd || length < 4) break;
    if (type == kMedia && subtype == kFilePath) text += text_at(pc, at + 4, 2);
    if (type == kMedia && subtype == kVolumeFile) text += guid_text(pc, at + 4);
    at += length;
  }
  return text;
}

// Its headers are loaded with it.
void read_headers(const Pc& pc, EfiImage& image) {
  const auto read = [&](std::uint64_t offset, unsigned width) {
    return peek_linear(pc, image.base + offset, width);
  };
  constexpr std::uint16_t kMz = 0x5a4d, kPe32 = 0x10b, kPe32Plus = 0x20b;
  constexpr std::uint32_t kPe = 0x4550, kCodeView = 2;
  if (read(0, 2) != kMz) return;
  const std::uint64_t pe = read(0x3c, 4);
  if (read(pe, 4) != kPe) return;
  const std::uint64_t optional = pe + 24;
  const std::uint64_t magic = read(optional, 2);
  if (magic != kPe32 && magic != kPe32Plus) return;
  image.entry = image.base + read(optional + 16, 4);
  image.size = read(optional + 56, 4);
  const std::uint64_t directories = optional + (magic == kPe32 ? 96 : 112);
  constexpr unsigned kDebug = 6, kEntryBytes = 28;
  if (read(directories - 4, 4) <= kDebug) return;
  const std::uint64_t debug = read(directories + kDebug * 8, 4);
  const std::uint64_t bytes = std::min<std::uint64_t>(read(directories + kDebug * 8 + 4, 4), 1024);
  for (std::uint64_t at = debug; debug != 0 && at + kEntryBytes <= debug + bytes;
       at += kEntryBytes) {
    if (read(at + 12, 4) != kCodeView) continue;
    const std::uint64_t data = read(at + 20, 4);
    // Of what begins with these, the path is at the end.
    constexpr std::uint32_t kNb10 = 0x3031424e, kRsds = 0x53445352, kMtoc = 0x434f544d;
    const std::uint64_t kind = read(data, 4);
    const unsigned path = kind == kNb10 ? 16 : kind == kRsds ? 24 : kind == kMtoc ? 20 : 0;
    if (path != 0) image.debug_file = text_at(pc, image.base + data + path, 1);
  }
}

}  // namespace

std::optional<EfiSystemTable> find_efi_system_table(const Pc& pc) {
  const std::uint64_t top = std::min(pc.config().memory_mib << 20, kLowMemoryEnd);
  for (std::uint64_t at = top / kPointerAlignment * kPointerAlignment; at >= kPointerAlignment;) {
    at -= kPointerAlignment;
    if (pc.peek_memory(at, 8) != kSystemTable) continue;
    EfiSystemTable table;
    table.at = pc.peek_memory(at + 8, 8);
    if (peek_linear(pc, table.at, 8) != kSystemTable) continue;
    for (const unsigned pointer : {8U, 4U}) {
      table.pointer = pointer;
      if (has_services(pc, table)) return table;
    }
  }
  return std::nullopt;
}

std::vector<EfiImage> efi_images(const Pc& pc, const EfiSystemTable& system) {
  const unsigned pointer = system.pointer;
  const auto read = [&](std::uint64_t at) { return peek_linear(pc, at, pointer); };
  std::uint64_t table = 0;
  const std::uint64_t tables =
      std::min(read(system.member(EfiSystemTable::kTableCount)), kMostTables);
  const std::uint64_t first = read(system.member(EfiSystemTable::kTables));
  for (std::uint64_t i = 0; i < tables && table == 0; ++i) {
    const std::uint64_t at = first + i * (16 + pointer);
    if (peek_linear(pc, at, 8) == kDebugImageTable[0] &&
        peek_linear(pc, at + 8, 8) == kDebugImageTable[1])
      table = read(at + 16);
  }
  std::vector<EfiImage> images;
  if (table == 0) return images;
  // UpdateStatus, TableSize, and the array. Places of unloaded images are null.
  const std::uint64_t count = std::min(peek_linear(pc, table + 4, 4), kMostImages);
  const std::uint64_t array = read(table + 8);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t info = read(array + i * pointer);
    constexpr std::uint32_t kNormal = 1;
    if (info == 0 || peek_linear(pc, info, 4) != kNormal) continue;
    const std::uint64_t protocol = read(info + pointer);  // EFI_LOADED_IMAGE_PROTOCOL
    if (protocol == 0) continue;
    EfiImage image;
    image.base = read(protocol + 8 * pointer);
    image.loaded_from = file_of(pc, read(protocol + 4 * pointer));
    read_headers(pc, image);
    images.push_back(std::move(image));
  }
  return images;
}

}  // namespace ice86::machine
