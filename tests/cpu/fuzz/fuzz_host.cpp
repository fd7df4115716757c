// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/cpu/fuzz/fuzz_host.h"

#include <fmt/format.h>

#include <cstring>

#include "emulator/base/bits.h"

namespace ice86::cpu::fuzz {

FuzzHost::Bytes FuzzHost::allocate(std::uint32_t size) {
  return Bytes(static_cast<std::uint8_t*>(std::aligned_alloc(kPageSize, size)));
}

FuzzHost::FuzzHost(CpuModel model)
    : ram_(allocate(kRamBytes)),
      smram_(allocate(kWindowBytes)),
      rom_(allocate(kWindowBytes)),
      ram_flags_(kRamBytes / kPageSize),
      smram_flags_(kWindowBytes / kPageSize),
      cpu_(*this, trace_, std::move(model)) {
  // Events are made even if nobody looks at them.
  trace_.subscribe(~TraceBus::Mask{0}, [this](const TraceEvent& event) {
    if (!print_events) return;
    fmt::print("  {} at {}:", event.name, event.instruction);
    for (const TraceField& field : event.fields) {
      if (const auto* number = std::get_if<std::uint64_t>(&field.value))
        fmt::print(" {} {:x}", field.key, *number);
    }
    fmt::print("\n");
  });
  Random random(1);
  for (std::uint32_t at = 0; at < kWindowBytes; at += 8)
    store_le<std::uint64_t>(rom_.get() + at, random.next());
}

void FuzzHost::power_on(std::uint64_t seed) {
  std::memset(ram_.get(), 0, kRamBytes);
  std::memset(smram_.get(), 0, kWindowBytes);
  std::fill(ram_flags_.begin(), ram_flags_.end(), std::uint8_t{0});
  std::fill(smram_flags_.begin(), smram_flags_.end(), std::uint8_t{0});
  clock_.instructions() = 0;
  random_.set_state(seed);
  smram_visible_ = ferr_ = false;
  a20_ = true;
  priority_ = 0;
  deadline_ = 0;
  cpu_.forget_code();
  cpu_.set_intr(false);
  cpu_.set_a20(true);
  cpu_.reset(ResetKind::kPowerOn);
}

void FuzzHost::dma_write(std::uint32_t at, std::uint8_t value) {
  if ((ram_flags_[at >> kPageBits] & Ram::kCode) != 0)
    cpu_.code_page_written(ram_.get() + align_down(at, std::uint32_t{kPageSize}));
  ram_.get()[at] = value;
}

void FuzzHost::serialize(Archive& archive) {
  archive.section("fuzz-host", 1, [&] {
    archive.io(std::span(ram_.get(), kRamBytes));
    archive.io(std::span(smram_.get(), kWindowBytes));
    archive.io(clock_.instructions());
    std::uint64_t random = random_.state();
    archive.io(random);
    random_.set_state(random);
    archive.io(smram_visible_);
    archive.io(ferr_);
    archive.io(a20_);
    archive.io(priority_);
    archive.io(deadline_);
  });
  if (archive.loading()) {
    std::fill(ram_flags_.begin(), ram_flags_.end(), std::uint8_t{0});
    std::fill(smram_flags_.begin(), smram_flags_.end(), std::uint8_t{0});
    cpu_.forget_code();
  }
  cpu_.serialize(archive);
}

std::uint64_t FuzzHost::hash() {
  Archive archive = Archive::writer();
  serialize(archive);
  std::uint64_t hash = 0;
  const std::vector<std::uint8_t>& bytes = archive.bytes();
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    hash = (hash ^ load_le<std::uint64_t>(bytes.data() + at)) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 29;
  }
  for (; at < bytes.size(); ++at) hash = mix(hash, bytes[at]);
  return hash;
}

