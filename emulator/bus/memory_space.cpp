// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/bus/memory_space.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace ice86 {

namespace {

// Addresses above this many bits do not exist (52 is the architectural limit; a board has far
// less).
constexpr unsigned kMostAddressBits = 40;
constexpr unsigned kChunkBits = 21;

bool contains(const MemorySpace::Region& region, Gpa gpa) {
  return gpa - region.base < region.size;  // wraps to a large number below the base
}

// 1, 2, 4 or 8 bytes as a number and back; a width known to the compiler is one instruction, and
// page walks come here for every entry.
std::uint64_t load_bytes(const std::uint8_t* from, unsigned width) {
  switch (width) {
    case 1: return load_le<std::uint8_t>(from);
    case 2: return load_le<std::uint16_t>(from);
    case 4: return load_le<std::uint32_t>(from);
    default: return load_le<std::uint64_t>(from);
  }
}

void store_bytes(std::uint8_t* to, unsigned width, std::uint64_t value) {
  switch (width) {
    case 1: return store_le(to, static_cast<std::uint8_t>(value));
    case 2: return store_le(to, static_cast<std::uint16_t>(value));
    case 4: return store_le(to, static_cast<std::uint32_t>(value));
    default: return store_le(to, value);
  }
}

bool overlaps(const MemorySpace::Region& region, Gpa base, std::uint64_t size) {
  return region.base < base + size && base < region.base + region.size;
}

bool anyone_takes_writes(const std::vector<std::unique_ptr<MemorySpace::Region>>& regions,
                         Gpa page) {
  return std::any_of(regions.begin(), regions.end(), [&](const auto& region) {
    return region->enabled && region->answers_writes && overlaps(*region, page, kPageSize);
  });
}

}  // namespace

MemorySpace::MemorySpace(TraceBus& trace) : trace_(trace) {}

MemorySpace::~MemorySpace() = default;

Result<MemorySpace::Region*> MemorySpace::add(Region region) {
  ICE86_ASSERT(region.size != 0 && region.base + region.size > region.base);
  if (region.ram != nullptr || region.rom != nullptr) {
    ICE86_ASSERT((region.base & kPageMask) == 0 && (region.size & kPageMask) == 0);
  }
  if (region.ram != nullptr) ICE86_ASSERT(region.ram_offset + region.size <= region.ram->size());
  if (region.priority == Priority::kRam || region.priority == Priority::kFixed) {
    for (const auto& other : regions_) {
      if (other->enabled && other->priority == region.priority &&
          overlaps(*other, region.base, region.size)) {
        return Error(fmt::format("memory {:#x}..{:#x} of {} overlaps {}", region.base,
                                 region.base + region.size - 1, region.name, other->name));
      }
    }
  }
  regions_.push_back(std::make_unique<Region>(std::move(region)));
  Region* added = regions_.back().get();
  // Highest priority first; equal ones stay in the order they were added.
  std::stable_sort(regions_.begin(), regions_.end(),
                   [](const auto& a, const auto& b) { return a->priority > b->priority; });
  mapping_changed();
  return added;
}

void MemorySpace::move(Region& region, Gpa base, bool enabled) {
  if (region.base == base && region.enabled == enabled) return;
  // A guest may program any base: one that wraps past the end of the address space shows nothing.
  region.enabled = enabled && base + region.size > base;
  region.base = base;
  mapping_changed();
}

void MemorySpace::set_visibility(Region& region, bool answers_reads, bool answers_writes) {
  if (region.answers_reads == answers_reads && region.answers_writes == answers_writes) return;
  region.answers_reads = answers_reads;
  region.answers_writes = answers_writes;
  mapping_changed();
}

void MemorySpace::mapping_changed() {
  chunks_.clear();
  for (const auto& listener : mapping_listeners_) listener();
}

const MemorySpace::Region* MemorySpace::find(Gpa gpa, Direction direction) const {
  for (const auto& region : regions_) {
    if (!region->enabled || !contains(*region, gpa)) continue;
    if (direction == Direction::kRead ? region->answers_reads : region->answers_writes) {
      return region.get();
    }
  }
  return nullptr;
}

