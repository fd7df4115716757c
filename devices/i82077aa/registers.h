// SPDX-License-Identifier: LGPL-2.1-or-later
// Bits of the 82077AA's registers. Reference: Intel 82077AA datasheet (290166-007), sections 2, 6.
#pragma once

#include <cstdint>

namespace ice86::devices::fdc {

constexpr unsigned kSra = 0, kSrb = 1, kDor = 2, kTdr = 3, kMsrDsr = 4, kFifo = 5, kDirCcr = 7;

constexpr std::uint8_t kDorReset = 0x04, kDorDmaGate = 0x08;
constexpr std::uint8_t kDsrReset = 0x80, kDsrPowerDown = 0x40;
constexpr std::uint8_t kMsrRqm = 0x80, kMsrDio = 0x40, kMsrNonDma = 0x20, kMsrBusy = 0x10;
constexpr std::uint8_t kDirChange = 0x80;

constexpr std::uint8_t kSt0Abnormal = 0x40, kSt0Invalid = 0x80, kSt0Polling = 0xC0;
constexpr std::uint8_t kSt0SeekEnd = 0x20, kSt0EquipmentCheck = 0x10;
constexpr std::uint8_t kSt1EndOfCylinder = 0x80, kSt1DataError = 0x20, kSt1Overrun = 0x10;
constexpr std::uint8_t kSt1NoData = 0x04, kSt1NotWritable = 0x02, kSt1MissingMark = 0x01;
constexpr std::uint8_t kSt2ControlMark = 0x40, kSt2DataError = 0x20, kSt2WrongCylinder = 0x10;
constexpr std::uint8_t kSt2ScanHit = 0x08, kSt2ScanNotSatisfied = 0x04, kSt2BadCylinder = 0x02;
constexpr std::uint8_t kSt3WriteProtected = 0x40, kSt3Track0 = 0x10, kSt3Ones = 0x28;

// Flags in the first command byte.
constexpr std::uint8_t kMultiTrack = 0x80, kMfm = 0x40, kSkip = 0x20;
constexpr std::uint8_t kDirectionIn = 0x40;  // RELATIVE SEEK: to higher cylinders
constexpr std::uint8_t kEnableCount = 0x80;  // VERIFY, second byte
constexpr std::uint8_t kImpliedSeek = 0x40, kFifoOff = 0x20, kPollOff = 0x10;  // CONFIGURE
constexpr std::uint8_t kFifoAndThreshold = 0x2F;  // what LOCK keeps of CONFIGURE's byte

// Commands, without flags.
constexpr std::uint8_t kReadTrack = 0x02, kSpecify = 0x03, kSenseDrive = 0x04, kWriteData = 0x05;
constexpr std::uint8_t kReadData = 0x06, kRecalibrate = 0x07, kSenseInterrupt = 0x08;
constexpr std::uint8_t kWriteDeleted = 0x09, kReadId = 0x0A, kReadDeleted = 0x0C, kFormat = 0x0D;
constexpr std::uint8_t kDumpreg = 0x0E, kSeek = 0x0F, kVersion = 0x10, kScanEqual = 0x11;
constexpr std::uint8_t kPerpendicular = 0x12, kConfigure = 0x13, kLock = 0x14, kVerify = 0x16;
constexpr std::uint8_t kScanLow = 0x19, kScanHigh = 0x1D;

}  // namespace ice86::devices::fdc
