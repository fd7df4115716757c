// SPDX-License-Identifier: LGPL-2.1-or-later
// Strict, so that a slip is found when the file is read.
#include "harness/scenario/scenario_file.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "emulator/base/files.h"
#include "emulator/base/suggest.h"
#include "emulator/base/toml.h"
#include "emulator/base/units.h"
#include "emulator/machine/machine_table.h"
#include "harness/interrupts/int_recorder.h"
#include "harness/scenario/possible.h"
#include "harness/scenario/registers.h"
#include "harness/scenario/strokes.h"
#include "harness/scenario/substitute.h"

namespace ice86::harness {

namespace {

constexpr std::size_t kMostBytes = 4 << 20;
constexpr std::size_t kMostCases = 10'000;
constexpr std::pair<std::string_view, machine::RunEnd> kEnds[] = {
    {"power-off", machine::RunEnd::kPowerOff},
    {"debug-exit", machine::RunEnd::kDebugExit},
    {"reset", machine::RunEnd::kReset},
    {"crash", machine::RunEnd::kCrashed},
    {"stuck", machine::RunEnd::kStuck}};

// One combination of a matrix: what its names stand for, and how it is called.
struct Combination {
  Values values;
  std::string name;  // "firmware=stack,memory=64M"
};

class Parser {
 public:
  Parser(const std::string& origin, const std::filesystem::path& folder,
         const ScenarioPlaces& places)
      : origin_(origin), folder_(folder), places_(places) {}

  Result<std::vector<ScenarioCase>> parse(std::string_view text) const;

 private:
  Error wrong(std::size_t line, const std::string& what) const {
    return usage_error(fmt::format("{}:{}: {}", origin_, line, what));
  }
  Error wrong(const toml::node& at, const std::string& what) const {
    return wrong(at.source().begin.line, what);
  }
  Error unknown_key(const toml::key& key, const std::vector<std::string>& known) const {
    return wrong(key.source().begin.line,
                 fmt::format("'{}' is not known here{}", key.str(), suggestion(key.str(), known)));
  }
  Result<void> check_keys(const toml::table& table, const std::vector<std::string>& known) const;

  Result<std::vector<Combination>> combinations(const toml::table& matrix) const;
  Result<Combination> choice(const std::string& axis, const toml::node& node) const;
  Result<bool> excluded(const toml::table& matrix, const Combination& one) const;

  Result<ScenarioCase> read(const toml::table& root) const;
  Result<void> read_limits(const toml::table& table, Limits& limits) const;
  Result<GoldenTrace> read_trace(const toml::table& table) const;
  Result<FuzzReplay> read_fuzz(const toml::table& table) const;
  Result<Step> read_step(const toml::table& table) const;
  Result<Action> read_action(const toml::table& table, std::string_view key,
                             const toml::node& node) const;
  Result<Action> read_interrupt(const toml::table& table, const toml::node& node) const;
  Result<Action> read_end(const toml::table& table, const toml::node& node) const;
  Result<Action> read_registers(const toml::node& node) const;
  Result<Action> read_disk(const toml::table& table, const toml::node& node) const;
  Result<PacketFilter> read_filter(const toml::node& node) const;

  Result<std::string> text(const toml::node& node, std::string_view key) const;
  Result<std::uint64_t> number(const toml::node& node, std::string_view key,
                               std::uint64_t most = ~std::uint64_t{0}) const;
  Result<Nanoseconds> duration(const toml::node& node, std::string_view key) const;
  // Of a key that need not be there.
  template <typename T>
  Result<void> option(const toml::table& table, std::string_view key, std::uint64_t most,
                      T& to) const {
    if (const toml::node* node = table.get(key)) {
      ICE86_TRY_ASSIGN(const std::uint64_t value, number(*node, key, most));
      to = static_cast<typename Value<T>::type>(value);
    }
    return {};
  }
  template <typename T>
  struct Value {
    using type = T;
  };
  template <typename T>
  struct Value<std::optional<T>> {
    using type = T;
  };

