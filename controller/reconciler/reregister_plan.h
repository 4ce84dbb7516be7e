#pragma once
// The plan where the server picks the id and holds one secret: a rotation registers a second client, and both
// id and secret of the Secret change in one write. Pure; called by make_plan.
//
// The fence is the status (rotation.inProgress), since there is no value before the answer. The answer is
// staged at once; from then on every crash is continued with it. One whose answer is lost leaves a client
// behind that nobody can name: it is counted, and the sweep finds it where the registry can be searched.

#include <string>

#include "reconciler/plan.h"

namespace apiclient::reconciler {

/// Under which id the client is to be looked up: the staged one, else the published, else that of the status.
/// Empty: it was never registered.
std::string client_id_in_use(const Observation& seen);

Plan make_reregister_plan(const Observation& seen, WallTime now);

}  // namespace apiclient::reconciler
