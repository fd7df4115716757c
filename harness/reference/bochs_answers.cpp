// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/reference/bochs_answers.h"

namespace ice86::harness {

namespace {

// A number at the beginning of `text`; underscores, which Bochs puts in the middle of 64-bit
// values, are skipped.
std::optional<std::uint64_t> number(std::string_view text, unsigned base) {
  if (base == 16 && text.substr(0, 2) == "0x") text.remove_prefix(2);
  std::uint64_t value = 0;
  unsigned digits = 0;
  for (const char c : text) {
    if (c == '_') continue;
    const unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                           : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10)
                                                  : 16U;
    if (digit >= base) break;
    if (++digits > (base == 16 ? 16U : 19U)) return std::nullopt;
    value = value * base + digit;
  }
  if (digits == 0) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> number_behind(std::string_view text, std::string_view mark,
                                           unsigned base) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  return number(text.substr(at + mark.size()), base);
}

}  // namespace

std::optional<BochsStop> parse_stop(std::string_view answer) {
  BochsStop stop;
  const auto ticks = number_behind(answer, "Next at t=", 10);
  if (!ticks) return std::nullopt;
  stop.ticks = *ticks;
  stop.watched = number_behind(answer, "Caught read watch point at ", 16);
  stop.breakpoint = number_behind(answer, ") Breakpoint ", 10);
  stop.out_of_time = answer.find("Caught time breakpoint") != std::string_view::npos;
  return stop;
}

std::optional<std::uint64_t> parse_end(std::string_view output) {
  const std::size_t at = output.rfind("(0).[");
  if (at == std::string_view::npos) return std::nullopt;
  return number(output.substr(at + 5), 10);
}

bool parse_registers(std::string_view answer, cpu::State& state) {
  struct Named {
    const char* name;
    cpu::Gpr gpr;
  };
  static constexpr Named kGeneral[] = {{"\nrax: ", cpu::kRax}, {"\nrcx: ", cpu::kRcx},
                                       {"\nrdx: ", cpu::kRdx}, {"\nrbx: ", cpu::kRbx},
                                       {"\nrsp: ", cpu::kRsp}, {"\nrbp: ", cpu::kRbp},
                                       {"\nrsi: ", cpu::kRsi}, {"\nrdi: ", cpu::kRdi}};
  for (const Named& named : kGeneral) {
    const auto value = number_behind(answer, named.name, 16);
    if (!value) return false;
    state.gpr[named.gpr] = *value;
  }
  const auto rip = number_behind(answer, "\nrip: ", 16);
  const auto flags = number_behind(answer, "\neflags ", 16);
  if (!rip || !flags) return false;
  state.rip = *rip;
  state.rflags = *flags;
  struct NamedSegment {
    const char* name;
    unsigned index;
  };
  static constexpr NamedSegment kSegments[] = {{"\nes:", cpu::kEs}, {"\ncs:", cpu::kCs},
                                               {"\nss:", cpu::kSs}, {"\nds:", cpu::kDs},
                                               {"\nfs:", cpu::kFs}, {"\ngs:", cpu::kGs}};
  bool real = true;
  for (const NamedSegment& named : kSegments) {
    const std::size_t at = answer.find(named.name);
    if (at == std::string_view::npos) return false;
    const std::string_view line = answer.substr(at, answer.find('\n', at + 1) - at);
    const auto selector = number_behind(line, ":", 16);
    const auto high = number_behind(line, "dh=", 16);
    const auto low = number_behind(line, "dl=", 16);
    if (!selector || !high || !low || *selector > 0xffff) return false;
    // The two halves of the segment's descriptor (SDM vol. 3A section 3.4.5).
    cpu::Segment& segment = state.segment[named.index];
    segment.selector = static_cast<std::uint16_t>(*selector);
    segment.base = (*low >> 16 & 0xffff) | (*high & 0xff) << 16 | (*high & 0xff000000);
    const bool wide = (*high >> 22 & 1) != 0;
    if ((named.index == cpu::kCs || named.index == cpu::kSs) &&
        (segment.base != static_cast<std::uint64_t>(segment.selector) << 4 || wide))
      real = false;
  }
  state.cr0 = real ? 0 : cpu::cr0::kPe;
  return true;
}

std::optional<std::array<std::uint16_t, 4>> parse_stack(std::string_view answer) {
  constexpr std::string_view kLine = " | STACK ";
  std::array<std::uint16_t, 4> words{};
  std::size_t at = 0;
  for (std::uint16_t& word : words) {
    at = answer.find(kLine, at);
    if (at == std::string_view::npos) return std::nullopt;
    at += kLine.size();
    const auto value = number_behind(answer.substr(at), "[", 16);
    if (!value || *value > 0xffff) return std::nullopt;
    word = static_cast<std::uint16_t>(*value);
  }
  return words;
}

std::optional<std::vector<std::uint8_t>> parse_bytes(std::string_view answer, std::size_t count) {
  std::vector<std::uint8_t> bytes;
  // Values stand behind tabs; the address at the line's beginning does not.
  for (std::size_t at = answer.find('\t'); at != std::string_view::npos && bytes.size() < count;
       at = answer.find('\t', at + 1)) {
    const auto value = number(answer.substr(at + 1), 16);
    if (!value || *value > 0xff) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(*value));
  }
  if (bytes.size() != count) return std::nullopt;
  return bytes;
}

}  // namespace ice86::harness