PageView MemorySpace::resolve(Gpa page) const {
  // A region that covers only a part of the page forces the slow path for the whole page, unless a
  // region of higher priority that covers all of it hides it.
  const auto whole = [&](Direction direction) -> const Region* {
    for (const auto& region : regions_) {
      if (!region->enabled || !overlaps(*region, page, kPageSize)) continue;
      if (!(direction == Direction::kRead ? region->answers_reads : region->answers_writes))
        continue;
      const bool covers = region->base <= page && page + kPageSize <= region->base + region->size;
      return covers ? region.get() : nullptr;
    }
    return nullptr;
  };
  PageView view;
  if (const Region* region = whole(Direction::kRead)) {
    if (region->ram != nullptr) {
      const std::uint64_t offset = region->ram_offset + (page - region->base);
      view.read = region->ram->data() + offset;
      view.read_flags = region->ram->page_flags(offset);
    } else if (region->rom != nullptr) {
      view.read = region->rom + (page - region->base);
    }
  }
  if (const Region* region = whole(Direction::kWrite);
      region != nullptr && region->ram != nullptr) {
    const std::uint64_t offset = region->ram_offset + (page - region->base);
    view.write = region->ram->data() + offset;
    view.write_flags = region->ram->page_flags(offset);
  }
  return view;
}

PageView MemorySpace::page(Gpa gpa) {
  if (gpa >> kMostAddressBits != 0) return {};
  const std::size_t index = gpa >> kChunkBits;
  if (index >= chunks_.size()) chunks_.resize(index + 1);
  if (!chunks_[index]) chunks_[index] = std::make_unique<Chunk>();
  Entry& entry = (*chunks_[index])[gpa >> kPageBits & 511];
  if (!entry.known) {
    entry.view = resolve(align_down(gpa, kPageSize));
    entry.known = true;
  }
  return entry.view;
}

void MemorySpace::note_code_write(const std::uint8_t* page) {
  for (const auto& listener : code_listeners_) listener(page);
}

std::uint64_t MemorySpace::read(Gpa gpa, unsigned width) {
  if ((gpa & kPageMask) + width <= kPageSize) {
    if (const PageView view = page(gpa); view.read != nullptr) {
      return load_bytes(view.read + (gpa & kPageMask), width);
    }
    const Region* region = find(gpa, Direction::kRead);
    if (region == nullptr || gpa - region->base + width <= region->size) {
      return access_read(region, gpa, width);
    }
  }
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) value |= std::uint64_t{read_byte(gpa + i)} << (i * 8);
  return value;
}

std::uint64_t MemorySpace::access_read(const Region* region, Gpa gpa, unsigned width) {
  if (region == nullptr) {
    if (trace_.wants(TraceCategory::kMmio)) {
      trace_.emit(TraceCategory::kMmio, "unmapped-read", {{"gpa", gpa}, {"width", width}});
    }
    return floating_bus(width);
  }
  const std::uint64_t offset = gpa - region->base;
  if (region->registers != nullptr && region->rom == nullptr) {
    const std::uint64_t value = region->registers->read(offset, width) & width_mask(width);
    if (trace_.wants(TraceCategory::kMmio)) {
      trace_.emit(TraceCategory::kMmio, "read",
                  {{"region", region->name}, {"gpa", gpa}, {"width", width}, {"value", value}});
    }
    return value;
  }
  const std::uint8_t* bytes = region->ram != nullptr
                                  ? region->ram->data() + region->ram_offset + offset
                                  : region->rom + offset;
  return load_bytes(bytes, width);
}

std::uint8_t MemorySpace::read_byte(Gpa gpa) {
  return static_cast<std::uint8_t>(access_read(find(gpa, Direction::kRead), gpa, 1));
}

void MemorySpace::write(Gpa gpa, unsigned width, std::uint64_t value) {
  if ((gpa & kPageMask) + width <= kPageSize) {
    const PageView view = page(gpa);
    if (view.write != nullptr) {
      if ((*view.write_flags & Ram::kCode) != 0) note_code_write(view.write);
      *view.write_flags |= Ram::kWritten;
      store_bytes(view.write + (gpa & kPageMask), width, value);
      return;
    }
    const Region* region = find(gpa, Direction::kWrite);
    if (region != nullptr && gpa - region->base + width <= region->size && region->ram == nullptr) {
      if (trace_.wants(TraceCategory::kMmio)) {
        trace_.emit(TraceCategory::kMmio, region->registers != nullptr ? "write" : "rom-write",
                    {{"region", region->name}, {"gpa", gpa}, {"width", width}, {"value", value}});
      }
      if (region->registers != nullptr) {
        region->registers->write(gpa - region->base, width, value & width_mask(width));
      }
      return;
    }
  }
  for (unsigned i = 0; i < width; ++i)
    write_byte(gpa + i, static_cast<std::uint8_t>(value >> (i * 8)));
}

