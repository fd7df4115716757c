// SPDX-License-Identifier: LGPL-2.1-or-later
#include "devices/fw_cfg/fw_cfg.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "emulator/base/assert.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

// Selector register: bit 14 asked for write access once and is ignored.
constexpr std::uint16_t kWriteChannel = 0x4000;
constexpr std::uint16_t kNothing = 0xffff;  // what a key without an item shows in State::key
// kId: what the interface can do.
constexpr std::uint32_t kTraditional = 1, kHasDma = 2;
// FWCfgDmaAccess: control (big-endian), length, address.
constexpr std::size_t kAccessBytes = 16;
constexpr std::uint32_t kError = 1, kRead = 2, kSkip = 4, kSelect = 8, kWrite = 16;
// One entry of the file directory is 64 bytes: size, selector, reserved, name; all big-endian.
constexpr std::size_t kNameBytes = 56;

constexpr std::array<std::uint8_t, 8> kDmaSignature = {'Q', 'E', 'M', 'U', ' ', 'C', 'F', 'G'};

std::uint64_t load_be(const std::uint8_t* from, unsigned bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < bytes; ++i) value = value << 8 | from[i];
  return value;
}

void append_be(FwCfg::Bytes& to, std::uint64_t value, unsigned bytes) {
  while (bytes-- > 0) to.push_back(static_cast<std::uint8_t>(value >> (bytes * 8)));
}

std::uint32_t swapped(std::uint64_t value) {
  std::array<std::uint8_t, 4> bytes{};
  store_le(bytes.data(), static_cast<std::uint32_t>(value));
  return static_cast<std::uint32_t>(load_be(bytes.data(), 4));
}

}  // namespace

FwCfg::FwCfg(DmaPort dma, TraceBus& trace) : dma_(dma), trace_(trace) {
  items_[kSignature].bytes = {'Q', 'E', 'M', 'U'};
  items_[kId].bytes = {kTraditional | kHasDma, 0, 0, 0};
  make_directory();
}

void FwCfg::set_item(std::uint16_t key, Bytes bytes) {
  ICE86_ASSERT(key != kSignature && key != kId && key != kFileDirectory);
  ICE86_ASSERT((key & kWriteChannel) == 0 && (key & ~0x8000U) < kFirstFile);
  items_[key].bytes = std::move(bytes);
}

bool FwCfg::has_file(const std::string& name) const {
  return std::any_of(items_.begin(), items_.end(),
                     [&](const auto& item) { return item.second.name == name; });
}

Result<FwCfg::Item*> FwCfg::new_file(const std::string& name) {
  if (name.empty() || name.size() > kMostNameLength || name.find('\0') != std::string::npos) {
    return usage_error(fmt::format("fw_cfg: the name '{}' has {} characters: 1 to {} are possible",
                                   name, name.size(), kMostNameLength));
  }
  unsigned files = 0;
  for (auto& [key, item] : items_) {
    if (key < kFirstFile || key >= kFirstFile + kMostFiles) continue;
    if (item.name == name) return &item;
    ++files;
  }
  if (files == kMostFiles) return usage_error("fw_cfg: too many files");
  Item& item = items_[static_cast<std::uint16_t>(kFirstFile + files)];
  item.name = name;
  return &item;
}

Result<void> FwCfg::add_file(const std::string& name, Bytes bytes) {
  if (bytes.size() > kMostFileSize) {
    return usage_error(fmt::format("fw_cfg: {}: {} bytes are more than the {} MiB of a file", name,
                                   bytes.size(), kMostFileSize >> 20));
  }
  ICE86_TRY_ASSIGN(Item* const item, new_file(name));
  item->bytes = std::move(bytes);
  item->make = nullptr;
  make_directory();
  return {};
}

Result<void> FwCfg::add_file(const std::string& name, std::size_t size,
                             std::function<Bytes()> make) {
  ICE86_TRY(add_file(name, Bytes(size)));
  ICE86_TRY_ASSIGN(Item* const item, new_file(name));
  item->make = std::move(make);
  return {};
}

// Sorted by name, as QEMU lists them.
void FwCfg::make_directory() {
  std::vector<std::pair<std::uint16_t, const Item*>> files;
  for (const auto& [key, item] : items_) {
    if (!item.name.empty()) files.emplace_back(key, &item);
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.second->name < b.second->name; });
  Bytes directory;
  append_be(directory, files.size(), 4);
  for (const auto& [key, item] : files) {
    append_be(directory, item->bytes.size(), 4);
    append_be(directory, key, 2);
    append_be(directory, 0, 2);
    directory.insert(directory.end(), item->name.begin(), item->name.end());
    directory.insert(directory.end(), kNameBytes - item->name.size(), 0);
  }
  items_[kFileDirectory].bytes = std::move(directory);
}

const FwCfg::Item* FwCfg::selected() const {
  const auto found = items_.find(state_.key);
  return found == items_.end() ? nullptr : &found->second;
}

