#pragma once
// The Secret that keeps the record of a dynamically registered client, to and from JSON. Pure functions. The
// JSON holds the registration access token: drop it soon, never log it.

#include <string>

#include "backend/registration_store.h"
#include "base/result.h"
#include "json/json.h"
#include "kube/object_key.h"

namespace apiclient::reconciler {

/// Without uid and resourceVersion. Error: invalid (the settings' `jwks` is not JSON).
Result<Json> write_registration(const backend::RegistrationRecord& record, const kube::ObjectKey& key,
                                const std::string& registry, const std::string& installation_id);
/// Error: invalid (somebody else's Secret, or one that was changed).
Result<backend::RegistrationRecord> read_registration(const Json& object);

}  // namespace apiclient::reconciler
