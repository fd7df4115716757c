// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/diff/fields.h"

#include <fmt/core.h>

#include <array>

namespace ice86::harness {

namespace {

constexpr std::array<std::string_view, 6> kWideNames = {"EAX", "EBX", "ECX", "EDX", "ESI", "EDI"};

// A family of services: `ax` under `mask`.
struct Services {
  std::uint8_t vector;
  std::uint16_t mask;
  std::uint16_t ax;
};

template <std::size_t n>
bool among(const IntEvent& event, const Services (&families)[n]) {
  for (const Services& family : families) {
    if (family.vector == event.vector && (event.in.ax() & family.mask) == family.ax) return true;
  }
  return false;
}

constexpr Services kWide[] = {
    {0x15, 0xffff, 0x5303},  // APM 32-bit connect: EBX is the entry's offset
    {0x15, 0xffff, 0xe820}, {0x15, 0xffff, 0xe881}, {0x1a, 0xff00, 0xb100},  // PCI BIOS
    {0x1a, 0xff00, 0xbb00},                                                  // TCG BIOS
};

// Those that take a disk address packet or a buffer at DS:SI.
constexpr Services kTakesDsSi[] = {
    {0x13, 0xff00, 0x4200}, {0x13, 0xff00, 0x4300}, {0x13, 0xff00, 0x4400},
    {0x13, 0xff00, 0x4700}, {0x13, 0xff00, 0x4800}, {0x13, 0xff00, 0x4b00},
};
// Those that take or give a pointer with ES.
constexpr Services kTakesEs[] = {
    {0x13, 0xff00, 0x0200}, {0x13, 0xff00, 0x0300}, {0x15, 0xffff, 0xe820},
    {0x15, 0xff00, 0x8700}, {0x10, 0xff00, 0x1300}, {0x10, 0xff00, 0x4f00},
};
constexpr Services kTakesDi[] = {
    {0x15, 0xffff, 0xe820}, {0x10, 0xff00, 0x4f00}, {0x1a, 0xff00, 0xb100}};
constexpr Services kTakesSi[] = {{0x15, 0xff00, 0x8700}, {0x1a, 0xff00, 0xb100}};
// Those that give a pointer in ES.
constexpr Services kGivesEs[] = {
    {0x13, 0xff00, 0x0800}, {0x15, 0xff00, 0xc000}, {0x15, 0xff00, 0xc100}};

bool meant(const IntEvent& event, Field field, bool out) {
  // What an EFI function was given is in its arguments; registers are as its caller had them.
  if (event.kind == CallKind::kEfi)
    return out && (field == Field::kAx || field == Field::kReturned);
  switch (field) {
    case Field::kSi: return among(event, kTakesDsSi) || among(event, kTakesSi);
    case Field::kDi: return among(event, kTakesDi);
    case Field::kDs: return among(event, kTakesDsSi);
    case Field::kEs: return among(event, kTakesEs) || (out && among(event, kGivesEs));
    case Field::kZf: return out && event.vector == 0x16;
    case Field::kCf:
    case Field::kMemory:
    case Field::kReturned: return out;
    default: return true;
  }
}

std::uint32_t value_of(const IntEvent& event, Field field, bool out) {
  if (field == Field::kReturned) return event.out.has_value() ? 1 : 0;
  // A status: its number, and bit 63, which says that it is an error (UEFI appendix D).
  if (event.kind == CallKind::kEfi)
    return static_cast<std::uint32_t>(event.extras->value) |
           (static_cast<std::uint32_t>(event.extras->value >> 32) & 0x80000000);
  const Registers& r = out ? *event.out : event.in;
  const std::uint32_t width = wide(event) ? 0xffffffff : 0xffff;
  switch (field) {
    case Field::kAx: return r.eax & width;
    case Field::kBx: return r.ebx & width;
    case Field::kCx: return r.ecx & width;
    case Field::kDx: return r.edx & width;
    case Field::kSi: return r.esi & width;
    case Field::kDi: return r.edi & width;
    case Field::kDs: return r.ds;
    case Field::kEs: return r.es;
    case Field::kCf: return r.flags & 1;
    case Field::kZf: return r.flags >> 6 & 1;
    default: return 0;
  }
}

}  // namespace

bool wide(const IntEvent& event) {
  return among(event, kWide);
}

std::string_view name_of(const IntEvent& event, Field field) {
  if (event.kind == CallKind::kEfi && field == Field::kAx) return "status";
  const auto index = static_cast<unsigned>(field);
  return wide(event) && index < kWideNames.size() ? kWideNames[index] : kFieldNames[index];
}

std::string value_text(const IntEvent& event, Field field, bool out) {
  switch (field) {
    case Field::kReturned: return event.out ? "yes" : "no";
    case Field::kMemory: return event.extras->memory.empty() ? "none" : event.extras->memory;
    case Field::kCf:
    case Field::kZf: return fmt::format("{}", value_of(event, field, out));
    default: break;
  }
  const bool whole = (event.kind == CallKind::kEfi || wide(event)) &&
                     static_cast<unsigned>(field) < kWideNames.size();
  return fmt::format("{:0{}x}", value_of(event, field, out), whole ? 8 : 4);
}

namespace {

// Both calls gave back what they got: the difference is their callers', and told at the call.
bool preserved(const IntEvent& a, const IntEvent& b, Field field) {
  if (field >= Field::kCf || !meant(a, field, false)) return false;
  return value_of(a, field, true) == value_of(a, field, false) &&
         value_of(b, field, true) == value_of(b, field, false);
}

}  // namespace

FieldComparison compare_fields(const IntEvent& a, const IntEvent& b, const DiffRules& rules) {
  FieldComparison result;
  for (const bool out : {false, true}) {
    for (unsigned f = 0; f < kFields; ++f) {
      const auto field = static_cast<Field>(f);
      if (!meant(a, field, out)) continue;
      std::uint32_t difference = 0;
      if (field == Field::kMemory) {
        difference = a.out && b.out && a.extras->memory != b.extras->memory ? 1 : 0;
      } else if (!out || field == Field::kReturned || (a.out && b.out)) {
        difference = value_of(a, field, out) ^ value_of(b, field, out);
        if (out && a.out && b.out && preserved(a, b, field)) difference = 0;
      }
      if (difference == 0) continue;
      const std::uint32_t allowed = rules.masked_bits(a, field, out);
      ((difference & ~allowed) != 0 ? result.different : result.masked).emplace_back(field, out);
    }
  }
  return result;
}

}  // namespace ice86::harness
