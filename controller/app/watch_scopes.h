#pragma once
// What the operator watches: of each kind no more than it needs and, where it looks after some namespaces
// only, no other namespace. One informer for each function. Pure.

#include <string>
#include <vector>

#include "app/options.h"
#include "runtime/reflector.h"

namespace apiclient::app {

std::vector<runtime::ReflectorOptions> watched_clients(const Options& options);
std::vector<runtime::ReflectorOptions> watched_cluster_registries(const Options& options);
std::vector<runtime::ReflectorOptions> watched_namespaced_registries(const Options& options);
/// Those that the operator makes, in its own namespace too; metadata only.
std::vector<runtime::ReflectorOptions> watched_secrets(const Options& options,
                                                       const std::string& own_namespace);
/// Those that people have labelled for registries: in the operator's namespace and, when registries belong to
/// namespaces, in those; metadata only.
std::vector<runtime::ReflectorOptions> watched_credentials(const Options& options,
                                                           const std::string& own_namespace);
std::vector<runtime::ReflectorOptions> watched_namespaces(const Options& options);

}  // namespace apiclient::app
