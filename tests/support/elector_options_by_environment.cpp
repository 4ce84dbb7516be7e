// The leader election of the controller's test build: APICLIENT_LEASE_MS, APICLIENT_RENEW_DEADLINE_MS and
// APICLIENT_LEASE_RETRY_MS, else as in the product.
#include "app/elector_options.h"
#include "support/environment_milliseconds.h"

namespace apiclient::app {

using test::from_environment;

runtime::LeaderElectorOptions elector_options(const std::string& namespace_name, std::string identity) {
  runtime::LeaderElectorOptions options{
      .lease = {.namespace_name = namespace_name, .name = std::string(kLeaseName)},
      .identity = std::move(identity)};
  options.lease_duration = from_environment("APICLIENT_LEASE_MS", options.lease_duration);
  options.renew_deadline = from_environment("APICLIENT_RENEW_DEADLINE_MS", options.renew_deadline);
  options.retry_period = from_environment("APICLIENT_LEASE_RETRY_MS", options.retry_period);
  return options;
}

}  // namespace apiclient::app
