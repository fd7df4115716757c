// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 image`: builds images. `image rom`: a flash part with LinuxBIOS and payloads.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <optional>

#include "emulator/app/command.h"
#include "emulator/app/exit_code.h"
#include "emulator/app/machine_options.h"
#include "emulator/base/files.h"
#include "harness/rom/rom_image.h"

namespace ice86::app {

namespace {

using harness::RomEntryType;
using Bytes = std::vector<std::uint8_t>;

struct RomOptions {
  std::optional<std::string> out, input, write_map;
  std::string size;
  std::string boot_code;
  bool pack = false, map = false, post_mortem = false;
  std::optional<std::string> bios, vga_bios;
  std::vector<std::string> payloads, option_roms, files, options;
  std::optional<std::string> kernel, initrd, command_line;
  bool unpack_kernel = false;
};

struct Named {
  std::string name, path;
};

// NAME=FILE, or FILE, which is then called after itself.
Named named(const std::string& text) {
  const auto equals = text.find('=');
  if (equals != std::string::npos && text.find('/') > equals) {
    return {text.substr(0, equals), text.substr(equals + 1)};
  }
  return {std::filesystem::path(text).filename().string(), text};
}

Result<harness::RomFile> rom_file(std::string name, const std::string& path, RomEntryType type,
                                  bool pack) {
  harness::RomFile file{std::move(name), type, pack, {}, {}};
  ICE86_TRY_ASSIGN(file.bytes, read_file(path, harness::kLargestRom));
  const std::string base = std::filesystem::path(path).filename().string();
  if (base != file.name) file.source = base;
  return file;
}

harness::RomFile text_file(std::string name, const std::string& text) {
  return {std::move(name), RomEntryType::kFile, false, Bytes(text.begin(), text.end()), {}};
}

// Reference: Tool Interface Standard, ELF Specification 1.2, book I chapter 1.
Result<void> check_elf(const Bytes& bytes, const std::string& path) {
  static constexpr char kStart[] =
      "\x7f"
      "ELF";
  if (bytes.size() < 52 || std::memcmp(bytes.data(), kStart, 4) != 0) {
    return Error(fmt::format("{}: no ELF program", path));
  }
  if (bytes[4] != 1 || bytes[18] != 3) {
    return Error(fmt::format("{}: an ELF program, but not for 32-bit x86", path));
  }
  return {};
}

// 55 AA, a length in units of 512 bytes, and a sum of 0 (Plug and Play BIOS Specification 1.0A,
// section 3.1): a dump that somebody has made may be cut off or be something else.
Result<void> check_option_rom(const Bytes& bytes, const std::string& path) {
  if (bytes.size() < 512 || bytes[0] != 0x55 || bytes[1] != 0xaa) {
    return Error(fmt::format("{}: no option ROM: it does not begin with 55 AA", path));
  }
  const std::size_t size = bytes[2] * std::size_t{512};
  if (size == 0 || size > bytes.size()) {
    return Error(fmt::format("{}: its length byte says {} bytes, and there are {}", path, size,
                             bytes.size()));
  }
  const unsigned sum =
      std::accumulate(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size), 0u);
  if ((sum & 0xff) != 0) {
    return Error(fmt::format("{}: its first {} bytes do not add up to 0 but to {:02x}", path, size,
                             sum & 0xff));
  }
  return {};
}

Result<void> check_kernel(const Bytes& bytes, const std::string& path) {
  if (bytes.size() < 0x1000 || std::memcmp(bytes.data() + 0x202, "HdrS", 4) != 0) {
    return Error(fmt::format("{}: no Linux kernel (bzImage)", path));
  }
  return {};
}

Result<std::uint64_t> parse_size(const std::string& text) {
  std::size_t end = 0;
  std::uint64_t value = 0;
  try {
    value = std::stoull(text, &end);
  } catch (const std::exception&) {
    end = 0;
  }
  const std::string unit = text.substr(end);
  const unsigned shift = unit == "K" || unit == "k" ? 10 : unit == "M" || unit == "m" ? 20 : 0;
  if (end == 0 || (shift == 0 && !unit.empty()) || value > harness::kLargestRom) {
    return usage_error(fmt::format("--size {}: a size to 16M is needed, such as 512K", text));
  }
  return value << shift;
}

// The payloads and what they need, in the order in which LinuxBIOS tries them.
Result<std::vector<harness::RomFile>> contents(const RomOptions& o) {
  std::vector<harness::RomFile> files;
  bool adlo = false;
  for (const std::string& text : o.payloads) {
    const bool own = text == "adlo" && !std::filesystem::exists("adlo");
    adlo |= own;
    const Named payload = own ? Named{"adlo", images_folder() / "adlo.elf"} : named(text);
    ICE86_TRY_ASSIGN(auto file,
                     rom_file(payload.name, payload.path, RomEntryType::kProgram, o.pack));
    ICE86_TRY(check_elf(file.bytes, payload.path));
    if (own) file.source.clear();
    files.push_back(std::move(file));
  }
  if (o.bios && !adlo) {
    ICE86_TRY_ASSIGN(
        auto file, rom_file("adlo", images_folder() / "adlo.elf", RomEntryType::kProgram, o.pack));
    file.source.clear();
    files.push_back(std::move(file));
  }
  if (o.bios) {
    ICE86_TRY_ASSIGN(auto file, rom_file("bios", *o.bios, RomEntryType::kFile, o.pack));
    if (file.bytes.size() > 0x20000 || file.bytes.size() % 0x4000 != 0) {
      return Error(fmt::format("{}: {} bytes: ADLO takes a BIOS of 16 to 128 KB, in steps of 16 KB",
                               *o.bios, file.bytes.size()));
    }
    files.push_back(std::move(file));
  }
  if (o.vga_bios) {
    ICE86_TRY_ASSIGN(auto file, rom_file("vgabios", *o.vga_bios, RomEntryType::kFile, o.pack));
    ICE86_TRY(check_option_rom(file.bytes, *o.vga_bios));
    files.push_back(std::move(file));
  }
  for (const std::string& text : o.option_roms) {
    const Named rom = named(text);
    ICE86_TRY_ASSIGN(auto file,
                     rom_file("optionrom/" + rom.name, rom.path, RomEntryType::kFile, o.pack));
    ICE86_TRY(check_option_rom(file.bytes, rom.path));
    file.source.clear();
    files.push_back(std::move(file));
  }
  if (o.kernel) {
    ICE86_TRY_ASSIGN(auto file, rom_file("linux", *o.kernel, RomEntryType::kLinux, false));
    ICE86_TRY(check_kernel(file.bytes, *o.kernel));
    if (o.unpack_kernel) {
      auto image = harness::linux_image(file.bytes);
      if (!image) return std::move(image).error().within(*o.kernel);
      file.type = RomEntryType::kLinuxImage;
      file.bytes = std::move(*image);
    }
    files.push_back(std::move(file));
    if (o.initrd) {
      ICE86_TRY_ASSIGN(auto initrd,
                       rom_file("linux.initrd", *o.initrd, RomEntryType::kFile, false));
      files.push_back(std::move(initrd));
    }
    if (o.command_line) files.push_back(text_file("linux.cmdline", *o.command_line));
  } else if (o.initrd || o.command_line) {
    return usage_error("--initrd and --cmdline belong to a --linux");
  }
  for (const std::string& text : o.files) {
    const Named entry = named(text);
    ICE86_TRY_ASSIGN(auto file, rom_file(entry.name, entry.path, RomEntryType::kFile, o.pack));
    files.push_back(std::move(file));
  }
  std::string lines;
  for (const std::string& option : o.options) {
    if (option.find('=') == std::string::npos || option.find('\n') != std::string::npos) {
      return usage_error(fmt::format("--option '{}': NAME=VALUE is needed", option));
    }
    lines += option + "\n";
  }
  if (!lines.empty()) files.push_back(text_file("options", lines));
  return files;
}

Result<void> make_rom(const RomOptions& o) {
  std::vector<harness::RomPart> parts;
  std::uint64_t size = 0;
  if (o.input) {
    if (o.out) return usage_error("--input shows a ROM that is there; --out makes one");
    ICE86_TRY_ASSIGN(const Bytes rom, read_file(*o.input, harness::kLargestRom));
    auto read = harness::read_rom_map(rom);
    if (!read) return std::move(read).error().within(*o.input);
    parts = std::move(*read);
    size = rom.size();
  } else {
    if (!o.out) return usage_error("--out FILE says where the ROM goes");
    harness::RomPlan plan;
    if (!o.size.empty()) {
      ICE86_TRY_ASSIGN(plan.size, parse_size(o.size));
    }
    plan.post_mortem = o.post_mortem;
    const std::string boot =
        o.boot_code.empty() ? (images_folder() / "linuxbios.bin").string() : o.boot_code;
    ICE86_TRY_ASSIGN(plan.boot_code, read_file(boot, harness::kLargestRom));
    ICE86_TRY_ASSIGN(plan.files, contents(o));
    ICE86_TRY_ASSIGN(const Bytes rom, harness::build_rom(plan, &parts));
    ICE86_TRY(write_file(*o.out, rom));
    size = rom.size();
  }
  const std::string map = harness::rom_map_text(parts, size);
  if (o.write_map) ICE86_TRY(write_file(*o.write_map, map));
  if (o.map || o.input) fmt::print("{}", map);
  return {};
}

}  // namespace

