#pragma once
// When a secret was last used, as the status of its ApiClient tells it: the registry's own time, with two
// rules. A use within a minute of the issue is the operator's own verification and is not shown. And a use is
// worth a write of the status once a UTC day, so that a client in use costs one write a day. Pure.

#include <vector>

#include "api/api_client.h"
#include "backend/client.h"

namespace apiclient::reconciler {

/// Sets `lastUsedAt` of the credential and of the previous one in `after`, which is to replace `before`. The
/// times that `before` shows stay unless `after` differs in anything else, or one of `credentials` was used
/// on a later UTC day than any that is shown.
void show_last_use(const api::ApiClientStatus& before, const std::vector<backend::Credential>& credentials,
                   api::ApiClientStatus& after);

}  // namespace apiclient::reconciler
