#pragma once
// Taking over a client that is there already and belongs to nobody (spec.adopt): who may, with which proof,
// and what is published then. Pure functions; they matter until something is published, and never afterwards.

#include <optional>

#include "reconciler/observation.h"

namespace apiclient::reconciler {

/// The client is to be taken over, or was and nothing is published yet.
bool adopts(const Observation& seen);

/// The present secret decides: it has to be read, and the registry has to be asked about it. Never where the
/// registry does not allow the adoption: nobody may try secrets of clients that are not his.
bool needs_shown_secret(const Observation& seen);

/// The value in the Secret, or what is wrong with it; the verdict stays unknown. `object`: none when the
/// Secret does not exist.
ShownSecret read_shown_secret(const std::optional<Json>& object, const api::AdoptSpec& adopt);

/// What forbids the adoption. Permission comes first, so that an answer tells nothing of clients that are
/// none of the asker's business.
std::optional<Refusal> check_adoption(const Observation& seen);

/// The shown secret was accepted and becomes the published one; no other is made.
bool publishes_shown_secret(const Observation& seen);
/// Under which revision: that of the stored secret that it is; 0 when the registry does not tell which of
/// several.
std::int64_t shown_revision(const Observation& seen);

}  // namespace apiclient::reconciler
