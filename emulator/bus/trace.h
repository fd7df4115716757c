// SPDX-License-Identifier: LGPL-2.1-or-later
// The trace bus: typed events with the instruction count and the virtual time. Costs one test of a
// mask when nobody listens.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "emulator/bus/clock.h"

namespace ice86 {

enum class TraceCategory : std::uint8_t {
  kInt,
  kIrq,
  kIo,
  kMmio,
  kPci,
  kDisk,
  kNet,
  kPost,
  kEfi,
  kCpu
};
constexpr unsigned kTraceCategories = 10;
std::string_view name_of(TraceCategory category);
std::optional<TraceCategory> trace_category(std::string_view name);

struct TraceField {
  template <std::unsigned_integral T>
  TraceField(std::string_view k, T v) : key(k), value(std::uint64_t{v}) {}
  TraceField(std::string_view k, std::string v) : key(k), value(std::move(v)) {}

  std::string_view key;  // a literal: fixed order and spelling are the schema
  std::variant<std::uint64_t, std::string> value;
};

struct TraceEvent {
  TraceCategory category;
  std::string_view name;  // a literal
  std::uint64_t instruction;
  Nanoseconds time;
  std::vector<TraceField> fields;
};

class TraceBus {
 public:
  using Sink = std::function<void(const TraceEvent&)>;
  using Mask = std::uint32_t;
  static constexpr Mask mask_of(TraceCategory category) {
    return Mask{1} << static_cast<unsigned>(category);
  }

  explicit TraceBus(const Clock& clock) : clock_(clock) {}
  TraceBus(const TraceBus&) = delete;
  TraceBus& operator=(const TraceBus&) = delete;

  bool wants(TraceCategory category) const { return (wanted_ & mask_of(category)) != 0; }
  void emit(TraceCategory category, std::string_view name,
            std::initializer_list<TraceField> fields);

  // Sinks are called in the order they came. Returns a number for unsubscribe().
  unsigned subscribe(Mask categories, Sink sink);
  void unsubscribe(unsigned number);

 private:
  struct Subscription {
    unsigned number;
    Mask categories;
    Sink sink;
  };

  const Clock& clock_;
  Mask wanted_ = 0;
  unsigned next_number_ = 1;
  std::vector<Subscription> subscriptions_;
};

}  // namespace ice86
