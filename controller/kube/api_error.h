#pragma once
// From a reply of the API server (metav1.Status) to an Error. Pure functions.

#include <string_view>

#include "base/error.h"
#include "http/message.h"
#include "json/json.h"
#include "kube/resource_type.h"

namespace apiclient::kube {

/// Of a reply that is not 2xx. Uses code, reason, details.causes, details.retryAfterSeconds and Retry-After:
/// 404 not_found, 409 AlreadyExists/Conflict, 410 and reason Expired/ResourceExpired expired, 401, 403, 422
/// and 400 invalid (but conflict when it is the uid that differs), 429 throttled, 504 with cause
/// ResourceVersionTooLarge expired, other 5xx unavailable. A 403 with cause NamespaceTerminating keeps that
/// word in `code`. The message is the server's, cut to 512 bytes; a reply that is not a Status gets words of
/// our own and nothing of its body.
Error error_from(const http::Response& response);
/// Of a metav1.Status object, as in an ERROR watch event.
Error error_from_status(const Json& status);
/// True when the reply says that this very object does not exist. A 404 for the type (its CRD is not
/// installed) or from something in between says nothing about the object.
[[nodiscard]] bool is_absence(const http::Response& response, const ResourceType& type,
                              std::string_view name);

}  // namespace apiclient::kube