void FwCfg::select(std::uint16_t key) {
  state_.key = key & static_cast<std::uint16_t>(~kWriteChannel);
  state_.offset = 0;
  const auto found = items_.find(state_.key);
  if (found == items_.end()) {
    state_.key = kNothing;
    return;
  }
  Item& item = found->second;
  if (item.make) {
    Bytes bytes = item.make();
    made_ = ++last_made_;
    bytes.resize(item.bytes.size());  // the directory has said how long it is
    item.bytes = std::move(bytes);
  }
  if (trace_.wants(TraceCategory::kIo)) {
    trace_.emit(TraceCategory::kIo, "fw-cfg-select",
                {{"key", std::uint64_t{state_.key}},
                 {"name", item.name},
                 {"size", std::uint64_t{item.bytes.size()}}});
  }
}

// Past the end, and without an item, the data register reads as zeros.
std::uint8_t FwCfg::current_byte() const {
  const Item* const item = selected();
  return item != nullptr && state_.offset < item->bytes.size() ? item->bytes[state_.offset] : 0;
}

std::uint8_t FwCfg::next_byte() {
  const std::uint8_t byte = current_byte();
  const Item* const item = selected();
  if (item != nullptr && state_.offset < item->bytes.size()) ++state_.offset;
  return byte;
}

// --- ports

std::uint64_t FwCfg::read_port(std::uint64_t, unsigned width) {
  // Both ports show the data register; a 16-bit access can only select.
  return width == 1 ? next_byte() : floating_bus(width);
}

std::uint64_t FwCfg::peek_port(std::uint64_t, unsigned width) const {
  return width == 1 ? current_byte() : floating_bus(width);
}

void FwCfg::write_port(std::uint64_t offset, unsigned width, std::uint64_t value) {
  if (offset == 0 && width == 2) select(static_cast<std::uint16_t>(value));
}

std::uint64_t FwCfg::peek_dma(std::uint64_t offset, unsigned width) const {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width && offset + i < kDmaSignature.size(); ++i) {
    value |= std::uint64_t{kDmaSignature[offset + i]} << (i * 8);
  }
  return value;
}

// The address is big-endian: its high half, then its low half, which starts the transfer.
void FwCfg::write_dma(std::uint64_t offset, unsigned width, std::uint64_t value) {
  if (width != 4) return;
  if (offset == 0) {
    state_.dma_address = swapped(value);
  } else if (offset == 4) {
    const std::uint64_t address = std::uint64_t{state_.dma_address} << 32 | swapped(value);
    state_.dma_address = 0;
    run_dma(address);
  }
}

void FwCfg::run_dma(std::uint64_t address) {
  std::array<std::uint8_t, kAccessBytes> access{};
  dma_.read(address, access);
  const auto control = static_cast<std::uint32_t>(load_be(access.data(), 4));
  const auto length = static_cast<std::uint32_t>(load_be(access.data() + 4, 4));
  const bool good = transfer(control, length, load_be(access.data() + 8, 8));
  const std::array<std::uint8_t, 4> result = {0, 0, 0,
                                              static_cast<std::uint8_t>(good ? 0 : kError)};
  dma_.write(address, result);
}

// False: the error bit. Every item is read-only for the guest.
bool FwCfg::transfer(std::uint32_t control, std::uint32_t length, std::uint64_t address) {
  if ((control & kSelect) != 0) select(static_cast<std::uint16_t>(control >> 16));
  if ((control & (kRead | kWrite | kSkip)) == 0) return true;
  if ((control & kRead) == 0 && (control & kWrite) != 0) return false;
  // An address range that wraps around is none.
  if (length != 0 && address + (length - 1) < address) return false;
  const Item* const item = selected();
  const std::size_t size = item != nullptr ? item->bytes.size() : 0;
  const std::size_t there =
      std::min<std::size_t>(length, size - std::min<std::size_t>(size, state_.offset));
  if ((control & kRead) != 0) {
    if (there != 0) dma_.write(address, std::span(item->bytes).subspan(state_.offset, there));
    static constexpr std::array<std::uint8_t, kPageSize> kZeros{};
    for (std::uint64_t done = there; done < length;) {
      const std::size_t part =
          std::min<std::uint64_t>(length - done, kPageSize - ((address + done) & kPageMask));
      dma_.write(address + done, std::span(kZeros).first(part));
      done += part;
    }
  }
  state_.offset += static_cast<std::uint32_t>(there);
  return true;
}

// --- state

void FwCfg::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  state_ = State{};
  // What the firmware has arranged is gone: so are the tables that tell of it.
  for (auto& [key, item] : items_) {
    if (item.make) item.bytes.assign(item.bytes.size(), 0);
  }
  made_ = ++last_made_;
}

void FwCfg::serialize(Archive& archive) {
  archive.section("fw-cfg", 1, [&] {
    archive.io(state_.key);
    archive.io(state_.offset);
    archive.io(state_.dma_address);
    if (archive.memories() != nullptr) {  // for this process alone
      archive.io(made_);
      if (archive.matching()) return;
    } else if (archive.loading()) {
      made_ = ++last_made_;
    }
    for (auto& [key, item] : items_) {
      if (item.make) archive.io(std::span(item.bytes));
    }
  });
}

std::string FwCfg::dump() const {
  std::string text = fmt::format("key={:04x} offset={}\n", state_.key, state_.offset);
  for (const auto& [key, item] : items_) {
    text += fmt::format("  {:04x} {:8} {}\n", key, item.bytes.size(), item.name);
  }
  return text;
}

}  // namespace ice86::devices
