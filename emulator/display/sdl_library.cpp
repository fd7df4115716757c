// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: dlopen(3).
#include "emulator/display/sdl_library.h"

#include <dlfcn.h>
#include <fmt/core.h>

namespace ice86::display {

Result<void> SdlLibrary::load() {
  void* const library = dlopen("libSDL2-2.0.so.0", RTLD_NOW | RTLD_NODELETE);
  if (library == nullptr)
    return Error(
        fmt::format("a window cannot be opened: {}", dlerror()));  // NOLINT(concurrency-mt-unsafe)
  const auto find = [library](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    return function != nullptr;
  };
#define ICE86_SDL_FIND(name) \
  if (!find(name, #name))    \
    return Error(fmt::format("a window cannot be opened: libSDL2 has no {}", #name));
  ICE86_SDL_FUNCTIONS(ICE86_SDL_FIND)
#undef ICE86_SDL_FIND
  return {};
}

}  // namespace ice86::display
