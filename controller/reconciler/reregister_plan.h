#pragma once
// The plan where the server picks the id and holds one secret: a rotation registers a second client, and both
// id and secret of the Secret change in one write. Pure; called by make_plan.
//
// The fence is the status (rotation.inProgress), since there is no value before the answer. The answer is
// staged at once; from then on every crash is continued with it. Before that, only its record names the
// client, which is removed. One whose answer is lost leaves a client behind that nobody can name: it is
// counted.

#include <string>
#include <vector>

#include "reconciler/plan.h"

namespace apiclient::reconciler {

/// Under which id the client is to be looked up: the staged one, else the published, else that of the status.
/// Empty: it was never registered.
std::string client_id_in_use(const Observation& seen);

/// What nothing has named may be there: a fence whose outcome is unknown, or a published Secret without the
/// status that goes with it.
bool may_have_unnamed_clients(const Observation& seen);
/// Of the recorded clients, those that neither status nor Secrets name.
std::vector<RecordedClient> unnamed_clients(const Observation& seen, std::vector<RecordedClient> recorded);

Plan make_reregister_plan(const Observation& seen, WallTime now);

}  // namespace apiclient::reconciler
