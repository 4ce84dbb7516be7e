#pragma once
// The rules of FakeKube that need no state. Pure.

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "kube/client.h"
#include "kube/object_key.h"
#include "kube/resource_type.h"

namespace apiclient::test {

kube::ObjectKey key_of(const Json& object);
/// Empty when there is none.
std::string metadata_text(const Json& object, const char* member);
/// All types but those of the built-in groups have one in this fake.
bool has_status_subresource(const kube::ResourceType& type);
/// Empty preconditions hold; else uid and resourceVersion are the ones of `current`.
Result<void> check_preconditions(const Json& current, const kube::Preconditions& preconditions);
kube::Preconditions preconditions_in(const Json& object);
/// What an update of `current` to `next` leads to: server-owned members stay, the status stays where it is a
/// subresource, generation grows with the rest, no finalizers are added to what is being deleted.
Result<Json> updated(const kube::ResourceType& type, const Json& current, Json next);
/// Only the status of `next` goes in.
Json with_status(const Json& current, const Json& next);
/// PartialObjectMetadata of it.
Json metadata_only(const Json& object);
/// "a=b,c!=d,e" over labels; "metadata.name=x" and "metadata.namespace=x" over fields.
Result<bool> selected(const Json& object, const std::string& namespace_name,
                      const std::string& label_selector, const std::string& field_selector);
/// Secret.stringData goes into data (core/v1).
void fold_string_data(Json& object);

/// Errors as the server words them.
Failure absent(const kube::ResourceType& type, const std::string& name);
Failure refused(int status_code, std::string reason, std::string message);

}  // namespace apiclient::test
