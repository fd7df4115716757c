// SPDX-License-Identifier: LGPL-2.1-or-later
// SDL 2, loaded when a window is asked for: with the libraries that it needs it would be most of
// the time that a run without a window takes to start.
// Reference: dlopen(3); SDL 2 API.
#pragma once

#define SDL_MAIN_HANDLED
#include <SDL2/SDL.h>

#include "emulator/base/result.h"

namespace ice86::display {

// What is called of it. In a class derived from this one the functions have their own names.
#define ICE86_SDL_FUNCTIONS(f)                                                                     \
  f(SDL_CreateRenderer) f(SDL_CreateTexture) f(SDL_CreateWindow) f(SDL_DestroyRenderer)            \
      f(SDL_DestroyTexture) f(SDL_DestroyWindow) f(SDL_GetError) f(SDL_GetRendererOutputSize)      \
          f(SDL_InitSubSystem) f(SDL_PollEvent) f(SDL_QuitSubSystem) f(SDL_RenderClear)            \
              f(SDL_RenderCopy) f(SDL_RenderPresent) f(SDL_SetHint) f(SDL_SetMainReady)            \
                  f(SDL_SetRelativeMouseMode) f(SDL_SetRenderDrawColor) f(SDL_SetWindowFullscreen) \
                      f(SDL_SetWindowKeyboardGrab) f(SDL_SetWindowSize) f(SDL_SetWindowTitle)      \
                          f(SDL_ShowCursor) f(SDL_StopTextInput) f(SDL_UpdateTexture)

class SdlLibrary {
 protected:
  // It stays in the process: SDL is not made to be unloaded.
  Result<void> load();
  bool loaded() const { return SDL_QuitSubSystem != nullptr; }

#define ICE86_SDL_MEMBER(name) decltype(&::name) name = nullptr;
  ICE86_SDL_FUNCTIONS(ICE86_SDL_MEMBER)
#undef ICE86_SDL_MEMBER
};

}  // namespace ice86::display
