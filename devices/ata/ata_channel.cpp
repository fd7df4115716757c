// SPDX-License-Identifier: LGPL-2.1-or-later
// Who on the cable answers which register, and what an empty place looks like.
// Reference: ATA/ATAPI-6 (T13/1410D revision 3b), sections 7, 9.16.
#include "devices/ata/ata_channel.h"

#include <fmt/core.h>

#include <utility>

#include "emulator/base/assert.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

// With nobody driving the bus, the host's pull-down on DD7 (annex A) shows BSY as zero; the other
// lines float high.
constexpr std::uint8_t kFloatingByte = 0x7F;
constexpr std::uint32_t kFloatingData = 0xFF7F'FF7F;

constexpr std::uint8_t kExecuteDeviceDiagnostic = 0x90;
constexpr std::uint8_t kDeviceReset = 0x08;

}  // namespace

AtaChannel::AtaChannel(Clock& clock, LevelLine& intrq, TraceBus& trace, std::string name)
    : clock_(clock), intrq_(intrq), trace_(trace), name_(std::move(name)) {}

void AtaChannel::attach(unsigned place, BlockBackend& medium, AtaDisk::Config config) {
  ICE86_ASSERT(!devices_.at(place));
  AtaHost& host = *this;
  devices_.at(place) = std::make_unique<AtaDisk>(
      clock_, trace_, host, fmt::format("{}-{}", name_, place), place, medium, std::move(config));
}

void AtaChannel::attach_cdrom(unsigned place, BlockBackend* medium, AtapiCdrom::Config config) {
  ICE86_ASSERT(!devices_.at(place));
  AtaHost& host = *this;
  auto drive = std::make_unique<AtapiCdrom>(
      clock_, trace_, host, fmt::format("{}-{}", name_, place), place, medium, std::move(config));
  cdroms_.at(place) = drive.get();
  devices_.at(place) = std::move(drive);
}

// --- command block
// -------------------------------------------------------------------------------------

std::uint8_t AtaChannel::register_value(unsigned index) const {
  const bool hob = (state_.device_control & ata::kHob) != 0;
  if (const AtaDevice* device = selected()) {
    // A busy device shows its status in every register.
    if (device->busy()) return device->status();
    return device->peek_register(index, hob);
  }
  if (empty()) return kFloatingByte;
  // Device 0 answers for a device 1 that is not there. By section 9.16.1 it shows its own registers
  // and a status of zero; Bochs and QEMU return zero for all of them, and the Bochs BIOS, which
  // takes what it reads back from the other registers for a device, was written against that. We
  // follow them.
  if (state_.selected1) return 0;
  return kFloatingByte;  // device 1 does not answer for device 0
}

std::uint64_t AtaChannel::peek_command_block(std::uint64_t offset, unsigned width) const {
  if (offset != ata::kData) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i) {
      const auto index = static_cast<unsigned>(offset) + i;
      value |= std::uint64_t{index < 8 ? register_value(index) : 0xFFU} << (i * 8);
    }
    return value;
  }
  if (const AtaDevice* device = selected()) {
    return device->peek_data(width < 4 ? 2 : 4) & width_mask(width);
  }
  return kFloatingData & width_mask(width);
}

std::uint64_t AtaChannel::read_command_block(std::uint64_t offset, unsigned width) {
  if (offset == ata::kData) {
    AtaDevice* device = selected();
    // The Data register is 16 bits wide; a byte access takes the low half of a whole transfer.
    if (device == nullptr) return kFloatingData & width_mask(width);
    return device->read_data(width < 4 ? 2 : 4) & width_mask(width);
  }
  const std::uint64_t value = peek_command_block(offset, width);
  if (offset <= ata::kStatusCommand && offset + width > ata::kStatusCommand) {
    if (AtaDevice* device = selected()) device->acknowledge_interrupt();
  }
  return value;
}

void AtaChannel::write_command_block(std::uint64_t offset, unsigned width, std::uint64_t value) {
  if (offset == ata::kData) {
    if (AtaDevice* device = selected()) {
      device->write_data(width < 4 ? 2 : 4, static_cast<std::uint32_t>(value & width_mask(width)));
    }
    return;
  }
  // The registers are bytes: a wider access is several.
  for (unsigned i = 0; i < width && offset + i < 8; ++i) {
    write_register(static_cast<unsigned>(offset) + i, static_cast<std::uint8_t>(value >> (i * 8)));
  }
}

