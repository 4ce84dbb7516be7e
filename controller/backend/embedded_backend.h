#pragma once
// The backend over the embedded registry's admin API (docs/registry-api.md). Thread-safe.

#include <memory>
#include <string>

#include "backend/backend.h"
#include "backend/discovery.h"
#include "http/transport.h"
#include "telemetry/metrics.h"

namespace apiclient::backend {

/// What the backend needs; nothing is owned, all of it outlives the backend.
struct EmbeddedParts {
  http::Transport& reads;   ///< base URI is the admin URL; adds our credentials; may repeat
  http::Transport& writes;  ///< the same, fenced; sends once
  Discovery& discovery;
  telemetry::Metrics& metrics;
};

/// `name` is the registry's label in metrics.
std::unique_ptr<Backend> make_embedded_backend(std::string name, const EmbeddedParts& parts);

}  // namespace apiclient::backend
