// SPDX-License-Identifier: LGPL-2.1-or-later
// Network cards on the command line, in QEMU's spellings: --nic user,model=e1000,hostfwd=..., or
// --netdev user,id=n0,... with --device e1000,netdev=n0,mac=...,romfile=...
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emulator/base/result.h"
#include "emulator/machine/pc_network.h"

namespace CLI {
class App;
}

namespace ice86::app {

struct NetworkOptions {
  std::vector<std::string> nics, netdevs, devices;
  std::optional<std::string> pcap;
  bool from_log = false;  // set by a replay: the cards get what the log has, nobody is outside
};

void add_network_options(CLI::App& command, NetworkOptions& options);

// Reads and checks everything that can be checked without a machine: host ports are bound when the
// machine is made.
Result<std::vector<machine::NicConfig>> nic_configs(const NetworkOptions& options);

}  // namespace ice86::app