  const std::string& origin_;
  const std::filesystem::path& folder_;
  const ScenarioPlaces& places_;
};

// What may stand beside the key that says what a step does.
struct ActionKey {
  std::string_view name;
  std::vector<std::string> beside;
};

const std::vector<ActionKey>& action_keys() {
  static const std::vector<ActionKey> kKeys = {
      {"send", {}},         {"type", {}},
      {"press", {}},        {"pause", {}},
      {"serial", {}},       {"screen", {}},
      {"int", {"carry"}},   {"post", {}},
      {"port", {"value"}},  {"packet", {}},
      {"end", {"value"}},   {"memory", {"width", "value", "mask"}},
      {"registers", {}},    {"picture", {"tolerance", "pixels"}},
      {"disk", {"sha256"}}, {"packets", {"at-least", "at-most"}}};
  return kKeys;
}

Result<void> Parser::check_keys(const toml::table& table,
                                const std::vector<std::string>& known) const {
  for (const auto& [key, node] : table) {
    if (std::find(known.begin(), known.end(), key.str()) == known.end())
      return unknown_key(key, known);
  }
  return {};
}

Result<std::string> Parser::text(const toml::node& node, std::string_view key) const {
  const auto* value = node.as_string();
  if (value == nullptr || value->get().empty())
    return wrong(node, fmt::format("'{}' is not a text", key));
  return value->get();
}

Result<std::uint64_t> Parser::number(const toml::node& node, std::string_view key,
                                     std::uint64_t most) const {
  const auto* value = node.as_integer();
  if (value == nullptr || value->get() < 0 || static_cast<std::uint64_t>(value->get()) > most) {
    return wrong(node, most == ~std::uint64_t{0}
                           ? fmt::format("'{}' is not a number", key)
                           : fmt::format("'{}' is not a number from 0 to {}", key, most));
  }
  return static_cast<std::uint64_t>(value->get());
}

Result<Nanoseconds> Parser::duration(const toml::node& node, std::string_view key) const {
  ICE86_TRY_ASSIGN(const std::string written, text(node, key));
  auto time = parse_duration_ns(written);
  if (!time) return wrong(node, fmt::format("'{}': {}", key, time.error().message()));
  return *time;
}

// ---- The matrix ----

Result<Combination> Parser::choice(const std::string& axis, const toml::node& node) const {
  Combination one;
  const auto add = [&](const std::string& key, const std::string& value) -> Result<void> {
    // It goes into a TOML text in quotes.
    const bool plain = std::none_of(value.begin(), value.end(), [](char c) {
      return c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ';
    });
    if (!plain) return wrong(node, "quotes, backslashes and control characters cannot be chosen");
    one.values[key] = value;
    return {};
  };
  if (const auto* table = node.as_table()) {
    for (const auto& [key, value] : *table) {
      ICE86_TRY_ASSIGN(const std::string written, text(value, key.str()));
      const std::string name(key.str());
      ICE86_TRY(add(name == "name" ? axis : axis + "." + name, written));
    }
    if (one.values.count(axis) == 0) return wrong(node, "'name' is missing");
  } else if (const auto* value = node.as_integer()) {
    ICE86_TRY(add(axis, std::to_string(value->get())));
  } else {
    ICE86_TRY_ASSIGN(const std::string written, text(node, axis));
    ICE86_TRY(add(axis, written));
  }
  one.name = axis + "=" + one.values[axis];
  return one;
}

Result<bool> Parser::excluded(const toml::table& matrix, const Combination& one) const {
  const toml::node* node = matrix.get("exclude");
  if (node == nullptr) return false;
  const auto* list = node->as_array();
  if (list == nullptr) return wrong(*node, "'exclude' is a list of tables");
  for (const toml::node& item : *list) {
    const auto* table = item.as_table();
    if (table == nullptr || table->empty()) return wrong(item, "'exclude' is a list of tables");
    bool all = true;
    for (const auto& [key, value] : *table) {
      const auto found = one.values.find(key.str());
      if (found == one.values.end())
        return wrong(key.source().begin.line, fmt::format("the matrix has no '{}'", key.str()));
      ICE86_TRY_ASSIGN(const std::string written, text(value, key.str()));
      all = all && found->second == written;
    }
    if (all) return true;
  }
  return false;
}

Result<std::vector<Combination>> Parser::combinations(const toml::table& matrix) const {
  std::vector<Combination> all = {Combination{}};
  for (const auto& [key, node] : matrix) {
    if (key.str() == "exclude") continue;
    const auto* list = node.as_array();
    if (list == nullptr || list->empty())
      return wrong(node, fmt::format("'{}' is a list of choices", key.str()));
    std::vector<Combination> more;
    for (const toml::node& item : *list) {
      ICE86_TRY_ASSIGN(const Combination chosen, choice(std::string(key.str()), item));
      for (const Combination& before : all) {
        Combination one = before;
        one.values.insert(chosen.values.begin(), chosen.values.end());
        one.name += (one.name.empty() ? "" : ",") + chosen.name;
        more.push_back(std::move(one));
      }
    }
    all = std::move(more);
    if (all.size() > kMostCases) return wrong(node, "the matrix is too large");
  }
  std::vector<Combination> kept;
  for (Combination& one : all) {
    ICE86_TRY_ASSIGN(const bool out, excluded(matrix, one));
    if (!out) kept.push_back(std::move(one));
  }
  if (kept.empty()) return wrong(matrix, "the matrix excludes all of its combinations");
  return kept;
}

Result<std::vector<ScenarioCase>> Parser::parse(std::string_view text) const {
  ICE86_TRY_ASSIGN(const toml::table plain, parse_toml(text, origin_));
  std::vector<Combination> all = {Combination{}};
  std::size_t matrix_line = 0;
  if (const toml::node* node = plain.get("matrix")) {
    const auto* matrix = node->as_table();
    if (matrix == nullptr) return wrong(*node, "'matrix' is a table");
    matrix_line = node->source().begin.line;
    ICE86_TRY_ASSIGN(all, combinations(*matrix));
  }
  std::vector<ScenarioCase> cases;
  for (Combination& one : all) {
    std::set<std::string> used;
    Values values = one.values;
    values["images"] = places_.images.string();
    ICE86_TRY_ASSIGN(const std::string own, substitute(text, values, origin_, used));
    for (const auto& [name, value] : one.values) {
      const bool its_parts = std::any_of(used.begin(), used.end(), [&name = name](const auto& u) {
        return u.rfind(name + ".", 0) == 0;
      });
      if (used.count(name) == 0 && !its_parts && name.find('.') == std::string::npos)
        return wrong(matrix_line,
                     fmt::format("the matrix' '{}' is used nowhere: ${{{}}}", name, name));
    }
    ICE86_TRY_ASSIGN(const toml::table root, parse_toml(own, origin_));
    ICE86_TRY_ASSIGN(ScenarioCase its, read(root));
    if (!one.name.empty()) its.scenario.name += "[" + one.name + "]";
    cases.push_back(std::move(its));
  }
  return cases;
}

// ---- One scenario ----

Result<ScenarioCase> Parser::read(const toml::table& root) const {
  ScenarioCase out;
  out.scenario.name = std::filesystem::path(origin_).stem().string();
  ICE86_TRY(check_keys(
      root, {"name", "about", "tags", "machine", "limits", "matrix", "trace", "step", "fuzz"}));
  if (const toml::node* node = root.get("name")) {
    ICE86_TRY_ASSIGN(out.scenario.name, text(*node, "name"));
  }
  if (const toml::node* node = root.get("about")) ICE86_TRY(text(*node, "about"));
  if (const toml::node* node = root.get("tags")) {
    const auto* list = node->as_array();
    if (list == nullptr) return wrong(*node, "'tags' is a list of texts");
    for (const toml::node& item : *list) {
      ICE86_TRY_ASSIGN(std::string tag, text(item, "tags"));
      out.scenario.tags.push_back(std::move(tag));
    }
  }
  if (const toml::node* node = root.get("machine")) {
    if (const auto* table = node->as_table()) {
      ICE86_TRY_ASSIGN(out.machine, machine::read_machine_table(*table, origin_, folder_));
    } else {
      ICE86_TRY_ASSIGN(const std::string file, text(*node, "machine"));
      ICE86_TRY_ASSIGN(out.machine, machine::read_machine_file(folder_ / file));
    }
    if (out.machine.max_time || out.machine.max_wall || out.machine.max_instructions)
      return wrong(*node, "limits are in [limits]");
  }
  if (const toml::node* node = root.get("limits")) {
    const auto* table = node->as_table();
    if (table == nullptr) return wrong(*node, "'limits' is a table");
    ICE86_TRY(read_limits(*table, out.scenario.limits));
  }
  if (const toml::node* node = root.get("trace")) {
    const auto* table = node->as_table();
    if (table == nullptr) return wrong(*node, "'trace' is a table");
    ICE86_TRY_ASSIGN(out.scenario.trace, read_trace(*table));
  }
  const toml::node* steps = root.get("step");
  if (const toml::node* node = root.get("fuzz")) {
    const auto* table = node->as_table();
    if (table == nullptr) return wrong(*node, "'fuzz' is a table");
    if (steps != nullptr) return wrong(*steps, "there is [fuzz]: it has no steps");
    ICE86_TRY_ASSIGN(out.scenario.fuzz, read_fuzz(*table));
    return out;
  }
  if (steps == nullptr) return wrong(1, "there are no steps: [[step]]");
  const auto* list = steps->as_array();
  if (list == nullptr) return wrong(*steps, "steps are tables: [[step]]");
  for (const toml::node& item : *list) {
    const auto* table = item.as_table();
    if (table == nullptr) return wrong(item, "steps are tables: [[step]]");
    ICE86_TRY_ASSIGN(Step step, read_step(*table));
    out.scenario.steps.push_back(std::move(step));
  }
  ICE86_TRY(check_possible(out.scenario, out.machine));
  return out;
}

Result<void> Parser::read_limits(const toml::table& table, Limits& limits) const {
  ICE86_TRY(check_keys(table, {"step", "time", "instructions", "wall"}));
  const std::pair<const char*, Nanoseconds*> times[] = {
      {"step", &limits.step}, {"time", &limits.time}, {"wall", &limits.wall}};
  for (const auto& [key, to] : times) {
    if (const toml::node* node = table.get(key)) {
      ICE86_TRY_ASSIGN(*to, duration(*node, key));
    }
  }
  return option(table, "instructions", ~std::uint64_t{0}, limits.instructions);
}

Result<FuzzReplay> Parser::read_fuzz(const toml::table& table) const {
  ICE86_TRY(check_keys(table, {"target", "vector", "drives", "input"}));
  FuzzReplay fuzz;
  if (const toml::node* node = table.get("target")) {
    ICE86_TRY_ASSIGN(fuzz.target, text(*node, "target"));
  }
  if (const toml::node* node = table.get("vector")) {
    ICE86_TRY_ASSIGN(const std::uint64_t vector, number(*node, "vector", 0xff));
    fuzz.vector = static_cast<unsigned>(vector);
    fuzz.target.clear();
  }
  if (const toml::node* node = table.get("drives")) {
    ICE86_TRY_ASSIGN(fuzz.drives, text(*node, "drives"));
  }
  const toml::node* node = table.get("input");
  if (node == nullptr) return wrong(table, "'input' is missing: the steps' bytes, in hexadecimal");
  ICE86_TRY_ASSIGN(const std::string digits, text(*node, "input"));
  std::string word;
  for (const char c : digits + " ") {
    const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (!space) word += c;
    if (word.empty() || (!space && word.size() < 2)) continue;
    if (word.size() != 2 || word.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
      return wrong(*node, fmt::format("'{}' is not a byte in hexadecimal", word));
    fuzz.input.push_back(static_cast<std::uint8_t>(std::stoul(word, nullptr, 16)));
    word.clear();
  }
  return fuzz;
}

Result<GoldenTrace> Parser::read_trace(const toml::table& table) const {
  ICE86_TRY(check_keys(table, {"golden", "vectors", "rules"}));
  GoldenTrace golden;
  golden.where = fmt::format("{}:{}", origin_, table.source().begin.line);
  const toml::node* file = table.get("golden");
  if (file == nullptr) return wrong(table, "'golden' is missing: the trace to compare with");
  ICE86_TRY_ASSIGN(const std::string name, text(*file, "golden"));
  golden.file = folder_ / name;
  if (const toml::node* node = table.get("vectors")) {
    const auto* list = node->as_array();
    if (list == nullptr) return wrong(*node, "'vectors' is a list of numbers");
    for (const toml::node& item : *list) {
      ICE86_TRY_ASSIGN(const std::uint64_t vector, number(item, "vectors", 0xff));
      golden.vectors.push_back(static_cast<std::uint8_t>(vector));
    }
  }
  if (const toml::node* node = table.get("rules")) {
    ICE86_TRY_ASSIGN(const std::string rules, text(*node, "rules"));
    ICE86_TRY_ASSIGN(golden.rules, read_rules(folder_ / rules));
  }
  return golden;
}

// ---- Steps ----

Result<Step> Parser::read_step(const toml::table& table) const {
  const ActionKey* what = nullptr;
  std::vector<std::string> names = {"within"};
  for (const ActionKey& one : action_keys()) {
    names.emplace_back(one.name);
    if (table.get(one.name) == nullptr) continue;
    if (what != nullptr)
      return wrong(table, fmt::format("a step does one thing: '{}' or '{}'", what->name, one.name));
    what = &one;
  }
  if (what == nullptr) {
    for (const auto& [key, node] : table) {
      if (std::find(names.begin(), names.end(), key.str()) == names.end())
        return unknown_key(key, names);
    }
    names.erase(names.begin());
    return wrong(
        table, fmt::format("the step does nothing; it may have one of {}", fmt::join(names, ", ")));
  }
  std::vector<std::string> known = what->beside;
  known.emplace_back(what->name);
  known.emplace_back("within");
  ICE86_TRY(check_keys(table, known));
  const toml::node& node = *table.get(what->name);
  ICE86_TRY_ASSIGN(Action action, read_action(table, what->name, node));
  Step step{std::move(action)};
  if (const toml::node* within = table.get("within")) {
    ICE86_TRY_ASSIGN(step.within, duration(*within, "within"));
  }
  step.where = fmt::format("{}:{}", origin_, node.source().begin.line);
  const auto* written = node.as_string();
  step.text = written != nullptr ? fmt::format("{} \"{}\"", what->name, written->get())
                                 : std::string(what->name);
  if (const auto* value = node.as_integer()) step.text += fmt::format(" {:#x}", value->get());
  return step;
}

Result<Action> Parser::read_action(const toml::table& table, std::string_view key,
                                   const toml::node& node) const {
  const auto strokes = [&](auto result) -> Result<Action> {
    if (!result) return wrong(node, result.error().message());
    return Action(PressKeys{std::move(*result)});
  };
  if (key == "int") return read_interrupt(table, node);
  if (key == "end") return read_end(table, node);
  if (key == "registers") return read_registers(node);
  if (key == "disk") return read_disk(table, node);
  if (key == "post") {
    ICE86_TRY_ASSIGN(const std::uint64_t code, number(node, key, 0xffffffff));
    return Action(ExpectPost{code});
  }
  if (key == "port") {
    ExpectPortWrite action;
    ICE86_TRY_ASSIGN(const std::uint64_t port, number(node, key, 0xffff));
    action.port = static_cast<std::uint16_t>(port);
    ICE86_TRY(option(table, "value", 0xffffffff, action.value));
    return Action(action);
  }
  if (key == "packet") {
    ICE86_TRY_ASSIGN(PacketFilter filter, read_filter(node));
    return Action(ExpectPacket{std::move(filter)});
  }
  if (key == "packets") {
    CountPackets action;
    ICE86_TRY_ASSIGN(action.filter, read_filter(node));
    ICE86_TRY(option(table, "at-most", ~std::uint64_t{0}, action.most));
    if (action.most) action.least = 0;
    ICE86_TRY(option(table, "at-least", ~std::uint64_t{0}, action.least));
    return Action(std::move(action));
  }
  if (key == "memory") {
    CheckMemory action;
    ICE86_TRY_ASSIGN(action.address, number(node, key));
    ICE86_TRY(option(table, "width", 8, action.width));
    if (action.width != 1 && action.width != 2 && action.width != 4 && action.width != 8)
      return wrong(node, "'width' is 1, 2, 4 or 8");
    if (table.get("value") == nullptr) return wrong(node, "'value' is missing");
    ICE86_TRY(option(table, "value", ~std::uint64_t{0}, action.value));
    ICE86_TRY(option(table, "mask", ~std::uint64_t{0}, action.mask));
    return Action(action);
  }
  ICE86_TRY_ASSIGN(const std::string written, text(node, key));
  if (key == "send") return Action(SendSerial{written});
  if (key == "type") return strokes(strokes_of_text(written));
  if (key == "press") return strokes(strokes_of_names(written));
  if (key == "serial") return Action(ExpectSerial{written});
  if (key == "screen") return Action(ExpectScreen{written});
  if (key == "pause") {
    ICE86_TRY_ASSIGN(const Nanoseconds time, duration(node, key));
    return Action(Pause{time});
  }
  ComparePicture action;
  action.file = folder_ / written;
  ICE86_TRY(option(table, "tolerance", 255, action.tolerance));
  if (const toml::node* pixels = table.get("pixels")) {
    const auto share = pixels->value<double>();
    if (!share || !(*share >= 0 && *share <= 1))
      return wrong(*pixels, "'pixels' is a share from 0 to 1");
    action.pixels = *share;
  }
  return Action(std::move(action));
}

// "13", "13:42", "15:e820": hexadecimal, as `ice86 trace --only` has them.
Result<Action> Parser::read_interrupt(const toml::table& table, const toml::node& node) const {
  ICE86_TRY_ASSIGN(const std::string written, text(node, "int"));
  const auto filter = parse_call_filter(written);
  if (!filter)
    return wrong(node, "'int' is a vector (13), with AH (13:42) or AX (15:e820), hexadecimal");
  if (!IntRecorder::records(filter->vector))
    return wrong(node, fmt::format("calls of INT {:02x}h are not recorded", filter->vector));
  ExpectInterrupt action;
  static_cast<CallFilter&>(action) = *filter;
  if (const toml::node* carry = table.get("carry")) {
    const auto* value = carry->as_boolean();
    if (value == nullptr) return wrong(*carry, "'carry' is neither true nor false");
    action.carry = value->get();
  }
  return Action(action);
}

Result<Action> Parser::read_end(const toml::table& table, const toml::node& node) const {
  ICE86_TRY_ASSIGN(const std::string written, text(node, "end"));
  std::vector<std::string> names;
  ExpectEnd action;
  bool known = false;
  for (const auto& [name, end] : kEnds) {
    names.emplace_back(name);
    if (name == written) {
      known = true;
      action.end = end;
    }
  }
  if (!known) return wrong(node, fmt::format("'end' is one of {}", fmt::join(names, ", ")));
  ICE86_TRY(option(table, "value", 0xff, action.value));
  if (action.value && action.end != machine::RunEnd::kDebugExit)
    return wrong(node, "'value' goes with debug-exit");
  return Action(action);
}

Result<Action> Parser::read_registers(const toml::node& node) const {
  const auto* table = node.as_table();
  if (table == nullptr || table->empty())
    return wrong(node, "'registers' is a table: {ax = 0x55aa, cs = 0xf000}");
  CheckRegisters action;
  for (const auto& [key, value] : *table) {
    if (!register_named(cpu::State{}, key.str()))
      return wrong(key.source().begin.line, fmt::format("there is no register '{}'", key.str()));
    ICE86_TRY_ASSIGN(action.values[std::string(key.str())], number(value, key.str()));
  }
  return Action(std::move(action));
}

Result<Action> Parser::read_disk(const toml::table& table, const toml::node& node) const {
  ICE86_TRY_ASSIGN(const std::string place, text(node, "disk"));
  const auto& places = machine::kDrivePlaces;
  const auto* found = std::find(places.begin(), places.end(), place);
  if (found == places.end())
    return wrong(node, fmt::format("'disk' is one of {}", fmt::join(places, ", ")));
  CheckDisk action;
  action.drive = static_cast<unsigned>(found - places.begin());
  const toml::node* sum = table.get("sha256");
  if (sum == nullptr) return wrong(node, "'sha256' is missing");
  ICE86_TRY_ASSIGN(action.sha256, text(*sum, "sha256"));
  const bool digits = action.sha256.size() == 64 &&
                      std::all_of(action.sha256.begin(), action.sha256.end(), [](char c) {
                        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                      });
  if (!digits) return wrong(*sum, "'sha256' has 64 hexadecimal digits, in small letters");
  return Action(std::move(action));
}

Result<PacketFilter> Parser::read_filter(const toml::node& node) const {
  PacketFilter filter;
  const toml::table* table = node.as_table();
  const toml::node* protocol = table != nullptr ? table->get("protocol") : &node;
  if (protocol != nullptr) {
    ICE86_TRY_ASSIGN(filter.protocol, text(*protocol, "protocol"));
    const auto& known = packet_protocols();
    if (std::find(known.begin(), known.end(), filter.protocol) == known.end()) {
      return wrong(*protocol, fmt::format("there is no protocol '{}'; there are {}",
                                          filter.protocol, fmt::join(known, ", ")));
    }
  }
  if (table == nullptr) return filter;
  ICE86_TRY(check_keys(*table, {"protocol", "port", "contains", "from"}));
  ICE86_TRY(option(*table, "port", 0xffff, filter.port));
  if (const toml::node* contains = table->get("contains")) {
    ICE86_TRY_ASSIGN(filter.contains, text(*contains, "contains"));
  }
  if (const toml::node* from = table->get("from")) {
    ICE86_TRY_ASSIGN(const std::string who, text(*from, "from"));
    if (who != "guest" && who != "network") return wrong(*from, "'from' is guest or network");
    filter.from = who == "guest" ? slirp_net::TappedNetwork::Direction::kFromCard
                                 : slirp_net::TappedNetwork::Direction::kToCard;
  }
  return filter;
}

}  // namespace

Result<std::vector<ScenarioCase>> parse_scenario_file(std::string_view text,
                                                      const std::string& origin,
                                                      const std::filesystem::path& folder,
                                                      const ScenarioPlaces& places) {
  return Parser(origin, folder, places).parse(text);
}

Result<std::vector<ScenarioCase>> read_scenario_file(const std::filesystem::path& path,
                                                     const ScenarioPlaces& places) {
  ICE86_TRY_ASSIGN(const std::vector<std::uint8_t> bytes, read_file(path, kMostBytes));
  return parse_scenario_file({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                             path.string(), path.parent_path(), places);
}

}  // namespace ice86::harness
