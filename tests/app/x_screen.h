// SPDX-License-Identifier: LGPL-2.1-or-later
// An X server without a screen (Xvfb), with somebody who types (xdotool) and looks (ImageMagick).
#pragma once

#include <fcntl.h>
#include <png.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace ice86::app_test {

struct Picture {
  unsigned width = 0, height = 0;
  std::vector<std::uint8_t> rgb;
  bool lit(unsigned x, unsigned y) const {
    const std::uint8_t* p = &rgb[(std::size_t{y} * width + x) * 3];
    return p[0] + p[1] + p[2] > 192;
  }
};

// A child that does not outlive the test.
class Child {
 public:
  Child() = default;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (id_ <= 0) return;
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
  }
  // `pipe_end` becomes descriptor 3 of the child; all it prints goes to the file `output`.
  void start(const std::vector<std::string>& words, const std::string& output, int pipe_end = -1) {
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    id_ = ::fork();
    if (id_ != 0) return;
    const int out = ::open(output.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    ::dup2(out, 1);
    ::dup2(out, 2);
    if (pipe_end >= 0) ::dup2(pipe_end, 3);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  // The exit code, once it has ended.
  std::optional<int> wait(std::chrono::seconds longest) {
    const auto end = std::chrono::steady_clock::now() + longest;
    int status = 0;
    while (::waitpid(id_, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > end) return std::nullopt;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    id_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t id_ = 0;
};

inline std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
  std::string text;
  std::array<char, 65536> buffer;
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    text.append(buffer.data(), got);
  ::pclose(pipe);
  return text;
}

inline bool program_exists(const std::string& name) {
  return !output_of("command -v " + name).empty();
}

// A binary portable pixmap, as ImageMagick writes it.
inline Picture parse_ppm(const std::string& ppm) {
  Picture picture;
  int used = 0;
  unsigned most = 0;
  if (std::sscanf(ppm.c_str(), "P6 %u %u %u%n", &picture.width, &picture.height, &most, &used) !=
          3 ||
      most != 255 ||
      ppm.size() !=
          static_cast<std::size_t>(used) + 1 + std::size_t{picture.width} * picture.height * 3)
    return {};
  picture.rgb.assign(ppm.begin() + used + 1, ppm.end());
  return picture;
}

inline Picture read_png(const std::string& path) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  Picture picture;
  if (png_image_begin_read_from_file(&image, path.c_str()) == 0) return {};
  image.format = PNG_FORMAT_RGB;
  picture.width = image.width;
  picture.height = image.height;
  picture.rgb.resize(PNG_IMAGE_SIZE(image));
  if (png_image_finish_read(&image, nullptr, picture.rgb.data(), 0, nullptr) == 0) return {};
  return picture;
}

class XScreen {
 public:
  // False: no server could be started.
  bool start(const std::string& log) {
    int ends[2];
    if (::pipe(ends) != 0) return false;
    server_.start({"Xvfb", "-displayfd", "3", "-screen", "0", "1600x1200x24", "-nolisten", "tcp"},
                  log, ends[1]);
    ::close(ends[1]);
    std::string number;
    char digit = 0;
    while (::read(ends[0], &digit, 1) == 1 && digit != '\n') number += digit;
    ::close(ends[0]);
    if (number.empty()) return false;
    ::setenv("DISPLAY", (":" + number).c_str(), 1);
    ::setenv("SDL_VIDEODRIVER", "x11", 1);
    return true;
  }
  static std::string window() {
    const std::string id = output_of("xdotool search --name '^ice86 -'");
    return id.substr(0, id.find('\n'));
  }
  static std::string title() { return output_of("xdotool getwindowname " + window()); }
  static Picture look() {
    return parse_ppm(output_of("import -window " + window() + " -depth 8 ppm:-"));
  }
  static void act(const std::string& words) { output_of("xdotool " + words); }

 private:
  Child server_;
};

// Reads a text screen of 9x16 dots, with the font that the guest's VGA BIOS has in its ROM.
class TextReader {
 public:
  // `rom`: found in it by the shapes of A and B.
  explicit TextReader(const std::string& rom) {
    static const char kAandB[] =
        "\x00\x00\x10\x38\x6c\xc6\xc6\xfe\xc6\xc6\xc6\xc6\x00\x00\x00\x00"
        "\x00\x00\xfc\x66\x66\x66\x7c\x66\x66\x66\x66\xfc\x00\x00\x00\x00";
    const std::size_t at = rom.find(std::string(kAandB, 32));
    if (at == std::string::npos || at < 0x41 * 16) return;
    for (unsigned c = 0x20; c < 0x7F; ++c) {
      const std::size_t glyph = at - std::size_t{0x41} * 16 + std::size_t{c} * 16;
      if (glyph + 16 <= rom.size()) glyphs_[rom.substr(glyph, 16)] = static_cast<char>(c);
    }
  }
  bool usable() const { return glyphs_.size() > 90; }
  std::string read(const Picture& picture) const {
    std::string text;
    for (unsigned y = 0; y + 16 <= picture.height; y += 16) {
      std::string line;
      for (unsigned x = 0; x + 9 <= picture.width; x += 9) {
        std::string shape(16, '\0');
        for (unsigned i = 0; i < 16; ++i) {
          for (unsigned dot = 0; dot < 8; ++dot)
            shape[i] = static_cast<char>(static_cast<unsigned char>(shape[i]) << 1 |
                                         (picture.lit(x + dot, y + i) ? 1 : 0));
        }
        const auto found = glyphs_.find(shape);
        line += found == glyphs_.end() ? '~' : found->second;
      }
      line.resize(line.find_last_not_of(' ') + 1);
      text += line + '\n';
    }
    return text;
  }

 private:
  std::map<std::string, char> glyphs_;
};

}  // namespace ice86::app_test
