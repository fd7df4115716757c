// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/fuzz/regression.h"

#include <fmt/core.h>

#include <algorithm>

#include "harness/fuzz/campaign.h"

namespace ice86::harness {

Outcome play_fuzz(const FuzzReplay& fuzz, machine::Firmware firmware, cpu::Engine engine) {
  Outcome outcome;
  RigOptions options;
  auto target = fuzz_target(fuzz.target, fuzz.vector);
  if (!target) {
    outcome.verdict = Outcome::Verdict::kInvalid;
    outcome.message = target.error().message();
    return outcome;
  }
  options.target = std::move(*target);
  options.firmware = std::move(firmware);
  options.engine = engine;
  options.drives = fuzz.drives;
  auto rig = Rig::create(std::move(options));
  if (!rig) {
    const bool usage = rig.error().kind() == ErrorKind::kUsage;
    outcome.verdict = usage ? Outcome::Verdict::kInvalid : Outcome::Verdict::kFailed;
    outcome.message = rig.error().message();
    return outcome;
  }
  const Replay result = replay(**rig, fuzz.input, nullptr);
  outcome.instructions = result.execution.instructions;
  outcome.time = (*rig)->pc().clock().now();
  outcome.state_sha256 = (*rig)->pc().state_hash();
  if (!result.execution.findings.empty()) {
    const Finding& first = result.execution.findings.front();
    outcome.verdict = Outcome::Verdict::kFailed;
    outcome.message = fmt::format("{}: {}", first.oracle, first.text);
    outcome.evidence = result.text;
  }
  return outcome;
}

std::string hex_rows(const Input& input) {
  std::string text;
  for (std::size_t i = 0; i < input.size(); ++i)
    text += fmt::format("{:02x}{}", input[i], i % kStepBytes == kStepBytes - 1 ? "\n" : " ");
  if (!text.empty() && text.back() != '\n') text.back() = '\n';
  return text;
}

std::string regression_scenario(const RigOptions& options, const Finding& finding,
                                const Input& input) {
  const auto quoted = [](std::string text) {
    std::replace(text.begin(), text.end(), '"', '\'');
    std::replace(text.begin(), text.end(), '\\', '/');
    return text;
  };
  // Files are looked for beside the scenario; names of the table are names.
  std::string firmware = options.firmware.name;
  if (firmware.find('/') != std::string::npos)
    firmware = std::filesystem::absolute(firmware).lexically_normal().string();
  const bool known = fuzz_target(options.target.name, std::nullopt).has_value();
  return fmt::format(
      "about = \"{}: {}\"\n\n[machine]\nfirmware = \"{}\"\n\n[fuzz]\n{}\ndrives = \"{}\"\n"
      "input = \"\"\"\n{}\"\"\"\n",
      quoted(finding.oracle), quoted(finding.text), quoted(firmware),
      known ? fmt::format("target = \"{}\"", options.target.name)
            : fmt::format("vector = {:#x}", options.target.vector),
      options.drives, hex_rows(input));
}

}  // namespace ice86::harness
