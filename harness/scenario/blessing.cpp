// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/scenario/blessing.h"

#include <fmt/core.h>

#include <algorithm>

#include "emulator/base/files.h"
#include "harness/scenario/suite.h"

namespace ice86::harness {

namespace {

constexpr std::uint64_t kMostBytes = 1ULL << 30;

// Several spellings of a path are one file.
std::filesystem::path plain(const std::filesystem::path& path) {
  return std::filesystem::absolute(path).lexically_normal();
}

}  // namespace

Result<std::vector<Blessing>> proposed(std::span<const CaseResult> results) {
  struct Owner {
    std::string name;
    std::vector<std::uint8_t> bytes;
  };
  std::vector<Blessing> all;
  std::vector<Owner> owners;
  for (const CaseResult& result : results) {
    if (result.outcome.verdict != Outcome::Verdict::kPassed) continue;
    for (const Blessing& one : result.outcome.blessings) {
      ICE86_TRY_ASSIGN(std::vector<std::uint8_t> bytes, read_file(one.proposal, kMostBytes));
      const auto same = std::find_if(all.begin(), all.end(), [&](const Blessing& other) {
        return plain(other.file) == plain(one.file);
      });
      if (same == all.end()) {
        all.push_back(one);
        owners.push_back({result.name, std::move(bytes)});
        continue;
      }
      const Owner& owner = owners[static_cast<std::size_t>(same - all.begin())];
      if (owner.bytes != bytes) {
        return usage_error(fmt::format("{}: {} and {} want it different; give each its own file",
                                       one.file.string(), owner.name, result.name));
      }
    }
  }
  return all;
}

std::string blessings_text(std::span<const Blessing> blessings) {
  std::string text;
  for (const Blessing& one : blessings) {
    text += fmt::format("{}: {}", one.file.string(), one.changes);
    if (!text.ends_with('\n')) text += '\n';
  }
  return text;
}

Result<void> write_blessings(std::span<const Blessing> blessings) {
  for (const Blessing& one : blessings) {
    ICE86_TRY_ASSIGN(const std::vector<std::uint8_t> bytes, read_file(one.proposal, kMostBytes));
    ICE86_TRY(write_file(one.file, bytes));
  }
  return {};
}

}  // namespace ice86::harness