void MemorySpace::write_byte(Gpa gpa, std::uint8_t value) {
  const Region* region = find(gpa, Direction::kWrite);
  if (region == nullptr) {
    if (trace_.wants(TraceCategory::kMmio)) {
      trace_.emit(TraceCategory::kMmio, "unmapped-write",
                  {{"gpa", gpa}, {"width", 1U}, {"value", value}});
    }
    return;
  }
  const std::uint64_t offset = gpa - region->base;
  if (region->ram != nullptr) {
    const std::uint64_t at = region->ram_offset + offset;
    std::uint8_t* flags = region->ram->page_flags(at);
    if ((*flags & Ram::kCode) != 0)
      note_code_write(region->ram->data() + align_down(at, kPageSize));
    *flags |= Ram::kWritten;
    region->ram->data()[at] = value;
  } else if (region->registers != nullptr) {
    region->registers->write(offset, 1, value);
  }
}

std::uint64_t MemorySpace::peek(Gpa gpa, unsigned width) const {
  std::array<std::uint8_t, 8> bytes{};
  peek(gpa, std::span(bytes).first(width));
  return load_le<std::uint64_t>(bytes.data());
}

void MemorySpace::read(Gpa gpa, std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const std::size_t part = std::min<std::size_t>(bytes.size(), kPageSize - (gpa & kPageMask));
    if (const PageView view = page(gpa); view.read != nullptr) {
      std::memcpy(bytes.data(), view.read + (gpa & kPageMask), part);
    } else {
      for (std::size_t i = 0; i < part; ++i) bytes[i] = read_byte(gpa + i);
    }
    bytes = bytes.subspan(part);
    gpa += part;
  }
}

void MemorySpace::write(Gpa gpa, std::span<const std::uint8_t> bytes) {
  if (trace_.wants(TraceCategory::kMmio))
    trace_.emit(TraceCategory::kMmio, "dma-write", {{"gpa", gpa}, {"bytes", bytes.size()}});
  while (!bytes.empty()) {
    const std::size_t part = std::min<std::size_t>(bytes.size(), kPageSize - (gpa & kPageMask));
    if (const PageView view = page(gpa); view.write != nullptr) {
      if ((*view.write_flags & Ram::kCode) != 0) note_code_write(view.write);
      *view.write_flags |= Ram::kWritten;
      std::memcpy(view.write + (gpa & kPageMask), bytes.data(), part);
    } else if (!anyone_takes_writes(regions_, align_down(gpa, kPageSize))) {
      // A bus master may be told to fill gigabytes of nothing: page by page, not byte by byte.
      if (trace_.wants(TraceCategory::kMmio)) {
        trace_.emit(TraceCategory::kMmio, "unmapped-write",
                    {{"gpa", gpa}, {"width", std::uint64_t{part}}});
      }
    } else {
      for (std::size_t i = 0; i < part; ++i) write_byte(gpa + i, bytes[i]);
    }
    bytes = bytes.subspan(part);
    gpa += part;
  }
}

// page(), which keeps what it finds, without that.
PageView MemorySpace::known_page(Gpa gpa) const {
  const std::size_t index = gpa >> kChunkBits;
  if (index < chunks_.size() && chunks_[index]) {
    const Entry& entry = (*chunks_[index])[gpa >> kPageBits & 511];
    if (entry.known) return entry.view;
  }
  return resolve(align_down(gpa, kPageSize));
}

std::span<const std::uint8_t> MemorySpace::in_place(Gpa gpa, std::size_t size) const {
  const std::uint64_t offset = gpa & kPageMask;
  const std::uint8_t* page = known_page(gpa).read;
  if (page == nullptr || size > kPageSize - offset) return {};
  return {page + offset, size};
}

void MemorySpace::peek(Gpa gpa, std::span<std::uint8_t> bytes) const {
  const auto byte_at = [&](Gpa at) -> std::uint8_t {
    const Region* region = find(at, Direction::kRead);
    if (region == nullptr) return 0xff;
    const std::uint64_t offset = at - region->base;
    if (region->ram != nullptr) return region->ram->data()[region->ram_offset + offset];
    if (region->rom != nullptr) return region->rom[offset];
    return static_cast<std::uint8_t>(region->registers->peek(offset, 1));
  };
  while (!bytes.empty()) {
    const std::size_t part = std::min<std::size_t>(bytes.size(), kPageSize - (gpa & kPageMask));
    if (const PageView view = known_page(gpa); view.read != nullptr) {
      std::memcpy(bytes.data(), view.read + (gpa & kPageMask), part);
    } else {
      for (std::size_t i = 0; i < part; ++i) bytes[i] = byte_at(gpa + i);
    }
    bytes = bytes.subspan(part);
    gpa += part;
  }
}

}  // namespace ice86
