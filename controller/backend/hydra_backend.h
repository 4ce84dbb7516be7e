#pragma once
// The backend over Ory Hydra's admin API (2.x). Thread-safe. Hydra has no preconditions: a write of an
// existing client is a read, a look at its mark, and a replacement of the whole document as it was read but
// for our members. What somebody else writes between the two requests is lost.

#include <memory>
#include <string>

#include "backend/backend.h"
#include "backend/discovery.h"
#include "base/clock.h"
#include "http/transport.h"
#include "telemetry/metrics.h"

namespace apiclient::backend {

/// What the backend needs; nothing is owned, all of it outlives the backend.
struct HydraParts {
  http::Transport& reads;   ///< base URI is the admin URL; adds our credentials; may repeat
  http::Transport& writes;  ///< the same, fenced; sends once
  Discovery& discovery;
  const Clock& clock;
  telemetry::Metrics& metrics;
};

/// `name` is the registry's label in metrics.
std::unique_ptr<Backend> make_hydra_backend(std::string name, const HydraParts& parts);

}  // namespace apiclient::backend
