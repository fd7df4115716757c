// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: Intel SDM vol. 2A CPUID.
#include "cpu/cpu_model.h"

#include <fmt/core.h>

#include <algorithm>

#include "cpu/cpu_model_files.h"
#include "emulator/base/assert.h"
#include "emulator/base/files.h"
#include "emulator/base/hash.h"

namespace ice86::cpu {

namespace {

constexpr std::uint64_t kMostFileBytes = 1 << 20;

constexpr std::array kRegisters = {CpuidRegister::kEax, CpuidRegister::kEbx, CpuidRegister::kEcx,
                                   CpuidRegister::kEdx};
constexpr std::array kRegisterNames = {"eax", "ebx", "ecx", "edx"};

// AMD's leaf 8000_0001 repeats these bits of leaf 1 in EDX (AMD APM vol. 3 appendix E.4.2).
constexpr std::uint32_t kRepeatedBits = 0x0183f3ff;

bool is_amd(const CpuModel& model) {
  const CpuModel::Leaf* vendor = model.find(0, 0);
  return vendor != nullptr && vendor->values[1] == 0x68747541;  // "Auth"
}

}  // namespace

bool has_subleaves(std::uint32_t leaf) {
  switch (leaf) {
    case 0x4:
    case 0x7:
    case 0xb:
    case 0xd:
    case 0xf:
    case 0x10:
    case 0x12:
    case 0x14:
    case 0x17:
    case 0x18:
    case 0x1f:
    case 0x8000001d: return true;
    default: return false;
  }
}

std::string CpuModel::sha256() const {
  if (text.empty()) return "";
  return sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

const CpuModel::Leaf* CpuModel::find(std::uint32_t leaf, std::uint32_t subleaf) const {
  if (!has_subleaves(leaf)) subleaf = 0;
  for (const Leaf& entry : leaves) {
    if (entry.leaf == leaf && entry.subleaf == subleaf) return &entry;
  }
  return nullptr;
}

const CpuModel::Msr* CpuModel::find_msr(std::uint32_t index) const {
  for (const Msr& entry : msrs) {
    if (entry.index == index) return &entry;
  }
  return nullptr;
}

bool CpuModel::is_feature_register(std::uint32_t leaf, std::uint32_t subleaf, CpuidRegister reg) {
  return known_cpuid_bits(leaf, subleaf, reg) != 0;
}

FeatureSet CpuModel::asked() const {
  FeatureSet features;
  for (unsigned i = 0; i < kFeatures; ++i) {
    const auto feature = static_cast<Feature>(i);
    const FeatureInfo& info = info_of(feature);
    const Leaf* entry = find(info.leaf, info.subleaf);
    if (entry != nullptr && (entry->values[static_cast<unsigned>(info.reg)] >> info.bit & 1) != 0) {
      features.add(feature);
    }
  }
  // Says what the operating system has set, not what the CPU has.
  return features.remove(Feature::kOsxsave);
}

std::vector<std::string> CpuModel::missing() const {
  std::vector<std::string> names;
  const FeatureSet lacking = asked() - implemented_features();
  for (unsigned i = 0; i < kFeatures; ++i) {
    const auto feature = static_cast<Feature>(i);
    if (lacking.has(feature)) names.emplace_back(info_of(feature).name);
  }
  for (const Leaf& entry : leaves) {
    for (unsigned i = 0; i < kRegisters.size(); ++i) {
      if (!is_feature_register(entry.leaf, entry.subleaf, kRegisters[i])) continue;
      std::uint32_t unknown =
          entry.values[i] & ~known_cpuid_bits(entry.leaf, entry.subleaf, kRegisters[i]);
      if (entry.leaf == 0x80000001 && kRegisters[i] == CpuidRegister::kEdx && is_amd(*this))
        unknown &= ~kRepeatedBits;
      for (unsigned bit = 0; bit < 32; ++bit) {
        if ((unknown >> bit & 1) != 0) {
          names.push_back(
              fmt::format("{:x}.{}.{}[{}]", entry.leaf, entry.subleaf, kRegisterNames[i], bit));
        }
      }
    }
  }
  return names;
}

std::vector<CpuModel> builtin_cpu_models() {
  std::vector<CpuModel> models;
  for (const CpuModelFile& file : cpu_model_files()) {
    auto model = parse_cpu_model(file.text, std::string(file.name));
    ICE86_ASSERT(model.has_value());
    models.push_back(std::move(model).value());
  }
  return models;
}

Result<CpuModel> load_cpu_model(const std::string& name_or_path) {
  const std::filesystem::path path(name_or_path);
  if (path.extension() == ".toml") {
    ICE86_TRY_ASSIGN(const auto bytes, read_file(path, kMostFileBytes));
    return parse_cpu_model({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                           name_or_path);
  }
  for (const CpuModelFile& file : cpu_model_files()) {
    if (file.name == name_or_path + ".toml") return parse_cpu_model(file.text, name_or_path);
  }
  return usage_error(fmt::format("there is no CPU model '{}'", name_or_path));
}

CpuModel plain_cpu_model(const FeatureSet& features) {
  CpuModel model;
  model.name = "plain";
  model.microcode = 1;
  const auto add = [&](std::uint32_t leaf, std::uint32_t subleaf, std::uint32_t eax) {
    CpuModel::Leaf entry{leaf, subleaf, {eax, 0, 0, 0}};
    for (unsigned i = 0; i < kRegisters.size(); ++i)
      entry.values[i] |= cpuid_bits(features, leaf, subleaf, kRegisters[i]);
    model.leaves.push_back(entry);
  };
  add(0, 0, 0xd);
  model.leaves.back().values = {0xd, 0x756e6547, 0x6c65746e, 0x49656e69};  // GenuineIntel
  add(1, 0, 0x673);
  model.leaves.back().values[1] = 0x800;  // CLFLUSH of 64 bytes
  add(6, 0, 0);
  add(7, 0, 0);
  add(0xd, 0, 0);
  add(0xd, 1, 0);
  add(0x80000000, 0, 0x80000008);
  add(0x80000001, 0, 0);
  add(0x80000007, 0, 0);
  add(0x80000008, 0, features.has(Feature::kLm) ? 0x3028 : 0x2024);
  model.msrs.push_back({0xfe, "IA32_MTRRCAP", 0x508, 0, 0});
  model.msrs.push_back({0x179, "IA32_MCG_CAP", 0x104, 0, 0});
  model.msrs.push_back({0x17, "IA32_PLATFORM_ID", 0, 0, 0});
  model.msrs.push_back({0x3a, "IA32_FEATURE_CONTROL", 1, 0, 0});
  model.msrs.push_back({0x1a0, "IA32_MISC_ENABLE", 1, 1, 0});
  model.msrs.push_back({0x1d9, "IA32_DEBUGCTL", 0, 0x7f, 0});
  return model;
}

}  // namespace ice86::cpu
