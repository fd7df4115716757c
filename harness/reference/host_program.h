// SPDX-License-Identifier: LGPL-2.1-or-later
// Other programs of the host, and a folder for one run of them.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "emulator/base/result.h"

namespace ice86::harness {

// Along PATH.
std::optional<std::filesystem::path> find_program(const char* name);

// Gone, with all that is in it, when the object is.
class TemporaryFolder {
 public:
  // Named after the emulator that runs there.
  static Result<std::unique_ptr<TemporaryFolder>> create(const char* emulator);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace ice86::harness
