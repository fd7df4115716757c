// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/diff/align.h"

#include <algorithm>
#include <cstdlib>
#include <unordered_map>

namespace ice86::harness {

namespace {

// Behind so many edits the longest way so far is taken, and the search begins anew there: time and
// memory go with the square of it.
constexpr std::ptrdiff_t kMostEdits = 1000;

struct Anchor {
  std::size_t left, right;
};

class Aligner {
 public:
  Aligner(std::span<const std::uint32_t> left, std::span<const std::uint32_t> right)
      : left_(left), right_(right) {}

  std::vector<AlignedPair> run() {
    std::size_t left = 0, right = 0;
    // Elements that both have once, in an order that both agree on, divide the work.
    for (const Anchor& anchor : anchors()) {
      between(left, anchor.left, right, anchor.right);
      pairs_.emplace_back(anchor.left, anchor.right);
      left = anchor.left + 1;
      right = anchor.right + 1;
    }
    between(left, left_.size(), right, right_.size());
    return std::move(pairs_);
  }

 private:
  std::vector<Anchor> anchors() const;
  void between(std::size_t left, std::size_t left_end, std::size_t right, std::size_t right_end);
  Anchor shortest(std::size_t left, std::size_t left_end, std::size_t right, std::size_t right_end);

  std::span<const std::uint32_t> left_, right_;
  std::vector<AlignedPair> pairs_;
};

std::vector<Anchor> Aligner::anchors() const {
  struct Places {
    std::size_t left_count = 0, right_count = 0, left = 0;
  };
  std::unordered_map<std::uint32_t, Places> places;
  for (std::size_t i = 0; i < left_.size(); ++i) {
    Places& place = places[left_[i]];
    ++place.left_count;
    place.left = i;
  }
  for (const std::uint32_t element : right_) ++places[element].right_count;
  std::vector<Anchor> unique;  // in the order of the right side
  for (std::size_t i = 0; i < right_.size(); ++i) {
    const Places& place = places[right_[i]];
    if (place.left_count == 1 && place.right_count == 1) unique.push_back({place.left, i});
  }
  // The longest run of them that rises on the left, too: piles, each with the least end so far.
  std::vector<std::size_t> piles, before(unique.size(), SIZE_MAX);
  for (std::size_t i = 0; i < unique.size(); ++i) {
    const auto pile = std::lower_bound(
        piles.begin(), piles.end(), unique[i].left,
        [&](std::size_t top, std::size_t left) { return unique[top].left < left; });
    if (pile != piles.begin()) before[i] = *(pile - 1);
    if (pile == piles.end()) {
      piles.push_back(i);
    } else {
      *pile = i;
    }
  }
  std::vector<Anchor> run;
  for (std::size_t i = piles.empty() ? SIZE_MAX : piles.back(); i != SIZE_MAX; i = before[i])
    run.push_back(unique[i]);
  std::reverse(run.begin(), run.end());
  return run;
}

void Aligner::between(std::size_t left, std::size_t left_end, std::size_t right,
                      std::size_t right_end) {
  while (left < left_end && right < right_end && left_[left] == right_[right])
    pairs_.emplace_back(left++, right++);
  // A common end is never worse than what the search finds, and it must not be lost when the search
  // gives up.
  std::size_t ends = 0;
  while (left_end > left && right_end > right && left_[left_end - 1] == right_[right_end - 1]) {
    --left_end;
    --right_end;
    ++ends;
  }
  while (left < left_end && right < right_end) {
    const Anchor at = shortest(left, left_end, right, right_end);
    left = at.left;
    right = at.right;
  }
  for (; left < left_end; ++left) pairs_.emplace_back(left, std::nullopt);
  for (; right < right_end; ++right) pairs_.emplace_back(std::nullopt, right);
  for (; ends > 0; --ends) pairs_.emplace_back(left++, right++);
}

// Aligns from the beginning on, to the end or as far as kMostEdits edits lead; says how far.
Anchor Aligner::shortest(std::size_t left, std::size_t left_end, std::size_t right,
                         std::size_t right_end) {
  const auto n = static_cast<std::ptrdiff_t>(left_end - left);
  const auto m = static_cast<std::ptrdiff_t>(right_end - right);
  const auto equal = [&](std::ptrdiff_t x, std::ptrdiff_t y) {
    return left_[left + static_cast<std::size_t>(x)] == right_[right + static_cast<std::size_t>(y)];
  };
  const std::ptrdiff_t most = std::min(n + m, kMostEdits);
  const std::ptrdiff_t middle = most + 1;
  // The furthest x on each diagonal k = x - y; history has those of each number of edits.
  std::vector<std::ptrdiff_t> furthest(static_cast<std::size_t>(2 * most + 3));
  std::vector<std::vector<std::ptrdiff_t>> history;
  std::ptrdiff_t edits = 0, end_x = 0, end_y = 0;
  for (std::ptrdiff_t d = 0; d <= most; ++d) {
    history.emplace_back(furthest.begin() + (middle - d), furthest.begin() + (middle + d + 1));
    for (std::ptrdiff_t k = -d; k <= d; k += 2) {
      const auto on = [&](std::ptrdiff_t diagonal) -> std::ptrdiff_t& {
        return furthest[static_cast<std::size_t>(middle + diagonal)];
      };
      std::ptrdiff_t x = k == -d || (k != d && on(k - 1) < on(k + 1)) ? on(k + 1) : on(k - 1) + 1;
      while (x < n && x - k < m && x - k >= 0 && equal(x, x - k)) ++x;
      on(k) = x;
      // Beyond an end there is only the other one's rest: that way cannot be the longest. Of
      // equally long ones the most even.
      const std::ptrdiff_t further = 2 * x - k - (end_x + end_y);
      if (x > n || x - k > m || x - k < 0 || further < 0) continue;
      if (further == 0 && (edits < d || std::abs(k) >= std::abs(end_x - end_y))) continue;
      edits = d;
      end_x = x;
      end_y = x - k;
    }
    if (end_x == n && end_y == m) break;
  }
  std::vector<AlignedPair> back;
  std::ptrdiff_t x = end_x, y = end_y;
  const auto left_at = [&](std::ptrdiff_t i) { return left + static_cast<std::size_t>(i); };
  const auto right_at = [&](std::ptrdiff_t i) { return right + static_cast<std::size_t>(i); };
  for (std::ptrdiff_t d = edits; d >= 0; --d) {
    const std::vector<std::ptrdiff_t>& before = history[static_cast<std::size_t>(d)];
    const auto on = [&](std::ptrdiff_t diagonal) {
      return before[static_cast<std::size_t>(diagonal + d)];
    };
    const std::ptrdiff_t k = x - y;
    std::ptrdiff_t from_x = 0, from_y = 0;
    if (d > 0) {
      const std::ptrdiff_t from = k == -d || (k != d && on(k - 1) < on(k + 1)) ? k + 1 : k - 1;
      from_x = on(from);
      from_y = from_x - from;
    }
    while (x > from_x && y > from_y) {
      --x;
      --y;
      back.emplace_back(left_at(x), right_at(y));
    }
    if (d > 0) {
      if (x > from_x) {
        back.emplace_back(left_at(from_x), std::nullopt);
      } else {
        back.emplace_back(std::nullopt, right_at(from_y));
      }
    }
    x = from_x;
    y = from_y;
  }
  pairs_.insert(pairs_.end(), back.rbegin(), back.rend());
  return {left_at(end_x), right_at(end_y)};
}

}  // namespace

std::vector<AlignedPair> align(std::span<const std::uint32_t> left,
                               std::span<const std::uint32_t> right) {
  return Aligner(left, right).run();
}

}  // namespace ice86::harness
