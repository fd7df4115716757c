// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/base/files.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "emulator/base/file_writer.h"
#include "emulator/base/host_memory.h"

namespace ice86 {

namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

}  // namespace

Result<std::vector<std::uint8_t>> read_file(const std::filesystem::path& path, std::uint64_t most) {
  std::error_code code;
  const auto status = std::filesystem::status(path, code);
  if (!std::filesystem::exists(status))
    return Error(fmt::format("{}: no such file", path.string()));
  if (std::filesystem::is_directory(status)) {
    return Error(fmt::format("{}: is a directory", path.string()));
  }
  const File file(std::fopen(path.c_str(), "rb"));
  if (!file) return Error(fmt::format("{}: {}", path.string(), std::strerror(errno)));
  std::vector<std::uint8_t> bytes;
  // All of it and one byte more, which says that it ends there; of what has no size, by pieces.
  std::size_t chunk = std::size_t{1} << 20;
  if (const std::uintmax_t size = std::filesystem::file_size(path, code); !code && size != 0) {
    chunk = static_cast<std::size_t>(std::min<std::uintmax_t>(size, most)) + 1;
    bytes.reserve(chunk);
    about_to_fill(bytes.data(), chunk);
  }
  for (;;) {
    const std::size_t before = bytes.size();
    bytes.resize(before + chunk);
    const std::size_t got = std::fread(bytes.data() + before, 1, chunk, file.get());
    bytes.resize(before + got);
    if (bytes.size() > most) {
      return Error(fmt::format("{}: is larger than {} bytes", path.string(), most));
    }
    if (got < chunk) break;
  }
  if (std::ferror(file.get()) != 0) return Error(fmt::format("{}: cannot be read", path.string()));
  return bytes;
}

Result<void> write_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  ICE86_TRY_ASSIGN(FileWriter writer, FileWriter::create(path));
  writer.add(bytes);
  return writer.finish();
}

Result<void> write_file(const std::filesystem::path& path, std::string_view text) {
  return write_file(path,
                    std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

}  // namespace ice86