void add_image_command(CLI::App& app, const std::vector<std::string>&, int& exit) {
  CLI::App* image = app.add_subcommand("image", "build images");
  image->require_subcommand(1);
  add_agent_image_command(*image, exit);
  CLI::App* command = image->add_subcommand(
      "rom", "a flash image: LinuxBIOS, payloads and files (docs/firmware.md)");
  auto o = std::make_shared<RomOptions>();
  command->add_option("--out", o->out, "the image to write");
  command->add_option("--input", o->input, "print the map of this image, and make none");
  command->add_option("--size", o->size,
                      "size of the part, such as 512K; default: the smallest power of two that "
                      "holds everything, from 256K");
  command->add_flag("--map", o->map, "print the ROM map");
  command->add_option("--write-map", o->write_map, "write the ROM map to this file");
  command->add_flag("--pack", o->pack, "pack programs, BIOSes and files with LZMA");
  command->add_option("--bios", o->bios,
                      "PC BIOS of 16 to 128 KB for ADLO, which is then a payload: "
                      "/usr/share/bochs/BIOS-bochs-legacy");
  command->add_option("--vgabios", o->vga_bios,
                      "VGA BIOS for ADLO, or a dump of one; without it ADLO takes the card's ROM");
  command->add_option("--option-rom", o->option_roms,
                      "[NAME=]FILE: another option ROM for ADLO to put below the BIOS");
  command->add_option("--payload", o->payloads,
                      "[NAME=]FILE: an ELF program; 'adlo' is our own. The first sound payload is "
                      "started");
  command->add_option("--linux,--kernel", o->kernel, "a Linux kernel as payload: bzImage");
  command->add_flag("--unpack-kernel", o->unpack_kernel,
                    "take the kernel out of its bzImage and pack it with LZ4: larger, and there "
                    "much sooner");
  command->add_option("--initrd", o->initrd, "its initial RAM disk");
  command->add_option("--cmdline,--append", o->command_line, "its command line");
  command->add_option("--file", o->files, "[NAME=]FILE: any other entry");
  command->add_option("--option", o->options,
                      "NAME=VALUE for LinuxBIOS and ADLO (docs/firmware.md lists them)");
  command->add_flag("--post-mortem", o->post_mortem,
                    "low memory survives a warm reset, in a copy at the top of memory");
  command->add_option("--boot-code", o->boot_code, "linuxbios.bin of another build");
  command->callback([o, &exit] {
    const auto done = make_rom(*o);
    exit = done ? static_cast<int>(kDone) : fail(done.error());
  });
}

}  // namespace ice86::app
