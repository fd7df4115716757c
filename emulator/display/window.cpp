// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: SDL 2 API (video, render, events, mouse).
#include "emulator/display/window.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "emulator/base/assert.h"
#include "emulator/display/sdl_keys.h"
#include "emulator/display/sdl_library.h"

namespace ice86::display {

namespace {

using devices::Frame;
using devices::KeyCode;
using devices::LineRange;
using machine::ButtonInput;
using machine::KeyInput;
using machine::MotionInput;
using Button = devices::Ps2Mouse::Button;

constexpr int kFirstWidth = 720, kFirstHeight = 400;  // a text screen
constexpr unsigned kMostScale = 8;
// What an adapter that nobody has programmed yet makes is no size for a window.
constexpr int kLeastWidth = 160, kLeastHeight = 100;

std::optional<Button> button_of(std::uint8_t sdl_button) {
  switch (sdl_button) {
    case SDL_BUTTON_LEFT: return Button::kLeft;
    case SDL_BUTTON_RIGHT: return Button::kRight;
    case SDL_BUTTON_MIDDLE: return Button::kMiddle;
    default: return std::nullopt;
  }
}

}  // namespace

class Window::Sdl : private SdlLibrary {
 public:
  explicit Sdl(const WindowOptions& options) : options_(options), scale_(options.scale) {}
  ~Sdl();
  Sdl(const Sdl&) = delete;
  Sdl& operator=(const Sdl&) = delete;

  Result<void> open();
  void poll(const InputSink& sink);
  void show(devices::DisplaySource& source);
  void set_title(const std::string& text);
  bool closed() const { return closed_; }
  bool grabbed() const { return grabbed_; }
  bool take_screenshot_request() { return std::exchange(screenshot_, false); }

 private:
  void on_key(const SDL_KeyboardEvent& event, const InputSink& sink);
  bool on_hot_key(SDL_Scancode scancode, const InputSink& sink);
  void on_button(const SDL_MouseButtonEvent& event, const InputSink& sink);
  void on_window_event(const SDL_WindowEvent& event, const InputSink& sink);
  void send_key(KeyCode key, bool pressed, const InputSink& sink);
  void release_everything(const InputSink& sink);
  void grab(bool on);
  void set_scale(unsigned scale);
  void fit_window();
  void upload(const LineRange& lines);
  void paint();
  void write_title();

  WindowOptions options_;
  unsigned scale_;
  SDL_Window* window_ = nullptr;
  SDL_Renderer* renderer_ = nullptr;
  SDL_Texture* texture_ = nullptr;
  int texture_width_ = 0, texture_height_ = 0;
  Frame frame_;
  bool closed_ = false;
  bool grabbed_ = false;
  bool screenshot_ = false;
  bool full_screen_ = false;
  bool texture_lost_ = false;
  bool exposed_ = true;  // the host wants the window drawn again
  std::array<bool, devices::kKeyCodes> down_{};
  std::array<bool, 3> buttons_{};
  MotionInput motion_;
  std::string title_ = "ice86";
};

Window::Sdl::~Sdl() {
  if (window_ != nullptr) grab(false);
  if (texture_ != nullptr) SDL_DestroyTexture(texture_);
  if (renderer_ != nullptr) SDL_DestroyRenderer(renderer_);
  if (window_ != nullptr) SDL_DestroyWindow(window_);
  if (loaded()) SDL_QuitSubSystem(SDL_INIT_VIDEO);
}

Result<void> Window::Sdl::open() {
  ICE86_TRY(load());
  SDL_SetMainReady();
  // Ctrl-C at the terminal ends the run the same way with and without a window.
  SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
  // A screen that shows a running machine does not keep the host's own screen from its rest.
  SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
  SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, options_.integer_scaling ? "nearest" : "linear");
  if (SDL_InitSubSystem(SDL_INIT_VIDEO) != 0)
    return Error(fmt::format("a window cannot be opened: {}", SDL_GetError()));
  const int factor = static_cast<int>(scale_);
  window_ = SDL_CreateWindow("ice86", SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED,
                             kFirstWidth * factor, kFirstHeight * factor,
                             SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI);
  if (window_ == nullptr)
    return Error(fmt::format("a window cannot be opened: {}", SDL_GetError()));
  renderer_ = SDL_CreateRenderer(window_, -1, 0);
  if (renderer_ == nullptr) renderer_ = SDL_CreateRenderer(window_, -1, SDL_RENDERER_SOFTWARE);
  if (renderer_ == nullptr)
    return Error(fmt::format("the window cannot be drawn in: {}", SDL_GetError()));
  if (options_.full_screen) {
    full_screen_ = true;
    SDL_SetWindowFullscreen(window_, SDL_WINDOW_FULLSCREEN_DESKTOP);
  }
  if (!options_.show_cursor) SDL_ShowCursor(SDL_DISABLE);
  SDL_StopTextInput();  // keys are positions here, not text
  return {};
}

