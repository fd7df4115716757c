// SPDX-License-Identifier: LGPL-2.1-or-later
// ice86-protocol-fuzz: what a broken or hostile client may send to the debugger's doors: damaged
// GDB packets, QMP and monitor lines, to a machine that runs and stands. docs/fuzzing.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "emulator/debugger/gdb/session.h"
#include "emulator/debugger/monitor/monitor.h"
#include "emulator/debugger/qmp/session.h"
#include "tests/debugger/support.h"
#include "tests/fuzz/runner.h"
#include "tests/harness/fuzz/mutator.h"

namespace ice86::debugger::fuzz {
namespace {

using harness::fuzz::damaged;
using harness::fuzz::Random;

// A client that says all of its pieces, each when the machine stands or in the middle of a run.
class Client final : public FrontEnd {
 public:
  using Take = std::function<void(std::string_view)>;
  Client(Debugger& debugger, std::vector<std::string> pieces)
      : debugger_(debugger), pieces_(std::move(pieces)) {}

  void descriptors(std::vector<pollfd>&) const override {}
  void serve() override {
    if (next_ == pieces_.size()) return debugger_.quit();
    take(pieces_[next_++]);
  }
  bool attached() const override { return true; }
  void stopped(const Stop& stop) override {
    if (told) told(stop);
  }

  Take take;
  std::function<void(const Stop&)> told;

 private:
  Debugger& debugger_;
  std::vector<std::string> pieces_;
  std::size_t next_ = 0;
};

enum class Door { kGdb, kQmp, kMonitor };

class Conversation final : public ice86::fuzz::Executor {
 public:
  Conversation(Door door, std::uint64_t seed)
      : door_(door), seed_(seed), pc_(rom_machine(counting_code())), initial_(pc_->save()) {}

  std::string execute(std::uint64_t index) override {
    Random random(ice86::fuzz::mix(seed_, index));
    if (!pc_->load(initial_)) return "the initial state is refused";
    Debugger debugger(*pc_, machine::TimelineOptions{.interval = 5000, .most_bytes = 8u << 20});
    debugger.start_stopped();
    std::vector<std::string> pieces;
    for (unsigned n = 1 + static_cast<unsigned>(random.below(12)); n != 0; --n)
      pieces.push_back(piece(random));
    auto owned = std::make_unique<Client>(debugger, std::move(pieces));
    Client& client = *owned;
    debugger.add(std::move(owned));
    gdb::Settings settings;
    Monitor monitor(debugger, &client, settings, door_ != Door::kGdb);
    std::size_t heard = 0;
    const auto hear = [&heard](std::string_view text) { heard += text.size(); };
    std::optional<gdb::Session> gdb;
    std::optional<qmp::Session> qmp;
    if (door_ == Door::kGdb) {
      gdb.emplace(debugger, client, settings, hear,
                  [&](const std::string& line) { return monitor.execute(line); });
      client.take = [&](std::string_view text) { gdb->receive(text); };
      client.told = [&](const Stop& stop) { gdb->stopped(stop); };
    } else if (door_ == Door::kQmp) {
      qmp.emplace(debugger, monitor, hear);
      qmp->receive("{\"execute\":\"qmp_capabilities\"}");
      client.take = [&](std::string_view text) { qmp->receive(text); };
      client.told = [&](const Stop& stop) { qmp->stopped(stop); };
    } else {
      client.take = [&](std::string_view text) {
        heard += monitor.execute(std::string(text)).size();
      };
    }
    machine::RunLimits limits;
    limits.instructions = 200'000;
    limits.time = 10'000'000'000;
    debugger.run(limits);
    heard_ += heard;
    return {};
  }
  std::string summary() const override { return fmt::format("{} bytes of answers\n", heard_); }

 private:
  std::string piece(Random& random) const {
    if (door_ != Door::kGdb) return damaged(random, door_ == Door::kQmp ? qmp_ : monitor_);
    const std::string body = damaged(random, gdb_);
    // Framed as it should be, or not.
    if (random.one_in(8)) return body;
    if (random.one_in(8)) return damaged(random, {gdb::packet(body)});
    return gdb::packet(body);
  }

  const Door door_;
  const std::uint64_t seed_;
  const std::unique_ptr<machine::Pc> pc_;
  const std::vector<std::uint8_t> initial_;
  std::uint64_t heard_ = 0;

