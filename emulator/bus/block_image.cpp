// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/bus/block_image.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ice86 {

namespace {
constexpr std::uint64_t kMostOverlaySectors = std::uint64_t{1} << 32;
}

Result<std::unique_ptr<BlockImage>> BlockImage::open(const std::filesystem::path& path,
                                                     Writes writes) {
  const std::string name = path.string();
  const int file = ::open(name.c_str(), (writes == Writes::kFile ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (file < 0) return Error(fmt::format("disk image {}: {}", name, std::strerror(errno)));
  std::unique_ptr<BlockImage> image(new BlockImage(file, name, 0, writes));
  struct stat status {};
  if (::fstat(file, &status) != 0) {
    return Error(fmt::format("disk image {}: {}", name, std::strerror(errno)));
  }
  if (S_ISDIR(status.st_mode)) return Error(fmt::format("disk image {}: is a directory", name));
  const off_t size = ::lseek(file, 0, SEEK_END);
  if (size < 0) return Error(fmt::format("disk image {}: is not a file one can seek in", name));
  if (size == 0) return Error(fmt::format("disk image {}: is empty", name));
  image->size_ = static_cast<std::uint64_t>(size);
  if (writes == Writes::kFile && ::flock(file, LOCK_EX | LOCK_NB) != 0) {
    return Error(fmt::format("disk image {}: another program writes to it", name));
  }
  return image;
}

std::unique_ptr<BlockImage> BlockImage::in_memory(std::vector<std::uint8_t> bytes, Writes writes) {
  std::unique_ptr<BlockImage> image(new BlockImage(-1, "memory", bytes.size(), writes));
  image->memory_ = std::move(bytes);
  image->memory_.resize(image->sectors() * kSectorSize);
  image->written_to_ = image->memory_.size();
  return image;
}

BlockImage::~BlockImage() {
  if (file_ >= 0) ::close(file_);
}

Error BlockImage::host_error(std::string message) {
  if (host_failure_.empty()) host_failure_ = message;
  return Error(std::move(message));
}

Result<void> BlockImage::read_base(std::uint64_t sector, std::uint8_t* to) {
  const std::uint64_t at = sector * kSectorSize;
  const std::uint64_t size = std::min(kSectorSize, length() - at);
  std::memset(to + size, 0, kSectorSize - size);
  if (file_ < 0) {
    std::memcpy(to, memory_.data() + at, size);
    return {};
  }
  for (std::uint64_t done = 0; done < size;) {
    const ssize_t got = ::pread(file_, to + done, size - done, static_cast<off_t>(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return host_error(
          fmt::format("disk image {}: sector {} cannot be read: {}", name_, sector,
                      got == 0 ? "the file is shorter than it was" : std::strerror(errno)));
    }
    done += static_cast<std::uint64_t>(got);
  }
  return {};
}

Result<void> BlockImage::read(std::uint64_t sector, std::span<std::uint8_t> bytes) {
  ICE86_ASSERT(bytes.size() % kSectorSize == 0);
  for (std::size_t at = 0; at < bytes.size(); at += kSectorSize, ++sector) {
    ICE86_ASSERT(sector < sectors());
    if (const auto found = overlay_.find(sector); found != overlay_.end()) {
      std::memcpy(bytes.data() + at, found->second.data(), kSectorSize);
    } else {
      ICE86_TRY(read_base(sector, bytes.data() + at));
    }
  }
  return {};
}

Result<void> BlockImage::write(std::uint64_t sector, std::span<const std::uint8_t> bytes) {
  ICE86_ASSERT(bytes.size() % kSectorSize == 0);
  if (writes_ == Writes::kRefused)
    return Error(fmt::format("disk image {}: is write-protected", name_));
  ICE86_ASSERT(bytes.empty() || sector + bytes.size() / kSectorSize <= sectors());
  if (writes_ == Writes::kFile && file_ >= 0) return write_file(sector, bytes);
  for (std::size_t at = 0; at < bytes.size(); at += kSectorSize, ++sector) {
    if (writes_ == Writes::kOverlay) {
      std::memcpy(overlay_[sector].data(), bytes.data() + at, kSectorSize);
      continue;
    }
    const std::uint64_t start = sector * kSectorSize;
    std::memcpy(memory_.data() + start, bytes.data() + at, kSectorSize);
  }
  return {};
}

// One call for all of it, so that a program killed in between leaves no half of a page.
Result<void> BlockImage::write_file(std::uint64_t sector, std::span<const std::uint8_t> bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t put = ::pwrite(file_, bytes.data() + done, bytes.size() - done,
                                 static_cast<off_t>(sector * kSectorSize + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      return host_error(fmt::format("disk image {}: sector {} cannot be written: {}", name_,
                                    sector + done / kSectorSize,
                                    put == 0 ? "no room" : std::strerror(errno)));
    }
    done += static_cast<std::size_t>(put);
    written_to_ = std::max(written_to_, sector * kSectorSize + done);
  }
  return {};
}

Result<void> BlockImage::flush() {
  if (writes_ == Writes::kFile && file_ >= 0 && ::fdatasync(file_) != 0) {
    return host_error(fmt::format("disk image {}: {}", name_, std::strerror(errno)));
  }
  return {};
}

void BlockImage::serialize(Archive& archive) {
  archive.section("block-image", 1, [&] {
    std::uint64_t size = size_;
    archive.io(size);
    if (archive.ok() && size != size_) return archive.fail("the disk image has a different size");
    auto count = static_cast<std::uint64_t>(overlay_.size());
    archive.io(count);
    if (!archive.ok()) return;
    if (count > kMostOverlaySectors) return archive.fail("the overlay is too large");
    if (!archive.loading()) {
      for (auto& [sector, bytes] : overlay_) {
        std::uint64_t number = sector;
        archive.io(number);
        archive.io(bytes);
      }
      return;
    }
    overlay_.clear();
    for (std::uint64_t i = 0; i < count && archive.ok(); ++i) {
      std::uint64_t sector = 0;
      archive.io(sector);
      if (sector >= sectors()) return archive.fail("the overlay has a sector beyond the end");
      archive.io(overlay_[sector]);
    }
  });
}

}  // namespace ice86
