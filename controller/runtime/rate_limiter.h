#pragma once
// Failures in a row per key → delay. Thread-safe.

#include <chrono>
#include <unordered_map>

#include "base/backoff.h"
#include "base/guarded.h"
#include "kube/object_key.h"

namespace apiclient::runtime {

class RateLimiter {
 public:
  explicit RateLimiter(Backoff backoff = {.initial = std::chrono::milliseconds(50),
                                          .cap = std::chrono::minutes(5),
                                          .jitter = 0.2});
  /// Counts one more failure.
  std::chrono::milliseconds next(const kube::ObjectKey& key);
  /// The key succeeded: forget its failures.
  void forget(const kube::ObjectKey& key);

 private:
  Backoff backoff_;
  Guarded<std::unordered_map<kube::ObjectKey, int>> failures_;
};

}  // namespace apiclient::runtime
