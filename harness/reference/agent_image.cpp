// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: ECMA-119 sections 8 and 9; El Torito Bootable CD-ROM Format Specification 1.0.
#include "harness/reference/agent_image.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace ice86::harness {

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kSector = 512, kLargestAgent = 16 << 10;
constexpr std::size_t kDiskBytes = 1 << 20, kFloppyBytes = 2880 * kSector;
// In the agent, behind its boot sector: firmware/int-agent/stubs.asm.
constexpr std::size_t kSignature = kSector + 4, kPort = kSector + 8, kDivisor = kSector + 10,
                      kNext = kSector + 12;
constexpr std::uint8_t kFirstHardDisk = 0x80, kAutomatic = 0xff;

// A CD's blocks.
constexpr std::size_t kBlock = 2048;
constexpr std::uint32_t kVolume = 16, kBootRecord = 17, kEnd = 18, kCatalog = 19, kRoot = 20,
                        kPathTable = 21, kBigPathTable = 22, kAgent = 23;

class Cd {
 public:
  explicit Cd(const Bytes& agent)
      : blocks_(kAgent + static_cast<std::uint32_t>((kLargestAgent + kBlock - 1) / kBlock)),
        bytes_(blocks_ * kBlock) {
    volume();
    boot_record();
    descriptor(kEnd, 255);
    catalog();
    directory_record(kRoot * kBlock, 0);
    directory_record(kRoot * kBlock + kRecord, 1);
    path_table(kPathTable, false);
    path_table(kBigPathTable, true);
    std::copy(agent.begin(), agent.end(), bytes_.begin() + kAgent * kBlock);
  }
  Bytes take() { return std::move(bytes_); }

 private:
  static constexpr std::size_t kRecord = 34;  // of a directory whose name is one byte

  void text(std::size_t at, std::string_view value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i)
      bytes_[at + i] = static_cast<std::uint8_t>(i < value.size() ? value[i] : ' ');
  }
  void little(std::size_t at, std::uint32_t value, unsigned width) {
    for (unsigned i = 0; i < width; ++i)
      bytes_[at + i] = static_cast<std::uint8_t>(value >> (i * 8));
  }
  void big(std::size_t at, std::uint32_t value, unsigned width) {
    for (unsigned i = 0; i < width; ++i)
      bytes_[at + i] = static_cast<std::uint8_t>(value >> ((width - 1 - i) * 8));
  }
  void both(std::size_t at, std::uint32_t value, unsigned width) {
    little(at, value, width);
    big(at + width, value, width);
  }

  void descriptor(std::uint32_t block, std::uint8_t type) {
    bytes_[block * kBlock] = type;
    text(block * kBlock + 1, "CD001", 5);
    bytes_[block * kBlock + 6] = 1;
  }

  void volume() {
    const std::size_t at = kVolume * kBlock;
    descriptor(kVolume, 1);
    text(at + 8, "", 32);
    text(at + 40, "INT_AGENT", 32);
    both(at + 80, blocks_, 4);
    both(at + 120, 1, 2);
    both(at + 124, 1, 2);
    both(at + 128, kBlock, 2);
    both(at + 132, 10, 4);  // size of the path table
    little(at + 140, kPathTable, 4);
    big(at + 148, kBigPathTable, 4);
    directory_record(at + 156, 0);
    text(at + 190, "", 623);
    for (const std::size_t date : {813U, 830U, 847U, 864U}) text(at + date, "0000000000000000", 16);
    bytes_[at + 881] = 1;
  }

  void directory_record(std::size_t at, std::uint8_t name) {
    bytes_[at] = kRecord;
    both(at + 2, kRoot, 4);
    both(at + 10, kBlock, 4);
    bytes_[at + 25] = 2;  // a directory
    both(at + 28, 1, 2);
    bytes_[at + 32] = 1;
    bytes_[at + 33] = name;
  }

  void path_table(std::uint32_t block, bool big_endian) {
    const std::size_t at = block * kBlock;
    bytes_[at] = 1;
    if (big_endian) {
      big(at + 2, kRoot, 4);
      big(at + 6, 1, 2);
    } else {
      little(at + 2, kRoot, 4);
      little(at + 6, 1, 2);
    }
  }

  void boot_record() {
    const std::size_t at = kBootRecord * kBlock;
    descriptor(kBootRecord, 0);
    constexpr std::string_view kName = "EL TORITO SPECIFICATION";
    std::copy(kName.begin(), kName.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(at) + 7);
    little(at + 0x47, kCatalog, 4);
  }

  void catalog() {
    const std::size_t at = kCatalog * kBlock;
    bytes_[at] = 1;
    bytes_[at + 30] = 0x55;
    bytes_[at + 31] = 0xaa;
    little(at + 28, 0x10000 - 0xaa55 - 1, 2);  // the words of this entry add up to 0
    bytes_[at + 32] = 0x88;                    // bootable, no emulation, all of the agent at once
    little(at + 38, kLargestAgent / kSector, 2);
    little(at + 40, kAgent, 4);
  }

  std::uint32_t blocks_;
  Bytes bytes_;
};

}  // namespace

Result<Bytes> agent_image(const Bytes& agent, const AgentSetup& setup) {
  constexpr std::string_view kMark = "IA86";
  if (agent.size() <= kNext + 1 || agent.size() > kLargestAgent || agent[kSector - 1] != 0xaa ||
      std::memcmp(agent.data() + kSignature, kMark.data(), kMark.size()) != 0 ||
      agent[kNext + 1] != 1) {
    return Error("is no interrupt agent");
  }
  Bytes bytes = agent;
  bytes[kPort] = static_cast<std::uint8_t>(setup.port);
  bytes[kPort + 1] = static_cast<std::uint8_t>(setup.port >> 8);
  bytes[kDivisor] = static_cast<std::uint8_t>(setup.divisor);
  bytes[kDivisor + 1] = static_cast<std::uint8_t>(setup.divisor >> 8);
  // A CD's drive number is followed by none: the first hard disk is next.
  const bool cd = setup.medium == AgentMedium::kCd;
  bytes[kNext] = cd && setup.next_drive == kAutomatic ? kFirstHardDisk : setup.next_drive;
  if (cd) return Cd(bytes).take();
  bytes.resize(setup.medium == AgentMedium::kFloppy ? kFloppyBytes : kDiskBytes);
  return bytes;
}

}  // namespace ice86::harness
