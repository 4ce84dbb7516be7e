#pragma once
// What forbids a pass to do anything: somebody else's Secret or client, a mint that belongs elsewhere. Pure.

#include <optional>

#include "reconciler/observation.h"

namespace apiclient::reconciler {

/// The first reason found, the gravest first; empty: go on.
std::optional<Refusal> find_refusal(const Observation& seen);

}  // namespace apiclient::reconciler
