// SPDX-License-Identifier: LGPL-2.1-or-later
// Puts a flash image together: payloads (ELF) from its beginning, boot code at its end, FFh
// between; and writes the map of what stands where.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "emulator/base/files.h"

namespace {

using ice86::Error;
using ice86::Result;

constexpr std::uint64_t kLargestRom = 16 << 20;
constexpr std::size_t kAlignment = 0x1000;  // a flash sector: payloads can be replaced one by one

struct Part {
  std::string name;
  std::uint64_t offset, size;
  bool inner;  // lies within the part before it
};

struct Named {
  std::string name;
  std::string path;
  std::vector<std::string> segments;
};

// NAME=FILE or NAME=FILE:SEGMENT,SEGMENT...
Result<Named> parse(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return ice86::usage_error(fmt::format("'{}': NAME=FILE is needed", text));
  }
  Named named{text.substr(0, equals), text.substr(equals + 1), {}};
  if (const auto colon = named.path.find(':'); colon != std::string::npos) {
    std::string list = named.path.substr(colon + 1) + ",";
    named.path.resize(colon);
    for (std::size_t comma; (comma = list.find(',')) != std::string::npos;
         list.erase(0, comma + 1)) {
      named.segments.push_back(list.substr(0, comma));
    }
  }
  return named;
}

// The loaded segments of an ELF image: offset and size within the file (ELF 1.2, book I chapter 2).
std::vector<std::pair<std::uint32_t, std::uint32_t>> segments_of(
    const std::vector<std::uint8_t>& elf) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> found;
  const auto word = [&](std::size_t at, std::size_t bytes) {
    std::uint32_t value = 0;
    if (at + bytes <= elf.size()) std::memcpy(&value, elf.data() + at, bytes);
    return value;
  };
  if (elf.size() < 52 || std::memcmp(elf.data(),
                                     "\x7f"
                                     "ELF\x01\x01",
                                     6) != 0)
    return found;
  const std::uint32_t table = word(28, 4), entry_size = word(42, 2), count = word(44, 2);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t at = table + std::size_t{i} * entry_size;
    if (word(at, 4) == 1 && word(at + 16, 4) != 0)
      found.emplace_back(word(at + 4, 4), word(at + 16, 4));
  }
  return found;
}

std::string map_text(const std::vector<Part>& parts, std::uint64_t rom_size, std::uint64_t used) {
  std::string text =
      fmt::format("ROM map, {} KB at {:08X}-FFFFFFFF\n", rom_size >> 10, 0x100000000 - rom_size);
  for (const Part& part : parts) {
    const std::uint64_t start = 0x100000000 - rom_size + part.offset;
    text += fmt::format("  {:08X}-{:08X}  {:>7}  {}{}\n", start, start + part.size - 1, part.size,
                        part.inner ? "  " : "", part.name);
  }
  text += fmt::format("  used {} bytes ({:.1f} KB) of {}\n", used, static_cast<double>(used) / 1024,
                      rom_size);
  return text;
}

Result<void> make(std::uint64_t size, const std::string& out, const std::string& map,
                  const std::string& boot, const std::vector<std::string>& payloads) {
  if (size == 0 || size > kLargestRom || size % kAlignment != 0) {
    return ice86::usage_error(
        fmt::format("--size {}: a multiple of 4096 up to 16 MiB is needed", size));
  }
  std::vector<std::uint8_t> rom(size, 0xff);
  std::vector<Part> parts;
  ICE86_TRY_ASSIGN(const Named boot_part, parse(boot));
  ICE86_TRY_ASSIGN(const std::vector<std::uint8_t> boot_code,
                   ice86::read_file(boot_part.path, size));
  const std::uint64_t boot_at = size - boot_code.size();
  std::uint64_t at = 0, used = boot_code.size();
  for (const std::string& text : payloads) {
    ICE86_TRY_ASSIGN(const Named payload, parse(text));
    ICE86_TRY_ASSIGN(const std::vector<std::uint8_t> bytes, ice86::read_file(payload.path, size));
    const auto segments = segments_of(bytes);
    if (segments.empty()) return Error(fmt::format("{}: no 32-bit ELF program", payload.path));
    if (at + bytes.size() > boot_at) {
      return Error(fmt::format("{}: {} bytes do not fit: {} are left of {}", payload.path,
                               bytes.size(), boot_at - std::min(at, boot_at), size));
    }
    std::copy(bytes.begin(), bytes.end(), rom.begin() + static_cast<std::ptrdiff_t>(at));
    parts.push_back({payload.name, at, bytes.size(), false});
    for (std::size_t i = 0; i < segments.size(); ++i) {
      const std::string name =
          i < payload.segments.size() ? payload.segments[i] : fmt::format("segment {}", i);
      parts.push_back({name, at + segments[i].first, segments[i].second, true});
    }
    used += bytes.size();
    at = (at + bytes.size() + kAlignment - 1) & ~(std::uint64_t{kAlignment} - 1);
  }
  if (at < boot_at) parts.push_back({"free", at, boot_at - at, false});
  std::copy(boot_code.begin(), boot_code.end(), rom.begin() + static_cast<std::ptrdiff_t>(boot_at));
  parts.push_back({boot_part.name, boot_at, boot_code.size(), false});
  ICE86_TRY(ice86::write_file(out, rom));
  if (!map.empty()) ICE86_TRY(ice86::write_file(map, map_text(parts, size, used)));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Puts a flash image together from boot code and ELF payloads."};
  std::uint64_t size = 512 << 10;
  std::string out, map, boot;
  std::vector<std::string> payloads;
  app.add_option("--size", size, "bytes of the flash part")->capture_default_str();
  app.add_option("--out", out, "the image to write")->required();
  app.add_option("--map", map, "write the ROM map, as text, to this file");
  app.add_option("--boot", boot, "NAME=FILE: code for the end of the part, reset vector last")
      ->required();
  app.add_option("--payload", payloads, "NAME=ELF[:SEGMENT NAME,...], in the order of the search");
  CLI11_PARSE(app, argc, argv);
  if (const auto done = make(size, out, map, boot, payloads); !done) {
    fmt::print(stderr, "ice86-make-rom: {}\n", done.error().message());
    return 2;
  }
  return 0;
}