void Window::Sdl::poll(const InputSink& sink) {
  motion_ = {};
  const auto flush_motion = [&] {
    if (motion_ != MotionInput{}) sink(motion_);
    motion_ = {};
  };
  SDL_Event event;
  while (SDL_PollEvent(&event) != 0) {
    switch (event.type) {
      case SDL_QUIT: closed_ = closed_ || options_.may_close; break;
      case SDL_WINDOWEVENT: on_window_event(event.window, sink); break;
      case SDL_KEYDOWN:
      case SDL_KEYUP:
        flush_motion();
        on_key(event.key, sink);
        break;
      case SDL_MOUSEMOTION:
        if (grabbed_) {
          motion_.dx += event.motion.xrel;
          motion_.dy -= event.motion.yrel;
        }
        break;
      case SDL_MOUSEWHEEL:
        // SDL counts away from the user.
        if (grabbed_)
          motion_.wheel -=
              event.wheel.direction == SDL_MOUSEWHEEL_FLIPPED ? -event.wheel.y : event.wheel.y;
        break;
      case SDL_MOUSEBUTTONDOWN:
      case SDL_MOUSEBUTTONUP:
        flush_motion();
        on_button(event.button, sink);
        break;
      case SDL_RENDER_TARGETS_RESET:
      case SDL_RENDER_DEVICE_RESET:
        texture_lost_ = true;
        exposed_ = true;
        break;
      default: break;
    }
  }
  flush_motion();
}

void Window::Sdl::on_window_event(const SDL_WindowEvent& event, const InputSink& sink) {
  switch (event.event) {
    case SDL_WINDOWEVENT_FOCUS_LOST:
      // Their releases would go to another window.
      release_everything(sink);
      if (grabbed_) grab(false);
      break;
    case SDL_WINDOWEVENT_CLOSE: closed_ = closed_ || options_.may_close; break;
    case SDL_WINDOWEVENT_EXPOSED:
    case SDL_WINDOWEVENT_SIZE_CHANGED:
    case SDL_WINDOWEVENT_RESTORED: exposed_ = true; break;
    default: break;
  }
}

void Window::Sdl::send_key(KeyCode key, bool pressed, const InputSink& sink) {
  bool& down = down_[static_cast<unsigned>(key)];
  if (down == pressed) return;
  down = pressed;
  sink(KeyInput{key, pressed});
}

void Window::Sdl::release_everything(const InputSink& sink) {
  for (unsigned i = 0; i < down_.size(); ++i) send_key(static_cast<KeyCode>(i), false, sink);
  for (unsigned i = 0; i < buttons_.size(); ++i) {
    if (std::exchange(buttons_[i], false)) sink(ButtonInput{static_cast<Button>(i), false});
  }
}

void Window::Sdl::on_key(const SDL_KeyboardEvent& event, const InputSink& sink) {
  if (event.repeat != 0) return;  // the PS/2 keyboard repeats by itself
  const bool pressed = event.type == SDL_KEYDOWN;
  const auto both = [&](std::uint16_t mask) { return (event.keysym.mod & mask) != 0; };
  if (pressed && both(KMOD_CTRL) && both(KMOD_ALT) && on_hot_key(event.keysym.scancode, sink))
    return;
  if (const auto key = key_of_sdl(event.keysym.scancode)) send_key(*key, pressed, sink);
}

// Ctrl-Alt and a letter, as in QEMU's window. The guest has seen Ctrl and Alt go down; they go up
// for it too.
bool Window::Sdl::on_hot_key(SDL_Scancode scancode, const InputSink& sink) {
  switch (scancode) {
    case SDL_SCANCODE_G: grab(!grabbed_); break;
    case SDL_SCANCODE_F:
      full_screen_ = !full_screen_;
      SDL_SetWindowFullscreen(window_, full_screen_ ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0);
      break;
    case SDL_SCANCODE_U: set_scale(options_.scale); break;
    case SDL_SCANCODE_EQUALS:
    case SDL_SCANCODE_KP_PLUS: set_scale(scale_ + 1); break;
    case SDL_SCANCODE_MINUS:
    case SDL_SCANCODE_KP_MINUS: set_scale(scale_ - 1); break;
    case SDL_SCANCODE_S: screenshot_ = true; break;
    case SDL_SCANCODE_Q: closed_ = closed_ || options_.may_close; break;
    default: return false;
  }
  release_everything(sink);
  exposed_ = true;
  return true;
}

void Window::Sdl::on_button(const SDL_MouseButtonEvent& event, const InputSink& sink) {
  const auto button = button_of(event.button);
  if (!button) return;
  const bool pressed = event.state == SDL_PRESSED;
  if (!grabbed_) {
    // The click that takes the mouse is not the guest's.
    if (pressed && *button == Button::kLeft) grab(true);
    return;
  }
  bool& down = buttons_[static_cast<unsigned>(*button)];
  if (down == pressed) return;
  down = pressed;
  sink(ButtonInput{*button, pressed});
}

