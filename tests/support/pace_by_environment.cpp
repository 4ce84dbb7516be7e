// The pace of the controller's test build: APICLIENT_ROTATION_THROTTLE_MS, else as in the product.
#include <cstdlib>
#include <string>

#include "reconciler/pace.h"

namespace apiclient::reconciler {

std::chrono::milliseconds rotation_throttle() {
  const char* const text = std::getenv("APICLIENT_ROTATION_THROTTLE_MS");
  return text == nullptr ? std::chrono::seconds(60) : std::chrono::milliseconds(std::stoll(text));
}

}  // namespace apiclient::reconciler
