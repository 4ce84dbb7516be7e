#pragma once
// Result<T>: a value or an Error. Uses only names that std::expected has, so that it can become an alias of
// std::expected<T, Error> once the toolchain offers it. Absent is not an error: look-ups return
// Result<std::optional<T>>.

#include <cassert>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/error.h"

namespace apiclient {

/// What `fail` returns: converts to any Result.
struct [[nodiscard]] Failure {
  Error error;
};

inline Failure fail(ErrorKind kind, std::string message) { return Failure{Error{kind, std::move(message)}}; }
inline Failure fail(Error error) { return Failure{std::move(error)}; }

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  template <typename U = T>
  requires(std::is_constructible_v<T, U&&> && !std::is_same_v<std::remove_cvref_t<U>, Failure> &&
           !std::is_same_v<std::remove_cvref_t<U>, Result>)
      // NOLINTNEXTLINE(google-explicit-constructor): a value is a result
      Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}
  Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& operator*() & { return value_ref(); }
  const T& operator*() const& { return value_ref(); }
  T&& operator*() && { return std::move(value_ref()); }
  T* operator->() { return &value_ref(); }
  const T* operator->() const { return &value_ref(); }
  T& value() & { return value_ref(); }
  T&& value() && { return std::move(value_ref()); }

  const Error& error() const& {
    assert(!has_value());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    assert(!has_value());
    return std::move(*std::get_if<1>(&state_));
  }

  template <typename U>
  T value_or(U&& other) const& {
    return has_value() ? **this : static_cast<T>(std::forward<U>(other));
  }

  template <typename F>
  auto and_then(F&& next) && -> std::invoke_result_t<F, T&&> {
    if (!has_value()) return Failure{std::move(*this).error()};
    return std::forward<F>(next)(std::move(value_ref()));
  }
  template <typename F>
  auto transform(F&& change) && -> Result<std::invoke_result_t<F, T&&>> {
    if (!has_value()) return Failure{std::move(*this).error()};
    return std::forward<F>(change)(std::move(value_ref()));
  }

 private:
  T& value_ref() {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value_ref() const {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Failure failure) : error_(std::move(failure.error)) {}

  [[nodiscard]] bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  const Error& error() const& {
    assert(error_);
    return *error_;
  }
  Error&& error() && {
    assert(error_);
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

/// The failure of any result, to be returned from a function with another value type.
template <typename T>
Failure failure_of(Result<T>&& result) {
  return Failure{std::move(result).error()};
}

}  // namespace apiclient

// The only two macros of the project.
#define APICLIENT_CONCAT_INNER(a, b) a##b
#define APICLIENT_CONCAT(a, b) APICLIENT_CONCAT_INNER(a, b)
#define RETURN_IF_ERROR(expression)                                                                \
  do {                                                                                             \
    if (auto result_ = (expression); !result_) return ::apiclient::failure_of(std::move(result_)); \
  } while (false)
#define ASSIGN_OR_RETURN(declaration, expression) \
  ASSIGN_OR_RETURN_NAMED(APICLIENT_CONCAT(assigned_, __LINE__), declaration, expression)
#define ASSIGN_OR_RETURN_NAMED(name, declaration, expression) \
  auto name = (expression);                                   \
  if (!name) return ::apiclient::failure_of(std::move(name)); \
  declaration = std::move(*name)
