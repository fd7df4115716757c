// SPDX-License-Identifier: LGPL-2.1-or-later
// The command line: one subcommand, one file.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/app/command.h"
#include "emulator/app/exit_code.h"
#include "emulator/base/suggest.h"

namespace ice86::app {
namespace {

struct Subcommand {
  std::string_view name;
  void (*add)(CLI::App& app, const std::vector<std::string>& words, int& exit);
};
constexpr Subcommand kSubcommands[] = {
    {"run", add_run_command},           {"record", add_record_command},
    {"replay", add_replay_command},     {"trace", add_trace_command},
    {"test", add_test_command},         {"diff", add_diff_command},
    {"view", add_view_command},         {"reference", add_reference_command},
    {"firmware", add_firmware_command}, {"fuzz", add_fuzz_command},
    {"image", add_image_command},       {"peer", add_peer_command}};

// The options of all subcommands are many: where the first word names one, the others stay away.
void add_subcommands(CLI::App& app, const std::vector<std::string>& words, int& exit) {
  const auto named =
      std::find_if(std::begin(kSubcommands), std::end(kSubcommands),
                   [&](const Subcommand& one) { return words.size() > 1 && words[1] == one.name; });
  if (named != std::end(kSubcommands)) return named->add(app, words, exit);
  for (const Subcommand& one : kSubcommands) one.add(app, words, exit);
}

// QEMU's users type long options with one dash: "-hda disk.img". A word with one dash that is the
// name of a long option is taken as that.
std::vector<std::string> with_qemu_spellings(const CLI::App& app, int argc, char** argv) {
  std::set<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) names.insert("-" + name);
    }
  }
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool known = names.count(word.substr(0, word.find('='))) != 0;
    words.push_back(known ? "-" + word : word);
  }
  return words;
}

const CLI::App* chosen(const CLI::App& app) {
  const CLI::App* deepest = &app;
  while (!deepest->get_subcommands().empty()) deepest = deepest->get_subcommands().front();
  return deepest;
}

// One line that names the word, and the nearest thing that exists.
void explain(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* where = chosen(app);
  std::string text = error.what();
  std::string hint;
  // A word nobody knows is the real mistake, even when CLI11 first misses something else because of
  // it.
  const std::vector<std::string> left = app.remaining(true);
  if (!left.empty()) {
    const std::string word = left.empty() ? "" : left.front().substr(0, left.front().find('='));
    std::vector<std::string> known;
    if (!word.empty() && word[0] == '-') {
      text = "unknown option " + word;
      for (const CLI::Option* option : where->get_options()) {
        for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
        for (const std::string& name : option->get_snames()) known.push_back("-" + name);
      }
    } else {
      text = "there is no command '" + word + "'";
      for (const CLI::App* sub : where->get_subcommands(nullptr)) known.push_back(sub->get_name());
      if (known.empty()) text = "unexpected word '" + word + "'";
    }
    hint = suggestion(word, known);
  }
  std::string command = "ice86";
  if (where != &app) command += " " + where->get_name();
  std::fprintf(stderr, "ice86: %s%s ('%s --help' lists what there is)\n", text.c_str(),
               hint.c_str(), command.c_str());
}

int run_program(int argc, char** argv) {
  CLI::App app("ice86: an in-circuit emulator in software for x86 firmware", "ice86");
  app.set_version_flag("--version", std::string("ice86 ") + ICE86_VERSION);
  app.require_subcommand(1);
  int exit = kDone;
  const std::vector<std::string> words(argv, argv + argc);
  add_subcommands(app, words, exit);
  try {
    std::vector<std::string> spelled = with_qemu_spellings(app, argc, argv);
    std::reverse(spelled.begin(), spelled.end());  // CLI11 takes them from the back
    app.parse(spelled);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version);
  } catch (const CLI::ParseError& error) {
    explain(app, error);
    return kBadArguments;
  }
  return exit;
}

}  // namespace
}  // namespace ice86::app

int main(int argc, char** argv) {
  // A file that may not grow is an error like a full disk, not the end of the program.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return ice86::app::run_program(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ice86: %s\n", error.what());
    return ice86::app::kMissing;
  }
}
