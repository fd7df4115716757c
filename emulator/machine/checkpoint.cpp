// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/checkpoint.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "emulator/machine/pc_parts.h"

namespace ice86::machine {

// One that has changed is found by looking at its state: that is cheap beside a load.
struct Checkpoint::Part {
  Pc::Parts::StatefulPart part;
  std::vector<std::uint8_t> state;
};

struct Checkpoint::Memory {
  Ram* ram = nullptr;
  std::unique_ptr<Ram> kept;           // the same size; pages of zeros take no host memory
  std::vector<std::uint32_t> written;  // since then, not sorted, maybe twice
};

namespace {

// Memory goes back by its written pages, not with the parts it belongs to.
class MemoryApart final : public MemoryKeeper {
 public:
  void save(const std::string&, std::span<std::uint8_t>, std::span<std::uint8_t>) override {}
  bool load(const std::string&, std::span<std::uint8_t>, std::span<std::uint8_t>) override {
    return true;
  }
};

bool all_zero(const std::uint8_t* page) {
  return page[0] == 0 && std::memcmp(page, page + 1, kPageSize - 1) == 0;
}

}  // namespace

void copy_page(std::uint8_t* to, const std::uint8_t* from) {
  typedef std::uint64_t Pair __attribute__((vector_size(16)));
  using Line = std::array<Pair, 4>;
  for (std::size_t at = 0; at < kPageSize; at += sizeof(Line)) {
    Line now, kept;
    std::memcpy(&now, to + at, sizeof now);
    std::memcpy(&kept, from + at, sizeof kept);
    const Pair some =
        (now[0] ^ kept[0]) | (now[1] ^ kept[1]) | (now[2] ^ kept[2]) | (now[3] ^ kept[3]);
    if ((some[0] | some[1]) != 0) std::memcpy(to + at, &kept, sizeof kept);
  }
}

Checkpoint::Checkpoint(Pc& pc) : pc_(pc) {}
Checkpoint::~Checkpoint() = default;

Result<std::unique_ptr<Checkpoint>> Checkpoint::take(Pc& pc) {
  std::unique_ptr<Checkpoint> point(new Checkpoint(pc));
  Pc::Parts& p = *pc.parts_;
  ICE86_TRY(point->add(p.memory->ram()));
  ICE86_TRY(point->add(p.vga_card->vram()));
  if (p.memory->vars() != nullptr) ICE86_TRY(point->add(*p.memory->vars()));
  MemoryApart apart;
  for (Pc::Parts::StatefulPart& part : p.stateful_parts()) {
    Archive archive = Archive::writer(&apart);
    part.serialize(archive);
    ICE86_ASSERT(archive.finish());
    point->parts_.push_back({std::move(part), archive.bytes()});
  }
  point->touches_ = std::make_unique<TouchLog>(TouchLog::Board{
      p.ports, p.space, p.clock, {p.ata[0].get(), p.ata[1].get()}, p.touched_from_outside});
  p.cpu.mapping_changed();  // few pages in its TLB make dirty_flags_taken() cheap
  return point;
}

Result<void> Checkpoint::add(Ram& ram) {
  ICE86_TRY_ASSIGN(auto kept, Ram::create("checkpoint", ram.size()));
  for (std::uint64_t at = 0; at < ram.size(); at += kPageSize) {
    if (!all_zero(ram.data() + at)) std::memcpy(kept->data() + at, ram.data() + at, kPageSize);
  }
  std::vector<std::uint32_t> before;
  ram.take_dirty(before);
  memories_.push_back({&ram, std::move(kept), {}});
  return {};
}

std::size_t Checkpoint::go_back(Memory& memory) {
  Ram& ram = *memory.ram;
  ram.take_dirty(memory.written);
  const std::size_t count = memory.written.size();
  for (const std::uint32_t number : memory.written) {
    const std::uint64_t at = std::uint64_t{number} << kPageBits;
    std::uint8_t* const page = ram.data() + at;
    const std::uint8_t* const kept = memory.kept->data() + at;
    std::uint8_t& flags = *ram.page_flags(at);
    if ((flags & Ram::kCode) != 0) {
      // Data beside code: what was decoded stays unless its own bytes change back.
      for (std::uint32_t i = 0; i < kPageSize; ++i) {
        if (page[i] == kept[i]) continue;
        const std::uint32_t first = i;
        while (i < kPageSize && page[i] != kept[i]) ++i;
        pc_.parts_->cpu.code_bytes_written(page, first, i - first);
      }
    }
    copy_page(page, kept);
    flags |= Ram::kRepaint;
  }
  memory.written.clear();
  return count;
}

Checkpoint::Cost Checkpoint::go_back() {
  Pc::Parts& p = *pc_.parts_;
  Cost cost;
  for (Memory& memory : memories_) cost.pages += go_back(memory);
  MemoryApart apart;
  const unsigned touched = touches_->groups();
  for (const auto& [part, state] : parts_) {
    if ((part.groups & touched) == 0) continue;
    Archive look = Archive::matcher(state, &apart);
    part.serialize(look);
    if (!look.differs()) continue;
    Archive load = Archive::reader(state, &apart);
    part.serialize(load);
    ICE86_ASSERT(load.finish());
    ++cost.parts;
  }
  p.loaded();
  p.cpu.dirty_flags_taken();
  touches_->forget();
  return cost;
}

bool Checkpoint::is_restored() const {
  MemoryApart apart;
  for (const auto& [part, state] : parts_) {
    Archive look = Archive::matcher(state, &apart);
    part.serialize(look);
    if (look.differs()) return false;
  }
  return std::all_of(memories_.begin(), memories_.end(), [](const Memory& memory) {
    const auto now = std::as_const(*memory.ram).bytes();
    return std::memcmp(now.data(), memory.kept->data(), now.size()) == 0;
  });
}

const std::vector<std::uint32_t>& Checkpoint::written_pages() {
  Memory& main = memories_.front();
  const std::size_t before = main.written.size();
  main.ram->take_dirty(main.written);
  written_.assign(main.written.begin() + static_cast<std::ptrdiff_t>(before), main.written.end());
  if (!written_.empty()) pc_.parts_->cpu.dirty_flags_taken();
  return written_;
}

std::span<const std::uint8_t, kPageSize> Checkpoint::page(std::uint32_t number) const {
  const Ram& kept = *memories_.front().kept;
  return std::span<const std::uint8_t, kPageSize>(
      kept.data() + (std::uint64_t{number} << kPageBits), kPageSize);
}

std::span<const std::uint8_t> Checkpoint::memory() const {
  return std::as_const(*memories_.front().ram).bytes();
}

}  // namespace ice86::machine
