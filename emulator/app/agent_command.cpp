// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 image agent`: what makes a real PC a reference. `ice86 trace import`: what it sent.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "emulator/app/command.h"
#include "emulator/app/exit_code.h"
#include "emulator/app/machine_options.h"
#include "emulator/app/trace_output.h"
#include "emulator/base/files.h"
#include "harness/reference/agent_image.h"
#include "harness/reference/agent_trace.h"

namespace ice86::app {

namespace {

constexpr std::uint64_t kLargestAgent = 64 << 10, kLargestCapture = 1ULL << 30;
constexpr std::uint32_t kFastest = 115200;

struct AgentOptions {
  std::string out, medium = "disk", port = "com1";
  std::optional<std::string> next;
  std::uint32_t baud = kFastest;
};

Result<void> make_agent_image(const AgentOptions& options) {
  harness::AgentSetup setup;
  if (options.medium == "floppy") setup.medium = harness::AgentMedium::kFloppy;
  if (options.medium == "cd") setup.medium = harness::AgentMedium::kCd;
  setup.port = options.port == "com1" ? 0x3f8 : options.port == "com2" ? 0x2f8 : 0xe9;
  if (options.baud == 0 || kFastest % options.baud != 0 || kFastest / options.baud > 0xffff)
    return usage_error(fmt::format("--baud {}: a part of 115200 is needed", options.baud));
  setup.divisor = static_cast<std::uint16_t>(kFastest / options.baud);
  if (options.next) {
    std::size_t end = 0;
    unsigned long drive = 0x100;
    try {
      drive = std::stoul(*options.next, &end, 16);
    } catch (const std::exception&) {
    }
    if (drive > 0xfe || end != options.next->size()) {
      return usage_error(
          fmt::format("--next {}: a drive as INT 13h counts is needed, in hexadecimal: 80 is the "
                      "first hard disk",
                      *options.next));
    }
    setup.next_drive = static_cast<std::uint8_t>(drive);
  }
  const auto path = images_folder() / "int-agent.bin";
  ICE86_TRY_ASSIGN(const auto agent, read_file(path, kLargestAgent));
  auto image = harness::agent_image(agent, setup);
  if (!image) return std::move(image).error().within(path.string());
  return write_file(options.out, *image);
}

struct ImportOptions {
  std::string serial;
  TraceOutput output;
};

Result<int> import(const ImportOptions& options) {
  ICE86_TRY_ASSIGN(const auto bytes, read_file(options.serial, kLargestCapture));
  auto parsed = harness::parse_agent_capture(std::string(bytes.begin(), bytes.end()));
  if (!parsed) return std::move(parsed).error().within(options.serial);
  const harness::IntTrace& trace = parsed->trace;
  ICE86_TRY(options.output.write(trace));
  options.output.print(trace);
  if (parsed->damaged != 0 || trace.losses.calls != 0) {
    fmt::print(stderr, "ice86: {}: {} records are damaged, {} calls are missing\n", options.serial,
               parsed->damaged, trace.losses.calls);
  }
  return static_cast<int>(kDone);
}

}  // namespace

void add_agent_image_command(CLI::App& image, int& exit) {
  CLI::App* command = image.add_subcommand(
      "agent",
      "a boot disk that logs the BIOS calls of the next disk's boot to a serial port, on any PC");
  auto o = std::make_shared<AgentOptions>();
  command->add_option("--out", o->out, "the image to write")->required();
  command->add_option("--medium", o->medium, "disk (hard disk or USB stick; default), floppy or cd")
      ->check(CLI::IsMember({"disk", "floppy", "cd"}));
  command->add_option("--port", o->port, "com1 (default), com2 or e9 (emulators' debug console)")
      ->check(CLI::IsMember({"com1", "com2", "e9"}));
  command->add_option("--baud", o->baud, "speed of the serial line; default 115200");
  command->add_option("--next", o->next,
                      "the drive that is booted then, in hexadecimal; default: the one behind the "
                      "agent's own, from a floppy or CD the first hard disk (80)");
  command->callback([o, &exit] {
    const auto done = make_agent_image(*o);
    exit = done ? static_cast<int>(kDone) : fail(done.error());
  });
}

void add_trace_import_command(CLI::App& trace, int& exit) {
  CLI::App* command =
      trace.add_subcommand("import", "make a trace of what the agent sent to a serial port");
  auto o = std::make_shared<ImportOptions>();
  command->add_option("--serial", o->serial, "the file with all that came over the line")
      ->required();
  add_trace_output_options(*command, o->output);
  command->callback([o, &exit] {
    auto code = import(*o);
    exit = code ? *code : fail(code.error());
  });
}

}  // namespace ice86::app
