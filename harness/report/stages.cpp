// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/report/stages.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "harness/report/text.h"

namespace ice86::harness {

namespace {

constexpr std::uint32_t kRomArea = 0xc0000;  // option ROMs and the BIOS lie above

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

std::uint32_t linear(const FarPointer& pointer) {
  return (std::uint32_t{pointer.segment} << 4) + pointer.offset;
}

std::string printable(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c >= ' ' && c < 0x7f) result += c;
  }
  const auto end = result.find_last_not_of(' ');
  return result.substr(0, end == std::string::npos ? 0 : end + 1);
}

bool is_teletype(const IntEvent& event) {
  return event.vector == 0x10 && event.in.ah() == 0x0e;
}

// The first line that calls from RAM send to the screen, from `first` on.
std::string first_text(const std::vector<IntEvent>& events, std::size_t first) {
  std::string text;
  for (std::size_t i = first; i < events.size(); ++i) {
    if (!is_teletype(events[i]) || linear(events[i].caller) >= kRomArea) continue;
    const char c = static_cast<char>(events[i].in.al());
    if ((c == '\r' || c == '\n') && !printable(text).empty()) break;
    text += c;
  }
  return printable(text);
}

bool is_disk_read(const IntEvent& event) {
  const std::uint8_t ah = event.in.ah();
  return event.vector == 0x13 && (ah == 0x02 || ah == 0x42) && event.out && !event.out->carry();
}

// What LinuxBIOS and ADLO say: their own names, and what they load.
struct Announced {
  std::string payload, bios, vga_bios;
};

std::string after(std::string_view line, std::string_view start) {
  return printable(line.substr(start.size()));
}

void add_announced(const std::vector<LineLog::Line>& serial, std::vector<Stage>& stages,
                   bool& bios_announced) {
  Announced announced;
  for (const LineLog::Line& line : serial) {
    const std::string_view text = line.text;
    if (starts_with(text, "LinuxBIOS ") && !starts_with(text, "LinuxBIOS table")) {
      stages.push_back({"LinuxBIOS", line.time, line.instruction, after(text, "LinuxBIOS ")});
    } else if (starts_with(text, "Payload: ")) {
      announced.payload = after(text, "Payload: ");
    } else if (starts_with(text, "ADLO: BIOS, ")) {
      announced.bios = after(text, "ADLO: BIOS, ");
    } else if (starts_with(text, "ADLO: VGA BIOS, ")) {
      announced.vga_bios = "VGA BIOS " + after(text, "ADLO: VGA BIOS, ");
    } else if (starts_with(text, "ADLO ")) {
      stages.push_back({"ADLO", line.time, line.instruction, announced.payload});
    } else if (text == "ADLO: starting the BIOS") {
      stages.push_back(
          {"BIOS", line.time, line.instruction, announced.bios + "; " + announced.vga_bios});
      bios_announced = true;
      return;
    }
  }
}

}  // namespace

std::vector<Stage> boot_stages(const std::vector<LineLog::Line>& serial, const IntTrace& trace) {
  std::vector<Stage> stages;
  bool bios_announced = false;
  add_announced(serial, stages, bios_announced);

  const std::vector<IntEvent>& events = trace.events;
  if (!bios_announced && !events.empty()) {
    stages.push_back({"BIOS", events[0].time, events[0].instruction, "its first interrupt call"});
  }
  const auto loader = std::find_if(events.begin(), events.end(), [](const IntEvent& event) {
    return linear(event.caller) < kRomArea;
  });
  std::uint64_t last_call = events.empty() ? 0 : events.back().time;
  if (loader != events.end()) {
    const auto first = static_cast<std::size_t>(loader - events.begin());
    const auto reads = std::count_if(loader, events.end(), is_disk_read);
    std::string detail =
        fmt::format("at {:04x}:{:04x}", loader->caller.segment, loader->caller.offset);
    if (const std::string text = first_text(events, first); !text.empty()) {
      detail += fmt::format(", \"{}\"", text);
    }
    detail += fmt::format(", {} disk reads through INT 13h", reads);
    // The loader's own start is a few instructions before its first call.
    stages.push_back({"boot loader", loader->time, loader->instruction, detail});
    for (const LineLog::Line& line : serial) {
      if (line.time < last_call || printable(line.text).empty()) continue;
      stages.push_back({"system", line.time, line.instruction,
                        fmt::format("\"{}\", no BIOS call from here on", printable(line.text))});
      break;
    }
  }
  std::stable_sort(stages.begin(), stages.end(),
                   [](const Stage& a, const Stage& b) { return a.time < b.time; });
  return stages;
}

std::string stages_text(const std::vector<Stage>& stages, std::uint64_t end_time) {
  std::string text = fmt::format("{:>13} {:>12}  {:<12} {}\n", "from", "for", "stage", "what");
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const Stage& stage = stages[i];
    const std::uint64_t end = i + 1 < stages.size() ? stages[i + 1].time : end_time;
    text += fmt::format("{:>11.6f} s {:>12}  {:<12} {}\n", static_cast<double>(stage.time) / 1e9,
                        duration_text(end - std::min(end, stage.time)), stage.name, stage.detail);
  }
  return text;
}

}  // namespace ice86::harness
