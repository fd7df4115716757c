// SPDX-License-Identifier: LGPL-2.1-or-later
// Flash images of the stacked firmware: a ROM file system (docs/firmware.md) with boot code behind
// it. Writing, and reading what somebody has written.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "emulator/base/result.h"

namespace ice86::harness {

enum class RomEntryType : std::uint32_t { kFile = 0, kProgram = 1, kLinux = 2, kLinuxImage = 3 };

struct RomFile {
  std::string name;  // 1 to 31 bytes
  RomEntryType type = RomEntryType::kFile;
  // With LZMA, when that is shorter. A kLinuxImage is packed with LZ4 in any case, behind its first
  // eight bytes.
  bool pack = false;
  std::vector<std::uint8_t> bytes;  // not packed
  std::string source;               // the file's name, for the map
};

struct RomPlan {
  std::uint64_t size = 0;  // of the part; 0: the smallest power of two from 256 KiB that holds it
  std::vector<std::uint8_t> boot_code;  // for the end of the part
  std::vector<RomFile> files;
  bool post_mortem = false;  // low memory survives a warm reset
};

// A part of an image, in the order of addresses.
struct RomPart {
  std::uint64_t offset = 0, size = 0;  // size with its header
  std::string name;
  std::uint64_t unpacked = 0;  // bytes; 0: what is no entry
  bool packed = false;
  std::string problem;  // what is wrong with it, or nothing
};

constexpr std::uint64_t kLargestRom = 16 << 20;

// The image. `parts`, when wanted, is its map.
Result<std::vector<std::uint8_t>> build_rom(const RomPlan& plan, std::vector<RomPart>* parts);

// The parts of an image that `ice86 image rom` or something like it has written: entries, what is
// free, and the boot code.
Result<std::vector<RomPart>> read_rom_map(std::span<const std::uint8_t> rom);

// The unpacked bytes of an entry.
Result<std::vector<std::uint8_t>> read_rom_entry(std::span<const std::uint8_t> rom,
                                                 const std::string& name);

// "FFF80000-FFF9AE67  110184  ADLO" and so on, and how much is used.
std::string rom_map_text(const std::vector<RomPart>& parts, std::uint64_t rom_size);

// A Linux kernel out of its bzImage, for RomEntryType::kLinuxImage: a load address and the PVH
// entry (four bytes each, little-endian), then the image from that address on. For 64-bit kernels
// with a PVH entry, packed with XZ or ZSTD.
Result<std::vector<std::uint8_t>> linux_image(std::span<const std::uint8_t> bzimage);

std::uint32_t crc32(std::span<const std::uint8_t> bytes);

}  // namespace ice86::harness
