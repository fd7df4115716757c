// SPDX-License-Identifier: LGPL-2.1-or-later
// Registers and bits of the local APIC. Reference: Intel SDM vol. 3A chapter 11.
#pragma once

#include <cstdint>

namespace ice86::devices::apic {

// Register numbers: offset / 16 in memory, MSR - 800h in x2APIC mode (tables 11-1 and 11-6).
enum Register : unsigned {
  kId = 0x02,
  kVersion = 0x03,
  kTpr = 0x08,
  kApr = 0x09,
  kPpr = 0x0a,
  kEoi = 0x0b,
  kRrd = 0x0c,
  kLdr = 0x0d,
  kDfr = 0x0e,
  kSvr = 0x0f,
  kIsr = 0x10,
  kTmr = 0x18,
  kIrr = 0x20,
  kEsr = 0x28,
  kIcrLow = 0x30,
  kIcrHigh = 0x31,
  kLvtTimer = 0x32,
  kLvtThermal = 0x33,
  kLvtPerformance = 0x34,
  kLvtLint0 = 0x35,
  kLvtLint1 = 0x36,
  kLvtError = 0x37,
  kInitialCount = 0x38,
  kCurrentCount = 0x39,
  kDivide = 0x3e,
  kSelfIpi = 0x3f
};

// Entries of the local vector table, in register order from 32h.
enum LocalVector : unsigned { kTimer, kThermal, kPerformance, kLint0, kLint1, kError };

// Local vector table entry and ICR (figures 11-8 and 11-12).
constexpr std::uint32_t kDeliveryPending = 1u << 12;
constexpr std::uint32_t kRemoteIrr = 1u << 14;
constexpr std::uint32_t kLevelTriggered = 1u << 15;
constexpr std::uint32_t kMasked = 1u << 16;
constexpr std::uint32_t kLogicalDestination = 1u << 11;
constexpr std::uint32_t kLevelAssert = 1u << 14;
constexpr unsigned kOneShot = 0, kPeriodic = 1, kTscDeadline = 2;

// Bits that software can write, by entry.
constexpr std::uint32_t kWritable[] = {0x700ff, 0x107ff, 0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff};

// Error status register (figure 11-9).
constexpr std::uint32_t kSendAccept = 1u << 2;
constexpr std::uint32_t kSentIllegalVector = 1u << 5;
constexpr std::uint32_t kReceivedIllegalVector = 1u << 6;
constexpr std::uint32_t kIllegalRegister = 1u << 7;

// Vectors below are the CPU's own.
constexpr unsigned kFirstVector = 16;

// Version 14h, six entries in the local vector table.
constexpr std::uint32_t kVersionValue = 0x00050014;

// The logical number in x2APIC mode: cluster and a bit in it (section 11.12.10.2).
constexpr std::uint32_t logical_x2apic_id(std::uint32_t id) {
  return (id & 0xffff0) << 12 | std::uint32_t{1} << (id & 0xf);
}

}  // namespace ice86::devices::apic
