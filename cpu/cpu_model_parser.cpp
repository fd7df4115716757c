// SPDX-License-Identifier: LGPL-2.1-or-later
// Model files: strict, so that a slip in one is found when it is read. Every error names file and
// line.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>

#include "cpu/cpu_model.h"
#include "emulator/base/toml.h"

namespace ice86::cpu {

namespace {

class Parser {
 public:
  explicit Parser(const std::string& origin) : origin_(origin) {}
  Result<CpuModel> parse(std::string_view text);

 private:
  Error wrong(std::size_t line, const std::string& what) const {
    return usage_error(fmt::format("{}:{}: {}", origin_, line, what));
  }
  Error wrong(const toml::node& at, const std::string& what) const {
    return wrong(at.source().begin.line, what);
  }

  Result<void> check_keys(const toml::table& table, std::span<const std::string_view> known) const;
  Result<std::uint64_t> number(const toml::table& table, std::string_view key,
                               std::optional<std::uint64_t> otherwise, std::uint64_t most) const;
  Result<std::string> string(const toml::table& table, std::string_view key) const;
  template <typename Row>
  Result<void> rows(const toml::table& table, std::string_view key, const Row& row) const;
  Result<CpuModel::Leaf> leaf(const toml::table& row) const;
  Result<CpuModel::Msr> msr(const toml::table& row) const;

  const std::string& origin_;
};

Result<void> Parser::check_keys(const toml::table& table,
                                std::span<const std::string_view> known) const {
  for (const auto& [key, value] : table) {
    if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
      return wrong(key.source().begin.line, fmt::format("'{}' is not known here", key.str()));
    }
  }
  return {};
}

// An integer, or, for those that TOML's signed integers can not say, a string such as
// "0xffffffffffffffff".
Result<std::uint64_t> Parser::number(const toml::table& table, std::string_view key,
                                     std::optional<std::uint64_t> otherwise,
                                     std::uint64_t most) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) {
    if (otherwise) return *otherwise;
    return wrong(table, fmt::format("'{}' is missing", key));
  }
  std::optional<std::uint64_t> value;
  if (const auto* integer = node->as_integer()) {
    if (integer->get() >= 0) value = static_cast<std::uint64_t>(integer->get());
  } else if (const auto* text = node->as_string()) {
    const std::string& digits = text->get();
    if (digits.size() > 2 && digits.compare(0, 2, "0x") == 0) {
      std::uint64_t parsed = 0;
      const char* end = digits.data() + digits.size();
      const auto [stop, code] = std::from_chars(digits.data() + 2, end, parsed, 16);
      if (code == std::errc() && stop == end) value = parsed;
    }
  }
  if (!value) return wrong(*node, fmt::format("'{}' is not a number", key));
  if (*value > most) return wrong(*node, fmt::format("'{}' is larger than {:#x}", key, most));
  return *value;
}

Result<std::string> Parser::string(const toml::table& table, std::string_view key) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return wrong(table, fmt::format("'{}' is missing", key));
  const auto* text = node->as_string();
  if (text == nullptr || text->get().empty())
    return wrong(*node, fmt::format("'{}' is not a text", key));
  return text->get();
}

template <typename Row>
Result<void> Parser::rows(const toml::table& table, std::string_view key, const Row& row) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return {};
  const toml::array* list = node->as_array();
  if (list == nullptr) return wrong(*node, fmt::format("'{}' is not a list", key));
  for (const toml::node& item : *list) {
    const toml::table* fields = item.as_table();
    if (fields == nullptr) return wrong(item, fmt::format("'{}' is a list of tables", key));
    ICE86_TRY(row(*fields));
  }
  return {};
}

