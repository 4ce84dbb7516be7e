#pragma once
// The HTTP request of each API call (Kubernetes API concepts, "Resource URIs" and the parameters of list,
// watch and writes). Pure functions. Errors: invalid, for a key or an object that would make another request
// of it, as an empty name makes a DELETE of one object a DELETE of all.

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "kube/client.h"

namespace apiclient::kube {

Result<http::Request> find_request(const ResourceType& type, const ObjectKey& key);
/// `continue_token` is empty for the first page; with it the resource version must be absent.
http::Request list_request(const ResourceType& type, const ListOptions& options,
                           std::string_view continue_token);
http::Request watch_request(const ResourceType& type, const WatchOptions& options);

/// Creates and replacements ask for strict field validation: a field that the server would drop is a mistake
/// of ours. The status does not: an operator newer than the CRD must still be able to report.
Result<http::Request> create_request(const ResourceType& type, const Json& object,
                                     std::string_view field_manager);
/// An object without metadata.resourceVersion is refused: it would overwrite whatever is there.
Result<http::Request> replace_request(const ResourceType& type, const Json& object,
                                      std::string_view field_manager);
/// A create or replacement that the server only checks.
Result<http::Request> rehearse_request(const ResourceType& type, const Json& object,
                                       std::string_view field_manager);
Result<http::Request> replace_status_request(const ResourceType& type, const Json& object,
                                             std::string_view field_manager);
Result<http::Request> merge_patch_request(const ResourceType& type, const ObjectKey& key, const Json& patch,
                                          std::string_view field_manager);
Result<http::Request> remove_request(const ResourceType& type, const ObjectKey& key,
                                     const Preconditions& preconditions);

/// Namespace and name of an object to be written; empty where it has none.
ObjectKey key_in(const Json& object);

}  // namespace apiclient::kube
