// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/debugger/gdb/packet.h"

#include <fmt/core.h>

namespace ice86::debugger::gdb {

namespace {

constexpr char kEscape = '}';

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void PacketReader::add(std::string_view bytes) {
  const auto take_byte = [this](char c) {
    if (body_.size() >= kPacketSize) {
      too_long_ = true;
    } else {
      body_ += c;
    }
  };
  for (const char c : bytes) {
    switch (state_) {
      case State::kIdle:
        // Line noise between packets is none of our business.
        if (c == '\x03') events_.push_back({Event::Kind::kInterrupt, {}});
        if (c == '-') events_.push_back({Event::Kind::kRefused, {}});
        if (c != '$') break;
        state_ = State::kBody;
        body_.clear();
        sum_ = 0;
        too_long_ = false;
        break;
      case State::kBody:
        if (c == '#') {
          state_ = State::kFirst;
          break;
        }
        if (c == '$') {  // the last packet was cut off
          body_.clear();
          sum_ = 0;
          too_long_ = false;
          break;
        }
        sum_ = static_cast<std::uint8_t>(sum_ + static_cast<std::uint8_t>(c));
        if (c == kEscape) {
          state_ = State::kEscape;
        } else {
          take_byte(c);
        }
        break;
      case State::kEscape:
        sum_ = static_cast<std::uint8_t>(sum_ + static_cast<std::uint8_t>(c));
        take_byte(static_cast<char>(c ^ 0x20));
        state_ = State::kBody;
        break;
      case State::kFirst:
        first_ = digit(c);
        state_ = State::kSecond;
        break;
      case State::kSecond: {
        const int second = digit(c);
        const bool good = first_ >= 0 && second >= 0 && first_ * 16 + second == sum_ && !too_long_;
        events_.push_back({good ? Event::Kind::kPacket : Event::Kind::kDamaged, {}});
        if (good) events_.back().text = body_;
        state_ = State::kIdle;
        break;
      }
    }
  }
}

std::optional<PacketReader::Event> PacketReader::next() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

std::string packet(std::string_view body) {
  std::string text = "$";
  std::uint8_t sum = 0;
  const auto put = [&](char c) {
    text += c;
    sum = static_cast<std::uint8_t>(sum + static_cast<std::uint8_t>(c));
  };
  for (const char c : body) {
    if (c == '$' || c == '#' || c == kEscape || c == '*') {
      put(kEscape);
      put(static_cast<char>(c ^ 0x20));
    } else {
      put(c);
    }
  }
  return text + fmt::format("#{:02x}", sum);
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<std::uint8_t>(c));
  return text;
}

std::optional<std::string> unhex(std::string_view digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = digit(digits[i]), low = digit(digits[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  std::size_t used = 0;
  while (used < text.size() && digit(text[used]) >= 0) {
    if (value >> 60 != 0) return std::nullopt;
    value = value << 4 | static_cast<std::uint64_t>(digit(text[used]));
    ++used;
  }
  if (used == 0) return std::nullopt;
  text.remove_prefix(used);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace ice86::debugger::gdb
