#pragma once
// The one method that holds the decisions for one kind.

#include <chrono>
#include <optional>
#include <stop_token>

#include "base/result.h"
#include "kube/object_key.h"

namespace apiclient::runtime {

/// What to do after a pass that succeeded.
struct Action {
  std::optional<std::chrono::milliseconds> after = {};

  /// Nothing more until something changes.
  static Action await_change() { return {}; }
  static Action requeue_after(std::chrono::milliseconds delay) { return {delay}; }
};

class Reconciler {
 public:
  Reconciler() = default;
  Reconciler(const Reconciler&) = delete;
  Reconciler& operator=(const Reconciler&) = delete;
  virtual ~Reconciler() = default;

  /// One level-triggered pass. Called by several workers at once, never twice at once for one key.
  virtual Result<Action> reconcile(const kube::ObjectKey& key, std::stop_token stop) = 0;
};

}  // namespace apiclient::runtime
