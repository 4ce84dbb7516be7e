#pragma once
// Durations of the controller's test build: what an environment variable says, else as in the product.

#include <chrono>
#include <cstdlib>
#include <string>

namespace apiclient::test {

inline std::chrono::milliseconds from_environment(const char* name, std::chrono::milliseconds otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::chrono::milliseconds(std::stoll(text));
}

}  // namespace apiclient::test
