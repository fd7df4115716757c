// SPDX-License-Identifier: LGPL-2.1-or-later
// Strict, so that a rule that would never hold is found when the file is read.
#include "harness/diff/rules.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "emulator/base/files.h"
#include "emulator/base/suggest.h"
#include "emulator/base/toml.h"

namespace ice86::harness {

namespace {

constexpr std::size_t kMostBytes = 1 << 20;

class RuleReader {
 public:
  explicit RuleReader(const std::string& origin) : origin_(origin) {}

  Result<DiffRules> read(const toml::table& root) const;

 private:
  Error wrong(const toml::node& at, const std::string& what) const {
    return usage_error(fmt::format("{}:{}: {}", origin_, at.source().begin.line, what));
  }
  Result<void> check_keys(const toml::table& table, const std::vector<std::string>& known) const {
    for (const auto& [key, node] : table) {
      if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
      return usage_error(fmt::format("{}:{}: '{}' is not known here{}", origin_,
                                     key.source().begin.line, key.str(),
                                     suggestion(key.str(), known)));
    }
    return {};
  }
  Result<bool> flag(const toml::table& table, const char* key, bool otherwise) const;
  Result<std::string> text(const toml::table& table, const char* key) const;
  Result<CallPattern> pattern(const toml::table& table) const;
  Result<std::vector<Field>> fields(const toml::table& table) const;
  Result<void> read_mask(const toml::table& table, std::vector<MaskRule>& masks) const;
  // Calls `read` with each table of [[key]].
  template <typename F>
  Result<void> each(const toml::table& root, const char* key, F read) const;

  const std::string& origin_;
};

Result<bool> RuleReader::flag(const toml::table& table, const char* key, bool otherwise) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return otherwise;
  if (const auto* value = node->as_boolean()) return value->get();
  return wrong(*node, fmt::format("'{}' is neither true nor false", key));
}

Result<std::string> RuleReader::text(const toml::table& table, const char* key) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return std::string();
  if (const auto* value = node->as_string()) return value->get();
  return wrong(*node, fmt::format("'{}' is not a text", key));
}

Result<CallPattern> RuleReader::pattern(const toml::table& table) const {
  CallPattern calls;
  if (const toml::node* node = table.get("int")) {
    ICE86_TRY_ASSIGN(const std::string written, text(table, "int"));
    calls.service = parse_call_filter(written);
    if (!calls.service) {
      return wrong(*node, fmt::format("'int' is a vector (13), with AH (13:42) or AX (15:e820), in "
                                      "hexadecimal, not '{}'",
                                      written));
    }
  }
  if (const toml::node* node = table.get("caller")) {
    ICE86_TRY_ASSIGN(const std::string written, text(table, "caller"));
    std::uint16_t segment = 0;
    const char* end = written.data() + written.size();
    const auto [used, code] = std::from_chars(written.data(), end, segment, 16);
    if (code != std::errc() || used != end || written.empty()) {
      return wrong(*node, fmt::format("'caller' is a segment in hexadecimal, as \"f000\", not '{}'",
                                      written));
    }
    calls.caller_segment = segment;
  }
  if (!calls.service && !calls.caller_segment)
    return wrong(table, "which calls? 'int' or 'caller' says it");
  return calls;
}

Result<std::vector<Field>> RuleReader::fields(const toml::table& table) const {
  const toml::node* node = table.get("fields");
  if (node == nullptr) return wrong(table, "'fields' is missing: fields = [\"AX\", \"memory\"]");
  const toml::array* list = node->as_array();
  if (list == nullptr || list->empty())
    return wrong(*node, "'fields' is a list of names: [\"AX\", \"memory\"]");
  std::vector<Field> fields;
  for (const toml::node& one : *list) {
    const auto* name = one.as_string();
    const auto found = name == nullptr
                           ? kFieldNames.end()
                           : std::find(kFieldNames.begin(), kFieldNames.end(), name->get());
    if (found == kFieldNames.end()) {
      return wrong(one, fmt::format("there is no field {}; there are {}",
                                    name == nullptr ? "of that kind" : "'" + name->get() + "'",
                                    fmt::join(kFieldNames, ", ")));
    }
    fields.push_back(static_cast<Field>(found - kFieldNames.begin()));
  }
  return fields;
}

