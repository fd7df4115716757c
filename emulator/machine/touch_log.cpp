// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/touch_log.h"

#include <string_view>
#include <utility>

namespace ice86::machine {

namespace {

struct Name {
  std::string_view text;
  unsigned groups;
};

// By the names that pc_parts.cpp gives. What is missing here is kAll: slower, and never wrong.
constexpr Name kPlaces[] = {
    {"dma1", group::kFloppy},      {"dma2", group::kFloppy},
    {"dma-pages", group::kFloppy}, {"floppy", group::kFloppy},
    {"pit", group::kTimer},        {"port61", group::kTimer},
    {"hpet", group::kHpet},        {"i8042", group::kKeyboard},
    {"rtc", group::kRtc},          {"vga", group::kVideo},
    {"vga-dispi", group::kVideo},  {"vga-window", group::kVideo},
    {"uart", group::kSerial},      {"lpt0", group::kParallel},
    {"post", group::kDebug},       {"port-e9", group::kDebug},
    {"port-402", group::kDebug},   {"debug-exit", group::kNone},
    {"pic0", group::kNone},        {"pic1", group::kNone},
    {"elcr0", group::kNone},       {"elcr1", group::kNone},
    {"ioapic", group::kNone},      {"local-apic", group::kNone},
    {"port92", group::kNone},      {"coprocessor-error", group::kNone},
};

// What the timers' names begin with.
constexpr Name kTimers[] = {
    {"ata0", group::kAta0},      {"ata1", group::kAta1},      {"fdc", group::kFloppy},
    {"pit", group::kTimer},      {"hpet", group::kHpet},      {"rtc", group::kRtc},
    {"uart", group::kSerial},    {"lpt0", group::kParallel},  {"keyboard", group::kKeyboard},
    {"i8042", group::kKeyboard}, {"mouse", group::kKeyboard},
};

unsigned groups_of_place(std::string_view name) {
  for (const Name& known : kPlaces)
    if (name == known.text) return known.groups;
  return group::kAll;
}

unsigned groups_of_timer(std::string_view name) {
  for (const Name& known : kTimers)
    if (name.substr(0, known.text.size()) == known.text) return known.groups;
  return group::kAll;
}

}  // namespace

// Stands before a chip's registers.
class TouchLog::Listener final : public RegisterBlock {
 public:
  Listener(RegisterBlock& chip, unsigned groups, unsigned& touched)
      : chip_(chip), groups_(groups), touched_(touched) {}
  std::uint64_t read(std::uint64_t offset, unsigned width) override {
    touched_ |= groups_;
    return chip_.read(offset, width);
  }
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override {
    touched_ |= groups_;
    chip_.write(offset, width, value);
  }
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override {
    return std::as_const(chip_).peek(offset, width);
  }
  RegisterBlock& chip() const { return chip_; }

 private:
  RegisterBlock& chip_;
  const unsigned groups_;
  unsigned& touched_;
};

TouchLog::TouchLog(Board board) : board_(board) {
  for (const auto& claim : board.ports.claims()) {
    unsigned groups = groups_of_place(claim->name);
    for (const unsigned channel : {0U, 1U}) {
      if (claim->registers == &board.ata[channel]->command_block() ||
          claim->registers == &board.ata[channel]->control_block())
        groups = channel == 0 ? group::kAta0 : group::kAta1;
    }
    if (groups == group::kNone) continue;
    claim->registers = listen(*claim->registers, groups);
    claims_.push_back(claim.get());
  }
  for (const auto& region : board.space.regions()) {
    const unsigned groups = groups_of_place(region->name);
    if (region->registers == nullptr || groups == group::kNone) continue;
    region->registers = listen(*region->registers, groups);
    regions_.push_back(region.get());
  }
  for (const Timer* timer : board.clock.queue())
    deadlines_.emplace_back(*timer->deadline(), groups_of_timer(timer->name()));
  board.from_outside = false;
}

TouchLog::~TouchLog() {
  // In the order in which they were made.
  std::size_t next = 0;
  for (PortSpace::Claim* claim : claims_) claim->registers = &listeners_[next++]->chip();
  for (MemorySpace::Region* region : regions_) region->registers = &listeners_[next++]->chip();
}

RegisterBlock* TouchLog::listen(RegisterBlock& chip, unsigned groups) {
  listeners_.push_back(std::make_unique<Listener>(chip, groups, touched_));
  return listeners_.back().get();
}

unsigned TouchLog::groups() const {
  unsigned all = touched_ | group::kAlways;
  if (board_.from_outside) all = group::kAll;
  const Nanoseconds now = board_.clock.now();
  for (const auto& [deadline, groups] : deadlines_)
    if (deadline <= now) all |= groups;
  return all;
}

void TouchLog::forget() {
  touched_ = 0;
  board_.from_outside = false;
}

}  // namespace ice86::machine
