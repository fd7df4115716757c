// SPDX-License-Identifier: LGPL-2.1-or-later
// Records calls of EFI boot and runtime services and of protocols' functions as events of the same
// trace. They are found as an operating system's debugger finds them: by the pointer to the system
// table that firmware keeps at a multiple of 4 MiB (UEFI 2.9 section 18.4.2), by the tables it
// leads to, and by the interfaces that services install and hand out. No symbols are needed, and
// nothing in the guest is changed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "emulator/machine/pc.h"
#include "harness/efi/efi_names.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

class EfiCalls final {
 public:
  struct Options {
    bool all = false;  // those too that are called all the time: TPLs, pools, copies, polls
    std::size_t most_events = 4'000'000;
  };

  // The machine outlives it. Nobody else uses its debug stops meanwhile.
  EfiCalls(machine::Pc& pc, Options options) : pc_(pc), options_(options) {}

  // Pc::run(), recording.
  machine::RunResult run(const machine::RunLimits& limits);

  // Whether there was a system table.
  bool found() const { return system_table_ != 0; }
  const std::vector<IntEvent>& events() const { return events_; }
  std::uint64_t lost_calls() const { return lost_; }

 private:
  struct Entry {
    std::string_view family;                // "boot services", "TCP4"
    const EfiProtocol* protocol = nullptr;  // none: a service of a table
    const EfiFunction* function = nullptr;
  };
  struct Open {
    std::size_t event;
    const EfiFunction* function;
    std::uint64_t return_to, stack;  // RSP at the entry
  };

  void look();
  void find_system_table();
  void read_tables();
  void add_entry(std::uint64_t address, const Entry& entry);
  void learn(std::uint64_t guid_at, std::uint64_t interface);
  void learn_from(const EfiFunction& function, const std::vector<std::uint64_t>& parameters,
                  bool returned);
  void stop_at(std::uint64_t address);
  void no_stop_at(std::uint64_t address);
  void hit();
  void called(const std::vector<Entry>& entries);
  void returned(std::size_t open);
  std::string argument(char kind, std::uint64_t value) const;
  std::string answer(const IntEvent& event, const EfiFunction& function) const;
  std::uint64_t memory(std::uint64_t linear, unsigned width) const;
  EfiGuid guid_at(std::uint64_t linear) const;
  std::string text_at(std::uint64_t linear) const;

  machine::Pc& pc_;
  Options options_;
  cpu::DebugStops stops_;
  std::uint64_t system_table_ = 0;
  bool over_ = false;  // ExitBootServices has succeeded
  Nanoseconds next_look_ = 0;
  std::map<std::uint64_t, std::vector<Entry>> entries_;  // by address
  std::map<std::uint64_t, const EfiProtocol*> interfaces_;
  std::vector<Open> open_;  // outermost first
  std::vector<IntEvent> events_;
  std::uint64_t lost_ = 0;
};

// Both in the order of time. Numbers and depths of the calls are new.
IntTrace merged(IntTrace interrupts, const std::vector<IntEvent>& efi);

}  // namespace ice86::harness
