// SPDX-License-Identifier: LGPL-2.1-or-later
// "Did you mean": the nearest of some known words.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ice86 {

// The word with the least edit distance (Damerau-Levenshtein, adjacent swaps count once), if it is
// near enough to be a likely slip.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

// The end of a message about an unknown word: "; did you mean NEAREST?", or nothing.
std::string suggestion(std::string_view word, const std::vector<std::string>& known);

}  // namespace ice86
