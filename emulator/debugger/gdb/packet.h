// SPDX-License-Identifier: LGPL-2.1-or-later
// Packets of the GDB remote serial protocol: framing, checksums, acknowledgements, escapes.
// Reference: GDB manual, appendix E "Remote Protocol", E.1 Overview.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace ice86::debugger::gdb {

// The longest packet in either direction, framing not counted: what qSupported says.
constexpr std::size_t kPacketSize = 0x4000;

class PacketReader {
 public:
  struct Event {
    enum class Kind { kPacket, kDamaged, kInterrupt, kRefused } kind = Kind::kPacket;
    std::string text;  // kPacket: without framing, escapes resolved
  };

  void add(std::string_view bytes);
  // The next event, in the order in which the bytes came.
  std::optional<Event> next();

 private:
  enum class State { kIdle, kBody, kEscape, kFirst, kSecond } state_ = State::kIdle;
  std::string body_;
  std::uint8_t sum_ = 0;
  int first_ = 0;
  bool too_long_ = false;
  std::deque<Event> events_;
};

// "$...#xx". Bytes that the protocol uses itself are escaped.
std::string packet(std::string_view body);

std::string hex(std::string_view bytes);
// Nothing: an odd length, or something else than hexadecimal digits.
std::optional<std::string> unhex(std::string_view digits);
// Takes a hexadecimal number, big end first, from the front; nothing when there is none, or more
// than 64 bits of it.
std::optional<std::uint64_t> take_number(std::string_view& text);
// Takes the character when it is next.
bool take(std::string_view& text, char c);

}  // namespace ice86::debugger::gdb
