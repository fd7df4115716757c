// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/app/cpu_option.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "emulator/base/suggest.h"

namespace ice86::app {

Result<cpu::CpuModel> choose_cpu_model(const std::string& name_or_path) {
  auto model = cpu::load_cpu_model(name_or_path);
  if (model) return model;
  if (std::filesystem::path(name_or_path).extension() != ".toml") {
    std::vector<std::string> names;
    for (const cpu::CpuModel& known : cpu::builtin_cpu_models()) names.push_back(known.name);
    return usage_error(fmt::format("--cpu: there is no CPU model '{}'{} ('--cpu help' lists them)",
                                   name_or_path, suggestion(name_or_path, names)));
  }
  return std::move(model).error().within("--cpu");
}

std::string list_cpu_models() {
  std::string text;
  for (const cpu::CpuModel& model : cpu::builtin_cpu_models()) {
    text += fmt::format("{:<12} {}{}\n", model.name, model.summary,
                        model.name == cpu::kDefaultCpuModel ? " (the default)" : "");
    if (const auto missing = model.missing(); !missing.empty())
      text += fmt::format("{:<12} not there yet: {}\n", "", fmt::join(missing, " "));
  }
  text +=
      fmt::format("{:<12} any model file; docs/cpu-models.md describes the format\n", "FILE.toml");
  return text;
}

}  // namespace ice86::app
