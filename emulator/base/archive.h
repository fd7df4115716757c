// SPDX-License-Identifier: LGPL-2.1-or-later
// Archive: saves and loads state with one function for both directions. Bytes are little-endian and
// depend on nothing but the state. Loading untrusted bytes is safe: every size is checked, and the
// first failure makes all further loads leave their targets untouched.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "emulator/base/result.h"

namespace ice86 {

// Keeps the contents of large memories apart from an archive's bytes. `flags`: one byte for each
// page, as the memory's owner defines them.
class MemoryKeeper {
 public:
  virtual ~MemoryKeeper() = default;
  virtual void save(const std::string& name, std::span<std::uint8_t> memory,
                    std::span<std::uint8_t> flags) = 0;
  // False: it knows of no such memory of this size.
  virtual bool load(const std::string& name, std::span<std::uint8_t> memory,
                    std::span<std::uint8_t> flags) = 0;
};

class Archive {
 public:
  // With a keeper the bytes are of use to this process only.
  static Archive writer(MemoryKeeper* memories = nullptr);
  // `bytes` must outlive the archive.
  static Archive reader(std::span<const std::uint8_t> bytes, MemoryKeeper* memories = nullptr);
  // Saves nothing, but looks whether what would be saved is `bytes`: differs() says so. Ends at the
  // first difference.
  static Archive matcher(std::span<const std::uint8_t> bytes, MemoryKeeper* memories = nullptr);
  MemoryKeeper* memories() const { return memories_; }
  bool matching() const { return matching_; }
  bool differs() const { return differs_; }

  bool loading() const { return loading_; }
  bool ok() const { return !error_; }
  // After the last field: the bytes were all used and nothing failed.
  Result<void> finish() const;
  void fail(std::string message);

  const std::vector<std::uint8_t>& bytes() const { return out_; }

  // A named, versioned part. Loading fails with a clear message when the name differs, the stored
  // version is newer than `version`, or the body does not use exactly the stored bytes.
  // The body is called with the stored version (when saving: `version`).
  template <typename Body>
  void section(std::string_view name, std::uint32_t version, Body&& body) {
    const std::optional<std::uint32_t> stored = begin_section(name, version);
    if (!stored) return;
    if constexpr (std::is_invocable_v<Body, std::uint32_t>) {
      body(*stored);
    } else {
      body();
    }
    end_section();
  }

  template <typename T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) void io(T& value) {
    if (matching_) return match(&value, sizeof value);
    raw(&value, sizeof value);
  }
  void io(bool& value);

  // An enum whose last valid value is `last`; a stored value beyond it is an error.
  template <typename E>
  requires std::is_enum_v<E>
  void io(E& value, E last) {
    auto number = static_cast<std::uint32_t>(value);
    io(number);
    if (!ok() || !loading_) return;
    if (number > static_cast<std::uint32_t>(last)) return fail("a stored value is out of range");
    value = static_cast<E>(number);
  }

  template <typename T, std::size_t N>
  void io(std::array<T, N>& values) {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      raw(values.data(), sizeof(T) * N);
    } else {
      for (T& value : values) io(value);
    }
  }

  // Fixed-size bytes.
  void io(std::span<std::uint8_t> bytes) { raw(bytes.data(), bytes.size()); }

  // Variable-size contents; more than `most` elements in a stored archive is an error.
  void io(std::string& text, std::size_t most);
  template <typename T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) void io(std::vector<T>& values,
                                                                      std::size_t most) {
    auto count = static_cast<std::uint64_t>(values.size());
    io(count);
    if (!ok()) return;
    if (count > most) return fail("a stored list is longer than it may be");
    if (loading_) {
      if (count * sizeof(T) > remaining()) return fail("the archive is cut short");
      values.resize(count);
    }
    raw(values.data(), count * sizeof(T));
  }

  // Types with `void serialize(Archive&)` nest directly.
  template <typename T>
  requires requires(T& object, Archive& archive) { object.serialize(archive); }
  void io(T& object) { object.serialize(*this); }

  // Loading: the number of bytes left in the current section (or archive).
  std::size_t remaining() const;

 private:
  explicit Archive(bool loading) : loading_(loading) {}

  struct Section {
    std::string name;
    std::size_t size_at = 0;  // saving: where the length goes
    std::size_t end = 0;      // loading: where it ends
  };

  std::optional<std::uint32_t> begin_section(std::string_view name, std::uint32_t version);
  void end_section();
  void raw(void* data, std::size_t size);
  void match(const void* data, std::size_t size) {
    differs_ = differs_ || size > in_.size() - position_ ||
               std::memcmp(data, in_.data() + position_, size) != 0;
    if (!differs_) position_ += size;
  }

  bool loading_;
  MemoryKeeper* memories_ = nullptr;
  bool matching_ = false;
  bool differs_ = false;
  std::vector<std::uint8_t> out_;
  std::span<const std::uint8_t> in_;
  std::size_t position_ = 0;
  std::vector<Section> sections_;
  std::optional<std::string> error_;
};

}  // namespace ice86
