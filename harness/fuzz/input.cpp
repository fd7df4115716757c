// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/fuzz/input.h"

#include <algorithm>

#include "emulator/base/bits.h"

namespace ice86::harness {

namespace {

// ES is a multiple of 4 KiB below 576 KiB: nothing of the caller's or the BIOS's own is there.
std::uint16_t buffer_segment(std::uint8_t choice) {
  constexpr std::uint32_t kStride = 0x1000;
  constexpr std::uint32_t kPlaces = (rig::kBuffersEnd - rig::kBuffers) / kStride;
  return static_cast<std::uint16_t>((rig::kBuffers + choice % kPlaces * kStride) >> 4);
}

CallStep call_of(const std::uint8_t* s) {
  CallStep call;
  Registers& in = call.in;
  // What 16-bit code leaves alone shows, when it is touched.
  constexpr std::uint32_t kUpper = 0x5aa50000;
  in.eax = kUpper | load_le<std::uint16_t>(s + 1);
  in.ebx = kUpper | load_le<std::uint16_t>(s + 3);
  in.ecx = kUpper | load_le<std::uint16_t>(s + 5);
  in.edx = kUpper | load_le<std::uint16_t>(s + 7);
  // The packet is at DS:SI; SI is the caller's to choose, as long as it fits into the caller's
  // page.
  in.esi = kUpper | (load_le<std::uint16_t>(s + 9) & 0x7ff);
  in.edi = kUpper | (load_le<std::uint16_t>(s + 11) & 0x7fff);
  in.ebp = kUpper | 0x1234;
  in.es = buffer_segment(s[13]);
  in.ds = rig::kPacketSegment;
  in.flags = 0x2 | ((s[15] & 1) != 0 ? 0x200u : 0u) | (s[15] >> 1 & 1u);
  std::copy_n(s + 16, call.packet.size(), call.packet.begin());
  // A buffer address inside a packet of EDD (offset 4, far pointer) is bent to where buffers are.
  if (in.ah() >= 0x42 && in.ah() <= 0x44)
    store_le<std::uint16_t>(call.packet.data() + 6, buffer_segment(call.packet[7]));
  return call;
}

}  // namespace

void append_call(Input& input, const Registers& in, std::span<const std::uint8_t, 16> packet) {
  input.resize(input.size() + kStepBytes);
  std::uint8_t* s = input.data() + input.size() - kStepBytes;
  const std::uint32_t words[] = {in.eax, in.ebx, in.ecx, in.edx, in.esi, in.edi};
  for (std::size_t i = 0; i < std::size(words); ++i)
    store_le<std::uint16_t>(s + 1 + 2 * i, static_cast<std::uint16_t>(words[i]));
  s[15] = 1;
  std::copy(packet.begin(), packet.end(), s + 16);
}

std::size_t steps_in(std::span<const std::uint8_t> input) {
  return std::min((input.size() + kStepBytes - 1) / kStepBytes, kMostSteps);
}

FuzzStep decode_step(std::span<const std::uint8_t> input, std::size_t index) {
  std::array<std::uint8_t, kStepBytes> bytes{};
  const auto rest = input.subspan(std::min(input.size(), index * kStepBytes));
  std::copy_n(rest.begin(), std::min(rest.size(), bytes.size()), bytes.begin());
  const std::uint8_t* s = bytes.data();
  FuzzStep step{};
  switch (s[0] & 7) {
    case 6:
      step.kind = FuzzStep::Kind::kEvent;
      if ((s[1] & 1) != 0) step.event.key = s[2];
      step.event.interrupts = (s[1] & 2) != 0;
      break;
    case 7:
      step.kind = FuzzStep::Kind::kDisk;
      step.disk = {s[1], s[2], load_le<std::uint32_t>(s + 3), s[7], s[8]};
      break;
    default: step.kind = FuzzStep::Kind::kCall; step.call = call_of(s);
  }
  return step;
}

}  // namespace ice86::harness
