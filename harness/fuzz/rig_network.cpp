// SPDX-License-Identifier: LGPL-2.1-or-later
// What of a rig is for option ROMs: a network card with one, a boot from the network, and where the
// PXE API and the ROMs' own entries are.
// Reference: PXE 2.1 sections 3.1 and 4.4.5; PnP BIOS 1.0A section 3.
#include <fmt/core.h>
#include <stdlib.h>

#include "emulator/base/bits.h"
#include "emulator/base/files.h"
#include "harness/fuzz/rig.h"
#include "slirp-net/user_network.h"

namespace ice86::harness {

namespace {
constexpr const char* kBootFile = "boot.bin";
constexpr std::size_t kMostRomBytes = 1 << 20;
}  // namespace

Result<void> Rig::plug_network(machine::PcConfig& config) {
  machine::NicConfig nic;
  ICE86_TRY_ASSIGN(nic.option_rom, read_file(options_.option_rom, kMostRomBytes));
  slirp_net::UserOptions network;
  if (options_.target.kind == FuzzTarget::Kind::kPxe) {
    std::string pattern = (std::filesystem::temp_directory_path() / "ice86-fuzz-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) return Error("no folder for what the network boots");
    tftp_root_ = pattern;
    ICE86_TRY(write_file(tftp_root_ / kBootFile, boot_sector()));
    network.tftp = tftp_root_.string();
    network.boot_file = kBootFile;
    config.boot_order = "n";
  }
  nic.network = [network](Clock& clock, TraceBus& trace,
                          const std::string& name) -> Result<std::unique_ptr<Network>> {
    ICE86_TRY_ASSIGN(auto made, slirp_net::UserNetwork::create(clock, trace, name, network));
    return std::unique_ptr<Network>(std::move(made));
  };
  config.nics.push_back(std::move(nic));
  return {};
}

// The boot program finds the structure's address behind its own way back.
Result<void> Rig::find_pxe() {
  std::error_code none;
  std::filesystem::remove_all(tftp_root_, none);
  const cpu::State& s = pc_->cpu().state();
  const std::uint64_t stack = s.segment[cpu::kSs].base + (s.gpr[cpu::kRsp] & 0xffff);
  const auto word = [this](std::uint64_t at) {
    return static_cast<std::uint16_t>(pc_->peek_memory(at, 2));
  };
  const std::uint32_t at = (word(stack + 6) << 4) + word(stack + 4);
  constexpr std::uint32_t kSignature = 0x45585021;  // !PXE
  if (pc_->peek_memory(at, 4) != kSignature)
    return Error("the network card's ROM handed over no !PXE structure");
  handler_ = {word(at + 0x12), word(at + 0x10)};
  return {};
}

Result<void> Rig::find_roms() {
  constexpr std::uint32_t kFirst = 0xc0000, kEnd = 0xf0000, kStride = 0x800;
  for (std::uint32_t at = kFirst; at < kEnd; at += kStride) {
    if (pc_->peek_memory(at, 2) == 0xaa55)
      roms_.push_back({static_cast<std::uint16_t>(at >> 4), 3});
  }
  if (roms_.empty()) return Error("there is no option ROM in memory");
  handler_ = roms_.front();
  return {};
}

}  // namespace ice86::harness
