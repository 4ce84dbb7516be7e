#pragma once
// Visits a std::variant with one lambda per alternative; a missing case does not compile.

namespace apiclient {

template <typename... Cases>
struct overloaded : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
overloaded(Cases...) -> overloaded<Cases...>;

}  // namespace apiclient