Result<void> RuleReader::read_mask(const toml::table& table, std::vector<MaskRule>& masks) const {
  ICE86_TRY(check_keys(table, {"int", "caller", "fields", "when", "bits", "reason"}));
  MaskRule rule;
  ICE86_TRY_ASSIGN(rule.calls, pattern(table));
  ICE86_TRY_ASSIGN(rule.reason, text(table, "reason"));
  ICE86_TRY_ASSIGN(const std::string when, text(table, "when"));
  if (!when.empty() && when != "call" && when != "return")
    return wrong(*table.get("when"), "'when' is \"call\" or \"return\"; without it, both");
  rule.in = when != "return";
  rule.out = when != "call";
  ICE86_TRY_ASSIGN(const std::vector<Field> which, fields(table));
  if (const toml::node* node = table.get("bits")) {
    const auto* value = node->as_integer();
    if (value == nullptr || value->get() <= 0 || value->get() > 0xffffffff)
      return wrong(*node, "'bits' is a number: those bits of the register may differ, 0x00ff");
    rule.bits = static_cast<std::uint32_t>(value->get());
    for (const Field field : which) {
      if (field >= Field::kCf)
        return wrong(*node, fmt::format("'bits' goes with registers, not with {}",
                                        kFieldNames[static_cast<unsigned>(field)]));
    }
  }
  for (const Field field : which) {
    rule.field = field;
    masks.push_back(rule);
  }
  return {};
}

template <typename F>
Result<void> RuleReader::each(const toml::table& root, const char* key, F read) const {
  const toml::node* node = root.get(key);
  if (node == nullptr) return {};
  const toml::array* list = node->as_array();
  if (list == nullptr) return wrong(*node, fmt::format("it is [[{}]], one for each rule", key));
  for (const toml::node& one : *list) {
    const toml::table* table = one.as_table();
    if (table == nullptr) return wrong(one, fmt::format("it is [[{}]], one for each rule", key));
    ICE86_TRY(read(*table));
  }
  return {};
}

Result<DiffRules> RuleReader::read(const toml::table& root) const {
  ICE86_TRY(check_keys(root, {"defaults", "callers", "ignore", "mask", "poll"}));
  ICE86_TRY_ASSIGN(const bool defaults, flag(root, "defaults", true));
  DiffRules rules = defaults ? default_rules() : DiffRules();
  ICE86_TRY_ASSIGN(rules.align_by_caller, flag(root, "callers", true));
  const auto patterns_into = [&](std::vector<CallPattern>& to) {
    return [&](const toml::table& table) -> Result<void> {
      ICE86_TRY(check_keys(table, {"int", "caller", "reason"}));
      ICE86_TRY(text(table, "reason"));
      ICE86_TRY_ASSIGN(const CallPattern calls, pattern(table));
      to.push_back(calls);
      return {};
    };
  };
  ICE86_TRY(each(root, "ignore", patterns_into(rules.ignored)));
  ICE86_TRY(each(root, "poll", patterns_into(rules.polls)));
  ICE86_TRY(
      each(root, "mask", [&](const toml::table& table) { return read_mask(table, rules.masks); }));
  return rules;
}

bool any_matches(const std::vector<CallPattern>& patterns, const IntEvent& event) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const CallPattern& one) { return one.matches(event); });
}

}  // namespace

bool DiffRules::ignores(const IntEvent& event) const {
  return any_matches(ignored, event);
}

bool DiffRules::polled(const IntEvent& event) const {
  return any_matches(polls, event);
}

std::uint32_t DiffRules::masked_bits(const IntEvent& event, Field field, bool out) const {
  std::uint32_t bits = 0;
  for (const MaskRule& rule : masks) {
    if (rule.allows(event, field, out)) bits |= rule.bits;
  }
  return bits;
}

DiffRules default_rules() {
  const auto service = [](std::uint8_t vector, std::optional<std::uint16_t> ah) {
    return CallPattern{CallFilter{vector, ah, false}, std::nullopt};
  };
  const auto mask = [&](std::uint8_t vector, std::uint16_t ah, Field field, bool out,
                        const char* reason) {
    return MaskRule{service(vector, ah), field, 0xffffffff, !out, out, reason};
  };
  static constexpr const char* kTicks = "the time of day depends on speed";
  DiffRules rules;
  rules.masks = {mask(0x1a, 0x00, Field::kCx, true, kTicks),
                 mask(0x1a, 0x00, Field::kDx, true, kTicks),
                 mask(0x1a, 0x00, Field::kAx, true, kTicks),
                 mask(0x1a, 0x02, Field::kCx, true, kTicks),
                 mask(0x1a, 0x02, Field::kDx, true, kTicks),
                 mask(0x10, 0x0e, Field::kBx, false, "the service leaves it undefined")};
  rules.polls = {service(0x16, std::nullopt), service(0x1a, 0x00)};
  return rules;
}

Result<DiffRules> parse_rules(std::string_view text, const std::string& origin) {
  ICE86_TRY_ASSIGN(const toml::table root, parse_toml(text, origin));
  return RuleReader(origin).read(root);
}

Result<DiffRules> read_rules(const std::filesystem::path& path) {
  ICE86_TRY_ASSIGN(const std::vector<std::uint8_t> bytes, read_file(path, kMostBytes));
  return parse_rules({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string());
}

}  // namespace ice86::harness
