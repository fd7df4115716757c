// SPDX-License-Identifier: LGPL-2.1-or-later
// The program as a user starts it, in a folder of the test's own.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace ice86::app_test {

struct Outcome {
  int exit;
  std::string output;  // stdout and stderr
};

class Program : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "ice86-cli-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Runs in the test's own empty folder. `environment`: "NAME=value ...".
  Outcome ice86(const std::string& arguments, const std::string& environment = "") {
    return run(ICE86_PROGRAM, arguments, environment);
  }

  Outcome run(const std::string& program, const std::string& arguments,
              const std::string& environment = "") {
    const std::string command = "cd '" + folder_.string() + "' && " + environment + " '" + program +
                                "' " + arguments + " 2>&1 </dev/null";
    std::FILE* pipe = ::popen(command.c_str(), "r");
    Outcome outcome{-1, ""};
    std::array<char, 4096> buffer;
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
      outcome.output.append(buffer.data(), got);
    }
    const int status = ::pclose(pipe);
    outcome.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return outcome;
  }

  std::string file(const std::string& name, std::size_t size) {
    const auto path = folder_ / name;
    std::ofstream(path, std::ios::binary) << std::string(size, '\0');
    return path.string();
  }

  void write(const std::string& name, const std::string& contents) {
    std::ofstream(folder_ / name, std::ios::binary) << contents;
  }

  std::vector<std::string> files_left() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

  static std::string guest(const std::string& name) {
    return std::string(ICE86_GUESTS "/") + name + ".bin";
  }

  std::filesystem::path folder_;
};

}  // namespace ice86::app_test
