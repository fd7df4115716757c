// SPDX-License-Identifier: LGPL-2.1-or-later
// A CPU model: what CPUID answers and which model-specific registers there are. Models are data,
// TOML files: cpu/models/*.toml, built into the program, or a user's own. docs/cpu-models.md has
// the format.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cpu/features.h"
#include "emulator/base/result.h"

namespace ice86::cpu {

struct CpuModel {
  struct Leaf {
    std::uint32_t leaf = 0;
    std::uint32_t subleaf = 0;
    std::array<std::uint32_t, 4> values{};  // EAX, EBX, ECX, EDX
  };
  // A register that holds a value. A write may change the `writable` bits; a change of the
  // `ignored` ones has no effect; a change of any other bit is #GP.
  struct Msr {
    std::uint32_t index = 0;
    std::string name;
    std::uint64_t reset = 0;
    std::uint64_t writable = 0;
    std::uint64_t ignored = 0;
  };

  std::string name;
  std::string summary;
  std::string text;             // of the file; "": it is of no file
  std::uint32_t microcode = 0;  // revision, as IA32_BIOS_SIGN_ID shows it
  std::vector<Leaf> leaves;
  std::vector<Msr> msrs;

  std::string sha256() const;  // of the text, in hexadecimal; "" without one
  const Leaf* find(std::uint32_t leaf, std::uint32_t subleaf) const;
  const Msr* find_msr(std::uint32_t index) const;
  // The features its leaves promise.
  FeatureSet asked() const;
  // What they promise and the interpreter does not have, by name (unnamed bits as "7.0.ebx[12]").
  // CPUID leaves it out.
  std::vector<std::string> missing() const;
  // Registers of CPUID that carry feature bits: only what is implemented is shown of them.
  static bool is_feature_register(std::uint32_t leaf, std::uint32_t subleaf, CpuidRegister reg);
};

// Leaves whose answer depends on ECX.
bool has_subleaves(std::uint32_t leaf);

// `origin` is what errors call the file.
Result<CpuModel> parse_cpu_model(std::string_view text, const std::string& origin);

// The models in the program, in the order of their names.
std::vector<CpuModel> builtin_cpu_models();
constexpr std::string_view kDefaultCpuModel = "qemu64";

// By name, or from a file when it ends in .toml. Errors: unknown name, unreadable or malformed
// file.
Result<CpuModel> load_cpu_model(const std::string& name_or_path);

// A model that promises exactly these features, for tests and tools that need no particular CPU:
// family 6, GenuineIntel.
CpuModel plain_cpu_model(const FeatureSet& features);

}  // namespace ice86::cpu
