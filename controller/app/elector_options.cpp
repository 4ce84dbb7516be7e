#include "app/elector_options.h"

namespace apiclient::app {

runtime::LeaderElectorOptions elector_options(const std::string& namespace_name, std::string identity) {
  return {.lease = {.namespace_name = namespace_name, .name = std::string(kLeaseName)},
          .identity = std::move(identity)};
}

}  // namespace apiclient::app
