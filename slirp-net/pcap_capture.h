// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes every frame between a card and its network to a pcap file, with virtual time to the
// nanosecond. Reference: draft-ietf-opsawg-pcap (magic A1B23C4Dh, link type 1).
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "emulator/bus/clock.h"
#include "slirp-net/tapped_network.h"

namespace ice86::slirp_net {

class PcapCapture final : public Network {
 public:
  // Errors: the file cannot be made.
  static Result<std::unique_ptr<PcapCapture>> create(Clock& clock,
                                                     const std::filesystem::path& file,
                                                     std::unique_ptr<Network> network);

  PacketEnd& port() override { return network_.port(); }
  bool traffic_outstanding() const override { return network_.traffic_outstanding(); }
  bool poll(Nanoseconds timeout) override { return network_.poll(timeout); }
  // What went wrong with the file meanwhile (a full disk): the guest's network went on.
  Result<void> finish() override;
  // The file is no part of the machine's state.
  void serialize(Archive& archive) override { network_.serialize(archive); }
  std::string dump() const override;

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  PcapCapture(Clock& clock, std::filesystem::path path, std::FILE* file,
              std::unique_ptr<Network> network);
  void record(std::span<const std::uint8_t> frame);
  void write(std::span<const std::uint8_t> bytes);

  Clock& clock_;
  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::optional<std::string> failure_;
  std::uint64_t frames_ = 0;
  TappedNetwork network_;
};

}  // namespace ice86::slirp_net
