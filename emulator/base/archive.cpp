// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/base/archive.h"

#include <fmt/core.h>

#include <cstring>

namespace ice86 {

namespace {
constexpr std::size_t kMaxSectionName = 64;
}

Archive Archive::writer(MemoryKeeper* memories) {
  Archive archive(false);
  archive.memories_ = memories;
  return archive;
}

Archive Archive::reader(std::span<const std::uint8_t> bytes, MemoryKeeper* memories) {
  Archive archive(true);
  archive.memories_ = memories;
  archive.in_ = bytes;
  return archive;
}

Archive Archive::matcher(std::span<const std::uint8_t> bytes, MemoryKeeper* memories) {
  Archive archive(false);
  archive.matching_ = true;
  archive.memories_ = memories;
  archive.in_ = bytes;
  return archive;
}

Result<void> Archive::finish() const {
  if (error_) return Error(*error_);
  ICE86_ASSERT(sections_.empty());
  if (loading_ && position_ != in_.size()) {
    return Error(
        fmt::format("{} bytes are left over after the last section", in_.size() - position_));
  }
  return {};
}

void Archive::fail(std::string message) {
  if (error_) return;
  std::string where;
  for (const Section& section : sections_) where += section.name + ": ";
  error_ = where + message;
}

std::size_t Archive::remaining() const {
  const std::size_t end = sections_.empty() ? in_.size() : sections_.back().end;
  return end - position_;
}

void Archive::raw(void* data, std::size_t size) {
  if (error_ || size == 0) return;
  auto* bytes = static_cast<std::uint8_t*>(data);
  if (matching_) return match(bytes, size);
  if (!loading_) {
    out_.insert(out_.end(), bytes, bytes + size);
    return;
  }
  if (size > remaining()) return fail("the archive is cut short");
  std::memcpy(bytes, in_.data() + position_, size);
  position_ += size;
}

void Archive::io(bool& value) {
  std::uint8_t byte = value ? 1 : 0;
  if (matching_) return match(&byte, sizeof byte);
  io(byte);
  if (!loading_ || !ok()) return;
  if (byte > 1) return fail("a stored truth value is neither 0 nor 1");
  value = byte == 1;
}

void Archive::io(std::string& text, std::size_t most) {
  auto size = static_cast<std::uint64_t>(text.size());
  io(size);
  if (!ok()) return;
  if (size > most) return fail("a stored text is longer than it may be");
  if (loading_) {
    if (size > remaining()) return fail("the archive is cut short");
    text.resize(size);
  }
  raw(text.data(), size);
}

std::optional<std::uint32_t> Archive::begin_section(std::string_view name, std::uint32_t version) {
  if (error_) return std::nullopt;
  ICE86_ASSERT(name.size() <= kMaxSectionName);
  if (matching_) {
    // The name is that of these bytes, and the size follows from what is in it.
    const std::size_t header =
        sizeof(std::uint64_t) + name.size() + sizeof version + sizeof(std::uint64_t);
    differs_ = differs_ || header > in_.size() - position_;
    if (!differs_) position_ += header;
    return version;
  }
  const std::size_t name_at = position_;
  std::uint64_t name_size = 0;
  if (loading_) io(name_size);
  const bool expected = loading_ && ok() && name_size == name.size() && name_size <= remaining() &&
                        std::memcmp(in_.data() + position_, name.data(), name_size) == 0;
  std::string stored_name;
  if (expected) {
    position_ += name_size;
  } else {
    stored_name = name;
    if (!error_) position_ = name_at;
    io(stored_name, kMaxSectionName);
  }
  std::uint32_t stored_version = version;
  io(stored_version);
  std::uint64_t size = 0;
  const std::size_t size_at = out_.size();
  io(size);
  if (error_) return std::nullopt;
  if (loading_) {
    if (!expected && stored_name != name) {
      fail(fmt::format("section '{}' was expected, but '{}' is stored", name, stored_name));
    } else if (stored_version == 0 || stored_version > version) {
      fail(fmt::format("section '{}' has version {}; this program knows versions up to {}", name,
                       stored_version, version));
    } else if (size > remaining()) {
      fail(fmt::format("section '{}' is cut short", name));
    }
    if (error_) return std::nullopt;
  }
  sections_.push_back({std::string(name), size_at, position_ + static_cast<std::size_t>(size)});
  return stored_version;
}

void Archive::end_section() {
  if (matching_) return;
  ICE86_ASSERT(!sections_.empty());
  const Section section = sections_.back();
  if (loading_) {
    if (!error_ && position_ != section.end) {
      fail(fmt::format("{} bytes are left over", section.end - position_));
    }
  } else {
    const std::uint64_t size = out_.size() - section.size_at - sizeof(std::uint64_t);
    std::memcpy(out_.data() + section.size_at, &size, sizeof size);
  }
  sections_.pop_back();
}

}  // namespace ice86
