// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/session/call_scene.h"

#include <fmt/core.h>

namespace ice86::harness {

namespace {

constexpr std::uint32_t kVectorsEnd = 0x400;
constexpr std::size_t kMostCalls = 500'000;
constexpr std::size_t kMostPlaces = 4000;
constexpr std::uint32_t kCodeBytes = 48;
constexpr std::uint32_t kBack = 24;  // before a caller's return address

struct DataField {
  std::uint16_t offset;  // in segment 0040h
  std::uint8_t width;
  std::uint8_t count;
  const char* name;
};
// In order. What is in none of them has no name.
constexpr DataField kFields[] = {{0x00, 2, 4, "serial ports"},
                                 {0x08, 2, 3, "parallel ports"},
                                 {0x0e, 2, 1, "extended data area"},
                                 {0x10, 2, 1, "equipment"},
                                 {0x13, 2, 1, "memory in KB"},
                                 {0x17, 1, 2, "keyboard flags"},
                                 {0x19, 1, 1, "Alt and digits"},
                                 {0x1a, 2, 1, "keyboard buffer head"},
                                 {0x1c, 2, 1, "keyboard tail"},
                                 {0x1e, 2, 16, "keyboard buffer"},
                                 {0x3e, 1, 1, "diskette seek"},
                                 {0x3f, 1, 1, "diskette motors"},
                                 {0x40, 1, 1, "motor time-out"},
                                 {0x41, 1, 1, "diskette status"},
                                 {0x42, 1, 7, "controller status"},
                                 {0x49, 1, 1, "video mode"},
                                 {0x4a, 2, 1, "columns"},
                                 {0x4c, 2, 1, "size of a page"},
                                 {0x4e, 2, 1, "start of the page"},
                                 {0x50, 2, 8, "cursor"},
                                 {0x60, 2, 1, "cursor shape"},
                                 {0x62, 1, 1, "page shown"},
                                 {0x63, 2, 1, "CRT controller"},
                                 {0x65, 1, 1, "video mode register"},
                                 {0x66, 1, 1, "palette"},
                                 {0x67, 4, 1, "resume address"},
                                 {0x6c, 4, 1, "ticks"},
                                 {0x70, 1, 1, "midnight passed"},
                                 {0x71, 1, 1, "break"},
                                 {0x72, 2, 1, "reset flag"},
                                 {0x74, 1, 1, "disk status"},
                                 {0x75, 1, 1, "disks"},
                                 {0x76, 1, 1, "disk control"},
                                 {0x78, 1, 4, "printer time-outs"},
                                 {0x7c, 1, 4, "serial time-outs"},
                                 {0x80, 2, 1, "keyboard buffer start"},
                                 {0x82, 2, 1, "keyboard end"},
                                 {0x84, 1, 1, "rows less one"},
                                 {0x85, 2, 1, "character height"},
                                 {0x87, 1, 2, "video control"},
                                 {0x89, 1, 1, "VGA flags"},
                                 {0x8a, 1, 1, "display combination"},
                                 {0x8b, 1, 1, "diskette data rate"},
                                 {0x90, 1, 4, "diskette media"},
                                 {0x94, 1, 2, "diskette cylinder"},
                                 {0x96, 1, 1, "keyboard mode"},
                                 {0x97, 1, 1, "keyboard lights"},
                                 {0x98, 4, 1, "wait flag address"},
                                 {0x9c, 4, 1, "wait count"},
                                 {0xa0, 1, 1, "wait active"},
                                 {0xa8, 4, 1, "video save area"}};
constexpr std::uint16_t kTicks = 0x6c;

std::uint32_t number_at(const std::uint8_t* bytes, unsigned width) {
  std::uint32_t value = 0;
  for (unsigned i = width; i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

std::string far_text(std::uint32_t vector) {
  return fmt::format("{:04x}:{:04x}", vector >> 16, vector & 0xffff);
}

}  // namespace

CallScene::CallScene(IntRecorder& recorder,
                     std::function<std::uint64_t(std::uint32_t, unsigned)> memory)
    : recorder_(recorder), memory_(std::move(memory)) {}

std::vector<std::string> CallScene::look() {
  std::array<std::uint8_t, kWatched> now;
  for (std::uint32_t at = 0; at < kWatched; at += 8) {
    const std::uint64_t eight = memory_(at, 8);
    for (unsigned i = 0; i < 8; ++i) now[at + i] = static_cast<std::uint8_t>(eight >> 8 * i);
  }
  std::vector<std::string> list;
  if (looked_ && now != seen_) {
    for (std::uint32_t at = 0; at < kVectorsEnd; at += 4) {
      const std::uint32_t was = number_at(&seen_[at], 4), is = number_at(&now[at], 4);
      if (was != is)
        list.push_back(fmt::format("INT {:02x}h: {} to {}", at / 4, far_text(was), far_text(is)));
    }
    const auto data = [&](std::uint32_t offset, unsigned width, const char* name) {
      const std::uint32_t was = number_at(&seen_[kVectorsEnd + offset], width);
      const std::uint32_t is = number_at(&now[kVectorsEnd + offset], width);
      if (was == is || offset == kTicks) return;
      list.push_back(fmt::format("0040:{:04x}{}{}: {:0{}x} to {:0{}x}", offset,
                                 *name != 0 ? " " : "", name, was, 2 * width, is, 2 * width));
    };
    std::uint32_t at = 0;
    for (const DataField& field : kFields) {
      for (; at < field.offset; ++at) data(at, 1, "");
      for (unsigned i = 0; i < field.count; ++i, at += field.width)
        data(at, field.width, field.name);
    }
    for (; at < kWatched - kVectorsEnd; ++at) data(at, 1, "");
  }
  seen_ = now;
  looked_ = true;
  return list;
}

void CallScene::keep_code(std::map<Place, Code>& places, const FarPointer& at, std::uint32_t back) {
  const Place place{at.segment, at.offset};
  if (places.size() >= kMostPlaces || places.count(place) != 0) return;
  Code code;
  const auto offset = static_cast<std::uint32_t>(at.offset);
  code.back = std::min(back, offset);
  const std::uint32_t from = at.segment * 16U + offset - code.back;
  for (std::uint32_t i = 0; i < code.back + kCodeBytes; ++i)
    code.bytes.push_back(static_cast<std::uint8_t>(memory_(from + i, 1)));
  places.emplace(place, std::move(code));
}

void CallScene::interrupt_delivered(const cpu::InterruptDelivery& delivery) {
  const std::size_t before = recorder_.events().size();
  recorder_.interrupt_delivered(delivery);
  if (recorder_.events().size() == before || before >= kMostCalls) return;
  const IntEvent& event = recorder_.events().back();
  keep_code(callers_, event.caller, kBack);
  keep_code(handlers_, event.handler, 0);
  if (auto list = look(); !list.empty()) changes_[event.number].before = std::move(list);
  // Calls of this depth or deeper have been left, by whatever way.
  while (open_.size() > event.depth) open_.pop_back();
  open_.push_back(event.number);
}

void CallScene::far_transfer(cpu::FarTransfer kind) {
  recorder_.far_transfer(kind);
  for (std::size_t i = open_.size(); i-- > 0;) {
    if (!recorder_.events()[open_[i]].out) continue;
    if (auto list = look(); !list.empty()) changes_[open_[i]].during = std::move(list);
    open_.resize(i);
    return;
  }
}

}  // namespace ice86::harness
