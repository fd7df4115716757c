// SPDX-License-Identifier: LGPL-2.1-or-later
// The model files, as the build puts them into the program (cmake/embed_cpu_models.cmake).
#pragma once

#include <span>
#include <string_view>

namespace ice86::cpu {

struct CpuModelFile {
  std::string_view name;  // "qemu64.toml"
  std::string_view text;
};
std::span<const CpuModelFile> cpu_model_files();

}  // namespace ice86::cpu
