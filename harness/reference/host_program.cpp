// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/reference/host_program.h"

#include <fmt/core.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace ice86::harness {

std::optional<std::filesystem::path> find_program(const char* name) {
  const char* path = std::getenv("PATH");
  std::string folders = path != nullptr ? path : "/usr/bin:/bin";
  folders += ':';
  for (std::size_t at = 0; at < folders.size();) {
    const std::size_t end = folders.find(':', at);
    const std::filesystem::path candidate =
        std::filesystem::path(folders.substr(at, end - at)) / name;
    std::error_code code;
    if (std::filesystem::is_regular_file(candidate, code) && ::access(candidate.c_str(), X_OK) == 0)
      return std::filesystem::absolute(candidate, code);
    at = end + 1;
  }
  return std::nullopt;
}

Result<std::unique_ptr<TemporaryFolder>> TemporaryFolder::create(const char* emulator) {
  std::error_code code;
  std::filesystem::path where = std::filesystem::temp_directory_path(code);
  if (code) where = "/tmp";
  std::string pattern = (where / fmt::format("ice86-{}-XXXXXX", emulator)).string();
  if (::mkdtemp(pattern.data()) == nullptr)
    return Error(fmt::format("{}: no folder can be made: {}", pattern, std::strerror(errno)));
  return std::unique_ptr<TemporaryFolder>(new TemporaryFolder(pattern));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace ice86::harness
