// SPDX-License-Identifier: LGPL-2.1-or-later
// Registers and bits of the 8254x family, as far as the 82540EM has them.
// Reference: PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual,
// Intel 317453 revision 4.0, chapter 13; descriptors: chapter 3.
#pragma once

#include <cstdint>

namespace ice86::devices::e1000 {

constexpr std::uint32_t kMmioSize = 0x20000;
constexpr std::uint32_t kIoSize = 64;  // IOADDR at 0, IODATA at 4; the rest is reserved

// Table 13-2: offsets.
constexpr std::uint32_t kCtrl = 0x00000, kCtrlDup = 0x00004, kStatus = 0x00008, kEecd = 0x00010;
constexpr std::uint32_t kEerd = 0x00014, kCtrlExt = 0x00018, kFla = 0x0001C, kMdic = 0x00020;
constexpr std::uint32_t kFcal = 0x00028, kFcah = 0x0002C, kFct = 0x00030, kVet = 0x00038;
constexpr std::uint32_t kIcr = 0x000C0, kItr = 0x000C4, kIcs = 0x000C8, kIms = 0x000D0;
constexpr std::uint32_t kImc = 0x000D8;
constexpr std::uint32_t kRctl = 0x00100, kFcttv = 0x00170, kTxcw = 0x00178, kRxcw = 0x00180;
constexpr std::uint32_t kTctl = 0x00400, kTipg = 0x00410, kAifs = 0x00458, kLedctl = 0x00E00;
constexpr std::uint32_t kPba = 0x01000, kFcrtl = 0x02160, kFcrth = 0x02168;
constexpr std::uint32_t kRdfh = 0x02410, kRdft = 0x02418, kRdfhs = 0x02420, kRdfts = 0x02428;
constexpr std::uint32_t kRdfpc = 0x02430;
constexpr std::uint32_t kRdbal = 0x02800, kRdbah = 0x02804, kRdlen = 0x02808, kRdh = 0x02810;
constexpr std::uint32_t kRdt = 0x02818, kRdtr = 0x02820, kRxdctl = 0x02828, kRadv = 0x0282C;
constexpr std::uint32_t kRsrpd = 0x02C00, kTxdmac = 0x03000;
constexpr std::uint32_t kTdfh = 0x03410, kTdft = 0x03418, kTdfhs = 0x03420, kTdfts = 0x03428;
constexpr std::uint32_t kTdfpc = 0x03430;
constexpr std::uint32_t kTdbal = 0x03800, kTdbah = 0x03804, kTdlen = 0x03808, kTdh = 0x03810;
constexpr std::uint32_t kTdt = 0x03818, kTidv = 0x03820, kTxdctl = 0x03828, kTadv = 0x0382C;
constexpr std::uint32_t kTspmt = 0x03830;
constexpr std::uint32_t kRxcsum = 0x05000, kMta = 0x05200, kRal0 = 0x05400, kRah0 = 0x05404;
constexpr std::uint32_t kVfta = 0x05600, kWuc = 0x05800, kWufc = 0x05808, kWus = 0x05810;
constexpr std::uint32_t kIpav = 0x05838, kIp4at = 0x05840, kIp6at = 0x05880, kWupl = 0x05900;
constexpr std::uint32_t kWupm = 0x05A00, kFflt = 0x05F00, kFfmt = 0x09000, kFfvt = 0x09800;

// Section 13.7: statistics.
constexpr std::uint32_t kStatistics = 0x04000, kStatisticsCount = 64;
constexpr std::uint32_t kMpc = 0x04010, kRlec = 0x04040, kXonrxc = 0x04048, kXoffrxc = 0x04050;
constexpr std::uint32_t kFcruc = 0x04058;
constexpr std::uint32_t kPrc64 = 0x0405C, kGprc = 0x04074, kBprc = 0x04078, kMprc = 0x0407C;
constexpr std::uint32_t kGptc = 0x04080, kGorcl = 0x04088, kGorch = 0x0408C, kGotcl = 0x04090;
constexpr std::uint32_t kGotch = 0x04094, kRnbc = 0x040A0, kRuc = 0x040A4, kRoc = 0x040AC;
constexpr std::uint32_t kTorl = 0x040C0, kTorh = 0x040C4, kTotl = 0x040C8, kToth = 0x040CC;
constexpr std::uint32_t kTpr = 0x040D0, kTpt = 0x040D4, kPtc64 = 0x040D8, kMptc = 0x040F0;
constexpr std::uint32_t kBptc = 0x040F4, kTsctc = 0x040F8, kTsctfc = 0x040FC;

// CTRL, table 13-3.
namespace ctrl {
constexpr std::uint32_t kFd = 1U << 0, kAsde = 1U << 5, kSlu = 1U << 6;
constexpr std::uint32_t kSpeed = 3U << 8, kSpeed1000 = 2U << 8;
constexpr unsigned kSpeedShift = 8;
constexpr std::uint32_t kFrcspd = 1U << 11, kFrcdplx = 1U << 12, kSwdpin0 = 1U << 18;
constexpr std::uint32_t kSwdpin2 = 1U << 20, kRst = 1U << 26, kRfce = 1U << 27, kTfce = 1U << 28;
constexpr std::uint32_t kVme = 1U << 30, kPhyRst = 1U << 31;
constexpr std::uint32_t kWritable = 0x7BFC'1B69;  // all but reserved and self-clearing bits
}  // namespace ctrl

// STATUS, table 13-5.
namespace status {
constexpr std::uint32_t kFd = 1U << 0, kLu = 1U << 1, kTxoff = 1U << 4;
constexpr unsigned kSpeedShift = 6, kAsdvShift = 8;
}  // namespace status

// EECD, table 13-6, for the Microwire EEPROM of the 82540EM.
namespace eecd {
constexpr std::uint32_t kSk = 1U << 0, kCs = 1U << 1, kDi = 1U << 2, kDo = 1U << 3;
constexpr std::uint32_t kFwe = 3U << 4, kFweDisabled = 1U << 4, kReq = 1U << 6, kGnt = 1U << 7;
constexpr std::uint32_t kPres = 1U << 8;
}  // namespace eecd

// EERD, table 13-7.
namespace eerd {
constexpr std::uint32_t kStart = 1U << 0, kDone = 1U << 4;
}

namespace ctrl_ext {
constexpr std::uint32_t kEeRst = 1U << 13;
constexpr std::uint32_t kWritable = 0x00C0'DFFC;
}  // namespace ctrl_ext

// MDIC, table 13-9.
namespace mdic {
constexpr std::uint32_t kReady = 1U << 28, kInterrupt = 1U << 29, kError = 1U << 30;
constexpr std::uint32_t kOpWrite = 1, kOpRead = 2;
}  // namespace mdic

// Interrupt causes: ICR, ICS, IMS, IMC (table 13-61).
namespace cause {
constexpr std::uint32_t kTxdw = 1U << 0, kTxqe = 1U << 1, kLsc = 1U << 2, kRxseq = 1U << 3;
constexpr std::uint32_t kRxdmt0 = 1U << 4, kRxo = 1U << 6, kRxt0 = 1U << 7, kMdac = 1U << 9;
constexpr std::uint32_t kRxcfg = 1U << 10, kPhyint = 1U << 12, kGpi = 3U << 13;
constexpr std::uint32_t kTxdLow = 1U << 15, kSrpd = 1U << 16;
constexpr std::uint32_t kAll = kTxdw | kTxqe | kLsc | kRxseq | kRxdmt0 | kRxo | kRxt0 | kMdac |
                               kRxcfg | kPhyint | kGpi | kTxdLow | kSrpd;
}  // namespace cause

// RCTL, table 13-67.
namespace rctl {
constexpr std::uint32_t kEn = 1U << 1, kSbp = 1U << 2, kUpe = 1U << 3, kMpe = 1U << 4;
constexpr std::uint32_t kLpe = 1U << 5, kBam = 1U << 15, kVfe = 1U << 18, kCfien = 1U << 19;
constexpr std::uint32_t kCfi = 1U << 20, kDpf = 1U << 22, kPmcf = 1U << 23, kBsex = 1U << 25;
constexpr std::uint32_t kSecrc = 1U << 26;
constexpr std::uint32_t kWritable = 0x06DF'B3FE;
}  // namespace rctl

// TCTL, table 13-76.
namespace tctl {
constexpr std::uint32_t kEn = 1U << 1, kPsp = 1U << 3;
constexpr std::uint32_t kWritable = 0x037F'FFFA;
}  // namespace tctl

namespace rxcsum {
constexpr std::uint32_t kIpofl = 1U << 8, kTuofl = 1U << 9;
}

// Bit 31 of RDTR and TIDV: flush the partial block now. Reads as zero.
constexpr std::uint32_t kFpd = 1U << 31;
constexpr std::uint32_t kAddressValid = 1U << 31;  // RAH

// Descriptors are 16 bytes (sections 3.2.3, 3.3.3, 3.3.6, 3.3.7).
constexpr unsigned kDescriptorSize = 16;
namespace rxd {
constexpr std::uint8_t kDd = 0x01, kEop = 0x02, kIxsm = 0x04, kVp = 0x08, kTcpcs = 0x20;
constexpr std::uint8_t kIpcs = 0x40, kPif = 0x80;
constexpr std::uint8_t kTcpe = 0x20, kIpe = 0x40;
}  // namespace rxd
namespace txd {
// In the third doubleword: CMD, DCMD or TUCMD.
constexpr std::uint32_t kEop = 1U << 24, kIfcs = 1U << 25, kIc = 1U << 26, kTse = 1U << 26;
constexpr std::uint32_t kRs = 1U << 27, kDext = 1U << 29, kVle = 1U << 30, kIde = 1U << 31;
constexpr std::uint32_t kContextTcp = 1U << 24, kContextIp = 1U << 25;
// In the fourth.
constexpr std::uint32_t kDd = 1U << 0, kPoptsIxsm = 1U << 8, kPoptsTxsm = 1U << 9;
}  // namespace txd

}  // namespace ice86::devices::e1000