void Window::Sdl::grab(bool on) {
  grabbed_ = on;
  SDL_SetWindowKeyboardGrab(window_, on ? SDL_TRUE : SDL_FALSE);
  SDL_SetRelativeMouseMode(on ? SDL_TRUE : SDL_FALSE);
  write_title();
}

void Window::Sdl::set_scale(unsigned scale) {
  scale_ = std::clamp(scale, 1U, kMostScale);
  if (full_screen_) {
    full_screen_ = false;
    SDL_SetWindowFullscreen(window_, 0);
  }
  fit_window();
}

void Window::Sdl::fit_window() {
  const int factor = static_cast<int>(scale_);
  if (full_screen_) return;
  const bool usable = texture_width_ >= kLeastWidth && texture_height_ >= kLeastHeight;
  SDL_SetWindowSize(window_, (usable ? texture_width_ : kFirstWidth) * factor,
                    (usable ? texture_height_ : kFirstHeight) * factor);
}

void Window::Sdl::show(devices::DisplaySource& source) {
  const LineRange changed = source.update(frame_);
  if (!changed.empty() || texture_lost_) upload(changed);
  if (changed.empty() && !exposed_) return;
  paint();
  exposed_ = false;
}

void Window::Sdl::upload(const LineRange& lines) {
  const int width = static_cast<int>(frame_.width), height = static_cast<int>(frame_.height);
  LineRange part = lines;
  if (width != texture_width_ || height != texture_height_ || texture_lost_) {
    if (texture_ != nullptr) SDL_DestroyTexture(texture_);
    texture_ = SDL_CreateTexture(renderer_, SDL_PIXELFORMAT_RGB888, SDL_TEXTUREACCESS_STREAMING,
                                 width, height);
    const bool other_size = width != texture_width_ || height != texture_height_;
    texture_width_ = width;
    texture_height_ = height;
    if (other_size) fit_window();
    part = {0, frame_.height};
    texture_lost_ = false;
  }
  if (texture_ == nullptr) return;  // no such texture on this host: a black window
  const SDL_Rect where{0, static_cast<int>(part.first), width,
                       static_cast<int>(part.end - part.first)};
  SDL_UpdateTexture(texture_, &where, &frame_.pixels[std::size_t{part.first} * frame_.width],
                    width * static_cast<int>(sizeof(std::uint32_t)));
}

// The picture in the middle, as large as it goes.
void Window::Sdl::paint() {
  int width = 0, height = 0;
  SDL_GetRendererOutputSize(renderer_, &width, &height);
  SDL_SetRenderDrawColor(renderer_, 0, 0, 0, 255);
  SDL_RenderClear(renderer_);
  if (texture_ != nullptr && texture_width_ > 0 && texture_height_ > 0) {
    double factor = std::min(static_cast<double>(width) / texture_width_,
                             static_cast<double>(height) / texture_height_);
    // A window smaller than the picture shows it whole all the same.
    if (options_.integer_scaling && factor >= 1) factor = std::floor(factor);
    SDL_Rect where{};
    where.w = std::max(1, static_cast<int>(texture_width_ * factor));
    where.h = std::max(1, static_cast<int>(texture_height_ * factor));
    where.x = (width - where.w) / 2;
    where.y = (height - where.h) / 2;
    SDL_RenderCopy(renderer_, texture_, nullptr, &where);
  }
  SDL_RenderPresent(renderer_);
}

void Window::Sdl::set_title(const std::string& text) {
  if (text == title_) return;
  title_ = text;
  write_title();
}

void Window::Sdl::write_title() {
  const std::string text = grabbed_ ? title_ + " - Ctrl-Alt-G releases the mouse" : title_;
  SDL_SetWindowTitle(window_, text.c_str());
}

Window::Window(std::unique_ptr<Sdl> sdl) : sdl_(std::move(sdl)) {}
Window::~Window() = default;

Result<std::unique_ptr<Window>> Window::open(const WindowOptions& options) {
  ICE86_ASSERT(options.scale >= 1 && options.scale <= kMostScale);
  auto sdl = std::make_unique<Sdl>(options);
  ICE86_TRY(sdl->open());
  return std::unique_ptr<Window>(new Window(std::move(sdl)));
}

void Window::poll(const InputSink& sink) {
  sdl_->poll(sink);
}
void Window::show(devices::DisplaySource& source) {
  sdl_->show(source);
}
void Window::set_title(const std::string& text) {
  sdl_->set_title(text);
}
bool Window::closed() const {
  return sdl_->closed();
}
bool Window::grabbed() const {
  return sdl_->grabbed();
}
bool Window::take_screenshot_request() {
  return sdl_->take_screenshot_request();
}

}  // namespace ice86::display
