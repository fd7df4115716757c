// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/scenario/possible.h"

#include <fmt/core.h>

#include <algorithm>
#include <type_traits>

namespace ice86::harness {

namespace {

std::string seconds(Nanoseconds time) {
  return fmt::format("{:g} s", static_cast<double>(time) / 1e9);
}

bool has_network(const machine::MachineFile& machine) {
  const auto any = [](const std::optional<std::vector<std::string>>& list) {
    return list && std::any_of(list->begin(), list->end(),
                               [](const std::string& one) { return one != "none"; });
  };
  return any(machine.nic) || any(machine.device);
}

bool has_medium(const machine::MachineFile& machine, unsigned drive) {
  return std::any_of(machine.drives.begin(), machine.drives.end(), [&](const auto& one) {
    return static_cast<unsigned>(one.place) == drive && !one.file.empty();
  });
}

// What looks at a machine that stands still.
bool only_looks(const Action& action) {
  return std::visit(
      [](const auto& one) {
        using T = std::decay_t<decltype(one)>;
        return std::is_same_v<T, CheckMemory> || std::is_same_v<T, CheckRegisters> ||
               std::is_same_v<T, ComparePicture> || std::is_same_v<T, CheckDisk> ||
               std::is_same_v<T, CountPackets>;
      },
      action);
}

// Why it cannot be done; empty: it can.
std::string obstacle(const Step& step, const Scenario& scenario,
                     const machine::MachineFile& machine) {
  if (step.within && *step.within > scenario.limits.time) {
    return fmt::format("it may take {}, and the whole scenario {} ([limits] time)",
                       seconds(*step.within), seconds(scenario.limits.time));
  }
  const bool network = std::holds_alternative<ExpectPacket>(step.action) ||
                       std::holds_alternative<CountPackets>(step.action);
  if (network && !has_network(machine))
    return "there are no packets: the machine has no network card (nic)";
  if (const auto* disk = std::get_if<CheckDisk>(&step.action)) {
    if (!has_medium(machine, disk->drive))
      return fmt::format("the machine has no medium in '{}'", machine::kDrivePlaces[disk->drive]);
  }
  if (const auto* memory = std::get_if<CheckMemory>(&step.action)) {
    const std::uint64_t most =
        memory->width >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (memory->width * 8)) - 1;
    if (memory->value > most) {
      return fmt::format("{:#x} does not fit into {} byte{}: 'width'", memory->value, memory->width,
                         memory->width == 1 ? "" : "s");
    }
  }
  if (const auto* count = std::get_if<CountPackets>(&step.action)) {
    if (count->most && *count->most < count->least)
      return fmt::format("at least {} and at most {}", count->least, *count->most);
  }
  return "";
}

}  // namespace

Result<void> check_possible(const Scenario& scenario, const machine::MachineFile& machine) {
  const Step* end = nullptr;
  for (const Step& step : scenario.steps) {
    std::string why = obstacle(step, scenario, machine);
    if (why.empty() && end != nullptr && !only_looks(step.action))
      why = fmt::format("the run is over: {} ({})", end->text, end->where);
    if (!why.empty())
      return usage_error(
          fmt::format("{}: {}: this step is impossible: {}", step.where, step.text, why));
    if (std::holds_alternative<ExpectEnd>(step.action)) end = &step;
  }
  return {};
}

}  // namespace ice86::harness
