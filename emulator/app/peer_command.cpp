// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 peer`: on the host's sockets, what a guest meets at --nic user,peer=...
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "emulator/app/command.h"
#include "emulator/app/exit_code.h"
#include "emulator/app/run_ending.h"
#include "emulator/base/units.h"
#include "slirp-net/peer/host.h"

namespace ice86::app {

namespace {

struct PeerOptions {
  std::vector<std::string> services;
  std::string listen = "127.0.0.1";
  std::optional<std::string> max_wall;
};

Result<int> serve(const PeerOptions& options) {
  ICE86_TRY_ASSIGN(const auto services, slirp_net::peer::parse_services(options.services));
  std::optional<std::uint64_t> wall;
  if (options.max_wall) {
    auto time = parse_duration_ns(*options.max_wall);
    if (!time) return std::move(time).error().within("--max-wall");
    wall = *time;
  }
  ICE86_TRY_ASSIGN(const auto peer, slirp_net::peer::HostPeer::open(options.listen, services));
  // Whoever started it waits for this line.
  fmt::print("ready\n");
  std::fflush(stdout);
  RunInterruption interruption(wall);
  peer->serve([&] { return interruption.asked(); });
  return static_cast<int>(kDone);
}

}  // namespace

void add_peer_command(CLI::App& app, const std::vector<std::string>&, int& exit) {
  CLI::App* command = app.add_subcommand(
      "peer",
      "services of known behaviour on the host's sockets, as a guest meets them at "
      "--nic user,peer=... (docs/socket-peer.md)");
  auto options = std::make_shared<PeerOptions>();
  command
      ->add_option("service", options->services,
                   "BEHAVIOUR:PORT: echo, http, slow, early-close, reset, half-close, mute, "
                   "callback, refused, silent")
      ->required();
  command->add_option("--listen", options->listen, "the host's address, IPv4")
      ->capture_default_str();
  command->add_option("--max-wall", options->max_wall,
                      "end after this time, such as 30s; else by Ctrl-C or SIGTERM");
  command->callback([options, &exit] {
    auto code = serve(*options);
    exit = code ? *code : fail(code.error());
  });
}

}  // namespace ice86::app