void AtaChannel::write_register(unsigned index, std::uint8_t value) {
  state_.device_control &= static_cast<std::uint8_t>(~ata::kHob);
  AtaDevice* chosen = selected();
  if (index != ata::kStatusCommand) {
    if (chosen != nullptr && (chosen->busy() || chosen->drq())) {
      return violation("register written while BSY or DRQ");
    }
    for (auto& device : devices_) {
      if (device && !device->busy() && !device->drq()) device->write_register(index, value);
    }
    if (index == ata::kDevice) {
      state_.selected1 = (value & ata::kDeviceDev) != 0;
      interrupt_changed();
    }
    return;
  }
  if (value == kExecuteDeviceDiagnostic) {
    if (chosen != nullptr && (chosen->busy() || chosen->drq()))
      return violation("command while BSY or DRQ");
    for (auto& device : devices_) {
      if (device) device->run_diagnostic();
    }
    state_.selected1 = false;
    interrupt_changed();
    return;
  }
  if (chosen == nullptr) return;  // nobody listens
  // DEVICE RESET is the one command a packet device takes at any time (section 9.11).
  const bool packet_reset = value == kDeviceReset && cdroms_[state_.selected1 ? 1 : 0] != nullptr;
  if ((chosen->busy() || chosen->drq()) && !packet_reset)
    return violation("command while BSY or DRQ");
  chosen->write_command(value);
}

// --- control block
// -------------------------------------------------------------------------------------

std::uint64_t AtaChannel::peek_control_block(std::uint64_t offset, unsigned width) const {
  if (offset != 0 || width != 1) return floating_bus(width);
  return register_value(ata::kStatusCommand);
}

void AtaChannel::write_control_block(std::uint64_t offset, unsigned, std::uint64_t value) {
  if (offset != 0) return;
  const std::uint8_t old = state_.device_control;
  state_.device_control = static_cast<std::uint8_t>(value) & (ata::kHob | ata::kSrst | ata::kNien);
  const bool was_held = (old & ata::kSrst) != 0;
  const bool held = (value & ata::kSrst) != 0;
  for (auto& device : devices_) {
    if (device && held && !was_held) device->hold_reset();
    if (device && !held && was_held) device->release_reset();
  }
  if (held) state_.selected1 = false;
  interrupt_changed();
}

// --- lines
// ---------------------------------------------------------------------------------------------

// Only the selected device drives INTRQ, and only while nIEN is zero.
bool AtaChannel::intrq() const {
  const AtaDevice* device = selected();
  return device != nullptr && device->interrupt_pending() &&
         (state_.device_control & ata::kNien) == 0;
}

void AtaChannel::interrupt_changed() {
  const bool level = intrq();
  if (level && !intrq_.high() && master_ != nullptr) master_->interrupt_raised();
  intrq_.set(level);
}

void AtaChannel::dma_request() {
  if (master_ != nullptr) master_->dma_requested();
}

bool AtaChannel::dmarq() const {
  return selected() != nullptr && selected()->dma_pending();
}
bool AtaChannel::dma_to_host() const {
  return selected() != nullptr && selected()->dma_to_host();
}

std::size_t AtaChannel::dma_in(std::span<std::uint8_t> bytes) {
  return selected() != nullptr ? selected()->dma_in(bytes) : 0;
}

std::size_t AtaChannel::dma_out(std::span<const std::uint8_t> bytes) {
  return selected() != nullptr ? selected()->dma_out(bytes) : 0;
}

void AtaChannel::violation(std::string_view what) const {
  if (!trace_.wants(TraceCategory::kDisk)) return;
  const AtaDevice* device = selected();
  trace_.emit(TraceCategory::kDisk, "protocol-violation",
              {{"device", device != nullptr ? device->name() : name_},
               {"what", std::string(what)},
               {"status", register_value(ata::kStatusCommand)}});
}

// --- state
// ---------------------------------------------------------------------------------------------

void AtaChannel::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  state_ = State();
  for (auto& device : devices_) {
    if (device) device->reset(kind);
  }
  interrupt_changed();
}

void AtaChannel::serialize(Archive& archive) {
  archive.section(name_, 1, [&] {
    archive.io(state_.device_control);
    archive.io(state_.selected1);
    for (auto& device : devices_) {
      bool present = device != nullptr;
      archive.io(present);
      if (archive.ok() && present != (device != nullptr)) {
        return archive.fail("the machine has other drives");
      }
      if (device) device->serialize(archive);
    }
  });
  if (archive.loading()) intrq_.restore(intrq());
}

std::string AtaChannel::dump() const {
  std::string text =
      fmt::format("{}: device {} selected, device control {:02x}{}\n", name_,
                  state_.selected1 ? 1 : 0, state_.device_control, intrq() ? ", INTRQ" : "");
  for (const auto& device : devices_) {
    if (device) text += device->dump();
  }
  return text;
}

}  // namespace ice86::devices
