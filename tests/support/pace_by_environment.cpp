// The pace of the controller's test build: APICLIENT_ROTATION_THROTTLE_MS and APICLIENT_SWEEP_INTERVAL_MS,
// else as in the product.
#include "reconciler/pace.h"
#include "support/environment_milliseconds.h"

namespace apiclient::reconciler {

using test::from_environment;

std::chrono::milliseconds rotation_throttle() {
  return from_environment("APICLIENT_ROTATION_THROTTLE_MS", std::chrono::seconds(60));
}

std::chrono::milliseconds sweep_interval() {
  return from_environment("APICLIENT_SWEEP_INTERVAL_MS", std::chrono::hours(1));
}

}  // namespace apiclient::reconciler
