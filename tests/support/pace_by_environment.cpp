// The pace of the controller's test build: APICLIENT_ROTATION_THROTTLE_MS and APICLIENT_SWEEP_INTERVAL_MS,
// else as in the product.
#include <cstdlib>
#include <string>

#include "reconciler/pace.h"

namespace apiclient::reconciler {
namespace {

std::chrono::milliseconds from_environment(const char* name, std::chrono::milliseconds otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::chrono::milliseconds(std::stoll(text));
}

}  // namespace

std::chrono::milliseconds rotation_throttle() {
  return from_environment("APICLIENT_ROTATION_THROTTLE_MS", std::chrono::seconds(60));
}

std::chrono::milliseconds sweep_interval() {
  return from_environment("APICLIENT_SWEEP_INTERVAL_MS", std::chrono::hours(1));
}

}  // namespace apiclient::reconciler
