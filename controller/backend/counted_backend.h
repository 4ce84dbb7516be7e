#pragma once
// What is the same for every kind of registry: each call is counted, and an error says what the call was for.
// Thread-safe when the inner one is.

#include <memory>
#include <string>

#include "backend/backend.h"
#include "telemetry/metrics.h"

namespace apiclient::backend {

/// `name` is the registry's label in metrics, which outlive this.
std::unique_ptr<Backend> make_counted_backend(std::string name, std::unique_ptr<Backend> inner,
                                              telemetry::Metrics& metrics);

}  // namespace apiclient::backend
