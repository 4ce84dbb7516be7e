#include "api/names.h"

namespace apiclient::api {

const kube::ResourceType kApiClients{std::string(kGroup), std::string(kVersion), "apiclients", "ApiClient",
                                     true};
const kube::ResourceType kClusterClientRegistries{std::string(kGroup), std::string(kVersion),
                                                  "clusterclientregistries", "ClusterClientRegistry", false};
const kube::ResourceType kClientRegistries{std::string(kGroup), std::string(kVersion), "clientregistries",
                                           "ClientRegistry", true};

}  // namespace apiclient::api
