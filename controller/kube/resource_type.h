#pragma once
// Group, version and resource: where objects of a kind live in the API. Constants; compare by value.

#include <string>
#include <string_view>

#include "kube/object_key.h"

namespace apiclient::kube {

struct ResourceType {
  std::string group;     ///< empty for the core group
  std::string version;   ///< "v1"
  std::string resource;  ///< plural, "secrets"
  std::string kind;      ///< "Secret"
  bool namespaced = true;

  /// "v1" or "apiclient.dev/v1alpha1".
  [[nodiscard]] std::string api_version() const { return group.empty() ? version : group + "/" + version; }
};

/// "/api/v1/namespaces/team-a/secrets"; all namespaces when `namespace_name` is empty.
std::string collection_path(const ResourceType& type, std::string_view namespace_name);
/// "/api/v1/namespaces/team-a/secrets/web", optionally with "/status" behind it.
std::string object_path(const ResourceType& type, const ObjectKey& key, std::string_view subresource = {});

extern const ResourceType kSecrets;
extern const ResourceType kConfigMaps;
extern const ResourceType kNamespaces;
extern const ResourceType kLeases;
extern const ResourceType kDeployments;
extern const ResourceType kStatefulSets;
extern const ResourceType kDaemonSets;
// Questions to the API server, which stores nothing of them.
extern const ResourceType kTokenReviews;
extern const ResourceType kSubjectAccessReviews;

}  // namespace apiclient::kube
