// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/pc_network.h"

#include <fmt/core.h>

namespace ice86::machine {

Result<void> PcNetwork::plug(const std::vector<NicConfig>& configs, unsigned first_device,
                             Clock& clock, TraceBus& trace, MemorySpace& space,
                             devices::PciBus& pci, const Interrupt& interrupt) {
  if (configs.size() > kMostCards) {
    return usage_error(
        fmt::format("{} network cards: the board has place for {}", configs.size(), kMostCards));
  }
  for (std::size_t i = 0; i < configs.size(); ++i) {
    const unsigned device = first_device + static_cast<unsigned>(i);
    auto slot = std::make_unique<Slot>();
    slot->inta.connect([interrupt, device](bool high) { interrupt(device, high); });
    devices::E1000::Config card;
    card.name = fmt::format("e1000-{}", i);
    card.mac = configs[i].mac;
    card.option_rom = configs[i].option_rom;
    ICE86_TRY_ASSIGN(slot->card, devices::E1000::create(clock, slot->inta, DmaPort(space), trace,
                                                        std::move(card)));
    ICE86_TRY_ASSIGN(slot->network, configs[i].network(clock, trace, fmt::format("net{}", i)));
    if (configs[i].outside) {
      auto gate = std::make_unique<NetworkGate>(static_cast<unsigned>(i), std::move(slot->network));
      slot->gate = gate.get();
      slot->network = std::move(gate);
    }
    if (configs[i].capture) {
      ICE86_TRY_ASSIGN(slot->network, configs[i].capture(clock, std::move(slot->network)));
    }
    PacketEnd::connect(*slot->card, slot->network->port());
    pci.attach(device, 0, *slot->card);
    slots_.push_back(std::move(slot));
  }
  return {};
}

bool PcNetwork::wait(Nanoseconds idle) {
  bool came = false, waited = false;
  for (const auto& slot : slots_) {
    if (!slot->network->traffic_outstanding()) continue;
    came = slot->network->poll(waited ? 0 : idle) || came;
    waited = true;
  }
  return came;
}

void PcNetwork::on_frame(const NetworkGate::Told& told) {
  for (const auto& slot : slots_) {
    if (slot->gate != nullptr) slot->gate->on_frame(told);
  }
}

void PcNetwork::close_outside(bool closed) {
  for (const auto& slot : slots_) {
    if (slot->gate != nullptr) slot->gate->close(closed);
  }
}

void PcNetwork::give(const FrameInput& frame) {
  if (frame.card < slots_.size() && slots_[frame.card]->gate != nullptr)
    slots_[frame.card]->gate->give(frame);
}

Result<void> PcNetwork::finish() {
  for (const auto& slot : slots_) ICE86_TRY(slot->network->finish());
  return {};
}

void PcNetwork::reset(ResetKind kind) {
  for (const auto& slot : slots_) slot->card->reset(kind);
}

void PcNetwork::serialize(Archive& archive) {
  auto count = static_cast<std::uint32_t>(slots_.size());
  archive.io(count);
  if (!archive.ok()) return;
  if (count != slots_.size()) {
    return archive.fail("it is of a machine with another number of network cards");
  }
  for (const auto& slot : slots_) {
    slot->card->serialize(archive);
    slot->network->serialize(archive);
  }
}

std::string PcNetwork::dump() const {
  std::string text;
  for (const auto& slot : slots_) text += slot->card->dump() + slot->network->dump();
  return text;
}

}  // namespace ice86::machine
