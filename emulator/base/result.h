// SPDX-License-Identifier: LGPL-2.1-or-later
// Result<T>: a value or an Error. Expected failures (files, options, images, snapshots) are values;
// the names are those of std::expected, which g++ 12 in C++20 mode does not have.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "emulator/base/assert.h"

namespace ice86 {

// What kind of failure it is; the command line turns it into the documented exit code.
enum class ErrorKind {
  kUsage,        // bad arguments or configuration: exit 2
  kUnavailable,  // a needed file, tool or state is missing or does not fit: exit 6
};

// One failure, told for a person: what, where, and what to do about it.
class [[nodiscard]] Error {
 public:
  explicit Error(std::string message, ErrorKind kind = ErrorKind::kUnavailable)
      : message_(std::move(message)), kind_(kind) {}

  const std::string& message() const { return message_; }
  ErrorKind kind() const { return kind_; }

  // Adds where it happened, outermost first: "machine.toml: line 3: no such board".
  Error within(const std::string& context) && {
    message_ = context + ": " + message_;
    return std::move(*this);
  }

 private:
  std::string message_;
  ErrorKind kind_;
};

inline Error usage_error(std::string message) {
  return Error(std::move(message), ErrorKind::kUsage);
}

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value)
      : content_(std::in_place_index<0>, std::move(value)) {
  }  // NOLINT(google-explicit-constructor)
  Result(Error error)
      : content_(std::in_place_index<1>, std::move(error)) {
  }  // NOLINT(google-explicit-constructor)

  bool has_value() const { return content_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    ICE86_ASSERT(has_value());
    return std::get<0>(content_);
  }
  const T& value() const& {
    ICE86_ASSERT(has_value());
    return std::get<0>(content_);
  }
  T&& value() && {
    ICE86_ASSERT(has_value());
    return std::get<0>(std::move(content_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    ICE86_ASSERT(!has_value());
    return std::get<1>(content_);
  }
  Error&& error() && {
    ICE86_ASSERT(!has_value());
    return std::get<1>(std::move(content_));
  }

 private:
  std::variant<T, Error> content_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() : content_(std::in_place_index<0>) {}
  Result(Error error)
      : content_(std::in_place_index<1>, std::move(error)) {
  }  // NOLINT(google-explicit-constructor)

  bool has_value() const { return content_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  const Error& error() const& {
    ICE86_ASSERT(!has_value());
    return std::get<1>(content_);
  }
  Error&& error() && {
    ICE86_ASSERT(!has_value());
    return std::get<1>(std::move(content_));
  }

 private:
  std::variant<std::monostate, Error> content_;
};

}  // namespace ice86

// Returns early with the error of `expression`, a Result<void> (or any Result whose value is not
// needed).
#define ICE86_TRY(expression)                                    \
  do {                                                           \
    if (auto ice86_try_result = (expression); !ice86_try_result) \
      return std::move(ice86_try_result).error();                \
  } while (false)

#define ICE86_CONCAT_INNER(a, b) a##b
#define ICE86_CONCAT(a, b) ICE86_CONCAT_INNER(a, b)

// `ICE86_TRY_ASSIGN(auto image, open_image(path));` declares image, or returns early with the
// error.
#define ICE86_TRY_ASSIGN(declaration, expression) \
  ICE86_TRY_ASSIGN_INNER(ICE86_CONCAT(ice86_try_, __LINE__), declaration, expression)
#define ICE86_TRY_ASSIGN_INNER(name, declaration, expression) \
  auto name = (expression);                                   \
  if (!name) return std::move(name).error();                  \
  declaration = std::move(name).value()