std::uint8_t* FuzzHost::host_at(Gpa gpa, std::uint8_t*& flags) const {
  auto* self = const_cast<FuzzHost*>(this);
  Gpa at = gpa;
  if (at >= kHighAt && at < kHighAt + kWindowBytes) at -= kHighAt;
  if (at >= kAliasAt && at < kAliasAt + kRamBytes) at -= kAliasAt;
  flags = nullptr;
  if (at < kRamBytes) {
    flags = &self->ram_flags_[at >> kPageBits];
    return ram_.get() + at;
  }
  if (smram_visible_ && at >= kSmramAt && at < kSmramAt + kWindowBytes) {
    flags = &self->smram_flags_[(at - kSmramAt) >> kPageBits];
    return smram_.get() + (at - kSmramAt);
  }
  if (at >= kRomAt && at < kRomAt + kWindowBytes) return rom_.get() + (at - kRomAt);
  return nullptr;
}

PageView FuzzHost::page(Gpa gpa) {
  PageView view;
  std::uint8_t* flags = nullptr;
  std::uint8_t* host = host_at(align_down(gpa, kPageSize), flags);
  view.read = host;
  view.read_flags = flags;
  if (flags != nullptr) {
    view.write = host;
    view.write_flags = flags;
  }
  return view;
}

std::uint64_t FuzzHost::memory_peek(Gpa gpa, unsigned width) const {
  std::uint8_t* flags = nullptr;
  const std::uint8_t* host = host_at(gpa, flags);
  if (host == nullptr) return width_mask(width);
  std::uint64_t value = 0;
  std::memcpy(&value, host, width);
  return value;
}

std::uint64_t FuzzHost::memory_read(Gpa gpa, unsigned width) {
  if (gpa < kRegistersAt || gpa >= kRegistersAt + kWindowBytes) return memory_peek(gpa, width);
  if (random_.one_in(16)) board_event(random_.below(16));
  return random_.next() & width_mask(width);
}

void FuzzHost::memory_write(Gpa gpa, unsigned width, std::uint64_t value) {
  if (gpa >= kRegistersAt && gpa < kRegistersAt + kWindowBytes) {
    board_event(static_cast<std::uint32_t>(value & 0xff));
    return;
  }
  std::uint8_t* flags = nullptr;
  std::uint8_t* host = host_at(gpa, flags);
  if (host == nullptr || flags == nullptr) return;
  if ((*flags & Ram::kCode) != 0) {
    const auto offset = static_cast<std::ptrdiff_t>(gpa & kPageMask);
    cpu_.code_page_written(host - offset);
  }
  std::memcpy(host, &value, width);
}

std::uint32_t FuzzHost::port_read(std::uint16_t, unsigned width) {
  if (random_.one_in(16)) board_event(random_.below(16));
  return static_cast<std::uint32_t>(random_.next() & width_mask(width));
}

void FuzzHost::port_write(std::uint16_t port, unsigned, std::uint32_t value) {
  if ((port & 3) == 0) board_event(value & 0xff);
}

// From within the CPU's call of the host: what registers of a board do.
void FuzzHost::board_event(std::uint32_t what) {
  switch (what & 15) {
    case 0: cpu_.set_intr(true); break;
    case 1: cpu_.set_intr(false); break;
    case 2: cpu_.pulse_nmi(); break;
    case 3: cpu_.pulse_smi(); break;
    case 4:
      a20_ = !a20_;
      cpu_.set_a20(a20_);
      break;
    case 5: cpu_.set_ignne((what & 16) != 0); break;
    case 6: cpu_.mapping_changed(); break;
    case 7: cpu_.request_stop(); break;
    case 8:
      dma_write(static_cast<std::uint32_t>(random_.next()) % kRamBytes,
                static_cast<std::uint8_t>(what >> 4));
      break;
    default: break;
  }
}

void FuzzHost::smm_changed(bool in_smm) {
  smram_visible_ = in_smm;
  cpu_.mapping_changed();
}

std::uint8_t FuzzHost::acknowledge_interrupt() {
  if (!random_.one_in(8)) cpu_.set_intr(false);
  return static_cast<std::uint8_t>(random_.next());
}

bool FuzzHost::x2apic_read(std::uint32_t index, std::uint64_t& value) {
  value = random_.next();
  return (index & 1) == 0;
}

bool FuzzHost::x2apic_write(std::uint32_t index, std::uint64_t value) {
  board_event(static_cast<std::uint32_t>(value));
  return (index & 1) == 0;
}

}  // namespace ice86::cpu::fuzz
