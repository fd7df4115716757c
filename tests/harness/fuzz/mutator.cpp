// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/harness/fuzz/mutator.h"

#include <algorithm>
#include <cctype>

namespace ice86::harness::fuzz {
namespace {

// Where formats and their readers have their edges.
constexpr const char* kNumbers[] = {"0",
                                    "-1",
                                    "1",
                                    "255",
                                    "256",
                                    "65536",
                                    "2147483648",
                                    "4294967296",
                                    "9223372036854775808",
                                    "18446744073709551616",
                                    "1e999",
                                    "0x",
                                    "nan",
                                    "999999999999999999999999"};
constexpr const char* kTokens[] = {
    "{",  "}", "[",    "]",  "\"",  "\\",   ",",       ":",        "=",        "\n", "\r\n",
    "\0", "#", "null", "[[", "'''", "true", "\\u0000", "\xff\xfe", "\xc0\x80", " ",  "\t"};

std::size_t place(Random& random, const std::string& text) {
  return random.below(static_cast<std::uint32_t>(text.size()) + 1);
}

void replace_number(Random& random, std::string& text) {
  const std::size_t from = place(random, text);
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  const auto begin =
      std::find_if(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(), digit);
  const auto end = std::find_if_not(begin, text.end(), digit);
  text.replace(begin, end, random.pick(kNumbers));
}

void change(Random& random, std::string& text, const std::vector<std::string>& good) {
  const std::size_t at = place(random, text);
  const std::size_t rest = text.size() - at;
  const std::size_t part =
      std::min<std::size_t>(rest, 1 + random.below(random.one_in(4) ? 4096 : 24));
  switch (random.below(10)) {
    case 0:
      if (rest != 0) text[at] = static_cast<char>(text[at] ^ 1 << random.below(8));
      break;
    case 1:
      if (rest != 0) text[at] = static_cast<char>(random.next());
      break;
    case 2: text.erase(at, part); break;
    case 3: text.insert(place(random, text), text.substr(at, part)); break;
    case 4: text.insert(at, random.pick(kTokens)); break;
    case 5:
    case 6: replace_number(random, text); break;
    case 7: text.resize(at); break;
    case 8: {  // the end of another one
      const std::string& other = good[random.below(static_cast<std::uint32_t>(good.size()))];
      text.replace(at, std::string::npos, other, std::min(at, other.size()));
      break;
    }
    default:
      for (std::size_t n = at; n < at + part; ++n) text[n] = static_cast<char>(random.next());
      break;
  }
}

}  // namespace

std::string damaged(Random& random, const std::vector<std::string>& good) {
  std::string text = good[random.below(static_cast<std::uint32_t>(good.size()))];
  for (unsigned n = random.below(8) + 1; n > 0; --n) change(random, text, good);
  return text;
}

}  // namespace ice86::harness::fuzz
