#include "kube/resource_type.h"

#include "http/uri.h"

namespace apiclient::kube {

const ResourceType kSecrets{.group = "", .version = "v1", .resource = "secrets", .kind = "Secret"};
const ResourceType kConfigMaps{.group = "", .version = "v1", .resource = "configmaps", .kind = "ConfigMap"};
const ResourceType kNamespaces{
    .group = "", .version = "v1", .resource = "namespaces", .kind = "Namespace", .namespaced = false};
const ResourceType kLeases{
    .group = "coordination.k8s.io", .version = "v1", .resource = "leases", .kind = "Lease"};
const ResourceType kDeployments{
    .group = "apps", .version = "v1", .resource = "deployments", .kind = "Deployment"};
const ResourceType kStatefulSets{
    .group = "apps", .version = "v1", .resource = "statefulsets", .kind = "StatefulSet"};
const ResourceType kDaemonSets{
    .group = "apps", .version = "v1", .resource = "daemonsets", .kind = "DaemonSet"};
const ResourceType kTokenReviews{.group = "authentication.k8s.io",
                                 .version = "v1",
                                 .resource = "tokenreviews",
                                 .kind = "TokenReview",
                                 .namespaced = false};
const ResourceType kSubjectAccessReviews{.group = "authorization.k8s.io",
                                         .version = "v1",
                                         .resource = "subjectaccessreviews",
                                         .kind = "SubjectAccessReview",
                                         .namespaced = false};

std::string collection_path(const ResourceType& type, std::string_view namespace_name) {
  // Kubernetes API concepts, "Resource URIs": only the core group lives below /api.
  std::string path = type.group.empty() ? "/api" : "/apis/" + http::encode_segment(type.group);
  path.append("/").append(http::encode_segment(type.version));
  if (type.namespaced && !namespace_name.empty()) {
    path.append("/namespaces/").append(http::encode_segment(namespace_name));
  }
  return path.append("/").append(http::encode_segment(type.resource));
}

std::string object_path(const ResourceType& type, const ObjectKey& key, std::string_view subresource) {
  std::string path = collection_path(type, key.namespace_name);
  path.append("/").append(http::encode_segment(key.name));
  if (!subresource.empty()) path.append("/").append(http::encode_segment(subresource));
  return path;
}

}  // namespace apiclient::kube
