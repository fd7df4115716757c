# Writes OUT, a C++ file with the text of each of FILES (a list) for cpu/cpu_model_files.h.
set(entries "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(APPEND entries "    {\"${name}\", R\"ice86(${text})ice86\"},\n")
endforeach()
file(WRITE ${OUT}.new "// Made from cpu/models/*.toml: change those.
#include \"cpu/cpu_model_files.h\"

#include <array>

namespace ice86::cpu {

namespace {
const CpuModelFile kFiles[] = {
${entries}};
}  // namespace

std::span<const CpuModelFile> cpu_model_files() {
  return kFiles;
}

}  // namespace ice86::cpu
")
file(RENAME ${OUT}.new ${OUT})
