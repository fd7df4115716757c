// SPDX-License-Identifier: LGPL-2.1-or-later
// The SDL2 window: the screen of the machine, and its keyboard and mouse. It is polled from the
// thread that runs the machine; between two polls nothing in it moves.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "devices/vga/frame.h"
#include "emulator/base/result.h"
#include "emulator/machine/input.h"

namespace ice86::display {

struct WindowOptions {
  unsigned scale = 1;  // host pixels for one dot when the window opens: 1 to 8
  // Whole multiples only, with a border; otherwise the picture fills the window, in proportion.
  bool integer_scaling = true;
  bool full_screen = false;
  bool show_cursor = false;  // the host's pointer over the picture while the mouse is not grabbed
  bool may_close = true;     // otherwise the close button does nothing
};

class Window {
 public:
  using InputSink = std::function<void(const machine::Input&)>;

  // Fails when SDL has no display to open a window on.
  static Result<std::unique_ptr<Window>> open(const WindowOptions& options);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  // Takes what the person did since the last call. Keys and mouse go to `sink`, but not the
  // window's own key combinations: Ctrl-Alt with G (grab), F (full screen), U (first size),
  // + and - (scale), S (screenshot), Q (close).
  void poll(const InputSink& sink);
  // Shows what has changed. `source` is the same in every call.
  void show(devices::DisplaySource& source);
  // What the title says beside the state of the grab.
  void set_title(const std::string& text);

  bool closed() const;
  bool grabbed() const;
  // The screenshot keys were pressed since the last call.
  bool take_screenshot_request();

 private:
  class Sdl;
  explicit Window(std::unique_ptr<Sdl> sdl);
  std::unique_ptr<Sdl> sdl_;
};

}  // namespace ice86::display
