// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/bus/trace.h"

#include <array>

namespace ice86 {

namespace {
constexpr std::array<std::string_view, kTraceCategories> kNames = {
    "int", "irq", "io", "mmio", "pci", "disk", "net", "post", "efi", "cpu"};
}

std::string_view name_of(TraceCategory category) {
  return kNames[static_cast<unsigned>(category)];
}

std::optional<TraceCategory> trace_category(std::string_view name) {
  for (unsigned i = 0; i < kTraceCategories; ++i) {
    if (kNames[i] == name) return static_cast<TraceCategory>(i);
  }
  return std::nullopt;
}

void TraceBus::emit(TraceCategory category, std::string_view name,
                    std::initializer_list<TraceField> fields) {
  const TraceEvent event{category, name, clock_.instructions(), clock_.now(), fields};
  for (const Subscription& subscription : subscriptions_) {
    if ((subscription.categories & mask_of(category)) != 0) subscription.sink(event);
  }
}

unsigned TraceBus::subscribe(Mask categories, Sink sink) {
  subscriptions_.push_back({next_number_, categories, std::move(sink)});
  wanted_ |= categories;
  return next_number_++;
}

void TraceBus::unsubscribe(unsigned number) {
  std::erase_if(subscriptions_, [&](const Subscription& s) { return s.number == number; });
  wanted_ = 0;
  for (const Subscription& subscription : subscriptions_) wanted_ |= subscription.categories;
}

}  // namespace ice86
