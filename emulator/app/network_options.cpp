// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/app/network_options.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "emulator/app/machine_options.h"
#include "emulator/base/files.h"
#include "emulator/base/suggest.h"
#include "emulator/machine/network_gate.h"
#include "slirp-net/impaired_link.h"
#include "slirp-net/pcap_capture.h"
#include "slirp-net/peer/network.h"
#include "slirp-net/scripted_network.h"
#include "slirp-net/user_network.h"
#include "slirp-net/user_options.h"

namespace ice86::app {

namespace {

using machine::NicConfig;
using slirp_net::KeyValue;

// What QEMU's e1000 brings by default: iPXE for BIOS and for UEFI in one file.
constexpr const char* kDefaultRom = "/usr/lib/ipxe/qemu/efi-e1000.rom";
constexpr const char* kRomPackage = "ipxe-qemu";
constexpr std::uint64_t kMostRom = 16 << 20;

// What both spellings come to.
struct Backend {
  std::optional<slirp_net::UserOptions> user;  // otherwise no cable
  slirp_net::ImpairedLink::Config line;
  std::optional<slirp_net::peer::PeerNetwork::Config> peer;
};
struct Card {
  std::optional<std::string> mac, rom;
  Backend backend;
};

std::optional<std::string> take(std::vector<KeyValue>& options, std::string_view key) {
  std::optional<std::string> value;
  for (auto it = options.begin(); it != options.end();) {
    if (it->first == key) {
      value = it->second;
      it = options.erase(it);
    } else {
      ++it;
    }
  }
  return value;
}

// All values of an option that may be given more than once.
std::vector<std::string> take_all(std::vector<KeyValue>& options, std::string_view key) {
  std::vector<std::string> values;
  for (const auto& [name, value] : options) {
    if (name == key) values.push_back(value);
  }
  std::erase_if(options, [&](const KeyValue& one) { return one.first == key; });
  return values;
}

Error unknown_option(const std::string& key, std::vector<std::string> known) {
  static const char* const kUser[] = {
      "ipv4",      "ipv6",      "net",        "host",      "ipv6-net",
      "ipv6-host", "restrict",  "hostname",   "dhcpstart", "dns",
      "ipv6-dns",  "dnssearch", "domainname", "tftp",      "tftp-server-name",
      "bootfile",  "hostfwd",   "guestfwd"};
  known.insert(known.end(), std::begin(kUser), std::end(kUser));
  return usage_error(fmt::format("there is no option '{}'{}", key, suggestion(key, known)));
}

Result<devices::MacAddress> parse_mac(const std::string& text) {
  devices::MacAddress mac{};
  unsigned bytes[6];
  int used = 0;
  const bool colons = std::sscanf(text.c_str(), "%2x:%2x:%2x:%2x:%2x:%2x%n", &bytes[0], &bytes[1],
                                  &bytes[2], &bytes[3], &bytes[4], &bytes[5], &used) == 6;
  const bool dashes =
      !colons && std::sscanf(text.c_str(), "%2x-%2x-%2x-%2x-%2x-%2x%n", &bytes[0], &bytes[1],
                             &bytes[2], &bytes[3], &bytes[4], &bytes[5], &used) == 6;
  if ((!colons && !dashes) || static_cast<std::size_t>(used) != text.size()) {
    return usage_error(fmt::format("mac={}: no address such as 52:54:00:12:34:56", text));
  }
  for (unsigned i = 0; i < mac.size(); ++i) mac[i] = static_cast<std::uint8_t>(bytes[i]);
  return mac;
}

// "2%", "0.5%".
Result<std::uint32_t> parse_loss(const std::string& text) {
  char* end = nullptr;
  const double percent = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || std::string(end) != "%" || !(percent >= 0 && percent <= 100)) {
    return usage_error(fmt::format("loss={}: a part of the frames such as 2%", text));
  }
  return static_cast<std::uint32_t>(std::llround(percent * 10'000));
}

Result<Backend> parse_backend(std::vector<KeyValue>& options) {
  Backend backend;
  if (const auto loss = take(options, "loss")) {
    ICE86_TRY_ASSIGN(backend.line.loss_per_million, parse_loss(*loss));
  }
  if (const auto delay = take(options, "delay")) {
    auto time = parse_duration_ns(*delay);
    if (!time) return std::move(time).error().within("delay=");
    backend.line.delay = *time;
  }
  const std::vector<std::string> services = take_all(options, "peer");
  const auto peer_address = take(options, "peer-address");
  ICE86_TRY_ASSIGN(backend.user, slirp_net::parse_user_options(options));
  if (!services.empty()) {
    auto& peer = backend.peer.emplace();
    ICE86_TRY_ASSIGN(peer.services, slirp_net::peer::parse_services(services));
    const slirp_net::UserOptions& user = *backend.user;
    for (unsigned i = 0; i < 4; ++i)
      peer.address[i] = static_cast<std::uint8_t>(user.network[i] | (i == 3 ? 100 : 0));
    if (peer_address && inet_pton(AF_INET, peer_address->c_str(), peer.address.data()) != 1)
      return usage_error(fmt::format("peer-address={}: no IPv4 address", *peer_address));
    bool inside = true;
    for (unsigned i = 0; i < 4; ++i)
      inside = inside && (peer.address[i] & user.mask[i]) == user.network[i];
    if (!inside || peer.address == user.host || peer.address == user.dns)
      return usage_error(fmt::format("peer-address={}: not a free address of the network",
                                     slirp_net::to_text(peer.address)));
  } else if (peer_address) {
    return usage_error("peer-address=: there is no peer=BEHAVIOUR:PORT");
  }
  return backend;
}

Result<std::string> take_kind(std::vector<KeyValue>& options, const char* what) {
  std::string kind;
  if (!options.empty() && options.front().first.empty()) {
    kind = options.front().second;
    options.erase(options.begin());
  } else if (const auto named = take(options, "type")) {
    kind = *named;
  }
  if (kind == "user" || kind == "none") return kind;
  return usage_error(fmt::format("'{}' is no {}: there are user and none", kind, what));
}

Result<void> check_model(const std::string& model) {
  if (model == "e1000" || model == "e1000-82540em") return {};
  return usage_error(fmt::format("there is no network card '{}': the model is e1000", model));
}

Result<std::optional<Card>> parse_nic(const std::string& text) {
  std::vector<KeyValue> options = slirp_net::split_options(text);
  ICE86_TRY_ASSIGN(const std::string kind, take_kind(options, "network"));
  Card card;
  if (const auto model = take(options, "model")) ICE86_TRY(check_model(*model));
  card.mac = take(options, "mac");
  if (const auto address = take(options, "macaddr")) card.mac = address;
  card.rom = take(options, "romfile");
  take(options, "id");
  if (kind == "none") {
    if (!options.empty()) return unknown_option(options.front().first, {"model", "mac", "romfile"});
    return std::optional<Card>();
  }
  ICE86_TRY_ASSIGN(card.backend, parse_backend(options));
  if (!options.empty()) {
    return unknown_option(options.front().first, {"model", "mac", "romfile", "id", "loss", "delay",
                                                  "peer", "peer-address"});
  }
  return std::optional<Card>(std::move(card));
}

Result<std::vector<Card>> parse_devices(const NetworkOptions& options) {
  std::map<std::string, Backend> backends;
  for (const std::string& text : options.netdevs) {
    const std::string where = "--netdev " + text;
    std::vector<KeyValue> words = slirp_net::split_options(text);
    auto kind = take_kind(words, "network");
    if (!kind) return std::move(kind).error().within(where);
    const auto id = take(words, "id");
    if (!id || id->empty()) return usage_error(where + ": it needs an id=NAME");
    Backend backend;
    if (*kind == "user") {
      auto parsed = parse_backend(words);
      if (!parsed) return std::move(parsed).error().within(where);
      backend = std::move(*parsed);
    }
    if (!words.empty()) {
      return unknown_option(words.front().first, {"id", "loss", "delay", "peer", "peer-address"})
          .within(where);
    }
    if (!backends.emplace(*id, std::move(backend)).second) {
      return usage_error(fmt::format("{}: there is a network '{}' already", where, *id));
    }
  }
  std::vector<Card> cards;
  for (const std::string& text : options.devices) {
    const std::string where = "--device " + text;
    std::vector<KeyValue> words = slirp_net::split_options(text);
    if (words.empty() || !words.front().first.empty()) {
      return usage_error(where + ": the device's name comes first, such as e1000");
    }
    if (auto known = check_model(words.front().second); !known) {
      return std::move(known).error().within(where);
    }
    words.erase(words.begin());
    Card card;
    card.mac = take(words, "mac");
    card.rom = take(words, "romfile");
    take(words, "id");
    if (const auto netdev = take(words, "netdev")) {
      const auto it = backends.find(*netdev);
      if (it == backends.end()) {
        return usage_error(
            fmt::format("{}: there is no --netdev with id={} that is free", where, *netdev));
      }
      card.backend = std::move(it->second);
      backends.erase(it);
    }
    if (!words.empty()) {
      return unknown_option(words.front().first, {"netdev", "mac", "romfile", "id"}).within(where);
    }
    cards.push_back(std::move(card));
  }
  if (!backends.empty()) {
    return usage_error(
        fmt::format("--netdev: no card uses the network '{}'; add --device e1000,netdev={}",
                    backends.begin()->first, backends.begin()->first));
  }
  return cards;
}

Result<std::vector<std::uint8_t>> read_rom(const std::optional<std::string>& file) {
  if (file && file->empty()) return std::vector<std::uint8_t>();  // romfile=: none
  const std::string path = file.value_or(kDefaultRom);
  if (!file && !std::filesystem::exists(path)) {
    return Error(fmt::format(
        "{} is missing: install the Debian package {}, or say romfile= for a card without ROM",
        path, kRomPackage));
  }
  return read_file(path, kMostRom);
}

// The chain from the card's end of the cable to the network.
NicConfig::MakeNetwork network_maker(Backend backend) {
  return [backend = std::move(backend)](
             Clock& clock, TraceBus& trace,
             const std::string& name) -> Result<std::unique_ptr<Network>> {
    std::unique_ptr<Network> network;
    if (backend.user) {
      ICE86_TRY_ASSIGN(network, slirp_net::UserNetwork::create(clock, trace, name, *backend.user));
    } else {
      network = std::make_unique<slirp_net::NoNetwork>();
    }
    if (backend.peer) {
      network = std::make_unique<slirp_net::peer::PeerNetwork>(clock, name + "-peer", *backend.peer,
                                                               std::move(network));
    }
    if (backend.line.loss_per_million != 0 || backend.line.delay != 0) {
      network = std::make_unique<slirp_net::ImpairedLink>(clock, name + "-line", backend.line,
                                                          std::move(network));
    }
    return network;
  };
}

Result<std::unique_ptr<Network>> silent_network(Clock&, TraceBus&, const std::string&) {
  return std::unique_ptr<Network>(std::make_unique<machine::SilentNetwork>());
}

NicConfig::MakeCapture capture_maker(std::string file) {
  return [file = std::move(file)](
             Clock& clock, std::unique_ptr<Network> network) -> Result<std::unique_ptr<Network>> {
    ICE86_TRY_ASSIGN(std::unique_ptr<Network> capture,
                     slirp_net::PcapCapture::create(clock, file, std::move(network)));
    return capture;
  };
}

}  // namespace

void add_network_options(CLI::App& command, NetworkOptions& o) {
  command.add_option("--nic", o.nics,
                     "network card: user[,model=e1000][,mac=ADDR][,romfile=FILE][,loss=2%]"
                     "[,delay=5ms][,peer=echo:7][,hostfwd=...] as QEMU's -nic user, or none");
  command.add_option("--netdev", o.netdevs, "network for a --device: user,id=NAME[,...]");
  command.add_option("--device", o.devices,
                     "network card: e1000[,netdev=NAME][,mac=ADDR][,romfile=FILE]");
  command.add_option("--pcap", o.pcap,
                     "capture the first card's frames in this file, later cards' in FILE.1, ...");
}

Result<std::vector<NicConfig>> nic_configs(const NetworkOptions& options) {
  std::vector<Card> cards;
  for (const std::string& text : options.nics) {
    auto card = parse_nic(text);
    if (!card) return std::move(card).error().within("--nic " + text);
    if (*card) cards.push_back(std::move(**card));
  }
  ICE86_TRY_ASSIGN(std::vector<Card> others, parse_devices(options));
  for (Card& card : others) cards.push_back(std::move(card));
  if (options.pcap && cards.empty()) return usage_error("--pcap: there is no network card");

  std::vector<NicConfig> nics;
  for (Card& card : cards) {
    NicConfig nic;
    const auto number = static_cast<unsigned>(nics.size());
    nic.mac[5] = static_cast<std::uint8_t>(nic.mac[5] + number);
    if (card.mac) {
      ICE86_TRY_ASSIGN(nic.mac, parse_mac(*card.mac));
    }
    ICE86_TRY_ASSIGN(nic.option_rom, read_rom(card.rom));
    std::optional<std::string> pcap = options.pcap;
    if (pcap && number != 0) *pcap += fmt::format(".{}", number);
    nic.outside = card.backend.user.has_value();
    nic.network =
        options.from_log && nic.outside ? silent_network : network_maker(std::move(card.backend));
    if (pcap) nic.capture = capture_maker(*pcap);
    nics.push_back(std::move(nic));
  }
  return nics;
}

}  // namespace ice86::app
