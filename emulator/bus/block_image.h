// SPDX-License-Identifier: LGPL-2.1-or-later
// A raw disk image. It is never changed unless asked: writes go to an overlay in memory.
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "emulator/bus/block.h"

namespace ice86 {

class BlockImage final : public BlockBackend {
 public:
  enum class Writes {
    kOverlay,  // kept in memory and in snapshots
    kFile,     // into the file; it is locked against a second writer
    kRefused,  // the medium is write-protected
  };

  // Errors: missing, unreadable, not a regular file or block device, empty, in use by another
  // writer. A length that is no multiple of 512 is padded with zeros for the guest.
  static Result<std::unique_ptr<BlockImage>> open(const std::filesystem::path& path, Writes writes);
  // A medium that exists in memory only.
  static std::unique_ptr<BlockImage> in_memory(std::vector<std::uint8_t> bytes, Writes writes);
  ~BlockImage() override;

  std::uint64_t sectors() const override { return (size_ + kSectorSize - 1) / kSectorSize; }
  bool read_only() const override { return writes_ == Writes::kRefused; }
  Result<void> read(std::uint64_t sector, std::span<std::uint8_t> bytes) override;
  Result<void> write(std::uint64_t sector, std::span<const std::uint8_t> bytes) override;
  Result<void> flush() override;
  std::string host_failure() const override { return host_failure_; }
  void serialize(Archive& archive) override;

 private:
  using Sector = std::array<std::uint8_t, kSectorSize>;

  BlockImage(int file, std::string name, std::uint64_t size, Writes writes)
      : file_(file), name_(std::move(name)), size_(size), writes_(writes) {}
  std::uint64_t length() const { return std::max(size_, written_to_); }
  // The error for the guest's controller; the first one is kept for the user.
  Error host_error(std::string message);
  Result<void> read_base(std::uint64_t sector, std::uint8_t* to);
  Result<void> write_file(std::uint64_t sector, std::span<const std::uint8_t> bytes);

  int file_;  // -1: memory_
  std::string name_;
  std::uint64_t size_;            // as it was found
  std::uint64_t written_to_ = 0;  // the file's end, once the guest has filled its last sector
  Writes writes_;
  std::vector<std::uint8_t> memory_;
  std::map<std::uint64_t, Sector> overlay_;
  std::string host_failure_;
};

}  // namespace ice86
