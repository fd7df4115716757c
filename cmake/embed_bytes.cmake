# Writes OUT, a C++ file that defines std::span<const std::uint8_t> FUNCTION() in namespace SPACE: the
# bytes of FILE.
file(READ ${FILE} bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(................................................................................)"
       "\\1\n  " bytes "${bytes}")
file(WRITE ${OUT}.new "#include <cstdint>
#include <span>

namespace ${SPACE} {

namespace {
constexpr std::uint8_t kBytes[] = {
  ${bytes}
};
}  // namespace

std::span<const std::uint8_t> ${FUNCTION}() {
  return kBytes;
}

}  // namespace ${SPACE}
")
file(RENAME ${OUT}.new ${OUT})
