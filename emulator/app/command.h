// SPDX-License-Identifier: LGPL-2.1-or-later
// The subcommands. `words` is the command line as the user typed it. Each adds itself to the
// command line; when it is chosen it runs and leaves its exit code.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ice86 {
class Error;
}

namespace ice86::app {

void add_run_command(CLI::App& app, const std::vector<std::string>& words, int& exit);
void add_record_command(CLI::App& app, const std::vector<std::string>& words, int& exit);
void add_replay_command(CLI::App& app, const std::vector<std::string>& words, int& exit);
void add_trace_command(CLI::App& app, const std::vector<std::string>& words, int& exit);
void add_test_command(CLI::App& app, const std::vector<std::string>& words, int& exit);
void add_diff_command(CLI::App& app, const std::vector<std::string>& words, int& exit);
void add_reference_command(CLI::App& app, const std::vector<std::string>& words, int& exit);
void add_firmware_command(CLI::App& app, const std::vector<std::string>& words, int& exit);
void add_view_command(CLI::App& app, const std::vector<std::string>& words, int& exit);
void add_peer_command(CLI::App& app, const std::vector<std::string>& words, int& exit);
void add_fuzz_command(CLI::App& app, const std::vector<std::string>& words, int& exit);
void add_image_command(CLI::App& app, const std::vector<std::string>& words, int& exit);

// Prints "ice86: message" to stderr and returns the exit code that fits.
int fail(const Error& error);

// Below `image` and `trace`.
void add_agent_image_command(CLI::App& image, int& exit);
void add_trace_import_command(CLI::App& trace, int& exit);

}  // namespace ice86::app
