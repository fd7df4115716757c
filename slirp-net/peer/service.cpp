// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: RFC 862 (echo), RFC 9112 (HTTP/1.1).
#include "slirp-net/peer/service.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "emulator/base/suggest.h"

namespace ice86::slirp_net::peer {

namespace {

constexpr std::array<std::string_view, kServiceKinds> kNames = {
    "echo",       "http", "slow",     "early-close", "reset",
    "half-close", "mute", "callback", "refused",     "silent"};
constexpr std::size_t kMostRequest = 1 << 20;
constexpr std::size_t kMostHead = 8 << 10;
constexpr std::size_t kMostBytes = 1 << 20;
constexpr std::string_view kHeadEnd = "\r\n\r\n";

template <typename T>
std::optional<T> whole_number(std::string_view text) {
  T value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool same_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The value of a header field, of the head without its request line.
std::optional<std::string_view> field(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && same_letters(line.substr(0, colon), name))
      return trimmed(line.substr(colon + 1));
    head.remove_prefix(std::min(end + 2, head.size()));
  }
  return std::nullopt;
}

std::string response(std::string_view status, std::string_view body, bool with_body) {
  return fmt::format(
      "HTTP/1.1 {}\r\nServer: ice86-peer\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n"
      "Connection: close\r\n\r\n{}",
      status, body.size(), with_body ? body : "");
}

// The same bytes every time, and none that a lost or doubled piece leaves as it was.
std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 1;
  for (char& c : text) {
    state = state * 1'664'525 + 1'013'904'223;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

}  // namespace

std::string_view name_of(Kind kind) {
  const auto index = static_cast<std::size_t>(kind);
  return index < kNames.size() ? kNames[index] : "caller";
}

Result<Service> parse_service(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string name(text.substr(0, colon));
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) {
    const std::vector<std::string> known(kNames.begin(), kNames.end());
    return usage_error(fmt::format("peer={}: there is no '{}'{}; there are {}", text, name,
                                   suggestion(name, known), fmt::join(known, ", ")));
  }
  const auto port = colon == std::string_view::npos
                        ? std::nullopt
                        : whole_number<std::uint16_t>(text.substr(colon + 1));
  if (!port || *port == 0)
    return usage_error(fmt::format("peer={}: a port is missing, as in {}:7", text, name));
  return Service{static_cast<Kind>(found - kNames.begin()), *port};
}

Result<std::vector<Service>> parse_services(const std::vector<std::string>& texts) {
  std::vector<Service> services;
  for (const std::string& text : texts) {
    ICE86_TRY_ASSIGN(const Service service, parse_service(text));
    for (const Service& other : services) {
      if (other.port == service.port)
        return usage_error(
            fmt::format("peer={}: port {} is {} already", text, service.port, name_of(other.kind)));
    }
    services.push_back(service);
  }
  return services;
}

std::optional<Dialogue::Pace> Dialogue::pace() const {
  if (kind_ != Kind::kSlow) return std::nullopt;
  return Pace{2920, 512, 20'000'000};
}

Dialogue::Reply Dialogue::opened() {
  Reply reply;
  if (kind_ == Kind::kEarlyClose) reply = {"bye\n", 0, true, false};
  if (kind_ == Kind::kHalfClose) reply = {"half\n", 0, true, false};
  if (kind_ == Kind::kCaller) reply.bytes = "hello\n";
  return reply;
}

Dialogue::Reply Dialogue::heard(std::string_view bytes) {
  Reply reply;
  count_ += bytes.size();
  switch (kind_) {
    case Kind::kEcho:
    case Kind::kCaller: reply.bytes = bytes; break;
    case Kind::kHttp:
      if (done_) break;
      text_ += bytes;
      return http();
    case Kind::kEarlyClose:
    case Kind::kReset: reply.abort = true; break;
    case Kind::kCallback: {
      if (done_) break;
      text_ += bytes;
      const std::size_t end = text_.find('\n');
      if (end == std::string::npos && text_.size() < 8) break;
      done_ = true;
      const auto port = whole_number<std::uint16_t>(std::string_view(text_).substr(0, end));
      reply.call = port.value_or(0);
      reply.bytes = reply.call != 0 ? "calling\n" : "no port\n";
      break;
    }
    default: break;
  }
  return reply;
}

Dialogue::Reply Dialogue::ended() {
  Reply reply;
  reply.finish = true;
  if (kind_ == Kind::kSlow) reply.bytes = fmt::format("{}\n", count_);
  if (kind_ == Kind::kReset) reply.abort = true;
  if (kind_ == Kind::kHttp && !done_ && !text_.empty()) {
    done_ = true;
    reply.bytes = response("400 Bad Request", "the request ends here\n", true);
  }
  return reply;
}

Dialogue::Reply Dialogue::http() {
  Reply reply;
  const auto answer = [&](std::string_view status, std::string_view body, bool with_body = true) {
    reply.bytes = response(status, body, with_body);
    reply.finish = true;
    done_ = true;
    text_.clear();
    return reply;
  };
  const std::size_t end = text_.find(kHeadEnd);
  if (end == std::string::npos) {
    if (text_.size() > kMostHead) return answer("431 Request Header Fields Too Large", "");
    return reply;
  }
  const std::string all = text_;
  const std::string_view head = std::string_view(all).substr(0, end);
  const std::size_t line_end = std::min(head.find("\r\n"), head.size());
  const std::string_view line = head.substr(0, line_end);
  const std::size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last ||
      line.substr(last + 1).substr(0, 7) != "HTTP/1.")
    return answer("400 Bad Request", "");
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view fields = head.substr(std::min(line_end + 2, head.size()));
  if (method == "POST" && target == "/echo") {
    const auto length = whole_number<std::size_t>(field(fields, "Content-Length").value_or(""));
    if (!length) return answer("411 Length Required", "");
    if (*length > kMostRequest) return answer("413 Content Too Large", "");
    if (all.size() < end + kHeadEnd.size() + *length) return reply;
    return answer("200 OK", std::string_view(all).substr(end + kHeadEnd.size(), *length));
  }
  const bool get = method == "GET";
  if (!get && method != "HEAD") return answer("405 Method Not Allowed", "");
  if (target == "/") return answer("200 OK", "ice86 peer\n", get);
  constexpr std::string_view kBytes = "/bytes/";
  if (target.substr(0, kBytes.size()) == kBytes) {
    const auto size = whole_number<std::size_t>(target.substr(kBytes.size()));
    if (size && *size <= kMostBytes) return answer("200 OK", pattern(*size), get);
  }
  if (target == "/moved") {
    reply.bytes =
        "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    reply.finish = done_ = true;
    return reply;
  }
  if (target == "/chunked") {
    reply.bytes =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n"
        "Connection: close\r\n\r\n";
    if (get) reply.bytes += "6\r\nice86 \r\n5\r\npeer\n\r\n0\r\n\r\n";
    reply.finish = done_ = true;
    return reply;
  }
  return answer("404 Not Found", "there is no such page\n", get);
}

void Dialogue::serialize(Archive& archive) {
  archive.io(kind_, Kind::kCaller);
  archive.io(text_, kMostRequest + kMostHead);
  archive.io(count_);
  archive.io(done_);
}

}  // namespace ice86::slirp_net::peer
