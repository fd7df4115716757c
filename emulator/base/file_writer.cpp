// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/base/file_writer.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ice86 {

Result<FileWriter> FileWriter::create(const std::filesystem::path& path) {
  FileWriter writer;
  writer.path_ = path;
  std::error_code code;
  writer.target_ = std::filesystem::weakly_canonical(path, code);
  if (code) writer.target_ = path;
  const auto status = std::filesystem::status(writer.target_, code);
  const bool in_place =
      std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
  if (!in_place) writer.temporary_ = fmt::format("{}.{}.tmp", writer.target_.string(), ::getpid());
  writer.file_.reset(std::fopen((in_place ? writer.target_ : writer.temporary_).c_str(), "wb"));
  if (!writer.file_) return Error(fmt::format("{}: {}", path.string(), std::strerror(errno)));
  return writer;
}

FileWriter::~FileWriter() {
  if (!file_) return;
  file_.reset();
  if (!temporary_.empty()) std::remove(temporary_.c_str());
}

void FileWriter::add(std::span<const std::uint8_t> bytes) {
  if (error_ == 0 && std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size())
    error_ = errno;
}

void FileWriter::add(std::string_view text) {
  add(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

Result<void> FileWriter::finish() {
  if (std::fclose(file_.release()) != 0 && error_ == 0) error_ = errno;
  if (error_ == 0 &&
      (temporary_.empty() || std::rename(temporary_.c_str(), target_.c_str()) == 0)) {
    return {};
  }
  if (error_ == 0) error_ = errno;
  if (!temporary_.empty()) std::remove(temporary_.c_str());
  return Error(fmt::format("{}: cannot be written: {}", path_.string(), std::strerror(error_)));
}

}  // namespace ice86
