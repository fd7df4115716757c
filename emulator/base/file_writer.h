// SPDX-License-Identifier: LGPL-2.1-or-later
// A file that is written piece by piece, of which a reader sees the old or the new one, never a
// half.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "emulator/base/result.h"

namespace ice86 {

class FileWriter {
 public:
  // Writes to a temporary file beside `path`, or beside what `path` links to. What is there and is
  // no regular file (a terminal, a pipe, /dev/null) is written as it is.
  static Result<FileWriter> create(const std::filesystem::path& path);

  FileWriter(FileWriter&&) noexcept = default;
  FileWriter& operator=(FileWriter&&) = delete;
  // Without finish() the file at `path` stays as it was.
  ~FileWriter();

  // An error is kept until finish().
  void add(std::span<const std::uint8_t> bytes);
  void add(std::string_view text);

  // The temporary file takes the name. The error names `path` and the reason.
  Result<void> finish();

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  FileWriter() = default;

  std::filesystem::path path_;       // as asked for
  std::filesystem::path target_;     // what it is
  std::filesystem::path temporary_;  // empty: written in place
  std::unique_ptr<std::FILE, CloseFile> file_;
  int error_ = 0;
};

}  // namespace ice86
