#pragma once
// Writes the status subresource of one object: only when it differs from what is there, with uid and resource
// version as preconditions. Used by one thread.

#include <stop_token>

#include "base/result.h"
#include "json/json.h"
#include "kube/client.h"
#include "kube/object_meta.h"

namespace apiclient::reconciler {

/// `before` is the status as read. On success `meta` has the new resource version.
Result<void> write_status_if_changed(kube::Client& client, const kube::ResourceType& type,
                                     kube::ObjectMeta& meta, const Json& before, const Json& after,
                                     std::stop_token stop);

/// Replaces the list of finalizers, with the same preconditions.
Result<void> write_finalizers(kube::Client& client, const kube::ResourceType& type, kube::ObjectMeta& meta,
                              std::vector<std::string> finalizers, std::stop_token stop);

}  // namespace apiclient::reconciler
