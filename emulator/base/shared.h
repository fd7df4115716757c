// SPDX-License-Identifier: LGPL-2.1-or-later
// A value that many objects have alike: a copy of one is the same value, not another like it. It is
// not changed, only replaced. The empty value takes no memory.
#pragma once

#include <memory>
#include <utility>

namespace ice86 {

template <typename Value>
class Shared {
 public:
  Shared() = default;
  Shared(Value value) {  // implicit, as a plain member's would be
    if (!(value == Value())) value_ = std::make_shared<const Value>(std::move(value));
  }

  Shared& operator=(Value value) { return *this = Shared(std::move(value)); }

  const Value& operator*() const { return value_ ? *value_ : none(); }
  const Value* operator->() const { return &**this; }
  operator const Value&() const { return **this; }  // a plain member would do, too

  friend bool operator==(const Shared& a, const Shared& b) {
    return a.value_ == b.value_ || *a == *b;
  }
  friend bool operator==(const Shared& a, const Value& b) { return *a == b; }

 private:
  static const Value& none() {
    static const Value kNone{};
    return kNone;
  }

  std::shared_ptr<const Value> value_;
};

}  // namespace ice86