  const std::vector<std::string> monitor_ = {"help",
                                             "s 5",
                                             "n",
                                             "rs 3",
                                             "rc",
                                             "goto 100",
                                             "goto -5",
                                             "goto 1ms",
                                             "goto end",
                                             "history",
                                             "lb 0xf0010",
                                             "pb 0xf0011",
                                             "magic",
                                             "magic cx si",
                                             "info efi",
                                             "int 13 42",
                                             "port 0x40 2",
                                             "post 2e",
                                             "modebp",
                                             "watch a 0x500 2",
                                             "blist",
                                             "d 1",
                                             "x /16bx 0x500",
                                             "xp /4wx 0xfffffff0",
                                             "setmem 0x600 1 2 3",
                                             "u /5 f000:0",
                                             "r",
                                             "sreg",
                                             "creg",
                                             "page 0x500",
                                             "info ivt 0 256",
                                             "info idt",
                                             "info gdt",
                                             "info device",
                                             "in 0x40",
                                             "out 0x80 1",
                                             "sendkey ctrl-alt-delete",
                                             "reset",
                                             "pc offset",
                                             "arch 64",
                                             "c",
                                             "stop",
                                             "x /4096gx 0xffffffffffffff00",
                                             "u /4096 0xffffffff",
                                             "x /s esp",
                                             "info int13",
                                             "goto int 10 1",
                                             "profile start 7",
                                             "profile 5",
                                             "profile stop"};
  const std::vector<std::string> gdb_ = {"qSupported:swbreak+;hwbreak+",
                                         "?",
                                         "g",
                                         "p8",
                                         "P8=00000f00",
                                         "m500,20",
                                         "M600,2:0102",
                                         "X604,3:abc",
                                         "Z0,f0010,1",
                                         "z0,f0010,1",
                                         "Z2,500,2",
                                         "Z4,1000,ff",
                                         "vCont;c",
                                         "vCont;s:1",
                                         "vCont;rf0009,f001f:1",
                                         "bs",
                                         "bc",
                                         "c",
                                         "s",
                                         "Cf0",
                                         "D",
                                         "QStartNoAckMode",
                                         "vCont?",
                                         "qXfer:features:read:target.xml:0,3fff",
                                         "qXfer:memory-map:read::0,100",
                                         "qRcmd,72",
                                         "qRcmd,676f746f203130",
                                         "Qqemu.PhyMemMode:1",
                                         "mffffffff,4000",
                                         "m0,ffffffffffffffff",
                                         "G" + std::string(300, '0'),
                                         "Hg1",
                                         "vKill;1",
                                         "\x03"};
  const std::vector<std::string> qmp_ = {
      R"({"execute":"query-status","id":1})",
      R"({"execute":"cont"}{"execute":"stop"})",
      R"({"execute":"send-key","arguments":{"keys":[{"type":"qcode","data":"ctrl"}]}})",
      R"({"execute":"human-monitor-command","arguments":{"command-line":"rs 2"}})",
      R"({"execute":"system_reset"})",
      R"({"execute":"query-commands"})",
      R"({"execute":"human-monitor-command","arguments":{"command-line":"goto 500"}})",
      R"({"execute":"quit","id":{"a":[[[]]]}})",
      "[[[[{\"execute\":\"\\u0000\"}]]]]\n"};
};

}  // namespace
}  // namespace ice86::debugger::fuzz

int main(int argc, char** argv) {
  using ice86::debugger::fuzz::Conversation;
  using ice86::debugger::fuzz::Door;
  CLI::App app("Damaged packets and lines for GDB's, QMP's and the monitor's doors",
               "ice86-protocol-fuzz");
  const auto target = [](const char* name, Door door) {
    return ice86::fuzz::Target{name, [door](const ice86::fuzz::RunOptions& options) {
                                 return std::make_unique<Conversation>(door, options.seed);
                               }};
  };
  return ice86::fuzz::run_program(app,
                                  {.target_option = "--door",
                                   .target_help = "gdb, qmp or monitor; all in turn otherwise",
                                   .targets = {target("gdb", Door::kGdb), target("qmp", Door::kQmp),
                                               target("monitor", Door::kMonitor)},
                                   .executions = 300,
                                   .checks = false},
                                  argc, argv);
}
