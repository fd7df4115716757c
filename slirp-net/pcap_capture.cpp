// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slirp-net/pcap_capture.h"

#include <fmt/core.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "emulator/base/bits.h"

namespace ice86::slirp_net {

namespace {

constexpr std::uint32_t kMagicNanoseconds = 0xA1B2'3C4D, kEthernet = 1, kSnapLength = 262'144;
constexpr Nanoseconds kSecond = 1'000'000'000;

}  // namespace

Result<std::unique_ptr<PcapCapture>> PcapCapture::create(Clock& clock,
                                                         const std::filesystem::path& file,
                                                         std::unique_ptr<Network> network) {
  std::FILE* stream = std::fopen(file.c_str(), "wb");
  if (stream == nullptr) {
    return Error(
        fmt::format("capture file {} cannot be written: {}", file.string(), std::strerror(errno)));
  }
  return std::unique_ptr<PcapCapture>(new PcapCapture(clock, file, stream, std::move(network)));
}

PcapCapture::PcapCapture(Clock& clock, std::filesystem::path path, std::FILE* file,
                         std::unique_ptr<Network> network)
    : clock_(clock),
      path_(std::move(path)),
      file_(file),
      network_(std::move(network), [this](TappedNetwork::Direction,
                                          std::span<const std::uint8_t> frame) { record(frame); }) {
  std::array<std::uint8_t, 24> header{};
  store_le<std::uint32_t>(&header[0], kMagicNanoseconds);
  store_le<std::uint16_t>(&header[4], 2);
  store_le<std::uint16_t>(&header[6], 4);
  store_le<std::uint32_t>(&header[16], kSnapLength);
  store_le<std::uint32_t>(&header[20], kEthernet);
  write(header);
}

void PcapCapture::write(std::span<const std::uint8_t> bytes) {
  if (failure_) return;
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) {
    failure_ = std::strerror(errno);
  }
}

void PcapCapture::record(std::span<const std::uint8_t> frame) {
  const Nanoseconds now = clock_.now();
  std::array<std::uint8_t, 16> header{};
  store_le<std::uint32_t>(&header[0], static_cast<std::uint32_t>(now / kSecond));
  store_le<std::uint32_t>(&header[4], static_cast<std::uint32_t>(now % kSecond));
  store_le<std::uint32_t>(&header[8], static_cast<std::uint32_t>(frame.size()));
  store_le<std::uint32_t>(&header[12], static_cast<std::uint32_t>(frame.size()));
  write(header);
  write(frame);
  ++frames_;
}

Result<void> PcapCapture::finish() {
  if (std::fflush(file_.get()) != 0 && !failure_) failure_ = std::strerror(errno);
  if (failure_) {
    return Error(fmt::format("capture file {} is not complete: {}", path_.string(), *failure_));
  }
  return network_.finish();
}

std::string PcapCapture::dump() const {
  return fmt::format("capture: {} frames in {}\n", frames_, path_.string()) + network_.dump();
}

}  // namespace ice86::slirp_net
