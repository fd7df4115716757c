// SPDX-License-Identifier: LGPL-2.1-or-later
// A value that is almost always the empty one, in the room of a pointer: for what few of very many
// objects have. Copies are copies of the value; comparisons are of values.
#pragma once

#include <memory>
#include <utility>

namespace ice86 {

template <typename Value>
class Rare {
 public:
  Rare() = default;
  Rare(Value value) { *this = std::move(value); }  // implicit, as a plain member's would be
  Rare(const Rare& other) : value_(other.value_ ? new Value(*other.value_) : nullptr) {}
  Rare(Rare&&) noexcept = default;
  ~Rare() = default;

  Rare& operator=(const Rare& other) {
    if (this != &other) value_.reset(other.value_ ? new Value(*other.value_) : nullptr);
    return *this;
  }
  Rare& operator=(Rare&&) noexcept = default;
  Rare& operator=(Value value) {
    value_.reset(value == Value() ? nullptr : new Value(std::move(value)));
    return *this;
  }

  const Value& operator*() const { return value_ ? *value_ : none(); }
  const Value* operator->() const { return &**this; }
  operator const Value&() const { return **this; }  // a plain member would do, too

  // For a change in place.
  Value& edit() {
    if (!value_) value_ = std::make_unique<Value>();
    return *value_;
  }

  friend bool operator==(const Rare& a, const Rare& b) {
    return a.value_ == b.value_ || *a == *b;  // both are none, most often
  }
  friend bool operator==(const Rare& a, const Value& b) { return *a == b; }

 private:
  static const Value& none() {
    static const Value kNone{};
    return kNone;
  }

  std::unique_ptr<Value> value_;
};

}  // namespace ice86