Result<CpuModel::Leaf> Parser::leaf(const toml::table& row) const {
  static constexpr std::string_view kKeys[] = {"leaf", "subleaf", "eax", "ebx", "ecx", "edx"};
  ICE86_TRY(check_keys(row, kKeys));
  constexpr std::uint64_t kMost = 0xffffffff;
  CpuModel::Leaf entry;
  ICE86_TRY_ASSIGN(const std::uint64_t number_of_leaf, number(row, "leaf", {}, kMost));
  entry.leaf = static_cast<std::uint32_t>(number_of_leaf);
  ICE86_TRY_ASSIGN(const std::uint64_t subleaf, number(row, "subleaf", 0, kMost));
  entry.subleaf = static_cast<std::uint32_t>(subleaf);
  if (entry.subleaf != 0 && !has_subleaves(entry.leaf))
    return wrong(row, fmt::format("leaf {:#x} has no subleaves", entry.leaf));
  for (unsigned i = 0; i < 4; ++i) {
    ICE86_TRY_ASSIGN(const std::uint64_t value, number(row, kKeys[2 + i], {}, kMost));
    entry.values[i] = static_cast<std::uint32_t>(value);
  }
  return entry;
}

Result<CpuModel::Msr> Parser::msr(const toml::table& row) const {
  static constexpr std::string_view kKeys[] = {"index", "name", "reset", "writable", "ignored"};
  ICE86_TRY(check_keys(row, kKeys));
  constexpr std::uint64_t kMost = ~std::uint64_t{0};
  CpuModel::Msr entry;
  ICE86_TRY_ASSIGN(const std::uint64_t index, number(row, "index", {}, 0xffffffff));
  entry.index = static_cast<std::uint32_t>(index);
  ICE86_TRY_ASSIGN(entry.name, string(row, "name"));
  ICE86_TRY_ASSIGN(entry.reset, number(row, "reset", 0, kMost));
  ICE86_TRY_ASSIGN(entry.writable, number(row, "writable", 0, kMost));
  ICE86_TRY_ASSIGN(entry.ignored, number(row, "ignored", 0, kMost));
  return entry;
}

Result<CpuModel> Parser::parse(std::string_view text) {
  ICE86_TRY_ASSIGN(const toml::table root, parse_toml(text, origin_));
  static constexpr std::string_view kKeys[] = {"name", "summary", "microcode", "cpuid", "msr"};
  ICE86_TRY(check_keys(root, kKeys));
  CpuModel model;
  ICE86_TRY_ASSIGN(model.name, string(root, "name"));
  ICE86_TRY_ASSIGN(model.summary, string(root, "summary"));
  ICE86_TRY_ASSIGN(const std::uint64_t microcode, number(root, "microcode", 0, 0xffffffff));
  model.microcode = static_cast<std::uint32_t>(microcode);
  ICE86_TRY(rows(root, "cpuid", [&](const toml::table& row) -> Result<void> {
    ICE86_TRY_ASSIGN(const CpuModel::Leaf entry, leaf(row));
    if (model.find(entry.leaf, entry.subleaf) != nullptr) {
      return wrong(row,
                   fmt::format("leaf {:#x} subleaf {} is there twice", entry.leaf, entry.subleaf));
    }
    model.leaves.push_back(entry);
    return {};
  }));
  ICE86_TRY(rows(root, "msr", [&](const toml::table& row) -> Result<void> {
    ICE86_TRY_ASSIGN(CpuModel::Msr entry, msr(row));
    if (model.find_msr(entry.index) != nullptr)
      return wrong(row, fmt::format("MSR {:#x} is there twice", entry.index));
    model.msrs.push_back(std::move(entry));
    return {};
  }));
  for (const std::uint32_t needed : {0u, 1u}) {
    if (model.find(needed, 0) == nullptr)
      return wrong(root, fmt::format("CPUID leaf {} is missing", needed));
  }
  model.text = text;
  return model;
}

}  // namespace

Result<CpuModel> parse_cpu_model(std::string_view text, const std::string& origin) {
  return Parser(origin).parse(text);
}

}  // namespace ice86::cpu
