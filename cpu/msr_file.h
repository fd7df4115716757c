// SPDX-License-Identifier: LGPL-2.1-or-later
// The model-specific registers that hold a value: memory types, machine check, microcode revision,
// and what the CPU model lists. Registers that do something (time stamp, APIC, modes) are the
// Core's.
// Reference: Intel SDM vol. 4; vol. 3A sections 12.11 (MTRRs), 12.12 (PAT), 16.3 (machine check).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "cpu/cpu_model.h"
#include "cpu/features.h"
#include "emulator/base/archive.h"

namespace ice86::cpu {

class MsrFile {
 public:
  enum class Answer {
    kDone,
    kFault,    // there is such a register, and this access is #GP
    kUnknown,  // not one of these
  };

  // `model` outlives this.
  MsrFile(const CpuModel& model, const FeatureSet& features);

  void reset();
  Answer read(std::uint32_t index, std::uint64_t& value) const;
  Answer write(std::uint32_t index, std::uint64_t value);
  // CPUID leaf 1 puts the microcode revision where software looks for it.
  void show_microcode() { bios_signature_ = std::uint64_t{model_.microcode} << 32; }
  std::uint64_t pat() const { return pat_; }
  void serialize(Archive& archive);

 private:
  static constexpr unsigned kMostBanks = 32;

  unsigned banks() const;
  std::uint64_t* memory_type_register(std::uint32_t index);
  bool valid_memory_type_value(std::uint32_t index, std::uint64_t value) const;

  const CpuModel& model_;
  const FeatureSet features_;
  std::uint64_t address_bits_ = 36;  // physical address width
  unsigned variable_ranges_ = 0;

  std::uint64_t pat_ = 0;
  std::uint64_t mtrr_default_ = 0;
  std::array<std::uint64_t, 32> mtrr_variable_{};  // base, mask, base, mask ...
  std::array<std::uint64_t, 11> mtrr_fixed_{};
  std::uint64_t bios_signature_ = 0;
  std::uint64_t mcg_status_ = 0;
  std::uint64_t mcg_control_ = 0;
  std::array<std::array<std::uint64_t, 4>, kMostBanks> bank_{};  // CTL, STATUS, ADDR, MISC
  std::vector<std::uint64_t> listed_;                            // as CpuModel::msrs
};

}  // namespace ice86::cpu
