// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cpu/msr_file.h"

#include <algorithm>

#include "emulator/base/bits.h"

namespace ice86::cpu {

namespace {

// MSR addresses (SDM vol. 4 table 2-2).
enum Msr : std::uint32_t {
  kP5McAddr = 0x0,
  kP5McType = 0x1,
  kBiosUpdateTrigger = 0x79,
  kBiosSignatureId = 0x8b,
  kMtrrCap = 0xfe,
  kMcgCap = 0x179,
  kMcgStatus = 0x17a,
  kMcgCtl = 0x17b,
  kMtrrPhysBase0 = 0x200,
  kMtrrFix64k = 0x250,
  kMtrrFix16k80000 = 0x258,
  kMtrrFix16kA0000 = 0x259,
  kMtrrFix4kC0000 = 0x268,
  kPat = 0x277,
  kMtrrDefType = 0x2ff,
  kMc0Ctl = 0x400
};

constexpr std::uint64_t kPatReset = 0x0007040600070406;
constexpr std::uint64_t kMcgCtlPresent = 1u << 8;
constexpr unsigned kStatus = 1;

// UC, WC, WT, WP, WB; and UC- in the PAT alone.
bool mtrr_type(std::uint64_t type) {
  return type == 0 || type == 1 || type == 4 || type == 5 || type == 6;
}
bool pat_type(std::uint64_t type) {
  return mtrr_type(type) || type == 7;
}
template <typename Check>
bool each_byte(std::uint64_t value, Check valid) {
  for (unsigned at = 0; at < 64; at += 8) {
    if (!valid(value >> at & 0xff)) return false;
  }
  return true;
}

}  // namespace

MsrFile::MsrFile(const CpuModel& model, const FeatureSet& features)
    : model_(model), features_(features), listed_(model.msrs.size()) {
  const CpuModel::Leaf* sizes = model.find(0x80000008, 0);
  if (sizes != nullptr && (sizes->values[0] & 0xff) != 0)
    address_bits_ = std::clamp<std::uint64_t>(sizes->values[0] & 0xff, 32, 52);
  if (const CpuModel::Msr* cap = model.find_msr(kMtrrCap)) {
    variable_ranges_ = static_cast<unsigned>(
        std::min<std::uint64_t>(cap->reset & 0xff, mtrr_variable_.size() / 2));
  }
  reset();
}

void MsrFile::reset() {
  pat_ = kPatReset;
  mtrr_default_ = 0;
  mtrr_variable_ = {};
  mtrr_fixed_ = {};
  bios_signature_ = std::uint64_t{model_.microcode} << 32;
  mcg_status_ = 0;
  mcg_control_ = 0;
  bank_ = {};
  for (std::size_t i = 0; i < listed_.size(); ++i) listed_[i] = model_.msrs[i].reset;
}

unsigned MsrFile::banks() const {
  const CpuModel::Msr* cap = model_.find_msr(kMcgCap);
  return cap == nullptr
             ? 0
             : static_cast<unsigned>(std::min<std::uint64_t>(cap->reset & 0xff, kMostBanks));
}

std::uint64_t* MsrFile::memory_type_register(std::uint32_t index) {
  if (index == kPat) return features_.has(Feature::kPat) ? &pat_ : nullptr;
  if (!features_.has(Feature::kMtrr)) return nullptr;
  if (index == kMtrrDefType) return &mtrr_default_;
  if (index >= kMtrrPhysBase0 && index < kMtrrPhysBase0 + 2 * variable_ranges_)
    return &mtrr_variable_[index - kMtrrPhysBase0];
  if (index == kMtrrFix64k) return &mtrr_fixed_[0];
  if (index == kMtrrFix16k80000) return &mtrr_fixed_[1];
  if (index == kMtrrFix16kA0000) return &mtrr_fixed_[2];
  if (index >= kMtrrFix4kC0000 && index < kMtrrFix4kC0000 + 8)
    return &mtrr_fixed_[3 + index - kMtrrFix4kC0000];
  return nullptr;
}

bool MsrFile::valid_memory_type_value(std::uint32_t index, std::uint64_t value) const {
  if (index == kPat) return each_byte(value, pat_type);
  if (index == kMtrrDefType) return (value & ~std::uint64_t{0xcff}) == 0 && mtrr_type(value & 0xff);
  if (index >= kMtrrFix64k) return each_byte(value, mtrr_type);
  const std::uint64_t address = ((std::uint64_t{1} << address_bits_) - 1) & ~std::uint64_t{0xfff};
  if ((index & 1) != 0) return (value & ~(address | 0x800)) == 0;  // mask: address bits and V
  return (value & ~(address | 0xff)) == 0 && mtrr_type(value & 0xff);
}

MsrFile::Answer MsrFile::read(std::uint32_t index, std::uint64_t& value) const {
  if (const std::uint64_t* type = const_cast<MsrFile*>(this)->memory_type_register(index)) {
    value = *type;
    return Answer::kDone;
  }
  switch (index) {
    case kP5McAddr:
    case kP5McType:
      if (!features_.has(Feature::kMce)) return Answer::kUnknown;
      value = 0;
      return Answer::kDone;
    case kBiosUpdateTrigger: return Answer::kFault;  // write only
    case kBiosSignatureId: value = bios_signature_; return Answer::kDone;
    case kMcgStatus:
      if (!features_.has(Feature::kMca)) return Answer::kUnknown;
      value = mcg_status_;
      return Answer::kDone;
    case kMcgCtl: {
      const CpuModel::Msr* cap = model_.find_msr(kMcgCap);
      if (cap == nullptr || (cap->reset & kMcgCtlPresent) == 0) return Answer::kUnknown;
      value = mcg_control_;
      return Answer::kDone;
    }
    default: break;
  }
  if (index >= kMc0Ctl && index < kMc0Ctl + 4 * banks() && features_.has(Feature::kMca)) {
    value = bank_[(index - kMc0Ctl) / 4][(index - kMc0Ctl) % 4];
    return Answer::kDone;
  }
  for (std::size_t i = 0; i < listed_.size(); ++i) {
    if (model_.msrs[i].index != index) continue;
    if (index == kMtrrCap && !features_.has(Feature::kMtrr)) break;
    value = listed_[i];
    return Answer::kDone;
  }
  return Answer::kUnknown;
}

MsrFile::Answer MsrFile::write(std::uint32_t index, std::uint64_t value) {
  if (std::uint64_t* type = memory_type_register(index)) {
    if (!valid_memory_type_value(index, value)) return Answer::kFault;
    *type = value;
    return Answer::kDone;
  }
  switch (index) {
    case kP5McAddr:
    case kP5McType: return features_.has(Feature::kMce) ? Answer::kDone : Answer::kUnknown;
    case kBiosUpdateTrigger: return Answer::kDone;  // an update is taken, and changes nothing
    case kBiosSignatureId: bios_signature_ = value; return Answer::kDone;
    case kMcgStatus:
      if (!features_.has(Feature::kMca)) return Answer::kUnknown;
      if ((value & ~std::uint64_t{7}) != 0) return Answer::kFault;
      mcg_status_ = value;
      return Answer::kDone;
    case kMcgCtl: {
      std::uint64_t old = 0;
      if (read(index, old) == Answer::kUnknown) return Answer::kUnknown;
      if (value != 0 && value != ~std::uint64_t{0}) return Answer::kFault;
      mcg_control_ = value;
      return Answer::kDone;
    }
    default: break;
  }
  if (index >= kMc0Ctl && index < kMc0Ctl + 4 * banks() && features_.has(Feature::kMca)) {
    // STATUS, ADDR and MISC can only be cleared (SDM vol. 3B section 16.3.2).
    const unsigned part = (index - kMc0Ctl) % 4;
    if (part >= kStatus && value != 0) return Answer::kFault;
    bank_[(index - kMc0Ctl) / 4][part] = value;
    return Answer::kDone;
  }
  for (std::size_t i = 0; i < listed_.size(); ++i) {
    const CpuModel::Msr& entry = model_.msrs[i];
    if (entry.index != index) continue;
    if (index == kMtrrCap && !features_.has(Feature::kMtrr)) break;
    if (((value ^ listed_[i]) & ~(entry.writable | entry.ignored)) != 0) return Answer::kFault;
    listed_[i] = (listed_[i] & ~entry.writable) | (value & entry.writable);
    return Answer::kDone;
  }
  return Answer::kUnknown;
}

void MsrFile::serialize(Archive& archive) {
  archive.section("cpu-msrs", 1, [&] {
    for (std::uint64_t* value :
         {&pat_, &mtrr_default_, &bios_signature_, &mcg_status_, &mcg_control_}) {
      archive.io(*value);
    }
    archive.io(mtrr_variable_);
    archive.io(mtrr_fixed_);
    for (auto& bank : bank_) archive.io(bank);
    for (std::uint64_t& value : listed_) archive.io(value);
  });
}

}  // namespace ice86::cpu
