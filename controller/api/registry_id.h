#pragma once
// Which registry is meant, among those of both kinds, as one text: the name of a ClusterClientRegistry, or
// "namespace/name" of a ClientRegistry. No object's name holds a slash, so the two never meet. Maps are keyed
// by it; logs, metrics and messages show it. Pure.

#include <string>
#include <string_view>

#include "kube/object_key.h"
#include "kube/resource_type.h"

namespace apiclient::api {

/// Of what an object in `namespace_name` names by kind and name; empty without a name. A ClientRegistry is
/// always one of that namespace. A name that no object can have gives an id that no registry has.
std::string registry_id(std::string_view kind, std::string_view name, std::string_view namespace_name);

/// True: a ClientRegistry.
bool is_namespaced_registry(std::string_view id);
kube::ObjectKey registry_key(std::string_view id);
const kube::ResourceType& registry_type(const kube::ObjectKey& key);
std::string_view registry_kind(std::string_view id);
/// The object's name, without its namespace.
std::string registry_name(std::string_view id);
/// For people: "ClusterClientRegistry default", "ClientRegistry team-a/own".
std::string registry_title(std::string_view id);

}  // namespace apiclient::api
