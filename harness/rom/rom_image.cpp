// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/rom/rom_image.h"

#include <fmt/core.h>
#include <lz4hc.h>
#include <lzma.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <numeric>
#include <optional>
#include <set>

namespace ice86::harness {

namespace {

constexpr std::size_t kHeader = 64, kAlignment = 64, kMostName = 31;
constexpr char kMagic[] = "ROMENTRY";
constexpr char kRamStage[] = "RAMSTAGE";
constexpr std::uint64_t kSmallestRom = 64 << 10, kSmallestChosen = 256 << 10, kSector = 4096;
// What stands in the image before its end.
constexpr std::size_t kTrailer = 12;
constexpr std::uint32_t kPlain = 0, kLzma = 1, kLz4 = 2;
constexpr std::size_t kLargestImage = 256 << 20;
constexpr std::uint32_t kFlagPostMortem = 1;

using Bytes = std::vector<std::uint8_t>;

void put32(Bytes& bytes, std::size_t at, std::uint32_t value) {
  for (unsigned i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::uint8_t>(value >> i * 8);
}
std::uint32_t get32(std::span<const std::uint8_t> bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) value |= std::uint32_t{bytes[at + i]} << i * 8;
  return value;
}

std::uint32_t word_sum(std::span<const std::uint8_t> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4) sum += get32(bytes, at);
  return sum;
}

// One way of packing; lc, lp and pb change what the next byte is guessed from.
std::optional<Bytes> packed_with(const Bytes& bytes, std::uint32_t lc, std::uint32_t lp,
                                 std::uint32_t pb) {
  lzma_options_lzma options;
  if (lzma_lzma_preset(&options, 9 | LZMA_PRESET_EXTREME)) return std::nullopt;
  options.lc = lc;
  options.lp = lp;
  options.pb = pb;
  options.dict_size =
      std::max<std::uint32_t>(4096, std::bit_ceil(static_cast<std::uint32_t>(bytes.size())));
  const lzma_filter filters[] = {{LZMA_FILTER_LZMA1, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
  Bytes out(1 + bytes.size() + bytes.size() / 8 + 4096);
  out[0] = static_cast<std::uint8_t>((pb * 5 + lp) * 9 + lc);
  std::size_t end = 1;
  if (lzma_raw_buffer_encode(filters, nullptr, bytes.data(), bytes.size(), out.data(), &end,
                             out.size()) != LZMA_OK) {
    return std::nullopt;
  }
  out.resize(end);
  return out;
}

// The shortest of some, or nothing when the bytes are shorter as they are.
std::optional<Bytes> packed(const Bytes& bytes) {
  static constexpr std::array<std::array<std::uint32_t, 3>, 4> kWays = {
      {{3, 0, 2}, {3, 0, 0}, {3, 1, 1}, {2, 0, 0}}};
  std::optional<Bytes> best;
  for (const auto& [lc, lp, pb] : kWays) {
    auto candidate = packed_with(bytes, lc, lp, pb);
    if (!candidate || candidate->size() >= bytes.size()) continue;
    if (!best || candidate->size() < best->size()) best = std::move(candidate);
  }
  return best;
}

Result<Bytes> unpacked(std::span<const std::uint8_t> body, std::uint64_t size) {
  if (body.size() < 2) return Error("packed data is cut off");
  lzma_options_lzma options;
  if (lzma_lzma_preset(&options, 9)) return Error("liblzma has no preset 9");
  options.lc = body[0] % 9;
  options.lp = body[0] / 9 % 5;
  options.pb = body[0] / 45;
  options.dict_size = static_cast<std::uint32_t>(std::max<std::uint64_t>(4096, size));
  const lzma_filter filters[] = {{LZMA_FILTER_LZMA1, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
  Bytes out(size);
  std::size_t from = 1, to = 0;
  lzma_raw_buffer_decode(filters, nullptr, body.data(), &from, body.size(), out.data(), &to,
                         out.size());
  if (to != out.size()) return Error("packed data is damaged");
  return out;
}

// Its two words as they are, and the rest as an LZ4 block.
Bytes packed_image(const Bytes& bytes) {
  const int size = static_cast<int>(bytes.size() - 8);
  Bytes out(8 + static_cast<std::size_t>(LZ4_compressBound(size)));
  std::copy_n(bytes.begin(), 8, out.begin());
  const int packed_size = LZ4_compress_HC(reinterpret_cast<const char*>(bytes.data() + 8),
                                          reinterpret_cast<char*>(out.data() + 8), size,
                                          static_cast<int>(out.size() - 8), LZ4HC_CLEVEL_MAX);
  out.resize(8 + static_cast<std::size_t>(packed_size));
  return out;
}

Bytes entry_bytes(const RomFile& file, RomPart& part) {
  std::optional<Bytes> shorter;
  const bool image = file.type == RomEntryType::kLinuxImage;
  if (image) {
    shorter = packed_image(file.bytes);
  } else if (file.pack) {
    shorter = packed(file.bytes);
  }
  const Bytes& body = shorter ? *shorter : file.bytes;
  Bytes entry(kHeader, 0);
  std::memcpy(entry.data(), kMagic, 8);
  put32(entry, 12, static_cast<std::uint32_t>(file.type));
  put32(entry, 16, image ? kLz4 : shorter ? kLzma : kPlain);
  put32(entry, 20, static_cast<std::uint32_t>(body.size()));
  part.unpacked = file.bytes.size() - (image ? 8 : 0);
  put32(entry, 24, static_cast<std::uint32_t>(part.unpacked));
  put32(entry, 28, crc32(body));
  std::memcpy(entry.data() + 32, file.name.data(), file.name.size());
  put32(entry, 8, 0u - word_sum(entry));
  entry.insert(entry.end(), body.begin(), body.end());
  part.size = entry.size();
  part.packed = shorter.has_value();
  part.name = file.source.empty() ? file.name : fmt::format("{} ({})", file.name, file.source);
  return entry;
}

// The checksum of the boot code's RAM stage, which its boot block compares.
Result<void> seal_boot_code(Bytes& boot) {
  if (boot.size() < 64 || boot.size() % 16 != 0) {
    return Error(fmt::format("boot code: {} bytes are no multiple of 16 from 64", boot.size()));
  }
  if (std::memcmp(boot.data(), kRamStage, 8) != 0) {
    return Error("boot code: does not begin with RAMSTAGE: linuxbios.bin is needed");
  }
  const std::uint32_t size = get32(boot, 8);
  if (size % 4 != 0 || size > boot.size() - 16) {
    return Error(fmt::format("boot code: a RAM stage of {} bytes is not in {}", size, boot.size()));
  }
  put32(boot, 12, 0u - word_sum(std::span(boot).subspan(16, size)));
  return {};
}

Result<void> check_names(const std::vector<RomFile>& files) {
  std::set<std::string> names;
  for (const RomFile& file : files) {
    if (file.name.empty() || file.name.size() > kMostName) {
      return usage_error(fmt::format("'{}': an entry's name has 1 to 31 bytes", file.name));
    }
    if (!names.insert(file.name).second) {
      return usage_error(fmt::format("'{}': two entries of one name", file.name));
    }
  }
  return {};
}

struct Trailer {
  std::uint64_t start = 0, end = 0;  // offsets of the file system
};

Result<Trailer> trailer_of(std::span<const std::uint8_t> rom) {
  const std::uint64_t size = rom.size();
  if (size >= kSmallestRom && size <= kLargestRom) {
    const std::uint64_t base = 0x100000000 - size;
    const std::uint64_t start = get32(rom, size - 4), end = get32(rom, size - kTrailer);
    if (start >= base && start <= end && end < base + size && start % kAlignment == 0) {
      return Trailer{start - base, end - base};
    }
  }
  return Error("no ROM file system: the image's last bytes do not point to one");
}

bool header_at(std::span<const std::uint8_t> rom, std::uint64_t at) {
  return std::memcmp(rom.data() + at, kMagic, 8) == 0;
}

}  // namespace

std::uint32_t crc32(std::span<const std::uint8_t> bytes) {
  return lzma_crc32(bytes.data(), bytes.size(), 0);  // the same polynomial: IEEE 802.3
}

Result<std::vector<std::uint8_t>> build_rom(const RomPlan& plan, std::vector<RomPart>* parts) {
  ICE86_TRY(check_names(plan.files));
  Bytes boot = plan.boot_code;
  ICE86_TRY(seal_boot_code(boot));
  Bytes content;
  std::vector<RomPart> map;
  for (const RomFile& file : plan.files) {
    if (file.bytes.empty()) return Error(fmt::format("'{}': an empty entry", file.name));
    const bool image = file.type == RomEntryType::kLinuxImage;
    if (image && (file.bytes.size() <= 8 || file.bytes.size() > kLargestImage)) {
      return Error(fmt::format("'{}': {} bytes are no Linux image", file.name, file.bytes.size()));
    }
    if (!image && file.bytes.size() > kLargestRom) {
      return Error(
          fmt::format("'{}': {} bytes are more than any ROM", file.name, file.bytes.size()));
    }
    RomPart part;
    const Bytes entry = entry_bytes(file, part);
    content.resize((content.size() + kAlignment - 1) / kAlignment * kAlignment, 0xff);
    part.offset = content.size();
    content.insert(content.end(), entry.begin(), entry.end());
    map.push_back(std::move(part));
  }
  const std::uint64_t needed = content.size() + boot.size();
  const std::uint64_t smallest = std::max(kSmallestChosen, std::bit_ceil(needed));
  const std::uint64_t size = plan.size != 0 ? plan.size : smallest;
  if (size > kLargestRom || size < kSmallestRom || size % kSector != 0) {
    if (plan.size != 0) {
      return usage_error(
          fmt::format("--size: {} bytes: a multiple of 4 KiB from 64 KiB to 16 MiB", plan.size));
    }
    return Error(fmt::format("{} bytes are needed, and a ROM has at most 16 MiB", needed));
  }
  if (needed > size) {
    return Error(
        fmt::format("{} bytes are needed, and the part has {}: --size {}K would do, or "
                    "--pack",
                    needed, size, smallest >> 10));
  }
  Bytes rom(size, 0xff);
  std::copy(content.begin(), content.end(), rom.begin());
  const std::uint64_t boot_at = size - boot.size(), base = 0x100000000 - size;
  std::copy(boot.begin(), boot.end(), rom.begin() + static_cast<std::ptrdiff_t>(boot_at));
  put32(rom, size - 4, static_cast<std::uint32_t>(base));
  put32(rom, size - 8, plan.post_mortem ? kFlagPostMortem : 0);
  put32(rom, size - kTrailer, static_cast<std::uint32_t>(base + boot_at));
  if (content.size() < boot_at) {
    map.push_back({content.size(), boot_at - content.size(), "free", 0, false, ""});
  }
  map.push_back({boot_at, boot.size(), "LinuxBIOS", 0, false, ""});
  if (parts != nullptr) *parts = std::move(map);
  return rom;
}

Result<std::vector<RomPart>> read_rom_map(std::span<const std::uint8_t> rom) {
  ICE86_TRY_ASSIGN(const Trailer fs, trailer_of(rom));
  std::vector<RomPart> parts;
  std::uint64_t last_end = fs.start;
  for (std::uint64_t at = fs.start; at + kHeader <= fs.end;) {
    if (!header_at(rom, at)) {
      at += kAlignment;
      continue;
    }
    RomPart part;
    part.offset = at;
    part.size = kHeader;
    const char* const name = reinterpret_cast<const char*>(rom.data() + at + 32);
    part.name.assign(name, strnlen(name, kMostName));
    std::uint64_t next = at + kAlignment;
    if (word_sum(rom.subspan(at, kHeader)) != 0) {
      part.problem = "bad header checksum";
    } else {
      const std::uint32_t stored = get32(rom, at + 20);
      part.unpacked = get32(rom, at + 24);
      part.packed = get32(rom, at + 16) != 0;
      if (stored > fs.end - at - kHeader) {
        part.problem = "cut off by the end of the ROM";
      } else {
        part.size += stored;
        next = (at + part.size + kAlignment - 1) / kAlignment * kAlignment;
        if (crc32(rom.subspan(at + kHeader, stored)) != get32(rom, at + 28)) {
          part.problem = "bad checksum";
        }
      }
    }
    last_end = at + part.size;
    parts.push_back(std::move(part));
    at = next;
  }
  if (last_end < fs.end) parts.push_back({last_end, fs.end - last_end, "free", 0, false, ""});
  RomPart boot{fs.end, rom.size() - fs.end, "LinuxBIOS", 0, false, ""};
  if (boot.size >= 16 && std::memcmp(rom.data() + fs.end, kRamStage, 8) == 0) {
    const std::uint32_t size = get32(rom, fs.end + 8);
    if (size > boot.size - 16 ||
        word_sum(rom.subspan(fs.end + 16, size)) + get32(rom, fs.end + 12) != 0) {
      boot.problem = "RAM stage: bad checksum";
    }
  } else {
    boot.problem = "no RAM stage";
  }
  parts.push_back(std::move(boot));
  return parts;
}

Result<std::vector<std::uint8_t>> read_rom_entry(std::span<const std::uint8_t> rom,
                                                 const std::string& name) {
  ICE86_TRY_ASSIGN(const std::vector<RomPart> parts, read_rom_map(rom));
  for (const RomPart& part : parts) {
    if (part.name != name || part.unpacked == 0) continue;
    if (!part.problem.empty()) return Error(fmt::format("{}: {}", name, part.problem));
    const auto body = rom.subspan(part.offset + kHeader, part.size - kHeader);
    if (!part.packed) return Bytes(body.begin(), body.end());
    if (part.unpacked > kLargestRom) return Error(fmt::format("{}: too large", name));
    if (get32(rom, part.offset + 16) != kLzma) return Error(fmt::format("{}: not LZMA", name));
    auto out = unpacked(body, part.unpacked);
    if (!out) return std::move(out).error().within(name);
    return out;
  }
  return Error(fmt::format("{}: no such entry", name));
}

std::string rom_map_text(const std::vector<RomPart>& parts, std::uint64_t rom_size) {
  const std::uint64_t base = 0x100000000 - rom_size;
  std::string text = fmt::format("ROM map, {} KB at {:08X}-FFFFFFFF\n", rom_size >> 10, base);
  std::uint64_t used = 0;
  for (const RomPart& part : parts) {
    if (part.name != "free") used += part.size;
    text += fmt::format("  {:08X}-{:08X}  {:>8}  {}", base + part.offset,
                        base + part.offset + part.size - 1, part.size, part.name);
    if (part.packed) text += fmt::format(", {} bytes unpacked", part.unpacked);
    if (!part.problem.empty()) text += fmt::format(" -- {}", part.problem);
    text += '\n';
  }
  text += fmt::format("  used {} bytes ({:.1f} KB) of {}\n", used, static_cast<double>(used) / 1024,
                      rom_size);
  return text;
}

}  // namespace ice86::harness
